//! permessage-deflate (RFC 7692), always without context takeover: every message stands for itself, so that a connection costs
//! no memory of its own, and a broadcast is compressed once. It knows no frames.

use std::cell::RefCell;

use axum::http::{HeaderMap, HeaderValue, header};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use tidewire_hub::Frame;

use super::decode::ReadError;

/// Shorter messages are sent as they are: they hardly get shorter.
const WORTHWHILE: usize = 256;
/// What ends every compressed message, and is left out (section 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];
/// Longest message whose compressed form is kept for the next connection that gets it.
const KEPT: usize = 64 * 1024;
/// What is agreed on.
const AGREED: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

/// The state of an algorithm is large: one of each for all sockets of a thread.
struct Pool {
    compress: Compress,
    decompress: Decompress,
    /// The message that was compressed last, and what came out.
    last: Option<(Frame, Option<Vec<u8>>)>,
}

thread_local! {
    static POOL: RefCell<Pool> = RefCell::new(Pool {
        compress: Compress::new(Compression::default(), false),
        decompress: Decompress::new(false),
        last: None,
    });
}

/// What is answered to a client's offers; `None`: there is none that can be taken.
pub(crate) fn negotiate(headers: &HeaderMap) -> Option<HeaderValue> {
    let mut values = headers.get_all(header::SEC_WEBSOCKET_EXTENSIONS).iter();
    let takes = |value: &HeaderValue| value.to_str().is_ok_and(|value| value.split(',').any(is_taken));
    values.any(takes).then_some(HeaderValue::from_static(AGREED))
}

/// Whether an offer can be taken. We use the largest window only, and do not care how small the client's is.
fn is_taken(offer: &str) -> bool {
    let mut parts = offer.split(';').map(str::trim);
    if parts.next() != Some("permessage-deflate") {
        return false;
    }
    let mut seen = Vec::new();
    parts.all(|part| {
        let (name, value) = part
            .split_once('=')
            .map_or((part, None), |(name, value)| (name.trim(), Some(value.trim().trim_matches('"'))));
        let is_new = !seen.contains(&name);
        seen.push(name);
        is_new
            && match (name, value) {
                ("server_no_context_takeover" | "client_no_context_takeover", None) => true,
                ("client_max_window_bits", None) => true,
                ("client_max_window_bits", Some(bits)) => window(bits).is_some(),
                ("server_max_window_bits", Some(bits)) => window(bits) == Some(15),
                (_, _) => false,
            }
    })
}

fn window(bits: &str) -> Option<u8> {
    let is_plain = !bits.starts_with(['0', '+']);
    bits.parse().ok().filter(|bits| is_plain && (8..=15).contains(bits))
}

/// The message that this was made of; not a byte more than the limit is ever unpacked (V9).
pub(crate) fn inflate(packed: &[u8], limit: usize) -> Result<Vec<u8>, ReadError> {
    POOL.with_borrow_mut(|pool| {
        let decompress = &mut pool.decompress;
        decompress.reset(false);
        let mut out = Vec::with_capacity(packed.len().saturating_mul(3).min(limit) + 1);
        for part in [packed, &TAIL] {
            let before = decompress.total_in();
            loop {
                let rest = &part[usize::try_from(decompress.total_in() - before).unwrap_or(part.len())..];
                let had = out.len();
                let status = decompress
                    .decompress_vec(rest, &mut out, FlushDecompress::Sync)
                    .map_err(|_| ReadError::Broken)?;
                if out.len() > limit {
                    return Err(ReadError::Oversized);
                }
                match status {
                    Status::StreamEnd => return Ok(out),
                    _ if out.len() == out.capacity() => {
                        let more = out.len().max(1024).min(limit + 1 - out.len());
                        out.reserve_exact(more);
                    }
                    // All that this part gives.
                    Status::Ok | Status::BufError if decompress.total_in() - before == part.len() as u64 => {
                        break;
                    }
                    Status::Ok | Status::BufError if out.len() == had => return Err(ReadError::Broken),
                    Status::Ok | Status::BufError => {}
                }
            }
        }
        Ok(out)
    })
}

/// Hands over what a message becomes: its compressed form, if that is shorter.
pub(crate) fn deflated<R>(message: &Frame, take: impl FnOnce(Option<&[u8]>) -> R) -> R {
    let bytes = message.as_ref();
    if bytes.len() < WORTHWHILE {
        return take(None);
    }
    POOL.with_borrow_mut(|pool| {
        if let Some((last, packed)) = &pool.last
            && last.is_same(message)
        {
            return take(packed.as_deref());
        }
        let packed = deflate(&mut pool.compress, bytes).filter(|packed| packed.len() < bytes.len());
        let result = take(packed.as_deref());
        pool.last = (bytes.len() <= KEPT).then(|| (message.clone(), packed));
        result
    })
}

