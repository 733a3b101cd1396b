//! What ties a write to others: parents, temporary ids, what it does to the one before it (Q7, Q8). Pure data and its bytes.

use super::bytes::{Reader, Writer};
use crate::gather::Gather;
use crate::ids::WriteId;
use crate::io::{Coalesce, Named};
use crate::limits;

/// A write's ties. Most have none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ties {
    /// Writes that must have succeeded first; empty once it was sent.
    pub(crate) depends_on: Vec<WriteId>,
    /// Temporary ids that it mentions and that have no real name yet.
    pub(crate) awaits: Vec<String>,
    /// Temporary ids that its own answer gives names to.
    pub(crate) temp_ids: Vec<String>,
    pub(crate) dedupe_key: Option<String>,
    pub(crate) coalesce: Coalesce,
    /// Writes in whose place it came: who depends on them depends on it.
    pub(crate) stands_for: Vec<WriteId>,
}

impl Ties {
    /// Whether its sending hangs on other writes.
    pub(crate) fn waits(&self) -> bool {
        !(self.depends_on.is_empty() && self.awaits.is_empty())
    }

    pub(crate) fn is_well_formed(&self) -> bool {
        let temp = |id: &String| {
            (limits::TEMP_ID_LEAST..=limits::TEMP_ID_BYTES).contains(&id.len())
                && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-'))
        };
        let pair = match &self.coalesce {
            Coalesce::CancelPair { name } => (1..=limits::NAME_BYTES).contains(&name.len()),
            Coalesce::None {} | Coalesce::Replace {} => true,
        };
        self.temp_ids.len() <= limits::TEMP_IDS
            && self.temp_ids.iter().all(temp)
            && self.depends_on.len() <= limits::PARENTS
            && self.dedupe_key.as_ref().is_none_or(|key| (1..=limits::NAME_BYTES).contains(&key.len()))
            && pair
    }

    pub(crate) fn encode(&self, w: &mut Writer) {
        w.texts(self.depends_on.iter().map(|write| write.0.as_str()));
        w.texts(self.awaits.iter().map(String::as_str));
        w.texts(self.temp_ids.iter().map(String::as_str));
        w.optional(self.dedupe_key.as_deref());
        w.texts(self.stands_for.iter().map(|write| write.0.as_str()));
        match &self.coalesce {
            Coalesce::None {} => w.u8(0),
            Coalesce::Replace {} => w.u8(1),
            Coalesce::CancelPair { name } => {
                w.u8(2);
                w.text(name);
            }
        }
    }

    pub(crate) fn decode(r: &mut Reader<'_>) -> Ties {
        Ties {
            depends_on: r.texts().into_iter().map(WriteId).gather(),
            awaits: r.texts(),
            temp_ids: r.texts(),
            dedupe_key: r.optional(),
            stands_for: r.texts().into_iter().map(WriteId).gather(),
            coalesce: match r.u8() {
                0 => Coalesce::None {},
                1 => Coalesce::Replace {},
                2 => Coalesce::CancelPair { name: r.text() },
                _ => {
                    r.fail();
                    Coalesce::None {}
                }
            },
        }
    }
}

pub(crate) fn put_names(w: &mut Writer, names: &[Named]) {
    w.texts(names.iter().flat_map(|name| [name.temp.as_str(), name.real.as_str()]));
}

pub(crate) fn names(r: &mut Reader<'_>) -> Vec<Named> {
    let mut texts = r.texts().into_iter();
    let mut names = Vec::new();
    while let Some(temp) = texts.next() {
        match texts.next() {
            Some(real) => names.push(Named { temp, real }),
            None => r.fail(),
        }
    }
    names
}
