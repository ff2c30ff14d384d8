//! The command `nabla`. Everything that prints to a terminal or ends the process lives here, in `cli` and `repl`.

mod cli;
mod repl;

fn main() -> std::process::ExitCode {
    cli::main()
}
