//! The table of promises: whatever `docs/semantics-status.md` claims to hold must be named in a test. A row of that table is
//! `| Q9 | holds | ... |`; its second cell is `holds`, `partly` or `not yet`, and the first two are claims.

use std::collections::BTreeSet;

use super::File;
use super::source::is_test;

/// Where the table is.
pub(crate) const TABLE: &str = "docs/semantics-status.md";

/// Claims without a test, and rows that say neither.
pub(crate) fn check(table: &str, files: &[File]) -> Vec<String> {
    let mut named = BTreeSet::new();
    for file in files {
        if let Some(text) = test_text(file) {
            named.extend(ids(text));
        }
    }
    let mut breaches = Vec::new();
    let mut rows = 0;
    for line in table.lines() {
        let mut cells = line.trim().trim_matches('|').split('|').map(str::trim);
        let (Some(id), Some(state)) = (cells.next(), cells.next()) else { continue };
        let id = id.trim_matches(['`', '*']);
        if !is_id(id) {
            continue;
        }
        rows += 1;
        let state = state.trim_matches(['`', '*']).to_lowercase();
        match state.as_str() {
            "holds" | "partly" if !named.contains(id) => {
                breaches.push(format!(
                    "{id} is claimed ({state}) but no test names it: add the test, or say `not yet`"
                ));
            }
            "holds" | "partly" | "not yet" => {}
            _ => breaches
                .push(format!("{id}: the second cell must be holds, partly or not yet, not `{state}`")),
        }
    }
    if rows == 0 {
        breaches.push(format!("{TABLE} has no row like `| Q9 | holds | ... |`"));
    }
    breaches
}

/// The part of a file that is tests.
fn test_text(file: &File) -> Option<&str> {
    if is_test(&file.path) {
        return Some(&file.text);
    }
    // The rules' own examples are no tests of promises.
    if file.path.starts_with("xtask/") {
        return None;
    }
    file.text.find("#[cfg(test)]").map(|at| &file.text[at..])
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

    #[test]
    fn a_claim_needs_a_test_that_names_it() {
        let table =
            "| id | state |\n|---|---|\n| Q9 | holds | x |\n| `C11` | partly | y |\n| V4 | not yet | |\n";
        let both = [
            file("crates/a/tests/b.rs", "fn q9_sends_once() {}"),
            file("packages/a/test/b.test.ts", "it('C11: x')"),
        ];
        assert!(check(table, &both).is_empty());
        assert_eq!(check(table, &both[..1]).len(), 1);
        let code = [file("crates/a/src/b.rs", "// Q9 C11\n#[cfg(test)]\nmod tests { // Q9\n fn f() {} }")];
        assert_eq!(check(table, &code).len(), 1, "only what follows cfg(test) counts");
    }

    #[test]
    fn words_are_not_ids() {
        assert!(ids("let q9 = Q99x + xQ9; // v1").is_empty());
        assert_eq!(ids("fn c1_q10_y2_heads(p2: u8)").len(), 3);
    }

    #[test]
    fn an_unreadable_table_is_a_breach() {
        assert_eq!(check("", &[]).len(), 1);
        assert_eq!(check("| Q9 | done |", &[]).len(), 1);
    }
}
