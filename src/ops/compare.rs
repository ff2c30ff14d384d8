//! Comparisons and tests; the results are truth values.

use super::table::elementwise;
use crate::cpu::compare as loops;

elementwise! {
    EQ "equal" "==" Binary compare loops::equal;
    NE "not_equal" "!=" Binary compare loops::not_equal;
    LT "less" "<" Binary compare loops::less;
    LE "less_equal" "<=" Binary compare loops::less_equal;
    GT "greater" ">" Binary compare loops::greater;
    GE "greater_equal" ">=" Binary compare loops::greater_equal;
    ISNAN "isnan" "isnan" Unary test loops::is_nan;
    ISINF "isinf" "isinf" Unary test loops::is_inf;
    ISFINITE "isfinite" "isfinite" Unary test loops::is_finite;
}
