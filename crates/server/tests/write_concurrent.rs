//! Writes that arrive at the same moment (Q9, V5, V6), and reads beside them (Y2).
#![allow(clippy::unwrap_used)]

mod write_support;

use std::sync::Arc;

use tidewire_wire::http::Base;
use tokio::sync::Barrier;
use tokio::task::JoinSet;
use write_support::{App, Write};

const TASKS: u64 = 24;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn q9_v5_of_many_copies_at_once_one_applies_and_all_others_get_its_answer() {
    let app = Arc::new(App::new());
    let gate = Arc::new(Barrier::new(usize::try_from(TASKS).unwrap()));
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        let (app, gate) = (app.clone(), gate.clone());
        tasks.spawn(async move {
            gate.wait().await;
            app.write(Write::count("k1", 1, 1)).await
        });
    }
    let mut outcomes: Vec<String> = Vec::new();
    for answer in tasks.join_all().await {
        assert_eq!((answer.status, answer.body.as_str()), (201, "1"));
        outcomes.push(answer.outcome.unwrap());
    }
    outcomes.sort();
    assert_eq!(outcomes[0], "applied");
    assert!(outcomes[1..].iter().all(|outcome| outcome == "replayed"), "{outcomes:?}");
    assert_eq!(app.count().await, 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn v6_y2_events_leave_in_commit_order_and_every_read_agrees_with_its_position() {
    let app = Arc::new(App::new());
    let gate = Arc::new(Barrier::new(usize::try_from(2 * TASKS).unwrap()));
    let mut tasks = JoinSet::new();
    for sequence in 1..=TASKS {
        let (writer, write_gate) = (app.clone(), gate.clone());
        tasks.spawn(async move {
            write_gate.wait().await;
            assert_eq!(
                writer.write(Write::count(&format!("k{sequence}"), sequence, 1)).await.brief(),
                (201, "applied")
            );
        });
        let (reader, read_gate) = (app.clone(), gate.clone());
        tasks.spawn(async move {
            read_gate.wait().await;
            for _ in 0..4 {
                let read = reader.get("/count", &[("tidewire-client", write_support::CLIENT)]).await;
                let base = Base::parse(&read.base.unwrap()).unwrap();
                // Body, position and settled writes come from one snapshot: all three count the same commits.
                assert_eq!(base.positions[0].offset.to_string(), read.body);
                let applied: u64 =
                    base.applied.unwrap_or_default().iter().map(|(from, to)| to - from + 1).sum();
                assert_eq!(applied.to_string(), read.body);
            }
        });
    }
    tasks.join_all().await;
    let mut app = Arc::into_inner(app).unwrap();
    let events = app.published();
    assert_eq!(events.iter().map(|event| event.offset).collect::<Vec<_>>(), (1..=TASKS).collect::<Vec<_>>());
    // The payload was the count inside the transaction: the order of the offsets is that of the commits.
    assert!(events.iter().all(|event| event.payload.to_string() == event.offset.to_string()));
}
