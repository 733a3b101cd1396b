//! Rules for one source file, from the project's style: what is absent, on purpose, and how a file begins.

use super::File;
use super::text::{Language, code};

/// What only `ports/` may touch, and why it matters: a host runs where these do not exist.
const PLATFORM: [&str; 4] = ["window", "Date.now", "indexedDB", "navigator"];

/// All breaches of one file.
pub(crate) fn check(file: &File) -> Vec<String> {
    let rust = file.path.ends_with(".rs");
    let code = code(&file.text, if rust { Language::Rust } else { Language::TypeScript });
    let mut breaches = Vec::new();
    for (index, (line, raw)) in code.lines().zip(file.text.lines()).enumerate() {
        let found = if rust { rust_line(line) } else { typescript_line(file, line, raw) };
        breaches.extend(found.into_iter().map(|what| format!("{}:{}: {what}", file.path, index + 1)));
    }
    breaches.extend(beginning(file, rust).map(|what| format!("{}: {what}", file.path)));
    breaches
}

fn rust_line(line: &str) -> Vec<String> {
    let open = ["todo!(", "unimplemented!(", "#[ignore"];
    open.iter()
        .filter(|word| line.contains(*word))
        .map(|word| format!("`{word}`: finish it or take it out"))
        .collect()
}

fn typescript_line(file: &File, line: &str, raw: &str) -> Vec<String> {
    let mut found = Vec::new();
    for word in ["@ts-ignore", "@ts-nocheck"] {
        if raw.contains(word) {
            found.push(format!("`{word}` hides errors: mend the type"));
        }
    }
    let is_any = |before: &str| {
        line.match_indices(before).any(|(at, _)| {
            let rest = &line[at + before.len()..];
            rest.starts_with("any") && !rest[3..].starts_with(is_word)
        })
    };
    if [": ", ":", "as ", "<", ", ", "| "].into_iter().any(is_any) && !line.contains("any(") {
        found.push("`any` switches type checks off: use `unknown` or the type".to_owned());
    }
    if is_test(&file.path) {
        for word in [".only(", ".skip(", ".todo("] {
            if line.contains(word) {
                found.push(format!("`{word}` leaves tests out"));
            }
        }
    } else if file.path.starts_with("packages/")
        && file.path.contains("/src/")
        && !file.path.contains("/ports/")
    {
        for word in PLATFORM {
            if has_word(line, word) {
                found.push(format!("`{word}` belongs behind a port in src/ports/"));
            }
        }
    }
    found
}

fn beginning(file: &File, rust: bool) -> Option<String> {
    let first =
        file.text.lines().find(|line| !line.trim().is_empty() && !line.starts_with("#!")).unwrap_or("");
    if rust {
        let module = file.path.contains("/src/");
        if module && !first.starts_with("//!") {
            return Some("begin with `//!`: what it is for, what it must not know".to_owned());
        }
        let whole_crate = file.path.ends_with("/src/lib.rs") || file.path.ends_with("/src/main.rs");
        if whole_crate
            && !file.path.starts_with("crates/ffi/")
            && !file.text.contains("#![forbid(unsafe_code)]")
        {
            return Some("add `#![forbid(unsafe_code)]`".to_owned());
        }
    } else {
        let module =
            file.path.starts_with("packages/") && file.path.contains("/src/") && !is_test(&file.path);
        let comment = first.starts_with("//") || first.starts_with("/*");
        if module && !comment && !first.starts_with("'use client'") && !first.starts_with("\"use client\"") {
            return Some("begin with a comment: what it is for, what it must not know".to_owned());
        }
    }
    None
}

/// Whether a file is a test.
pub(crate) fn is_test(path: &str) -> bool {
    path.starts_with("e2e/")
        || ["/test/", "/tests/", "/test-d/", "/test-types/", ".test.", ".spec."]
            .iter()
            .any(|mark| path.contains(mark))
}

/// Whether a line uses a global of this name: as a word, and neither a field of something nor a key.
fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = &line[..at];
        let after = &line[at + word.len()..];
        let field = before.trim_end().ends_with('.') && !before.trim_end().ends_with("globalThis.");
        let key = after.trim_start().starts_with(':') || after.trim_start().starts_with("?:");
        !field && !key && !before.ends_with(is_word) && !after.starts_with(is_word)
    })
}

fn is_word(ch: char) -> bool {
    ch.is_alphanumeric() || ch == '_' || ch == '$'
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches(path: &str, text: &str) -> usize {
        check(&File { path: path.to_owned(), text: text.to_owned() }).len()
    }

    #[test]
    fn platform_globals_stay_in_ports() {
        let line = "// What.\nconst t = Date.now();\n";
        assert_eq!(breaches("packages/client/src/loop.ts", line), 1);
        assert_eq!(breaches("packages/client/src/ports/clock.ts", line), 0);
        assert_eq!(breaches("packages/client/test/loop.test.ts", line), 0);
        for harmless in [
            "// window",
            "const s = 'window';",
            "x.window",
            "{ window: 1 }",
            "windowed()",
            "interface A { window?: B }",
        ] {
            assert_eq!(
                breaches("packages/client/src/a.ts", &format!("// What.\n{harmless}\n")),
                0,
                "{harmless}"
            );
        }
        for harm in ["window.a", "globalThis.window", "f(navigator)", "typeof indexedDB"] {
            assert_eq!(breaches("packages/client/src/a.ts", &format!("// What.\n{harm}\n")), 1, "{harm}");
        }
    }

    #[test]
    fn types_are_not_switched_off() {
        for harm in
            ["let a: any;", "b as any", "f<any>()", "Map<string, any>", "x: string | any", "// @ts-ignore"]
        {
            assert_eq!(breaches("e2e/a.spec.ts", harm), 1, "{harm}");
        }
        for harmless in ["const anything = 1;", "// any: any", "a ? b :any(c)", "'x: any'"] {
            assert_eq!(breaches("e2e/a.spec.ts", harmless), 0, "{harmless}");
        }
    }

    #[test]
    fn nothing_is_left_open() {
        assert_eq!(breaches("crates/x/tests/a.rs", "fn f() { todo!() }"), 1);
        assert_eq!(breaches("crates/x/tests/a.rs", "// todo!()\nlet s = \"todo!()\";"), 0);
        assert_eq!(breaches("e2e/a.spec.ts", "test.only('x')"), 1);
        assert_eq!(breaches("e2e/a.spec.ts", "test('x')"), 0);
    }

    #[test]
    fn files_say_what_they_are_for() {
        assert_eq!(breaches("crates/x/src/a.rs", "fn f() {}"), 1);
        assert_eq!(breaches("crates/x/src/a.rs", "//! What.\nfn f() {}"), 0);
        assert_eq!(breaches("crates/x/src/lib.rs", "//! What.\n"), 1);
        assert_eq!(breaches("crates/x/src/lib.rs", "//! What.\n#![forbid(unsafe_code)]\n"), 0);
        assert_eq!(breaches("packages/client/src/a.ts", "const a = 1;"), 1);
        assert_eq!(breaches("packages/client/src/a.ts", "// What.\nconst a = 1;"), 0);
    }
}
