//! Memory that the sockets of a thread lend to each other, so that none keeps any while it has nothing to do, and yet seldom one has
//! to ask the allocator. It does not know what is in it.

use std::cell::RefCell;

/// Pieces that a thread keeps: one for what comes in, one for what goes out.
const KEPT: usize = 2;
/// Larger ones are given back to the allocator: whoever holds half a message must not hold much.
const LARGEST: usize = 4 * 1024;

thread_local! {
    static SPARE: RefCell<Vec<Vec<u8>>> = const { RefCell::new(Vec::new()) };
}

/// Lends memory to a vector that has none.
pub(super) fn borrow(bytes: &mut Vec<u8>) {
    if bytes.capacity() == 0
        && let Some(spare) = SPARE.with_borrow_mut(Vec::pop)
    {
        *bytes = spare;
    }
}

/// Takes a vector's memory; it is empty afterwards.
pub(super) fn give_back(bytes: &mut Vec<u8>) {
    let mut spare = std::mem::take(bytes);
    if spare.capacity() == 0 || spare.capacity() > LARGEST {
        return;
    }
    spare.clear();
    SPARE.with_borrow_mut(|kept| {
        if kept.len() < KEPT {
            kept.push(spare);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_lent_again_unless_it_is_large_or_more_than_is_kept() {
        let mut first = b"first".to_vec();
        let place = first.as_ptr();
        give_back(&mut first);
        assert_eq!(first.capacity(), 0, "the giver has none any more");
        borrow(&mut first);
        assert!(first.is_empty() && first.as_ptr() == place);
        let mut busy = b"busy".to_vec();
        borrow(&mut busy);
        assert_eq!(busy, b"busy", "who has memory keeps it, and what is in it");

        give_back(&mut Vec::with_capacity(LARGEST + 1));
        let mut none = Vec::new();
        borrow(&mut none);
        assert_eq!(none.capacity(), 0);

        for _ in 0..KEPT + 1 {
            give_back(&mut Vec::with_capacity(8));
        }
        assert_eq!(SPARE.with_borrow(Vec::len), KEPT);
    }
}
