//! Names that only the server could give (Q7): which temporary id has which real name, and putting the one in the other's place.
//!
//! Temporary ids are unguessable, so a text that contains one means it. It knows no order and no parents.

use std::collections::VecDeque;

use crate::gather::Gather;
use crate::map::Map;

use super::bytes::{Reader, Writer};
use super::record::{Record, Stage};
use crate::ids::*;
use crate::io::{Named, QuarantineReason};
use crate::limits;
use crate::secret::{Blob, Payload};
use tidewire_wire::json;

/// Key of the names whose writes' records may be gone.
pub(crate) const NAMES_KEY: &str = "m/names";
const KIND_NAMES: u8 = 4;

/// A name and the write whose answer gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    pub(crate) write: WriteId,
    pub(crate) named: Named,
}

#[derive(Debug, Default)]
pub(crate) struct Names {
    /// Real names by temporary ids.
    real: Map<String, String>,
    /// Temporary ids of writes that have no outcome yet.
    declared: Map<String, WriteId>,
    /// Of those, the ones whose writes have ended in another tab, which knows the names; oldest first.
    awaited: VecDeque<String>,
    /// What stands under `NAMES_KEY`, oldest first.
    saved: Vec<Given>,
}

impl Names {
    /// False: it was known.
    pub(crate) fn learn(&mut self, named: &Named) -> bool {
        self.declared.remove(&named.temp);
        self.real.insert(named.temp.clone(), named.real.clone()).is_none()
    }

    pub(crate) fn declare(&mut self, record: &Record) {
        for temp in &record.ties.temp_ids {
            if !self.real.contains_key(temp) {
                self.declared.insert(temp.clone(), record.write.clone());
            }
        }
    }

    pub(crate) fn undeclare(&mut self, record: &Record) {
        for temp in &record.ties.temp_ids {
            self.declared.remove(temp);
        }
    }

    /// Its record is gone, and it was applied: the news of its names are on their way. Who mentions one waits for it.
    pub(crate) fn await_names(&mut self, record: &Record) {
        self.declare(record);
        self.awaited.extend(record.ties.temp_ids.iter().cloned());
        while self.awaited.len() > limits::RECENT_NAMES {
            if let Some(temp) = self.awaited.pop_front() {
                self.declared.remove(&temp);
            }
        }
    }

    pub(crate) fn saved(&self) -> &[Given] {
        &self.saved
    }

    pub(crate) fn has_saved(&self, write: &WriteId) -> bool {
        self.saved.iter().any(|given| given.write == *write)
    }

    /// What is on disk now. Returns what is new.
    pub(crate) fn set_saved(&mut self, saved: Vec<Given>) -> Vec<Named> {
        for old in std::mem::take(&mut self.saved) {
            if !saved.contains(&old) {
                self.real.remove(&old.named.temp);
            }
        }
        self.saved = saved;
        let unknown = self.saved.iter().filter(|given| !self.real.contains_key(&given.named.temp));
        unknown.map(|given| given.named.clone()).gather()
    }

    /// The names to keep after these were given too: the newest.
    pub(crate) fn with(&self, more: impl Iterator<Item = Given>) -> Vec<Given> {
        let mut all = self.saved.clone();
        for given in more {
            if !all.contains(&given) {
                all.push(given);
            }
        }
        let beyond = all.len().saturating_sub(limits::RECENT_NAMES);
        all.split_off(beyond)
    }

    /// Puts known names into a write that was never sent, and ties it to the writes whose temporary ids it mentions.
    pub(crate) fn tie(&self, record: &mut Record) {
        self.apply(record);
        if self.declared.is_empty() {
            return;
        }
        let mut found = Vec::new();
        for text in texts(record) {
            find_all(text, &self.declared, |_, temp, write| found.push((temp.to_owned(), write.clone())));
        }
        for (temp, write) in found {
            if record.ties.temp_ids.contains(&temp) {
                continue;
            }
            if !record.ties.awaits.contains(&temp) {
                record.ties.awaits.push(temp);
            }
            if !record.ties.depends_on.contains(&write) {
                record.ties.depends_on.push(write);
            }
        }
    }

