//! The rules of this repository that no compiler checks. Each rule is a function from what it reads to a list of breaches.

mod dependencies;
mod evidence;
mod promises;
mod rust_version;
mod source;
mod text;

use std::path::{Path, PathBuf};

use crate::process::root;
use crate::report::Report;

/// A source file, read.
pub(crate) struct File {
    /// Its path from the root, with `/`.
    pub(crate) path: String,
    /// Its text.
    pub(crate) text: String,
}

/// `cargo xtask rules`.
pub(crate) fn run() -> Result<(), String> {
    let mut report = Report::default();
    all(&mut report);
    report.finish()
}

/// All rules, as checks of the report.
pub(crate) fn all(report: &mut Report) {
    report.check("dependencies", || breaches(dependencies::check()?));
    report.check("sources", || breaches(files()?.iter().flat_map(source::check).collect()));
    report.check("table of limits", || breaches(crate::limits::check(&files()?)?));
    report.check("table of promises", || breaches(promises::check(&read(promises::TABLE)?, &files()?)));
    report.check("table of evidence", || {
        let (table, status) = (read(evidence::EVIDENCE)?, read(promises::TABLE)?);
        breaches(evidence::check(&table, &status, &files()?))
    });
}

/// `cargo xtask promises`: writes the table of evidence anew.
pub(crate) fn write_evidence() -> Result<(), String> {
    let before = read(evidence::EVIDENCE).unwrap_or_default();
    let table = evidence::write(&before, &read(promises::TABLE)?, &files()?);
    std::fs::write(root().join(evidence::EVIDENCE), table)
        .map_err(|error| format!("{}: {error}", evidence::EVIDENCE))
}

fn read(path: &str) -> Result<String, String> {
    std::fs::read_to_string(root().join(path)).map_err(|error| format!("{path}: {error}"))
}

fn breaches(list: Vec<String>) -> Result<(), String> {
    if list.is_empty() { Ok(()) } else { Err(format!("\n      {}", list.join("\n      "))) }
}

/// All Rust, TypeScript and JavaScript sources that people write.
pub(crate) fn files() -> Result<Vec<File>, String> {
    let mut files = Vec::new();
    for top in ["benches", "crates", "packages", "examples", "e2e", "xtask"] {
        collect(&root().join(top), &mut files)?;
    }
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(files)
}

fn collect(path: &Path, files: &mut Vec<File>) -> Result<(), String> {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    if path.is_dir() {
        if matches!(&*name, "node_modules" | "target" | "dist" | "generated" | "output")
            || name.starts_with('.')
        {
            return Ok(());
        }
        let entries = std::fs::read_dir(path).map_err(|error| format!("{}: {error}", path.display()))?;
        return entries.flatten().try_for_each(|entry| collect(&entry.path(), files));
    }
    if ["rs", "ts", "tsx", "mts", "cts", "mjs", "js"]
        .iter()
        .any(|ending| path.extension().is_some_and(|found| found == *ending))
    {
        let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
        files.push(File { path: from_root(path), text });
    }
    Ok(())
}

fn from_root(path: &Path) -> String {
    let relative: PathBuf = path.strip_prefix(root()).unwrap_or(path).to_owned();
    relative.to_string_lossy().replace('\\', "/")
}
