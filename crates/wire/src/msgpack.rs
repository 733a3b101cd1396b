//! Socket.IO packets as MessagePack (`socket.io-msgpack-parser`), turned into the text and attachments that all else here
//! speaks, and back (C1, V1). It knows the two grammars and nothing about what a packet means.

use crate::error::FrameError;
use crate::json::{self, Scanner, ValueKind};
use crate::limits;
use crate::socket::{self, Kind};

/// A packet (text without the Engine.IO type) and its attachments as one binary message.
///
/// # Errors
/// The text is no packet.
pub fn pack(packet: &str, attachments: &[&[u8]]) -> Result<Vec<u8>, FrameError> {
    let header = socket::parse(packet)?;
    let kind = match header.kind {
        Kind::Connect => 0,
        Kind::Disconnect => 1,
        Kind::Event | Kind::BinaryEvent => 2,
        Kind::Ack | Kind::BinaryAck => 3,
        Kind::ConnectError => 4,
    };
    let fields = 2 + u8::from(!header.rest.is_empty()) + u8::from(header.id.is_some());
    let mut out = vec![0x80 | fields];
    put_text("type", &mut out);
    out.push(kind);
    put_text("nsp", &mut out);
    put_text(header.namespace, &mut out);
    if let Some(id) = header.id {
        put_text("id", &mut out);
        put_whole(id, &mut out);
    }
    if !header.rest.is_empty() {
        put_text("data", &mut out);
        put_value(&mut Scanner::new(header.rest), attachments, &mut out)?;
    }
    Ok(out)
}

fn put_value(scanner: &mut Scanner<'_>, attachments: &[&[u8]], out: &mut Vec<u8>) -> Result<(), FrameError> {
    match scanner.peek()? {
        ValueKind::String => put_text(&scanner.string()?, out),
        ValueKind::Literal => out.push(match scanner.value()? {
            "true" => 0xc3,
            "false" => 0xc2,
            _ => 0xc0,
        }),
        ValueKind::Number => put_number(scanner.value()?, out)?,
        ValueKind::Array => {
            let (mut items, mut count) = (Vec::new(), 0);
            scanner.enter_array()?;
            while scanner.more()? {
                put_value(scanner, attachments, &mut items)?;
                count += 1;
            }
            put_length(count, &ARRAY, out);
            out.extend(items);
        }
        ValueKind::Object => {
            if let Some(part) = attachment(scanner, attachments)? {
                put_length(part.len(), &BIN, out);
                out.extend_from_slice(part);
                return Ok(());
            }
            let (mut items, mut count) = (Vec::new(), 0);
            scanner.enter_object()?;
            while let Some(key) = scanner.key()? {
                put_text(&key, &mut items);
                put_value(scanner, attachments, &mut items)?;
                count += 1;
            }
            put_length(count, &MAP, out);
            out.extend(items);
        }
    }
    Ok(())
}

/// The attachment that stands here, if this object is the place of one; it is scanned then.
fn attachment<'a>(
    scanner: &mut Scanner<'_>,
    attachments: &[&'a [u8]],
) -> Result<Option<&'a [u8]>, FrameError> {
    if attachments.is_empty() {
        return Ok(None);
    }
    let mut ahead = scanner.clone();
    let (mut is_place, mut num) = (false, None);
    ahead.enter_object()?;
    while let Some(key) = ahead.key()? {
        match &*key {
            "_placeholder" => is_place = ahead.value()? == "true",
            "num" => num = json::integer(ahead.value()?).ok(),
            _ => return Ok(None),
        }
    }
    let place = num.filter(|_| is_place).and_then(|num| usize::try_from(num).ok());
    let found = place.and_then(|place| attachments.get(place).copied());
    if found.is_some() {
        *scanner = ahead;
    }
    Ok(found)
}

/// The bytes that say how long something is: the short form up to its limit, then one for 8, 16 and 32 bits.
struct Lengths {
    short: Option<(u8, usize)>,
    bits8: Option<u8>,
    bits16: u8,
    bits32: u8,
}

