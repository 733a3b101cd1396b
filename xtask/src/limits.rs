//! `docs/limits.md` and the constants that it tells: name, value and purpose come from the sources, what happens when a limit is crossed
//! is written by people in the fourth column, and kept; the tests on both sides of it come from the comments above them.
//! `cargo xtask limits` writes the page anew; `cargo xtask rules` compares.

mod sides;

use std::collections::BTreeMap;

use crate::process::root;
use crate::rules::{File, files};

/// The page.
pub(crate) const PAGE: &str = "docs/limits.md";
/// Limits of the wire formats, which others repeat.
const WIRE: &str = "crates/wire/src/limits.rs";
const MARK: &str = "<!-- limits: ";
const HEAD: &str =
    "| limit | value | for | when it is reached | tests on both sides |\n|---|--:|---|---|---|\n";

/// Writes the page anew.
pub(crate) fn run() -> Result<(), String> {
    let page = read(PAGE)?;
    std::fs::write(root().join(PAGE), render(&page, &files()?)?).map_err(|error| format!("{PAGE}: {error}"))
}

/// Where page and sources differ.
pub(crate) fn check(files: &[File]) -> Result<Vec<String>, String> {
    let page = read(PAGE)?;
    let mut breaches = judge(&page, &render(&page, files)?);
    breaches.extend(strays(&page, files)?);
    Ok(breaches)
}

/// Names of limits that stand above a test and are none.
fn strays(page: &str, files: &[File]) -> Result<Vec<String>, String> {
    let mut named = sides::tests(files);
    for source in page.lines().filter_map(source_of) {
        for limit in constants(&read(source)?, &numbers(&read(WIRE)?)?)? {
            named.remove(&format!("{}::{}", sides::word(source), limit.name));
        }
    }
    Ok(named.into_iter().map(|(name, tests)| format!("{name} is no limit: {}", tests.join(", "))).collect())
}

fn judge(page: &str, wanted: &str) -> Vec<String> {
    let mut breaches = Vec::new();
    for line in wanted.lines().filter(|line| line.starts_with("| `")) {
        let cell = |at: usize| line.split(" | ").nth(at).unwrap_or_default().trim_end_matches('|').trim();
        if cell(3).is_empty() {
            breaches.push(format!("{PAGE}: say what happens when it is reached: {line}"));
        }
        if cell(4).is_empty() {
            breaches.push(format!("{PAGE}: no test says `// Both sides of ...`: {line}"));
        }
    }
    let differs = wanted.lines().filter(|line| !page.lines().any(|old| old == *line));
    breaches.extend(differs.map(|line| format!("{PAGE}: run `cargo xtask limits`: {line}")));
    breaches.extend(
        page.lines()
            .filter(|line| line.starts_with("| `") && !wanted.lines().any(|new| new == *line))
            .map(|line| format!("{PAGE}: there is no such limit any more: {line}")),
    );
    breaches
}

fn read(path: &str) -> Result<String, String> {
    std::fs::read_to_string(root().join(path)).map_err(|error| format!("{path}: {error}"))
}

/// The module whose constants follow this line of the page.
fn source_of(line: &str) -> Option<&str> {
    line.strip_prefix(MARK)?.strip_suffix(" -->")
}

/// The page with its tables made anew.
fn render(page: &str, files: &[File]) -> Result<String, String> {
    let shared = numbers(&read(WIRE)?)?;
    let tests = sides::tests(files);
    let mut text = String::new();
    let mut lines = page.lines().peekable();
    while let Some(line) = lines.next() {
        text += line;
        text.push('\n');
        let Some(source) = source_of(line) else { continue };
        let mut said = BTreeMap::new();
        while let Some(row) = lines.next_if(|next| next.starts_with('|')) {
            let cells: Vec<&str> = row.split(" | ").collect();
            if let (Some(name), Some(last)) = (cells.first(), cells.get(3)) {
                said.insert(
                    name.trim_matches(['|', ' ', '`']).to_owned(),
                    last.trim_end_matches('|').trim().to_owned(),
                );
            }
        }
        text += HEAD;
        for limit in constants(&read(source)?, &shared)? {
            let outcome = said.get(&limit.name).map_or("", String::as_str);
            let key = format!("{}::{}", sides::word(source), limit.name);
            let tests = tests.get(&key).map_or(String::new(), |tests| tests.join(", "));
            let Limit { name, value, purpose, .. } = limit;
            text += &format!("| `{name}` | {value} | {purpose} | {outcome} | {tests} |\n");
        }
    }
    Ok(text)
}

struct Limit {
    name: String,
    number: u64,
    value: String,
    purpose: String,
}

/// The constants of a module that others refer to.
fn numbers(source: &str) -> Result<BTreeMap<String, u64>, String> {
    constants(source, &BTreeMap::new())
        .map(|limits| limits.into_iter().map(|limit| (limit.name, limit.number)).collect())
}

