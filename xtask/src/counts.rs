//! Reads how many tests ran from what the test runners print. It knows their summary lines and nothing else.

/// Tests that ran.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
}

impl Counts {
    fn add(&mut self, passed: u64, failed: u64) {
        self.passed += passed;
        self.failed += failed;
    }
}

/// `cargo test`: one line `test result: ok. 27 passed; 0 failed; ...` per binary.
pub(crate) fn cargo_test(output: &str) -> Counts {
    let mut counts = Counts::default();
    for line in output.lines() {
        if let Some((_, result)) = line.split_once("test result: ") {
            counts.add(before(result, " passed"), before(result, " failed"));
        }
    }
    counts
}

/// Vitest (`Tests  1 failed | 11 passed (12)`), Node's own runner (`# pass 11`, `# fail 1`) and Playwright
/// (`11 passed (3.2s)`, `1 failed`).
pub(crate) fn javascript(output: &str) -> Counts {
    let mut counts = Counts::default();
    for line in output.lines() {
        let line = plain(line);
        let line = line.trim();
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["Tests", ..] => counts.add(before(line, " passed"), before(line, " failed")),
            ["#" | "ℹ", "pass", number] => counts.add(number.parse().unwrap_or(0), 0),
            ["#" | "ℹ", "fail", number] => counts.add(0, number.parse().unwrap_or(0)),
            [number, "passed", ..] if words.len() <= 3 => counts.add(number.parse().unwrap_or(0), 0),
            [number, "failed"] => counts.add(0, number.parse().unwrap_or(0)),
            _ => {}
        }
    }
    counts
}

/// The number right before `word`.
fn before(line: &str, word: &str) -> u64 {
    line.find(word)
        .and_then(|at| line[..at].rsplit(|ch: char| !ch.is_ascii_digit()).next())
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0)
}

/// Without colours: some runners print them whatever the environment says.
fn plain(line: &str) -> String {
    let mut out = String::new();
    let mut chars = line.chars();
    while let Some(ch) = chars.next() {
        if ch == '\u{1b}' {
            let _ = chars.by_ref().find(char::is_ascii_alphabetic);
        } else {
            out.push(ch);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn counts(passed: u64, failed: u64) -> Counts {
        Counts { passed, failed }
    }

    #[test]
    fn reads_cargo_test() {
        let output = "test result: ok. 27 passed; 0 failed; 0 ignored\nrunning\ntest result: FAILED. 3 passed; 2 failed; 0";
        assert_eq!(cargo_test(output), counts(30, 2));
        assert_eq!(cargo_test("error: could not compile"), counts(0, 0));
    }

    #[test]
    fn reads_vitest() {
        assert_eq!(javascript(" Test Files  2 passed (2)\n      Tests  12 passed (12)\n"), counts(12, 0));
        assert_eq!(javascript("      Tests  1 failed | 11 passed | 2 skipped (14)\n"), counts(11, 1));
        assert_eq!(
            javascript("\u{1b}[2m      Tests \u{1b}[22m \u{1b}[1m\u{1b}[32m3 passed\u{1b}[39m (3)"),
            counts(3, 0)
        );
        assert_eq!(javascript("No test files found, exiting with code 1"), counts(0, 0));
    }

    #[test]
    fn reads_node_and_playwright() {
        assert_eq!(javascript("# tests 5\n# pass 4\n# fail 1\n"), counts(4, 1));
        assert_eq!(javascript("ℹ pass 4\nℹ fail 0\n"), counts(4, 0));
        assert_eq!(javascript("  1 failed\n    [chromium] › a.spec.ts\n  7 passed (12.3s)\n"), counts(7, 1));
        assert_eq!(javascript("  7 passed (1.2m)\n"), counts(7, 0));
    }
}
