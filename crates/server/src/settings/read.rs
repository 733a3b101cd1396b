//! Texts that become values; the error says what would be right. Knows no settings.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use crate::front::{Rate, origin};
use crate::store::Place;

pub(super) fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "give an address and a port, like 127.0.0.1:4680 or [::]:4680".to_owned())
}

pub(super) fn database(text: &str) -> Result<Option<Place>, String> {
    match Path::new(text).into() {
        place @ Place::Postgres(_) => Ok(Some(place)),
        // The text is not repeated: it may hold a password.
        Place::File(_) => Err("give a URL like postgres://user:password@host/database".to_owned()),
    }
}

pub(super) fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if count > 0 => Ok(count),
        Ok(_) | Err(_) => Err("give a number from 1".to_owned()),
    }
}

pub(super) fn switch(text: &str) -> Result<bool, String> {
    text.parse().map_err(|_| "give true or false".to_owned())
}

/// `100/1000`: so many a second, and so many at once.
pub(super) fn rate(text: &str) -> Result<Rate, String> {
    let number = |text: &str| text.trim().parse::<u64>().ok().filter(|number| *number > 0);
    text.split_once('/')
        .and_then(|(per_second, burst)| Some(Rate { per_second: number(per_second)?, burst: number(burst)? }))
        .ok_or_else(|| "give so many a second and so many at once, like 100/1000".to_owned())
}

/// `500ms`, `30s` or `2m`; not nothing, and not above a day.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let units = [("ms", 1), ("s", 1_000), ("m", 60_000)];
    let read = units.into_iter().find_map(|(unit, millis)| {
        let number: u64 = text.strip_suffix(unit)?.trim().parse().ok()?;
        number.checked_mul(millis)
    });
    match read {
        Some(millis @ 1..=86_400_000) => Ok(Duration::from_millis(millis)),
        Some(_) | None => Err("give a time up to a day, like 500ms, 30s or 2m".to_owned()),
    }
}

pub(super) fn text(text: &str) -> Result<Option<String>, String> {
    if text.is_empty() { Err("give something".to_owned()) } else { Ok(Some(text.to_owned())) }
}

pub(super) fn origins(text: &str) -> Result<Vec<String>, String> {
    let each = text.split(',').map(str::trim).filter(|origin| !origin.is_empty());
    each.map(|text| match origin(text.to_owned()) {
        Ok(_) => Ok(text.to_owned()),
        Err(bad) => Err(bad.to_string()),
    })
    .collect()
}
