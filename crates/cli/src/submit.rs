//! `tidewire submit` and `tidewire drain`.

use std::time::Duration;

use serde_json::{Value, json};
use tidewire::{Answer, Blocked, Client, SubmitError, Write, WriteError};

use crate::args::{DrainArgs, SubmitArgs};
use crate::exit::{Exit, FAILED, REFUSED, UNAUTHORIZED, USAGE};
use crate::print::{Printer, Progress};
use crate::{session, words};

pub(crate) async fn run(args: SubmitArgs, printer: Printer) -> Result<(), Exit> {
    let client = session::client(&args.server, args.store.as_deref(), printer)?;
    let stored = args.store.is_some();
    let work = async {
        let mut write = Write::new(args.method.to_ascii_uppercase(), args.path);
        if let Some(body) = &args.body {
            write = write.body(body);
        }
        let handle = client.submit(write).await.map_err(|error| {
            let refused = matches!(error, SubmitError::Refused(_));
            Exit::new(if refused { USAGE } else { FAILED }, error)
        })?;
        handle.durable().await.map_err(|error| Exit::new(FAILED, error))?;
        if args.no_wait {
            let id = &handle.id().0;
            return printer.result(json!({ "id": id, "state": "waiting" }), id);
        }
        tokio::select! {
            answer = handle.acknowledged() => report(&handle.id().0, answer, printer),
            exit = blocked(&client, args.timeout, stored, printer) => Err(exit),
        }
    };
    let result = tokio::select! {
        result = work => result,
        () = session::interrupted() => Err(Exit::interrupted()),
    };
    client.shutdown().await;
    result
}

pub(crate) async fn drain(args: DrainArgs, printer: Printer) -> Result<(), Exit> {
    let client = session::client(&args.server, Some(&args.store), printer)?;
    let work = async {
        tokio::select! {
            done = emptied(&client, printer) => done,
            exit = blocked(&client, args.timeout, true, printer) => Err(exit),
        }
    };
    let result = tokio::select! {
        result = work => result,
        () = session::interrupted() => Err(Exit::interrupted()),
    };
    client.shutdown().await;
    result
}

/// Resolves when nothing waits any more, and says meanwhile how far it is.
async fn emptied(client: &Client, printer: Printer) -> Result<(), Exit> {
    let mut progress = Progress::new(printer);
    let first = client.when(|status| status.outbox.ready).await.map_err(Exit::failed)?.outbox;
    let mut pending = first.pending;
    while pending > 0 {
        let changed = client.when(|status| status.outbox.pending != pending).await;
        pending = changed.map_err(Exit::failed)?.outbox.pending;
        progress.show(
            || json!({ "pending": pending, "of": first.pending }),
            || format!("{pending} of {} writes wait", first.pending),
        );
    }
    progress.clear();
    let parked = client.status().outbox.parked;
    let refused = parked.saturating_sub(first.parked);
    if printer.is_json() {
        printer.line(json!({ "sent": first.pending.saturating_sub(refused), "parked": parked }))?;
    }
    match parked {
        0 => Ok(()),
        1 => Err(Exit::new(REFUSED, "1 refused write is kept in the store; see `tidewire queue list`")),
        _ => Err(Exit::new(
            REFUSED,
            format_args!("{parked} refused writes are kept in the store; see `tidewire queue list`"),
        )),
    }
}

fn report(id: &str, answer: Result<Answer, WriteError>, printer: Printer) -> Result<(), Exit> {
    let body = |answer: &Answer| match (answer.json(), &answer.body) {
        (Some(json), _) => json,
        (None, body) => json!(body),
    };
    let answer = match answer {
        Ok(answer) => answer,
        Err(error @ WriteError::Parked { .. }) => {
            if let WriteError::Parked { reason, answer } = &error {
                if printer.is_json() {
                    printer.line(json!({
                        "id": id,
                        "state": "parked",
                        "reason": words::parked(*reason),
                        "status": answer.as_ref().map(|answer| answer.status),
                        "body": answer.as_ref().map_or(Value::Null, body),
                    }))?;
                } else if let Some(Answer { body: Some(body), .. }) = answer {
                    eprintln!("{body}");
                }
            }
            return Err(Exit::new(REFUSED, error));
        }
        Err(error) => return Err(Exit::failed(error)),
    };
    if printer.is_json() {
        return printer.line(json!({
            "id": id,
            "state": "applied",
            "status": answer.status,
            "replayed": answer.replayed,
            "body": body(&answer),
        }));
    }
    let how = if answer.replayed { ", applied earlier" } else { "" };
    printer.note(format_args!("status {}{how}", answer.status));
    answer.body.map_or(Ok(()), |body| printer.line(body))
}

/// Tells why nothing is sent, and ends when that is for good or takes too long.
async fn blocked(client: &Client, timeout: Option<Duration>, stored: bool, printer: Printer) -> Exit {
    let told = async {
        let mut told = None;
        loop {
            let Ok(status) = client.when(|status| status.outbox.blocked != told).await else {
                return Exit::new(FAILED, "the client ended");
            };
            told = status.outbox.blocked;
            match (told, told.and_then(words::blocked)) {
                (Some(Blocked::Auth), Some(why)) => return Exit::new(UNAUTHORIZED, kept(why, stored)),
                (Some(Blocked::ReloadNeeded), Some(why)) => return Exit::failed(why),
                (_, Some(why)) => printer.note(why),
                (_, None) => {}
            }
        }
    };
    let too_long = async {
        match timeout {
            Some(timeout) => tokio::time::sleep(timeout).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        exit = told => exit,
        () = too_long => Exit::new(FAILED, kept("no answer in time", stored)),
    }
}

fn kept(message: &str, stored: bool) -> String {
    let then = if stored {
        "the write stays in the store, and a later run sends it"
    } else {
        "the write is forgotten"
    };
    format!("{message}; {then}")
}
