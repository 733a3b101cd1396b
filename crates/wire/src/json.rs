//! JSON as text: quoting, validating and walking without ever building a tree of values. It knows the grammar (RFC 8259)
//! and nothing about what the values mean.
//!
//! A [`Scanner`] may be told that its text is only the beginning of a longer one. Then whatever is complete before the cut
//! is read as usual, and the first incomplete value is [`FrameError::Cut`]. A number that touches the cut is incomplete.

use std::borrow::Cow;

use crate::error::FrameError;
use crate::limits;

/// Appends `text` as a JSON string, quotes included.
pub fn quote(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    out.push('"');
    for ch in text.chars() {
        match ch {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            control if control < ' ' => {
                let code = control as usize;
                out.push_str("\\u00");
                out.push(HEX[code >> 4] as char);
                out.push(HEX[code & 15] as char);
            }
            other => out.push(other),
        }
    }
    out.push('"');
}

/// Appends a decimal number without the weight of `core::fmt`.
pub fn number(mut value: u64, out: &mut String) {
    let mut digits = [0u8; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (value % 10) as u8;
        value /= 10;
        if value == 0 {
            break;
        }
    }
    out.extend(digits[at..].iter().map(|digit| *digit as char));
}

/// Reads an unsigned decimal integer below 2^53, as JSON writes it: no sign, no leading zero, no exponent.
pub fn integer(raw: &str) -> Result<u64, FrameError> {
    let bytes = raw.as_bytes();
    if bytes.is_empty() || bytes.len() > 16 || (bytes[0] == b'0' && bytes.len() > 1) {
        return Err(FrameError::Integer);
    }
    let mut value = 0u64;
    for byte in bytes {
        if !byte.is_ascii_digit() {
            return Err(FrameError::Integer);
        }
        value = value * 10 + u64::from(byte - b'0');
    }
    if value < limits::INTEGER { Ok(value) } else { Err(FrameError::Integer) }
}

/// Decodes one raw JSON string, as the walking methods of [`Scanner`] return it. A lone surrogate becomes U+FFFD.
pub fn string(raw: &str) -> Result<Cow<'_, str>, FrameError> {
    let mut scanner = Scanner::new(raw);
    let text = scanner.string()?;
    scanner.end()?;
    Ok(text)
}

/// Whether `text` is one whole JSON value with nothing around it but white space.
pub fn validate(text: &str) -> Result<(), FrameError> {
    let mut scanner = Scanner::new(text);
    scanner.value()?;
    scanner.end()
}

/// What a raw value is, told by its first character.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ValueKind {
    /// `{...}`
    Object,
    /// `[...]`
    Array,
    /// `"..."`
    String,
    /// Anything that begins like a number.
    Number,
    /// `true`, `false` or `null`.
    Literal,
}

/// A position in JSON text. Cheap to clone, so that a caller can look ahead.
#[derive(Clone)]
pub struct Scanner<'a> {
    text: &'a str,
    at: usize,
    cut: bool,
    /// Just after an opening bracket: no comma is expected before the next element or key.
    fresh: bool,
}

