//! Named numbers, as the parts print them: one line `name<TAB>value` each. Knows no meaning.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Figures by name; the unit is part of the name.
#[derive(Debug, Default)]
pub(super) struct Figures(BTreeMap<String, f64>);

impl Figures {
    /// Takes what a part printed, each name with `prefix` before it. Anything that is no figure is an error.
    pub(super) fn read(&mut self, prefix: &str, printed: &str) -> Result<(), String> {
        for line in printed.lines() {
            let (name, value) = line.split_once('\t').ok_or_else(|| format!("no figure: {line:?}"))?;
            let value = value.parse().map_err(|_| format!("no number: {line:?}"))?;
            self.0.insert(format!("{prefix}{name}"), value);
        }
        Ok(())
    }

    pub(super) fn put(&mut self, name: &str, value: f64) {
        self.0.insert(name.to_owned(), value);
    }

    pub(super) fn get(&self, name: &str) -> Result<f64, String> {
        self.0.get(name).copied().ok_or_else(|| format!("{name} was not measured"))
    }

    /// How many times `of` the figure is.
    pub(super) fn ratio(&self, name: &str, of: &str) -> Result<f64, String> {
        Ok(self.get(name)? / self.get(of)?)
    }

    pub(super) fn json(&self) -> String {
        let mut text = String::from("{");
        for (at, (name, value)) in self.0.iter().enumerate() {
            let comma = if at == 0 { "" } else { "," };
            let _ = write!(text, "{comma}\n  \"{name}\": {value}");
        }
        text + "\n}\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_parts_print_and_nothing_else() {
        let mut figures = Figures::default();
        figures.read("a_", "x_us\t2.5\ny\t10\n").unwrap();
        assert_eq!(figures.get("a_x_us"), Ok(2.5));
        assert_eq!(figures.ratio("a_y", "a_x_us"), Ok(4.0));
        assert_eq!(figures.json(), "{\n  \"a_x_us\": 2.5,\n  \"a_y\": 10\n}\n");
        assert!(figures.get("a_z").is_err());
        assert!(figures.read("", "a warning").is_err());
        assert!(figures.read("", "x\tmany").is_err());
    }
}
