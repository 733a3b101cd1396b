//! The figures as the tables of docs/benchmarks.md. Knows the names of the figures, not how they come about.

use std::fmt::Write as _;

use super::figures::Figures;

/// All tables, to be put into the page as they are.
pub(super) fn all(figures: &Figures) -> Result<String, String> {
    let parts = [machines(figures)?, bytes(figures)?, durable(figures)?, load(figures)?, drain(figures)?];
    Ok(parts.join("\n"))
}

fn machines(figures: &Figures) -> Result<String, String> {
    let mut text = String::from(
        "| machine | µs per event | ratio | µs per durable write | ratio |\n|---|--:|--:|--:|--:|\n",
    );
    for (name, key) in [
        ("native", "native"),
        ("V8 (Node 20), WebAssembly", "wasm"),
        ("V8 (Node 20), plain JavaScript", "js"),
        ("Hermes 0.12, plain JavaScript", "hermes"),
    ] {
        let (event, enqueue) = (format!("{key}_event_us"), format!("{key}_enqueue_us"));
        let _ = writeln!(
            text,
            "| {name} | {:.1} | {:.1} | {:.1} | {:.1} |",
            figures.get(&event)?,
            figures.ratio(&event, "wasm_event_us")?,
            figures.get(&enqueue)?,
            figures.ratio(&enqueue, "wasm_enqueue_us")?,
        );
    }
    Ok(text)
}

fn bytes(figures: &Figures) -> Result<String, String> {
    let mut text = String::from("| while so many wait | 10 | 10,000 | ratio |\n|---|--:|--:|--:|\n");
    for (name, key) in [
        ("bytes stored per enqueue", "enqueue_bytes"),
        ("bytes stored per answer", "ack_bytes"),
        ("µs per enqueue, native", "enqueue_us"),
        ("µs per answer, native", "ack_us"),
    ] {
        let (few, many) = (format!("{key}_10"), format!("{key}_10000"));
        let _ = writeln!(
            text,
            "| {name} | {:.0} | {:.0} | {:.1} |",
            figures.get(&few)?,
            figures.get(&many)?,
            figures.ratio(&many, &few)?
        );
    }
    Ok(text)
}

fn durable(figures: &Figures) -> Result<String, String> {
    let mut text = String::from("| one write, until it is on disk | µs | ratio |\n|---|--:|--:|\n");
    for (name, key) in [
        ("bare append + fdatasync of the same bytes", "append"),
        ("the same once more (what chance does)", "append_again"),
        ("the file store", "file_store"),
        ("the client with the file store: `submit` to `durable`", "client"),
        ("SQLite, WAL, synchronous=FULL: one INSERT", "sqlite"),
    ] {
        let key = format!("durable_{key}_us");
        let ratio = figures.ratio(&key, "durable_append_us")?;
        let _ = writeln!(text, "| {name} | {:.0} | {ratio:.2} |", figures.get(&key)?);
    }
    Ok(text)
}

fn load(figures: &Figures) -> Result<String, String> {
    Ok(format!(
        "| 10,000 pending writes, {:.1} MB | ms of processor time |\n|---|--:|\n| the engine, natively, from the records in memory to a queue that is ready | {:.0} |\n",
        figures.get("load_bytes")? / 1e6,
        figures.get("load_10000_ms")?
    ))
}

fn drain(figures: &Figures) -> Result<String, String> {
    let writes = figures.get("drain_writes")?;
    let mut text = format!(
        "| {writes} writes | until the first is sent, ms | all settled, s | ms per write | ratio |\n|---|--:|--:|--:|--:|\n"
    );
    for (name, key) in [
        ("`fetch`, one after another, no queue", "fetch"),
        ("`@tidewire/client`, one lane", "one_lane"),
        ("`@tidewire/client`, a lane for each write (four in flight)", "many_lanes"),
        ("`@tanstack/offline-transactions` 1.0.53", "tanstack"),
    ] {
        let all = format!("drain_{key}_all_ms");
        let first = figures.get(&format!("drain_{key}_first_ms"))?;
        let (time, applied) = (figures.get(&all)?, figures.get(&format!("drain_{key}_applied"))?);
        if applied < writes {
            let _ = writeln!(text, "| {name} | {first:.0} | {applied} after {:.0} | | |", time / 1000.0);
            continue;
        }
        let _ = writeln!(
            text,
            "| {name} | {first:.0} | {:.1} | {:.2} | {:.2} |",
            time / 1000.0,
            time / writes,
            figures.ratio(&all, "drain_fetch_all_ms")?
        );
    }
    Ok(text)
}
