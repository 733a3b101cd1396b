//! `cargo xtask ci`: what must hold before a change is merged. All checks run, also after one has failed.

use crate::process::{cargo, command, execute, watch};
use crate::report::Report;
use crate::{deny, rules, setup, suites, wasm};

/// Parts whose types are checked, tests included.
const TYPED: [&str; 6] = [
    "packages/client",
    "packages/react",
    "packages/react-native",
    "examples/activities/web",
    "examples/node-backend",
    "e2e",
];

/// Checks, then every test suite.
pub(crate) fn run() -> Result<(), String> {
    let mut report = Report::default();
    report.check("formatting", || execute(cargo(["fmt", "--all", "--", "--check", "-l"])));
    rules::all(&mut report);
    let lints = |report: &mut Report| {
        report.check("clippy", clippy);
        report.check("licences and sources", deny::in_ci);
    };
    let types = |report: &mut Report| {
        report.check("size of the engine", wasm::check_size);
        for part in TYPED {
            report.check(&format!("types of {part}"), || {
                execute(command(setup::npm(), ["run", "typecheck", "--workspace", part]))
            });
        }
    };
    suites::all(&mut report, lints, types);
    report.finish()
}

/// No warnings anywhere. `--deny warnings` would stop at the first crate; this shows all of them at once.
fn clippy() -> Result<(), String> {
    let watched = watch(cargo(["clippy", "--workspace", "--all-targets", "--keep-going"]))?;
    let warned = watched.output.lines().filter(|line| warns(line)).count();
    match (watched.success, warned) {
        (true, 0) => Ok(()),
        (true, targets) => Err(format!("warnings in {targets} targets, see above")),
        (false, _) => Err("does not compile, see above".to_owned()),
    }
}

/// Cargo's last word on a target with warnings.
fn warns(line: &str) -> bool {
    line.starts_with("warning: `") && line.contains(" generated ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_warning_fails_the_lint() {
        assert!(warns(
            "warning: `tidewire-hub` (lib) generated 1 warning (run `cargo clippy --fix` to apply 1 suggestion)"
        ));
        assert!(!warns(
            "warning: the following packages contain code that will be rejected by a future version of Rust"
        ));
        assert!(!warns("    Finished `dev` profile"));
    }
}
