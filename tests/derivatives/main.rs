//! The derivatives of every operation and of every function: against differences, against each other in every order of
//! forward and backward, in single precision, in batches, on the GPU; at kinks; and against known values.
//!
//! What is compared is data, and how is written in Nabla: `checks.nab` with the cases of `cases.txt`,
//! `stated.nab` with those of `kinks.nab`.
//! Nothing is left out in silence: every function has a case or stands on a list with the reason.

mod case;
mod functions;
mod known;
mod operations;
#[path = "../support/printed.rs"]
mod printed;

use nabla::gpu::Choice;
use nabla::{Session, Source};
use printed::Printed;
use std::sync::Arc;

/// What every case is held against.
const CHECKS: &str = include_str!("checks.nab");

struct Runner {
    session: Session,
    printed: Printed,
}

impl Runner {
    fn new(code: &str) -> Runner {
        let printed = Printed::default();
        let mut session = Session::new(Box::new(printed.clone()));
        // without it the test fails: it is never skipped in silence
        session.set_devices(Choice::Software, true);
        let mut runner = Runner { session, printed };
        runner.eval(code).unwrap_or_else(|error| panic!("{error}"));
        runner
    }

    /// What the code prints, or the message of its error.
    fn eval(&mut self, code: &str) -> Result<String, String> {
        let source = Arc::new(Source::new("<derivatives>", code));
        let done = self.session.eval(source);
        let printed = self.printed.take();
        done.map(|()| printed).map_err(|errors| nabla::diagnostics::render(&errors, false))
    }
}
