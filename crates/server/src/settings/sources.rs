//! Where settings come from, and which of them counts. Knows names, not what they mean.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::error::{Place, SettingError, SettingsError};

const PREFIX: &str = "TIDEWIRE_";
const FILE: &str = "config";
/// Not to be given as flags: every user of the machine can read them.
const SECRETS: [&str; 2] = ["server-key", "database"];

/// The app's own settings, as texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Extra(BTreeMap<String, (String, Place)>);

impl Extra {
    /// What was given under a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|(text, _)| text.as_str())
    }

    /// Reads it as something; the error says where it was given.
    pub fn parse<T: std::str::FromStr>(&self, name: &str, wanted: &str) -> Result<Option<T>, SettingError> {
        let Some((text, place)) = self.0.get(name) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| SettingError {
            name: name.to_owned(),
            place: place.clone(),
            why: wanted.to_owned(),
        })
    }
}

/// All that was given, the place that counts first.
pub(super) struct Sources {
    given: BTreeMap<String, (String, Place)>,
    wrong: Vec<SettingError>,
}

impl Sources {
    pub(super) fn gather(
        names: &[&str],
        flags: impl IntoIterator<Item = String>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Sources {
        let mut sources = Sources { given: BTreeMap::new(), wrong: Vec::new() };
        sources.flags(names, flags);
        for (variable, text) in environment {
            let Some(name) = variable.strip_prefix(PREFIX) else { continue };
            let name = name.to_lowercase().replace('_', "-");
            // Other programs of ours have variables too: only what is nearly a setting is a mistake.
            if name != FILE && !names.iter().any(|known| is_close(known, &name)) {
                continue;
            }
            sources.add(names, &name, text, Place::Environment(variable.clone()));
        }
        if let Some((path, place)) = sources.given.remove(FILE) {
            sources.file(names, &PathBuf::from(path), place);
        }
        sources
    }

    fn flags(&mut self, names: &[&str], flags: impl IntoIterator<Item = String>) {
        let mut flags = flags.into_iter();
        while let Some(flag) = flags.next() {
            let Some(name) = flag.strip_prefix("--") else {
                self.fail(&flag, Place::Flag, "a setting begins with two dashes");
                continue;
            };
            let (name, text) = match name.split_once('=') {
                Some((name, text)) => (name.to_owned(), Some(text.to_owned())),
                None => (name.to_owned(), flags.next()),
            };
            match text {
                Some(_) if SECRETS.contains(&name.as_str()) => {
                    self.fail(
                        &name,
                        Place::Flag,
                        "others can see flags: put it into the environment or the file",
                    );
                }
                Some(text) => self.add(names, &name, text, Place::Flag),
                None => self.fail(&name, Place::Flag, "it needs a value"),
            }
        }
    }

    fn file(&mut self, names: &[&str], path: &Path, place: Place) {
        let text = match std::fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) => {
                return self.fail(FILE, place, &format!("{} cannot be read: {error}", path.display()));
            }
        };
        let table: toml::Table = match text.parse() {
            Ok(table) => table,
            Err(error) => {
                // Without the line itself, which may hold a secret.
                let line = error.span().map_or(1, |span| text[..span.start].lines().count().max(1));
                let why = format!("{} is no TOML: {} (line {line})", path.display(), error.message());
                return self.fail(FILE, place, &why);
            }
        };
        for (name, value) in table {
            let place = Place::File(path.to_owned());
            match plain(&value) {
                Some(text) => self.add(names, &name, text, place),
                None => self.fail(&name, place, "give a text, a number, true or false, or a list of texts"),
            }
        }
    }

    /// The first place counts.
    fn add(&mut self, names: &[&str], name: &str, text: String, place: Place) {
        if name != FILE && !names.contains(&name) {
            let close = names.iter().find(|known| is_close(known, name));
            let hint = close.map(|known| format!(": do you mean {known}?")).unwrap_or_default();
            return self.fail(name, place, &format!("there is no such setting{hint}"));
        }
        if self.given.get(name).is_some_and(|(_, given)| *given == Place::Flag && place == Place::Flag) {
            return self.fail(name, place, "it is given twice");
        }
        self.given.entry(name.to_owned()).or_insert((text, place));
    }

    /// Reads one setting, if it was given.
    pub(super) fn set<T>(
        &mut self,
        name: &str,
        target: &mut T,
        read: impl FnOnce(&str) -> Result<T, String>,
    ) {
        let Some((text, place)) = self.given.get(name) else { return };
        match read(text) {
            Ok(value) => *target = value,
            Err(why) => {
                let place = place.clone();
                self.fail(name, place, &why);
            }
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.given.contains_key(name)
    }

    pub(super) fn demand(&mut self, name: &str, why: &str) {
        if !self.has(name) {
            self.fail(name, Place::Nowhere, why);
        }
    }

    pub(super) fn extra(&self, names: &[&str]) -> Extra {
        let own = self.given.iter().filter(|(name, _)| names.contains(&name.as_str()));
        Extra(own.map(|(name, given)| (name.clone(), given.clone())).collect())
    }

    pub(super) fn verdict(self) -> Result<(), SettingsError> {
        if self.wrong.is_empty() { Ok(()) } else { Err(SettingsError(self.wrong)) }
    }

    fn fail(&mut self, name: &str, place: Place, why: &str) {
        self.wrong.push(SettingError { name: name.to_owned(), place, why: why.to_owned() });
    }
}

fn plain(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(number) => Some(number.to_string()),
        toml::Value::Boolean(is_on) => Some(is_on.to_string()),
        toml::Value::Array(values) => {
            let texts: Option<Vec<String>> =
                values.iter().map(|value| value.as_str().map(str::to_owned)).collect();
            Some(texts?.join(","))
        }
        toml::Value::Float(_) | toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}

/// The same but for dashes, letters that are missing at the end, or a plural.
fn is_close(known: &str, given: &str) -> bool {
    let bare = |text: &str| text.replace(['-', '_'], "").to_lowercase();
    let (known, given) = (bare(known), bare(given));
    !given.is_empty() && (known.starts_with(&given) || given.starts_with(&known))
}
