//! The tensor: an owner of a buffer, or a view into one.
//!
//! An owner's elements lie in row-major order and fill its buffer. A view holds its owner and reads it through an offset
//! and strides. A buffer may be written only while nobody else holds its owner; so no view ever sees a change.

use super::pool::{Home, Pool};
use super::walk::{self, Walk};
use super::{DType, Data, Element, Layout, Scalar, Shape, Strides, Text, shape, with_data};
use std::cell::OnceCell;
use std::rc::{Rc, Weak};

#[derive(Clone, Debug)]
pub struct Tensor(Rc<Inner>);

#[derive(Debug)]
struct Inner {
    shape: Shape,
    body: Body,
    /// Where the buffer of an owner goes when it is gone.
    home: Option<Box<Home>>,
    /// What stamps of an owner's elements point to; none once they are written.
    content: OnceCell<Rc<()>>,
}

/// The elements of a buffer as they are now: good until the buffer is gone, or written. It keeps nothing alive, and
/// keeps nobody from writing.
#[derive(Clone, Debug)]
pub struct Stamp(Weak<()>);

impl Stamp {
    /// Are the elements still there, and what they were?
    pub fn is_good(&self) -> bool {
        self.0.strong_count() > 0
    }

    /// Of the same elements?
    pub fn is_same(&self, other: &Stamp) -> bool {
        // the number of a stamp is not given to another one while this one is held
        self.0.ptr_eq(&other.0)
    }
}

impl Drop for Inner {
    #[inline]
    fn drop(&mut self) {
        if let (Some(home), Body::Owner(data)) = (self.home.take(), &mut self.body) {
            home.give_back(std::mem::replace(data, Data::Bool(vec![])));
        }
    }
}

#[derive(Debug)]
enum Body {
    Owner(Data),
    /// Boxed, so that owners stay small: most tensors are.
    View(Box<View>),
}

#[derive(Debug)]
struct View {
    /// Always an owner, so that views do not pile up.
    owner: Tensor,
    offset: usize,
    strides: Strides,
}

impl Tensor {
    /// `data` in row-major order; its length must be the size of `shape`.
    pub fn owner(data: Data, shape: Shape) -> Tensor {
        debug_assert_eq!(data.len(), shape::size(&shape));
        Tensor(Rc::new(Inner { shape, body: Body::Owner(data), home: None, content: OnceCell::new() }))
    }

    /// From now on the buffer of an owner that nobody else holds is counted by `pool`, and goes there when it is gone.
    pub fn settle_in(&mut self, pool: &Pool) {
        if let Some(inner) = Rc::get_mut(&mut self.0)
            && let Body::Owner(data) = &inner.body
        {
            match &mut inner.home {
                None => inner.home = pool.home(data),
                // it may have grown
                Some(home) => home.count(data),
            }
        }
    }

