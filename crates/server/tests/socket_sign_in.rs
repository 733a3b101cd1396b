//! Signing in by other ways than a token (V2): cookies of the handshake, typed refusals, and pages of other sites.
#![allow(clippy::unwrap_used)]

mod socket_support;

use std::sync::Arc;

use serde_json::json;
use socket_support::{Server, http};
use tidewire_server::auth::{AuthError, Authenticator, ConnectError, Handshake, Session, User};
use tidewire_server::event::BoxFuture;
use tidewire_server::socket::Builder;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// A session cookie names its user; who wants to be told why is told.
struct Cookies;

impl Authenticator for Cookies {
    fn authenticate<'a>(&'a self, _: &'a str) -> BoxFuture<'a, Result<Session, AuthError>> {
        Box::pin(std::future::ready(Err(AuthError::Invalid)))
    }

    fn connect<'a>(&'a self, handshake: &'a Handshake) -> BoxFuture<'a, Result<Session, ConnectError>> {
        let cookie = handshake.request.headers.get("cookie").and_then(|cookie| cookie.to_str().ok());
        let result = match cookie.and_then(|cookie| cookie.strip_prefix("session=")) {
            Some(user) => Ok(Session { user: User { id: user.into() }, expires_at: None }),
            None => {
                let data = Some(json!({ "code": "SIGN_IN", "at": handshake.request.uri.path() }));
                Err(ConnectError { data, ..ConnectError::new("SIGN_IN", "sign in first") })
            }
        };
        Box::pin(std::future::ready(result))
    }
}

fn with_cookies(builder: Builder) -> Builder {
    builder
        .authenticator(Arc::new(Cookies))
        .origins(["https://app.example".to_owned()])
        .on("who", |context, _| async move { Some(json!(context.user().id.to_string())) })
}

async fn open(server: &Server, headers: &[(&'static str, &str)]) -> Option<socket_support::Raw> {
    let url = format!("ws://{}/socket.io/?EIO=4&transport=websocket", server.address);
    let mut request = url.into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, value.parse().unwrap());
    }
    let (socket, _) = tokio_tungstenite::connect_async(request).await.ok()?;
    let mut raw = socket_support::Raw(socket);
    raw.text().await;
    Some(raw)
}

#[tokio::test]
async fn v2_a_cookie_signs_in_and_a_refusal_says_what_the_app_says() {
    let server = Server::start(with_cookies).await;
    let mut ana = open(&server, &[("cookie", "session=ana")]).await.unwrap();
    ana.send("40").await;
    assert!(ana.text().await.starts_with("40{"));
    assert_eq!(ana.ack(r#"421["who"]"#).await, json!(["ana"]));
    let mut nobody = open(&server, &[]).await.unwrap();
    nobody.send("40").await;
    let wanted = r#"44{"message":"sign in first","data":{"at":"/socket.io/","code":"SIGN_IN"}}"#;
    assert_eq!(nobody.text().await, wanted);
}

#[tokio::test]
async fn v2_a_page_of_another_site_cannot_use_a_cookie_over_any_transport() {
    let server = Server::start(with_cookies).await;
    let ours = [("cookie", "session=ana"), ("origin", "https://app.example")];
    assert!(open(&server, &ours).await.is_some());
    for origin in ["https://evil.example", "https://app.example.evil.example", "http://app.example", "null"] {
        let theirs = [("cookie", "session=ana"), ("origin", origin)];
        assert!(open(&server, &theirs).await.is_none(), "{origin}");
        let headers = format!("Origin: {origin}\r\n");
        let path = "/socket.io/?EIO=4&transport=polling";
        let polled = http::begin_with(&server, "GET", path, &headers, "").await.finish().await;
        assert_eq!(polled.status, 403, "{origin}");
    }
}
