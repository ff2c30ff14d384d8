//! What the system tells about its memory. It must never be asked about small values: that takes microseconds.

use std::fs;

/// Bytes of main memory; 8 GB where the system does not tell.
pub fn physical() -> usize {
    meminfo("MemTotal:").unwrap_or(8_000_000_000)
}

/// Bytes that are left to this process, as far as the system tells; else as many as there can be. Linux hands out
/// memory that it does not have, and ends the process which then uses it.
pub fn left() -> usize {
    let machine = meminfo("MemAvailable:").unwrap_or(usize::MAX);
    let group = || Some(group("memory.max")?.saturating_sub(group("memory.current")?));
    machine.min(group().unwrap_or(usize::MAX))
}

/// Does the process get so much address space? It may have less than there is memory.
pub fn fits_address_space(bytes: usize) -> bool {
    Vec::<u8>::new().try_reserve_exact(bytes).is_ok()
}

fn meminfo(name: &str) -> Option<usize> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    let kilobytes: usize = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes.saturating_mul(1024))
}

/// What is told of the container that this process is in, if that has a limit.
fn group(name: &str) -> Option<usize> {
    fs::read_to_string(format!("/sys/fs/cgroup/{name}")).ok()?.trim().parse().ok()
}
