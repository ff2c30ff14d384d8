//! Devices from the command line: with a graphics card, without one, and with the wrong one.

use crate::support::{Run, Scratch, finish, nabla, run};
use std::process::Command;
use std::thread;

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

/// The library that finds drivers is not there, or is none.
#[test]
fn no_vulkan_is_no_gpu() {
    let directory = Scratch::new("no vulkan");
    directory.file("libvulkan.so.1", "no library");
    let path = directory.path().to_str().expect("the path is UTF-8");
    let fallback = on_gpu(&["-e", PROGRAM], "", &[("LD_LIBRARY_PATH", path)]);
    assert_eq!((fallback.status, fallback.out.as_str()), (Some(0), PRINTED));
    assert!(fallback.err.starts_with("warning: there is no GPU (no graphics driver)"), "{}", fallback.err);
    assert_eq!(fallback.err.lines().count(), 1, "{}", fallback.err);
    let refused = on_gpu(&["--strict-device", "-e", PROGRAM], "", &[("LD_LIBRARY_PATH", path)]);
    assert_eq!((refused.status, refused.out.as_str()), (Some(1), ""));
    assert!(refused.err.starts_with("error[device]: there is no `gpu`: no graphics driver\n"), "{}", refused.err);
}

#[test]
fn a_card_by_its_number() {
    assert_eq!(on_gpu(&["--strict-device", "-e", PROGRAM], "0", &[]), Run::good(PRINTED));
    for choice in ["99", "no such card"] {
        let refused = on_gpu(&["--strict-device", "-e", PROGRAM], choice, &[]);
        assert_eq!((refused.status, refused.out.as_str()), (Some(1), ""));
        let message = format!("error[device]: there is no `gpu`: NABLA_GPU={choice} names no adapter there is\n");
        assert!(refused.err.starts_with(&message), "{}", refused.err);
    }
}

#[test]
fn two_programs_at_once() {
    // sums of integers below 2^24
    let program = "x = reshape(f32(arange(250000) % 97), (500, 500)) @ gpu
        for _ in 0..10 { y = x @ x }\nsum(i32(round(y[0] @ cpu))), sum(i32(round(y[499] @ cpu)))";
    let expected = on_gpu(&["--quiet", "-e", program], "off", &[]);
    assert_eq!(expected.status, Some(0), "{}", expected.err);
    thread::scope(|scope| {
        let runs = [0; 2].map(|_| scope.spawn(|| on_gpu(&["-e", program], "software", &[])));
        for run in runs {
            assert_eq!(run.join().expect("it ends"), Run::good(&expected.out));
        }
    });
}

/// The part of Mesa that picks cards for a desktop complains where there is none.
#[test]
fn drivers_do_not_chatter() {
    for runtime in ["", "/nonexistent"] {
        assert_eq!(on_gpu(&["-e", PROGRAM], "software", &[("XDG_RUNTIME_DIR", runtime)]), Run::good(PRINTED));
    }
}

