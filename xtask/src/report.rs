//! What was done, how long it took and how it ended. It does not know what the steps are.

use std::time::{Duration, Instant};

use crate::counts::Counts;
use crate::process::{release, say};

struct Row {
    name: String,
    took: Duration,
    counts: Counts,
    problem: Option<String>,
}

/// The rows of the summary.
pub(crate) struct Report {
    began: Instant,
    rows: Vec<Row>,
}

impl Default for Report {
    fn default() -> Self {
        Self { began: Instant::now(), rows: Vec::new() }
    }
}

impl Report {
    /// A step of the set-up: it fails or it does not, and counts as no test unless it fails.
    pub(crate) fn step(
        &mut self,
        name: &str,
        work: impl FnOnce() -> Result<(), String>,
    ) -> Result<(), String> {
        self.row(name, |_| work().map(|()| Counts::default()))
    }

    /// A check: counts as one test. Never ends the run.
    pub(crate) fn check(&mut self, name: &str, work: impl FnOnce() -> Result<(), String>) {
        // Its problem is kept in the row.
        let _ = self.row(name, |_| work().map(|()| Counts { passed: 1, failed: 0 }));
    }

    /// A test suite. One that ran nothing has failed. Never ends the run.
    pub(crate) fn suite(&mut self, name: &str, work: impl FnOnce() -> Result<(Counts, bool), String>) {
        let _ = self.row(name, |kept| {
            let (counts, success) = work()?;
            *kept = counts;
            match (counts, success) {
                (Counts { passed: 0, failed: 0 }, true) => Err("ran no test".to_owned()),
                (Counts { failed: 0, .. }, false) => Err("did not end well, see its output".to_owned()),
                (Counts { failed: 1.., .. }, _) => Err("has failing tests".to_owned()),
                (Counts { .. }, true) => Ok(counts),
            }
        });
    }

    fn row(
        &mut self,
        name: &str,
        work: impl FnOnce(&mut Counts) -> Result<Counts, String>,
    ) -> Result<(), String> {
        say(&format!("==> {name}\n"));
        let start = Instant::now();
        let mut counts = Counts::default();
        let result = work(&mut counts);
        let took = start.elapsed();
        let problem = match result {
            Ok(found) => {
                counts = found;
                None
            }
            Err(problem) => {
                // Whatever failed is at least one failure in the last line.
                counts.failed = counts.failed.max(1);
                say(&format!("    {name}: {problem}\n"));
                Some(problem)
            }
        };
        say(&format!("    {name}: {}\n", seconds(took)));
        release();
        self.rows.push(Row { name: name.to_owned(), took, counts, problem: problem.clone() });
        problem.map_or(Ok(()), Err)
    }

    /// Takes in the rows of what was done at the same time.
    pub(crate) fn join(&mut self, other: Self) {
        self.rows.extend(other.rows);
    }

    /// Prints the summary, whose last line is `N passed, N failed`, and says whether all was well.
    pub(crate) fn finish(self) -> Result<(), String> {
        let mut total = Counts::default();
        println!("\n{:<28} {:>9} {:>7} {:>7}", "", "time", "passed", "failed");
        for row in &self.rows {
            println!(
                "{:<28} {:>9} {:>7} {:>7}",
                row.name,
                seconds(row.took),
                row.counts.passed,
                row.counts.failed
            );
            total.passed += row.counts.passed;
            total.failed += row.counts.failed;
        }
        println!("{:<28} {:>9}", "all", seconds(self.began.elapsed()));
        for row in &self.rows {
            if let Some(problem) = &row.problem {
                println!("\nfailed: {}: {problem}", row.name);
            }
        }
        println!("{} passed, {} failed", total.passed, total.failed);
        if total.failed == 0 { Ok(()) } else { Err(String::new()) }
    }
}

fn seconds(time: Duration) -> String {
    format!("{}.{} s", time.as_secs(), time.subsec_millis() / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn suite(counts: Counts, success: bool) -> Result<(), String> {
        let mut report = Report::default();
        report.suite("a suite", || Ok((counts, success)));
        report.finish()
    }

    #[test]
    fn a_suite_fails_if_it_failed_or_ran_nothing() {
        assert!(suite(Counts { passed: 2, failed: 0 }, true).is_ok());
        assert!(suite(Counts { passed: 2, failed: 1 }, false).is_err());
        assert!(suite(Counts { passed: 2, failed: 1 }, true).is_err());
        assert!(suite(Counts { passed: 2, failed: 0 }, false).is_err());
        assert!(suite(Counts { passed: 0, failed: 0 }, true).is_err());
    }

    #[test]
    fn a_failed_check_or_step_fails_the_run() {
        let mut report = Report::default();
        report.check("good", || Ok(()));
        report.check("bad", || Err("why".to_owned()));
        assert!(report.finish().is_err());
        let mut report = Report::default();
        assert!(report.step("bad", || Err("why".to_owned())).is_err());
        assert!(report.finish().is_err());
    }
}
