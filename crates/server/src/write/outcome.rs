//! What became of a write whose answer was lost (Q13, protocol section 5): the stored answer, or the promise that it will
//! never be applied. Asked in the writer's queue, so that no write runs meanwhile. Knows no sockets.

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use serde::{Deserialize, Serialize};
use tidewire_wire::{limits, names};

use super::{Reject, Tidewire};
use crate::store::StoreError;
use crate::store::ledger::{self, Fate, StoredAnswer};
use crate::store::rooms::Cause;
use crate::store::writer::Ending;

#[derive(Deserialize)]
struct Asked {
    client: String,
    sequence: u64,
    /// Absent: it may be any, so that a client which is not known cannot be told to be new.
    #[serde(default = "any_floor")]
    floor: u64,
    key: String,
    #[serde(default)]
    void: bool,
}

fn any_floor() -> u64 {
    limits::INTEGER
}

impl Asked {
    fn is_well_formed(&self) -> bool {
        let sequences = 1..limits::INTEGER;
        names::is_client_id(&self.client) && sequences.contains(&self.sequence) && names::is_id(&self.key)
    }
}

#[derive(Serialize)]
#[serde(tag = "outcome", rename_all = "kebab-case", rename_all_fields = "camelCase")]
enum Answer {
    Applied {
        status: u16,
        #[serde(skip_serializing_if = "Option::is_none")]
        content_type: Option<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        body: Option<String>,
    },
    Unknown,
    Voided,
    ClientReset,
}

impl Answer {
    fn applied(answer: StoredAnswer) -> Answer {
        let body = answer.body.and_then(|body| String::from_utf8(body).ok());
        Answer::Applied { status: answer.status, content_type: answer.content_type, body }
    }
}

impl Tidewire {
    /// Routes to merge into the app's: `/tidewire/outcome`.
    pub fn router<S: Clone + Send + Sync + 'static>(&self) -> Router<S> {
        Router::new().route("/tidewire/outcome", post(outcome)).with_state(self.clone())
    }

    async fn outcome(&self, user: &str, asked: Asked) -> Result<Answer, StoreError> {
        let user: Arc<str> = user.into();
        let look = self.store().writer().run(move |connection, now| {
            let Asked { client, sequence, floor, key, void } = asked;
            let result = match ledger::fate(connection, &user, &client, sequence, floor, &key)? {
                Fate::Applied(answer) => Answer::applied(answer),
                Fate::Voided => Answer::Voided,
                Fate::Open if !void => Answer::Unknown,
                Fate::ClientReset => Answer::ClientReset,
                Fate::Open => {
                    ledger::void(connection, &user, &client, sequence, &key, now)?;
                    let cause = Cause { user, write_id: "".into() };
                    return Ok(Ending::Commit { drafts: Vec::new(), cause, result: Answer::Voided });
                }
            };
            Ok(Ending::Rollback { result })
        });
        look.await
    }
}

async fn outcome(
    State(tidewire): State<Tidewire>,
    headers: HeaderMap,
    asked: Result<Json<Asked>, JsonRejection>,
) -> Response {
    let user = match tidewire.user(&headers).await {
        Ok(user) => user,
        Err(reject) => return reject.into_response(),
    };
    let asked = match asked {
        Ok(Json(asked)) if asked.is_well_formed() => asked,
        Ok(_) | Err(_) => {
            let wrong = "give client (22 characters of base64url), sequence (from 1), floor, key and, if wanted, void, as JSON";
            return Reject::bad_request(wrong).into_response();
        }
    };
    match tidewire.outcome(&user.id, asked).await {
        Ok(answer) => Json(answer).into_response(),
        Err(error) => Reject::from(error).into_response(),
    }
}