#[test]
fn memory_that_runs_out_is_an_error_and_the_program_goes_on() {
    let program = "x = ones((1000, 1000)) @ gpu\nkept = x * 2\nxs = ()
failed = try {\n    for i in 0..100 { xs = append(xs, x + i) }\n    \"\"\n} catch err { f\"{err.kind}: {err.message}\" }
failed\n1 < len(xs) < 8\nsum(kept[0]), kept[999, 999]\nxs = none\ny = (x + 1) @ ones((1000, 1))\nsum(y)";
    let run = on_gpu(&["-e", program], "software", &[("NABLA_GPU_MEMORY", "32MB")]);
    let lines: Vec<&str> = run.out.lines().collect();
    assert_eq!((run.status, run.err.as_str(), lines.len()), (Some(0), "", 4), "{}", run.out);
    let message = lines[0].strip_prefix("memory: f32[1000, 1000] @ gpu takes 4.2 MB; ");
    let rest = message.and_then(|rest| rest.strip_suffix(" of the 32.0 MB that values on the GPU may take are in use"));
    assert!(rest.is_some(), "{}", run.out);
    assert_eq!(&lines[1..], ["True", "(2000.0, 2.0)", "2e+06"]);
    // nobody catches it
    let program = "x = ones((1000, 1000)) @ gpu\n\"so far\"\ny = x + 1\nz = x * y";
    let run = on_gpu(&["-e", program], "software", &[("NABLA_GPU_MEMORY", "10 MB")]);
    assert_eq!((run.status, run.out.as_str()), (Some(1), "so far\n"));
    assert!(run.err.contains("4 │ z = x * y") && run.err.contains("NABLA_GPU_MEMORY sets the bound"), "{}", run.err);
}

/// No bound of ours: the driver itself has no more, because the process may not have it. How much the driver needs to
/// begin with differs, so that one of several limits must do.
#[cfg(target_os = "linux")]
#[test]
fn a_driver_without_memory_is_an_error_and_the_program_goes_on() {
    let directory = Scratch::new("no memory");
    let program = "x = ones((2000, 2000)) @ gpu\nkept = x * 2\nxs = ()
message = try {\n    for i in 0..1000 { xs = append(xs, x + i) }\n    \"\"\n} catch err { err.message }
message\nxs = none\nsum(kept[0])\ny = (x + 1) @ ones((2000, 1))\nsum(y[:, 0]) / 2000";
    let path = directory.file("fill.nab", program);
    let start = "the graphics device has no memory left for f32[2000, 2000] @ gpu, which takes ";
    let outs = [1_500_000, 2_000_000, 2_500_000, 3_000_000].into_iter().map(|kilobytes| {
        let mut command = Command::new("sh");
        let limited = format!("ulimit -v {kilobytes} && exec \"$0\" --max-memory 1TB \"$1\"");
        command.args(["-c", &limited, env!("CARGO_BIN_EXE_nabla"), &path]).env("NABLA_GPU", "software");
        finish(command, b"")
    });
    let mut seen = Vec::new();
    let full = outs.inspect(|run| seen.push(run.err.clone())).find(|run| run.out.starts_with(start));
    let full = full.unwrap_or_else(|| panic!("{seen:?}"));
    assert_eq!((full.status, full.err.as_str()), (Some(0), ""), "{}", full.out);
    assert!(full.out.ends_with("\n4000.0\n4000.0\n"), "{}", full.out);
}

/// What a card in software takes is memory of the machine.
#[test]
fn the_bound_of_all_values_counts_for_software_too() {
    let program = "x = ones((1000, 1000)) @ gpu\nxs = (x + 1, x + 2, x + 3, x + 4, x + 5)";
    let run = on_gpu(&["--max-memory", "20MB", "-e", program], "software", &[]);
    assert_eq!(run.status, Some(1));
    assert!(run.err.starts_with("error[memory]: f32[1000, 1000] @ gpu takes 4.2 MB; "), "{}", run.err);
    let variables = [("NABLA_GPU_MEMORY", "64MB")];
    assert_eq!(on_gpu(&["--max-memory", "20MB", "-e", program], "software", &variables), Run::good(""));
}

#[test]
fn a_bound_that_is_none() {
    for bound in ["lots", "", "0", "-1", "5PB"] {
        let run = on_gpu(&["-e", "1"], "software", &[("NABLA_GPU_MEMORY", bound)]);
        assert_eq!((run.status, run.out.as_str()), (Some(2), ""), "{bound}");
        assert!(run.err.starts_with(&format!("error: NABLA_GPU_MEMORY is {bound}: ")), "{}", run.err);
    }
}

#[test]
fn a_value_larger_than_a_card_takes() {
    for value in ["zeros((20000, 20000), dtype=f32) @ gpu", "@ gpu { zeros((20000, 20000)) }"] {
        let run = on_gpu(&["-e", &format!("1 + 1\n{value}")], "software", &[]);
        assert_eq!((run.status, run.out.as_str()), (Some(1), "2\n"));
        let start = "error[memory]: f32[20000, 20000] @ gpu takes 1.6 GB; a buffer of this graphics device holds ";
        assert!(run.err.starts_with(start), "{}", run.err);
    }
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
    // whoever opens the library that finds drivers hears from it
    let loud = [("VK_LOADER_DEBUG", "all")];
    assert_eq!(on_gpu(&["-e", "ones(3) @ ones(3)"], "software", &loud), Run::good("3.0\n"));
    assert_ne!(on_gpu(&["-e", PROGRAM], "software", &loud).err, "");
}
