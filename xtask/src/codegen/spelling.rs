//! How TypeScript spells a name, a type, and the call that reads or writes a value of it.

use tidewire_ffi::describe::{Definition, Shape, Type};
use tidewire_ffi::schema::SCHEMA;

/// What TypeScript calls these: the host's `Output` is the engine's plus the replies.
pub(super) fn ts_name(name: &str) -> &str {
    match name {
        "Output" => "EngineOutput",
        "Effect" => "Output",
        "Problem" => "DecodeProblem",
        other => other,
    }
}

pub(super) fn find(name: &str) -> &'static Definition {
    SCHEMA
        .iter()
        .find(|entry| entry.name == name)
        .unwrap_or_else(|| panic!("{name} is used but not in the table"))
}

pub(super) fn camel(name: &str) -> String {
    let mut parts = name.split('_');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |out, part| {
        let (head, tail) = part.split_at(part.len().min(1));
        out + &head.to_uppercase() + tail
    })
}

/// `StoreError` to `STORE_ERROR`.
pub(super) fn constant(name: &str) -> String {
    let mut out = String::new();
    for c in name.chars() {
        if c.is_uppercase() && !out.is_empty() {
            out.push('_');
        }
        out.push(c.to_ascii_uppercase());
    }
    out
}

pub(super) fn basic(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "Bool",
        Type::Number(_) => "Number",
        Type::Text => "Text",
        Type::Bytes => "Bytes",
        Type::Optional(_) | Type::List(_) | Type::Named(_) => unreachable!("not a basic type"),
    }
}

pub(super) fn type_text(ty: &Type) -> String {
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
pub(super) fn put(ty: &Type) -> String {
    match ty {
        Type::Optional(inner) => format!("(w, v) => putOptional(w, v, {})", put(inner)),
        Type::List(inner) => format!("(w, v) => putList(w, v, {})", put(inner)),
        Type::Named(name) => match &find(name).shape {
            Shape::Alias(ty) => put(ty),
            Shape::Names(_) => format!("(w, v) => putName(w, {}, v)", constant(ts_name(name))),
            _ => format!("put{}", ts_name(name)),
        },
        basic_type => format!("put{}", basic(basic_type)),
    }
}

pub(super) fn put_call(ty: &Type, value: &str) -> String {
    match ty {
        Type::Optional(inner) => format!("putOptional(w, {value}, {})", put(inner)),
        Type::List(inner) => format!("putList(w, {value}, {})", put(inner)),
        Type::Named(name) => match &find(name).shape {
            Shape::Alias(ty) => put_call(ty, value),
            Shape::Names(_) => format!("putName(w, {}, {value})", constant(ts_name(name))),
            _ => format!("put{}(w, {value})", ts_name(name)),
        },
        basic_type => format!("put{}(w, {value})", basic(basic_type)),
    }
}

/// The function that reads a value of this type: `(r) => T`.
pub(super) fn get(ty: &Type) -> String {
    match ty {
        Type::Optional(inner) => format!("(r) => getOptional(r, {})", get(inner)),
        Type::List(inner) => format!("(r) => getList(r, {})", get(inner)),
        Type::Named(name) => match &find(name).shape {
            Shape::Alias(ty) => get(ty),
            Shape::Names(_) => format!("(r) => getName(r, {})", constant(ts_name(name))),
            _ => format!("get{}", ts_name(name)),
        },
        basic_type => format!("get{}", basic(basic_type)),
    }
}

pub(super) fn get_call(ty: &Type) -> String {
    match ty {
        Type::Optional(inner) => format!("getOptional(r, {})", get(inner)),
        Type::List(inner) => format!("getList(r, {})", get(inner)),
        Type::Named(name) => match &find(name).shape {
            Shape::Alias(ty) => get_call(ty),
            Shape::Names(_) => format!("getName(r, {})", constant(ts_name(name))),
            _ => format!("get{}(r)", ts_name(name)),
        },
        basic_type => format!("get{}(r)", basic(basic_type)),
    }
}
