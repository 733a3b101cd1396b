//! What the system says of this process. Linux only.

use crate::Failure;

fn status(key: &str) -> Result<f64, Failure> {
    let text = std::fs::read_to_string("/proc/self/status")?;
    let line =
        text.lines().find_map(|line| line.strip_prefix(key)).ok_or("no such line in /proc/self/status")?;
    let number = line.trim_start_matches(':').split_whitespace().next().ok_or("no number")?;
    Ok(number.parse()?)
}

/// Memory now.
pub(crate) fn resident_kb() -> Result<f64, Failure> {
    status("VmRSS")
}

/// The most memory so far.
pub(crate) fn peak_kb() -> Result<f64, Failure> {
    status("VmHWM")
}

/// Time on all processors, in the kernel too. Exact to a hundredth of a second.
pub(crate) fn cpu_seconds() -> Result<f64, Failure> {
    let text = std::fs::read_to_string("/proc/self/stat")?;
    // The second field is a name in parentheses and may hold anything.
    let rest = text.rsplit_once(')').ok_or("no name in /proc/self/stat")?.1;
    let field = |at: usize| -> Result<f64, Failure> {
        Ok(rest.split_whitespace().nth(at).ok_or("too few fields")?.parse()?)
    };
    Ok((field(11)? + field(12)?) / 100.0)
}
