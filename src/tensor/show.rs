//! Values as text, exactly as NumPy 2 prints them.
//!
//! Reads only the elements that are shown. Never converts or copies a tensor for that.

mod column;
pub(super) mod digits;
mod layout;

pub use column::quoted;
pub use layout::PrintOptions;

use super::{Array, Data, Element, Scalar, Tensor, with_data};
pub(super) use column::right_aligned;
use layout::Axis;
pub(super) use layout::layout;

/// The text of a value of any shape. A string without axes is itself, without quotes.
pub fn show(array: &Array, options: &PrintOptions) -> String {
    match array {
        Array::Tensor(tensor) if tensor.ndim() > 0 => {
            let (axes, items) = shown(tensor, options);
            layout(&axes, &words(items, options), options)
        }
        _ => match (array.as_scalar(), array.as_text()) {
            (Some(scalar), _) => alone(scalar),
            (None, text) => text.map(|text| text.to_string()).unwrap_or_default(),
        },
    }
}

/// The text of a number by itself.
pub fn alone(scalar: Scalar) -> String {
    match scalar {
        Scalar::Bool(x) => if x { "True" } else { "False" }.to_string(),
        Scalar::U8(x) => x.to_string(),
        Scalar::I32(x) => x.to_string(),
        Scalar::I64(x) => x.to_string(),
        Scalar::F32(x) => column::alone(x),
        Scalar::F64(x) => column::alone(x),
    }
}

fn words(items: Data, options: &PrintOptions) -> Vec<String> {
    match items {
        Data::Bool(items) => column::bools(&items),
        Data::U8(items) => column::integers(&items),
        Data::I32(items) => column::integers(&items),
        Data::I64(items) => column::integers(&items),
        Data::F32(items) => column::floats(&items, options.precision, options.suppress),
        Data::F64(items) => column::floats(&items, options.precision, options.suppress),
        Data::Str(items) => items.iter().map(|text| quoted(text)).collect(),
    }
}

/// What is shown of each axis, and the shown elements in logical order.
pub(super) fn shown(tensor: &Tensor, options: &PrintOptions) -> (Vec<Axis>, Data) {
    let axes = layout::axes(tensor.shape(), options);
    if !axes.iter().any(|axis| axis.is_summarised()) {
        return (axes, tensor.to_data());
    }
    let mut positions = vec![tensor.offset() as isize];
    for (axis, &stride) in axes.iter().zip(&tensor.strides()) {
        let steps = || (0..axis.shown()).map(|i| axis.index(i) as isize * stride);
        positions = positions.iter().flat_map(|&start| steps().map(move |step| start + step)).collect();
    }
    fn pick<T: Element>(values: &[T], positions: &[isize]) -> Data {
        T::wrap(positions.iter().filter_map(|&position| values.get(position as usize).cloned()).collect())
    }
    let items = with_data!(tensor.data(), values => pick(values, &positions));
    (axes, items)
}
