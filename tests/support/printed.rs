//! What a session prints, kept for a test to look at.

use nabla::session::Output;
use std::cell::RefCell;
use std::io;
use std::rc::Rc;

/// Clones share the text.
#[derive(Clone, Default)]
pub struct Printed(Rc<RefCell<String>>);

impl Printed {
    /// What was printed since the last look.
    pub fn take(&self) -> String {
        self.0.take()
    }
}

impl Output for Printed {
    fn text(&mut self, text: &str) -> io::Result<()> {
        self.0.borrow_mut().push_str(text);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
