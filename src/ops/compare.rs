//! Comparisons and tests; the results are truth values.

use super::table::elementwise;
use crate::cpu::compare as loops;

elementwise! {
    EQ "equal" "==" Binary compare loops::equal, moves flat;
    NE "not_equal" "!=" Binary compare loops::not_equal, moves flat;
    LT "less" "<" Binary compare loops::less, moves flat;
    LE "less_equal" "<=" Binary compare loops::less_equal, moves flat;
    GT "greater" ">" Binary compare loops::greater, moves flat;
    GE "greater_equal" ">=" Binary compare loops::greater_equal, moves flat;
    ISNAN "isnan" "isnan" Unary test loops::is_nan, moves flat;
    ISINF "isinf" "isinf" Unary test loops::is_inf, moves flat;
    ISFINITE "isfinite" "isfinite" Unary test loops::is_finite, moves flat;
}
