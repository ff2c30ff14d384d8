//! `nabla devices`: what there is to compute on.

use super::args::Options;
use super::console::{Console, Types};
use super::host::{self, Ending};
use nabla::context::readable;
use nabla::session::Output;

pub fn run(options: &Options) -> Ending {
    let mut console = Console::new(Types::Hidden);
    let session = host::session(Box::new(console.clone()), options);
    for about in session.devices() {
        let memory = readable(usize::try_from(about.memory).unwrap_or(usize::MAX));
        let kind = if about.driver.is_empty() { String::new() } else { format!(" ({}, {})", about.kind, about.driver) };
        // A failure to write shows again when `report` flushes.
        drop(console.text(&format!("{:<8}{}{kind}, {memory}\n", about.device.to_string(), about.name)));
    }
    host::report(Ok(()), &mut console, options)
}
