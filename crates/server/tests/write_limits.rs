//! Limits of the store, each at its last good value and one beyond (V6, V7, V10). Others stand with what they limit.
#![allow(clippy::unwrap_used, missing_docs)]

mod write_support;

use std::sync::mpsc::channel;
use std::task::{Context, Poll, Waker};

use tidewire_server::event::History;
use tidewire_server::store::{StoreError, limits};
use write_support::{App, DAY, Write};

/// Commits of somebody else.
async fn commits(app: &App, count: u64) {
    for _ in 0..count {
        app.send("POST", "/count", Some("ben"), &[], "").await;
    }
}

/// Whether the only write of the client is still known.
async fn is_known(app: &App) -> bool {
    match app.write(Write::count("k1", 1, 1)).await.brief() {
        (201, "replayed") => true,
        (409, "client-reset") => false,
        other => panic!("{other:?}"),
    }
}

// Both sides of store::SWEEP_COMMITS.
#[tokio::test]
async fn v10_what_is_too_old_is_swept_out_with_every_256th_commit() {
    for (count, known) in [(limits::SWEEP_COMMITS - 1, true), (limits::SWEEP_COMMITS, false)] {
        let app = App::new();
        app.write(Write::count("k1", 1, 1)).await;
        app.pass(91 * DAY);
        commits(&app, count - 1).await;
        assert_eq!(is_known(&app).await, known, "{count}");
    }
}

// Both sides of store::CLIENT_SWEEP_MILLIS.
#[tokio::test]
async fn v10_client_ids_are_not_looked_through_again_before_a_day_is_over() {
    for (passed, known) in [(limits::CLIENT_SWEEP_MILLIS - 1, true), (limits::CLIENT_SWEEP_MILLIS, false)] {
        let app = App::new();
        app.write(Write::count("k1", 1, 1)).await;
        app.pass(limits::CLIENT_MILLIS - DAY / 2);
        commits(&app, limits::SWEEP_COMMITS - 1).await;
        app.pass(passed);
        commits(&app, limits::SWEEP_COMMITS).await;
        assert_eq!(is_known(&app).await, known, "{passed}");
    }
}

// Both sides of store::HISTORY_MILLIS.
#[tokio::test]
async fn v6_an_event_stays_seven_days_and_not_a_millisecond_longer() {
    let app = App::new();
    app.tidewire.transact("", |tx| tx.publish("a", "n", &1)).await.unwrap();
    app.pass(limits::HISTORY_MILLIS);
    let app = app.after_crash(); // sweeps when it opens
    assert_eq!(app.tidewire.store().after("a", 0, 9).await.unwrap().len(), 1);
    app.pass(1);
    let app = app.after_crash();
    assert_eq!(app.tidewire.store().after("a", 0, 9).await.unwrap().len(), 0);
}

// Both sides of store::EVENTS_PER_WRITE.
#[tokio::test]
async fn v5_a_write_publishes_so_many_events_and_not_one_more() {
    let app = App::new();
    let publish = |count: usize| {
        app.tidewire.transact("", move |tx| (0..count).try_for_each(|_| tx.publish("a", "n", &1)))
    };
    publish(limits::EVENTS_PER_WRITE).await.unwrap();
    let refused = publish(limits::EVENTS_PER_WRITE + 1).await;
    assert!(matches!(refused, Err(StoreError::Publish(_))), "{refused:?}");
    assert_eq!(app.tidewire.store().counts().events, limits::EVENTS_PER_WRITE as u64, "all or none");
}

/// Who is in the queue is written although nobody waits for it any more; who stands at the door is not.
// Both sides of store::WRITE_QUEUE.
#[tokio::test]
async fn v7_so_many_transactions_wait_for_the_writer_and_more_at_the_door() {
    let app = App::new();
    let (begun, has_begun) = channel();
    let (go_on, may_go_on) = channel::<()>();
    let tidewire = app.tidewire.clone();
    let long = tokio::spawn(async move {
        let work = move || {
            begun.send(()).ok();
            may_go_on.recv().ok();
            Ok(())
        };
        tidewire.transact("", move |_| work()).await
    });
    tokio::task::spawn_blocking(move || has_begun.recv()).await.unwrap().unwrap();
    for _ in 0..=limits::WRITE_QUEUE {
        let write = app.tidewire.transact("", |tx| tx.publish("a", "n", &1));
        // This task polls more than it is meant to before it yields.
        let waiting = std::pin::pin!(tokio::task::unconstrained(write));
        assert!(matches!(waiting.poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
    }
    drop(go_on);
    long.await.unwrap().unwrap();
    app.tidewire.transact("", |_| Ok(())).await.unwrap();
    assert_eq!(app.tidewire.store().counts().events, limits::WRITE_QUEUE as u64);
}
