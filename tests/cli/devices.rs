//! Devices from the command line: with a graphics card, without one, and with the wrong one.

use crate::support::{Run, finish, nabla, run};

/// Runs code that needs a GPU, with NABLA_GPU and further variables set.
fn on_gpu(args: &[&str], choice: &str, variables: &[(&str, &str)]) -> Run {
    let mut command = nabla(args);
    command.env("NABLA_GPU", choice).envs(variables.iter().copied());
    finish(command, b"")
}

const PROGRAM: &str = "x = [1.0, 2.0] @ gpu\nx + 1\ntype(x)\nsum([1.0] @ gpu)";
const PRINTED: &str = "[2. 3.]\nf32[2] @ gpu\n1.0\n";

#[test]
fn software_vulkan_computes() {
    assert_eq!(on_gpu(&["-e", PROGRAM], "software", &[]), Run::good(PRINTED));
    assert_eq!(on_gpu(&["--strict-device", "-e", PROGRAM], "software", &[]), Run::good(PRINTED));
}

#[test]
fn without_a_gpu_one_warning_says_so() {
    let fallback = on_gpu(&["-e", PROGRAM], "off", &[]);
    assert_eq!((fallback.status, fallback.out.as_str()), (Some(0), PRINTED));
    assert_eq!(
        fallback.err,
        "warning: there is no GPU (NABLA_GPU=off turns it off): `gpu` means the CPU here, with the dtypes of a GPU\n"
    );
    assert_eq!(on_gpu(&["--quiet", "-e", PROGRAM], "off", &[]), Run::good(PRINTED));
}

#[test]
fn decompositions_run_where_the_cpu_stands_in() {
    let program = "a = [[4.0, 1.0], [2.0, 3.0]] @ gpu\ntype(linalg.inv(a))\n(u, s, vh) = linalg.svd(a)\n\
        type(u), type(s), abs(round(u * s @ vh - a, 4))\ntype(grad(|a| linalg.slogdet(a).logabsdet)(a))";
    let printed = "f32[2, 2] @ gpu\n('f32[2, 2] @ gpu', 'f32[2] @ gpu', [[0. 0.]\n                                     \
        [0. 0.]])\nf32[2, 2] @ gpu\n";
    assert_eq!(on_gpu(&["--quiet", "-e", program], "off", &[]), Run::good(printed));
    let refused = on_gpu(&["-e", "linalg.svd([[1.0]] @ gpu)"], "software", &[]);
    assert!(
        refused.err.starts_with("error[device]: a GPU has no `linalg.svd` of f32[1, 1] @ gpu yet\n"),
        "{}",
        refused.err
    );
}

#[test]
fn strict_makes_it_an_error() {
    let refused = on_gpu(&["--strict-device", "-e", "1\n[1.0] @ gpu"], "off", &[]);
    assert_eq!((refused.status, refused.out.as_str()), (Some(1), "1\n"));
    assert!(
        refused.err.starts_with("error[device]: there is no `gpu`: NABLA_GPU=off turns it off\n"),
        "{}",
        refused.err
    );
    assert!(refused.err.contains("2 │ [1.0] @ gpu"), "{}", refused.err);
}

#[test]
fn no_driver_is_no_gpu() {
    let nowhere = ("VK_DRIVER_FILES", "/nonexistent.json");
    let older = ("VK_ICD_FILENAMES", "/nonexistent.json");
    let fallback = on_gpu(&["-e", PROGRAM], "", &[nowhere, older]);
    assert_eq!((fallback.status, fallback.out.as_str()), (Some(0), PRINTED));
    assert!(fallback.err.starts_with("warning: there is no GPU (no graphics driver)"), "{}", fallback.err);
    assert_eq!(fallback.err.lines().count(), 1, "{}", fallback.err);
}

#[test]
fn a_card_that_is_not_there() {
    let other = on_gpu(&["-e", "[1.0] @ gpu[7]"], "software", &[]);
    assert_eq!(other.status, Some(1));
    assert!(other.err.starts_with("error[device]: there is no `gpu[7]`"), "{}", other.err);
    let unknown = on_gpu(&["-e", "type([1.0] @ gpu)"], "no such card", &[]);
    assert_eq!((unknown.status, unknown.out.as_str()), (Some(0), "f32[1] @ gpu\n"));
    assert!(unknown.err.contains("NABLA_GPU=no such card names no adapter there is"), "{}", unknown.err);
}

#[test]
fn devices_lists_what_there_is() {
    let listed = on_gpu(&["devices"], "software", &[]);
    assert_eq!((listed.status, listed.err.as_str()), (Some(0), ""));
    let lines: Vec<&str> = listed.out.lines().collect();
    assert!(lines.len() >= 2 && lines[0].starts_with("cpu  ") && lines[1].starts_with("gpu  "), "{}", listed.out);
    assert!(lines[1].contains("(software, vulkan, "), "{}", listed.out);
    assert_eq!(on_gpu(&["devices"], "off", &[]).out.lines().count(), 1);
}

#[test]
fn a_program_that_places_nothing_opens_nothing() {
    assert_eq!(run(&["--strict-device", "-e", "1 + 1"]), Run::good("2\n"));
}
