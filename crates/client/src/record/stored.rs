//! Records of the store without their payloads (docs/store-format.md). A record that this does not know stays as it is only where it
//! cannot hold any: else its bytes are made unreadable, and the engine of the replay sets it aside.

/// Where a record's texts stand.
struct Walk<'a> {
    bytes: &'a mut [u8],
    at: usize,
}

/// Blanks the texts of a write's record in place; `filler` gives text of the same length.
pub(super) fn blank(key: &str, bytes: &mut [u8], filler: impl Fn(&str) -> String) {
    if !key.starts_with("w/") {
        // The engine's own: ids, names, clocks.
        return;
    }
    let content = bytes.len().saturating_sub(4);
    let sound = crc32(key, &bytes[..content]) == bytes[content..];
    let mut walk = Walk { bytes: &mut bytes[..content], at: 4 };
    if !sound || walk.write(&filler).is_none() {
        bytes.fill(b'x');
        return;
    }
    let sum = crc32(key, &bytes[..content]);
    bytes[content..].copy_from_slice(&sum);
}

fn crc32(key: &str, content: &[u8]) -> [u8; 4] {
    let mut crc = crc32fast::Hasher::new();
    crc.update(key.as_bytes());
    crc.update(&[0]);
    crc.update(content);
    crc.finalize().to_le_bytes()
}

impl Walk<'_> {
    fn write(&mut self, filler: &impl Fn(&str) -> String) -> Option<()> {
        if !matches!(self.bytes.get(..4)?, [b'T', b'W', 1 | 2, 1]) {
            return None;
        }
        // Partition, id, name; version; variables.
        (0..3).try_for_each(|_| self.skip())?;
        self.at += 4;
        self.blank(filler)?;
        // Method and path; the body; the lane; flags, three numbers.
        (0..2).try_for_each(|_| self.skip())?;
        self.blank_optional(filler)?;
        self.skip()?;
        self.at += 1 + 8 + 8 + 4;
        match self.byte()? {
            0 | 1 | 4 => Some(()),
            2 => {
                // Client and sequence, status, replayed.
                self.skip()?;
                self.at += 8 + 4 + 1;
                self.blank_optional(filler)
            }
            3 => {
                self.at += 1 + 4;
                self.blank_optional(filler)
            }
            _ => None,
        }
    }

    fn byte(&mut self) -> Option<u8> {
        self.at += 1;
        self.bytes.get(self.at - 1).copied()
    }

    /// The place of the text that begins here; stands behind it then.
    fn text(&mut self) -> Option<std::ops::Range<usize>> {
        let length = self.bytes.get(self.at..self.at.checked_add(4)?)?;
        let length = u32::from_le_bytes(length.try_into().ok()?);
        let begin = self.at + 4;
        self.at = begin.checked_add(usize::try_from(length).ok()?)?;
        (self.at <= self.bytes.len()).then_some(begin..self.at)
    }

    fn skip(&mut self) -> Option<()> {
        self.text().map(drop)
    }

    fn blank(&mut self, filler: &impl Fn(&str) -> String) -> Option<()> {
        let place = self.text()?;
        let text = std::str::from_utf8(self.bytes.get(place.clone())?).ok()?;
        let filler = filler(text);
        if filler.len() != text.len() {
            return None;
        }
        self.bytes.get_mut(place)?.copy_from_slice(filler.as_bytes());
        Some(())
    }

    fn blank_optional(&mut self, filler: &impl Fn(&str) -> String) -> Option<()> {
        if self.byte()? == 0 { Some(()) } else { self.blank(filler) }
    }
}
