//! The command: `notes-server`, with the database in `DATABASE_URL`.
#![forbid(unsafe_code)]

use std::error::Error;

use notes_server::{app, live};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::var("DATABASE_URL")?;
    let pool = sqlx::PgPool::connect(&url).await?;
    app::migrate(&pool).await?;
    let router = live::router(pool, &url)?; // + tidewire: it was `app::routes().with_state(App { pool })`
    let listener = tokio::net::TcpListener::bind("127.0.0.1:4690").await?;
    Ok(axum::serve(listener, router).await?)
}
