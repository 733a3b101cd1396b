//! The client on real processes, killed with -9 between any two storage steps and at any moment, under load, against the real server
//! (Q1, Q2, Q6, Q9, Y1, Y2, V6, P5): nothing that was promised is lost, nothing happens twice, no event is missed.
//!
//! A life of the client is a process of its own: this binary, started as a worker. It submits, and hears the room in which its writes
//! show; what it was promised it tells on stdout, which outlives it. It dies at the storage step that it was told, or when it is killed.
//!
//! `TIDEWIRE_KILLS=5000 cargo test --release -p tidewire --test kill` runs so many lives instead of a few dozen.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a test may end here")]
#![allow(clippy::print_stdout, reason = "this test is its own harness")]

mod life;
mod model;
mod store;
mod worker;

use std::process::ExitCode;
use std::time::Instant;

use life::World;

/// Lives of each test if nobody asks for more.
const LIVES: u32 = 36;
/// Lives that one server and one store see; the server lists 500 messages.
const LIVES_OF_A_WORLD: u32 = 90;

const TESTS: [(&str, Death); 2] = [
    ("q1_q2_y2_p5_killed_between_any_two_storage_steps_nothing_is_lost_or_doubled", Death::AtStep),
    ("q1_q2_y2_p5_killed_at_any_moment_nothing_is_lost_or_doubled", Death::AtAnyTime),
];

/// How lives end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Death {
    /// At a storage step: the first, the second, ... until a life comes to its end; then from the first again.
    AtStep,
    /// When the world likes: right after something was heard from it.
    AtAnyTime,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    if let [worker, args @ ..] = &args[..]
        && worker == "worker"
    {
        runtime.block_on(worker::run(args));
        return ExitCode::SUCCESS;
    }
    if args.iter().any(|arg| arg == "--list") {
        TESTS.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let kills = std::env::var("TIDEWIRE_KILLS").ok().map(|text| text.parse().expect("TIDEWIRE_KILLS=NUMBER"));
    let filter = args.iter().find(|arg| !arg.starts_with('-'));
    let asked = TESTS.iter().filter(|(name, _)| filter.is_none_or(|filter| name.contains(filter.as_str())));
    let (mut passed, mut failed) = (0, 0);
    for (name, death) in asked {
        let began = Instant::now();
        let lives = kills.unwrap_or(LIVES);
        // A panic within it is a failed test.
        let ended = std::panic::catch_unwind(|| runtime.block_on(run(*death, lives)));
        if let Ok(told) = &ended {
            println!("test {name} ... ok ({told}, {:.1} s)", began.elapsed().as_secs_f64());
            passed += 1;
        } else {
            println!("test {name} ... FAILED");
            failed += 1;
        }
    }
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {word}. {passed} passed; {failed} failed; 0 ignored");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Lives one after another, world after world; says what was seen.
async fn run(death: Death, lives: u32) -> String {
    let mut totals = life::Totals::default();
    let mut left = lives;
    while left > 0 {
        let lives = left.min(LIVES_OF_A_WORLD);
        let mut world = World::new().await;
        for number in 0..lives {
            world.live(death, number).await;
        }
        totals += world.judge().await;
        left -= lives;
        if left > 0 {
            println!("    {totals}");
        }
    }
    totals.to_string()
}