const TEXT: Lengths = Lengths { short: Some((0xa0, 31)), bits8: Some(0xd9), bits16: 0xda, bits32: 0xdb };
const BIN: Lengths = Lengths { short: None, bits8: Some(0xc4), bits16: 0xc5, bits32: 0xc6 };
const ARRAY: Lengths = Lengths { short: Some((0x90, 15)), bits8: None, bits16: 0xdc, bits32: 0xdd };
const MAP: Lengths = Lengths { short: Some((0x80, 15)), bits8: None, bits16: 0xde, bits32: 0xdf };

fn put_length(length: usize, forms: &Lengths, out: &mut Vec<u8>) {
    match (forms.short, forms.bits8) {
        (Some((first, most)), _) if length <= most => out.push(first | length as u8),
        (_, Some(first)) if length <= 0xff => out.extend([first, length as u8]),
        _ if length <= 0xffff => {
            out.push(forms.bits16);
            out.extend((length as u16).to_be_bytes());
        }
        _ => {
            out.push(forms.bits32);
            out.extend((length as u32).to_be_bytes());
        }
    }
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    put_length(text.len(), &TEXT, out);
    out.extend_from_slice(text.as_bytes());
}

fn put_whole(number: u64, out: &mut Vec<u8>) {
    match number {
        0..=0x7f => out.push(number as u8),
        0x80..=0xffff_ffff => {
            out.push(0xce);
            out.extend((number as u32).to_be_bytes());
        }
        _ => {
            out.push(0xcf);
            out.extend(number.to_be_bytes());
        }
    }
}

fn put_number(raw: &str, out: &mut Vec<u8>) -> Result<(), FrameError> {
    if let Ok(number) = raw.parse::<u64>() {
        put_whole(number, out);
    } else if let Ok(number) = raw.parse::<i64>() {
        out.push(0xd3);
        out.extend(number.to_be_bytes());
    } else {
        out.push(0xcb);
        out.extend(raw.parse::<f64>().map_err(|_| FrameError::Json)?.to_be_bytes());
    }
    Ok(())
}

/// A binary message as a packet (text without the Engine.IO type) and its attachments.
///
/// # Errors
/// The bytes are no packet.
pub fn unpack(bytes: &[u8]) -> Result<(String, Vec<&[u8]>), FrameError> {
    let mut reader = Reader { bytes, parts: Vec::new() };
    let (mut kind, mut namespace, mut id, mut data) = (None, None, None, String::new());
    for _ in 0..reader.map()? {
        match reader.text()? {
            "type" => kind = Some(reader.json(0)?),
            "nsp" => namespace = Some(reader.text()?),
            "id" => id = Some(reader.json(0)?).filter(|id| id != "null"),
            "data" => data = reader.json(0)?,
            _ => drop(reader.json(0)?),
        }
    }
    if !reader.bytes.is_empty() {
        return Err(FrameError::Data);
    }
    let kind = kind.ok_or(FrameError::SocketType)?;
    let namespace = namespace.filter(|name| crate::names::is_namespace(name));
    let namespace = namespace.ok_or(FrameError::Namespace)?;
    let mut out = match (kind.as_str(), reader.parts.is_empty()) {
        ("0" | "1" | "2" | "3" | "4", true) => kind,
        ("2", false) => format!("5{}-", reader.parts.len()),
        ("3", false) => format!("6{}-", reader.parts.len()),
        _ => return Err(FrameError::SocketType),
    };
    if namespace != "/" {
        out.push_str(namespace);
        out.push(',');
    }
    if let Some(id) = id {
        json::integer(&id).map_err(|_| FrameError::AckId)?;
        out.push_str(&id);
    }
    if data != "null" {
        out.push_str(&data);
    }
    Ok((out, reader.parts))
}

