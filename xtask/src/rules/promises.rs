//! The table of promises: whatever `docs/semantics-status.md` claims to hold must be named in a test, and every promise
//! must stand there. A row of that table is `| Q9 | holds | ... |`; its second cell is `holds`, `partly` or `not yet`, and
//! the first two are claims. It does not know what a promise says.

use std::collections::{BTreeMap, BTreeSet};

use super::File;
use super::source::is_test;

/// Where the table is.
pub(crate) const TABLE: &str = "docs/semantics-status.md";

/// The parts of the promises, in their order, and how many each has.
const PARTS: [(char, u32); 6] = [('A', 6), ('C', 12), ('Q', 23), ('Y', 7), ('V', 10), ('P', 6)];

/// A promise's id: its part and its number.
pub(crate) type Id = String;

/// How far a promise is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum State {
    NotYet,
    Partly,
    Holds,
}

impl State {
    fn parse(text: &str) -> Option<State> {
        match text {
            "not yet" => Some(State::NotYet),
            "partly" => Some(State::Partly),
            "holds" => Some(State::Holds),
            _ => None,
        }
    }

    /// As it is written in tables.
    pub(crate) fn text(self) -> &'static str {
        match self {
            State::NotYet => "not yet",
            State::Partly => "partly",
            State::Holds => "holds",
        }
    }
}

/// Every promise, in order.
pub(crate) fn all() -> impl Iterator<Item = Id> {
    PARTS.into_iter().flat_map(|(part, count)| (1..=count).map(move |number| format!("{part}{number}")))
}

/// Which test files name which promise, in the order of the files.
pub(crate) fn evidence(files: &[File]) -> BTreeMap<Id, Vec<&str>> {
    let mut evidence: BTreeMap<Id, Vec<&str>> = BTreeMap::new();
    for file in files {
        for id in test_text(file).map(ids).unwrap_or_default() {
            evidence.entry(id).or_default().push(&file.path);
        }
    }
    evidence
}

/// The rows of a table: id, state as written, what follows.
pub(crate) fn rows(table: &str) -> impl Iterator<Item = (&str, String, &str)> {
    table.lines().filter_map(|line| {
        let mut cells = line.trim().trim_matches('|').splitn(3, '|').map(str::trim);
        let (id, state) = (cells.next()?.trim_matches(['`', '*']), cells.next()?);
        let state = state.trim_matches(['`', '*']).to_lowercase();
        is_id(id).then(|| (id, state, cells.next().unwrap_or_default()))
    })
}

/// The states of a table, as far as they are ones.
pub(crate) fn states(table: &str) -> BTreeMap<Id, State> {
    rows(table).filter_map(|(id, state, _)| Some((id.to_owned(), State::parse(&state)?))).collect()
}

/// Claims without a test, rows that say neither, promises without a row or with two.
pub(crate) fn check(table: &str, files: &[File]) -> Vec<String> {
    let evidence = evidence(files);
    let mut breaches = Vec::new();
    let mut seen = BTreeSet::new();
    for (id, state, _) in rows(table) {
        if !seen.insert(id.to_owned()) {
            breaches.push(format!("{id} has two rows"));
        }
        match State::parse(&state) {
            Some(State::Holds | State::Partly) if !evidence.contains_key(id) => breaches.push(format!(
                "{id} is claimed ({state}) but no test names it: add the test, or say `not yet`"
            )),
            Some(State::Holds | State::Partly | State::NotYet) => {}
            None => breaches
                .push(format!("{id}: the second cell must be holds, partly or not yet, not `{state}`")),
        }
    }
    for id in all() {
        if !seen.remove(&id) {
            breaches.push(format!("{id} has no row like `| {id} | holds | ... |` in {TABLE}"));
        }
    }
    breaches.extend(seen.into_iter().map(|id| format!("{id} is no promise")));
    breaches
}