impl<'a> Scanner<'a> {
    /// Scans whole text.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Scanner { text, at: 0, cut: false, fresh: false }
    }

    /// Scans text that is only the beginning of a longer one if `truncated`.
    #[must_use]
    pub const fn lenient(text: &'a str, truncated: bool) -> Self {
        Scanner { text, at: 0, cut: truncated, fresh: false }
    }

    /// What was not scanned yet.
    #[must_use]
    pub fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or("")
    }

    /// Ends the scan: only white space may follow.
    pub fn end(&mut self) -> Result<(), FrameError> {
        self.white_space();
        if self.at == self.text.len() { Ok(()) } else { Err(FrameError::Json) }
    }

    /// What the next value is, without scanning it.
    pub fn peek(&mut self) -> Result<ValueKind, FrameError> {
        self.white_space();
        match self.byte()? {
            b'{' => Ok(ValueKind::Object),
            b'[' => Ok(ValueKind::Array),
            b'"' => Ok(ValueKind::String),
            b'-' | b'0'..=b'9' => Ok(ValueKind::Number),
            b't' | b'f' | b'n' => Ok(ValueKind::Literal),
            _ => Err(FrameError::Json),
        }
    }

    /// Validates one whole value and returns its raw text.
    pub fn value(&mut self) -> Result<&'a str, FrameError> {
        self.white_space();
        let start = self.at;
        // One bit per open container, set for an object; the lowest is the innermost.
        let mut objects = 0u64;
        let mut depth = 0u32;
        loop {
            // Here a value begins.
            match self.peek()? {
                kind @ (ValueKind::Object | ValueKind::Array) => {
                    if depth == limits::JSON_DEPTH {
                        return Err(FrameError::TooDeep);
                    }
                    depth += 1;
                    objects = (objects << 1) | u64::from(kind == ValueKind::Object);
                    self.at += 1;
                    self.fresh = true;
                }
                ValueKind::String => self.skip_string().map(drop)?,
                ValueKind::Number => self.number()?,
                ValueKind::Literal => self.literal()?,
            }
            // Here a value has ended, or a container has begun.
            loop {
                if depth == 0 {
                    return self.text.get(start..self.at).ok_or(FrameError::Json);
                }
                let more = if objects & 1 == 1 { self.skip_key()? } else { self.more()? };
                if more {
                    break;
                }
                depth -= 1;
                objects >>= 1;
            }
        }
    }

    /// Goes into an array.
    pub fn enter_array(&mut self) -> Result<(), FrameError> {
        self.white_space();
        self.expect(b'[')?;
        self.fresh = true;
        Ok(())
    }

    /// Goes into an object.
    pub fn enter_object(&mut self) -> Result<(), FrameError> {
        self.white_space();
        self.expect(b'{')?;
        self.fresh = true;
        Ok(())
    }

    /// Whether the array that was entered has another element, which then is next; leaves the array if not.
    pub fn more(&mut self) -> Result<bool, FrameError> {
        self.more_until(b']')
    }

    /// The next key of the object that was entered, its value being next; leaves the object if there is none.
    pub fn key(&mut self) -> Result<Option<Cow<'a, str>>, FrameError> {
        if !self.more_until(b'}')? {
            return Ok(None);
        }
        let key = self.string()?;
        self.colon()?;
        Ok(Some(key))
    }

    /// The next element of the array that was entered, raw and valid.
    pub fn element(&mut self) -> Result<Option<&'a str>, FrameError> {
        if self.more()? { self.value().map(Some) } else { Ok(None) }
    }

    /// The next field of the object that was entered: its key, and its value raw and valid.
    pub fn field(&mut self) -> Result<Option<(Cow<'a, str>, &'a str)>, FrameError> {
        match self.key()? {
            Some(key) => Ok(Some((key, self.value()?))),
            None => Ok(None),
        }
    }

    /// The next value, which must be a string, decoded.
    pub fn string(&mut self) -> Result<Cow<'a, str>, FrameError> {
        self.white_space();
        let start = self.at + 1;
        let plain = self.skip_string()?;
        let raw = self.text.get(start..self.at - 1).ok_or(FrameError::Json)?;
        Ok(if plain { Cow::Borrowed(raw) } else { Cow::Owned(unescape(raw)) })
    }

    /// Like [`Scanner::string`]; where the text is cut inside the string, what there is of it, and the scan is over.
    pub fn string_or_beginning(&mut self) -> Result<Cow<'a, str>, FrameError> {
        self.white_space();
        let start = self.at + 1;
        match self.string() {
            Err(FrameError::Cut) => Ok(Cow::Owned(unescape(self.text.get(start..).unwrap_or("")))),
            other => other,
        }
    }

    /// The next value, which must be an unsigned integer below 2^53.
    pub fn integer(&mut self) -> Result<u64, FrameError> {
        if self.peek()? == ValueKind::Number { integer(self.value()?) } else { Err(FrameError::Integer) }
    }

    fn byte(&self) -> Result<u8, FrameError> {
        match self.text.as_bytes().get(self.at) {
            Some(byte) => Ok(*byte),
            None => Err(self.end_error()),
        }
    }

    const fn end_error(&self) -> FrameError {
        if self.cut { FrameError::Cut } else { FrameError::Json }
    }

    fn white_space(&mut self) {
        while matches!(self.text.as_bytes().get(self.at), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8) -> Result<(), FrameError> {
        if self.byte()? != byte {
            return Err(FrameError::Json);
        }
        self.at += 1;
        Ok(())
    }

    fn more_until(&mut self, close: u8) -> Result<bool, FrameError> {
        self.white_space();
        let fresh = self.fresh;
        let byte = self.byte()?;
        self.fresh = false;
        if byte == close {
            self.at += 1;
            return Ok(false);
        }
        if !fresh {
            self.expect(b',')?;
            self.white_space();
        }
        Ok(true)
    }

    fn colon(&mut self) -> Result<(), FrameError> {
        self.white_space();
        self.expect(b':')
    }

    fn skip_key(&mut self) -> Result<bool, FrameError> {
        if !self.more_until(b'}')? {
            return Ok(false);
        }
        self.skip_string()?;
        self.colon()?;
        Ok(true)
    }

    /// Scans a string; whether it has no escapes.
    fn skip_string(&mut self) -> Result<bool, FrameError> {
        self.expect(b'"')?;
        let mut plain = true;
        loop {
            let byte = self.byte()?;
            self.at += 1;
            match byte {
                b'"' => return Ok(plain),
                b'\\' => {
                    plain = false;
                    let escape = self.byte()?;
                    self.at += 1;
                    match escape {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                        b'u' => {
                            for _ in 0..4 {
                                if !self.byte()?.is_ascii_hexdigit() {
                                    return Err(FrameError::Json);
                                }
                                self.at += 1;
                            }
                        }
                        _ => return Err(FrameError::Json),
                    }
                }
                control if control < 0x20 => return Err(FrameError::Json),
                _ => {}
            }
        }
    }

    fn number(&mut self) -> Result<(), FrameError> {
        if self.byte()? == b'-' {
            self.at += 1;
        }
        if self.byte()? == b'0' {
            self.at += 1;
        } else {
            self.digits()?;
        }
        if self.next_is(b".") {
            self.at += 1;
            self.digits()?;
        }
        if self.next_is(b"eE") {
            self.at += 1;
            if self.next_is(b"+-") {
                self.at += 1;
            }
            self.digits()?;
        }
        // At a cut, more digits may follow.
        if self.cut && self.at == self.text.len() { Err(FrameError::Cut) } else { Ok(()) }
    }

    fn next_is(&self, any: &[u8]) -> bool {
        self.text.as_bytes().get(self.at).is_some_and(|byte| any.contains(byte))
    }

    fn digits(&mut self) -> Result<(), FrameError> {
        if !self.byte()?.is_ascii_digit() {
            return Err(FrameError::Json);
        }
        while self.text.as_bytes().get(self.at).is_some_and(u8::is_ascii_digit) {
            self.at += 1;
        }
        Ok(())
    }

    fn literal(&mut self) -> Result<(), FrameError> {
        let word: &[u8] = match self.byte()? {
            b't' => b"true",
            b'f' => b"false",
            _ => b"null",
        };
        for letter in word {
            self.expect(*letter)?;
        }
        Ok(())
    }
}

