//! `tidewire status`: whether the server can be reached and accepts us, and what waits in a store. It sends no write.

use std::io::{self, IsTerminal};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tidewire::{ConnectionState, DownReason, Status, down};

use crate::args::StatusArgs;
use crate::exit::{Exit, FAILED};
use crate::print::Printer;
use crate::{session, words};

pub(crate) async fn run(args: StatusArgs, printer: Printer) -> Result<(), Exit> {
    let drawn_over = args.watch && io::stdout().is_terminal();
    let notes = if drawn_over { printer.quiet() } else { printer };
    let client = session::looking(&args.server, args.store.as_deref(), notes)?;
    drop(client.connect());
    let view = View { args: &args, printer, drawn: 0 };
    let work = if args.watch { view.watch(&client).await } else { view.once(&client).await };
    client.shutdown().await;
    work
}

struct View<'a> {
    args: &'a StatusArgs,
    printer: Printer,
    /// Lines that stand in the terminal.
    drawn: usize,
}

impl View<'_> {
    async fn once(mut self, client: &tidewire::Client) -> Result<(), Exit> {
        let known = client.when(|status| is_known(&status.connection) && status.outbox.ready);
        let status = tokio::select! {
            known = known => known.map_err(Exit::failed)?,
            () = session::interrupted() => return Err(Exit::interrupted()),
        };
        self.show(&status)?;
        match &status.connection {
            ConnectionState::Connected { .. } => Ok(()),
            ConnectionState::Refused { code, message } => Err(session::refused(code, message)),
            ConnectionState::Waiting { reason, .. } => {
                Err(Exit::failed(format_args!("{}: {}", self.args.server.url, down(*reason))))
            }
            ConnectionState::Idle {}
            | ConnectionState::Connecting { .. }
            | ConnectionState::Paused { .. } => Err(Exit::silently(FAILED)),
        }
    }

    /// Prints each change. A refusal is one: the server may accept us later, but only when asked again, so it is the end.
    async fn watch(mut self, client: &tidewire::Client) -> Result<(), Exit> {
        let mut shown = None;
        // One for all: what comes while a change is printed is not lost.
        let mut interrupted = std::pin::pin!(session::interrupted());
        loop {
            let changed = client.when(|status| shown.as_ref() != Some(status));
            let status = tokio::select! {
                biased;
                () = &mut interrupted => return Ok(()),
                changed = changed => changed.map_err(Exit::failed)?,
            };
            self.show(&status)?;
            if let ConnectionState::Refused { code, message } = &status.connection {
                return Err(session::refused(code, message));
            }
            shown = Some(status);
        }
    }

    fn show(&mut self, status: &Status) -> Result<(), Exit> {
        let lines = self.lines(status);
        let mut text = lines.join("\n");
        if self.args.watch && !self.printer.is_json() {
            if io::stdout().is_terminal() {
                // Over what was drawn last.
                let up = if self.drawn == 0 { String::new() } else { format!("\x1b[{}A", self.drawn) };
                text = format!("{up}\x1b[J{text}");
                self.drawn = lines.len();
            } else {
                text = lines.iter().map(|line| line.trim_start()).collect::<Vec<_>>().join(" · ");
            }
        }
        self.printer.result(self.object(status), text)
    }

    fn lines(&self, status: &Status) -> Vec<String> {
        let url = &self.args.server.url;
        let connection = words::connection(&status.connection).unwrap_or_else(|| "not connected".into());
        let mut lines = vec![format!("{url}: {connection}")];
        if self.args.store.is_some() {
            lines.push(queue(status));
        }
        lines
    }

    fn object(&self, status: &Status) -> Value {
        let outbox = &status.outbox;
        let queue = self.args.store.as_ref().map(|_| {
            json!({
                "ready": outbox.ready,
                "pending": outbox.pending,
                "parked": outbox.parked,
                "quarantined": outbox.quarantined,
                "bytes": outbox.bytes,
                "oldest": outbox.oldest.map(|at| at.0),
                "durability": status.durability.to_string(),
            })
        });
        json!({
            "url": self.args.server.url,
            "connection": words::connection_json(&status.connection),
            "queue": queue,
        })
    }
}

/// The first attempt has ended, one way or the other.
fn is_known(state: &ConnectionState) -> bool {
    match state {
        ConnectionState::Idle {} | ConnectionState::Connecting { .. } => false,
        // A refused token is asked for once more.
        ConnectionState::Waiting { reason, .. } => *reason != DownReason::Refused,
        ConnectionState::Connected { .. }
        | ConnectionState::Paused { .. }
        | ConnectionState::Refused { .. } => true,
    }
}

fn queue(status: &Status) -> String {
    let outbox = &status.outbox;
    if !outbox.ready {
        return "queue: being read".into();
    }
    let mut parts = vec![match outbox.pending {
        0 => "nothing waits".to_owned(),
        1 => format!("1 write waits ({} bytes)", outbox.bytes),
        many => format!("{many} writes wait ({} bytes)", outbox.bytes),
    }];
    if let Some(oldest) = outbox.oldest {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        parts.push(format!("the oldest for {}", age(now.saturating_sub(u128::from(oldest.0)) / 1000)));
    }
    for (count, what) in [(outbox.parked, "refused and kept"), (outbox.quarantined, "not for this build")] {
        if count > 0 {
            parts.push(format!("{count} {what}"));
        }
    }
    format!("queue: {}; what is stored survives: {}", parts.join(", "), status.durability)
}

fn age(seconds: u128) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3_600 => format!("{} min", seconds / 60),
        3_600..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} days", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::age;

    #[test]
    fn an_age_is_told_in_its_own_unit() {
        let told = [59, 60, 3_599, 3_600, 172_799, 172_800].map(age);
        assert_eq!(told, ["59 s", "1 min", "59 min", "1 h", "47 h", "2 days"]);
    }
}