/// The part of a file that is tests; absent if no test is in it, as in a rig or a fixture.
fn test_text(file: &File) -> Option<&str> {
    if is_test(&file.path) {
        return has_test(&file.text).then_some(&file.text);
    }
    // The rules' own examples are no tests of promises.
    if file.path.starts_with("xtask/") {
        return None;
    }
    file.text.find("#[cfg(test)]").map(|at| &file.text[at..])
}

/// Whether a test is in it: of Rust, or of one of the runners of JavaScript; `emit(` and `x.test(` are none.
fn has_test(text: &str) -> bool {
    let call = |word: &str| {
        text.match_indices(word).any(|(at, _)| {
            !text[..at].ends_with(|ch: char| ch.is_alphanumeric() || matches!(ch, '_' | '.' | '$'))
        })
    };
    ["#[test]", "::test]", "::test(", "proptest!", "expectType", "@ts-expect-error"]
        .iter()
        .any(|mark| text.contains(mark))
        || ["it(", "test(", "it.each", "test.each"].into_iter().any(call)
}

/// Ids that a text names: `Q9` as a word, or `q9` as a part of a test function's name.
fn ids(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for line in text.lines() {
        found.extend(
            line.split(|ch: char| !ch.is_ascii_alphanumeric()).filter(|word| is_id(word)).map(str::to_owned),
        );
        if let Some((_, name)) = line.split_once("fn ") {
            let name = name.split('(').next().unwrap_or("");
            found.extend(name.split('_').map(str::to_uppercase).filter(|word| is_id(word)));
        }
    }
    found
}

/// `Q9`, `C11`: a part of the promises and a number.
fn is_id(word: &str) -> bool {
    let mut chars = word.chars();
    chars.next().is_some_and(|part| "ACQYVEP".contains(part))
        && matches!(word.len(), 2 | 3)
        && chars.all(|digit| digit.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(path: &str, text: &str) -> File {
        File { path: path.to_owned(), text: text.to_owned() }
    }

    /// A table in which nothing is claimed, but for the given rows.
    fn table(rows: &[(&str, &str)]) -> String {
        let state = |id: &str| rows.iter().find(|row| row.0 == id).map_or("not yet", |row| row.1);
        all().map(|id| format!("| {id} | {} | x |\n", state(&id))).collect()
    }

    #[test]
    fn a_claim_needs_a_test_that_names_it() {
        let table = table(&[("Q9", "holds"), ("C11", "`partly`")]);
        let both = [
            file("crates/a/tests/b.rs", "#[test] fn q9_sends_once() {}"),
            file("packages/a/test/b.test.ts", "it('C11: x')"),
        ];
        assert!(check(&table, &both).is_empty());
        assert_eq!(check(&table, &both[..1]).len(), 1);
        let code = [file("crates/a/src/b.rs", "// Q9 C11\n#[cfg(test)]\nmod tests { // Q9\n fn f() {} }")];
        assert_eq!(check(&table, &code).len(), 1, "only what follows cfg(test) counts");
        let rig = [file("crates/a/tests/rig.rs", "// Q9 C11\nfn f() {}")];
        assert_eq!(check(&table, &rig).len(), 2, "a file without a test proves nothing");
        assert!(["it('x')", " test('x')", "#[tokio::test]"].into_iter().all(has_test));
        assert!(!["emit('x')", "/x/.test('x')"].into_iter().any(has_test));
    }

    #[test]
    fn words_are_not_ids() {
        assert!(ids("let q9 = Q99x + xQ9; // v1").is_empty());
        assert_eq!(ids("fn c1_q10_y2_heads(p2: u8)").len(), 3);
    }

    #[test]
    fn every_promise_has_one_readable_row() {
        let good = table(&[]);
        assert!(check(&good, &[]).is_empty());
        assert_eq!(check("", &[]).len(), 64);
        assert_eq!(check(&good.replace("| Q23 |", "| Q24 |"), &[]).len(), 2, "one is missing, one is none");
        assert_eq!(check(&good.replace("| Q9 | not yet", "| Q9 | done"), &[]).len(), 1);
        assert_eq!(check(&format!("{good}| Q9 | not yet | |"), &[]).len(), 1);
    }
}