    /// The same for one whose bytes may be frozen.
    pub(crate) fn apply_unsent(&self, record: &mut Record) {
        if record.stage == Stage::Queued && record.ties.waits() {
            self.apply(record);
        }
    }

    /// Puts known names in the place of temporary ids.
    pub(crate) fn apply(&self, record: &mut Record) {
        if self.real.is_empty() {
            return;
        }
        if let Some(path) = replaced(&record.path, &self.real, percent) {
            record.path = path;
        }
        // The default lane is the path.
        let lane =
            if record.lane.0.starts_with('/') || record.lane.0.contains("://") { percent } else { plain };
        if let Some(lane) = replaced(&record.lane.0, &self.real, lane) {
            record.lane = Lane(lane);
        }
        if let Some(body) = record.body.as_ref().and_then(|body| replaced(&body.0, &self.real, escaped)) {
            record.body = Some(Payload(body));
        }
        if let Some(variables) = replaced(&record.variables.0, &self.real, escaped) {
            record.variables = Payload(variables);
        }
        record.ties.awaits.retain(|temp| !self.real.contains_key(temp));
    }

    pub(crate) fn encode(given: &[Given], partition: &Partition) -> Blob {
        let mut w = Writer::record(KIND_NAMES, &partition.0);
        w.texts(
            given.iter().flat_map(|g| [g.write.0.as_str(), g.named.temp.as_str(), g.named.real.as_str()]),
        );
        Blob(w.seal(NAMES_KEY))
    }

    pub(crate) fn decode(bytes: &[u8], partition: &Partition) -> Result<Vec<Given>, QuarantineReason> {
        let mut r = Reader::open(NAMES_KEY, bytes, KIND_NAMES, &partition.0)?;
        let mut texts = r.texts().into_iter();
        r.sound()?;
        let mut all = Vec::new();
        while let (Some(write), Some(temp), Some(real)) = (texts.next(), texts.next(), texts.next()) {
            all.push(Given { write: WriteId(write), named: Named { temp, real } });
        }
        Ok(all)
    }
}

/// JSON text with this name in its place; absent if it does not mention it.
pub(crate) fn renamed_json(text: &str, named: &Named) -> Option<String> {
    let names = [(named.temp.clone(), named.real.clone())].into_iter().collect();
    replaced(text, &names, escaped)
}

fn texts(record: &Record) -> impl Iterator<Item = &str> {
    let body = record.body.as_ref().map(|body| body.0.as_str());
    [record.path.as_str(), record.lane.0.as_str(), record.variables.0.as_str()].into_iter().chain(body)
}

/// Calls for each of the keys that the text contains, the longest one at each place.
fn find_all<V>(text: &str, keys: &Map<String, V>, mut found: impl FnMut(usize, &str, &V)) {
    let mut at = 0;
    while at + limits::TEMP_ID_LEAST <= text.len() {
        let longest = text.get(at..at + limits::TEMP_ID_LEAST).and_then(|window| {
            let near = keys.range::<str, _>((std::ops::Bound::Included(window), std::ops::Bound::Unbounded));
            near.take_while(|(key, _)| key.starts_with(window))
                .filter(|(key, _)| text[at..].starts_with(*key))
                .last()
        });
        match longest {
            Some((key, value)) => {
                found(at, key, value);
                at += key.len();
            }
            None => at += 1,
        }
    }
}

fn replaced(text: &str, names: &Map<String, String>, put: fn(&str, &mut String)) -> Option<String> {
    let mut out = String::new();
    let mut done = 0;
    find_all(text, names, |at, temp, real| {
        out.push_str(&text[done..at]);
        put(real, &mut out);
        done = at + temp.len();
    });
    if done == 0 {
        return None;
    }
    out.push_str(&text[done..]);
    Some(out)
}

