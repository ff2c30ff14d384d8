//! Arrays that NumPy saved (`data/make_npy.py`): each is read as its manifest says, and written so that it reads the same.

use super::{Scratch, eval, exact, session, tensor, value};
use nabla::Value;
use nabla::gpu::Choice;
use std::fs;
use std::path::{Path, PathBuf};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/npy")
}

fn text(json: &serde_json::Value) -> String {
    json.as_str().map_or_else(|| json.to_string(), str::to_string)
}

#[test]
fn arrays_are_read_as_numpy_saved_them() {
    let scratch = Scratch::new("fixtures");
    let manifest = fs::read_to_string(folder().join("manifest.jsonl")).expect("it is part of the project");
    let mut count = 0;
    for line in manifest.lines() {
        let row: serde_json::Value = serde_json::from_str(line).expect("it is JSON");
        let file = text(&row["file"]);
        fs::copy(folder().join(&file), scratch.0.join(&file)).expect("it is there");
        let mut session = session(&scratch.0);
        let loaded = value(&mut session, &format!("load(\"{file}\")"));
        if let Some(kind) = row["error"].as_str() {
            assert_eq!(loaded.map_err(|error| error.kind().name()).err(), Some(kind), "{file}");
            continue;
        }
        let loaded = tensor(&loaded.unwrap_or_else(|error| panic!("{file}: {error}")));
        let shape: Vec<usize> = serde_json::from_value(row["shape"].clone()).expect("lengths");
        let values: Vec<String> = row["values"].as_array().expect("a list").iter().map(text).collect();
        assert_eq!((loaded.dtype().name(), loaded.shape()), (&*text(&row["dtype"]), &*shape), "{file}");
        assert_eq!(exact(&loaded), values, "{file}");

        for again in ["again.npy", "again.npy.gz"] {
            eval(&mut session, &format!("save(\"{again}\", result)")).expect("it is writable");
            let loaded = value(&mut session, &format!("load(\"{again}\")")).expect("it was written");
            let loaded = tensor(&loaded);
            assert_eq!((loaded.dtype().name(), loaded.shape()), (&*text(&row["dtype"]), &*shape), "{file}");
            assert_eq!(exact(&loaded), values, "{file}");
        }
        count += 1;
    }
    assert!(count > 30, "{count} arrays");
}

#[test]
fn what_was_saved_in_row_major_order_is_written_byte_for_byte() {
    let scratch = Scratch::new("bytes");
    for file in ["i4_little", "i8_little", "f4_little", "f8_little", "u1_little", "bool", "scalar_f8", "empty_f8"] {
        let numpy = fs::read(folder().join(format!("{file}.npy"))).expect("it is part of the project");
        fs::write(scratch.0.join("in.npy"), &numpy).expect("the scratch directory is writable");
        eval(&mut session(&scratch.0), "save(\"out.npy\", load(\"in.npy\"))").expect("it is sound");
        assert!(fs::read(scratch.0.join("out.npy")).is_ok_and(|ours| ours == numpy), "{file}");
    }
}

#[test]
fn archives_are_records() {
    let mut session = session(&folder());
    for file in ["plain.npz", "packed.npz"] {
        let Ok(Value::Record(record)) = value(&mut session, &format!("load(\"{file}\")")) else { panic!("{file}") };
        let names: Vec<&str> = record.0.keys().map(|name| &**name).collect();
        assert_eq!(names, ["x", "ä", "names", "arr_0"], "{file}");
        let shown: Vec<Vec<String>> = record.0.values().map(|value| exact(&tensor(value))).collect();
        let floats: Vec<String> = [0.0f64, 1.0, 2.0, 3.0].map(|x| x.to_bits().to_string()).into();
        let words = |words: &[&str]| words.iter().map(|word| word.to_string()).collect::<Vec<String>>();
        assert_eq!(shown, [floats, words(&["1"]), words(&["a", "bc"]), words(&["0", "1", "2"])], "{file}");
        let one = value(&mut session, &format!("load(\"{file}\", \"names\")")).expect("it is in it");
        assert_eq!(exact(&tensor(&one)), words(&["a", "bc"]), "{file}");
    }
    let empty = value(&mut session, "load(\"empty.npz\")");
    assert!(matches!(empty, Ok(Value::Record(record)) if record.0.is_empty()));
}

