//! Lists from iterators, for code that is downloaded. An iterator that is driven from within (`for_each`) compiles to plain loops;
//! `collect` asks for one item after the other, for which each chain keeps where it stands: several times the code.

/// What gives items.
pub(crate) trait Gather: Iterator + Sized {
    /// All of them.
    fn gather(self) -> Vec<Self::Item> {
        let mut all = Vec::new();
        self.for_each(|item| append(&mut all, item));
        all
    }
}

impl<I: Iterator> Gather for I {}

/// Once for each size of item, not once for each chain.
#[inline(never)]
fn append<T>(all: &mut Vec<T>, item: T) {
    all.push(item);
}