    /// Is it the very same value, not only an equal one?
    pub fn is_same(&self, other: &Tensor) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }

    /// A number that no other value alive has.
    pub fn address(&self) -> usize {
        Rc::as_ptr(&self.0).addr()
    }

    /// A stamp of the elements of the buffer, which a view may share with others.
    pub fn stamp(&self) -> Stamp {
        let owner = match &self.0.body {
            Body::Owner(_) => &self.0,
            Body::View(view) => &view.owner.0,
        };
        Stamp(Rc::downgrade(owner.content.get_or_init(Rc::default)))
    }

    /// Values in row-major order; their number must be the size of `shape`.
    pub fn from_vec<T: Element>(values: Vec<T>, shape: &[usize]) -> Tensor {
        Tensor::owner(T::wrap(values), shape::copy(shape))
    }

    pub fn from_strs<S: AsRef<str>>(values: &[S], shape: &[usize]) -> Tensor {
        Tensor::from_vec(values.iter().map(|text| Text::from(text.as_ref())).collect(), shape)
    }

    /// Another look at the same buffer. Offset and strides are in elements of the buffer and must keep within it.
    pub fn view(&self, shape: Shape, offset: usize, strides: Strides) -> Tensor {
        let owner = match &self.0.body {
            Body::Owner(_) => self.clone(),
            Body::View(view) => view.owner.clone(),
        };
        let body = Body::View(Box::new(View { owner, offset, strides }));
        Tensor(Rc::new(Inner { shape, body, home: None, content: OnceCell::new() }))
    }

    /// Where the elements lie in the buffer.
    pub fn layout(&self) -> Layout {
        Layout { shape: self.0.shape.clone(), offset: self.offset(), strides: self.strides() }
    }

    /// A view stretched to a shape that this one broadcasts to.
    pub fn stretched(&self, shape: Shape) -> Tensor {
        let strides = walk::stretch(self.shape(), &self.strides(), &shape);
        self.view(shape, self.offset(), strides)
    }

    /// This tensor, or a copy, whose elements lie in order.
    pub fn in_order(&self) -> Tensor {
        if self.is_contiguous() { self.clone() } else { self.in_buffer() }
    }

    /// A copy in a buffer of its own.
    pub fn in_buffer(&self) -> Tensor {
        Tensor::owner(self.to_data(), self.0.shape.clone())
    }

    /// The same elements in another shape of the same size. Shares the buffer where the elements lie in order.
    pub fn reshaped(&self, shape: Shape) -> Tensor {
        let ordered = self.in_order();
        let strides = shape::contiguous(&shape);
        ordered.view(shape, ordered.offset(), strides)
    }

    #[inline]
    pub fn shape(&self) -> &[usize] {
        &self.0.shape
    }
    #[inline]
    pub fn ndim(&self) -> usize {
        self.0.shape.len()
    }
    #[inline]
    pub fn size(&self) -> usize {
        match &self.0.body {
            Body::Owner(data) => data.len(),
            Body::View(_) => shape::size(&self.0.shape),
        }
    }
    #[inline]
    pub fn dtype(&self) -> DType {
        self.data().dtype()
    }

    /// In elements of the buffer.
    pub fn strides(&self) -> Strides {
        match &self.0.body {
            Body::Owner(_) => shape::contiguous(&self.0.shape),
            Body::View(view) => view.strides.clone(),
        }
    }

    /// Where in the buffer the first element lies.
    pub fn offset(&self) -> usize {
        match &self.0.body {
            Body::Owner(_) => 0,
            Body::View(view) => view.offset,
        }
    }

    /// The whole buffer, of which a view may read only some.
    #[inline]
    pub fn data(&self) -> &Data {
        match &self.0.body {
            Body::Owner(data) => data,
            Body::View(view) => match &view.owner.0.body {
                Body::Owner(data) => data,
                Body::View(inner) => inner.owner.data(),
            },
        }
    }

    /// Do the elements lie one behind the other in row-major order?
    pub fn is_contiguous(&self) -> bool {
        let Body::View(view) = &self.0.body else { return true };
        if self.size() == 0 {
            return true;
        }
        let mut step = 1;
        for (&len, &stride) in self.0.shape.iter().zip(&view.strides).rev() {
            if len != 1 && stride != step {
                return false;
            }
            step *= len as isize;
        }
        true
    }

    /// May it be written where it is: all of a buffer that nobody else holds?
    pub fn is_own(&self) -> bool {
        self.is_unique() && self.as_owner().is_some()
    }

    /// Does nobody else hold the buffer?
    #[inline]
    pub fn is_unique(&self) -> bool {
        Rc::strong_count(&self.0) == 1
            && match &self.0.body {
                Body::Owner(_) => true,
                Body::View(view) => Rc::strong_count(&view.owner.0) == 1,
            }
    }

    /// All elements in order, if they lie so and are of this type.
    #[inline]
    pub fn as_slice<T: Element>(&self) -> Option<&[T]> {
        let values = T::of(self.data())?;
        match &self.0.body {
            Body::Owner(_) => Some(values),
            // a view of nothing may begin anywhere
            Body::View(_) if self.size() == 0 => Some(&[]),
            Body::View(view) if self.is_contiguous() => values.get(view.offset..view.offset + self.size()),
            Body::View(_) => None,
        }
    }

    /// The shape, and the elements to write on, if they lie in order and nobody else holds the buffer.
    #[inline]
    pub fn as_mut_slice<T: Element>(&mut self) -> Option<(&[usize], &mut [T])> {
        if !self.is_contiguous() {
            return None;
        }
        let size = self.size();
        let Inner { shape, body, content, .. } = Rc::get_mut(&mut self.0)?;
        let values = match body {
            Body::Owner(data) => {
                content.take();
                T::of_mut(data)?.as_mut_slice()
            }
            Body::View(view) => {
                let owner = Rc::get_mut(&mut view.owner.0)?;
                owner.content.take();
                match &mut owner.body {
                    Body::Owner(data) => {
                        // a view of nothing may begin anywhere
                        let start = if size == 0 { 0 } else { view.offset };
                        T::of_mut(data)?.get_mut(start..start + size)?
                    }
                    Body::View(_) => return None,
                }
            }
        };
        Some((shape, values))
    }

    /// The buffer and shape of an owner, whose elements lie in order.
    #[inline]
    pub fn as_owner(&self) -> Option<(&Data, &[usize])> {
        match &self.0.body {
            Body::Owner(data) => Some((data, &self.0.shape)),
            Body::View(_) => None,
        }
    }

    /// The buffer and shape of an owner that nobody else holds, to grow or to write.
    #[inline]
    pub fn owned_mut(&mut self) -> Option<(&mut Data, &mut Shape)> {
        let inner = Rc::get_mut(&mut self.0)?;
        inner.content.take();
        match &mut inner.body {
            Body::Owner(data) => Some((data, &mut inner.shape)),
            Body::View(_) => None,
        }
    }

    /// Elements in logical order; none if they are of another type.
    pub fn walk<T: Element>(&self) -> Option<Walk<'_, T>> {
        Some(Walk::new(T::of(self.data())?, self.offset(), self.shape(), &self.strides()))
    }

    /// Elements in logical order as if broadcast to `target`, which the shape must allow.
    pub fn walk_as<T: Element>(&self, target: &[usize]) -> Option<Walk<'_, T>> {
        let strides = walk::stretch(self.shape(), &self.strides(), target);
        Some(Walk::new(T::of(self.data())?, self.offset(), target, &strides))
    }

    /// A copy in logical order; none if the elements are of another type.
    pub fn to_vec<T: Element>(&self) -> Option<Vec<T>> {
        if let Some(slice) = self.as_slice() {
            return Some(slice.to_vec());
        }
        let mut out = Vec::with_capacity(self.size());
        self.walk::<T>()?.fill(&mut out, self.size());
        Some(out)
    }

    /// A copy of the elements in logical order.
    pub fn to_data(&self) -> Data {
        fn copy<T: Element>(tensor: &Tensor, values: &[T]) -> Data {
            let mut out = Vec::with_capacity(tensor.size());
            Walk::new(values, tensor.offset(), tensor.shape(), &tensor.strides()).fill(&mut out, tensor.size());
            T::wrap(out)
        }
        with_data!(self.data(), values => copy(self, values))
    }

    /// Makes this tensor an owner whose buffer nobody else holds, copying where it is not.
    pub fn make_owned(&mut self) {
        if matches!(self.0.body, Body::View(_)) || Rc::strong_count(&self.0) > 1 {
            *self = self.in_buffer();
        }
    }

    /// Where in the buffer the element lies that is `number` in logical order.
    fn position(&self, number: usize) -> Option<usize> {
        match &self.0.body {
            Body::Owner(_) => Some(number),
            Body::View(_) if number >= self.size() => None,
            Body::View(view) => {
                let index = walk::coordinates(number, &self.0.shape);
                let steps: isize = index.iter().zip(&view.strides).map(|(&i, &stride)| i as isize * stride).sum();
                Some((view.offset as isize + steps) as usize)
            }
        }
    }

    /// The element `number` in logical order; none past the end, or for text.
    pub fn scalar(&self, number: usize) -> Option<Scalar> {
        self.data().scalar(self.position(number)?)
    }

    /// The text `number` in logical order; none past the end, or for numbers.
    pub fn text(&self, number: usize) -> Option<&Text> {
        Text::of(self.data())?.get(self.position(number)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_is_good_until_the_elements_change_or_go() {
        let mut a = Tensor::from_vec(vec![1.0f64, 2.0, 3.0, 4.0], &[4]);
        let stamp = a.stamp();
        assert!(stamp.is_good() && stamp.is_same(&a.stamp()));
        // a view reads the same elements; it keeps them from being written
        let view = a.view(Shape::from_slice(&[2]), 1, Strides::from_slice(&[1]));
        assert!(view.stamp().is_same(&stamp) && a.as_mut_slice::<f64>().is_none() && stamp.is_good());
        drop(view);
        assert!(!stamp.is_same(&a.in_buffer().stamp()));
        // nobody is kept from writing, whose stamp is another one
        if let Some((_, values)) = a.as_mut_slice::<f64>() {
            values[0] = 5.0;
        }
        assert!(!stamp.is_good() && a.scalar(0) == Some(Scalar::F64(5.0)));
        let later = a.stamp();
        assert!(later.is_good() && !later.is_same(&stamp));
        assert!(a.owned_mut().is_some() && !later.is_good());
        // written through the only view
        let mut view = a.view(Shape::from_slice(&[2]), 0, Strides::from_slice(&[1]));
        let through = a.stamp();
        drop(a);
        assert!(through.is_good() && view.as_mut_slice::<f64>().is_some() && !through.is_good());
        let last = view.stamp();
        drop(view);
        assert!(!last.is_good());
    }
}
