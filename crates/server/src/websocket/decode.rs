//! A client's bytes become messages (RFC 6455 sections 5 and 8, RFC 7692 section 6). Whatever breaks a rule ends it. It does no input or output.

use super::{deflate, spare};

/// What a client sent.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Received {
    Text(String),
    Binary(Vec<u8>),
    Ping(Vec<u8>),
    Pong,
    /// With its code, if it has one.
    Close(Option<u16>),
}

/// Why nothing more can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ReadError {
    /// A message above the limit.
    Oversized,
    /// No WebSocket frame.
    Broken,
    /// A text that is no UTF-8 (section 8.1).
    NoText,
}

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

/// The bit of a compressed message.
const DEFLATED: u8 = 0x40;

/// Longest payload of a control frame.
const CONTROL: usize = 125;

/// A message, or what has come of it.
struct Partial {
    is_text: bool,
    deflated: bool,
    bytes: Vec<u8>,
}

/// Where a frame's parts are.
struct Head {
    is_last: bool,
    deflated: bool,
    code: u8,
    mask: [u8; 4],
    /// Bytes of the head.
    bytes: usize,
    payload: usize,
}

pub(crate) struct Decoder {
    limit: usize,
    /// Compression was agreed on.
    deflates: bool,
    /// Bytes that came, the first `read` of which have been read.
    bytes: Vec<u8>,
    read: usize,
    partial: Option<Box<Partial>>,
}

impl Decoder {
    /// Messages above so many bytes are refused, compressed ones also by what they become.
    pub(crate) fn new(limit: usize, deflates: bool) -> Decoder {
        Decoder { limit, deflates, bytes: Vec::new(), read: 0, partial: None }
    }

    /// What has come.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        spare::borrow(&mut self.bytes);
        self.bytes.extend_from_slice(bytes);
    }

    /// The next message, if it is there as a whole.
    pub(crate) fn next(&mut self) -> Result<Option<Received>, ReadError> {
        loop {
            let Some(head) = self.head()? else {
                self.tidy();
                return Ok(None);
            };
            let start = self.read + head.bytes;
            let Some(payload) = self.bytes.get(start..start + head.payload) else {
                self.tidy();
                return Ok(None);
            };
            let mut payload = payload.to_vec();
            unmask(&mut payload, head.mask);
            self.read = start + head.payload;
            if let Some(received) = self.take(&head, payload)? {
                return Ok(Some(received));
            }
        }
    }

    /// Keeps no memory while nothing is there.
    fn tidy(&mut self) {
        if self.read == self.bytes.len() {
            spare::give_back(&mut self.bytes);
        } else {
            self.bytes.drain(..self.read);
        }
        self.read = 0;
    }

    fn head(&self) -> Result<Option<Head>, ReadError> {
        let bytes = &self.bytes[self.read..];
        let &[first, second, ref rest @ ..] = bytes else { return Ok(None) };
        let (is_last, reserved, code) = (first & 0x80 != 0, first & 0x70, first & 0x0f);
        // The first frame of a message says whether it is compressed; no other extension was agreed on. Clients mask.
        let deflated = reserved == DEFLATED && self.deflates && matches!(code, TEXT | BINARY);
        if reserved != 0 && !deflated || second & 0x80 == 0 {
            return Err(ReadError::Broken);
        }
        let (length, extra) = match (second & 0x7f, rest) {
            (126, &[a, b, ..]) => (u64::from(u16::from_be_bytes([a, b])), 2),
            (127, &[a, b, c, d, e, f, g, h, ..]) => (u64::from_be_bytes([a, b, c, d, e, f, g, h]), 8),
            (126 | 127, _) => return Ok(None),
            (short, _) => (u64::from(short), 0),
        };
        let payload = usize::try_from(length).unwrap_or(usize::MAX);
        self.check(code, is_last, deflated, payload)?;
        let Some(&[a, b, c, d]) = rest.get(extra..extra + 4) else { return Ok(None) };
        Ok(Some(Head { is_last, deflated, code, mask: [a, b, c, d], bytes: 2 + extra + 4, payload }))
    }

    /// What a frame's head alone tells.
    fn check(&self, code: u8, is_last: bool, deflated: bool, payload: usize) -> Result<(), ReadError> {
        let is_right = match code {
            TEXT | BINARY => self.partial.is_none(),
            CONTINUATION => self.partial.is_some(),
            CLOSE | PING | PONG => is_last && payload <= CONTROL,
            _ => false,
        };
        let (before, deflated) =
            self.partial.as_ref().map_or((0, deflated), |partial| (partial.bytes.len(), partial.deflated));
        // What cannot be compressed becomes a little longer.
        let limit = if deflated { self.limit + self.limit / 1000 + 64 } else { self.limit };
        match is_right {
            false => Err(ReadError::Broken),
            true if code < CLOSE && payload > limit - before => Err(ReadError::Oversized),
            true => Ok(()),
        }
    }

    fn take(&mut self, head: &Head, payload: Vec<u8>) -> Result<Option<Received>, ReadError> {
        match head.code {
            PING => Ok(Some(Received::Ping(payload))),
            PONG => Ok(Some(Received::Pong)),
            CLOSE => closed(&payload).map(Some),
            CONTINUATION => {
                let Some(partial) = &mut self.partial else { return Err(ReadError::Broken) };
                partial.bytes.extend(payload);
                if !head.is_last {
                    return Ok(None);
                }
                self.partial.take().map(|whole| self.message(*whole)).transpose()
            }
            code => {
                let message = Partial { is_text: code == TEXT, deflated: head.deflated, bytes: payload };
                if head.is_last {
                    return self.message(message).map(Some);
                }
                self.partial = Some(Box::new(message));
                Ok(None)
            }
        }
    }

    fn message(&self, whole: Partial) -> Result<Received, ReadError> {
        let Partial { is_text, deflated, mut bytes } = whole;
        if deflated {
            bytes = deflate::inflate(&bytes, self.limit)?;
        }
        if !is_text {
            return Ok(Received::Binary(bytes));
        }
        String::from_utf8(bytes).map(Received::Text).map_err(|_| ReadError::NoText)
    }
}

