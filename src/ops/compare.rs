//! Comparisons and tests; the results are truth values.

use super::table::elementwise;
use crate::cpu::compare as loops;

elementwise! {
    EQ "equal" "==" Binary compare loops::equal, moves flat,
        wgsl [number "a == b", truth "a == b"];
    NE "not_equal" "!=" Binary compare loops::not_equal, moves flat,
        wgsl [number "!(a == b)", truth "a != b"];
    LT "less" "<" Binary compare loops::less, moves flat,
        wgsl [number "a < b", truth "!a && b"];
    LE "less_equal" "<=" Binary compare loops::less_equal, moves flat,
        wgsl [number "a <= b", truth "!a || b"];
    GT "greater" ">" Binary compare loops::greater, moves flat,
        wgsl [number "a > b", truth "a && !b"];
    GE "greater_equal" ">=" Binary compare loops::greater_equal, moves flat,
        wgsl [number "a >= b", truth "a || !b"];
    SIGNBIT "signbit" "signbit" Unary test loops::sign_bit, moves flat,
        wgsl [float "bitcast<u32>(a) >= 0x80000000u", integer "a < 0", truth "false"];
    ISNAN "isnan" "isnan" Unary test loops::is_nan, moves flat,
        wgsl [float "nb_is_nan(a)", integer "false", truth "false"];
    ISINF "isinf" "isinf" Unary test loops::is_inf, moves flat,
        wgsl [float "(bitcast<u32>(a) & 0x7fffffffu) == 0x7f800000u", integer "false", truth "false"];
    ISFINITE "isfinite" "isfinite" Unary test loops::is_finite, moves flat,
        wgsl [float "(bitcast<u32>(a) & 0x7fffffffu) < 0x7f800000u", integer "true", truth "true"];
}
