//! Settings of a server's program: from a file, the environment and flags, all checked before anything starts (V10). An error
//! names the setting, where it was given, and what would be right. Knows no app: what an app adds is handed back to it.

mod error;
mod read;
mod sources;

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

pub use error::{Place, SettingError, SettingsError};
pub use sources::Extra;

use crate::auth::JwtKeys;
use crate::front::{Doors, Rate, limits as front};
use crate::socket::{Builder, Config, Farewell, Millis};
use crate::store;
use crate::write::ServerKey;
use sources::Sources;

/// How the log is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for programs.
    Json,
}

/// Keys of somebody else who issues the tokens.
#[derive(Clone, Debug)]
pub struct Issuer {
    /// `jwt-keys`: a file with a public key in PEM, or with a key set.
    pub keys: JwtKeys,
    /// `jwt-issuer`: `iss` of the tokens.
    pub issuer: String,
    /// `jwt-audience`: `aud` of the tokens.
    pub audience: String,
}

/// What a server needs to know before it starts. Secrets never show in `Debug`.
#[derive(Clone)]
pub struct Settings {
    /// `listen`: where to listen.
    pub listen: SocketAddr,
    /// `data`: the directory of what the server keeps in files.
    pub data: PathBuf,
    /// `database`: a PostgreSQL, in the place of a file in `data`.
    pub database: Option<store::Place>,
    /// `origins`: pages of these may ask from a browser; empty: pages of all origins may, with a token.
    pub origins: Vec<String>,
    /// `deflate`: messages are compressed for clients that offer it.
    pub deflate: bool,
    /// `server-key`: what other services publish with.
    pub server_key: Option<ServerKey>,
    /// Who else issues tokens.
    pub issuer: Option<Issuer>,
    /// `connections`, `connections-per-address`, `connects-per-address`, `requests-per-address`, `messages-per-address`,
    /// `head-time`, `body-time`, `proxies`.
    pub doors: Doors,
    /// `requests-per-person`.
    pub requests_per_person: Rate,
    /// `connects-per-person`, `messages-per-person`, `sessions-per-person`.
    pub hub: Config,
    /// `drain-spread`: over what time clients are sent away.
    pub drain_spread: Duration,
    /// `log`: what the log tells.
    pub log: tracing::level_filters::LevelFilter,
    /// `log-format`: `text` or `json`.
    pub log_format: LogFormat,
}

impl fmt::Debug for Settings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Settings({})", self.listen)
    }
}

impl Default for Settings {
    fn default() -> Self {
        let requests_per_person =
            Rate { per_second: front::REQUESTS_PER_SECOND, burst: front::REQUEST_BURST };
        Settings {
            listen: (Ipv4Addr::LOCALHOST, 4680).into(),
            data: PathBuf::from("data"),
            database: None,
            origins: Vec::new(),
            deflate: false,
            server_key: None,
            issuer: None,
            doors: Doors::default(),
            requests_per_person,
            hub: Config::default(),
            drain_spread: Duration::from_millis(Farewell::default().spread.0),
            log: tracing::level_filters::LevelFilter::INFO,
            log_format: LogFormat::Text,
        }
    }
}

/// All settings of ours, with a word for the usage.
const KNOWN: &[(&str, &str)] = &[
    ("listen", "address and port, for example 0.0.0.0:4680"),
    ("data", "directory of what the server keeps in files"),
    (
        "database",
        "postgres:// URL of a database in the place of a file; not as a flag, it may hold a password",
    ),
    ("origins", "origins of web pages that may ask, separated by commas"),
    ("deflate", "true: messages are compressed for clients that offer it"),
    ("server-key", "key that other services publish with; not as a flag, which others can see"),
    ("jwt-keys", "file with the public key (PEM) or the key set of whoever issues the tokens"),
    ("jwt-issuer", "`iss` of the tokens"),
    ("jwt-audience", "`aud` of the tokens"),
    ("connections", "connections of everybody"),
    ("connections-per-address", "connections of one address"),
    ("connects-per-address", "new connections of one address, as 2000/20000: per second, and at once"),
    ("requests-per-address", "HTTP requests of one address, in the same form"),
    ("messages-per-address", "WebSocket messages of one address, in the same form"),
    ("requests-per-person", "HTTP requests of one person, in the same form"),
    ("connects-per-person", "new sessions of one person, in the same form"),
    ("messages-per-person", "packets of one person, in the same form"),
    ("sessions-per-person", "sessions of one person"),
    ("head-time", "how long a request's head may take, as 30s"),
    ("body-time", "how long a request's body may take"),
    ("proxies", "proxies in front that add to X-Forwarded-For"),
    ("drain-spread", "over what time clients are sent away at the end"),
    ("log", "error, warn, info, debug or trace"),
    ("log-format", "text or json"),
];

