//! `cargo xtask ci`: what must hold before a change is merged. All checks run, also after one has failed.

use crate::process::{cargo, command, execute};
use crate::report::Report;
use crate::{rules, setup, suites, wasm};

/// Parts whose types are checked, tests included.
const TYPED: [&str; 4] = ["packages/client", "packages/react", "examples/activities/web", "e2e"];

/// Checks, then every test suite.
pub(crate) fn run() -> Result<(), String> {
    let mut report = Report::default();
    report.check("formatting", || execute(cargo(["fmt", "--all", "--", "--check", "-l"])));
    rules::all(&mut report);
    report.check("clippy", || {
        execute(cargo(["clippy", "--workspace", "--all-targets", "--quiet", "--", "--deny", "warnings"]))
    });
    suites::all(&mut report);
    report.check("size of the engine", wasm::check_size);
    for part in TYPED {
        report.check(&format!("types of {part}"), || {
            execute(command(setup::npm(), ["run", "typecheck", "--workspace", part]))
        });
    }
    report.finish()
}
