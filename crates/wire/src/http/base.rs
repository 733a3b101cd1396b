//! `Tidewire-Base` (protocol section 4, Y2): which positions and which of the client's writes a body covers.

use crate::error::HeaderError;
use crate::{json, limits, names};

/// How far a body covers one room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BasePosition {
    /// The room.
    pub room: String,
    /// The identity of its history.
    pub epoch: String,
    /// The last event that is covered; 0 for none.
    pub offset: u64,
}

/// What a body covers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base {
    /// Positions, each room once.
    pub positions: Vec<BasePosition>,
    /// Settled sequences `from..=to` of the client that asked, ascending; none if it named no known client.
    pub applied: Option<Vec<(u64, u64)>>,
}

impl Base {
    /// Writes the header's value.
    pub fn encode(&self) -> Result<String, HeaderError> {
        self.check()?;
        let mut out = String::new();
        for (index, position) in self.positions.iter().enumerate() {
            if index > 0 {
                out.push_str(", ");
            }
            percent_encode(&position.room, &mut out);
            out.push('=');
            out.push_str(&position.epoch);
            out.push(':');
            json::number(position.offset, &mut out);
        }
        if let Some(ranges) = &self.applied {
            out.push_str("; applied=");
            for (index, (from, to)) in ranges.iter().enumerate() {
                if index > 0 {
                    out.push(' ');
                }
                json::number(*from, &mut out);
                if to != from {
                    out.push('-');
                    json::number(*to, &mut out);
                }
            }
        }
        Ok(out)
    }

    /// Reads the header's value.
    pub fn parse(value: &str) -> Result<Base, HeaderError> {
        let mut base = Base::default();
        let mut parts = value.split(';');
        let list = parts.next().unwrap_or("").trim_ascii();
        if !list.is_empty() {
            for item in list.split(',') {
                if base.positions.len() == limits::BASE_POSITIONS {
                    return Err(HeaderError::TooMany);
                }
                base.positions.push(position(item.trim_ascii()).ok_or(HeaderError::Position)?);
            }
        }
        for part in parts {
            let (name, ranges) = part.split_once('=').ok_or(HeaderError::Parameter)?;
            if name.trim_ascii() != "applied" || base.applied.is_some() {
                return Err(HeaderError::Parameter);
            }
            base.applied = Some(applied(ranges.trim_ascii())?);
        }
        base.check()?;
        Ok(base)
    }

    fn check(&self) -> Result<(), HeaderError> {
        let ranges = self.applied.as_deref().unwrap_or(&[]);
        if self.positions.len() > limits::BASE_POSITIONS || ranges.len() > limits::APPLIED_RANGES {
            return Err(HeaderError::TooMany);
        }
        for (index, position) in self.positions.iter().enumerate() {
            let good = names::is_name(&position.room)
                && names::is_epoch(&position.epoch)
                && position.offset < limits::INTEGER;
            if !good || self.positions[..index].iter().any(|earlier| earlier.room == position.room) {
                return Err(HeaderError::Position);
            }
        }
        let mut last = 0;
        for (from, to) in ranges {
            if *from <= last || to < from || *to >= limits::INTEGER {
                return Err(HeaderError::Applied);
            }
            last = *to;
        }
        Ok(())
    }
}

fn position(item: &str) -> Option<BasePosition> {
    let (room, place) = item.split_once('=')?;
    let (epoch, offset) = place.split_once(':')?;
    Some(BasePosition {
        room: percent_decode(room)?,
        epoch: epoch.to_owned(),
        offset: json::integer(offset).ok()?,
    })
}

fn applied(text: &str) -> Result<Vec<(u64, u64)>, HeaderError> {
    let mut ranges = Vec::new();
    if text.is_empty() {
        return Ok(ranges);
    }
    for item in text.split(' ') {
        if ranges.len() == limits::APPLIED_RANGES {
            return Err(HeaderError::TooMany);
        }
        let (from, to) = item.split_once('-').unwrap_or((item, item));
        match (json::integer(from), json::integer(to)) {
            (Ok(from), Ok(to)) => ranges.push((from, to)),
            (Err(_), _) | (_, Err(_)) => return Err(HeaderError::Applied),
        }
    }
    Ok(ranges)
}

/// Encodes all but the unreserved characters of RFC 3986, section 2.3.
fn percent_encode(text: &str, out: &mut String) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(byte as char);
        } else {
            out.push('%');
            out.push(HEX[usize::from(byte >> 4)] as char);
            out.push(HEX[usize::from(byte & 15)] as char);
        }
    }
}

fn percent_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = (rest.next()? as char).to_digit(16)?;
            let low = (rest.next()? as char).to_digit(16)?;
            bytes.push((high * 16 + low) as u8);
        } else if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            bytes.push(byte);
        } else {
            return None;
        }
    }
    String::from_utf8(bytes).ok()
}
