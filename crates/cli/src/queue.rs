//! `tidewire queue`: what waits in a store, and what a person may do about it. It sends nothing but questions about writes that the
//! server may have applied.

use std::fs;
use std::path::Path;
use std::time::Duration;

use futures_util::StreamExt;
use serde_json::{Value, json};
use tidewire::{Client, SubmitError, Write, WriteError, WriteHandle, WriteId, WriteStage};

use crate::args::{QueueArgs, QueueCommand};
use crate::exit::{Exit, FAILED, REFUSED, USAGE};
use crate::print::Printer;
use crate::{session, words};

/// How long the server is waited for.
const QUESTION: Duration = Duration::from_secs(10);

pub(crate) async fn run(args: QueueArgs, printer: Printer) -> Result<(), Exit> {
    let (server, store) = args.command.place();
    let client = session::looking(server, Some(store), printer)?;
    let work = async {
        ready(&client).await?;
        act(&client, &args.command, printer).await
    };
    let result = tokio::select! {
        result = work => result,
        () = session::interrupted() => Err(Exit::interrupted()),
    };
    client.shutdown().await;
    result
}

async fn ready(client: &Client) -> Result<(), Exit> {
    use tidewire::Blocked;
    let read =
        client.when(|status| status.outbox.ready || status.outbox.blocked == Some(Blocked::ReloadNeeded));
    let status = read.await.map_err(|error| Exit::new(FAILED, error))?;
    if status.outbox.ready {
        return Ok(());
    }
    Err(Exit::new(FAILED, "the queue belongs to a newer build: use that one"))
}

async fn act(client: &Client, command: &QueueCommand, printer: Printer) -> Result<(), Exit> {
    match command {
        QueueCommand::List { .. } => list(client, printer).await,
        QueueCommand::Show { id, .. } => show(client, id, printer).await,
        QueueCommand::Export { file, .. } => export(client, file.as_deref(), printer).await,
        QueueCommand::Retry { id: Some(id), .. } => {
            client.retry(&find(client, id).await?).await.map_err(exit)?;
            retried(1, printer)
        }
        QueueCommand::Retry { id: None, .. } => {
            retried(client.retry_all(|_| true).await.map_err(Exit::failed)?, printer)
        }
        QueueCommand::Edit { id, method, path, body, .. } => {
            let id = find(client, id).await?;
            let mut write = Write::new(method.to_ascii_uppercase(), path);
            if let Some(body) = body {
                write = write.body(body);
            }
            let edited = client.edit(&id, write).await.map_err(exit)?;
            settle(edited.durable()).await?;
            let new = &edited.id().0;
            printer.result(json!({ "id": new, "replaces": id.0 }), new)
        }
        QueueCommand::Discard { id, .. } => {
            let id = find(client, id).await?;
            let handle = client.write(&id).await.map_err(|error| Exit::new(FAILED, error))?;
            match client.discard(&id).await {
                // It waits and was never sent, as far as this store knows.
                Err(SubmitError::Refused(tidewire::Refusal::NotParked)) => {
                    client.cancel(&id).await.map_err(exit)?
                }
                done => done.map_err(exit)?,
            }
            gone(client, handle).await?;
            if printer.is_json() { printer.line(json!({ "discarded": id.0 })) } else { Ok(()) }
        }
    }
}

fn retried(count: usize, printer: Printer) -> Result<(), Exit> {
    if printer.is_json() {
        return printer.line(json!({ "retried": count }));
    }
    match count {
        0 => printer.note("no write was refused"),
        1 => printer.note("1 write waits again; `tidewire drain` sends it"),
        _ => printer.note(format_args!("{count} writes wait again; `tidewire drain` sends them")),
    }
    Ok(())
}

/// Resolves when a write that was given up is gone from the store.
async fn gone(client: &Client, handle: Option<WriteHandle>) -> Result<(), Exit> {
    let Some(handle) = handle else { return Ok(()) };
    let id = handle.id().clone();
    let left = async {
        let mut lists = client.writes_changes();
        while let Some(list) = lists.next().await {
            if !list.iter().any(|write| write.id == id) {
                break;
            }
        }
        Ok(())
    };
    settle(left).await
}

/// Waits for the store, or for the server's word on a write that it may have applied.
async fn settle(work: impl Future<Output = Result<(), WriteError>>) -> Result<(), Exit> {
    match tokio::time::timeout(QUESTION, work).await {
        Ok(done) => done.map_err(|error| Exit::new(REFUSED, error)),
        Err(_) => Err(Exit::new(
            FAILED,
            "the server may have applied it and does not answer; nothing was changed: try again",
        )),
    }
}

