//! Writes the TypeScript types and codec of the byte border from the table in `tidewire_ffi::schema`.
//! It knows how TypeScript spells things, and nothing of what they mean.

mod docs;

use docs::Docs;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use tidewire_ffi::ABI_VERSION;
use tidewire_ffi::describe::{Definition, Field, Shape, Type, Variant, fingerprint};
use tidewire_ffi::schema::SCHEMA;

const DIR: &str = "packages/client/src/generated";
/// Sources whose `///` comments become the documentation of the TypeScript types.
const SOURCES: [&str; 5] = [
    "crates/core/src/io.rs",
    "crates/core/src/ids.rs",
    "crates/core/src/engine.rs",
    "crates/ffi/src/border.rs",
    "crates/ffi/src/codec.rs",
];

/// What TypeScript calls these: the host's `Output` is the engine's plus the replies.
fn ts_name(name: &str) -> &str {
    match name {
        "Output" => "EngineOutput",
        "Effect" => "Output",
        "Problem" => "DecodeProblem",
        other => other,
    }
}

/// The generated files with their content.
fn generate(root: &Path) -> Result<Vec<(PathBuf, String)>, String> {
    let docs = Docs::read(SOURCES.iter().map(|source| root.join(source)))?;
    let writer = Writer { docs };
    let host = Needs { encode: reachable(&["Init", "Batch"]), decode: reachable(&["StepResult"]) };
    let inspect = Needs { encode: reachable(&["StepResult"]), decode: reachable(&["Init", "Batch"]) };
    Ok(vec![
        (root.join(DIR).join("protocol.ts"), writer.protocol(&host)),
        (root.join(DIR).join("protocol-inspect.ts"), writer.inspect(&inspect)),
    ])
}

/// Writes the files that changed.
pub(crate) fn run() -> Result<(), String> {
    write(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/..")), false)
}

/// With `check`, only says whether they are up to date.
fn write(root: &Path, check: bool) -> Result<(), String> {
    for (path, text) in generate(root)? {
        let shown = path.strip_prefix(root).unwrap_or(&path).display();
        let current = std::fs::read_to_string(&path).unwrap_or_default();
        if current == text {
            continue;
        }
        if check {
            return Err(format!("{shown} is stale: run `cargo xtask codegen` and commit it"));
        }
        std::fs::create_dir_all(root.join(DIR)).map_err(|error| error.to_string())?;
        std::fs::write(&path, text).map_err(|error| format!("{shown}: {error}"))?;
    }
    Ok(())
}

struct Needs {
    encode: BTreeSet<&'static str>,
    decode: BTreeSet<&'static str>,
}

fn find(name: &str) -> &'static Definition {
    SCHEMA
        .iter()
        .find(|entry| entry.name == name)
        .unwrap_or_else(|| panic!("{name} is used but not in the table"))
}

fn reachable(roots: &[&'static str]) -> BTreeSet<&'static str> {
    fn of_type(ty: &Type, seen: &mut BTreeSet<&'static str>) {
        match ty {
            Type::Optional(inner) | Type::List(inner) => of_type(inner, seen),
            Type::Named(name) => of_name(name, seen),
            Type::Bool | Type::Number(_) | Type::Text | Type::Bytes => {}
        }
    }
    fn of_name(name: &'static str, seen: &mut BTreeSet<&'static str>) {
        if !seen.insert(name) {
            return;
        }
        match &find(name).shape {
            Shape::Alias(ty) => of_type(ty, seen),
            Shape::Names(_) => {}
            Shape::Record(fields) => fields.iter().for_each(|field| of_type(&field.ty, seen)),
            Shape::Union(variants) => {
                variants.iter().flat_map(|variant| variant.fields).for_each(|field| of_type(&field.ty, seen));
            }
            // The functions of a sum contain those of its parts.
            Shape::Sum(parts) => {
                parts.iter().filter_map(|part| union_of(part)).flatten().for_each(|variant| {
                    variant.fields.iter().for_each(|field| of_type(&field.ty, seen));
                })
            }
        }
    }
    let mut seen = BTreeSet::new();
    roots.iter().for_each(|root| of_name(root, &mut seen));
    seen
}

fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| {
        let (head, tail) = part.split_at(part.len().min(1));
        out + &head.to_uppercase() + tail
    })
}

/// `StoreError` to `STORE_ERROR`.
fn constant(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_uppercase());
    }
    out
}

fn basic(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "Bool",
        Type::Number(_) => "Number",
        Type::Text => "Text",
        Type::Bytes => "Bytes",
        Type::Optional(_) | Type::List(_) | Type::Named(_) => unreachable!("not a basic type"),
    }
}

