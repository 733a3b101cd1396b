//! Chaos on real processes (P5, Q9, V5, V6, V7): the real server over SQLite and over PostgreSQL, devices that write under load, and
//! weather: kill -9, a drain, a crash of the database, lost and late and doubled requests, cloned phones, a restored backup. When it is
//! over, everything that was acknowledged is there once, nothing is there twice (cheers and chat messages, which no constraint
//! would de-duplicate), and listeners have heard each event once, in order, without a gap.
//!
//!     cargo test -p activities-server --test chaos                             a short budget
//!     CHAOS_ROUNDS=50 cargo test -p activities-server --test chaos -- --nocapture    a long one: other seeds, more writes
//!     CHAOS_SEED=7 ...                                                         one seed again, as far as threads allow
//!
//! Nothing here uses the project's own client: what it checks must not share its mistakes.
#![cfg(target_os = "linux")]
#![allow(unreachable_pub, clippy::unwrap_used, clippy::print_stdout)]

mod device;
mod http;
mod listener;
mod random;
mod steps;
mod storm;
mod truth;
mod world;

use random::Random;
use storm::Storm;
use world::Kind;

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok().map(|text| text.parse().unwrap())
}

fn storms(kind: Kind) {
    let rounds = number("CHAOS_ROUNDS");
    let first = number("CHAOS_SEED").unwrap_or_else(|| rounds.map_or(1, |_| Random::seed()));
    for seed in first..first + rounds.unwrap_or(1) {
        println!("{kind:?}: CHAOS_SEED={seed}");
        let writes = if rounds.is_some() { 120 } else { 45 };
        println!("{kind:?}: {}", Storm { kind, seed, writes }.run());
    }
}

#[test]
fn q9_v5_v6_v7_p5_a_storm_over_sqlite_loses_nothing_and_applies_nothing_twice() {
    storms(Kind::Sqlite);
}

#[test]
fn q9_v5_v6_v7_p5_a_storm_over_postgres_loses_nothing_and_applies_nothing_twice() {
    storms(Kind::Postgres);
}

#[test]
fn q9_v5_v7_p5_killed_before_each_step_of_a_write_over_sqlite_nothing_is_lost_or_doubled() {
    steps::each(Kind::Sqlite, number("CHAOS_ROUNDS").is_some());
}

#[test]
fn q9_v5_v7_p5_killed_before_each_step_of_a_write_over_postgres_nothing_is_lost_or_doubled() {
    steps::each(Kind::Postgres, number("CHAOS_ROUNDS").is_some());
}
