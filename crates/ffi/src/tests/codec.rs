//! Every value survives its bytes; every malformed byte is a typed error at its place (P4).

use crate::codec::{Codec, DecodeError, Problem, Reader};
use crate::sample::{Dice, Sample};
use crate::{Batch, Init, StepResult};
use proptest::prelude::*;
use tidewire_core::{Blob, Position, StoreError};

fn survives<T: Codec + Sample + PartialEq>(bytes: &[u8]) -> bool {
    let value = T::sample(&mut Dice::new(bytes));
    T::from_bytes(&value.to_bytes()).is_ok_and(|back| back == value)
}

/// There is one encoding of each value: what decodes, encodes to the same bytes.
fn is_canonical<T: Codec>(bytes: &[u8]) -> bool {
    T::from_bytes(bytes).map_or(true, |value| value.to_bytes() == bytes)
}

proptest! {
    #[test]
    fn every_value_survives_its_bytes(bytes: Vec<u8>) {
        prop_assert!(survives::<Init>(&bytes));
        prop_assert!(survives::<Batch>(&bytes));
        prop_assert!(survives::<StepResult>(&bytes));
    }

    /// P4: whatever the bytes, there is no panic, and no second way to say the same.
    #[test]
    fn p4_any_bytes_decode_or_fail(bytes: Vec<u8>, at in any::<prop::sample::Index>(), flip in 1u8..) {
        prop_assert!(is_canonical::<Init>(&bytes) && is_canonical::<Batch>(&bytes) && is_canonical::<StepResult>(&bytes));
        // Almost right bytes come further than random ones.
        let mut bytes = Batch::sample(&mut Dice::new(&bytes)).to_bytes();
        let at = at.index(bytes.len());
        bytes[at] ^= flip;
        prop_assert!(is_canonical::<Batch>(&bytes));
        bytes.truncate(at);
        prop_assert!(Batch::from_bytes(&bytes).is_err());
    }

    #[test]
    fn numbers_survive(value: u64) {
        prop_assert_eq!(u64::from_bytes(&value.to_bytes()), Ok(value));
        prop_assert_eq!(u16::from_bytes(&value.to_bytes()).is_ok(), value <= u64::from(u16::MAX));
    }
}

fn fails<T: Codec + std::fmt::Debug>(bytes: &[u8], at: u32, problem: Problem) {
    assert_eq!(T::from_bytes(bytes).unwrap_err(), DecodeError { at, problem }, "{bytes:?}");
}

/// P4: the error says what is wrong, and where.
#[test]
fn p4_each_problem_is_named() {
    fails::<u8>(&[], 0, Problem::Truncated);
    fails::<u8>(&[1, 1], 1, Problem::Trailing);
    fails::<u8>(&[0x80, 2], 2, Problem::Number);
    fails::<u64>(&[0x80, 0], 1, Problem::Number);
    fails::<u64>(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2], 9, Problem::Number);
    fails::<bool>(&[2], 0, Problem::Tag);
    fails::<StoreError>(&[200], 0, Problem::Tag);
    fails::<crate::Message>(&[63], 0, Problem::Tag);
    fails::<String>(&[2, b'a'], 1, Problem::Length);
    fails::<String>(&[2, 0xc3, 0x28], 3, Problem::Text);
    fails::<[u8; 32]>(&[1, 0], 2, Problem::Length);
    fails::<Option<u8>>(&[1], 1, Problem::Truncated);
    // A huge count reserves nothing: it is refused before the first item.
    fails::<Vec<Position>>(&[0xff, 0xff, 0xff, 0xff, 0x0f, 0], 5, Problem::Length);
}

#[test]
fn known_bytes() {
    assert_eq!(300u32.to_bytes(), [0xac, 2]);
    assert_eq!(u64::MAX.to_bytes().len(), 10);
    assert_eq!("é".to_owned().to_bytes(), [2, 0xc3, 0xa9]);
    assert_eq!(Some(Blob(vec![7])).to_bytes(), [1, 1, 7]);
    assert_eq!(vec![true, false].to_bytes(), [2, 1, 0]);
    assert_eq!(Reader::new(&[5]).peek(), 5);
}
