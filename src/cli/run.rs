//! `nabla FILE`, `nabla -e CODE`, `nabla -`: runs one program from start to end.

use super::args::{Options, Program, SUBCOMMANDS};
use super::console::{Console, Types, say};
use super::host::{self, Ending};
use super::{graph_stats, input, interrupt};
use nabla::diagnostics::{Error, Source, load, suggest};
use std::path::Path;
use std::sync::Arc;

pub fn run(program: Program, args: Vec<String>, options: &Options) -> Ending {
    let mut console = Console::new(Types::Hidden).quiet(options.quiet);
    let source = match load_program(program) {
        Ok(source) => source,
        Err(error) => return host::report(Err(vec![error]), &mut console, options),
    };
    let mut session = host::session(Box::new(console.clone()), options);
    session.set_args(args);
    session.set_input(input::reader(console.clone(), session.interrupt()));
    interrupt::listen(session.interrupt());
    if options.graph_stats {
        session.watch_graphs();
    }
    let result = host::guarded(|| session.eval(source));
    let ending = host::report(result, &mut console, options);
    say(&graph_stats::text(&session.graphs()));
    ending
}

fn load_program(program: Program) -> Result<Arc<Source>, Error> {
    match program {
        Program::Code(code) => Ok(Arc::new(Source::new("<command line>", code))),
        Program::Stdin => load::load("<stdin>", std::io::stdin().lock()),
        Program::File(path) => load::load_file(&path).map_err(|error| with_advice(error, &path)),
    }
}

/// A file that is not there may be a mistyped subcommand or lack its extension.
fn with_advice(error: Error, path: &Path) -> Error {
    if path.exists() {
        return error;
    }
    let script = path.with_extension("nab");
    if script.is_file() {
        return error.help(format!("did you mean `{}`?", script.display()));
    }
    match path.to_str().and_then(|name| suggest::nearest(name, SUBCOMMANDS)) {
        Some(subcommand) => error.help(format!("did you mean `nabla {subcommand}`?")),
        None => error,
    }
}
