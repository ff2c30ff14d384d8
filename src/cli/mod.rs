//! The command line: one file per subcommand, and what they share.
//!
//! Only here and at the prompt does anything print or end the process; the library never does.

mod args;
pub mod console;
mod devices;
pub mod host;
pub mod input;
pub mod interrupt;
mod run;
mod test;

pub use args::Options;
use args::{Command, Program};
use console::{Console, Types};
use host::Ending;
use nabla::session::Output;
use std::io::{self, IsTerminal};
use std::process::ExitCode;

const BAD_USAGE: u8 = 2;

pub fn main() -> ExitCode {
    // whether there is colour is decided where a text is made, for the stream it goes to
    colored::control::set_override(true);
    let (command, options) = match args::parse(std::env::args_os().skip(1), Options::default()) {
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