/// Decodes the inside of a string that was scanned before; an escape that is cut off at the end is left out.
fn unescape(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let Some(escape) = rest.bytes().next() else { return out };
        if !escape.is_ascii() {
            return out;
        }
        rest = &rest[1..];
        match escape {
            b'b' => out.push('\u{8}'),
            b'f' => out.push('\u{c}'),
            b'n' => out.push('\n'),
            b'r' => out.push('\r'),
            b't' => out.push('\t'),
            b'u' => {
                let Some(unit) = hex4(rest) else { return out };
                rest = &rest[4..];
                let low =
                    rest.strip_prefix("\\u").and_then(hex4).filter(|low| (0xdc00..0xe000).contains(low));
                out.push(match (unit, low) {
                    (0xd800..=0xdbff, Some(low)) => {
                        rest = &rest[6..];
                        char::from_u32(0x1_0000 + ((unit - 0xd800) << 10) + (low - 0xdc00))
                            .unwrap_or(char::REPLACEMENT_CHARACTER)
                    }
                    _ => char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER),
                });
            }
            same => out.push(same as char),
        }
    }
    out.push_str(rest);
    out
}

fn hex4(text: &str) -> Option<u32> {
    let digits = text.as_bytes().get(..4)?;
    let mut value = 0;
    for digit in digits {
        value = value * 16 + (*digit as char).to_digit(16)?;
    }
    Some(value)
}
