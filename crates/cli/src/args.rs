//! The command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args as ClapArgs, Parser, Subcommand};
use serde_json::Value;

/// Real-time events and durable writes from the command line.
#[derive(Debug, Parser)]
#[command(
    name = "tidewire",
    version,
    after_help = "Exit codes: 0 done · 1 failed, try again · 2 wrong usage · 3 not signed in · 4 refused by the server · 130 interrupted\n\
                  Every command, what it prints with --json, and examples: docs/cli.md"
)]
pub(crate) struct Args {
    /// Print JSON, one object a line: results on stdout; notes, progress and the error on stderr.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print the events of rooms, one a line, through every loss of the connection.
    ///
    /// A line is the room, the event's place in the room's history, its name and its arguments as JSON:
    /// `activities #12 activity:like_added {"activityId":"7"}`. Events without a place begin with `-`.
    /// Changes of the connection go to stderr. With --store a later run goes on behind the last printed event.
    Listen(ListenArgs),
    /// Send one event.
    Emit(EmitArgs),
    /// Send one write, exactly once, and print the answer.
    ///
    /// The write is in the store before it is sent. If the command is interrupted, or with --no-wait, a later run
    /// with the same --store and user sends it.
    Submit(SubmitArgs),
    /// Send the writes that wait in a store, and end when none waits.
    Drain(DrainArgs),
    /// Look after the writes that wait in a store, or that were refused and are kept there.
    ///
    /// Nothing is sent, except a question about a write that is given up or replaced and that the server may have applied.
    Queue(QueueArgs),
    /// Print whether the server can be reached and accepts you, and what waits in a store. Nothing is sent.
    ///
    /// Exit code 0: connected; 1: the server cannot be reached; 3: it does not accept you.
    Status(StatusArgs),
    /// Run a recorded trace through the engine, and say whether it goes as recorded.
    ///
    /// Exit code 0: every result and the hash over all of them are the same; 1: they are not; 2: it is no trace, or of a
    /// build with another byte format.
    Replay(ReplayArgs),
    /// Run the engine and the hub through random bad days, and say which seed breaks a promise.
    ///
    /// A seed is a whole day: the same seed gives the same day. What fails is shrunk to a short script and printed.
    Sim(SimArgs),
    /// Print a script that lets a shell complete this command.
    ///
    /// For example: tidewire completions bash > ~/.local/share/bash-completion/completions/tidewire
    Completions(CompletionsArgs),
}

