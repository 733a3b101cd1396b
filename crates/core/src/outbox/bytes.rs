//! The bytes of a stored record: an envelope with magic, format version, partition and checksum (Q4).
//!
//! ```text
//! "TW"  version:u8  kind:u8  partition:text  body...  crc32:u32      text = length:u32 + UTF-8, integers little endian
//! ```
//! The checksum covers everything before it and the record's key, so that a value under a wrong key is found too.

use crate::io::QuarantineReason;

/// Version of the format. A change needs a new number and a vector in `vectors/records`.
pub(crate) const VERSION: u8 = 2;
/// The oldest version that is still read.
const OLDEST: u8 = 1;

/// How a value begins that an encrypting store could not open (Q23).
const SEALED: &[u8] = b"tws\x01";

#[derive(Debug, Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn record(kind: u8, partition: &str) -> Writer {
        let mut w = Writer(vec![b'T', b'W', VERSION, kind]);
        w.text(partition);
        w
    }

    pub(crate) fn u8(&mut self, v: u8) {
        self.0.push(v);
    }

    pub(crate) fn u32(&mut self, v: u32) {
        self.0.extend_from_slice(&v.to_le_bytes());
    }

    pub(crate) fn u64(&mut self, v: u64) {
        self.0.extend_from_slice(&v.to_le_bytes());
    }

    pub(crate) fn text(&mut self, v: &str) {
        // Limits keep every text far below 4 GiB.
        self.u32(u32::try_from(v.len()).unwrap_or(u32::MAX));
        self.0.extend_from_slice(v.as_bytes());
    }

    pub(crate) fn optional(&mut self, v: Option<&str>) {
        self.u8(u8::from(v.is_some()));
        if let Some(v) = v {
            self.text(v);
        }
    }

    pub(crate) fn texts<'a>(&mut self, all: impl Iterator<Item = &'a str>) {
        let at = self.0.len();
        self.u32(0);
        let mut count = 0u32;
        for text in all {
            self.text(text);
            count += 1;
        }
        self.0[at..at + 4].copy_from_slice(&count.to_le_bytes());
    }

    /// Adds the checksum for `key` and returns the bytes.
    pub(crate) fn seal(mut self, key: &str) -> Vec<u8> {
        let sum = checksum(key, &self.0);
        self.u32(sum);
        self.0
    }
}

/// Reads a record. Where something is missing it gives what is empty or zero from there on, and says so at the end.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    /// Something was missing.
    bad: bool,
    /// The version that it was written in.
    pub(crate) version: u8,
}

impl<'a> Reader<'a> {
    /// Checks the envelope and stands before the body.
    pub(crate) fn open(
        key: &str,
        bytes: &'a [u8],
        kind: u8,
        partition: &str,
    ) -> Result<Reader<'a>, QuarantineReason> {
        use QuarantineReason::{Corrupt, Foreign, Newer, Sealed};
        if bytes.starts_with(SEALED) {
            return Err(Sealed);
        }
        let split = bytes.len().checked_sub(4).ok_or(Corrupt)?;
        let (content, sum) = bytes.split_at(split);
        let sum = sum.try_into().map(u32::from_le_bytes).map_err(|_| Corrupt)?;
        // The fuzzer cannot guess checksums, and is to reach what lies behind them.
        if checksum(key, content) != sum && !cfg!(fuzzing) {
            return Err(Corrupt);
        }
        let mut r = Reader { rest: content, version: 0, bad: false };
        if r.take(2) != b"TW" {
            return Err(Corrupt);
        }
        r.version = r.u8();
        if r.version > VERSION {
            return Err(Newer);
        }
        if r.version < OLDEST || r.u8() != kind {
            return Err(Corrupt);
        }
        if r.text() != partition || r.bad {
            return Err(Foreign);
        }
        Ok(r)
    }

    /// What was read is none: from here on everything is empty.
    pub(crate) fn fail(&mut self) {
        self.bad = true;
        self.rest = &[];
    }

    #[inline(never)]
    fn take(&mut self, n: usize) -> &'a [u8] {
        let Some((head, tail)) = self.rest.split_at_checked(n) else {
            self.fail();
            return &[];
        };
        self.rest = tail;
        head
    }

    pub(crate) fn u8(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or_default()
    }

    pub(crate) fn flag(&mut self) -> bool {
        self.u8() != 0
    }

    pub(crate) fn u16(&mut self) -> u16 {
        u16::try_from(self.u32()).unwrap_or_else(|_| {
            self.fail();
            0
        })
    }

    #[inline(never)]
    pub(crate) fn u32(&mut self) -> u32 {
        self.take(4).try_into().map_or(0, u32::from_le_bytes)
    }

    #[inline(never)]
    pub(crate) fn u64(&mut self) -> u64 {
        self.take(8).try_into().map_or(0, u64::from_le_bytes)
    }

    #[inline(never)]
    pub(crate) fn text(&mut self) -> String {
        let length = self.u32() as usize;
        if let Ok(text) = core::str::from_utf8(self.take(length)) {
            return text.to_owned();
        }
        self.fail();
        String::new()
    }

    #[inline(never)]
    pub(crate) fn optional(&mut self) -> Option<String> {
        match self.u8() {
            0 => None,
            1 => Some(self.text()),
            _ => {
                self.fail();
                None
            }
        }
    }

    #[inline(never)]
    pub(crate) fn texts(&mut self) -> Vec<String> {
        let mut left = self.u32();
        // Grows as far as there are bytes, whatever the number says.
        let mut all = Vec::new();
        while left > 0 && !self.bad {
            all.push(self.text());
            left -= 1;
        }
        all
    }

    /// Whether everything that was asked for was there.
    pub(crate) fn sound(&self) -> Result<(), QuarantineReason> {
        if self.bad { Err(QuarantineReason::Corrupt) } else { Ok(()) }
    }

    /// The same, and nothing is left.
    pub(crate) fn end(&self) -> Result<(), QuarantineReason> {
        if self.rest.is_empty() { self.sound() } else { Err(QuarantineReason::Corrupt) }
    }
}

