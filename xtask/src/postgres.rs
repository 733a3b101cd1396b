//! The PostgreSQL that tests start: installed where it is missing.

use tidewire_test_postgres::{Postgres, programs};

use crate::setup;

/// Makes sure that its programs are here.
pub(crate) fn install() -> Result<(), String> {
    if programs().is_some() { Ok(()) } else { setup::apt(&["postgresql"]) }
}

/// A server that runs until it is dropped.
pub(crate) fn start() -> Result<Postgres, String> {
    install()?;
    Postgres::start().map_err(|error| error.to_string())
}