fn type_text(ty: &Type) -> String {
    match ty {
        Type::Bool => "boolean".into(),
        Type::Number(_) => "number".into(),
        Type::Text => "string".into(),
        Type::Bytes => "Uint8Array".into(),
        Type::Optional(inner) => format!("{} | undefined", type_text(inner)),
        Type::List(inner) => match inner {
            Type::Optional(_) => format!("readonly ({})[]", type_text(inner)),
            _ => format!("readonly {}[]", type_text(inner)),
        },
        Type::Named(name) => ts_name(name).into(),
    }
}

/// The function that writes a value of this type: `(w, v) => void`.
fn put(ty: &Type) -> String {
    match ty {
        Type::Optional(inner) => format!("(w, v) => putOptional(w, v, {})", put(inner)),
        Type::List(inner) => format!("(w, v) => putList(w, v, {})", put(inner)),
        Type::Named(name) => match &find(name).shape {
            Shape::Alias(ty) => put(ty),
            _ => format!("put{}", ts_name(name)),
        },
        basic_type => format!("put{}", basic(basic_type)),
    }
}

fn put_call(ty: &Type, value: &str) -> String {
    match ty {
        Type::Optional(inner) => format!("putOptional(w, {value}, {})", put(inner)),
        Type::List(inner) => format!("putList(w, {value}, {})", put(inner)),
        other => format!("{}(w, {value})", put(other)),
    }
}

/// The function that reads a value of this type: `(r) => T`.
fn get(ty: &Type) -> String {
    match ty {
        Type::Optional(inner) => format!("(r) => getOptional(r, {})", get(inner)),
        Type::List(inner) => format!("(r) => getList(r, {})", get(inner)),
        Type::Named(name) => match &find(name).shape {
            Shape::Alias(ty) => get(ty),
            _ => format!("get{}", ts_name(name)),
        },
        basic_type => format!("get{}", basic(basic_type)),
    }
}

fn get_call(ty: &Type) -> String {
    match ty {
        Type::Optional(inner) => format!("getOptional(r, {})", get(inner)),
        Type::List(inner) => format!("getList(r, {})", get(inner)),
        other => format!("{}(r)", get(other)),
    }
}

/// Variants whose tags count up from 0 become an array.
fn is_names(entry: &Definition) -> Option<&'static [Variant]> {
    match entry.shape {
        Shape::Names(variants) => {
            let in_order =
                variants.iter().enumerate().all(|(index, variant)| usize::from(variant.tag) == index);
            assert!(in_order, "the tags of {} must count up from 0", entry.name);
            Some(variants)
        }
        Shape::Alias(_) | Shape::Record(_) | Shape::Union(_) | Shape::Sum(_) => None,
    }
}

struct Writer {
    docs: Docs,
}

impl Writer {
    fn protocol(&self, needs: &Needs) -> String {
        let mut out = String::new();
        out += "// Generated by `cargo xtask codegen` from crates/ffi/src/schema.rs; do not edit.\n";
        out +=
            "// Types of everything that crosses the engine's border, and the host's half of the codec.\n\n";
        self.import_bytes(&mut out);
        let _ = writeln!(out, "/** Version of this format; the engine must say the same. */");
        let _ = writeln!(out, "export const ABI_VERSION = {ABI_VERSION};");
        let _ = writeln!(out, "/** Hash of the table that this file was made from. */");
        let _ = writeln!(out, "export const FINGERPRINT = '{:016x}';\n", fingerprint(SCHEMA));
        for entry in SCHEMA {
            self.types(entry, &mut out);
        }
        self.names(SCHEMA.iter(), &mut out);
        self.functions(needs, &mut out);
        out
    }

    fn inspect(&self, needs: &Needs) -> String {
        let mut out = String::new();
        out += "// Generated by `cargo xtask codegen` from crates/ffi/src/schema.rs; do not edit.\n";
        out += "// The other half of the codec: reads what a host said and writes what an engine said. For traces and tools;\n";
        out += "// an app does not need it.\n\n";
        self.import_bytes(&mut out);
        let used = needs.encode.union(&needs.decode).map(|name| find(name));
        let (mut types, mut values) = (Vec::new(), Vec::new());
        for entry in used {
            match &entry.shape {
                Shape::Alias(_) => {}
                Shape::Names(_) => values.push(constant(ts_name(entry.name))),
                Shape::Record(_) | Shape::Union(_) | Shape::Sum(_) => types.push(ts_name(entry.name)),
            }
            if is_names(entry).is_some() {
                types.push(ts_name(entry.name));
            }
        }
        types.sort_unstable();
        let _ = writeln!(out, "import type {{\n  {},\n}} from './protocol.js';", types.join(",\n  "));
        let _ = writeln!(out, "import {{\n  {},\n}} from './protocol.js';\n", values.join(",\n  "));
        self.functions(needs, &mut out);
        out
    }

