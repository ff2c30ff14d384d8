//! An allocator that suits arrays: buffers begin at a line of the cache, large ones at a large page, unless they grew.
//!
//! A vector register that is loaded across two lines costs twice, and a matrix on small pages scattered over memory does
//! not fit the cache that is as large as it. A library must not choose the allocator of its program: the command
//! installs this one. Where memory comes from must depend on its size and alignment alone.

use std::alloc::{GlobalAlloc, Layout, System};

/// Bytes of a line of the cache.
const LINE: usize = 64;
/// Smaller buffers are left as they are.
const LEAST: usize = 4096;

/// The system's allocator, with borders that suit arrays.
pub struct Allocator;

/// What the system is asked for.
fn lined(layout: Layout) -> Layout {
    match layout.size() < LEAST {
        true => layout,
        // it was valid, and of a size that is far from the largest
        false => layout.align_to(LINE).unwrap_or(layout),
    }
}

// None of it is inlined: there are tens of thousands of places that allocate.
//
// Safety: every call goes to the system's allocator, or to `large` where the size says so; both are asked with a layout
// that depends on the given one alone, so that memory goes back to where it came from.
unsafe impl GlobalAlloc for Allocator {
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match large::is(layout) {
            true => large::map(layout),
            // Safety: the caller's promises about the layout hold for this one
            false => unsafe { System.alloc(lined(layout)) },
        }
    }

    #[inline(never)]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        match large::is(layout) {
            // fresh pages hold zeros
            true => large::map(layout),
            // Safety: as above
            false => unsafe { System.alloc_zeroed(lined(layout)) },
        }
    }

    #[inline(never)]
    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        match large::is(layout) {
            // Safety: it was mapped with this layout
            true => unsafe { large::unmap(memory, layout) },
            // Safety: it comes from the system, with this layout
            false => unsafe { System.dealloc(memory, lined(layout)) },
        }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Safety: the caller promises that the size is valid with this alignment
        let to = unsafe { Layout::from_size_align_unchecked(size, layout.align()) };
        if large::is(layout) && large::is(to) {
            // Safety: it was mapped with this layout
            return unsafe { large::remap(memory, layout, to) };
        }
        if layout.size() < LEAST && size < LEAST {
            // Safety: it comes from the system, with this very layout
            return unsafe { System.realloc(memory, layout, size) };
        }
        // Safety: the new buffer is another one, and both hold as many bytes as are copied
        unsafe {
            let new = self.alloc(to);
            if !new.is_null() {
                std::ptr::copy_nonoverlapping(memory, new, layout.size().min(size));
                self.dealloc(memory, layout);
            }
            new
        }
    }
}

#[cfg(target_os = "linux")]
mod large {
    use rustix::mm::{self, Advice, MapFlags, MremapFlags, ProtFlags};
    use std::alloc::Layout;
    use std::ptr;

    /// Bytes of a large page.
    const PAGE: usize = 2 << 20;
    /// Bytes of a small one, or several: systems have pages of 4, 16 or 64 KiB.
    const SMALL: usize = 64 << 10;

    /// Does a buffer lie on pages of its own?
    #[inline]
    pub fn is(layout: Layout) -> bool {
        layout.size() >= 2 * PAGE && layout.align() <= SMALL
    }

    fn bytes(layout: Layout) -> usize {
        // a layout is never larger than half of all addresses
        layout.size().next_multiple_of(SMALL)
    }

    /// Fresh pages; null when there are none.
    pub fn map(layout: Layout) -> *mut u8 {
        let bytes = bytes(layout);
        // Safety: a mapping at a place that the system chooses touches no other
        let found = unsafe {
            mm::mmap_anonymous(ptr::null_mut(), bytes + PAGE, ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE)
        };
        let Ok(found) = found else { return ptr::null_mut() };
        let ahead = found.addr().next_multiple_of(PAGE) - found.addr();
        let start = found.wrapping_byte_add(ahead);
        // Safety: what is cut off before and behind is of this mapping and nobody's yet. Advice never changes what memory
        // holds. Where the system refuses one of them, a part of the mapping is not used, or lies on small pages.
        unsafe {
            if ahead > 0 {
                _ = mm::munmap(found, ahead);
            }
            if ahead < PAGE {
                _ = mm::munmap(start.wrapping_byte_add(bytes), PAGE - ahead);
            }
            _ = mm::madvise(start, bytes, Advice::LinuxHugepage);
        }
        start.cast()
    }

