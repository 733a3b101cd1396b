//! From arguments to a client: who we are, where the store is, what goes to stderr.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use tidewire::store::FileStore;
use tidewire::{BuildError, Client, ConnectError, Http, HttpRequest, Origin, Token, TokenAnswer};

use crate::args::Server;
use crate::exit::{Exit, FAILED, UNAUTHORIZED, USAGE};
use crate::print::Printer;

/// Makes the client. The store of one server and user is a directory of its own below `store`.
pub(crate) fn client(server: &Server, store: Option<&Path>, printer: Printer) -> Result<Client, Exit> {
    build(server, store, printer, true)
}

/// A client that sends no write of a store, which must be there already.
pub(crate) fn looking(server: &Server, store: Option<&Path>, printer: Printer) -> Result<Client, Exit> {
    if let Some(directory) = store {
        let place = place(server, directory)?;
        if !place.is_dir() {
            return Err(Exit::usage(no_store(directory, &place)));
        }
    }
    build(server, store, printer, false)
}

fn build(server: &Server, store: Option<&Path>, printer: Printer, processing: bool) -> Result<Client, Exit> {
    let origin = origin(server)?;
    let mut builder = Client::builder(&server.url)
        .app("cli", origin.file_name())
        .processing(processing)
        .user(user(server).unwrap_or("anonymous"))
        .on_notice(move |notice| printer.note(notice));
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
            printer,
        });
        builder = builder.token_from(move |fresh| {
            let login = std::sync::Arc::clone(&login);
            async move { login.token(fresh).await }
        });
    }
    if let Some(directory) = store {
        builder = builder.store(FileStore::open(place(server, directory)?).map_err(Exit::failed)?);
    }
    builder.build().map_err(|error| {
        let ours = matches!(error, BuildError::Origin(_) | BuildError::User);
        Exit::new(if ours { USAGE } else { FAILED }, error)
    })
}

fn origin(server: &Server) -> Result<Origin, Exit> {
    server.url.parse().map_err(|error| Exit::usage(format_args!("--url {}: {error}", server.url)))
}

fn user(server: &Server) -> Option<&str> {
    server.user.as_deref().or(server.login.as_deref())
}

/// Where the store of this server and user is.
fn place(server: &Server, directory: &Path) -> Result<PathBuf, Exit> {
    let user = user(server);
    if user.is_none() && server.token.is_some() {
        return Err(Exit::usage("with --token and --store, say whose store it is: --user NAME"));
    }
    let name = format!("{}-{}", origin(server)?.file_name(), file_name(user.unwrap_or("anonymous")));
    Ok(directory.join(name))
}

/// There is nothing to look at; perhaps it is of another server or user.
fn no_store(directory: &Path, place: &Path) -> String {
    let name = |path: &Path| path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut there: Vec<String> = entries
        .filter(|entry| entry.path().join("lock").is_file())
        .map(|entry| name(&entry.path()))
        .collect();
    there.sort();
    let there = if there.is_empty() { "no store".to_owned() } else { there.join(", ") };
    format!(
        "{} has no store {} (it is named by --url and --login or --user); there is {there}",
        directory.display(),
        name(place)
    )
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
    printer: Printer,
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
        let answer = match self.http.send(request, None).await {
            Ok(answer) => answer,
            Err(error) => {
                self.printer.note(format_args!("signing in as {}: {error}", self.name));
                return TokenAnswer::Unavailable;
            }
        };
        let body: Value = answer.body.and_then(|body| serde_json::from_str(&body).ok()).unwrap_or_default();
        if let (200..=299, Some(token)) = (answer.status, body["token"].as_str()) {
            let token = Token::from(token);
            *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token.clone());
            return TokenAnswer::Token(token);
        }
        let why = body["error"]["message"].as_str().unwrap_or("that is no /api/login of the Activities demo");
        self.printer.note(format_args!("signing in as {}: status {}: {why}", self.name, answer.status));
        if (400..500).contains(&answer.status) { TokenAnswer::SignedOut } else { TokenAnswer::Unavailable }
    }
}

/// How a refused connection ends the command.
pub(crate) fn refused(code: &str, message: &str) -> Exit {
    let error = ConnectError::Refused { code: code.to_owned(), message: message.to_owned() };
    Exit::new(UNAUTHORIZED, error)
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
