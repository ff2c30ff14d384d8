//! What the system tells about its memory.

use std::cell::Cell;
use std::fs;
use std::time::{Duration, Instant};

/// From so many bytes on the system is asked, which takes microseconds...
const LARGE: usize = 64 << 20;
/// ... though not for every element that is appended to a large value. To fill as much memory takes longer than this.
const ASK_AGAIN: Duration = Duration::from_millis(1);

/// The system, as one that hands out memory.
#[derive(Debug, Default)]
pub struct System {
    /// When it was last asked, and how many bytes it had left.
    asked: Cell<Option<(Instant, usize)>>,
}

impl System {
    /// Has it so many bytes left for this process? Linux hands out memory that it does not have, and ends the process
    /// which then uses it.
    #[inline]
    pub fn has(&self, bytes: usize) -> bool {
        bytes < LARGE || self.has_left(bytes)
    }

    #[cold]
    fn has_left(&self, bytes: usize) -> bool {
        if self.asked.get().is_some_and(|(then, left)| bytes <= left && then.elapsed() < ASK_AGAIN) {
            return true;
        }
        let left = left();
        let has = bytes <= left && fits_address_space(bytes);
        self.asked.set(has.then(|| (Instant::now(), left)));
        has
    }
}

/// Bytes of main memory; 8 GB where the system does not tell.
pub fn physical() -> usize {
    field("/proc/meminfo", "MemTotal:").map_or(8_000_000_000, |kilobytes| kilobytes.saturating_mul(1024))
}

/// Bytes that are left, in this container if there is one; as many as there can be where the system does not tell.
pub fn left() -> usize {
    let machine =
        field("/proc/meminfo", "MemAvailable:").map_or(usize::MAX, |kilobytes| kilobytes.saturating_mul(1024));
    machine.min(left_in_container().unwrap_or(usize::MAX))
}

/// None without a limit. Copies of files make way when memory is needed.
fn left_in_container() -> Option<usize> {
    let number = |name| fs::read_to_string(name).ok()?.trim().parse::<usize>().ok();
    let used = number("/sys/fs/cgroup/memory.current")?.saturating_sub(field("/sys/fs/cgroup/memory.stat", "file")?);
    Some(number("/sys/fs/cgroup/memory.max")?.saturating_sub(used))
}

/// A process may have less address space than there is memory.
fn fits_address_space(bytes: usize) -> bool {
    Vec::<u8>::new().try_reserve_exact(bytes).is_ok()
}

/// The number behind a word at the start of a line.
fn field(path: &str, word: &str) -> Option<usize> {
    let text = fs::read_to_string(path).ok()?;
    let mut lines = text.lines().map(str::split_whitespace);
    let mut line = lines.find_map(|mut line| (line.next() == Some(word)).then_some(line))?;
    line.next()?.parse().ok()
}
