//! The command line: one file per subcommand, and what they share.
//!
//! Only here and at the prompt does anything print or end the process; the library never does.

mod args;
pub mod console;
mod devices;
mod graph_stats;
pub mod host;
pub mod input;
pub mod interrupt;
mod run;
mod test;

pub use args::Options;
use args::{Command, Program};
use console::{Console, Types};
use host::Ending;
use nabla::Isa;
use nabla::session::Output;
use std::io::{self, IsTerminal};
use std::process::ExitCode;

const BAD_USAGE: u8 = 2;

pub fn main() -> ExitCode {
    // whether there is colour is decided where a text is made, for the stream it goes to
    colored::control::set_override(true);
    let parsed = environment()
        .map_err(lexopt::Error::from)
        .and_then(|options| args::parse(std::env::args_os().skip(1), options));
    let (command, options) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            console::say(&format!("error: {error}\nSee `nabla --help`.\n"));
            return BAD_USAGE.into();
        }
    };
    if let Command::Unavailable(subcommand) = command {
        console::say(&format!("error: `nabla {subcommand}` is not yet available\n"));
        return BAD_USAGE.into();
    }
    match host::on_deep_stack(move || execute(command, &options)) {
        Ok(ending) => ending.status().into(),
        Err(error) => {
            console::say(&format!("error: cannot start: {error}\n"));
            Ending::Failed.status().into()
        }
    }
}

/// A variable of the environment; what is no text is a value that nothing takes.
fn variable(name: &str) -> Option<String> {
    std::env::var_os(name).map(|value| value.to_string_lossy().into_owned())
}

/// The options that the environment gives.
fn environment() -> Result<Options, String> {
    let mut options = Options::default();
    if let Some(text) = variable("NABLA_THREADS") {
        options.threads = Some(args::positive(&text).map_err(|what| format!("NABLA_THREADS is {text}: {what}"))?);
    }
    if let Some(text) = variable("NABLA_GPU_MEMORY") {
        options.gpu_memory = Some(args::size(&text).map_err(|what| format!("NABLA_GPU_MEMORY is {text}: {what}"))?);
    }
    if let Some(text) = variable("NABLA_ISA") {
        let names = || Isa::all().into_iter().map(Isa::name).collect::<Vec<_>>().join(", ");
        let isa = Isa::all().into_iter().find(|isa| isa.name() == text);
        options.isa = Some(isa.ok_or_else(|| format!("NABLA_ISA is {text}: this processor has {}", names()))?);
    }
    Ok(options)
}

fn execute(command: Command, options: &Options) -> Ending {
    match command {
        Command::Bare if io::stdin().is_terminal() => crate::repl::run(options),
        Command::Bare => run::run(Program::Stdin, Vec::new(), options),
        Command::Run { program, args } => run::run(program, args, options),
        Command::Test { paths, bless } => test::run(&paths, bless, options),
        Command::Devices => devices::run(options),
        Command::Version => print(concat!("nabla ", env!("CARGO_PKG_VERSION"), "\n"), options),
        Command::Help | Command::Unavailable(_) => print(include_str!("help.txt"), options),
    }
}

fn print(text: &str, options: &Options) -> Ending {
    let mut console = Console::new(Types::Hidden);
    // A failure to write shows again when `report` flushes.
    drop(console.text(text));
    host::report(Ok(()), &mut console, options)
}