    fn import_bytes(&self, out: &mut String) {
        *out += "import type { ByteReader, ByteWriter } from '../engine/bytes.js';\n";
        *out += "import {\n";
        for what in
            ["badTag", "getBool", "getBytes", "getList", "getName", "getNumber", "getOptional", "getText"]
        {
            let _ = writeln!(out, "  {what},");
        }
        for what in
            ["putBool", "putByte", "putBytes", "putList", "putName", "putNumber", "putOptional", "putText"]
        {
            let _ = writeln!(out, "  {what},");
        }
        *out += "} from '../engine/bytes.js';\n\n";
    }

    fn doc(&self, path: &str, indent: &str, out: &mut String) {
        let Some(lines) = self.docs.of(path) else { return };
        match lines {
            [line] => {
                let _ = writeln!(out, "{indent}/** {line} */");
            }
            lines => {
                let _ = writeln!(out, "{indent}/**");
                for line in lines {
                    let _ = writeln!(out, "{indent} * {line}");
                }
                let _ = writeln!(out, "{indent} */");
            }
        }
    }

    fn field(&self, path: &str, field: &Field, indent: &str, out: &mut String) {
        self.doc(&format!("{path}.{}", field.name), indent, out);
        let optional = if matches!(field.ty, Type::Optional(_)) { "?" } else { "" };
        let _ = writeln!(out, "{indent}readonly {}{optional}: {};", camel(field.name), type_text(&field.ty));
    }

    fn types(&self, entry: &Definition, out: &mut String) {
        let name = ts_name(entry.name);
        self.doc(entry.name, "", out);
        match &entry.shape {
            Shape::Alias(ty) => {
                let _ = writeln!(out, "export type {name} = {};\n", type_text(ty));
            }
            Shape::Names(variants) => {
                let _ = writeln!(out, "export type {name} =");
                for variant in *variants {
                    self.doc(&format!("{}.{}", entry.name, variant.name), "  ", out);
                    let _ = writeln!(out, "  | '{}'", variant.name);
                }
                out.pop();
                *out += ";\n\n";
            }
            Shape::Record(fields) => {
                let _ = writeln!(out, "export interface {name} {{");
                fields.iter().for_each(|field| self.field(entry.name, field, "  ", out));
                *out += "}\n\n";
            }
            Shape::Union(variants) => {
                let _ = writeln!(out, "export type {name} =");
                for variant in *variants {
                    let path = format!("{}.{}", entry.name, variant.name);
                    self.doc(&path, "  ", out);
                    if variant.fields.is_empty() {
                        let _ = writeln!(out, "  | {{ readonly kind: '{}' }}", variant.name);
                        continue;
                    }
                    let _ = writeln!(out, "  | {{\n      readonly kind: '{}';", variant.name);
                    variant.fields.iter().for_each(|field| self.field(&path, field, "      ", out));
                    *out += "    }\n";
                }
                out.pop();
                *out += ";\n\n";
            }
            Shape::Sum(parts) => {
                let parts: Vec<_> = parts.iter().map(|part| ts_name(part)).collect();
                let _ = writeln!(out, "export type {name} = {};\n", parts.join(" | "));
            }
        }
    }

