//! What an operation takes and gives: a tensor, or a scalar without heap.

use super::{Abstract, DType, Data, Device, Lifted, Scalar, Shape, Tensor, Text, shape};

/// A tensor of any number of axes. Numbers without axes are scalars on the CPU; weak ones have no dtype of their own.
#[derive(Clone, Debug)]
pub enum Array {
    /// Weak.
    Bool(bool),
    /// Weak.
    Int(i64),
    /// Weak.
    Float(f64),
    Scalar(Scalar),
    /// Never a number without axes on the CPU: that is a `Scalar`. Text without axes is a tensor.
    Tensor(Tensor),
    /// A value that some mode is in charge of: its elements are not at hand.
    Lifted(Lifted),
}

const _: () = assert!(size_of::<Array>() == 16);

/// The dtype of an operand, and whether it gives way to that of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ElementType {
    pub dtype: DType,
    pub weak: bool,
}

impl ElementType {
    pub fn typed(dtype: DType) -> ElementType {
        ElementType { dtype, weak: false }
    }
    pub fn weak(dtype: DType) -> ElementType {
        ElementType { dtype, weak: true }
    }
}

impl Array {
    pub fn shape(&self) -> &[usize] {
        match self {
            Array::Tensor(tensor) => tensor.shape(),
            Array::Lifted(lifted) => &lifted.aval().shape,
            _ => &[],
        }
    }

    pub fn ndim(&self) -> usize {
        self.shape().len()
    }

    pub fn size(&self) -> usize {
        shape::size(self.shape())
    }

    /// Of a weak scalar the dtype it has alone.
    #[inline]
    pub fn dtype(&self) -> DType {
        self.element_type().dtype
    }

    #[inline]
    pub fn element_type(&self) -> ElementType {
        match self {
            Array::Bool(_) => ElementType::weak(DType::Bool),
            Array::Int(_) => ElementType::weak(DType::I64),
            Array::Float(_) => ElementType::weak(DType::F64),
            Array::Scalar(scalar) => ElementType::typed(scalar.dtype()),
            Array::Tensor(tensor) => ElementType::typed(tensor.dtype()),
            Array::Lifted(lifted) => lifted.aval().element_type(),
        }
    }

    pub fn is_weak(&self) -> bool {
        match self {
            Array::Bool(_) | Array::Int(_) | Array::Float(_) => true,
            Array::Scalar(_) | Array::Tensor(_) => false,
            Array::Lifted(lifted) => lifted.aval().weak,
        }
    }

    /// Is it the very same value, as far as can be told without looking at elements?
    pub fn is_identical(&self, other: &Array) -> bool {
        match (self, other) {
            (Array::Bool(x), Array::Bool(y)) => x == y,
            (Array::Int(x), Array::Int(y)) => x == y,
            (Array::Float(x), Array::Float(y)) => x.to_bits() == y.to_bits(),
            (Array::Scalar(x), Array::Scalar(y)) => x.is_identical(*y),
            (Array::Tensor(x), Array::Tensor(y)) => x.is_same(y),
            (Array::Lifted(x), Array::Lifted(y)) => x.is_same(y),
            _ => false,
        }
    }

    #[inline]
    pub fn is_lifted(&self) -> bool {
        matches!(self, Array::Lifted(_))
    }

    /// What is known of it without its elements.
    pub fn aval(&self) -> Abstract {
        match self {
            Array::Lifted(lifted) => lifted.aval().clone(),
            other => {
                let ElementType { dtype, weak } = other.element_type();
                Abstract { weak, ..Abstract::new(shape::copy(other.shape()), dtype) }
            }
        }
    }

    /// Where it is committed to; none if it follows what it meets.
    #[inline]
    pub fn place(&self) -> Option<Device> {
        match self {
            Array::Lifted(lifted) => lifted.aval().device,
            _ => None,
        }
    }

    pub fn device(&self) -> Device {
        self.place().unwrap_or_default()
    }

