//! Comparisons and tests: from numbers to truth values.

use super::loops::{binary_loops, unary_loops};

binary_loops! {
    equal test text(|a, b| a == b) {
        bool u8 i32 i64 f32 f64 => |a, b| a == b;
    }
    not_equal test text(|a, b| a != b) {
        bool u8 i32 i64 f32 f64 => |a, b| a != b;
    }
    less test text(|a, b| a < b) {
        bool => |a, b| !a & b;
        u8 i32 i64 f32 f64 => |a, b| a < b;
    }
    less_equal test text(|a, b| a <= b) {
        bool => |a, b| !a | b;
        u8 i32 i64 f32 f64 => |a, b| a <= b;
    }
    greater test text(|a, b| a > b) {
        bool => |a, b| a & !b;
        u8 i32 i64 f32 f64 => |a, b| a > b;
    }
    greater_equal test text(|a, b| a >= b) {
        bool => |a, b| a | !b;
        u8 i32 i64 f32 f64 => |a, b| a >= b;
    }
}

unary_loops! {
    /// Of -0.0 and of NaN too, if it is set.
    sign_bit test {
        bool u8 => |_a| false;
        i32 i64 => |a| a < 0;
        f32 f64 => |a| a.is_sign_negative();
    }
    is_nan test {
        bool u8 i32 i64 => |_a| false;
        f32 f64 => |a| a.is_nan();
    }
    is_inf test {
        bool u8 i32 i64 => |_a| false;
        f32 f64 => |a| a.is_infinite();
    }
    is_finite test {
        bool u8 i32 i64 => |_a| true;
        f32 f64 => |a| a.is_finite();
    }
}