/// All `pub const` of a module, in its order.
fn constants(source: &str, shared: &BTreeMap<String, u64>) -> Result<Vec<Limit>, String> {
    let mut known = shared.clone();
    let mut limits = Vec::new();
    let mut comment = String::new();
    for line in source.lines() {
        if let Some(text) = line.strip_prefix("///") {
            comment = format!("{comment} {}", text.trim());
        } else if let Some(rest) = line.strip_prefix("pub const ") {
            let cut = || format!("a limit that cannot be read: {line}");
            let (name, rest) = rest.split_once(": ").ok_or_else(cut)?;
            let (kind, expression) = rest.trim_end_matches(';').split_once(" = ").ok_or_else(cut)?;
            let number = evaluate(expression, &known).ok_or_else(cut)?;
            known.insert(name.to_owned(), number);
            let purpose = comment.replace("[`", "`").replace("`]", "`").replace('|', "/");
            limits.push(Limit {
                number,
                name: name.to_owned(),
                value: show(number, kind, name),
                purpose: purpose.trim().to_owned(),
            });
            comment.clear();
        } else {
            comment.clear();
        }
    }
    if limits.is_empty() { Err("no limits found".to_owned()) } else { Ok(limits) }
}

/// Sums of products of numbers and earlier constants, or a power of two; `Millis(...)` is its number.
fn evaluate(expression: &str, known: &BTreeMap<String, u64>) -> Option<u64> {
    let plain = expression
        .trim()
        .strip_prefix("Millis(")
        .map_or(expression.trim(), |rest| rest.trim_end_matches(')'));
    let atom = |text: &str| {
        let text = text.trim().trim_start_matches("tidewire_wire::limits::");
        let text = text.split(" as ").next().unwrap_or_default();
        known.get(text.trim_end_matches(".0")).copied().or_else(|| text.replace('_', "").parse().ok())
    };
    if let Some((one, shift)) = plain.split_once(" << ") {
        return atom(one)?.checked_shl(u32::try_from(atom(shift)?).ok()?);
    }
    plain
        .split('+')
        .map(|product| product.split('*').map(atom).try_fold(1, |all: u64, factor| all.checked_mul(factor?)))
        .try_fold(0, |sum: u64, product| sum.checked_add(product?))
}

fn show(number: u64, kind: &str, name: &str) -> String {
    let units: &[(u64, &str)] = if kind == "Millis" || name.ends_with("_MILLIS") || name.ends_with("_MS") {
        &[(86_400_000, "d"), (3_600_000, "h"), (60_000, "min"), (1_000, "s"), (1, "ms")]
    } else if name.ends_with("BYTES") {
        &[(1 << 20, "MiB"), (1 << 10, "KiB"), (1, "bytes")]
    } else {
        &[]
    };
    match units.iter().find(|(size, _)| number >= *size && number.is_multiple_of(*size)) {
        Some((size, unit)) => format!("{} {unit}", grouped(number / size)),
        None => grouped(number),
    }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &str = "/// Longest\n/// [`wait`].\npub const WAIT: Millis = Millis(5 * 60_000);\n\
        pub const LONG: Millis = Millis(WAIT.0 + 1_000);\npub const BODY_BYTES: usize = 64 * 1024;\npub const N: u64 = 1 << 53;\n";

    #[test]
    fn values_and_purposes_come_from_the_source() {
        let limits = constants(SOURCE, &BTreeMap::new()).unwrap();
        let told: Vec<_> =
            limits.iter().map(|l| (l.name.as_str(), l.value.as_str(), l.purpose.as_str())).collect();
        assert_eq!(
            told,
            [
                ("WAIT", "5 min", "Longest `wait`."),
                ("LONG", "301 s", ""),
                ("BODY_BYTES", "64 KiB", ""),
                ("N", "9,007,199,254,740,992", "")
            ]
        );
        assert!(constants("pub const A: usize = other();", &BTreeMap::new()).is_err());
    }

    #[test]
    fn a_limit_of_the_wire_may_be_repeated() {
        let shared = BTreeMap::from([("B".to_owned(), 7)]);
        let limits = constants("pub const A: usize = tidewire_wire::limits::B as usize;\n", &shared).unwrap();
        assert_eq!(limits[0].value, "7");
    }

    #[test]
    fn a_limit_that_the_page_does_not_tell_is_a_breach() {
        let row = "| `A` | 1 | x | refused | t |";
        assert_eq!(judge(row, row), Vec::<String>::new());
        assert_eq!(judge("", row).len(), 1, "missing");
        assert_eq!(judge("| `B` | 1 | x | y | t |", row).len(), 2, "missing, and one too many");
        let unsaid = "| `A` | 1 | x |  | t |";
        assert_eq!(judge(unsaid, unsaid).len(), 1, "nobody says what happens");
        let untested = "| `A` | 1 | x | refused |  |";
        assert_eq!(judge(untested, untested).len(), 1, "no test");
        let both = "| `A` | 1 | x |  |  |";
        assert_eq!(judge(both, both).len(), 2, "neither");
    }
}