    /// `i64`, `f64[2, 3]`, `str[2]`, `f32[128, 10] @ gpu`.
    pub fn type_name(&self) -> String {
        type_name(self.dtype(), self.shape(), self.device())
    }

    /// The elements as a tensor; none where they are not at hand.
    pub fn to_tensor(&self) -> Option<Tensor> {
        let data = match self {
            Array::Lifted(_) => return None,
            Array::Tensor(tensor) => return Some(tensor.clone()),
            Array::Bool(x) | Array::Scalar(Scalar::Bool(x)) => Data::Bool(vec![*x]),
            Array::Int(x) | Array::Scalar(Scalar::I64(x)) => Data::I64(vec![*x]),
            Array::Float(x) | Array::Scalar(Scalar::F64(x)) => Data::F64(vec![*x]),
            Array::Scalar(Scalar::U8(x)) => Data::U8(vec![*x]),
            Array::Scalar(Scalar::I32(x)) => Data::I32(vec![*x]),
            Array::Scalar(Scalar::F32(x)) => Data::F32(vec![*x]),
        };
        Some(Tensor::owner(data, Shape::new()))
    }

    /// The number of a value of one element; none for text, and where it is not at hand.
    pub fn as_scalar(&self) -> Option<Scalar> {
        match self {
            Array::Bool(x) => Some(Scalar::Bool(*x)),
            Array::Int(x) => Some(Scalar::I64(*x)),
            Array::Float(x) => Some(Scalar::F64(*x)),
            Array::Scalar(scalar) => Some(*scalar),
            Array::Tensor(tensor) if tensor.size() == 1 => tensor.scalar(0),
            Array::Tensor(_) | Array::Lifted(_) => None,
        }
    }

    /// The text of a `str` value of one element.
    pub fn as_text(&self) -> Option<&Text> {
        match self {
            Array::Tensor(tensor) if tensor.size() == 1 => tensor.text(0),
            _ => None,
        }
    }

    /// A `str` tensor without axes.
    pub fn from_text(text: Text) -> Array {
        Array::Tensor(Tensor::owner(Data::Str(vec![text]), Shape::new()))
    }

    /// The whole numbers from `start` up to, not including, `end`.
    pub fn from_range(start: i64, end: i64) -> Array {
        let numbers: Vec<i64> = (start..end).collect();
        let len = numbers.len();
        Array::Tensor(Tensor::from_vec(numbers, &[len]))
    }

    /// A weak scalar of a number; its dtype is forgotten.
    pub fn weaken(scalar: Scalar) -> Array {
        match scalar {
            Scalar::Bool(x) => Array::Bool(x),
            Scalar::U8(x) => Array::Int(i64::from(x)),
            Scalar::I32(x) => Array::Int(i64::from(x)),
            Scalar::I64(x) => Array::Int(x),
            Scalar::F32(x) => Array::Float(f64::from(x)),
            Scalar::F64(x) => Array::Float(x),
        }
    }
}

/// `i64`, `f64[2, 3]`, `f32[128, 10] @ gpu`.
pub fn type_name(dtype: DType, shape: &[usize], device: Device) -> String {
    let mut name = dtype.name().to_string();
    if !shape.is_empty() {
        name.push_str(&shape::text(shape));
    }
    if device != Device::Cpu {
        name.push_str(&format!(" @ {device}"));
    }
    name
}

impl Default for Array {
    fn default() -> Array {
        Array::Bool(false)
    }
}

impl From<Scalar> for Array {
    fn from(scalar: Scalar) -> Array {
        Array::Scalar(scalar)
    }
}

impl From<Tensor> for Array {
    fn from(tensor: Tensor) -> Array {
        if tensor.shape().is_empty()
            && let Some(scalar) = tensor.scalar(0)
        {
            return Array::Scalar(scalar);
        }
        Array::Tensor(tensor)
    }
}