impl Settings {
    /// Reads flags (`--name value` or `--name=value`), the environment (`TIDEWIRE_NAME`) and the file that `--config` or
    /// `TIDEWIRE_CONFIG` names (TOML). A flag counts before the environment, and that before the file. `extra` are names of
    /// the app's own settings. Every mistake is told at once.
    pub fn read(
        flags: impl IntoIterator<Item = String>,
        environment: impl IntoIterator<Item = (String, String)>,
        extra: &[&str],
    ) -> Result<(Settings, Extra), SettingsError> {
        let names: Vec<&str> = KNOWN.iter().map(|(name, _)| *name).chain(extra.iter().copied()).collect();
        let mut sources = Sources::gather(&names, flags, environment);
        let mut settings = Settings::default();
        settings.take(&mut sources);
        let extra = sources.extra(extra);
        sources.verdict().map(|()| (settings, extra))
    }

    /// What to print for somebody who asks how to start the program.
    #[must_use]
    pub fn usage() -> String {
        let lines = KNOWN.iter().map(|(name, help)| format!("  --{name:<24} {help}\n"));
        let head =
            "settings, as flags, in a TOML file (--config FILE), or in the environment (TIDEWIRE_LISTEN):\n";
        lines.fold(head.to_owned(), |text, line| text + &line)
    }

    /// Tells a socket server's builder all that concerns it.
    pub fn apply(&self, builder: Builder) -> Builder {
        let builder = builder.config(self.hub.clone());
        let builder = if self.deflate { builder.deflate() } else { builder };
        if self.origins.is_empty() { builder } else { builder.origins(self.origins.clone()) }
    }

    /// Where the database is: what `database` says, or this file in `data`.
    #[must_use]
    pub fn place(&self, file: &str) -> store::Place {
        self.database.clone().unwrap_or_else(|| store::Place::File(self.data.join(file)))
    }

    /// How clients are sent away.
    #[must_use]
    pub fn farewell(&self) -> Farewell {
        let spread = Millis(u64::try_from(self.drain_spread.as_millis()).unwrap_or(u64::MAX));
        Farewell { spread, ..Farewell::default() }
    }

    fn take(&mut self, from: &mut Sources) {
        from.set("listen", &mut self.listen, read::address);
        from.set("data", &mut self.data, |text| Ok(PathBuf::from(text)));
        from.set("database", &mut self.database, read::database);
        from.set("origins", &mut self.origins, read::origins);
        from.set("deflate", &mut self.deflate, read::switch);
        from.set("server-key", &mut self.server_key, |text| {
            ServerKey::new(text).map(Some).map_err(|error| error.to_string())
        });
        self.take_issuer(from);
        let doors = &mut self.doors;
        from.set("connections", &mut doors.connections, read::count);
        from.set("connections-per-address", &mut doors.connections_per_address, read::count);
        from.set("connects-per-address", &mut doors.connects_per_address, read::rate);
        from.set("requests-per-address", &mut doors.requests_per_address, read::rate);
        from.set("messages-per-address", &mut doors.messages_per_address, read::rate);
        from.set("head-time", &mut doors.head_time, read::duration);
        from.set("body-time", &mut doors.body_time, read::duration);
        from.set("proxies", &mut doors.proxies, |text| match text.parse() {
            Ok(count @ 0..=16) => Ok(count),
            Ok(_) | Err(_) => Err("give a number from 0 to 16".to_owned()),
        });
        from.set("requests-per-person", &mut self.requests_per_person, read::rate);
        from.set("connects-per-person", &mut self.hub.connects_per_user, read::rate);
        from.set("messages-per-person", &mut self.hub.messages_per_user, read::rate);
        from.set("sessions-per-person", &mut self.hub.sessions_per_user, read::count);
        from.set("drain-spread", &mut self.drain_spread, read::duration);
        from.set("log", &mut self.log, |text| {
            text.parse().map_err(|_| "give error, warn, info, debug or trace".to_owned())
        });
        from.set("log-format", &mut self.log_format, |text| match text {
            "text" => Ok(LogFormat::Text),
            "json" => Ok(LogFormat::Json),
            _ => Err("give text or json".to_owned()),
        });
    }

    fn take_issuer(&mut self, from: &mut Sources) {
        let (mut keys, mut issuer, mut audience) = (None, None, None);
        from.set("jwt-keys", &mut keys, |path| {
            JwtKeys::file(path).map(Some).map_err(|error| error.to_string())
        });
        from.set("jwt-issuer", &mut issuer, read::text);
        from.set("jwt-audience", &mut audience, read::text);
        if from.has("jwt-keys") || from.has("jwt-issuer") || from.has("jwt-audience") {
            for name in ["jwt-keys", "jwt-issuer", "jwt-audience"] {
                from.demand(name, "jwt-keys, jwt-issuer and jwt-audience come together");
            }
        }
        if let (Some(keys), Some(issuer), Some(audience)) = (keys, issuer, audience) {
            self.issuer = Some(Issuer { keys, issuer, audience });
        }
    }
}
