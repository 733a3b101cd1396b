//! `vectors/ffi/v<version>.json`: values with their bytes, which the TypeScript codec must read and write alike, and the
//! hash of the table. A change of the format fails here until it is meant: raise `ABI_VERSION` once the version was
//! published, then run with `UPDATE_VECTORS=1`.

use crate::codec::Codec;
use crate::describe::fingerprint;
use crate::sample::{Dice, Sample, quote};
use crate::schema::SCHEMA;
use crate::trace::to_hex;
use crate::{ABI_FROZEN, ABI_VERSION, Effect, Init, Message, StepResult};
use std::path::PathBuf;

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("../../vectors/ffi/v{ABI_VERSION}.json"))
}

fn line<T: Codec + Sample>(ty: &str, dice: &[u8], out: &mut Vec<String>) {
    let value = T::sample(&mut Dice::new(dice));
    let mut json = String::from("{\"type\":");
    quote(ty, &mut json);
    json.push_str(",\"bytes\":");
    quote(&to_hex(&value.to_bytes()), &mut json);
    json.push_str(",\"value\":");
    value.json(&mut json);
    json.push('}');
    out.push(json);
}

/// Variants of the largest union on the border.
fn most_variants() -> u8 {
    let counts = SCHEMA.iter().map(|entry| match entry.shape {
        crate::describe::Shape::Union(variants) => variants.len() as u8,
        crate::describe::Shape::Alias(_)
        | crate::describe::Shape::Names(_)
        | crate::describe::Shape::Record(_)
        | crate::describe::Shape::Sum(_) => 0,
    });
    counts.max().unwrap_or(0)
}

fn text() -> String {
    let mut lines = Vec::new();
    let mut state = 1u32;
    let mut noise = |first: &[u8]| {
        let mut dice = first.to_vec();
        dice.extend((0..160).map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        }));
        dice
    };
    for _ in 0..2 {
        line::<Init>("Init", &noise(&[]), &mut lines);
        line::<StepResult>("StepResult", &noise(&[0]), &mut lines);
        line::<StepResult>("StepResult", &noise(&[1]), &mut lines);
    }
    // The first byte picks the half of the sum, the second its variant: all of them, three times.
    for variant in 0..most_variants() {
        for _ in 0..3 {
            line::<Message>("Message", &noise(&[0, variant]), &mut lines);
            line::<Effect>("Output", &noise(&[0, variant]), &mut lines);
            line::<Message>("Message", &noise(&[1, variant]), &mut lines);
        }
    }
    line::<Effect>("Output", &noise(&[1, 0]), &mut lines);
    let values = lines.join(",\n    ");
    let hash = fingerprint(SCHEMA);
    format!(
        "{{\n  \"version\": {ABI_VERSION},\n  \"fingerprint\": \"{hash:016x}\",\n  \"values\": [\n    {values}\n  ]\n}}\n"
    )
}

#[test]
fn the_format_changes_only_on_purpose() {
    let now = text();
    let recorded = std::fs::read_to_string(path()).unwrap_or_default();
    if recorded == now {
        return;
    }
    assert!(
        std::env::var_os("UPDATE_VECTORS").is_some(),
        "the byte format is not that of {}; if that is meant, run UPDATE_VECTORS=1 cargo test -p tidewire-ffi \
         (and raise ABI_VERSION first if version {ABI_VERSION} was published)",
        path().display()
    );
    #[allow(clippy::assertions_on_constants, reason = "true until the version is published")]
    {
        assert!(ABI_VERSION > ABI_FROZEN, "version {ABI_VERSION} was published: raise ABI_VERSION");
    }
    std::fs::create_dir_all(path().parent().unwrap()).unwrap();
    std::fs::write(path(), now).unwrap();
}

/// Every variant of the table stands in the vectors: a new one must be added above.
#[test]
fn vectors_show_every_variant() {
    use crate::describe::Shape;
    let text = text();
    for entry in SCHEMA.iter().filter(|entry| ["Input", "Command", "Output"].contains(&entry.name)) {
        let Shape::Union(variants) = entry.shape else { panic!("{} is a union", entry.name) };
        for variant in variants {
            assert!(text.contains(&format!("\"value\":{{\"kind\":\"{}\"", variant.name)), "{}", variant.name);
        }
    }
}
