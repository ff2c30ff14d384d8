//! Files that are cut off, lie about what they hold, or have bits flipped: an error of the right kind or some value, and
//! never more memory than the limit allows.

use super::{Scratch, eval, session};
use nabla::{Kind, Session};
use std::alloc::{GlobalAlloc, Layout, System};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes that a value may take.
const LIMIT: usize = 100_000_000;

/// The system's allocator, keeping the largest request.
struct Watching;

static LARGEST: AtomicUsize = AtomicUsize::new(0);

#[global_allocator]
static ALLOCATOR: Watching = Watching;

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Watching {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        LARGEST.fetch_max(layout.size(), Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller keeps the contract of `dealloc`.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        LARGEST.fetch_max(size, Ordering::Relaxed);
        // SAFETY: the caller keeps the contract of `realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

/// What may be done with an array that was read: it must hold together, whatever the file was.
const USES: &[&str] = &[
    "x[::-1]",
    "x[-1:]",
    "x.T",
    "flip(x)",
    "sort(x)",
    "argsort(x, axis=0)",
    "x + x",
    "reshape(x, -1)",
    "x @ x.T",
    "concatenate((x, x))",
    "str(x)",
];

/// Uses an array in every way; what does not fit its dtype or shape is an error, never more.
fn exercise(session: &mut Session, what: &str) {
    for code in USES {
        if let Err(error) = eval(session, &format!("y = {code}")) {
            assert_ne!(error.kind(), Kind::Internal, "{what}, {code}: {error}");
        }
    }
}

/// Reads a file of these bytes in every way that fits its name; true if a value came of one.
fn attempt(folder: &Path, name: &str, bytes: &[u8], what: &str) -> bool {
    fs::write(folder.join(name), bytes).expect("the scratch directory is writable");
    let mut session = session(folder);
    session.limits_mut().memory = LIMIT;
    let codes: &[&str] = if name.contains(".np") {
        &["load(\"FILE\")"]
    } else {
        &["read_csv(\"FILE\")", "read_csv(\"FILE\", header=false, dtype=f64)", "loadtxt(\"FILE\", delimiter=\",\")"]
    };
    let mut good = false;
    for code in codes {
        match eval(&mut session, &format!("x = {}", code.replace("FILE", name))) {
            Ok(()) => {
                good = true;
                // an archive is a record of such arrays
                if what == "flipped" && name.ends_with(".npy") {
                    exercise(&mut session, what);
                }
            }
            Err(error) => {
                let kind = error.kind();
                let known = matches!(kind, Kind::Io | Kind::Value | Kind::Memory | Kind::Type | Kind::Shape);
                assert!(known, "{name}, {what}: {error}");
                assert!(!(what == "cut" && matches!(kind, Kind::Type | Kind::Shape)), "{name}, {what}: {error}");
            }
        }
    }
    good
}

/// Sound files, small enough to be cut everywhere.
fn samples(folder: &Path) -> Vec<(&'static str, Vec<u8>)> {
    let code = "
        x = [[1.5, 2.5], [nan, -1.0]]
        save(\"a.npy\", x)
        save(\"b.npy\", [\"a\", \"ä€\"])
        save(\"c.npy.gz\", i32([1, 2, 3]))
        savez(\"d.npz\", (x=x, s=\"text\"))
        savez_compressed(\"e.npz\", (x=zeros(1000), y=[true, false]))
        write_csv(\"f.csv\", (name=[\"a, \\\"b\\\"\", \"ä\\nb\"], x=[0.5, nan], n=[1, 2]))
        write_csv(\"g.csv.gz\", (x=[0.5, 1.5], n=[1, 2]))";
    eval(&mut session(folder), code).expect("it is sound");
    let names = ["a.npy", "b.npy", "c.npy.gz", "d.npz", "e.npz", "f.csv", "g.csv.gz"];
    names.map(|name| (name, fs::read(folder.join(name)).expect("it was written"))).into()
}

#[test]
fn no_file_does_harm() {
    let scratch = Scratch::new("malformed");
    let folder = &scratch.0;
    let samples = samples(folder);
    let mut cases = 0;
    for (name, bytes) in &samples {
        assert!(attempt(folder, name, bytes, "as it was written"), "{name}");
        for len in 0..bytes.len() {
            let good = attempt(folder, name, &bytes[..len], "cut");
            assert!(!(good && name.contains(".np")), "{name} cut to {len} bytes");
            cases += 1;
        }
    }
    // every bit in turn of some samples, then random ones of all
    let mut random = 1u64;
    let mut next = |below: usize| {
        random = random.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (random >> 33) as usize % below
    };
    while cases < 4000 {
        let (name, bytes) = &samples[cases % samples.len()];
        let mut bytes = bytes.clone();
        for _ in 0..=next(3) {
            let at = next(bytes.len());
            bytes[at] ^= 1 << next(8);
        }
        attempt(folder, name, &bytes, "flipped");
        cases += 1;
    }
    assert!(LARGEST.load(Ordering::Relaxed) < 2 * LIMIT, "{} bytes at once", LARGEST.load(Ordering::Relaxed));
}

/// An `.npy` file with this header.
fn npy(version: u8, len: u32, header: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x93NUMPY".to_vec();
    bytes.extend([version, 0]);
    let len = len.to_le_bytes();
    bytes.extend(if version == 1 { &len[..2] } else { &len[..] });
    bytes.extend(header.as_bytes());
    bytes.extend(body);
    bytes
}

#[test]
fn headers_that_claim_too_much_are_refused_before_they_are_believed() {
    let scratch = Scratch::new("claims");
    let kind = |name: &str, bytes: &[u8]| {
        fs::write(scratch.0.join(name), bytes).expect("the scratch directory is writable");
        let mut session = session(&scratch.0);
        session.limits_mut().memory = LIMIT;
        eval(&mut session, &format!("load(\"{name}\")")).map_err(|error| error.kind())
    };
    let header = |descr: &str, shape: &str| {
        let text = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
        npy(1, text.len() as u32, &text, &[0; 64])
    };
    let huge = 1u64 << 60;
    for (bytes, expected) in [
        (header("<f8", &format!("({huge},)")), Kind::Memory),
        (header("<f8", &format!("({huge}, {huge}, {huge})")), Kind::Memory),
        (header("<f8", "(99999999999999999999999,)"), Kind::Value),
        (header("<f8", "(9223372036854775808, 2, 0)"), Kind::Value),
        (header("<f8", "(0, 18446744073709551615)"), Kind::Value),
        (header(&format!("<U{huge}"), "(1,)"), Kind::Memory),
        (header(&format!("<U{huge}"), &format!("({huge},)")), Kind::Memory),
        (header("<U99999999999999999999999", "(1,)"), Kind::Type),
        (header("<U0", &format!("({huge},)")), Kind::Memory),
        (header("<U20000000", "(1,)"), Kind::Io),
        (header("<f8", "(10000000,)"), Kind::Io),
        (header("<f8", &format!("({})", "1, ".repeat(33))), Kind::Shape),
        (npy(1, 0xffff, "{", &[]), Kind::Io),
        (npy(2, u32::MAX, "{", &[0; 100]), Kind::Value),
        (npy(3, u32::MAX, "{", &[0; 100]), Kind::Value),
        (npy(4, 10, "{", &[0; 100]), Kind::Value),
    ] {
        let shown = String::from_utf8_lossy(&bytes).into_owned();
        assert_eq!(kind("a.npy", &bytes), Err(expected), "{shown}");
    }
    assert_eq!(kind("a.npy", &header("<U0", "(3,)")), Ok(()));
}

#[test]
fn no_elements_take_no_memory_whatever_the_other_lengths_are() {
    let scratch = Scratch::new("lengths");
    for shape in ["(H, 0, H)", "(M, 0)", "(0, M)", "(M, 2, 0)", "(0, M, M)", "(M, M, 0, M)", "(0,)"] {
        let shape = shape.replace('H', &(1u64 << 60).to_string()).replace('M', &i64::MAX.to_string());
        for (descr, order) in [("<f8", "False"), ("<f8", "True"), ("<i4", "False"), ("<U3", "True"), ("|b1", "False")] {
            let text = format!("{{'descr': '{descr}', 'fortran_order': {order}, 'shape': {shape}, }}\n");
            let bytes = npy(1, text.len() as u32, &text, &[]);
            fs::write(scratch.0.join("a.npy"), bytes).expect("the scratch directory is writable");
            let mut session = session(&scratch.0);
            session.limits_mut().memory = LIMIT;
            eval(&mut session, "x = load(\"a.npy\")").unwrap_or_else(|error| panic!("{text}: {error}"));
            exercise(&mut session, &text);
        }
    }
}

#[test]
fn archives_that_unpack_to_too_much_are_refused() {
    let scratch = Scratch::new("bombs");
    let mut session = session(&scratch.0);
    let bombs = "
        zero = zeros(900000)
        savez_compressed(\"a.npz\", (a=zero, b=zero))
        save(\"b.npy.gz\", zeros(2000000))
        write_text(\"c.csv.gz\", \"x\\n\" + \"1\\n\" * 6000000)
        zero = none";
    eval(&mut session, bombs).expect("there is room for it");
    session.limits_mut().memory = LIMIT / 10;
    for (code, expected) in [
        ("load(\"a.npz\")", Err(Kind::Memory)),
        ("load(\"a.npz\", \"a\").size", Ok(())),
        ("load(\"b.npy.gz\")", Err(Kind::Memory)),
        ("read_text(\"c.csv.gz\")", Err(Kind::Memory)),
        ("read_csv(\"c.csv.gz\")", Err(Kind::Memory)),
    ] {
        assert_eq!(eval(&mut session, code).map_err(|error| error.kind()), expected, "{code}");
    }
}

#[test]
fn tables_of_many_small_fields_meet_the_limit() {
    let scratch = Scratch::new("wide");
    let mut session = session(&scratch.0);
    session.limits_mut().memory = LIMIT / 10;
    let wide = "write_text(\"wide.csv\", \",\" * 5000000)
        write_text(\"wide.txt\", \"1 \" * 2500000)
        write_text(\"long.csv\", \"x,y,z\\n\" + \"a,,\\n\" * 500000)";
    eval(&mut session, wide).expect("there is room for it");
    for code in [
        "read_csv(\"wide.csv\")",
        "read_csv(\"wide.csv\", header=false, dtype=str)",
        "loadtxt(\"wide.txt\")",
        "loadtxt(\"wide.txt\", usecols=0)",
        "loadtxt(\"wide.csv\", delimiter=\",\", dtype=str)",
        "read_csv(\"long.csv\")",
        "read_csv(\"long.csv\", dtype=str)",
    ] {
        assert_eq!(eval(&mut session, code).map_err(|error| error.kind()), Err(Kind::Memory), "{code}");
    }
}
