//! Blanks comments and strings of Rust and TypeScript, so that a rule about code does not trip over a word about code. It
//! keeps lines, so that line numbers stay true. It is not a parser: what it cannot know (a regular expression with quotes)
//! ends with its line.

/// Which language's strings and comments.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Language {
    Rust,
    TypeScript,
}

/// The text with comments and the insides of strings replaced by blanks.
pub(crate) fn code(text: &str, language: Language) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '/' if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |at| at + 2),
            '"' => quoted(rest, '"', language == Language::Rust),
            '\'' if language == Language::TypeScript => quoted(rest, '\'', false),
            '`' if language == Language::TypeScript => quoted(rest, '`', true),
            '\'' => character(rest),
            'r' if language == Language::Rust && !ends_in_word(&out) => raw(rest),
            _ => 0,
        };
        if length == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
        } else {
            out.extend(rest[..length].chars().map(|ch| if ch == '\n' { '\n' } else { ' ' }));
            rest = &rest[length..];
        }
    }
    out
}

/// Length of a quoted string, both quotes included.
fn quoted(text: &str, quote: char, lines: bool) -> usize {
    let mut escaped = false;
    for (at, ch) in text.char_indices().skip(1) {
        if escaped {
            escaped = false;
        } else if ch == '\\' {
            escaped = true;
        } else if ch == quote {
            return at + 1;
        } else if ch == '\n' && !lines {
            return at;
        }
    }
    text.len()
}

/// Length of a Rust character literal; 0 for a lifetime.
fn character(text: &str) -> usize {
    let mut chars = text.char_indices().skip(1);
    match chars.next() {
        Some((_, '\\')) => {
            text[2..].char_indices().skip(1).find(|(_, ch)| *ch == '\'').map_or(0, |(at, _)| at + 3)
        }
        Some(_) => chars.next().filter(|(_, ch)| *ch == '\'').map_or(0, |(at, _)| at + 1),
        None => 0,
    }
}

/// Length of a Rust raw string; 0 for a word that begins with `r`.
fn raw(text: &str) -> usize {
    let hashes = text[1..].bytes().take_while(|byte| *byte == b'#').count();
    if text.as_bytes().get(1 + hashes) != Some(&b'"') {
        return 0;
    }
    let end = format!("\"{}", "#".repeat(hashes));
    let start = hashes + 2;
    text[start..].find(&end).map_or(text.len(), |at| start + at + end.len())
}

fn ends_in_word(out: &str) -> bool {
    // `br"..."` is a raw string too.
    let before = out.strip_suffix('b').unwrap_or(out);
    before.ends_with(|ch: char| ch.is_alphanumeric() || ch == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rust_keeps_code_only() {
        let shown = |text| code(text, Language::Rust).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(shown("a // todo!()\nb /* x\n y */ c"), "a b c");
        assert_eq!(shown(r##"f("todo!() \" x") g(r#"a " b"#) h"##), "f( ) g( ) h");
        assert_eq!(shown("fn f<'a>(x: &'a str) -> char { '\"' } // '"), "fn f<'a>(x: &'a str) -> char { }");
        assert_eq!(shown(r"match x { '\'' => '\\', _ => for_r }"), "match x { => , _ => for_r }");
        assert_eq!(code("\"a\nb\"\nc", Language::Rust).lines().count(), 3);
    }

    #[test]
    fn typescript_keeps_code_only() {
        let shown = |text| code(text, Language::TypeScript).split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(shown("a('window') + \"window\" + `window\n` // window"), "a( ) + +");
        // A quote in a regular expression spoils its own line only.
        assert_eq!(shown("x.replace(/'/g, y)\nwindow.z"), "x.replace(/ window.z");
    }
}
