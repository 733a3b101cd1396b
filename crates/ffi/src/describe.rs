//! The table as data: from it `cargo xtask codegen` writes the TypeScript codec, and a hash of it guards the format.
//! It knows nothing of TypeScript.

use tidewire_core::{Blob, Payload};

/// The type of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// One byte, 0 or 1.
    Bool,
    /// LEB128 of at most so many bits.
    Number(u32),
    /// Length and UTF-8.
    Text,
    /// Length and bytes.
    Bytes,
    /// 0, or 1 and the value.
    Optional(&'static Type),
    /// Count and items.
    List(&'static Type),
    /// A type of the table.
    Named(&'static str),
}

/// One field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Rust's name, `snake_case`.
    pub name: &'static str,
    /// Its type.
    pub ty: Type,
}

/// One variant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Variant {
    /// Its first byte.
    pub tag: u8,
    /// Its name.
    pub name: &'static str,
    /// What follows, in order.
    pub fields: &'static [Field],
}

/// One entry of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Definition {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub shape: Shape,
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// Another name for a basic type.
    Alias(Type),
    /// A tag alone.
    Names(&'static [Variant]),
    /// Fields in order.
    Record(&'static [Field]),
    /// A tag, then that variant's fields.
    Union(&'static [Variant]),
    /// One of several unions, whose tags differ.
    Sum(&'static [&'static str]),
}

/// A type that a field can have.
pub trait Describe {
    /// Its description.
    const TYPE: Type;
}

/// A type with an entry of its own.
pub trait Define {
    /// The entry.
    const DEFINITION: Definition;
}

macro_rules! describe {
    ($($ty:ty => $is:expr;)*) => {$( impl Describe for $ty { const TYPE: Type = $is; } )*};
}
describe! {
    bool => Type::Bool;
    u8 => Type::Number(8);
    u16 => Type::Number(16);
    u32 => Type::Number(32);
    u64 => Type::Number(64);
    String => Type::Text;
    Payload => Type::Text;
    Blob => Type::Bytes;
    [u8; 32] => Type::Bytes;
}
impl<T: Describe> Describe for Option<T> {
    const TYPE: Type = Type::Optional(&T::TYPE);
}
impl<T: Describe> Describe for Vec<T> {
    const TYPE: Type = Type::List(&T::TYPE);
}

/// A hash (FNV-1a, 64 bits) of a table: another format, another hash.
#[must_use]
pub fn fingerprint(table: &[Definition]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    for byte in format!("{table:?}").bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash
}
