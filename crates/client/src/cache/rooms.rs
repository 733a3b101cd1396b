//! Which rooms change which queries: the table of room patterns, read in both directions (Y1). Pure.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use tidewire_core::RoomId;

use super::key::{QueryKey, contains};

/// A piece of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    /// `:name`: at least one character.
    Name(String),
}

type Found = BTreeMap<String, String>;

#[derive(Clone, Debug)]
struct Pattern {
    room: Vec<Piece>,
    names: BTreeSet<String>,
    keys: Vec<QueryKey>,
}

/// The rooms of an app's rules.
#[derive(Clone, Debug, Default)]
pub(crate) struct RoomTable(Vec<Pattern>);

impl RoomTable {
    pub(super) fn add(&mut self, pattern: &str, keys: Vec<QueryKey>) {
        let room = pieces(pattern, |_| true);
        let names = room.iter().filter_map(|piece| match piece {
            Piece::Name(name) => Some(name.clone()),
            Piece::Text(_) => None,
        });
        let names = names.collect();
        self.0.push(Pattern { room, names, keys });
    }

    /// Whether the table has an entry for this room.
    pub(super) fn has(&self, room: &RoomId) -> bool {
        self.0.iter().any(|pattern| fits(&pattern.room, &room.0, &mut Found::new()))
    }

    /// The rooms whose events change the query with this key.
    pub(super) fn rooms_of(&self, key: &QueryKey) -> BTreeSet<RoomId> {
        let rooms = self.0.iter().flat_map(|pattern| {
            pattern.keys.iter().filter_map(|template| {
                let found = pattern.found(template, key)?;
                Some(RoomId(pattern.build(&found)))
            })
        });
        rooms.collect()
    }
}

impl Pattern {
    /// What the names of the pattern stand for, if the key is below this template and says all of them.
    fn found(&self, template: &QueryKey, key: &QueryKey) -> Option<Found> {
        if key.parts().len() < template.parts().len() {
            return None;
        }
        let mut found = Found::new();
        let all = template
            .parts()
            .iter()
            .zip(key.parts())
            .all(|(part, actual)| self.part(part, actual, &mut found));
        (all && self.names.iter().all(|name| found.contains_key(name))).then_some(found)
    }

    fn part(&self, part: &Value, actual: &Value, found: &mut Found) -> bool {
        let named = part.as_str().map(|text| pieces(text, |name| self.names.contains(name)));
        let named = named.filter(|pieces| pieces.iter().any(|piece| matches!(piece, Piece::Name(_))));
        match (named, actual) {
            (None, actual) => contains(actual, part),
            (Some(pieces), Value::String(text)) => fits(&pieces, text, found),
            (Some(pieces), Value::Number(number)) => fits(&pieces, &number.to_string(), found),
            (Some(_), Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) => false,
        }
    }

    fn build(&self, found: &Found) -> String {
        let text = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Name(name) => found.get(name).cloned().unwrap_or_default(),
        };
        self.room.iter().map(text).collect()
    }
}

/// Splits a text at `:name`. A name is letters, digits and `_`, and does not begin with a digit.
fn pieces(text: &str, is_name: impl Fn(&str) -> bool) -> Vec<Piece> {
    let mut pieces = Vec::new();
    let (mut plain, mut rest) = (String::new(), text);
    while let Some(at) = rest.find(':') {
        let after = &rest[at + 1..];
        let end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(after.len());
        let name = &after[..end];
        plain.push_str(&rest[..at]);
        if name.starts_with(|c: char| c.is_ascii_alphabetic()) && is_name(name) {
            if !plain.is_empty() {
                pieces.push(Piece::Text(std::mem::take(&mut plain)));
            }
            pieces.push(Piece::Name(name.to_owned()));
        } else {
            plain.push(':');
            plain.push_str(name);
        }
        rest = &after[end..];
    }
    plain.push_str(rest);
    if !plain.is_empty() {
        pieces.push(Piece::Text(plain));
    }
    pieces
}

/// Whether the text is made of these pieces; a name takes as little as it can, and the same each time.
fn fits(pieces: &[Piece], text: &str, found: &mut Found) -> bool {
    match pieces {
        [] => text.is_empty(),
        [Piece::Text(plain), rest @ ..] => {
            text.strip_prefix(plain.as_str()).is_some_and(|text| fits(rest, text, found))
        }
        [Piece::Name(name), rest @ ..] => match found.get(name).cloned() {
            Some(known) => text.strip_prefix(&known).is_some_and(|text| fits(rest, text, found)),
            None => text.char_indices().any(|(at, c)| {
                let (taken, text) = text.split_at(at + c.len_utf8());
                let mut trial = found.clone();
                trial.insert(name.clone(), taken.to_owned());
                let fit = fits(rest, text, &mut trial);
                if fit {
                    *found = trial;
                }
                fit
            }),
        },
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn table(entries: &[(&str, &[Value])]) -> RoomTable {
        let mut table = RoomTable::default();
        for (pattern, keys) in entries {
            table.add(pattern, keys.iter().map(|key| QueryKey::parse(key).unwrap()).collect());
        }
        table
    }

    #[test]
    fn y1_the_table_is_read_in_both_directions() {
        let table = table(&[
            ("activities", &[json!(["activities"]), json!(["activity"])]),
            ("activity_:id", &[json!(["messages", ":id"]), json!(["detail", {"of": 1}])]),
            ("org/:org/team-:team", &[json!(["team", ":org", "t:team"])]),
        ]);
        let has = |room: &str| table.has(&RoomId(room.into()));
        assert!(has("activities") && has("activity_7") && has("org/a/b/team-1"));
        assert!(!has("activity_") && !has("activitie") && !has("org//team-1") && !has("xactivities"));
        let rooms = |key: Value| -> Vec<String> {
            table.rooms_of(&QueryKey::parse(&key).unwrap()).into_iter().map(|room| room.0).collect()
        };
        assert_eq!(rooms(json!(["activities", {"mine": true}])), ["activities"]);
        assert_eq!(rooms(json!(["messages", "7"])), ["activity_7"]);
        assert_eq!(rooms(json!(["messages", 7, "x"])), ["activity_7"], "a number too");
        assert!(rooms(json!(["messages"])).is_empty() && rooms(json!(["messages", null])).is_empty());
        assert!(rooms(json!(["detail", {"of": 1}])).is_empty(), "it does not say which");
        assert_eq!(rooms(json!(["team", "acme", "t5"])), ["org/acme/team-5"]);
        assert!(rooms(json!(["team", "acme", "5"])).is_empty());
    }

    #[test]
    fn y1_a_colon_that_names_nothing_is_text() {
        let table = table(&[("a::b:1", &[json!(["k", ":other"])])]);
        assert!(table.has(&RoomId("a:x:1".into())) && !table.has(&RoomId("a:b:1:".into())));
        let only = QueryKey::from(vec![json!("k"), json!(":other")]);
        assert!(table.rooms_of(&only).is_empty(), "no room without `b`");
    }
}
