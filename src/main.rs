//! The command `nabla`. Everything that prints to a terminal or ends the process lives here, in `cli` and `repl`.

mod cli;
mod repl;

#[global_allocator]
static ALLOCATOR: nabla::Allocator = nabla::Allocator;

fn main() -> std::process::ExitCode {
    quiet_drivers();
    cli::main()
}

/// Mesa has a layer that picks the graphics card of a desktop, and complains on standard error where there is none. We
/// pick by ourselves.
fn quiet_drivers() {
    const LAYER: &str = "NODEVICE_SELECT";
    if std::env::var_os(LAYER).is_none() {
        // SAFETY: this is the first thing the process does: there is no other thread that could read the environment.
        unsafe { std::env::set_var(LAYER, "1") };
    }
}