#[test]
fn text_that_the_format_cannot_hold_is_refused() {
    let scratch = Scratch::new("zeros");
    let error = eval(&mut session(&scratch.0), "save(\"x.npy\", [\"a\\u{0}\"])").expect_err("it ends in zero");
    assert_eq!(error.kind(), nabla::Kind::Value);
    assert_eq!(fs::read_dir(&scratch.0).map(Iterator::count).ok(), Some(0));
    // every text takes as much as the longest
    let mut session = session(&scratch.0);
    session.limits_mut().memory = 10_000_000;
    let error = eval(&mut session, "save(\"x.npy\", [if i == 0 { \"x\" * 10000 } else { \"\" } for i in 0..1000])");
    assert_eq!(error.map_err(|error| error.kind()), Err(nabla::Kind::Memory));
}

#[test]
fn csv_round_trips_exactly() {
    let scratch = Scratch::new("csv");
    let mut session = session(&scratch.0);
    let table = r#"
        t = (i=[1, -9223372036854775807, 0], x=[0.1, nan, -inf], b=[true, false, true])
        t["a \"b\",\nc"] = ["a, \"b\"", "", "ä\nb"]
        fields = keys(t)"#;
    eval(&mut session, table).expect("it is sound");
    for (path, options) in
        [("t.csv", ""), ("t.tsv", ", delimiter=\"\\t\""), ("t.csv.gz", ""), ("t.txt", ", header=false, names=fields")]
    {
        let code = format!("write_csv(\"{path}\", t{options})\nu = read_csv(\"{path}\"{options})");
        eval(&mut session, &code).unwrap_or_else(|error| panic!("{path}: {error}"));
        let (Some(Value::Record(t)), Some(Value::Record(u))) = (session.get("t"), session.get("u")) else {
            panic!("{path}: a table is a record")
        };
        assert!(t.0.keys().eq(u.0.keys()), "{path}");
        for (name, column) in &t.0 {
            let (written, read) = (tensor(column), tensor(&u.0[name]));
            assert_eq!((written.dtype(), exact(&written)), (read.dtype(), exact(&read)), "{path}: {name}");
        }
    }
}

#[test]
fn text_round_trips_whatever_it_looks_like() {
    let scratch = Scratch::new("lookalikes");
    let mut session = session(&scratch.0);
    let table = r##"
        t = (a=["NA", "none", "null", "nan", "N/A"], b=[" x", "y ", "NaN", "", "\"NA\""], c=[nan, 1, nan, 2, 3])
        t[" blanks "] = ["\u{feff}a", "\u{feff}", "NULL", "#", "\r"]"##;
    eval(&mut session, table).expect("it is sound");
    let only = "\nu = (first=[\"\u{feff}NA\", \"b\"])\nu[\"\u{feff}mark\"] = [\"\", \"c\"]";
    eval(&mut session, only).expect("it is sound");
    for (table, options) in [("t", ""), ("t", ", delimiter=\";\""), ("u", ""), ("u", ", header=false")] {
        let names = if options.contains("header") { ", names=keys(u)" } else { "" };
        let code = format!(
            "write_csv(\"t.csv\", {table}{options})\nr = read_csv(\"t.csv\"{options}{names})\nassert(f\"{{r}}\" == f\"{{{table}}}\", f\"{{r}}\")"
        );
        eval(&mut session, &code).unwrap_or_else(|error| panic!("{table}{options}: {error}"));
    }
}

