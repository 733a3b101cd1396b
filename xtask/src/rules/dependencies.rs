//! Who may depend on whom (ARCHITECTURE.md): hooks -> TypeScript host -> ffi -> core -> wire; client -> core -> wire (its recorder
//! also -> ffi);
//! server -> hub -> wire. The pure crates have no dependencies but each other, so neither IO nor serde can slip in. And what is below a crate
//! needs no later compiler than it says.

use super::rust_version;
use crate::process::{capture, cargo, root};

struct Rule {
    package: &'static str,
    /// Packages of this workspace below it, at any depth.
    below: &'static [&'static str],
    /// Nothing else at all may be below it.
    pure: bool,
}

const fn pure(package: &'static str, below: &'static [&'static str]) -> Rule {
    Rule { package, below, pure: true }
}

const fn shell(package: &'static str, below: &'static [&'static str]) -> Rule {
    Rule { package, below, pure: false }
}

const RULES: [Rule; 16] = [
    pure("tidewire-wire", &[]),
    pure("tidewire-core", &["tidewire-wire"]),
    pure("tidewire-ffi", &["tidewire-core", "tidewire-wire"]),
    pure("tidewire-hub", &["tidewire-wire"]),
    pure("tidewire-sim", &["tidewire-core", "tidewire-hub", "tidewire-wire"]),
    shell("tidewire", &["tidewire-ffi", "tidewire-core", "tidewire-wire"]),
    shell(
        "tidewire-cli",
        &["tidewire", "tidewire-ffi", "tidewire-sim", "tidewire-hub", "tidewire-core", "tidewire-wire"],
    ),
    shell("tidewire-server", &["tidewire-hub", "tidewire-wire"]),
    shell("activities-server", &["tidewire-server", "tidewire-hub", "tidewire-wire"]),
    shell("notes-server", &["tidewire-server", "tidewire-hub", "tidewire-wire"]),
    shell("chat-tui", &["tidewire", "tidewire-core", "tidewire-wire"]),
    shell("uploader", &["tidewire", "tidewire-core", "tidewire-server", "tidewire-hub", "tidewire-wire"]),
    shell("tidewire-benches", &["tidewire", "tidewire-core", "tidewire-wire"]),
    pure("tidewire-test-postgres", &[]),
    shell("tidewire-test-server", &["tidewire", "tidewire-core", "tidewire-wire"]),
    shell("xtask", &["tidewire-ffi", "tidewire-core", "tidewire-wire", "tidewire-test-postgres"]),
];

/// What each npm package may depend on within this workspace.
const PACKAGES: [(&str, &[&str]); 6] = [
    ("packages/client", &[]),
    ("packages/react", &["@tidewire/client"]),
    // Its tests use the hooks.
    ("packages/react-native", &["@tidewire/client", "@tidewire/react"]),
    ("examples/activities/shared", &["@tidewire/client", "@tidewire/react"]),
    ("examples/activities/web", &["@tidewire/client", "@tidewire/react"]),
    ("examples/node-backend", &["@tidewire/client", "@tidewire/react"]),
];

/// Asks cargo and reads the npm packages.
pub(crate) fn check() -> Result<Vec<String>, String> {
    let mut breaches = Vec::new();
    let members = members(&capture(cargo(["tree", "--workspace", "--depth", "0", "--prefix", "none"]))?);
    for member in &members {
        if !RULES.iter().any(|rule| rule.package == *member) {
            breaches.push(format!("{member}: say in xtask/src/rules/dependencies.rs what it may depend on"));
        }
    }
    let stated = rust_version::stated(&capture(cargo(["metadata", "--format-version", "1"]))?);
    for rule in &RULES {
        // Tests may depend on more: what counts is what is shipped.
        let tree = capture(cargo([
            "tree",
            "--package",
            rule.package,
            "--edges",
            "normal,build",
            "--prefix",
            "none",
            "--no-dedupe",
            "--target",
            "all",
            "--all-features",
        ]))?;
        breaches.extend(judge(rule, &names(&tree), &members));
        breaches.extend(rust_version::judge(rule.package, &tree, &stated));
    }
    for (part, allowed) in PACKAGES {
        let file = root().join(part).join("package.json");
        let text = std::fs::read_to_string(&file).map_err(|error| format!("{part}/package.json: {error}"))?;
        breaches.extend(judge_package(part, allowed, &text));
    }
    Ok(breaches)
}

fn names(tree: &str) -> Vec<String> {
    let mut names: Vec<String> =
        tree.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect();
    names.sort();
    names.dedup();
    names
}

fn members(tree: &str) -> Vec<String> {
    names(tree)
}

fn judge(rule: &Rule, below: &[String], members: &[String]) -> Vec<String> {
    let foreign = below.iter().filter(|name| *name != rule.package && !rule.below.contains(&name.as_str()));
    foreign
        .filter(|name| rule.pure || members.contains(name))
        .map(|name| {
            format!("{} depends on {name}: see \"Dependency direction\" in ARCHITECTURE.md", rule.package)
        })
        .collect()
}

fn judge_package(part: &str, allowed: &[&str], manifest: &str) -> Vec<String> {
    // Keys of dependency tables are the only strings of a manifest that begin a line with our scope, but for `name`.
    let ours = manifest.lines().filter_map(|line| line.trim().strip_prefix('"')?.split_once("\":"));
    ours.map(|(key, _)| key)
        .filter(|key| key.starts_with("@tidewire/") && !allowed.contains(key))
        .map(|key| format!("{part} depends on {key}: see \"Dependency direction\" in ARCHITECTURE.md"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn nothing_points_back_and_pure_crates_are_pure() {
        let members = owned(&["tidewire-core", "tidewire-wire", "tidewire-hub"]);
        let core = &pure("tidewire-core", &["tidewire-wire"]);
        assert!(judge(core, &owned(&["tidewire-core", "tidewire-wire"]), &members).is_empty());
        assert_eq!(judge(core, &owned(&["tidewire-core", "serde"]), &members).len(), 1);
        assert_eq!(judge(core, &owned(&["tidewire-core", "tidewire-hub"]), &members).len(), 1);
        let server = &shell("tidewire-server", &["tidewire-hub"]);
        assert!(judge(server, &owned(&["tidewire-server", "tokio", "tidewire-hub"]), &members).is_empty());
        assert_eq!(judge(server, &owned(&["tidewire-server", "tidewire-core"]), &members).len(), 1);
    }

    #[test]
    fn names_are_the_first_words() {
        let tree =
            "tidewire-core v0.1.0 (/a/b)\ntidewire-wire v0.1.0 (/a/c)\n\ntidewire-wire v0.1.0 (/a/c) (*)\n";
        assert_eq!(names(tree), ["tidewire-core", "tidewire-wire"]);
    }

    #[test]
    fn packages_do_not_point_back() {
        let manifest = "{\n  \"name\": \"@tidewire/client\",\n  \"dependencies\": {\n    \"@tidewire/react\": \"0.1.0\"\n  }\n}";
        assert_eq!(judge_package("packages/client", &[], manifest).len(), 1);
        assert!(judge_package("packages/client", &["@tidewire/react"], manifest).is_empty());
    }
}