    fn names<'a>(&self, entries: impl Iterator<Item = &'a Definition>, out: &mut String) {
        for entry in entries {
            if let Some(variants) = is_names(entry) {
                let name = ts_name(entry.name);
                let list: Vec<_> = variants.iter().map(|variant| format!("'{}'", variant.name)).collect();
                let _ = writeln!(out, "/** Every {name}, by tag. */");
                let _ = writeln!(
                    out,
                    "export const {}: readonly {name}[] = [{}];",
                    constant(name),
                    list.join(", ")
                );
            }
        }
        out.push('\n');
    }

    fn functions(&self, needs: &Needs, out: &mut String) {
        for entry in SCHEMA {
            if needs.encode.contains(entry.name) {
                self.encoder(entry, out);
            }
            if needs.decode.contains(entry.name) {
                self.decoder(entry, out);
            }
        }
        let trimmed = out.trim_end().len();
        out.truncate(trimmed);
        out.push('\n');
    }

    fn encoder(&self, entry: &Definition, out: &mut String) {
        let name = ts_name(entry.name);
        let head = format!("export function put{name}(w: ByteWriter, v: {name}): void {{");
        match &entry.shape {
            Shape::Alias(_) => return,
            Shape::Names(_) => {
                let _ = writeln!(out, "{head}\n  putName(w, {}, v);", constant(name));
            }
            Shape::Record(fields) => {
                let _ = writeln!(out, "{head}");
                for field in *fields {
                    let _ = writeln!(out, "  {};", put_call(&field.ty, &format!("v.{}", camel(field.name))));
                }
            }
            Shape::Union(variants) => {
                let _ = writeln!(out, "{head}\n  switch (v.kind) {{");
                self.encode_cases(variants, out);
                *out += "  }\n";
            }
            Shape::Sum(parts) => {
                let _ = writeln!(out, "{head}\n  switch (v.kind) {{");
                for variants in parts.iter().filter_map(|part| union_of(part)) {
                    self.encode_cases(variants, out);
                }
                *out += "  }\n";
            }
        }
        *out += "}\n\n";
    }

    fn encode_cases(&self, variants: &[Variant], out: &mut String) {
        for variant in variants {
            let _ = writeln!(out, "    case '{}':\n      putByte(w, {});", variant.name, variant.tag);
            for field in variant.fields {
                let _ = writeln!(out, "      {};", put_call(&field.ty, &format!("v.{}", camel(field.name))));
            }
            *out += "      return;\n";
        }
    }

    fn decoder(&self, entry: &Definition, out: &mut String) {
        let name = ts_name(entry.name);
        let head = format!("export function get{name}(r: ByteReader): {name} {{");
        match &entry.shape {
            Shape::Alias(_) => return,
            Shape::Names(_) => {
                let _ = writeln!(out, "{head}\n  return getName(r, {});", constant(name));
            }
            Shape::Record(fields) => {
                let _ = writeln!(out, "{head}\n  return {{");
                for field in *fields {
                    let _ = writeln!(out, "    {}: {},", camel(field.name), get_call(&field.ty));
                }
                *out += "  };\n";
            }
            Shape::Union(variants) => {
                let _ = writeln!(out, "{head}\n  switch (r.bytes[r.at++]) {{");
                self.decode_cases(variants, out);
                let _ = writeln!(out, "    default:\n      return badTag(r, '{name}');\n  }}");
            }
            Shape::Sum(parts) => {
                let _ = writeln!(out, "{head}\n  switch (r.bytes[r.at++]) {{");
                for variants in parts.iter().filter_map(|part| union_of(part)) {
                    self.decode_cases(variants, out);
                }
                let _ = writeln!(out, "    default:\n      return badTag(r, '{name}');\n  }}");
            }
        }
        *out += "}\n\n";
    }

    fn decode_cases(&self, variants: &[Variant], out: &mut String) {
        for variant in variants {
            let mut parts = vec![format!("kind: '{}'", variant.name)];
            parts.extend(
                variant.fields.iter().map(|field| format!("{}: {}", camel(field.name), get_call(&field.ty))),
            );
            let _ = writeln!(out, "    case {}:\n      return {{ {} }};", variant.tag, parts.join(", "));
        }
    }
}

fn union_of(name: &str) -> Option<&'static [Variant]> {
    match find(name).shape {
        Shape::Union(variants) => Some(variants),
        Shape::Alias(_) | Shape::Names(_) | Shape::Record(_) | Shape::Sum(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> &'static Path {
        Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
    }

    /// Red when the table changed and nobody ran `cargo xtask codegen`.
    #[test]
    fn generated_typescript_is_up_to_date() {
        write(root(), true).unwrap();
    }

    /// The parts of a sum share one `switch`: their kinds and tags must differ.
    #[test]
    fn kinds_and_tags_of_sums_are_unique() {
        for entry in SCHEMA {
            if let Shape::Sum(parts) = entry.shape {
                let variants: Vec<_> = parts.iter().flat_map(|part| union_of(part).unwrap()).collect();
                let kinds: BTreeSet<_> = variants.iter().map(|variant| variant.name).collect();
                let tags: BTreeSet<_> = variants.iter().map(|variant| variant.tag).collect();
                assert_eq!((kinds.len(), tags.len()), (variants.len(), variants.len()), "{}", entry.name);
            }
        }
    }

    #[test]
    fn names_are_spelled_the_javascript_way() {
        assert_eq!(camel("keep_layer_when_parked"), "keepLayerWhenParked");
        assert_eq!(constant("StoreError"), "STORE_ERROR");
    }
}
