//! What the demo's page may ask of its server: to be killed, and to be started again. On this machine only, only for the page that
//! the demo printed the address of: whoever asks must know a random word, and a browser must say that it stands on the demo's page.
//! It does not know what a server is beyond that.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use super::server::Server;

/// A request's head is not longer than this, and comes within the time.
const HEAD_BYTES: u64 = 8 * 1024;
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) struct Control {
    listener: TcpListener,
    door: Door,
    server: Arc<Server>,
    port: u16,
}

/// Who may ask.
struct Door {
    origin: String,
    word: String,
}

impl Control {
    /// Listens on any free port of the loopback interface.
    pub(crate) fn open(origin: String, server: Arc<Server>) -> Result<Self, String> {
        let failed = |error: io::Error| format!("the demo's control port: {error}");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        Ok(Self { listener, door: Door { origin, word: random_word() }, server, port })
    }

    /// What the page must know: port and word.
    pub(crate) fn address(&self) -> String {
        format!("{}.{}", self.port, self.door.word)
    }

    /// Answers from now on.
    pub(crate) fn serve(self) {
        std::thread::spawn(move || {
            for link in self.listener.incoming().flatten() {
                // A page that went away hears nothing.
                let _ = self.answer(link);
            }
        });
    }

    fn answer(&self, link: TcpStream) -> io::Result<()> {
        link.set_read_timeout(Some(PATIENCE))?;
        let head = Head::read(&link)?;
        let (status, body) = match self.door.check(&head) {
            Entry::Refused => ("403 Forbidden", String::new()),
            Entry::Preflight => ("204 No Content", String::new()),
            Entry::Admitted => self.perform(&head.method, &head.path),
        };
        let length = body.len();
        let origin = &self.door.origin;
        let mut link = link;
        write!(
            link,
            "HTTP/1.1 {status}\r\nAccess-Control-Allow-Origin: {origin}\r\nAccess-Control-Allow-Headers: authorization\r\n\
             Vary: Origin\r\nContent-Type: application/json\r\nCache-Control: no-store\r\nContent-Length: {length}\r\n\
             Connection: close\r\n\r\n{body}"
        )
    }

    fn perform(&self, method: &str, path: &str) -> (&'static str, String) {
        let done = match (method, path) {
            ("GET", "/server") => Ok(()),
            ("POST", "/server/kill") => self.server.kill(),
            ("POST", "/server/start") => self.server.restart(),
            _ => return ("404 Not Found", String::new()),
        };
        let pid = self.server.pid().map_or_else(|| "null".to_owned(), |pid| pid.to_string());
        match done {
            Ok(()) => ("200 OK", format!("{{\"pid\":{pid}}}")),
            Err(error) => {
                println!("    {error}");
                ("500 Internal Server Error", format!("{{\"pid\":{pid}}}"))
            }
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Entry {
    Refused,
    Preflight,
    Admitted,
}

impl Door {
    fn check(&self, head: &Head) -> Entry {
        if head.header("origin") != Some(&self.origin) {
            return Entry::Refused;
        }
        if head.method == "OPTIONS" {
            return Entry::Preflight;
        }
        let word = head.header("authorization").and_then(|text| text.strip_prefix("Bearer "));
        if word == Some(&self.word) { Entry::Admitted } else { Entry::Refused }
    }
}

/// The head of an HTTP request; bodies are not read.
struct Head {
    method: String,
    path: String,
    headers: Vec<(String, String)>,
}

impl Head {
    fn read(bytes: impl Read) -> io::Result<Self> {
        let mut lines = BufReader::new(bytes.take(HEAD_BYTES)).lines();
        let first = lines.next().transpose()?.unwrap_or_default();
        let mut words = first.split(' ').map(str::to_owned);
        let mut head = Self {
            method: words.next().unwrap_or_default(),
            path: words.next().unwrap_or_default(),
            headers: Vec::new(),
        };
        for line in lines {
            let line = line?;
            if line.is_empty() {
                return Ok(head);
            }
            if let Some((name, value)) = line.split_once(':') {
                head.headers.push((name.trim().to_ascii_lowercase(), value.trim().to_owned()));
            }
        }
        Err(io::ErrorKind::UnexpectedEof.into())
    }

    fn header(&self, name: &str) -> Option<&String> {
        self.headers.iter().find(|(it, _)| it == name).map(|(_, value)| value)
    }
}

/// Not to be guessed: each hasher is keyed by the system's randomness.
fn random_word() -> String {
    let part = || RandomState::new().build_hasher().finish();
    format!("{:016x}{:016x}", part(), part())
}

#[cfg(test)]
mod tests {
    use super::{Door, Entry, Head};

    const ORIGIN: &str = "http://127.0.0.1:4680";

    fn entry(request: &str) -> Entry {
        let door = Door { origin: ORIGIN.to_owned(), word: "secret".to_owned() };
        door.check(&Head::read(request.as_bytes()).unwrap())
    }

    #[test]
    fn the_demos_page_that_knows_the_word_is_admitted() {
        let request =
            format!("POST /server/kill HTTP/1.1\r\nOrigin: {ORIGIN}\r\nauthorization: Bearer secret\r\n\r\n");
        assert_eq!(entry(&request), Entry::Admitted);
    }

    #[test]
    fn another_page_is_refused_even_with_the_word() {
        let other = "POST /server/kill HTTP/1.1\r\nOrigin: http://evil.example\r\nAuthorization: Bearer secret\r\n\r\n";
        assert_eq!(entry(other), Entry::Refused);
        assert_eq!(
            entry("OPTIONS /server/kill HTTP/1.1\r\nOrigin: http://evil.example\r\n\r\n"),
            Entry::Refused
        );
    }

    #[test]
    fn without_the_word_the_page_may_only_ask_whether_it_may_ask() {
        let bare = format!("POST /server/kill HTTP/1.1\r\nOrigin: {ORIGIN}\r\n\r\n");
        let wrong =
            format!("POST /server/kill HTTP/1.1\r\nOrigin: {ORIGIN}\r\nAuthorization: Bearer secre\r\n\r\n");
        assert_eq!((entry(&bare), entry(&wrong)), (Entry::Refused, Entry::Refused));
        assert_eq!(entry(&format!("OPTIONS / HTTP/1.1\r\nOrigin: {ORIGIN}\r\n\r\n")), Entry::Preflight);
    }

    #[test]
    fn a_head_without_an_end_is_no_request() {
        assert!(Head::read("POST /server/kill HTTP/1.1\r\nOrigin: x".as_bytes()).is_err());
        let endless = format!("GET / HTTP/1.1\r\nA: {}\r\n\r\n", "a".repeat(9000));
        assert!(Head::read(endless.as_bytes()).is_err());
    }
}