#[derive(Debug, ClapArgs)]
pub(crate) struct Server {
    /// The server.
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:4680", env = "TIDEWIRE_URL")]
    pub(crate) url: String,
    /// Token that shows who you are. Prefer the environment: arguments are seen by others on the machine.
    #[arg(
        long,
        env = "TIDEWIRE_TOKEN",
        hide_env_values = true,
        conflicts_with = "login",
        value_name = "TOKEN"
    )]
    pub(crate) token: Option<String>,
    /// Sign in under this name at /api/login (the Activities demo).
    #[arg(long, value_name = "NAME")]
    pub(crate) login: Option<String>,
    /// Whose part of the store to use; known from --login, needed with --token and --store.
    #[arg(long, value_name = "NAME")]
    pub(crate) user: Option<String>,
    /// The server is any Socket.IO server and HTTP API, not built with Tidewire.
    #[arg(long)]
    pub(crate) foreign: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ListenArgs {
    #[command(flatten)]
    pub(crate) server: Server,
    /// Room to listen to; may be given several times.
    #[arg(long = "room", value_name = "ROOM", required = true)]
    pub(crate) rooms: Vec<String>,
    /// Directory that keeps the place in each room across runs.
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct EmitArgs {
    #[command(flatten)]
    pub(crate) server: Server,
    /// Name of the event.
    pub(crate) event: String,
    /// Its arguments, each one JSON.
    #[arg(value_parser = json)]
    pub(crate) args: Vec<Value>,
    /// Wait for the acknowledgement and print its arguments as a JSON array.
    #[arg(long)]
    pub(crate) ack: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct SubmitArgs {
    #[command(flatten)]
    pub(crate) server: Server,
    /// HTTP method.
    pub(crate) method: String,
    /// Path, beginning with `/`, or an absolute URL.
    #[arg(value_parser = path)]
    pub(crate) path: String,
    /// JSON body.
    #[arg(value_parser = json)]
    pub(crate) body: Option<Value>,
    /// Directory that keeps the write until it has an answer. Without it an interrupted write is forgotten.
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    /// End as soon as the write is in the store.
    #[arg(long, requires = "store")]
    pub(crate) no_wait: bool,
    /// Give up waiting after so many seconds; the write stays in the store.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct DrainArgs {
    #[command(flatten)]
    pub(crate) server: Server,
    /// The store.
    #[arg(long, value_name = "DIR")]
    pub(crate) store: PathBuf,
    /// Give up waiting after so many seconds; what is left stays in the store.
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub(crate) timeout: Option<Duration>,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct QueueArgs {
    #[command(subcommand)]
    pub(crate) command: QueueCommand,
}

/// A store, and the server and user that it belongs to.
#[derive(Debug, ClapArgs)]
pub(crate) struct Place {
    #[command(flatten)]
    pub(crate) server: Server,
    /// The store.
    #[arg(long, value_name = "DIR")]
    pub(crate) store: PathBuf,
}

#[derive(Debug, Subcommand)]
pub(crate) enum QueueCommand {
    /// Print the writes, oldest first: id, state, why, method and path.
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Print all that the store holds of one write, as JSON.
    Show {
        #[command(flatten)]
        place: Place,
        /// Its id, or the beginning of it.
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
    /// Let a refused write wait again; a later run sends it.
    Retry {
        #[command(flatten)]
        place: Place,
        /// Its id, or the beginning of it.
        #[arg(required_unless_present = "all", conflicts_with = "all", allow_hyphen_values = true)]
        id: Option<String>,
        /// All that were refused.
        #[arg(long)]
        all: bool,
    },
    /// Put another write in the place of one that was refused or never sent, and print its id.
    Edit {
        #[command(flatten)]
        place: Place,
        /// Its id, or the beginning of it.
        #[arg(allow_hyphen_values = true)]
        id: String,
        /// HTTP method.
        method: String,
        /// Path, beginning with `/`, or an absolute URL.
        #[arg(value_parser = path)]
        path: String,
        /// JSON body.
        #[arg(value_parser = json)]
        body: Option<Value>,
    },
    /// Give up a write.
    Discard {
        #[command(flatten)]
        place: Place,
        /// Its id, or the beginning of it.
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
    /// Write all of them as a JSON array; never a token.
    Export {
        #[command(flatten)]
        place: Place,
        /// Where to; stdout if absent.
        file: Option<PathBuf>,
    },
}

impl QueueCommand {
    pub(crate) fn place(&self) -> (&Server, &std::path::Path) {
        match self {
            QueueCommand::List { place, .. }
            | QueueCommand::Show { place, .. }
            | QueueCommand::Retry { place, .. }
            | QueueCommand::Edit { place, .. }
            | QueueCommand::Discard { place, .. }
            | QueueCommand::Export { place, .. } => (&place.server, &place.store),
        }
    }
}

#[derive(Debug, ClapArgs)]
pub(crate) struct StatusArgs {
    #[command(flatten)]
    pub(crate) server: Server,
    /// The store whose queue is looked at; no other process may have it open.
    #[arg(long, value_name = "DIR")]
    pub(crate) store: Option<PathBuf>,
    /// Go on, and print each change until Ctrl-C.
    #[arg(long, short)]
    pub(crate) watch: bool,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    pub(crate) shell: clap_complete::Shell,
}

#[derive(Debug, ClapArgs)]
pub(crate) struct SimArgs {
    /// Run this one seed.
    #[arg(long, value_name = "N", conflicts_with_all = ["seeds", "hours", "bugs", "from"])]
    pub(crate) seed: Option<u64>,
    /// Run so many seeds [default: 200].
    #[arg(long, value_name = "N")]
    pub(crate) seeds: Option<u64>,
    /// Run seeds for so long; 0.5 is half an hour.
    #[arg(long, value_name = "H", value_parser = hours)]
    pub(crate) hours: Option<f64>,
    /// The first seed [default: 1].
    #[arg(long, value_name = "N")]
    pub(crate) from: Option<u64>,
    /// Hunt each planted bug through at most so many seeds.
    #[arg(long, value_name = "N")]
    pub(crate) bugs: Option<u64>,
    /// Plant this bug.
    #[arg(long, value_name = "NAME", value_parser = bug)]
    pub(crate) bug: Option<tidewire_sim::bugs::Bug>,
    /// Tell everything that happens in the seed, on stderr.
    #[arg(long, requires = "seed")]
    pub(crate) verbose: bool,
    /// Go on after a failure.
    #[arg(long)]
    pub(crate) keep_going: bool,
}

fn bug(name: &str) -> Result<tidewire_sim::bugs::Bug, String> {
    tidewire_sim::bugs::Bug::named(name).ok_or_else(|| {
        let names: Vec<String> = tidewire_sim::bugs::Bug::ALL.iter().map(|bug| format!("{bug:?}")).collect();
        format!("there is no such bug; there are {}", names.join(", "))
    })
}

fn hours(text: &str) -> Result<f64, String> {
    let hours: f64 = text.parse().map_err(|_| "not a number of hours".to_owned())?;
    if hours > 0.0 && hours < 10_000.0 { Ok(hours) } else { Err("not a number of hours".to_owned()) }
}

#[derive(Debug, ClapArgs)]
pub(crate) struct ReplayArgs {
    /// The trace.
    pub(crate) file: PathBuf,
    /// Print every call: what was said to the engine and what it answered. Payloads and tokens are not shown.
    #[arg(long, short)]
    pub(crate) verbose: bool,
}

fn json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text)
        .map_err(|error| format!("not JSON: {error} (text needs its quotes: '\"text\"')"))
}

fn path(text: &str) -> Result<String, String> {
    let fits = text.starts_with('/') || text.starts_with("http://") || text.starts_with("https://");
    if fits { Ok(text.to_owned()) } else { Err("a path begins with `/`".to_owned()) }
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: u64 = text.parse().map_err(|_| "not a number of seconds".to_owned())?;
    Ok(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn a_token_does_not_show_in_help() {
        let help = Args::command().find_subcommand_mut("listen").expect("listen").render_long_help();
        assert!(help.to_string().contains("TIDEWIRE_TOKEN"));
    }

    #[test]
    fn no_wait_without_a_store_is_refused() {
        assert!(Args::try_parse_from(["tidewire", "submit", "POST", "/x", "--no-wait"]).is_err());
        assert!(
            Args::try_parse_from(["tidewire", "submit", "POST", "/x", "--no-wait", "--store", "d"]).is_ok()
        );
    }

    #[test]
    fn an_id_may_begin_with_a_hyphen() {
        let queue = |words: &[&str]| {
            let start = ["tidewire", "queue", words[0], "--store", "d"];
            Args::try_parse_from(start.iter().chain(&words[1..])).map(|args| format!("{args:?}"))
        };
        for words in
            [&["show", "-c3s"][..], &["retry", "-c3s"], &["discard", "-c3s"], &["edit", "-c3s", "PUT", "/x"]]
        {
            assert!(queue(words).expect(words[0]).contains("\"-c3s\""), "{words:?}");
        }
        assert!(queue(&["retry", "--all"]).expect("all").contains("all: true"));
    }

    #[test]
    fn a_body_that_is_not_json_is_refused() {
        let error = Args::try_parse_from(["tidewire", "submit", "POST", "/x", "text"]).unwrap_err();
        assert!(error.to_string().contains("not JSON"), "{error}");
    }

    #[test]
    fn a_path_that_is_none_is_refused() {
        let error = Args::try_parse_from(["tidewire", "submit", "POST", "x"]).unwrap_err();
        assert!(error.to_string().contains("begins with"), "{error}");
    }
}