fn unmask(payload: &mut [u8], mask: [u8; 4]) {
    let wide = u64::from_ne_bytes([mask[0], mask[1], mask[2], mask[3], mask[0], mask[1], mask[2], mask[3]]);
    let (chunks, rest) = payload.as_chunks_mut::<8>();
    for chunk in chunks {
        *chunk = (u64::from_ne_bytes(*chunk) ^ wide).to_ne_bytes();
    }
    for (byte, mask) in rest.iter_mut().zip(mask.iter().cycle()) {
        *byte ^= mask;
    }
}

/// A close frame has no payload, or a code that may be sent and a text (section 7.4).
fn closed(payload: &[u8]) -> Result<Received, ReadError> {
    let (code, reason) = match payload {
        [] => return Ok(Received::Close(None)),
        [a, b, reason @ ..] => (u16::from_be_bytes([*a, *b]), reason),
        [_] => return Err(ReadError::Broken),
    };
    if !matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999) {
        return Err(ReadError::Broken);
    }
    match std::str::from_utf8(reason) {
        Ok(_) => Ok(Received::Close(Some(code))),
        Err(_) => Err(ReadError::NoText),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A client's frame.
    fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
        let mask = [1, 2, 3, 4];
        let mut bytes = vec![first];
        match payload.len() {
            short @ 0..=125 => bytes.push(0x80 | short as u8),
            middle @ 126..=0xffff => {
                bytes.push(0x80 | 126);
                bytes.extend((middle as u16).to_be_bytes());
            }
            long => {
                bytes.push(0x80 | 127);
                bytes.extend((long as u64).to_be_bytes());
            }
        }
        bytes.extend(mask);
        bytes.extend(payload.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask));
        bytes
    }

    /// All that comes of these bytes, handed over so many at a time.
    fn read(bytes: &[u8], at_once: usize) -> (Vec<Received>, Option<ReadError>) {
        read_with(Decoder::new(70_000, false), bytes, at_once)
    }

    fn read_with(mut decoder: Decoder, bytes: &[u8], at_once: usize) -> (Vec<Received>, Option<ReadError>) {
        let mut all = Vec::new();
        for some in bytes.chunks(at_once) {
            decoder.push(some);
            loop {
                match decoder.next() {
                    Ok(Some(received)) => all.push(received),
                    Ok(None) => break,
                    Err(error) => return (all, Some(error)),
                }
            }
        }
        assert!(decoder.partial.is_some() || decoder.bytes.capacity() == 0, "nothing is kept");
        (all, None)
    }

    fn text(text: &str) -> Received {
        Received::Text(text.to_owned())
    }

    #[test]
    fn c11_messages_are_the_same_however_their_bytes_come() {
        let long = "x".repeat(70_000);
        let frames = [
            frame(0x81, "ä".as_bytes()),
            frame(0x81, "y".repeat(200).as_bytes()),
            frame(0x82, &[1, 2]),
            frame(0x01, b"a"),
            frame(0x89, b"ping"),
            frame(0x00, b"b"),
            frame(0x8a, b""),
            frame(0x80, b"c"),
            frame(0x81, long.as_bytes()),
            frame(0x88, &[3, 232]),
        ];
        let expected = vec![
            text("ä"),
            text(&"y".repeat(200)),
            Received::Binary(vec![1, 2]),
            Received::Ping(b"ping".to_vec()),
            Received::Pong,
            text("abc"),
            text(&long),
            Received::Close(Some(1000)),
        ];
        for at_once in [1, 2, 3, 7, 100, 100_000] {
            let (all, error) = read(&frames.concat(), at_once);
            assert!(all == expected && error.is_none(), "{at_once}: {error:?}");
        }
    }

    #[test]
    fn c11_whatever_breaks_a_rule_ends_it() {
        let unmasked = vec![0x81, 1, b'a'];
        let broken: [(&str, Vec<u8>); 11] = [
            ("unmasked", unmasked),
            ("reserved bit", frame(0xc1, b"a")),
            ("reserved kind", frame(0x83, b"a")),
            ("reserved control", frame(0x8b, b"")),
            ("fragmented ping", frame(0x09, b"")),
            ("long ping", frame(0x89, &[0; 126])),
            ("nothing to continue", frame(0x80, b"a")),
            ("a message within another", [frame(0x01, b"a"), frame(0x81, b"b")].concat()),
            ("half a close code", frame(0x88, &[3])),
            ("a close code that is never sent", frame(0x88, &1005_u16.to_be_bytes())),
            ("a close code of nobody", frame(0x88, &5000_u16.to_be_bytes())),
        ];
        for (name, bytes) in broken {
            assert_eq!(read(&bytes, 1).1, Some(ReadError::Broken), "{name}");
            assert_eq!(read(&bytes, 1000).1, Some(ReadError::Broken), "{name}");
        }
    }

    #[test]
    fn c11_a_text_that_is_none_ends_it_with_an_error_of_its_own() {
        for (name, bytes) in [
            ("a message", frame(0x81, &[0xff])),
            ("put together", [frame(0x01, &[0xc3]), frame(0x80, b"a")].concat()),
            ("cut short", frame(0x81, &[b'a', 0xc3])),
            ("a surrogate", frame(0x81, &[0xed, 0xa0, 0x80])),
            ("a close reason", frame(0x88, &[3, 232, 0xff])),
        ] {
            assert_eq!(read(&bytes, 1).1, Some(ReadError::NoText), "{name}");
            assert_eq!(read(&bytes, 1000).1, Some(ReadError::NoText), "{name}");
        }
    }

    #[test]
    fn v9_a_message_above_the_limit_is_refused_by_its_head_alone() {
        let whole = frame(0x81, &[b'x'; 70_001]);
        assert_eq!(read(&whole[..14], 14).1, Some(ReadError::Oversized));
        let parts = [frame(0x01, &[b'x'; 35_000]), frame(0x00, &[b'x'; 35_000]), frame(0x80, b"x")].concat();
        assert_eq!(read(&parts, 1000), (vec![], Some(ReadError::Oversized)));
        // All that a length can say.
        assert_eq!(
            read(&[0x82, 0xff, 255, 255, 255, 255, 255, 255, 255, 255], 10).1,
            Some(ReadError::Oversized)
        );
    }

    #[test]
    fn v9_compressed_messages_are_read_where_that_was_agreed_on() {
        let hello = [0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00];
        let agreed = || Decoder::new(5, true);
        let whole = frame(0xc1, &hello);
        assert_eq!(read_with(agreed(), &whole, 1), (vec![text("Hello")], None));
        let parts = [frame(0x41, &hello[..3]), frame(0x89, b""), frame(0x80, &hello[3..])].concat();
        assert_eq!(read_with(agreed(), &parts, 2), (vec![Received::Ping(vec![]), text("Hello")], None));
        assert_eq!(read_with(agreed(), &frame(0x81, b"plain"), 9), (vec![text("plain")], None));
        assert_eq!(read(&whole, 9).1, Some(ReadError::Broken), "not agreed on");
        assert_eq!(read_with(Decoder::new(4, true), &whole, 9).1, Some(ReadError::Oversized));
        for (name, bytes) in [
            ("a compressed ping", frame(0xc9, b"")),
            ("a later fragment that says so", [frame(0x41, &hello[..3]), frame(0xc0, &hello[3..])].concat()),
            ("another reserved bit", frame(0xe1, &hello)),
        ] {
            assert_eq!(read_with(agreed(), &bytes, 1).1, Some(ReadError::Broken), "{name}");
        }
        let no_text = frame(0xc1, &[0xfa, 0x0f, 0x00]);
        assert_eq!(read_with(agreed(), &no_text, 1).1, Some(ReadError::NoText));
    }
}
