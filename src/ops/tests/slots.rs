//! Every entry of the table fills its slots, or stands on a list with the reason.

use crate::ops::{Batch, Derivative, Entry, OnGpu, Rule, table};
use std::collections::BTreeSet;

/// Reasons, each with the entries it goes for.
type Lists = &'static [(&'static str, &'static [&'static str])];

const NO_DERIVATIVE: Lists = &[
    (
        "a third derivative of the incomplete gamma function, which nobody has summed",
        &["log_gamma_slope_by_shape", "log_gamma_slope_by_log"],
    ),
    (
        "second derivatives of distribution functions, which nobody has summed",
        &["vonmises_slope", "noncentral_by_freedom", "noncentral_by_noncentrality"],
    ),
];

const NO_BATCH: Lists = &[
    ("has no inputs: what is the same in all rows is made once", &["full", "arange", "linspace", "eye"]),
    ("the draws of a batch are one of more axes, which the transform makes", &["rand", "randn", "randint"]),
    ("the rows would have different lengths", &["compress", "argwhere"]),
];

const NO_GPU: Lists = &[
    ("sorting runs on the CPU so far", &["sort", "argsort", "search_ahead", "search_behind"]),
    (
        "is drawn on the CPU and placed; a card would try in `f32`, and accept other numbers",
        &[
            "log_gamma",
            "log_gamma_slope",
            "log_gamma_slope_by_shape",
            "log_gamma_slope_by_log",
            "vonmises_slope",
            "mills",
            "mills_slope",
            "noncentral_by_freedom",
            "noncentral_by_noncentrality",
            "poisson",
            "binomial",
            "negative_binomial",
            "geometric",
            "hypergeometric",
            "logseries",
            "zipf",
            "integers",
            "integers_to",
            "vonmises",
            "wald",
            "noncentral_chisquare",
            "order",
            "choice",
            "distinct",
        ],
    ),
    ("is made on the CPU and placed", &["full", "arange", "linspace", "eye"]),
    ("knows devices by itself", &["rand", "randn", "randint", "place"]),
    ("is made of other operations", &["cond", "custom_grad", "scan", "while"]),
    ("brings the elements to where they are printed", &["debug"]),
    (
        "decompositions run on the CPU so far",
        &[
            "solve",
            "triangular_solve",
            "det",
            "slogdet",
            "adjugate",
            "adjugate_slope",
            "cholesky",
            "qr",
            "eigh",
            "eig",
            "svd",
            "pinv",
        ],
    ),
];

fn check(slot: &str, is_empty: fn(&Entry) -> bool, lists: Lists) {
    let empty: BTreeSet<&str> = table().filter(|entry| is_empty(entry)).map(|entry| entry.name).collect();
    let listed: Vec<&str> = lists.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    let set: BTreeSet<&str> = listed.iter().copied().collect();
    assert_eq!(set.len(), listed.len(), "{slot}: an entry stands on two lists");
    assert_eq!(empty, set, "{slot}: left, the empty ones; right, those on a list");
}

#[test]
fn empty_slots_have_a_reason() {
    check("derivative", |entry| matches!(entry.derivative, Derivative::Missing), NO_DERIVATIVE);
    check("batch", |entry| matches!(entry.batch, Batch::Missing), NO_BATCH);
    check("gpu", |entry| matches!(entry.gpu, OnGpu::Missing), NO_GPU);
}

/// What is added in place is a cotangent of the first input alone.
#[test]
fn accumulating_entries_are_linear_in_their_first_input() {
    let accumulating: Vec<&Entry> = table().filter(|entry| entry.accumulate.is_some()).collect();
    assert!(!accumulating.is_empty());
    for entry in accumulating {
        assert!(matches!(entry.derivative, Derivative::Linear(1)), "{}", entry.name);
        assert!(!matches!(entry.rule, Rule::Many(_)), "{}: several results", entry.name);
    }
}

/// What a derivative is linear in must be carried back, too.
#[test]
fn linear_entries_have_a_transpose() {
    for entry in table() {
        if matches!(entry.derivative, Derivative::Linear(_) | Derivative::Product) {
            assert!(entry.transpose.is_some(), "{}", entry.name);
        }
    }
}
