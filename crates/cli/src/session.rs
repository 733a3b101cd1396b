//! From arguments to a client: who we are, where the store is, what goes to stderr.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use tidewire::store::FileStore;
use tidewire::{
    BuildError, Client, ConnectError, ConnectionState, Http, HttpRequest, Origin, PauseReason, Token,
    TokenAnswer, down,
};

use crate::args::Server;
use crate::exit::{Exit, FAILED, UNAUTHORIZED, USAGE};

/// Makes the client. The store of one server and user is a directory of its own below `store`.
pub(crate) fn client(server: &Server, store: Option<&Path>) -> Result<Client, Exit> {
    build(server, store, true)
}

/// A client that sends no write of the store.
pub(crate) fn looking(server: &Server, store: &Path) -> Result<Client, Exit> {
    build(server, Some(store), false)
}

fn build(server: &Server, store: Option<&Path>, processing: bool) -> Result<Client, Exit> {
    let origin: Origin = server.url.parse().map_err(|error| Exit::new(USAGE, error))?;
    let user = server.user.clone().or_else(|| server.login.clone());
    let mut builder = Client::builder(&server.url)
        .app("cli", origin.file_name())
        .processing(processing)
        .user(user.clone().unwrap_or_else(|| "anonymous".into()))
        .on_notice(|notice| eprintln!("tidewire: {notice}"));
    if server.foreign {
        builder = builder.foreign();
    }
    if let Some(token) = &server.token {
        builder = builder.token(token.clone());
    } else if let Some(name) = &server.login {
        let login = std::sync::Arc::new(Login {
            http: Http::new(origin.clone()),
            name: name.clone(),
            token: Mutex::new(None),
        });
        builder = builder.token_from(move |fresh| {
            let login = std::sync::Arc::clone(&login);
            async move { login.token(fresh).await }
        });
    }
    if let Some(directory) = store {
        if user.is_none() && server.token.is_some() {
            let message = "with --token and --store, say whose store it is: --user NAME";
            return Err(Exit::new(USAGE, message));
        }
        let user = user.unwrap_or_else(|| "anonymous".into());
        let place = directory.join(format!("{}-{}", origin.file_name(), file_name(&user)));
        builder = builder.store(FileStore::open(place).map_err(|error| Exit::new(FAILED, error))?);
    }
    builder.build().map_err(|error| {
        let ours = matches!(error, BuildError::Origin(_) | BuildError::User);
        Exit::new(if ours { USAGE } else { FAILED }, error)
    })
}

/// A user's name as part of a file's: letters and digits stay, all else becomes its code, so no two are the same.
fn file_name(user: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    user.bytes().map(|b| if plain(b) { char::from(b).to_string() } else { format!("%{b:02x}") }).collect()
}

/// Signing in at the demo server.
struct Login {
    http: Http,
    name: String,
    token: Mutex<Option<Token>>,
}

impl Login {
    async fn token(&self, fresh: bool) -> TokenAnswer {
        let known = self.token.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(token) = known.filter(|_| !fresh) {
            return TokenAnswer::Token(token);
        }
        let request = HttpRequest {
            method: "POST".into(),
            path: "/api/login".into(),
            json: Some(json!({ "name": self.name }).to_string()),
            headers: Vec::new(),
        };
        // Not reachable, or failing: the client asks again. Only a definite no ends it.
        let Ok(answer) = self.http.send(request, None).await else { return TokenAnswer::Unavailable };
        let body: Value = answer.body.and_then(|body| serde_json::from_str(&body).ok()).unwrap_or_default();
        match (answer.status, body["token"].as_str()) {
            (200..=299, Some(token)) => {
                let token = Token::from(token);
                *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
                TokenAnswer::Token(token)
            }
            (400..=499, _) => TokenAnswer::SignedOut,
            _ => TokenAnswer::Unavailable,
        }
    }
}

/// How a refused connection ends the command.
pub(crate) fn refused(code: &str, message: &str) -> Exit {
    let error = ConnectError::Refused { code: code.to_owned(), message: message.to_owned() };
    Exit::new(UNAUTHORIZED, error)
}

/// A connection's state for people.
pub(crate) fn describe(state: &ConnectionState) -> Option<String> {
    match state {
        ConnectionState::Idle {} => None,
        ConnectionState::Connecting { attempt: 1 } => Some("connecting".into()),
        ConnectionState::Connecting { attempt } => Some(format!("connecting, attempt {attempt}")),
        ConnectionState::Connected { tidewire: true, .. } => Some("connected".into()),
        ConnectionState::Connected { tidewire: false, .. } => {
            Some("connected to a server without history: events during an absence are missed".into())
        }
        ConnectionState::Waiting { reason, .. } => Some(format!("{}; trying again", down(*reason))),
        ConnectionState::Paused { reason: PauseReason::Offline } => Some("there is no network".into()),
        ConnectionState::Paused { reason: PauseReason::Background } => Some("in the background".into()),
        ConnectionState::Refused { code, message } => Some(format!("refused ({code}): {message}")),
    }
}

/// Resolves at Ctrl-C or a request to end.
pub(crate) async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = tokio::signal::ctrl_c() => {}
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    let _ = tokio::signal::ctrl_c().await;
}

#[cfg(test)]
mod tests {
    use super::file_name;

    #[test]
    fn q20_no_two_users_share_a_directory() {
        assert_eq!(file_name("ana"), "ana");
        assert_eq!(file_name("a/na"), "a%2fna");
        assert_eq!(file_name(".."), "%2e%2e");
        assert_eq!(file_name("a%2fna"), "a%252fna");
    }
}
