//! `tidewire submit` and `tidewire drain`.

use std::time::Duration;

use tidewire::{Answer, Blocked, Client, SubmitError, Write, WriteError};

use crate::args::{DrainArgs, SubmitArgs};
use crate::exit::{Exit, FAILED, REFUSED, UNAUTHORIZED, USAGE};
use crate::print::Printer;
use crate::session;

pub(crate) async fn run(args: SubmitArgs) -> Result<(), Exit> {
    let client = session::client(&args.server, args.store.as_deref())?;
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
            return Printer::new(false).line(&handle.id().0);
        }
        tokio::select! {
            answer = handle.acknowledged() => report(answer),
            exit = blocked(&client, args.timeout, stored) => Err(exit),
        }
    };
    let result = tokio::select! {
        result = work => result,
        () = session::interrupted() => Err(Exit::interrupted()),
    };
    client.shutdown().await;
    result
}

pub(crate) async fn drain(args: DrainArgs) -> Result<(), Exit> {
    let client = session::client(&args.server, Some(&args.store))?;
    let work = async {
        let empty = client.when(|status| status.outbox.ready && status.outbox.pending == 0);
        tokio::select! {
            status = empty => match status.map_err(|error| Exit::new(FAILED, error))?.outbox.parked {
                0 => Ok(()),
                parked => Err(Exit::new(REFUSED, format_args!("{parked} refused writes are kept in the store"))),
            },
            exit = blocked(&client, args.timeout, true) => Err(exit),
        }
    };
    let result = tokio::select! {
        result = work => result,
        () = session::interrupted() => Err(Exit::interrupted()),
    };
    client.shutdown().await;
    result
}

fn report(answer: Result<Answer, WriteError>) -> Result<(), Exit> {
    let answer = match answer {
        Ok(answer) => answer,
        Err(error @ WriteError::Parked { .. }) => {
            if let WriteError::Parked { answer: Some(Answer { body: Some(body), .. }), .. } = &error {
                eprintln!("{body}");
            }
            return Err(Exit::new(REFUSED, error));
        }
        Err(error) => return Err(Exit::new(FAILED, error)),
    };
    let how = if answer.replayed { ", applied earlier" } else { "" };
    eprintln!("tidewire: status {}{how}", answer.status);
    answer.body.map_or(Ok(()), |body| Printer::new(false).line(&body))
}

/// Tells why nothing is sent, and ends when that is for good or takes too long.
async fn blocked(client: &Client, timeout: Option<Duration>, stored: bool) -> Exit {
    let told = async {
        let mut told = None;
        loop {
            let Ok(status) = client.when(|status| status.outbox.blocked != told).await else {
                return Exit::new(FAILED, "the client ended");
            };
            told = status.outbox.blocked;
            match told {
                Some(Blocked::Auth) => {
                    return Exit::new(UNAUTHORIZED, kept("the server does not accept the token", stored));
                }
                Some(Blocked::Unreachable) => eprintln!("tidewire: the server does not answer; trying again"),
                Some(Blocked::Offline) => eprintln!("tidewire: there is no network"),
                Some(Blocked::Cors) => eprintln!("tidewire: the server answers others, but not this write"),
                Some(Blocked::ReloadNeeded) => {
                    return Exit::new(FAILED, "the queue belongs to a newer build: use that one");
                }
                Some(Blocked::Loading | Blocked::Follower | Blocked::Stopped | Blocked::Suspended) | None => {
                }
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