fn exit(error: SubmitError) -> Exit {
    let theirs = matches!(error, SubmitError::Refused(_));
    Exit::new(if theirs { REFUSED } else { FAILED }, error)
}

/// The write whose id begins so, if it is one.
async fn find(client: &Client, beginning: &str) -> Result<WriteId, Exit> {
    if beginning.is_empty() {
        return Err(Exit::usage(
            "give the write's id, or the beginning of it; `tidewire queue list` has them",
        ));
    }
    let all = client.writes().await.map_err(|error| Exit::new(FAILED, error))?;
    let mut fitting = all.into_iter().map(|write| write.id).filter(|id| id.0.starts_with(beginning));
    match (fitting.next(), fitting.next()) {
        (Some(id), None) => Ok(id),
        (Some(_), Some(_)) => Err(Exit::new(USAGE, format_args!("several writes begin with {beginning:?}"))),
        (None, _) => Err(Exit::new(
            USAGE,
            format_args!("no write of this store is {beginning:?}; `tidewire queue list` has them"),
        )),
    }
}

/// What the queue says of each write, and what the store holds of it.
async fn entries(client: &Client) -> Result<Vec<Value>, Exit> {
    let stages = client.writes().await.map_err(|error| Exit::new(FAILED, error))?;
    let exported = client.export().await.map_err(exit)?;
    let mut all: Vec<Value> = serde_json::from_str(&exported).map_err(|error| Exit::new(FAILED, error))?;
    for entry in &mut all {
        let stage = stages.iter().find(|write| entry["id"] == write.id.0.as_str()).map(|write| &write.stage);
        entry["state"] = json!(stage.map_or("waiting", word));
        if let Some(WriteStage::Quarantined(reason)) = stage {
            entry["reason"] = json!(words::quarantined(*reason));
        }
    }
    Ok(all)
}

fn word(stage: &WriteStage) -> &'static str {
    match stage {
        WriteStage::Queued | WriteStage::Durable { .. } => "waiting",
        WriteStage::Sending { .. } | WriteStage::Retrying { .. } => "sent",
        WriteStage::Conflict(_) => "conflict",
        WriteStage::Acknowledged(_) => "acknowledged",
        WriteStage::Parked { .. } => "parked",
        WriteStage::Quarantined(_) => "quarantined",
    }
}

async fn list(client: &Client, printer: Printer) -> Result<(), Exit> {
    let entries = entries(client).await?;
    if entries.is_empty() && !printer.is_json() {
        printer.note("no write waits in this store");
    }
    for entry in entries {
        let line = in_a_line(&entry);
        let mut short = entry;
        // A list is for looking at; what was written stands in `show` and `export`.
        if let Some(fields) = short.as_object_mut() {
            fields.retain(|key, _| key != "body" && key != "variables");
        }
        printer.result(short, line)?;
    }
    Ok(())
}

fn in_a_line(entry: &Value) -> String {
    let text = |key: &str| entry[key].as_str().unwrap_or_default();
    let status = entry["status"].as_u64().filter(|status| *status != 0).map(|status| status.to_string());
    let why = [text("reason"), status.as_deref().unwrap_or_default()];
    let why = why.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
    let why = if why.is_empty() { why } else { format!(" ({why})") };
    format!("{} {}{why} {} {}", text("id"), text("state"), text("method"), text("path"))
}

async fn show(client: &Client, beginning: &str, printer: Printer) -> Result<(), Exit> {
    let id = find(client, beginning).await?;
    let entry = entries(client).await?.into_iter().find(|entry| entry["id"] == id.0.as_str());
    let entry = entry.ok_or_else(|| Exit::usage("it is over, and waits for nobody"))?;
    let text = serde_json::to_string_pretty(&entry).map_err(Exit::failed)?;
    printer.result(entry, text)
}

async fn export(client: &Client, file: Option<&Path>, printer: Printer) -> Result<(), Exit> {
    let entries = Value::Array(entries(client).await?);
    let Some(file) = file else { return printer.line(entries) };
    let shown = file.display();
    fs::write(file, entries.to_string()).map_err(|error| Exit::failed(format_args!("{shown}: {error}")))?;
    let count = entries.as_array().map_or(0, Vec::len);
    if printer.is_json() {
        return printer.line(json!({ "exported": count, "file": file }));
    }
    printer.note(format_args!("{count} writes are in {shown}"));
    Ok(())
}
