//! Pairs of operations that follow each other often, as one loop. Each rounds twice, as the two would.

use super::loops::{Eval3, Map3, binary_loops};
use crate::tensor::DType;

/// A joined pair of operations on floats, for one dtype.
pub enum Joined {
    F32(Map3<f32>),
    F64(Map3<f64>),
}

macro_rules! joined {
    ($($(#[$doc:meta])* $name:ident |$a:ident, $b:ident, $c:ident| $body:expr;)+) => {$(
        $(#[$doc])*
        pub fn $name(dtype: DType) -> Option<&'static Joined> {
            struct F;
            joined!(@ F f32 |$a, $b, $c| $body);
            joined!(@ F f64 |$a, $b, $c| $body);
            static F32: Joined = Joined::F32(Map3::new::<F>());
            static F64: Joined = Joined::F64(Map3::new::<F>());
            match dtype {
                DType::F32 => Some(&F32),
                DType::F64 => Some(&F64),
                _ => None,
            }
        }
    )+};
    (@ $f:ident $type:ident |$a:ident, $b:ident, $c:ident| $body:expr) => {
        impl Eval3<$type> for $f {
            #[inline(always)]
            fn eval($a: $type, $b: $type, $c: $type) -> $type {
                $body
            }
        }
    };
}

joined! {
    product_plus |a, b, c| a * b + c;
    product_minus |a, b, c| a * b - c;
    minus_product |a, b, c| c - a * b;
}

binary_loops! {
    square_of_difference closed { f32 f64 => |a, b| (a - b) * (a - b); }
}
