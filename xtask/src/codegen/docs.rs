//! Finds the `///` comments of types, variants and fields in rustfmt-formatted Rust sources. A reader of lines, not a
//! parser: it knows the layout of the engine's border files and no more.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Documentation by path: `Type`, `Type.Variant`, `Type.field`, `Type.Variant.field`.
pub(super) struct Docs(BTreeMap<String, Vec<String>>);

impl Docs {
    /// From these files.
    pub(super) fn read(files: impl Iterator<Item = PathBuf>) -> Result<Docs, String> {
        let mut docs = Docs(BTreeMap::new());
        for file in files {
            let text =
                std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
            docs.scan(&text);
        }
        Ok(docs)
    }

    /// The lines at a path.
    pub(super) fn of(&self, path: &str) -> Option<&[String]> {
        self.0.get(path).map(Vec::as_slice)
    }

    fn scan(&mut self, text: &str) {
        let mut pending: Vec<String> = Vec::new();
        let (mut container, mut variant) = (String::new(), String::new());
        for line in text.lines() {
            let indent = line.len() - line.trim_start().len();
            let line = line.trim_start();
            if let Some(doc) = line.strip_prefix("///") {
                pending.push(doc.trim().replace("[`", "`").replace("`]", "`").replace("*/", "* /"));
                continue;
            }
            if line.starts_with("#[") || line.starts_with("//") {
                continue;
            }
            let public = line.strip_prefix("pub ").unwrap_or(line);
            let declared = public.strip_prefix("enum ").or_else(|| public.strip_prefix("struct "));
            let name: String =
                declared.unwrap_or(public).chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let path = if declared.is_some() && indent == 0 {
                (container, variant) = (name.clone(), String::new());
                name
            } else if container.is_empty() || indent == 0 {
                if line == "}" {
                    container.clear();
                }
                name
            } else if indent == 4 {
                variant = name.clone();
                format!("{container}.{name}")
            } else {
                format!("{container}.{variant}.{name}")
            };
            let lines = std::mem::take(&mut pending);
            if !lines.is_empty() && !path.is_empty() {
                self.0.entry(path).or_insert(lines);
            }
            if declared.is_some() && line.ends_with(';') {
                container.clear();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_types_variants_and_fields() {
        let mut docs = Docs(BTreeMap::new());
        docs.scan("/// A.\npub enum E {\n    /// B.\n    V {\n        /// C.\n        f: u8,\n    },\n}\n\nx! {\n    /// D.\n    I(u32);\n}\n");
        for (path, text) in [("E", "A."), ("E.V", "B."), ("E.V.f", "C."), ("I", "D.")] {
            assert_eq!(docs.of(path), Some([text.to_owned()].as_slice()), "{path}");
        }
    }
}
