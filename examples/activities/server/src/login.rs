//! `POST /api/login`: a demo's door, which lets in anybody with a name.

use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tidewire_server::write::Reject;

use crate::app::App;
use crate::model::{Person, is_person_name};

const TOKEN_SECONDS: u64 = 7 * 24 * 60 * 60;

/// The body of `POST /api/login`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct Login {
    /// Who.
    name: String,
}

/// The answer to a login.
#[derive(Serialize)]
#[cfg_attr(test, derive(ts_rs::TS))]
pub(crate) struct SignedIn {
    token: String,
    user: Person,
}

pub(crate) async fn login(State(app): State<App>, body: Bytes) -> Result<Json<SignedIn>, Reject> {
    let login: Login =
        serde_json::from_slice(&body).map_err(|_| Reject::bad_request("send {\"name\": \"ana\"}"))?;
    if !is_person_name(&login.name) {
        return Err(Reject::bad_request("a name has 2 to 20 letters from a to z"));
    }
    let token =
        app.jwt.issue(&login.name, TOKEN_SECONDS).map_err(|error| Reject::internal(error.to_string()))?;
    Ok(Json(SignedIn { token, user: Person { id: login.name.clone(), name: login.name } }))
}
