//! What was added to the app: its sessions and rooms for live connections, and one write that happens exactly once.

use std::{error::Error, future::ready, sync::Arc};

use axum::{Router, extract::State, http::StatusCode, response::Response};
use tidewire_server::{auth::*, event::BoxFuture, params, socket::*, write::*};

use crate::app::{App, person, routes};

struct Rules(sqlx::PgPool);

impl Authenticator for Rules {
    fn authenticate<'a>(&'a self, token: &'a str) -> BoxFuture<'a, Result<Session, AuthError>> {
        Box::pin(async move {
            let person = person(&self.0, token).await.map_err(|_| AuthError::Unavailable)?;
            Ok(Session { user: User { id: person.ok_or(AuthError::Invalid)?.into() }, expires_at: None })
        })
    }
}

impl RoomAuthorizer for Rules {
    fn authorize<'a>(&'a self, user: &'a User, room: &'a str) -> BoxFuture<'a, Result<Access, Denied>> {
        Box::pin(ready((room == format!("notes_{}", user.id)).then(Access::full).ok_or(Denied::Unauthorized)))
    }
}

/// Keeps a note: the row, the answer and the event stand together, once, however often the request comes.
pub(crate) async fn add(State(tidewire): State<Tidewire>, context: WriteContext) -> Result<Response, Reject> {
    let text: String = context.json()?;
    let write = tidewire.write(&context, move |tx| {
        tx.execute("INSERT INTO note (owner, text) VALUES (?1, ?2)", &params![tx.user(), text.as_str()])?;
        tx.publish(&format!("notes_{}", tx.user()), "note:created", &text)?;
        Reply::json(StatusCode::CREATED, &text)
    });
    Ok(write.await)
}

/// The app's routes and ours, over the app's own database.
pub fn router(pool: sqlx::PgPool, url: &str) -> Result<Router, Box<dyn Error>> {
    let rules = Arc::new(Rules(pool.clone()));
    let live = Tidewire::builder(url).authenticator(rules.clone()).authorizer(rules).build()?;
    Ok(live.mount(routes()).with_state(App { pool, tidewire: live.tidewire }))
}