fn deflate(compress: &mut Compress, bytes: &[u8]) -> Option<Vec<u8>> {
    compress.reset();
    let mut out = Vec::with_capacity(bytes.len() / 2 + 64);
    loop {
        let rest = &bytes[usize::try_from(compress.total_in()).ok()?..];
        let status = compress.compress_vec(rest, &mut out, FlushCompress::Sync).ok()?;
        let all = compress.total_in() == bytes.len() as u64;
        match status {
            // Room is left, so all of it has come out.
            Status::Ok | Status::BufError if all && out.len() < out.capacity() => break,
            Status::Ok | Status::BufError => out.reserve(out.len().max(64)),
            Status::StreamEnd => return None,
        }
    }
    out.ends_with(&TAIL).then(|| out.truncate(out.len() - TAIL.len()))?;
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(offers: &[&'static str]) -> bool {
        let mut headers = HeaderMap::new();
        for offer in offers {
            headers.append(header::SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(offer));
        }
        negotiate(&headers).is_some()
    }

    #[test]
    fn v9_an_offer_is_taken_only_if_it_can_be_kept() {
        // What Chromium and Firefox, and Node's `ws`, say.
        assert!(answer(&["permessage-deflate; client_max_window_bits"]));
        assert!(answer(&["permessage-deflate"]));
        assert!(answer(&["x-other, permessage-deflate; server_no_context_takeover"]));
        assert!(answer(&["permessage-deflate; client_max_window_bits=10; server_max_window_bits=\"15\""]));
        // The second of two offers.
        assert!(answer(&["permessage-deflate; server_max_window_bits=9, permessage-deflate"]));
        assert!(answer(&["permessage-deflate; unknown", "permessage-deflate"]));
        for bad in [
            "",
            "x-webkit-deflate-frame",
            "permessage-deflate; server_max_window_bits=9",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; client_max_window_bits=7",
            "permessage-deflate; client_max_window_bits=16",
            "permessage-deflate; client_max_window_bits=010",
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
            "permessage-deflate; unknown",
        ] {
            assert!(!answer(&[bad]), "{bad}");
        }
    }

    fn packed(bytes: &[u8]) -> Vec<u8> {
        deflate(&mut Compress::new(Compression::default(), false), bytes).unwrap()
    }

    #[test]
    fn v9_messages_come_back_whole_and_each_stands_for_itself() {
        let noise: Vec<u8> = (0..70_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
        for bytes in [&b""[..], b"a", &b"abc".repeat(5_000), &noise, &[0; 100_000]] {
            for _ in 0..2 {
                assert!(inflate(&packed(bytes), 100_000).as_deref() == Ok(bytes), "{} bytes", bytes.len());
            }
        }
        // The example of RFC 7692 section 7.2.3.1, and one with a last block (7.2.3.4).
        assert_eq!(inflate(&[0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00], 5).unwrap(), b"Hello");
        assert_eq!(inflate(&[0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00], 5).unwrap(), b"Hello");
    }

    #[test]
    fn v9_a_bomb_is_unpacked_up_to_the_limit_and_no_further() {
        let bomb = packed(&vec![0; 50_000_000]);
        assert!(bomb.len() < 60_000, "{}", bomb.len());
        assert_eq!(inflate(&bomb, 1_000_000), Err(ReadError::Oversized));
        let whole = packed(&vec![0; 1_000_000]);
        assert_eq!(inflate(&whole, 1_000_000).map(|whole| whole.len()), Ok(1_000_000));
        assert_eq!(inflate(&whole, 999_999), Err(ReadError::Oversized));
    }

    #[test]
    fn c11_what_is_not_compressed_is_broken() {
        for bytes in [&[0xff, 0xff, 0xff][..], &[0x07]] {
            assert_eq!(inflate(bytes, 1_000), Err(ReadError::Broken), "{bytes:x?}");
        }
    }

    #[test]
    fn v8_a_message_is_compressed_once_for_all_who_get_it_on_a_thread() {
        let message = Frame::from("{\"title\":\"a swim in the lake\"}".repeat(20));
        let first = deflated(&message, |packed| packed.map(<[u8]>::as_ptr)).unwrap();
        assert_eq!(deflated(&message.clone(), |packed| packed.map(<[u8]>::as_ptr)), Some(first));
        assert!(deflated(&Frame::from("short".to_owned()), |packed| packed.is_none()));
    }
}