    /// Safety: the memory comes from `map` or `remap`, with this layout.
    pub unsafe fn unmap(memory: *mut u8, layout: Layout) {
        // Safety: this is all of it. Memory that the system refuses to take stays mapped.
        _ = unsafe { mm::munmap(memory.cast(), bytes(layout)) };
    }

    /// The pages go elsewhere rather than what they hold; null where there is no place for more.
    ///
    /// Safety: the memory comes from `map` or `remap`, with this layout.
    pub unsafe fn remap(memory: *mut u8, from: Layout, to: Layout) -> *mut u8 {
        // Safety: this is all of it, and whoever asked does not use the old address any more
        let moved = unsafe { mm::mremap(memory.cast(), bytes(from), bytes(to), MremapFlags::MAYMOVE) };
        moved.map_or(ptr::null_mut(), <*mut _>::cast)
    }
}

/// Elsewhere all buffers are the system's.
#[cfg(not(target_os = "linux"))]
mod large {
    use std::alloc::Layout;

    pub fn is(_: Layout) -> bool {
        false
    }

    pub fn map(_: Layout) -> *mut u8 {
        std::ptr::null_mut()
    }

    pub unsafe fn unmap(_: *mut u8, _: Layout) {}

    pub unsafe fn remap(_: *mut u8, _: Layout, _: Layout) -> *mut u8 {
        std::ptr::null_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sizes on both sides of every border.
    const SIZES: [usize; 8] = [1, 4095, 4096, 100_000, (4 << 20) - 1, 4 << 20, (4 << 20) + 1, 9_000_001];

    fn layout(size: usize) -> Layout {
        Layout::from_size_align(size, 8).unwrap()
    }

    #[test]
    fn buffers_begin_at_lines_and_large_pages() {
        for size in SIZES {
            for zeroed in [false, true] {
                // Safety: the layout is not empty; what is read was written or asked for as zeros
                unsafe {
                    let memory =
                        if zeroed { Allocator.alloc_zeroed(layout(size)) } else { Allocator.alloc(layout(size)) };
                    assert!(!memory.is_null());
                    let border = match size {
                        ..LEAST => 8,
                        LEAST..0x40_0000 => LINE,
                        _ if cfg!(target_os = "linux") => 2 << 20,
                        _ => LINE,
                    };
                    assert_eq!(memory.addr() % border, 0, "{size} bytes");
                    if zeroed {
                        assert!(std::slice::from_raw_parts(memory, size).iter().all(|&byte| byte == 0));
                    }
                    memory.write_bytes(0xa5, size);
                    Allocator.dealloc(memory, layout(size));
                }
            }
        }
    }

    #[test]
    fn a_buffer_keeps_what_it_holds_when_it_grows_or_shrinks() {
        for from in SIZES {
            for to in SIZES {
                // Safety: the layouts are not empty; what is read was written
                unsafe {
                    let memory = Allocator.alloc(layout(from));
                    (0..from).for_each(|at| memory.add(at).write((at % 251) as u8));
                    let memory = Allocator.realloc(memory, layout(from), to);
                    assert!(!memory.is_null());
                    let kept = std::slice::from_raw_parts(memory, from.min(to));
                    assert!(kept.iter().enumerate().all(|(at, &byte)| byte == (at % 251) as u8), "{from} to {to}");
                    memory.write_bytes(0, to);
                    Allocator.dealloc(memory, layout(to));
                }
            }
        }
    }

    #[test]
    fn too_much_is_refused() {
        // Safety: the layout is not empty
        assert!(unsafe { Allocator.alloc(layout(isize::MAX as usize - 4096)) }.is_null());
    }
}
