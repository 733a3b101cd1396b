//! Which tests stand on both sides of a limit: those below a comment `// Both sides of core::TRIES, core::FRAME.`, by the first word of
//! the limit's crate or module. It knows neither values nor outcomes.

use std::collections::BTreeMap;

use crate::rules::File;

const MARK: &str = "// Both sides of ";

/// The word that stands for a module of limits in such a comment.
pub(super) fn word(source: &str) -> &str {
    let folders = source.trim_end_matches("/limits.rs").trim_end_matches("/src");
    folders.rsplit('/').next().unwrap_or_default()
}

/// Names like `core::TRIES`, and the tests that say that they stand on both sides.
pub(super) fn tests(files: &[File]) -> BTreeMap<String, Vec<String>> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for file in files.iter().filter(|file| !file.path.starts_with("xtask/")) {
        let mut lines = file.text.lines();
        while let Some(line) = lines.next() {
            let Some(names) = line.trim_start().strip_prefix(MARK) else { continue };
            // Attributes and other comments may stand between.
            let test = lines.by_ref().find_map(named).unwrap_or("no test");
            let path = file.path.trim_start_matches("crates/");
            for name in names.trim_end_matches('.').split(", ") {
                found.entry(name.to_owned()).or_default().push(format!("{path} `{test}`"));
            }
        }
    }
    found
}

/// The name of the test that begins on this line: a function of Rust, or a sentence of JavaScript.
fn named(line: &str) -> Option<&str> {
    let line = line.trim_start();
    if let Some((_, rest)) = line.split_once("fn ") {
        return rest.split(['(', '<']).next();
    }
    let rest = line.strip_prefix("it('").or_else(|| line.strip_prefix("test('"))?;
    rest.split('\'').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comment_above_a_test_names_its_limits() {
        let rust = "    // Both sides of core::A, hub::B.\n    #[test]\n    fn q1_x() {}\n";
        let script = "// Both sides of core::A.\nit('does x', () => {})\n";
        let file = |path: &str, text: &str| File { path: path.to_owned(), text: text.to_owned() };
        let found = tests(&[file("crates/a/tests/b.rs", rust), file("packages/c/test/d.ts", script)]);
        assert_eq!(found["core::A"], ["a/tests/b.rs `q1_x`", "packages/c/test/d.ts `does x`"]);
        assert_eq!(found["hub::B"], ["a/tests/b.rs `q1_x`"]);
    }

    #[test]
    fn modules_have_short_words() {
        assert_eq!(word("crates/core/src/limits.rs"), "core");
        assert_eq!(word("crates/server/src/front/limits.rs"), "front");
    }
}
