//! Writes that are the same as the one before them, replace it, or undo it (Q8). Only the last record of the lane is looked at.

use super::Outbox;
use super::record::Record;
use crate::ids::*;
use crate::io::Coalesce;

impl Outbox {
    /// The last write of its lane, if the app says by its key that both are the same.
    pub(super) fn same_as(&self, record: &Record) -> Option<WriteId> {
        if record.ties.dedupe_key.is_none() || record.ties.coalesce == (Coalesce::Replace {}) {
            return None;
        }
        let early = self.early.iter().rev().find(|r| r.lane == record.lane);
        let last = || Some(&self.entries.get(&self.entries.last(&record.lane)?)?.record);
        let last = early.or_else(last)?;
        let same = last.ties.dedupe_key == record.ties.dedupe_key && last.name == record.name;
        same.then(|| last.write.clone())
    }
}