fn plain(real: &str, out: &mut String) {
    out.push_str(real);
}

/// All but the unreserved characters of RFC 3986.
fn percent(real: &str, out: &mut String) {
    for byte in real.bytes() {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(byte));
        } else {
            out.push('%');
            for digit in [byte >> 4, byte & 15] {
                out.push(char::from_digit(u32::from(digit), 16).unwrap_or('0').to_ascii_uppercase());
            }
        }
    }
}

/// For the inside of a JSON string.
fn escaped(real: &str, out: &mut String) {
    let mut quoted = String::new();
    json::quote(real, &mut quoted);
    out.push_str(&quoted[1..quoted.len() - 1]);
}

#[cfg(test)]
mod tests {
    use super::super::record::{Claim, tests};
    use super::*;

    fn names(pairs: &[(&str, &str)]) -> Map<String, String> {
        pairs.iter().map(|(temp, real)| ((*temp).to_owned(), (*real).to_owned())).collect()
    }

    #[test]
    fn q7_a_name_is_put_in_every_place_in_the_form_of_that_place() {
        let known = names(&[("tmp_aaaaaaaa", "a/ž\"1"), ("tmp_aaaaaaaab", "longer"), ("tmp_cccccccc", "7")]);
        let check = |text: &str, put, expected: Option<&str>| {
            assert_eq!(replaced(text, &known, put).as_deref(), expected, "{text}");
        };
        check("/x/tmp_aaaaaaaa/y?z=tmp_cccccccc", percent, Some("/x/a%2F%C5%BE%221/y?z=7"));
        check(r#"{"room":"activity_tmp_aaaaaaaa"}"#, escaped, Some(r#"{"room":"activity_a/ž\"1"}"#));
        check("tmp_aaaaaaaab", plain, Some("longer"));
        check("tmp_aaaaaaaac", plain, Some("a/ž\"1c"));
        check("žtmp_cccccccctmp_cccccccc", plain, Some("ž77"));
        check("tmp_ccccccc", plain, None);
        check("", plain, None);
        check("ž žžž žžžž", plain, None);
    }

    // Both sides of core::RECENT_NAMES.
    #[test]
    fn q7_names_survive_the_store_and_only_the_newest_are_kept() {
        let given = |i: usize| Given {
            write: WriteId(format!("w{i}")),
            named: Named { temp: format!("tmp-{i:08}"), real: format!("{i}") },
        };
        let mut known = Names::default();
        let all = known.with((0..=limits::RECENT_NAMES).map(given));
        assert_eq!(all.len(), limits::RECENT_NAMES);
        assert_eq!(all.first(), Some(&given(1)));
        let partition = Partition::from("app|prod|ana");
        let bytes = Names::encode(&all, &partition);
        assert_eq!(Names::decode(&bytes.0, &partition), Ok(all.clone()));
        assert_eq!(known.set_saved(all.clone()).len(), limits::RECENT_NAMES);
        assert_eq!(known.with(std::iter::once(given(5))), all, "known ones are not kept twice");
    }

    fn named(temp: &str, real: &str) -> Named {
        Named { temp: temp.to_owned(), real: real.to_owned() }
    }

    fn knowing(pairs: &[(&str, &str)]) -> Names {
        let mut known = Names::default();
        pairs.iter().for_each(|(temp, real)| assert!(known.learn(&named(temp, real))));
        known
    }

    /// One that declares these temporary ids and mentions nothing.
    fn declaring(write: &str, temp_ids: &[String]) -> Record {
        let mut record = tests::record(Stage::Queued);
        record.write = write.into();
        (record.ties.depends_on, record.ties.awaits) = (Vec::new(), Vec::new());
        record.ties.temp_ids = temp_ids.to_vec();
        record
    }

    /// Whom one waits for that mentions this temporary id.
    fn mentioning(known: &Names, temp: &str) -> Vec<WriteId> {
        let mut child = declaring("child", &[]);
        child.path = format!("/things/{temp}");
        known.tie(&mut child);
        child.ties.depends_on
    }

    #[test]
    fn q7_a_write_that_is_gone_declares_nothing_any_more() {
        let mut known = Names::default();
        let parent = declaring("parent", &["tmp-00000001".to_owned()]);
        known.declare(&parent);
        assert_eq!(mentioning(&known, "tmp-00000001"), ["parent".into()]);
        known.undeclare(&parent);
        assert_eq!(mentioning(&known, "tmp-00000001"), []);
    }

    // Both sides of core::RECENT_NAMES.
    #[test]
    fn q7_q19_names_that_other_tabs_know_are_waited_for_as_far_as_the_newest_reach() {
        let temps = |of: usize| (0..8).map(|n| format!("tmp-{:08}", of * 8 + n)).collect::<Vec<_>>();
        let mut known = Names::default();
        let full = limits::RECENT_NAMES / 8;
        (0..full).for_each(|of| known.await_names(&declaring(&format!("w{of}"), &temps(of))));
        assert_eq!(mentioning(&known, "tmp-00000000"), ["w0".into()], "as many as there may be");
        // Two at a time, past the limit: it need not be met exactly.
        known.await_names(&declaring("more", &["tmp-more0001".to_owned(), "tmp-more0002".to_owned()]));
        for (temp, waits) in [("tmp-00000000", false), ("tmp-00000001", false), ("tmp-00000002", true)] {
            assert_eq!(!mentioning(&known, temp).is_empty(), waits, "{temp}");
        }
        assert_eq!(mentioning(&known, "tmp-more0002"), ["more".into()]);
    }

    #[test]
    fn q7_a_name_that_is_kept_no_longer_is_forgotten_and_no_other() {
        let given = |temp: &str| Given { write: "w".into(), named: named(temp, "real") };
        let mut known = knowing(&[("tmp-aaaa", "real"), ("tmp-bbbb", "real")]);
        assert_eq!(known.set_saved(vec![given("tmp-aaaa"), given("tmp-bbbb")]), []);
        assert_eq!(known.set_saved(vec![given("tmp-bbbb"), given("tmp-cccc")]), [named("tmp-cccc", "real")]);
        let mut child = declaring("child", &[]);
        child.path = "/tmp-aaaa/tmp-bbbb".to_owned();
        known.apply(&mut child);
        assert_eq!(child.path, "/tmp-aaaa/real");
    }

    #[test]
    fn q7_only_what_waits_and_was_never_sent_gets_names_later() {
        let known = knowing(&[("tmp-aaaa", "7")]);
        let claim = Stage::Claimed(Claim { client: "c".into(), sequence: Sequence(9) });
        for (stage, waits, path) in [
            (Stage::Queued, true, "/things/7"),
            (Stage::Queued, false, "/things/tmp-aaaa"),
            (claim.clone(), true, "/things/tmp-aaaa"),
            (claim, false, "/things/tmp-aaaa"),
        ] {
            let mut record = declaring("child", &[]);
            record.path = "/things/tmp-aaaa".to_owned();
            record.ties.depends_on.extend(waits.then(|| "parent".into()));
            record.stage = stage;
            known.apply_unsent(&mut record);
            assert_eq!(record.path, path, "{waits} {:?}", record.stage);
        }
    }

    #[test]
    fn q7_a_name_in_a_lane_is_escaped_where_the_lane_is_a_path() {
        let known = knowing(&[("tmp-aaaa", "a b")]);
        for (lane, expected) in [
            ("/things/tmp-aaaa", "/things/a%20b"),
            ("https://b.example/tmp-aaaa", "https://b.example/a%20b"),
            ("chat tmp-aaaa", "chat a b"),
        ] {
            let mut record = declaring("child", &[]);
            record.lane = lane.into();
            known.apply(&mut record);
            assert_eq!(record.lane, expected.into());
        }
    }
}
