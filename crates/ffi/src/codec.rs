//! Bytes of the basic types: LEB128 numbers, one-byte tags, length-prefixed UTF-8. It knows no type of the engine.
//!
//! There is exactly one encoding of each value, and decoding checks every bound: bytes never make it panic.

use tidewire_core::{Blob, Payload};

/// Why bytes are not what they should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Problem {
    /// They end too early.
    Truncated,
    /// Some are left over.
    Trailing,
    /// No variant has this tag.
    Tag,
    /// A number is too large for its type, or written longer than needed.
    Number,
    /// A length is larger than what is left, or not the fixed one.
    Length,
    /// A text is not UTF-8.
    Text,
}

/// A [`Problem`] and where it is. The fault is the host's: its codec does not fit this engine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DecodeError {
    /// Offset in the buffer.
    pub at: u32,
    /// What is wrong.
    pub problem: Problem,
}

impl std::fmt::Display for DecodeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let problem = match self.problem {
            Problem::Truncated => "the bytes end too early",
            Problem::Trailing => "bytes are left over",
            Problem::Tag => "no variant has this tag",
            Problem::Number => "a number is too large or overlong",
            Problem::Length => "a length does not fit",
            Problem::Text => "a text is not UTF-8",
        };
        write!(f, "{problem} at byte {}: regenerate the host's codec with `cargo xtask codegen`", self.at)
    }
}

impl std::error::Error for DecodeError {}

/// A place in a buffer. After the first error nothing more can be read: whatever is asked for is empty or zero. So a value is read
/// without a look at each of its parts, and one look at the end tells whether it is one.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    error: Option<DecodeError>,
}

impl<'a> Reader<'a> {
    /// From the beginning.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0, error: None }
    }

    /// What is read from here on is no value. Only the first error counts.
    #[cold]
    #[inline(never)]
    pub fn fail(&mut self, problem: Problem) {
        if self.error.is_none() {
            self.error = Some(DecodeError { at: u32::try_from(self.at).unwrap_or(u32::MAX), problem });
        }
        // Nothing is left.
        self.bytes = &[];
        self.at = 0;
    }

    /// What was not read yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// Whether there was an error.
    #[must_use]
    pub fn failed(&self) -> bool {
        self.error.is_some()
    }

    /// The next byte, taken; 0 at the end, which is an error.
    #[inline(never)]
    pub fn byte(&mut self) -> u8 {
        let byte = self.peek();
        if !self.failed() {
            self.at += 1;
        }
        byte
    }

    /// The next byte, left in place; 0 at the end, which is an error.
    #[inline(never)]
    pub fn peek(&mut self) -> u8 {
        if let Some(byte) = self.bytes.get(self.at) {
            return *byte;
        }
        self.fail(Problem::Truncated);
        0
    }

    /// A number of at most `bits` bits.
    #[inline(never)]
    pub fn number(&mut self, bits: u32) -> u64 {
        let mut value = 0u64;
        let mut shift = 0u32;
        loop {
            let byte = self.byte();
            let part = u64::from(byte & 0x7f);
            let fits = shift < 64 && (part << shift) >> shift == part;
            let overlong = byte == 0 && shift > 0;
            if self.failed() {
                return 0;
            }
            if !fits || overlong {
                self.at -= 1;
                self.fail(Problem::Number);
                return 0;
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                break;
            }
            shift += 7;
        }
        if bits < 64 && value >> bits != 0 {
            self.fail(Problem::Number);
            return 0;
        }
        value
    }

    /// A count of things that take at least one byte each: an error if so many cannot follow.
    #[inline(never)]
    pub fn length(&mut self) -> usize {
        let count = usize::try_from(self.number(32)).unwrap_or(usize::MAX);
        if count <= self.bytes.len() - self.at {
            return count;
        }
        self.fail(Problem::Length);
        0
    }

    /// Length-prefixed bytes.
    #[inline(never)]
    pub fn slice(&mut self) -> &'a [u8] {
        let length = self.length();
        let rest = self.rest();
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    /// Nothing may follow.
    ///
    /// # Errors
    /// If something does, or there was an error before.
    pub fn finish(mut self) -> Result<(), DecodeError> {
        if self.at != self.bytes.len() {
            self.fail(Problem::Trailing);
        }
        self.error.map_or(Ok(()), Err)
    }
}

