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

/// A place in a buffer.
#[derive(Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// From the beginning.
    #[must_use]
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes, at: 0 }
    }

    /// An error at this place.
    #[must_use]
    pub fn error(&self, problem: Problem) -> DecodeError {
        DecodeError { at: u32::try_from(self.at).unwrap_or(u32::MAX), problem }
    }

    /// The next byte, taken.
    ///
    /// # Errors
    /// At the end.
    pub fn byte(&mut self) -> Result<u8, DecodeError> {
        let byte = self.peek()?;
        self.at += 1;
        Ok(byte)
    }

    /// The next byte, left in place.
    ///
    /// # Errors
    /// At the end.
    pub fn peek(&self) -> Result<u8, DecodeError> {
        self.bytes.get(self.at).copied().ok_or_else(|| self.error(Problem::Truncated))
    }

    /// A number of at most `bits` bits.
    ///
    /// # Errors
    /// If it is larger, overlong or cut off.
    pub fn number(&mut self, bits: u32) -> Result<u64, DecodeError> {
        let mut value = 0u64;
        let mut shift = 0u32;
        loop {
            let byte = self.byte()?;
            let part = u64::from(byte & 0x7f);
            let fits = shift < 64 && (part << shift) >> shift == part;
            let overlong = byte == 0 && shift > 0;
            if !fits || overlong {
                self.at -= 1;
                return Err(self.error(Problem::Number));
            }
            value |= part << shift;
            if byte & 0x80 == 0 {
                break;
            }
            shift += 7;
        }
        if bits < 64 && value >> bits != 0 {
            return Err(self.error(Problem::Number));
        }
        Ok(value)
    }

    /// A count of things that take at least one byte each.
    ///
    /// # Errors
    /// If so many cannot follow.
    pub fn length(&mut self) -> Result<usize, DecodeError> {
        let count = self.number(32)?;
        usize::try_from(count)
            .ok()
            .filter(|count| *count <= self.bytes.len() - self.at)
            .ok_or_else(|| self.error(Problem::Length))
    }

    /// Length-prefixed bytes.
    ///
    /// # Errors
    /// If they are cut off.
    pub fn slice(&mut self) -> Result<&'a [u8], DecodeError> {
        let length = self.length()?;
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let slice = rest.get(..length).ok_or_else(|| self.error(Problem::Truncated))?;
        self.at += length;
        Ok(slice)
    }

    /// Nothing may follow.
    ///
    /// # Errors
    /// If something does.
    pub fn finish(&self) -> Result<(), DecodeError> {
        if self.at == self.bytes.len() { Ok(()) } else { Err(self.error(Problem::Trailing)) }
    }
}

/// Something with a byte form.
pub trait Codec: Sized {
    /// Appends the bytes.
    fn encode(&self, out: &mut Vec<u8>);
    /// Takes the bytes.
    ///
    /// # Errors
    /// If they are malformed.
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError>;

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
        let value = Self::decode(&mut reader)?;
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
pub fn put_number(mut value: u64, out: &mut Vec<u8>) {
    while value >= 0x80 {
        out.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

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
            fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
                let value = reader.number(<$ty>::BITS)?;
                <$ty>::try_from(value).map_err(|_| reader.error(Problem::Number))
            }
        }
    )*};
}
numbers! { u8 u16 u32 u64 }

impl Codec for bool {
    fn encode(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        match reader.peek()? {
            0 => reader.byte().map(|_| false),
            1 => reader.byte().map(|_| true),
            _ => Err(reader.error(Problem::Tag)),
        }
    }
}

impl Codec for String {
    fn encode(&self, out: &mut Vec<u8>) {
        put_slice(self.as_bytes(), out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let bytes = reader.slice()?;
        std::str::from_utf8(bytes).map(str::to_owned).map_err(|_| reader.error(Problem::Text))
    }
}

impl Codec for Payload {
    fn encode(&self, out: &mut Vec<u8>) {
        self.0.encode(out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        String::decode(reader).map(Payload)
    }
}

impl Codec for Blob {
    fn encode(&self, out: &mut Vec<u8>) {
        put_slice(&self.0, out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.slice().map(|bytes| Blob(bytes.to_vec()))
    }
}

impl Codec for [u8; 32] {
    fn encode(&self, out: &mut Vec<u8>) {
        put_slice(self, out);
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        reader.slice()?.try_into().map_err(|_| reader.error(Problem::Length))
    }
}

impl<T: Codec> Codec for Option<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        match self {
            None => out.push(0),
            Some(value) => {
                out.push(1);
                value.encode(out);
            }
        }
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        if bool::decode(reader)? { T::decode(reader).map(Some) } else { Ok(None) }
    }
}

impl<T: Codec> Codec for Vec<T> {
    fn encode(&self, out: &mut Vec<u8>) {
        put_number(self.len() as u64, out);
        for item in self {
            item.encode(out);
        }
    }
    fn decode(reader: &mut Reader<'_>) -> Result<Self, DecodeError> {
        let count = reader.length()?;
        // Grown as items really come: a count alone reserves nothing.
        let mut items = Vec::new();
        for _ in 0..count {
            items.push(T::decode(reader)?);
        }
        Ok(items)
    }
}
