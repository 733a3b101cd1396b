//! Where the server is: scheme, host and port, and nothing else.

use std::fmt;
use std::str::FromStr;

use hyper::Uri;
use hyper::http::uri::Authority;

/// Scheme, host and port of a server, such as `http://127.0.0.1:4680`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Origin {
    secure: bool,
    authority: Authority,
}

/// Why a text is no origin: an error of whoever configured it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OriginError {
    /// It is no URL.
    Malformed,
    /// Its scheme is not `http`, `https`, `ws` or `wss`.
    Scheme,
    /// It says more than scheme, host and port.
    Path,
    /// It asks for TLS, which this build has not (feature `tls`).
    NoTls,
}

impl fmt::Display for OriginError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            OriginError::Malformed => "not a URL: give the server as http://HOST:PORT",
            OriginError::Scheme => "the server's URL must begin with http:// or https://",
            OriginError::Path => "give only the server's origin, without a path, user or query",
            OriginError::NoTls => "this build has no TLS: use http://, or build with the feature `tls`",
        })
    }
}

impl std::error::Error for OriginError {}

impl Origin {
    /// URL of the Socket.IO endpoint over WebSocket.
    pub(crate) fn socket_url(&self) -> String {
        let scheme = if self.secure { "wss" } else { "ws" };
        format!("{scheme}://{}/socket.io/?EIO=4&transport=websocket", self.authority)
    }

    /// The same over HTTP long-polling.
    pub(crate) fn polling_url(&self) -> String {
        format!("{self}/socket.io/?EIO=4&transport=polling")
    }

    /// This one, or another that the server names: never one without TLS if this one has it.
    pub(crate) fn or_told(&self, url: Option<&str>) -> Origin {
        let told = url.and_then(|url| url.parse::<Origin>().ok());
        told.filter(|told| told.secure || !self.secure).unwrap_or_else(|| self.clone())
    }

    /// Where a path of a request leads, and whether that is still this origin (only then do we show our token).
    pub(crate) fn resolve(&self, path: &str) -> Option<(Uri, bool)> {
        if path.starts_with('/') {
            return format!("{self}{path}").parse().ok().map(|uri| (uri, true));
        }
        let uri: Uri = path.parse().ok()?;
        let same = self.has(&uri);
        uri.scheme().is_some().then_some((uri, same))
    }

    /// Whether this URL leads here.
    pub(crate) fn has(&self, uri: &Uri) -> bool {
        parse(uri).is_ok_and(|origin| origin == *self)
    }

    /// A name for files that belong to this origin.
    #[must_use]
    pub fn file_name(&self) -> String {
        self.authority.as_str().replace(|c: char| !c.is_ascii_alphanumeric() && c != '.' && c != '-', "_")
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.secure { "https" } else { "http" }, self.authority)
    }
}

impl FromStr for Origin {
    type Err = OriginError;

    fn from_str(text: &str) -> Result<Origin, OriginError> {
        let uri: Uri = text.parse().map_err(|_| OriginError::Malformed)?;
        let origin = parse(&uri)?;
        let bare = matches!(uri.path(), "" | "/") && uri.query().is_none();
        if bare { Ok(origin) } else { Err(OriginError::Path) }
    }
}

fn parse(uri: &Uri) -> Result<Origin, OriginError> {
    let secure = match uri.scheme_str() {
        Some("http" | "ws") => false,
        Some("https" | "wss") => true,
        Some(_) => return Err(OriginError::Scheme),
        None => return Err(OriginError::Malformed),
    };
    if secure && cfg!(not(feature = "tls")) {
        return Err(OriginError::NoTls);
    }
    let authority = uri.authority().filter(|authority| !authority.host().is_empty());
    let authority = authority.ok_or(OriginError::Malformed)?;
    if authority.as_str().contains('@') {
        return Err(OriginError::Path);
    }
    let standard = if secure { 443 } else { 80 };
    let host = authority.host().to_ascii_lowercase();
    let port = authority.port_u16().filter(|port| *port != standard);
    let text = port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
    Ok(Origin { secure, authority: text.parse().map_err(|_| OriginError::Malformed)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(text: &str) -> Result<String, OriginError> {
        text.parse::<Origin>().map(|origin| origin.to_string())
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        assert_eq!(origin("http://127.0.0.1:4680"), Ok("http://127.0.0.1:4680".into()));
        assert_eq!(origin("ws://Example.org:80/"), Ok("http://example.org".into()));
        assert_eq!(origin("http://[::1]:4680"), Ok("http://[::1]:4680".into()));
        assert_eq!(origin("localhost:4680"), Err(OriginError::Malformed));
        assert_eq!(origin("ftp://host"), Err(OriginError::Scheme));
        assert_eq!(origin("http://host/path"), Err(OriginError::Path));
        assert_eq!(origin("http://user@host"), Err(OriginError::Path));
        assert_eq!(origin(""), Err(OriginError::Malformed));
    }

    #[test]
    fn c1_the_link_goes_to_the_socket_io_endpoint() {
        let origin: Origin = "http://host:1".parse().unwrap();
        assert_eq!(origin.socket_url(), "ws://host:1/socket.io/?EIO=4&transport=websocket");
        assert_eq!(origin.polling_url(), "http://host:1/socket.io/?EIO=4&transport=polling");
    }

    #[test]
    fn c2_where_to_return_is_another_origin_or_the_same() {
        let origin: Origin = "http://host:1".parse().unwrap();
        assert_eq!(origin.or_told(Some("http://other:2")).to_string(), "http://other:2");
        assert_eq!(origin.or_told(Some("no url")), origin);
        assert_eq!(origin.or_told(None), origin);
    }

    #[cfg(feature = "tls")]
    #[test]
    fn c2_a_secure_origin_is_not_left_for_an_insecure_one() {
        let origin: Origin = "https://host".parse().unwrap();
        assert_eq!(origin.or_told(Some("http://other")), origin);
        assert_eq!(origin.or_told(Some("https://other")).to_string(), "https://other");
    }

    #[cfg(feature = "tls")]
    #[test]
    fn c1_a_secure_origin_has_a_secure_link() {
        let origin: Origin = "https://host".parse().unwrap();
        assert_eq!(origin.socket_url(), "wss://host/socket.io/?EIO=4&transport=websocket");
    }

    #[test]
    fn q20_only_the_own_origin_counts_as_own() {
        let origin: Origin = "http://host:1".parse().unwrap();
        let own = |path| origin.resolve(path).map(|(uri, own)| (uri.to_string(), own));
        assert_eq!(own("/api?x=1"), Some(("http://host:1/api?x=1".into(), true)));
        assert_eq!(own("http://host:1/api"), Some(("http://host:1/api".into(), true)));
        assert_eq!(own("http://host:2/api"), Some(("http://host:2/api".into(), false)));
        assert_eq!(own("http://host.evil/api"), Some(("http://host.evil/api".into(), false)));
        // The classic: a path that is not one.
        assert_eq!(own("//evil/api").map(|(_, own)| own), Some(true));
        assert_eq!(own("//evil/api").map(|(uri, _)| uri), Some("http://host:1//evil/api".into()));
        assert_eq!(own("api"), None);
    }
}
