//! Values of every type of the table for tests: made from bytes (so that proptest can shrink them) and written as the
//! JSON that the TypeScript codec must see.

use tidewire_core::{Blob, Payload};

/// Decisions taken from bytes; zeros when they are used up.
pub(crate) struct Dice<'a> {
    bytes: std::slice::Iter<'a, u8>,
}

impl<'a> Dice<'a> {
    pub(crate) fn new(bytes: &'a [u8]) -> Dice<'a> {
        Dice { bytes: bytes.iter() }
    }
    fn roll(&mut self) -> u8 {
        self.bytes.next().copied().unwrap_or(0)
    }
    pub(crate) fn pick<'b, T>(&mut self, from: &'b [T]) -> &'b T {
        &from[usize::from(self.roll()) % from.len()]
    }
}

/// A type with sample values.
pub(crate) trait Sample: Sized {
    fn sample(dice: &mut Dice<'_>) -> Self;
    fn json(&self, out: &mut String);
}

/// A JSON object being written.
pub(crate) struct Object<'a> {
    out: &'a mut String,
    first: bool,
}

impl<'a> Object<'a> {
    pub(crate) fn begin(out: &'a mut String) -> Object<'a> {
        out.push('{');
        Object { out, first: true }
    }
    pub(crate) fn kind(kind: &str, out: &'a mut String) -> Object<'a> {
        out.push_str("{\"kind\":");
        quote(kind, out);
        Object { out, first: false }
    }
    pub(crate) fn field(&mut self, name: &str, value: &impl Sample) {
        if !std::mem::take(&mut self.first) {
            self.out.push(',');
        }
        quote(&camel(name), self.out);
        self.out.push(':');
        value.json(self.out);
    }
    pub(crate) fn end(self) {
        self.out.push('}');
    }
}

/// `snake_case` to `camelCase`.
fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (head, tail) = part.split_at(1);
        out.push_str(&head.to_uppercase());
        out.push_str(tail);
    }
    out
}

pub(crate) fn quote(text: &str, out: &mut String) {
    out.push('"');
    for unit in text.encode_utf16() {
        match char::from_u32(u32::from(unit)).filter(|c| (' '..='~').contains(c) && *c != '"' && *c != '\\') {
            Some(plain) => out.push(plain),
            None => out.push_str(&format!("\\u{unit:04x}")),
        }
    }
    out.push('"');
}

macro_rules! numbers {
    ($($ty:ty: $($value:expr),*;)*) => {$(
        impl Sample for $ty {
            fn sample(dice: &mut Dice<'_>) -> Self {
                *dice.pick(&[0, 1, 127, $($value),*])
            }
            fn json(&self, out: &mut String) {
                out.push_str(&self.to_string());
            }
        }
    )*};
}
numbers! {
    u8: 128, u8::MAX;
    u16: 128, 16_383, u16::MAX;
    u32: 128, 16_384, 0x7fff_ffff, 0x8000_0000, u32::MAX;
    u64: 128, 0xffff_ffff, 0x1_0000_0000, 0x000f_ffff_ffff_ffff, 0x001f_ffff_ffff_ffff;
}

impl Sample for bool {
    fn sample(dice: &mut Dice<'_>) -> Self {
        *dice.pick(&[false, true])
    }
    fn json(&self, out: &mut String) {
        out.push_str(if *self { "true" } else { "false" });
    }
}

const TEXTS: [&str; 9] = [
    "",
    "a",
    "activity_7",
    "grün",
    "Žluťoučký",
    "日本語",
    "👩‍🚀 fährt",
    "\u{7f}\u{80}\u{7ff}\u{800}\u{ffff}\u{10000}\u{10ffff}\0\n\"\\",
    "{\"text\":\"zwei Sätze, lang genug für eine Länge von zwei Bytes, damit auch dieser Weg der Kodierung einmal genommen wird, ja wirklich\"}",
];

impl Sample for String {
    fn sample(dice: &mut Dice<'_>) -> Self {
        (*dice.pick(&TEXTS)).to_owned()
    }
    fn json(&self, out: &mut String) {
        quote(self, out);
    }
}

impl Sample for Payload {
    fn sample(dice: &mut Dice<'_>) -> Self {
        Payload(String::sample(dice))
    }
    fn json(&self, out: &mut String) {
        self.0.json(out);
    }
}

fn json_bytes(bytes: &[u8], out: &mut String) {
    // Bytes are not JSON; `{"$bytes": [..]}` stands for a Uint8Array.
    out.push_str("{\"$bytes\":[");
    out.push_str(&bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(","));
    out.push_str("]}");
}

impl Sample for Blob {
    fn sample(dice: &mut Dice<'_>) -> Self {
        Blob(Vec::sample(dice))
    }
    fn json(&self, out: &mut String) {
        json_bytes(&self.0, out);
    }
}

impl Sample for [u8; 32] {
    fn sample(dice: &mut Dice<'_>) -> Self {
        std::array::from_fn(|_| dice.roll())
    }
    fn json(&self, out: &mut String) {
        json_bytes(self, out);
    }
}

impl<T: Sample> Sample for Option<T> {
    fn sample(dice: &mut Dice<'_>) -> Self {
        if bool::sample(dice) { Some(T::sample(dice)) } else { None }
    }
    fn json(&self, out: &mut String) {
        match self {
            // Absent and undefined are the same; JSON has no undefined.
            None => out.push_str("{\"$absent\":true}"),
            Some(value) => value.json(out),
        }
    }
}

impl<T: Sample> Sample for Vec<T> {
    fn sample(dice: &mut Dice<'_>) -> Self {
        let count = *dice.pick(&[0, 1, 2, 3]);
        (0..count).map(|_| T::sample(dice)).collect()
    }
    fn json(&self, out: &mut String) {
        out.push('[');
        for (index, item) in self.iter().enumerate() {
            if index > 0 {
                out.push(',');
            }
            item.json(out);
        }
        out.push(']');
    }
}
