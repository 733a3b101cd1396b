//! The bytes of the log: how a record is written and found again. Knows no file.
//!
//! ```text
//! file    FF 'T' 'W' 'L' version:u32                                        8 bytes
//! record  FF 'T' 'W' 'R' batch:u32 key_len:u16 kind:u8 0 value_len:u32
//!         value_crc:u32 head_crc:u32 | key | value                          24 bytes + key + value
//! ```
//!
//! Little endian; CRC-32. `head_crc` covers the twenty bytes before it and the key, so that a flipped value still tells
//! its key. `FF` never occurs in UTF-8, so no JSON inside a value looks like a record. `batch` counts commits: damage
//! before a record of a later batch was acknowledged once; damage in the last batch may be a step that never was.

/// Version of this format. A change needs a new number and a new vector in the tests.
pub(super) const VERSION: u32 = 1;
/// What a file begins with.
pub(super) const FILE_MAGIC: [u8; 4] = [0xFF, b'T', b'W', b'L'];
/// Size of a file's header.
pub(super) const FILE_HEADER: usize = 8;
const RECORD_MAGIC: [u8; 4] = [0xFF, b'T', b'W', b'R'];
/// Size of a record's header.
pub(super) const RECORD_HEADER: usize = 24;
const KIND_PUT: u8 = 1;
const KIND_REMOVE: u8 = 2;

/// The header of a file.
pub(super) fn file_header() -> [u8; FILE_HEADER] {
    let mut header = [0; FILE_HEADER];
    header[..4].copy_from_slice(&FILE_MAGIC);
    header[4..].copy_from_slice(&VERSION.to_le_bytes());
    header
}

/// Appends one record to `out`.
pub(super) fn encode(batch: u32, key: &str, value: Option<&[u8]>, out: &mut Vec<u8>) {
    let start = out.len();
    let body = value.unwrap_or_default();
    let key_len = u16::try_from(key.len()).expect("keys are checked against KEY_BYTES before");
    let value_len = u32::try_from(body.len()).expect("values are checked against VALUE_BYTES before");
    out.extend_from_slice(&RECORD_MAGIC);
    out.extend_from_slice(&batch.to_le_bytes());
    out.extend_from_slice(&key_len.to_le_bytes());
    out.push(if value.is_some() { KIND_PUT } else { KIND_REMOVE });
    out.push(0);
    out.extend_from_slice(&value_len.to_le_bytes());
    out.extend_from_slice(&crc32fast::hash(body).to_le_bytes());
    let head = crc_of_head(&out[start..], key.as_bytes());
    out.extend_from_slice(&head.to_le_bytes());
    out.extend_from_slice(key.as_bytes());
    out.extend_from_slice(body);
}

/// A record as it stands in the log; places count from the beginning of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) batch: u32,
    pub(super) key: String,
    pub(super) removes: bool,
    pub(super) at: usize,
    pub(super) value_at: usize,
    pub(super) end: usize,
    /// The value matches its checksum.
    pub(super) sound: bool,
}

/// What stands in a log, in its order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Piece {
    Record(Found),
    /// No record begins here.
    Rubble {
        at: usize,
        end: usize,
    },
}

/// Takes a log apart. Never fails: what is no record is rubble.
pub(super) fn scan(bytes: &[u8], from: usize) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let mut at = from;
    while at < bytes.len() {
        if let Some(found) = read(bytes, at) {
            at = found.end;
            pieces.push(Piece::Record(found));
            continue;
        }
        let end = (at + 1..bytes.len()).find(|&next| read(bytes, next).is_some()).unwrap_or(bytes.len());
        pieces.push(Piece::Rubble { at, end });
        at = end;
    }
    pieces
}

/// The record that begins at `at`, if one with a sound head does and it ends within the file.
fn read(bytes: &[u8], at: usize) -> Option<Found> {
    let rest = bytes.get(at..)?;
    let head = rest.get(..RECORD_HEADER)?;
    if head[..4] != RECORD_MAGIC {
        return None;
    }
    let key_len = usize::from(u16::from_le_bytes([head[8], head[9]]));
    let value_len = usize::try_from(word(head, 12)).ok()?;
    let key = rest.get(RECORD_HEADER..RECORD_HEADER + key_len)?;
    if crc_of_head(&head[..20], key) != word(head, 20) {
        return None;
    }
    let value_at = RECORD_HEADER + key_len;
    let value = rest.get(value_at..value_at.checked_add(value_len)?)?;
    let removes = match head[10] {
        KIND_PUT => false,
        KIND_REMOVE => true,
        _ => return None,
    };
    Some(Found {
        batch: word(head, 4),
        key: std::str::from_utf8(key).ok()?.to_owned(),
        removes,
        at,
        value_at: at + value_at,
        end: at + value_at + value_len,
        sound: crc32fast::hash(value) == word(head, 16),
    })
}

fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
}

fn crc_of_head(head: &[u8], key: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(head);
    crc.update(key);
    crc.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q21_the_format_has_a_vector_and_changes_only_with_its_version() {
        let mut bytes = file_header().to_vec();
        encode(7, "w/1", Some(b"{\"a\":1}"), &mut bytes);
        encode(8, "w/1", None, &mut bytes);
        let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(
            hex,
            concat!(
                "ff54574c01000000",
                "ff545752070000000300010007000000afac1b567def9a64772f317b2261223a317d",
                "ff5457520800000003000200000000000000000001849f95772f31"
            ),
            "version {VERSION}"
        );
    }

    #[test]
    fn q4_every_single_flipped_byte_is_noticed_and_hurts_one_record_only() {
        let mut bytes = Vec::new();
        for (batch, key) in [(1, "a"), (2, "b"), (3, "c")] {
            encode(batch, key, Some(b"value"), &mut bytes);
        }
        let one = bytes.len() / 3;
        for at in 0..bytes.len() {
            let mut hurt = bytes.clone();
            hurt[at] ^= 0x20;
            let sound: Vec<String> = scan(&hurt, 0)
                .into_iter()
                .filter_map(|piece| match piece {
                    Piece::Record(found) if found.sound => Some(found.key),
                    Piece::Record(_) | Piece::Rubble { .. } => None,
                })
                .collect();
            let expected: Vec<&str> = ["a", "b", "c"]
                .into_iter()
                .enumerate()
                .filter(|(n, _)| *n != at / one)
                .map(|(_, key)| key)
                .collect();
            assert_eq!(sound, expected, "byte {at}");
        }
    }

    #[test]
    fn a_value_that_holds_a_record_is_not_taken_for_one() {
        let mut inner = Vec::new();
        encode(1, "inner", Some(b"x"), &mut inner);
        let mut bytes = Vec::new();
        encode(1, "outer", Some(&inner), &mut bytes);
        let pieces = scan(&bytes, 0);
        assert_eq!(pieces.len(), 1);
        assert!(matches!(&pieces[0], Piece::Record(found) if found.key == "outer" && found.sound));
    }
}
