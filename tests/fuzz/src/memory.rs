//! Counts what the thread under examination allocates: a length in the input must not make a
//! decoder take memory that its bytes do not justify. libFuzzer sees only what the whole process
//! holds, and bytes asked for but not touched not at all.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

/// The system's allocator, counting.
struct Counting;

#[derive(Clone, Copy)]
struct Count {
    held: isize,
    most: isize,
}

thread_local! {
    static COUNT: Cell<Count> = const { Cell::new(Count { held: 0, most: 0 }) };
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: every call goes to the system's allocator as it came; counting allocates nothing, for the
// thread's counter is constant at its start and needs no destructor.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        add(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both are there while the content moves.
        add(size);
        take(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.realloc(block, layout, size) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        take(layout.size());
        // SAFETY: as the caller promises.
        unsafe { System.dealloc(block, layout) }
    }
}

fn add(bytes: usize) {
    COUNT.with(|count| {
        let Count { held, most } = count.get();
        let held = held.wrapping_add_unsigned(bytes);
        count.set(Count { held, most: most.max(held) });
    });
}

fn take(bytes: usize) {
    COUNT.with(|count| {
        let Count { held, most } = count.get();
        count.set(Count { held: held.wrapping_sub_unsigned(bytes), most });
    });
}

/// What `work` gives, and the most bytes that this thread held meanwhile beyond those before.
pub fn measured<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = COUNT.with(|count| {
        let Count { held, most } = count.get();
        count.set(Count { held, most: held });
        Count { held, most }
    });
    let result = work();
    let most = COUNT.with(|count| {
        let Count { held, most } = count.get();
        // So that measuring may stand inside measuring.
        count.set(Count { held, most: most.max(before.most) });
        most
    });
    (result, usize::try_from(most - before.held).unwrap_or_default())
}
