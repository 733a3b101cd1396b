//! What is asked of a database itself, whichever it is: several servers on one, its restart, statements that fail (V5, V7).
#![allow(clippy::unwrap_used)]

mod write_support;

use tidewire_server::params;
use tokio::task::JoinSet;
use write_support::{App, Write, place};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn q9_v5_v7_two_servers_on_one_database_apply_a_write_once_and_number_events_without_a_gap() {
    let one = std::sync::Arc::new(App::new());
    let other = std::sync::Arc::new(one.beside());
    let mut tasks = JoinSet::new();
    for sequence in 1..=20_u64 {
        for app in [&one, &other] {
            let app = app.clone();
            tasks.spawn(async move {
                let key = format!("k{sequence}");
                app.write(Write::count(&key, sequence, 1)).await.outcome.unwrap()
            });
        }
    }
    let outcomes = tasks.join_all().await;
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "applied").count(), 20, "{outcomes:?}");
    assert_eq!(outcomes.iter().filter(|outcome| *outcome == "replayed").count(), 20, "{outcomes:?}");
    assert_eq!(one.count().await, 20);
    let head = other.tidewire.store().counts().events + one.tidewire.store().counts().events;
    assert_eq!(head, 20);
}

#[tokio::test]
async fn v7_a_store_comes_back_by_itself_after_its_database_has_restarted() {
    let app = App::new();
    assert_eq!(app.write(Write::count("k1", 1, 1)).await.brief(), (201, "applied"));
    place::cut(app.dir.path());
    assert_eq!(app.write(Write::count("k1", 1, 1)).await.brief(), (201, "replayed"));
    place::cut(app.dir.path());
    assert_eq!(app.count().await, 1);
}

#[tokio::test]
async fn v5_a_statement_that_a_handler_tries_in_vain_takes_nothing_else_back() {
    let app = App::new();
    let result = app.tidewire.transact("ana", |tx| {
        tx.execute("INSERT INTO note (text) VALUES (?1)", &params!["before"])?;
        let refused = tx.execute("INSERT INTO counter (name, value) VALUES ('main', 1)", &[]);
        assert!(refused.is_err(), "the name is taken");
        tx.execute("INSERT INTO note (text) VALUES (?1)", &params!["after"])?;
        tx.query("SELECT text FROM note", &[], |row| row.get::<String>(0))
    });
    assert_eq!(result.await.unwrap(), ["before", "after"]);
}
