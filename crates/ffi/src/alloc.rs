//! The allocator of the engine as WebAssembly: small, because it is downloaded, and quick where an interpreter runs it.
//! Free blocks of each size wait in a list of their own; nothing is merged or given back, as a page's memory never shrinks
//! anyway. It knows sizes and addresses, nothing of the engine. Besides `abi.rs` the only file with unsafe code.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout};
use std::cell::UnsafeCell;

/// Of one block: all addresses and sizes are multiples of it.
const ALIGN: usize = 8;
/// The memory grows by at least this, and by an eighth of what it is: as plain JavaScript it is copied each time.
const PAGE: usize = 65536;

/// The list that blocks of at least `size` bytes belong to, and how many bytes each of them has: up to 64 in steps of 8, then four
/// sizes from each power of two to the next.
fn class(size: usize) -> (usize, usize) {
    let last = size.max(1) - 1;
    let shift = (last.checked_ilog2().unwrap_or(0)).saturating_sub(2).max(ALIGN.ilog2());
    let step = last >> shift;
    ((shift as usize) * 4 + step, (step + 1) << shift)
}

/// Free memory.
struct Heap {
    /// The first free block of each class, 0 for none; the next one's address stands in it.
    free: [usize; 256],
    /// What was never handed out.
    from: usize,
    to: usize,
    /// How much there is in all.
    total: usize,
    /// Adds so many bytes; says where they begin.
    grow: fn(usize) -> Option<usize>,
}

impl Heap {
    const fn new(grow: fn(usize) -> Option<usize>) -> Heap {
        Heap { free: [0; 256], from: 0, to: 0, total: 0, grow }
    }

    /// The address of a block, or 0.
    fn take(&mut self, size: usize) -> usize {
        let (class, size) = class(size);
        let first = self.free[class];
        if first != 0 {
            // SAFETY: free blocks are ours, at least ALIGN bytes long and aligned, and `give` wrote a link into this one.
            self.free[class] = unsafe { *(first as *const usize) };
            return first;
        }
        if self.to - self.from < size {
            let wanted = size.max(self.total / 8).div_ceil(PAGE) * PAGE;
            let Some(begin) = (self.grow)(wanted) else { return 0 };
            // What is left of a piece that the new one does not follow is lost.
            if begin != self.to {
                self.from = begin;
            }
            self.to = begin + wanted;
            self.total += wanted;
        }
        let block = self.from;
        self.from += size;
        block
    }

    /// # Safety
    /// `block` came from `take` with a size of this class, and nobody uses it any more.
    unsafe fn give(&mut self, block: usize, size: usize) {
        let (class, _) = class(size);
        // SAFETY: it is ours again, long enough and aligned.
        unsafe { *(block as *mut usize) = self.free[class] };
        self.free[class] = block;
    }
}

/// The heap of a machine with one thread.
struct Single(UnsafeCell<Heap>);

// SAFETY: used as the allocator of wasm32 without atomics alone, where there is no second thread.
unsafe impl Sync for Single {}

// SAFETY: blocks are aligned to ALIGN, at least as long as asked for, and never handed out twice.
unsafe impl GlobalAlloc for Single {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if layout.align() > ALIGN {
            return std::ptr::null_mut();
        }
        // SAFETY: one thread, and `take` calls nothing that allocates.
        unsafe { (*self.0.get()).take(layout.size()) as *mut u8 }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above; the caller hands back what `alloc` gave for this layout.
        unsafe { (*self.0.get()).give(block as usize, layout.size()) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if class(layout.size()) == class(size) {
            return block;
        }
        // SAFETY: the caller's promises are those of the three calls; the shorter of the sizes fits both blocks.
        unsafe {
            let grown = self.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !grown.is_null() {
                std::ptr::copy_nonoverlapping(block, grown, size.min(layout.size()));
                self.dealloc(block, layout);
            }
            grown
        }
    }
}

#[cfg(target_arch = "wasm32")]
mod wasm {
    use super::{Heap, PAGE, Single, UnsafeCell};

    #[global_allocator]
    static HEAP: Single = Single(UnsafeCell::new(Heap::new(grow)));

    fn grow(bytes: usize) -> Option<usize> {
        match core::arch::wasm32::memory_grow::<0>(bytes / PAGE) {
            usize::MAX => None,
            pages => Some(pages * PAGE),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_has_a_class_that_holds_it() {
        let mut before = (0, 0);
        for size in (1..100_000).chain((1 << 20)..(1 << 20) + 100) {
            let (list, bytes) = class(size);
            assert!(bytes >= size && bytes.is_multiple_of(ALIGN) && list < 256, "{size}");
            assert!(bytes <= size.next_multiple_of(8) * 5 / 4, "{size} wastes {bytes}");
            // One list holds blocks of one size.
            assert_eq!(list == before.0, bytes == before.1, "{size}");
            before = (list, bytes);
        }
        assert!(class(1 << 31).0 < 256);
    }

    fn pages(bytes: usize) -> Option<usize> {
        (bytes <= 64 * PAGE).then(|| Box::leak(vec![0u64; bytes / 8].into_boxed_slice()).as_ptr() as usize)
    }

    #[test]
    fn blocks_never_overlap_and_are_used_again() {
        let heap = Single(UnsafeCell::new(Heap::new(pages)));
        let layout = |size| Layout::from_size_align(size, 8).unwrap();
        let mut rng = 7u32;
        let mut held: Vec<(*mut u8, usize, u8)> = Vec::new();
        for step in 0..20_000u32 {
            rng = rng.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let (size, mark) = ((rng >> 8) as usize % 700 + 1, step as u8);
            let at = rng as usize % (held.len() + 1);
            // SAFETY: each block is used within its size, and handed back once with its layout.
            unsafe {
                if held.len() < 300 || at == held.len() {
                    let block = heap.alloc(layout(size));
                    assert!(!block.is_null() && (block as usize).is_multiple_of(ALIGN));
                    block.write_bytes(mark, size);
                    held.push((block, size, mark));
                    continue;
                }
                let (block, old, mark) = held.swap_remove(at);
                assert!(
                    std::slice::from_raw_parts(block, old).iter().all(|byte| *byte == mark),
                    "step {step}"
                );
                if rng & 1 << 20 == 0 {
                    heap.dealloc(block, layout(old));
                } else {
                    let block = heap.realloc(block, layout(old), size);
                    assert!(
                        std::slice::from_raw_parts(block, old.min(size)).iter().all(|byte| *byte == mark)
                    );
                    block.write_bytes(mark, size);
                    held.push((block, size, mark));
                }
            }
        }
        // SAFETY: no block is touched.
        unsafe {
            let block = heap.alloc(layout(100));
            heap.dealloc(block, layout(100));
            assert_eq!(heap.alloc(layout(104)), block, "a free block of the class is taken first");
            assert!(heap.alloc(layout(65 * PAGE)).is_null(), "no memory is no block");
            assert!(heap.alloc(Layout::from_size_align(8, 16).unwrap()).is_null());
        }
    }
}
