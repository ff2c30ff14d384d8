//! Malformed and random programs for `NABLA_FUZZ_SECONDS` seconds, two without it: the targets of `fuzz` on what
//! was kept, on golden tests and examples and on mutants of them, without the fuzzer's tools. No panic, no hang; the program that caused one is printed.
//!
//! `NABLA_FUZZ_SEED` repeats a run, as far as the number of threads and the limits of time allow.

mod mutate;
#[path = "../../fuzz/targets.rs"]
mod targets;

use mutate::Mutator;
use std::fs;
use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::process::abort;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A program that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(20);

type Target = fn(&[u8]);

/// What a thread works on, and since when.
type Current = Mutex<Option<(Instant, Vec<u8>)>>;

/// The programs below a directory.
fn programs(directory: &Path, found: &mut Vec<Vec<u8>>) {
    let entries = fs::read_dir(directory).expect("the directory is there");
    let mut paths: Vec<_> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            programs(&path, found);
        } else if path.extension().is_none_or(|extension| extension == "nab") {
            found.push(fs::read(&path).expect("it can be read"));
        }
    }
}

/// What was kept for this target, all golden tests, and all examples of builtins.
fn corpus(name: &str) -> Vec<Vec<u8>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    programs(&root.join("fuzz/corpus").join(name), &mut found);
    programs(&root.join("tests/golden"), &mut found);
    let examples = nabla::builtins::table().flat_map(|builtin| builtin.examples.iter().chain(builtin.failures));
    found.extend(examples.map(|(code, _)| code.as_bytes().to_vec()));
    found
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

/// Runs one program; a panic is reported with it.
fn attempt(target: Target, current: &Current, program: &[u8]) {
    let set = |value| *current.lock().unwrap_or_else(PoisonError::into_inner) = value;
    set(Some((Instant::now(), program.to_vec())));
    if panic::catch_unwind(AssertUnwindSafe(|| target(program))).is_err() {
        panic!("the program that panicked is {:?}", String::from_utf8_lossy(program));
    }
    set(None);
}

/// Ends the process when a thread hangs: there is no other way to stop it.
fn watch(current: &Current) {
    let current = current.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some((since, program)) = current.as_ref().filter(|(since, _)| since.elapsed() > PATIENCE) {
        eprintln!("for {:?} this runs: {:?}", since.elapsed(), String::from_utf8_lossy(program));
        abort();
    }
}

/// The corpus once, then mutants of it until the time is up.
fn fuzz(name: &str, target: Target) {
    let seconds = number("NABLA_FUZZ_SECONDS").unwrap_or(2);
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let corpus = corpus(name);
    assert!(!corpus.is_empty(), "the corpus has programs");
    let end = Instant::now() + Duration::from_secs(seconds);
    let seed = number("NABLA_FUZZ_SEED").unwrap_or(0);
    let runs = AtomicU64::new(0);
    let currents: Vec<Current> = (0..threads).map(|_| Mutex::new(None)).collect();
    thread::scope(|scope| {
        let (corpus, runs) = (&corpus, &runs);
        let mut running = Vec::new();
        for (number, current) in currents.iter().enumerate() {
            let work = move || {
                for program in corpus.iter().skip(number).step_by(threads) {
                    attempt(target, current, program);
                    runs.fetch_add(1, Ordering::Relaxed);
                }
                let mut mutator = Mutator::new(corpus, seed.wrapping_mul(1000) + number as u64);
                while Instant::now() < end {
                    attempt(target, current, &mutator.program());
                    runs.fetch_add(1, Ordering::Relaxed);
                }
            };
            let thread = thread::Builder::new().stack_size(targets::STACK);
            running.push(thread.spawn_scoped(scope, work).expect("a thread is to be had"));
        }
        while running.iter().any(|thread| !thread.is_finished()) {
            thread::sleep(Duration::from_millis(20));
            currents.iter().for_each(watch);
        }
    });
    println!("{name}: {} programs", runs.into_inner());
}

#[test]
fn the_parser() {
    fuzz("parse", targets::parse);
}

#[test]
fn the_interpreter() {
    fuzz("run", targets::run);
}