/// CRC-32 (IEEE 802.3) over the key, a zero byte and the content.
fn checksum(key: &str, content: &[u8]) -> u32 {
    let mut crc = !0u32;
    for byte in key.as_bytes().iter().chain(&[0]).chain(content) {
        crc ^= u32::from(*byte);
        // Four bits at a time: a table of 64 bytes instead of one of 1 kB.
        crc = (crc >> 4) ^ TABLE[(crc & 15) as usize];
        crc = (crc >> 4) ^ TABLE[(crc & 15) as usize];
    }
    !crc
}

const TABLE: [u32; 16] = {
    let mut table = [0u32; 16];
    let mut i = 0;
    while i < 16 {
        let mut crc = i as u32;
        let mut bit = 0;
        while bit < 4 {
            crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
            bit += 1;
        }
        table[i] = crc;
        i += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_crc32() {
        // Check value of CRC-32/ISO-HDLC over "123456789", here split into key, zero byte and content.
        fn plain(bytes: &[u8]) -> u32 {
            let mut crc = !0u32;
            for b in bytes {
                crc ^= u32::from(*b);
                for _ in 0..8 {
                    crc = if crc & 1 == 1 { (crc >> 1) ^ 0xEDB8_8320 } else { crc >> 1 };
                }
            }
            !crc
        }
        assert_eq!(plain(b"123456789"), 0xCBF4_3926);
        assert_eq!(checksum("w/1", b"abc"), plain(b"w/1\0abc"));
    }

    #[test]
    fn q4_every_flipped_bit_and_every_cut_is_found() {
        let mut w = Writer::record(7, "app|ana");
        w.text("hej ✓");
        w.optional(None);
        let good = w.seal("k");
        assert!(Reader::open("k", &good, 7, "app|ana").is_ok());
        for i in 0..good.len() * 8 {
            let mut bad = good.clone();
            bad[i / 8] ^= 1 << (i % 8);
            assert_eq!(
                Reader::open("k", &bad, 7, "app|ana").err(),
                Some(QuarantineReason::Corrupt),
                "bit {i}"
            );
        }
        for cut in 0..good.len() {
            assert!(Reader::open("k", &good[..cut], 7, "app|ana").is_err(), "cut {cut}");
        }
        assert!(Reader::open("other", &good, 7, "app|ana").is_err());
    }

    #[test]
    fn q20_a_record_of_another_user_and_q21_of_a_newer_build_are_named() {
        let good = Writer::record(7, "app|ana").seal("k");
        assert_eq!(Reader::open("k", &good, 7, "app|ben").err(), Some(QuarantineReason::Foreign));
        let mut newer = Writer::record(7, "app|ana");
        newer.0[2] = VERSION + 1;
        assert_eq!(Reader::open("k", &newer.seal("k"), 7, "app|ana").err(), Some(QuarantineReason::Newer));
    }
}
