//! The compiler that a crate promises to do with: what is below it must not need a later one, by its own word. Whether our sources do
//! with it is for clippy to say (`incompatible_msrv`). It does not know which crates there are.

use std::collections::BTreeMap;

/// Name and version of a package, and the Rust that it says it needs.
pub(super) type Stated = BTreeMap<(String, String), Version>;
type Version = Vec<u32>;

/// What packages say of themselves, from `cargo metadata`. Those that say nothing are not in it.
pub(super) fn stated(metadata: &str) -> Stated {
    let mut stated = Stated::new();
    let mut package = None;
    // Only a package's own name has a version and an id behind it; its Rust version comes at its end.
    for part in metadata.split("{\"name\":\"") {
        let words: Vec<&str> = part.split('"').take(7).collect();
        if let [name, ",", "version", ":", version, ",", "id"] = words[..] {
            package = Some((name.to_owned(), version.to_owned()));
        }
        let needs = part.rsplit_once("\"rust_version\":\"").and_then(|(_, rest)| rest.split_once('"'));
        if let (Some(package), Some((needs, _))) = (&package, needs) {
            stated.insert(package.clone(), numbers(needs));
        }
    }
    stated
}

/// What is below a package in a tree of `cargo tree` and needs more than the package says.
pub(super) fn judge(package: &str, tree: &str, stated: &Stated) -> Vec<String> {
    let mut lines: Vec<&str> = tree.lines().collect();
    lines.sort_unstable();
    lines.dedup();
    let below = lines.iter().filter_map(|line| {
        let mut words = line.split_whitespace();
        let key = (words.next()?.to_owned(), words.next()?.strip_prefix('v')?.to_owned());
        stated.get(&key).map(|needs| (key, needs))
    });
    let below: Vec<_> = below.collect();
    let Some((_, own)) = below.iter().find(|((name, _), _)| name == package) else {
        return vec![format!("{package}: its `rust-version` is not known")];
    };
    below
        .iter()
        .filter(|(_, needs)| needs > own)
        .map(|((name, version), needs)| {
            format!(
                "{package} says it needs Rust {}, but {name} {version} below it needs {}",
                text(own),
                text(needs)
            )
        })
        .collect()
}

fn numbers(version: &str) -> Version {
    let mut numbers: Version = version.split('.').filter_map(|number| number.parse().ok()).collect();
    numbers.resize(3, 0);
    numbers
}

fn text(version: &Version) -> String {
    version.iter().map(u32::to_string).collect::<Vec<_>>().join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_below_a_crate_needs_a_later_compiler_than_it_says() {
        let metadata = concat!(
            r#"{"packages":[{"name":"app","version":"0.1.0","id":"a","dependencies":[{"name":"low","source":null}],"#,
            r#""targets":[{"kind":["lib"],"name":"app"}],"rust_version":"1.90"},"#,
            r#"{"name":"low","version":"1.2.3","id":"b","rust_version":"1.90.0"},"#,
            r#"{"name":"low","version":"2.0.0","id":"b","rust_version":"1.100"},"#,
            r#"{"name":"old","version":"1.0.0","id":"c","rust_version":null}],"resolve":null}"#,
        );
        let stated = stated(metadata);
        assert_eq!(stated.len(), 3);
        assert!(judge("app", "app v0.1.0 (/a)\nlow v1.2.3\nold v1.0.0\n", &stated).is_empty());
        let breaches = judge("app", "app v0.1.0 (/a)\nlow v2.0.0\nlow v2.0.0 (*)\n", &stated);
        assert!(breaches[0].contains("app says it needs Rust 1.90.0, but low 2.0.0 below it needs 1.100.0"));
        assert_eq!(judge("old", "old v1.0.0 (/o)\n", &stated).len(), 1);
    }
}