#[test]
fn what_is_no_array_in_an_archive_is_left_out() {
    let scratch = Scratch::new("members");
    let mut session = session(&scratch.0);
    let mut eval = |code: &str| eval(&mut session, code).map_err(|error| error.to_string());
    eval("savez(\"a.npz\", (x=[1, 2], y=[3.5], z=[\"a\"]))").expect("it is writable");
    let sound = fs::read(scratch.0.join("a.npz")).expect("it was written");
    let renamed = |from: &[u8], to: &[u8]| {
        let mut bytes = sound.clone();
        let places: Vec<usize> = (0..bytes.len() - from.len()).filter(|&at| bytes[at..].starts_with(from)).collect();
        assert_eq!(places.len(), 2, "a name stands ahead of the file and in the directory");
        places.iter().for_each(|&at| bytes[at..at + to.len()].copy_from_slice(to));
        bytes
    };
    fs::write(scratch.0.join("b.npz"), renamed(b"y.npy", b"y.txt")).expect("it is writable");
    eval("b = load(\"b.npz\")\nassert(f\"{keys(b)}\" == \"['x' 'z']\")").expect("two are arrays");
    assert!(eval("load(\"b.npz\", \"y.txt\")").is_err_and(|error| error.contains("holds no array `y.txt`")));
    // a member with a dtype that is not there, or whose own head is damaged, does not hide the others
    let mut complex = sound.clone();
    let at = (0..complex.len()).find(|&at| complex[at..].starts_with(b"'<f8'")).expect("y is of floats");
    complex[at..at + 5].copy_from_slice(b"'<c8'");
    let mut damaged = sound.clone();
    let at = (0..damaged.len()).find(|&at| damaged[at..].starts_with(b"y.npy")).expect("y is in it");
    damaged[at - 30] = b'?';
    for (name, bytes) in [("c.npz", complex), ("d.npz", damaged)] {
        fs::write(scratch.0.join(name), bytes).expect("it is writable");
        let error = super::eval(&mut super::session(&scratch.0), &format!("load(\"{name}\")")).expect_err(name);
        let help = format!("`load(\"{name}\", name)` reads one array, whatever the others are");
        assert!(error.details().help.contains(&help), "{error}");
        eval(&format!("assert(load(\"{name}\", \"z\")[0] == \"a\")")).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(eval(&format!("load(\"{name}\", \"y\")")).is_err(), "{name}");
    }
}

#[test]
fn messages_describe_what_was_given() {
    let scratch = Scratch::new("messages");
    let mut session = session(&scratch.0);
    let write = "write_text(\"t.csv\", \"a,b\\n1,2\\n\")";
    eval(&mut session, write).expect("it is writable");
    for (code, message) in [
        ("savetxt(\"o.txt\", \"abc\")", "has to be an array of one axis or two, this is"),
        ("write_csv(\"e.csv\", 3)", "has to be a record or an array of one axis or two, this is"),
        ("savetxt(\"o.txt\", [1, 2], fmt=(\"%d\", \"%d\"))", "2 formats for 1 column"),
        ("savetxt(\"o.txt\", [nan], fmt=\"%d\")", "`%d` does not format nan"),
        ("write_csv(\"e.csv\", [1, 2], names=(\"a\", \"b\"))", "2 names for 1 column"),
        ("write_csv(\"e.csv\", [1, 2], delimiter=\"é\")", "the delimiter is one ASCII character"),
        ("write_csv(\"e.csv\", [[1, 2]], names=(\"b\", \"b\"))", "`names` has \"b\" twice"),
        ("write_csv(\"e.csv\", zeros((3, 0)))", "a table without columns cannot be written"),
        ("read_csv(\"t.csv\", dtype=(a=3))", "the dtype of the column `a` is"),
    ] {
        let error = eval(&mut session, code).expect_err(code).to_string();
        assert!(error.contains(message), "{code}: {error}");
        assert!(!error.ends_with("columns"), "{code}: {error}");
    }
    assert_eq!(fs::read_dir(&scratch.0).map(Iterator::count).ok(), Some(1));
}

#[test]
fn what_lives_on_a_device_is_written_from_there() {
    let scratch = Scratch::new("device");
    let mut session = session(&scratch.0);
    // without it the test fails: it is never skipped in silence
    session.set_devices(Choice::Software, true);
    let code = r#"
        x = [[0.5, 1.5], [2.5, 3.5]] @ gpu
        save("x.npy", x.T * 2)
        savez("x.npz", (x=x, y=1))
        savetxt("x.txt", x)
        write_csv("x.csv", x)
        assert(x.device == gpu)
        assert_close(load("x.npy"), f32([[1, 5], [3, 7]]))
        assert_close(load("x.npz", "x"), f32([[0.5, 1.5], [2.5, 3.5]]))
        assert_close(loadtxt("x.txt"), [[0.5, 1.5], [2.5, 3.5]])
        @ gpu { y = (load("x.npy"), load("x.npz").x, read_csv("x.csv").f0) }
        assert(type(y) == "(f32[2, 2] @ gpu, f32[2, 2] @ gpu, f32[2] @ gpu)")"#;
    eval(&mut session, code).unwrap_or_else(|error| panic!("{error}"));
}
