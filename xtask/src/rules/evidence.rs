//! The table of evidence, `docs/promises.md`: which test files prove which promise. `cargo xtask promises` writes it; the
//! rule here reads it. It does not know what a test does.
//!
//! Many people add tests at the same time, so the rule asks that what the table says is true, not that it is the newest:
//! every linked file exists and names the promise, no promise is missing, none is shown as kept better than it is, and a
//! promise with tests shows some. A test that is not linked yet breaks nothing, and writing the table anew keeps the links
//! that are still true, so rows change only when they must.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::File;
use super::promises::{self, Id, State};

/// Where the table is.
pub(crate) const EVIDENCE: &str = "docs/promises.md";

/// Files shown for one promise.
const SHOWN: usize = 6;
/// With fewer than these, a promise that has more must be written anew.
const ENOUGH: usize = 2;

const HEAD: &str = "\
# Which tests prove which promise

Each row is a promise of the product's semantics page by its id, how far it is kept (from [semantics-status.md](semantics-status.md), which says
what is missing), and up to six files with tests that name it. Search for the id, or for `q9_` in test names, to find the rest.

Written by `cargo xtask promises`; `cargo xtask rules` fails if a link is not true, if a promise is missing or shown as kept better than it is.

| id | state | tests |
|---|---|---|
";

/// The table's text: links of `before` that are still true stay, then the first others.
pub(crate) fn write(before: &str, status: &str, files: &[File]) -> String {
    let (states, evidence, shown) = (promises::states(status), promises::evidence(files), links(before));
    let mut out = HEAD.to_owned();
    for id in promises::all() {
        let state = states.get(&id).copied().unwrap_or(State::NotYet);
        let found = evidence.get(&id).map(Vec::as_slice).unwrap_or_default();
        let kept = shown.get(&id).into_iter().flatten().copied().filter(|path| found.contains(path));
        let chosen: BTreeSet<&str> =
            kept.chain(spread(found)).scan(BTreeSet::new(), take).flatten().collect();
        let cells: Vec<String> = chosen.iter().map(|path| format!("[{path}](../{path})")).collect();
        let _ = writeln!(out, "| {id} | {} | {} |", state.text(), cells.join(" · "));
    }
    out
}

/// What the table says and what is not so.
pub(crate) fn check(table: &str, status: &str, files: &[File]) -> Vec<String> {
    let (states, evidence, shown) = (promises::states(status), promises::evidence(files), links(table));
    let claimed = promises::states(table);
    let mut breaches = Vec::new();
    for id in promises::all() {
        let found = evidence.get(&id).map(Vec::as_slice).unwrap_or_default();
        let Some(paths) = shown.get(&id) else {
            breaches.push(format!("{id} is not in {EVIDENCE}"));
            continue;
        };
        if claimed.get(&id) > states.get(&id) {
            breaches.push(format!("{id} is shown as better kept than {} says", promises::TABLE));
        }
        for path in paths.iter().filter(|path| !found.contains(path)) {
            breaches.push(format!("{id}: {path} has no test that names it"));
        }
        if paths.len() < found.len().min(ENOUGH) {
            breaches.push(format!("{id}: {} files name it, {} are linked", found.len(), paths.len()));
        }
    }
    if !breaches.is_empty() {
        breaches.push("write it anew: `cargo xtask promises`".to_owned());
    }
    breaches
}

/// The linked files of each row.
fn links(table: &str) -> BTreeMap<Id, Vec<&str>> {
    promises::rows(table).map(|(id, _, cell)| (id.to_owned(), paths(cell))).collect()
}

fn paths(cell: &str) -> Vec<&str> {
    cell.split("](../").skip(1).filter_map(|rest| Some(rest.split_once(')')?.0)).collect()
}

/// Files of different parts of the repository first: proofs from several sides say more than six of one side.
fn spread<'a>(found: &[&'a str]) -> Vec<&'a str> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut ranked: Vec<(usize, &str)> = Vec::new();
    for path in found {
        let part: Vec<&str> = path.split('/').take(2).collect();
        let rank = seen.entry(part.join("/")).or_default();
        ranked.push((*rank, path));
        *rank += 1;
    }
    ranked.sort_by_key(|(rank, _)| *rank);
    ranked.into_iter().map(|(_, path)| path).collect()
}

/// Takes the first files that differ, up to the bound.
#[allow(clippy::option_option, reason = "what `scan` wants")]
fn take<'a>(taken: &mut BTreeSet<&'a str>, path: &'a str) -> Option<Option<&'a str>> {
    (taken.len() < SHOWN).then(|| taken.insert(path).then_some(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tests(paths: &[&str]) -> Vec<File> {
        paths
            .iter()
            .map(|path| File { path: (*path).to_owned(), text: "#[test] fn q9_x() {}".to_owned() })
            .collect()
    }

    fn status(state: &str) -> String {
        promises::all()
            .map(|id| format!("| {id} | {} | |\n", if id == "Q9" { state } else { "not yet" }))
            .collect()
    }

    const PATHS: [&str; 8] = [
        "crates/a/tests/1.rs",
        "crates/a/tests/2.rs",
        "crates/a/tests/3.rs",
        "crates/a/tests/4.rs",
        "crates/a/tests/5.rs",
        "crates/a/tests/6.rs",
        "crates/b/tests/1.rs",
        "crates/c/tests/1.rs",
    ];

    #[test]
    fn it_shows_some_of_every_side_and_all_promises() {
        let table = write("", &status("holds"), &tests(&PATHS));
        assert!(check(&table, &status("holds"), &tests(&PATHS)).is_empty());
        assert_eq!(links(&table).len(), 64);
        let shown = &links(&table)["Q9"];
        assert_eq!(shown.len(), SHOWN);
        assert!(
            shown.contains(&"crates/b/tests/1.rs") && shown.contains(&"crates/c/tests/1.rs"),
            "{shown:?}"
        );
    }

    #[test]
    fn a_new_test_breaks_nothing_and_moves_no_row() {
        let table = write("", &status("holds"), &tests(&PATHS[1..]));
        assert!(check(&table, &status("holds"), &tests(&PATHS)).is_empty());
        assert_eq!(write(&table, &status("holds"), &tests(&PATHS)), table);
    }

    #[test]
    fn what_is_not_true_is_a_breach() {
        let files = tests(&PATHS);
        let table = write("", &status("holds"), &files);
        assert_eq!(check(&table, &status("partly"), &files).len(), 2, "shown as better than it is");
        assert_eq!(check(&table, &status("holds"), &files[..7]).len(), 2, "the linked file is gone");
        let short = write("", &status("holds"), &files[..1]);
        assert!(check(&short, &status("holds"), &files[..1]).is_empty());
        assert_eq!(check(&short, &status("holds"), &files).len(), 2, "too few links");
        assert_eq!(
            check(&table.replace("| Q23 |", "| Q |"), &status("holds"), &files).len(),
            2,
            "a row is gone"
        );
    }
}
