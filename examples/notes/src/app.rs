//! The app as it was: notes of people, over axum and sqlx, with sessions of its own. Knows nothing of Tidewire but on the
//! lines marked with a plus.

use axum::extract::{FromRef, FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::routing::{get, post};
use axum::{Json, Router};
use sqlx::PgPool;

/// What handlers get.
#[derive(Clone, FromRef)]
pub struct App {
    /// The app's database.
    pub pool: PgPool,
    /// Who runs the writes that happen once.
    pub tidewire: tidewire_server::write::Tidewire, // + tidewire
}

/// Makes the tables.
pub async fn migrate(pool: &PgPool) -> sqlx::Result<()> {
    let script = "CREATE TABLE IF NOT EXISTS session (token TEXT PRIMARY KEY, person TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS note (id BIGSERIAL PRIMARY KEY, owner TEXT NOT NULL, text TEXT NOT NULL);";
    sqlx::raw_sql(script).execute(pool).await.map(drop)
}

/// The routes.
pub fn routes() -> Router<App> {
    Router::new()
        .route("/notes", get(list).post(crate::live::add)) // + tidewire: it was `post(add)`
        .route("/notes/clear", post(clear))
}

/// Whose a session is.
pub async fn person(pool: &PgPool, token: &str) -> sqlx::Result<Option<String>> {
    sqlx::query_scalar("SELECT person FROM session WHERE token = $1").bind(token).fetch_optional(pool).await
}

struct Person(String);

impl FromRequestParts<App> for Person {
    type Rejection = StatusCode;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, StatusCode> {
        let header = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let token = header.and_then(|value| value.strip_prefix("Bearer ")).ok_or(StatusCode::UNAUTHORIZED)?;
        person(&app.pool, token).await.map_err(failed)?.map(Self).ok_or(StatusCode::UNAUTHORIZED)
    }
}

async fn list(State(pool): State<PgPool>, Person(owner): Person) -> Result<Json<Vec<String>>, StatusCode> {
    let notes = sqlx::query_scalar("SELECT text FROM note WHERE owner = $1 ORDER BY id").bind(owner);
    notes.fetch_all(&pool).await.map(Json).map_err(failed)
}

async fn clear(State(pool): State<PgPool>, Person(owner): Person) -> Result<StatusCode, StatusCode> {
    let cleared = sqlx::query("DELETE FROM note WHERE owner = $1").bind(owner).execute(&pool).await;
    cleared.map(|_| StatusCode::NO_CONTENT).map_err(failed)
}

fn failed(_: sqlx::Error) -> StatusCode {
    StatusCode::INTERNAL_SERVER_ERROR
}