/// Something with a byte form.
pub trait Codec: Sized {
    /// Appends the bytes.
    fn encode(&self, out: &mut Vec<u8>);

    /// Takes the bytes. If they are malformed, the reader knows, and what comes back means nothing.
    fn decode(reader: &mut Reader<'_>) -> Self;

    /// The bytes alone.
    #[must_use]
    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.encode(&mut out);
        out
    }

    /// From exactly these bytes.
    ///
    /// # Errors
    /// If they are malformed or too many.
    fn from_bytes(bytes: &[u8]) -> Result<Self, DecodeError> {
        let mut reader = Reader::new(bytes);
        let value = Self::decode(&mut reader);
        reader.finish()?;
        Ok(value)
    }
}

/// A union: its first byte says which variant follows.
pub(crate) trait Tagged {
    /// Whether a variant has this tag.
    fn owns(tag: u8) -> bool;
}

/// Appends a LEB128 number.
#[inline(never)]
pub fn put_number(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        put_byte((value & 0x7f) as u8 | 0x80, out);
        value >>= 7;
    }
    put_byte(value as u8, out);
}

/// Appends a byte.
#[inline(never)]
pub(crate) fn put_byte(byte: u8, out: &mut Vec<u8>) {
    out.push(byte);
}

#[inline(never)]
fn put_slice(bytes: &[u8], out: &mut Vec<u8>) {
    put_number(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

macro_rules! numbers {
    ($($ty:ty)*) => {$(
        impl Codec for $ty {
            fn encode(&self, out: &mut Vec<u8>) {
                put_number(u64::from(*self), out);
            }
            fn decode(reader: &mut Reader<'_>) -> Self {
                // It has no more bits.
                reader.number(<$ty>::BITS) as $ty
            }
        }
    )*};
}
numbers! { u8 u16 u32 u64 }

impl Codec for bool {
    fn encode(&self, out: &mut Vec<u8>) {
        put_byte(u8::from(*self), out);
    }
    #[inline(never)]
    fn decode(reader: &mut Reader<'_>) -> Self {
        let byte = reader.peek();
        if byte > 1 {
            reader.fail(Problem::Tag);
        }
        reader.byte() == 1
    }
}

impl Codec for String {
    fn encode(&self, out: &mut Vec<u8>) {
        put_slice(self.as_bytes(), out);
    }
    #[inline(never)]
    fn decode(reader: &mut Reader<'_>) -> Self {
        if let Ok(text) = std::str::from_utf8(reader.slice()) {
            return text.to_owned();
        }
        reader.fail(Problem::Text);
        String::new()
    }
}

impl Codec for Payload {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Self {
        Payload(String::decode(reader))
    }
}

impl Codec for Blob {
    fn encode(&self, out: &mut Vec<u8>) {
        put_slice(&self.0, out);
    }
    fn decode(reader: &mut Reader<'_>) -> Self {
        Blob(reader.slice().to_vec())
    }
}

impl Codec for [u8; 32] {
    fn encode(&self, out: &mut Vec<u8>) {
        put_slice(self, out);
    }
    fn decode(reader: &mut Reader<'_>) -> Self {
        reader.slice().try_into().unwrap_or_else(|_| {
            reader.fail(Problem::Length);
            [0; 32]
        })
    }
}

impl<T: Codec> Codec for Option<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        put_byte(u8::from(self.is_some()), out);
        if let Some(value) = self {
            value.encode(out);
        }
    }
    fn decode(reader: &mut Reader<'_>) -> Self {
        if bool::decode(reader) { Some(T::decode(reader)) } else { None }
    }
}

impl<T: Codec> Codec for Vec<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        put_number(self.len() as u64, out);
        for item in self {
            item.encode(out);
        }
    }
    fn decode(reader: &mut Reader<'_>) -> Self {
        let mut left = reader.length();
        // Grown as items really come: a count alone reserves nothing.
        let mut items = Vec::new();
        while left > 0 && !reader.failed() {
            items.push(T::decode(reader));
            left -= 1;
        }
        items
    }
}
