//! `tidewire listen`.

use serde_json::{Value, json};
use tidewire::{Client, ConnectionState, Event, Heard, ListenError, Listener, RoomState};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::args::ListenArgs;
use crate::exit::{Exit, FAILED, REFUSED, USAGE};
use crate::print::Printer;
use crate::{session, words};

pub(crate) async fn run(args: ListenArgs, printer: Printer) -> Result<(), Exit> {
    let client = session::client(&args.server, args.store.as_deref(), printer)?;
    let (stop, stopped) = watch::channel(false);
    let mut rooms = JoinSet::new();
    for (n, room) in args.rooms.iter().enumerate() {
        let listener = client.listen(room).await.map_err(|error| {
            let refused = matches!(error, ListenError::Refused(_));
            Exit::new(if refused { USAGE } else { FAILED }, format_args!("{room}: {error}"))
        })?;
        // Events without a room are heard by every listener and printed by the first.
        rooms.spawn(print(listener, printer, n == 0, stopped.clone()));
    }
    let mut result = tokio::select! {
        Some(ended) = rooms.join_next() => ended.unwrap_or(Ok(())),
        exit = tell_connection(&client, printer) => Err(exit),
        () = session::interrupted() => Ok(()),
    };
    // What is printed is stored before we go: a clean end doubles nothing.
    stop.send_replace(true);
    while let Some(ended) = rooms.join_next().await {
        result = result.and(ended.unwrap_or(Ok(())));
    }
    client.shutdown().await;
    result
}

/// Connects, and tells of the connection until it is refused for good.
async fn tell_connection(client: &Client, printer: Printer) -> Exit {
    drop(client.connect());
    let mut told = None;
    loop {
        let changed = client.when(|status| told.as_ref() != Some(&status.connection)).await;
        let Ok(status) = changed else { return Exit::new(FAILED, "the client ended") };
        if let ConnectionState::Refused { code, message } = &status.connection {
            return session::refused(code, message);
        }
        if let Some(line) = words::connection(&status.connection) {
            printer.note(line);
        }
        told = Some(status.connection);
    }
}

/// Prints what a room brings. The place is stored after the lines are out, once for all that came together.
async fn print(
    mut listener: Listener,
    printer: Printer,
    with_placeless: bool,
    mut stopped: watch::Receiver<bool>,
) -> Result<(), Exit> {
    let room = listener.room().clone();
    loop {
        let mut next = tokio::select! {
            heard = listener.next() => heard,
            _ = stopped.wait_for(|stopped| *stopped) => None,
        };
        if next.is_none() {
            return Ok(());
        }
        let mut last = None;
        while let Some(heard) = next {
            match heard {
                Heard::Event(event) => {
                    if event.position().is_some() || with_placeless {
                        printer.result(as_json(&event), as_text(&event))?;
                    }
                    last = event.position().cloned().or(last);
                }
                Heard::Missed => {
                    // For a program this is a part of the result: what follows does not join what came before.
                    if printer.is_json() {
                        printer.line(json!({ "type": "missed", "room": room.0 }))?;
                    }
                    printer.note(format_args!(
                        "{room}: events are lost: the server's history does not reach back"
                    ));
                }
                Heard::Room(RoomState::Denied { reason }) => {
                    let message = format_args!("{room}: the server denies the room: {reason}");
                    return Err(Exit::new(REFUSED, message));
                }
                Heard::Room(RoomState::Joined { head, .. }) => {
                    printer.note(format_args!("{room}: joined"));
                    // Everything up to the head has been printed: also a first run without events leaves a place.
                    last = head.or(last);
                }
                Heard::Room(RoomState::Waiting {} | RoomState::Joining {}) => {}
            }
            next = listener.take_ready();
        }
        if let Some(position) = last {
            listener.handled(&position).await.map_err(|fault| Exit::new(FAILED, fault))?;
        }
    }
}

fn as_text(event: &Event) -> String {
    let place = event.position().map_or_else(|| "-".to_owned(), |at| format!("{} #{}", at.room, at.offset));
    let mut line = format!("{place} {}", event.name());
    for arg in event.args() {
        line.push(' ');
        line.push_str(&arg.to_string());
    }
    line
}

fn as_json(event: &Event) -> Value {
    let position = event.position();
    json!({
        "type": "event",
        "room": position.map(|at| at.room.0.as_str()),
        "epoch": position.map(|at| at.epoch.0.as_str()),
        "offset": position.map(|at| at.offset.0),
        "event": event.name(),
        "args": event.args(),
        "write": event.write().map(|write| write.0.as_str()),
        "own": event.is_own(),
        "replayed": event.is_replayed(),
    })
}
