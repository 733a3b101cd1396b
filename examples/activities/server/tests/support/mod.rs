//! The whole app over a real database, asked in process: a file, or, if `TIDEWIRE_TEST_POSTGRES` names one, a schema of its own in that.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

#[path = "../../../../../crates/server/tests/write_support/place.rs"]
mod place;

use activities_server::{App, Config};
use axum::body::Body;
use axum::http::{HeaderMap, Request};
use http_body_util::BodyExt;
use serde_json::Value;
use tempfile::TempDir;
use tidewire_server::event::{History, RoomEvent};
use tidewire_server::settings::Settings;
use tower::ServiceExt;

pub struct Server {
    pub app: App,
    pub dir: TempDir,
}

#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    /// Status and the error's code.
    pub fn error(&self) -> (u16, String) {
        let json = self.json();
        assert!(json["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{json}");
        (self.status, json["error"]["code"].as_str().unwrap().to_owned())
    }
}

/// Of the server whose data is in this folder, or belongs to it.
pub fn settings(dir: &std::path::Path) -> Settings {
    let database = (!place::is_file()).then(|| place::of(dir).into());
    Settings { data: dir.join("data"), database, ..Settings::default() }
}

impl Server {
    pub async fn start() -> Self {
        Self::start_with(|_| None).await
    }

    /// `web` may fill a directory beside the data and name it.
    pub async fn start_with(web: impl FnOnce(&std::path::Path) -> Option<std::path::PathBuf>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let web = web(dir.path());
        let app = App::open(Config { settings: settings(dir.path()), web }).await.unwrap();
        Self { app, dir }
    }

    pub async fn token(&self, name: &str) -> String {
        let answer = self.send("POST", "/api/login", None, &[], &format!("{{\"name\":\"{name}\"}}")).await;
        answer.json()["token"].as_str().unwrap().to_owned()
    }

    pub async fn get(&self, user: &str, path: &str) -> Answer {
        self.send("GET", path, Some(user), &[], "").await
    }

    pub async fn post(&self, user: &str, path: &str, body: &str) -> Answer {
        self.send("POST", path, Some(user), &[], body).await
    }

    pub async fn delete(&self, user: &str, path: &str) -> Answer {
        self.send("DELETE", path, Some(user), &[], "").await
    }

    pub async fn send(
        &self,
        method: &str,
        path: &str,
        user: Option<&str>,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(user) = user {
            let token = Box::pin(self.token(user)).await;
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let (parts, body) = self.app.router().oneshot(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer {
            status: parts.status.as_u16(),
            headers: parts.headers,
            text: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    pub async fn events(&self, room: &str) -> Vec<RoomEvent> {
        self.app.tidewire().store().after(room, 0, 1_000).await.unwrap()
    }
}

/// Name and payload.
pub fn told(event: &RoomEvent) -> (String, Value) {
    (event.name.to_string(), serde_json::from_str(&event.payload).unwrap())
}

/// The keys of an object, sorted.
pub fn keys(value: &Value) -> Vec<&str> {
    let mut keys: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    keys.sort_unstable();
    keys
}
