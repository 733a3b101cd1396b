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
use crate::session;

/// How long the server is waited for.
const QUESTION: Duration = Duration::from_secs(10);

pub(crate) async fn run(args: QueueArgs) -> Result<(), Exit> {
    let (server, store) = args.command.place();
    let client = session::looking(server, store)?;
    let work = async {
        ready(&client).await?;
        act(&client, &args.command).await
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

async fn act(client: &Client, command: &QueueCommand) -> Result<(), Exit> {
    match command {
        QueueCommand::List { json, .. } => list(client, *json).await,
        QueueCommand::Show { id, .. } => show(client, id).await,
        QueueCommand::Export { file, .. } => export(client, file.as_deref()).await,
        QueueCommand::Retry { id: Some(id), .. } => {
            client.retry(&find(client, id).await?).await.map_err(exit)
        }
        QueueCommand::Retry { id: None, .. } => {
            let retried = client.retry_all(|_| true).await.map_err(|error| Exit::new(FAILED, error))?;
            eprintln!("tidewire: {retried} writes wait again; `tidewire drain` sends them");
            Ok(())
        }
        QueueCommand::Edit { id, method, path, body, .. } => {
            let id = find(client, id).await?;
            let mut write = Write::new(method.to_ascii_uppercase(), path);
            if let Some(body) = body {
                write = write.body(body);
            }
            let edited = client.edit(&id, write).await.map_err(exit)?;
            settle(edited.durable()).await?;
            Printer::new(false).line(&edited.id().0)
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
            gone(client, handle).await
        }
    }
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
    let all = client.writes().await.map_err(|error| Exit::new(FAILED, error))?;
    let mut fitting = all.into_iter().map(|write| write.id).filter(|id| id.0.starts_with(beginning));
    match (fitting.next(), fitting.next()) {
        (Some(id), None) => Ok(id),
        (Some(_), Some(_)) => Err(Exit::new(USAGE, format_args!("several writes begin with {beginning:?}"))),
        (None, _) => Err(Exit::new(USAGE, format_args!("no write of this store is {beginning:?}"))),
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
            entry["reason"] = json!(format!("{reason:?}"));
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

async fn list(client: &Client, as_json: bool) -> Result<(), Exit> {
    let printer = Printer::new(as_json);
    for entry in entries(client).await? {
        let text = |key: &str| entry[key].as_str().unwrap_or_default().to_owned();
        if as_json {
            // A list is for looking at; what was written stands in `show` and `export`.
            let mut short = entry.clone();
            if let Some(fields) = short.as_object_mut() {
                fields.retain(|key, _| key != "body" && key != "variables");
            }
            printer.line(&short.to_string())?;
        } else {
            let why = [
                text("reason"),
                entry["status"].as_u64().filter(|s| *s != 0).map_or_else(String::new, |s| s.to_string()),
            ];
            let why = why.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
            let why = if why.is_empty() { why } else { format!(" ({why})") };
            printer.line(&format!(
                "{} {}{why} {} {}",
                text("id"),
                text("state"),
                text("method"),
                text("path")
            ))?;
        }
    }
    Ok(())
}

async fn show(client: &Client, beginning: &str) -> Result<(), Exit> {
    let id = find(client, beginning).await?;
    let entry = entries(client).await?.into_iter().find(|entry| entry["id"] == id.0.as_str());
    let entry = entry.ok_or_else(|| Exit::new(USAGE, "it is over, and waits for nobody"))?;
    let text = serde_json::to_string_pretty(&entry).map_err(|error| Exit::new(FAILED, error))?;
    Printer::new(true).line(&text)
}

async fn export(client: &Client, file: Option<&Path>) -> Result<(), Exit> {
    let text = client.export().await.map_err(exit)?;
    match file {
        None => Printer::new(true).line(&text),
        Some(file) => fs::write(file, text)
            .map_err(|error| Exit::new(FAILED, format_args!("{}: {error}", file.display()))),
    }
}