struct Reader<'a> {
    bytes: &'a [u8],
    parts: Vec<&'a [u8]>,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8], FrameError> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or(FrameError::Cut)?;
        self.bytes = rest;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, FrameError> {
        self.take(1).and_then(|taken| taken.first().copied().ok_or(FrameError::Cut))
    }

    /// A big-endian number of so many bytes.
    fn number(&mut self, bytes: usize) -> Result<u64, FrameError> {
        Ok(self.take(bytes)?.iter().fold(0, |sum, byte| (sum << 8) | u64::from(*byte)))
    }

    fn length(&mut self, bytes: usize) -> Result<usize, FrameError> {
        usize::try_from(self.number(bytes)?).map_err(|_| FrameError::Cut)
    }

    fn map(&mut self) -> Result<usize, FrameError> {
        match self.byte()? {
            first @ 0x80..=0x8f => Ok(usize::from(first & 15)),
            0xde => self.length(2),
            0xdf => self.length(4),
            _ => Err(FrameError::Data),
        }
    }

    fn text(&mut self) -> Result<&'a str, FrameError> {
        let length = match self.byte()? {
            first @ 0xa0..=0xbf => usize::from(first & 31),
            0xd9 => self.length(1)?,
            0xda => self.length(2)?,
            0xdb => self.length(4)?,
            _ => return Err(FrameError::Data),
        };
        std::str::from_utf8(self.take(length)?).map_err(|_| FrameError::Data)
    }

    fn json(&mut self, depth: u32) -> Result<String, FrameError> {
        let mut out = String::new();
        self.value(depth, &mut out)?;
        Ok(out)
    }

    fn value(&mut self, depth: u32, out: &mut String) -> Result<(), FrameError> {
        if depth > limits::JSON_DEPTH {
            return Err(FrameError::TooDeep);
        }
        let Some(first) = self.bytes.first().copied() else { return Err(FrameError::Cut) };
        match first {
            0xa0..=0xbf | 0xd9..=0xdb => json::quote(self.text()?, out),
            0x80..=0x8f | 0xde | 0xdf => {
                let count = self.map()?;
                self.object(count, depth, out)?;
            }
            _ => {
                self.take(1)?;
                self.rest_of(first, depth, out)?;
            }
        }
        Ok(())
    }

    fn rest_of(&mut self, first: u8, depth: u32, out: &mut String) -> Result<(), FrameError> {
        match first {
            0x00..=0x7f => json::number(u64::from(first), out),
            0xe0..=0xff => out.push_str(&(first as i8).to_string()),
            0xc0 => out.push_str("null"),
            0xc2 => out.push_str("false"),
            0xc3 => out.push_str("true"),
            0xcc..=0xcf => {
                let number = self.number(1 << (first - 0xcc))?;
                json::number(number, out);
            }
            0xd0..=0xd3 => {
                let bytes = 1 << (first - 0xd0);
                let unused = 64 - 8 * bytes;
                let number = (self.number(bytes)? << unused) as i64 >> unused;
                out.push_str(&number.to_string());
            }
            0xca => real(f64::from(f32::from_bits(self.number(4)? as u32)), out),
            0xcb => real(f64::from_bits(self.number(8)?), out),
            0xc4..=0xc6 => {
                let length = self.length(1 << (first - 0xc4))?;
                if self.parts.len() == limits::ATTACHMENTS as usize {
                    return Err(FrameError::Attachments);
                }
                out.push_str("{\"_placeholder\":true,\"num\":");
                json::number(self.parts.len() as u64, out);
                out.push('}');
                let part = self.take(length)?;
                self.parts.push(part);
            }
            0x90..=0x9f => self.array(usize::from(first & 15), depth, out)?,
            0xdc | 0xdd => {
                let count = self.length(if first == 0xdc { 2 } else { 4 })?;
                self.array(count, depth, out)?;
            }
            // What JSON has no form for: `undefined`, dates and other extensions.
            0xd4..=0xd8 => {
                self.take(1 + (1 << (first - 0xd4)))?;
                out.push_str("null");
            }
            0xc7..=0xc9 => {
                let length = self.length(1 << (first - 0xc7))?;
                self.take(1)?;
                self.take(length)?;
                out.push_str("null");
            }
            _ => return Err(FrameError::Data),
        }
        Ok(())
    }

    fn array(&mut self, count: usize, depth: u32, out: &mut String) -> Result<(), FrameError> {
        out.push('[');
        for index in 0..count {
            if index > 0 {
                out.push(',');
            }
            self.value(depth + 1, out)?;
        }
        out.push(']');
        Ok(())
    }

    fn object(&mut self, count: usize, depth: u32, out: &mut String) -> Result<(), FrameError> {
        out.push('{');
        for index in 0..count {
            if index > 0 {
                out.push(',');
            }
            json::quote(self.text()?, out);
            out.push(':');
            self.value(depth + 1, out)?;
        }
        out.push('}');
        Ok(())
    }
}

fn real(number: f64, out: &mut String) {
    if number.is_finite() {
        out.push_str(&number.to_string());
    } else {
        out.push_str("null");
    }
}
