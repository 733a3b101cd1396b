//! What the queue offers beyond sending, against a foreign HTTP server whose answers the test gives, and over a restart
//! (Q8, Q9, Q10, Q13, Q20, Q21). The peer is a bare TCP server in this test.
#![allow(clippy::unwrap_used, reason = "a test may end here")]

mod support;

use std::future::ready;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use support::soon;
use tidewire::store::FileStore;
use tidewire::{
    Builder, Client, Decision, KeyStyle, Mutation, OriginKind, ParkReason, QuarantineReason, SubmitError,
    Unsent, Verdict, Write, WriteError, WriteStage,
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A server whose every request the test answers.
struct Peer {
    listener: TcpListener,
}

/// A request that waits for its answer.
struct Asked {
    stream: TcpStream,
    text: String,
}

impl Peer {
    async fn new() -> Peer {
        Peer { listener: TcpListener::bind("127.0.0.1:0").await.unwrap() }
    }

    fn url(&self) -> String {
        format!("http://{}", self.listener.local_addr().unwrap())
    }

    fn client(&self) -> Builder {
        Client::builder(self.url()).foreign().user("ana").token("secret")
    }

    /// The next request, whole.
    async fn next(&self) -> Asked {
        let (mut stream, _) = soon("a request", self.listener.accept()).await.unwrap();
        let mut text = String::new();
        let mut buffer = [0; 4096];
        loop {
            let read = soon("its bytes", stream.read(&mut buffer)).await.unwrap();
            assert_ne!(read, 0, "the client broke off: {text}");
            text.push_str(std::str::from_utf8(&buffer[..read]).unwrap());
            let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
            let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
            if body.len() >= length.map_or(0, |length| length.parse().unwrap()) {
                return Asked { stream, text };
            }
        }
    }
}

impl Asked {
    fn is(&self, method: &str, path: &str) -> bool {
        self.text.starts_with(&format!("{method} {path} HTTP/1.1\r\n"))
    }

    fn header(&self, name: &str) -> Option<&str> {
        let head = self.text.split("\r\n\r\n").next().unwrap();
        let mut fields = head.lines().skip(1).filter_map(|line| line.split_once(": "));
        fields.find(|(field, _)| field.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    fn body(&self) -> Value {
        serde_json::from_str(self.text.split_once("\r\n\r\n").unwrap().1).unwrap()
    }

    async fn answer(mut self, status: u16, body: Value) {
        let body = body.to_string();
        let head = format!("HTTP/1.1 {status} x\r\ncontent-type: application/json\r\nconnection: close");
        let answer = format!("{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        self.stream.write_all(answer.as_bytes()).await.unwrap();
    }

    /// The answer is lost.
    fn lose(self) {
        drop(self);
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Title {
    title: String,
    seen: u32,
}

fn titled(title: &str, seen: u32) -> Title {
    Title { title: title.into(), seen }
}

fn rename() -> Mutation<Title> {
    Mutation::new("rename", 2, |it: &Title| Write::new("POST", "/title").body(&json!(it)))
}

#[tokio::test]
async fn q10_the_mutation_decides_about_a_conflict_and_its_new_write_takes_the_place() {
    let peer = Peer::new().await;
    let rename = rename().on_conflict(|conflict| {
        let current = conflict.answer.json().unwrap()["version"].as_u64().unwrap();
        let decision =
            Decision::Instead(Title { seen: u32::try_from(current).unwrap(), ..conflict.variables });
        ready(if current < 9 { decision } else { Decision::Again })
    });
    let client = peer.client().mutation(&rename).build().unwrap();
    let write = client.submit(rename.write(&titled("a", 1))).await.unwrap();
    let behind = client.submit(Write::new("POST", "/title").body(&json!("behind"))).await.unwrap();

    let asked = peer.next().await;
    assert_eq!(asked.body(), json!({"title": "a", "seen": 1}));
    asked.answer(409, json!({"version": 8})).await;
    let asked = peer.next().await;
    assert_eq!(asked.body(), json!({"title": "a", "seen": 8}), "the lane waits for the decision");
    asked.answer(412, json!({"version": 9})).await;
    let asked = peer.next().await;
    assert_eq!(asked.body(), json!({"title": "a", "seen": 8}), "the same once more");
    asked.answer(200, json!("ok")).await;
    assert_eq!(soon("its answer", write.acknowledged()).await.unwrap().body.as_deref(), Some("\"ok\""));

    let asked = peer.next().await;
    assert_eq!(asked.body(), "behind");
    asked.answer(200, json!(null)).await;
    soon("the one behind", behind.settled()).await.unwrap();
}

#[tokio::test]
async fn q10_a_conflict_without_a_decision_is_parked_and_may_be_given_up() {
    let peer = Peer::new().await;
    let rename = rename();
    let client = peer.client().mutation(&rename).build().unwrap();
    let write = client.submit(rename.write(&titled("a", 1))).await.unwrap();
    peer.next().await.answer(409, json!({"version": 8})).await;
    let Err(WriteError::Parked { reason: ParkReason::Conflict, answer: Some(answer) }) =
        soon("parking", write.acknowledged()).await
    else {
        panic!("it is not parked");
    };
    assert_eq!(answer.json(), Some(json!({"version": 8})));
    client.discard(write.id()).await.unwrap();
    soon("the store", client.when(|status| status.outbox.parked == 0)).await.unwrap();
    assert_eq!(soon("the end", write.acknowledged()).await, Err(WriteError::Discarded));
    assert_eq!(client.writes().await.unwrap(), []);
}

#[tokio::test]
async fn q9_the_mutation_finds_out_what_became_of_a_write_whose_answer_was_lost() {
    let peer = Peer::new().await;
    let pay = Mutation::new("pay", 1, |amount: &u32| Write::new("POST", "/pay").body(&json!(amount))).verify(
        |doubt| {
            assert!(!doubt.write.0.is_empty());
            let applied = Verdict::Applied(Some(json!({"paid": doubt.variables})));
            ready(if doubt.variables == 1 { applied } else { Verdict::NotApplied })
        },
    );
    let client = peer.client().mutation(&pay).build().unwrap();
    let applied = client.submit(pay.write(&1)).await.unwrap();
    peer.next().await.lose();
    client.process().await.unwrap();
    let answer = soon("the verdict", applied.acknowledged()).await.unwrap();
    assert_eq!((answer.json(), answer.replayed), (Some(json!({"paid": 1})), true));

    let again = client.submit(pay.write(&2)).await.unwrap();
    peer.next().await.lose();
    drop(client.process());
    let asked = peer.next().await;
    assert_eq!(asked.body(), 2, "it was not applied, so it is sent again");
    asked.answer(201, json!({"paid": 2})).await;
    assert_eq!(soon("its answer", again.acknowledged()).await.unwrap().status, 201);
}

#[tokio::test]
async fn q9_a_foreign_origin_gets_only_the_headers_that_were_declared() {
    let (home, keyed, plain, ours) =
        (Peer::new().await, Peer::new().await, Peer::new().await, Peer::new().await);
    let client = home
        .client()
        .origin(keyed.url(), OriginKind::Keyed { style: KeyStyle::Bare })
        .origin(ours.url(), OriginKind::Tidewire {})
        .build()
        .unwrap();
    for peer in [&keyed, &plain, &ours] {
        client.submit(Write::new("POST", format!("{}/x", peer.url()))).await.unwrap();
    }
    let asked = keyed.next().await;
    assert!(asked.is("POST", "/x"));
    assert!(asked.header("idempotency-key").is_some_and(|key| !key.starts_with('"')), "{}", asked.text);
    assert_eq!((asked.header("authorization"), asked.header("tidewire-client")), (None, None));
    let asked = plain.next().await;
    assert_eq!((asked.header("idempotency-key"), asked.header("authorization")), (None, None));
    let asked = ours.next().await;
    assert!(asked.header("tidewire-client").is_some() && asked.header("idempotency-key").is_some());
    assert_eq!(asked.header("authorization"), Some("Bearer secret"));
}

#[tokio::test]
async fn q10_the_app_says_which_answers_are_none() {
    let peer = Peer::new().await;
    let client = peer
        .client()
        .is_answer(|answer| Some(!answer.body.as_deref().unwrap_or_default().contains("portal")))
        .build()
        .unwrap();
    let write = client.submit(Write::new("PUT", "/x")).await.unwrap();
    peer.next().await.answer(200, json!("portal")).await;
    soon("a failed try", client.when(|status| status.outbox.next_attempt.is_some())).await.unwrap();
    drop(client.process());
    peer.next().await.answer(200, json!("real")).await;
    assert_eq!(soon("its answer", write.acknowledged()).await.unwrap().json(), Some(json!("real")));
}

#[tokio::test]
async fn q8_of_two_that_are_the_same_or_undo_each_other_none_is_sent_twice() {
    let peer = Peer::new().await;
    let client = peer.client().processing(false).build().unwrap();
    let tap = || Write::new("POST", "/tap").dedupe_key("tap");
    let (one, two) = (client.submit(tap()).await.unwrap(), client.submit(tap()).await.unwrap());
    assert_eq!(one.id(), two.id());

    let save = |n: u32| Write::new("PUT", "/draft").named("save", 1, &json!(n)).body(&json!(n)).replace();
    let first = client.submit(save(1)).await.unwrap();
    first.durable().await.unwrap();
    let last = client.submit(save(2)).await.unwrap();
    soon("the second", last.durable()).await.unwrap();

    let like =
        client.submit(Write::new("POST", "/like").lane("l").named("like", 1, &json!(7))).await.unwrap();
    like.durable().await.unwrap();
    let unlike = Write::new("DELETE", "/like").lane("l").named("unlike", 1, &json!(7)).cancel_pair("like");
    let unlike = client.submit(unlike).await.unwrap();
    assert_eq!(soon("the pair", like.acknowledged()).await, Err(WriteError::Undone));
    assert_eq!(soon("the pair", unlike.settled()).await, Ok(()), "nobody failed");

    let list = client.writes().await.unwrap();
    assert_eq!(list.iter().map(|write| &write.id).collect::<Vec<_>>(), [one.id(), last.id()]);
    client.set_processing(true);
    for _ in 0..2 {
        let asked = peer.next().await;
        let body = if asked.is("PUT", "/draft") { asked.body() } else { Value::Null };
        assert!(asked.is("POST", "/tap") || body == 2, "{}", asked.text);
        asked.answer(200, json!("ok")).await;
    }
    for handle in [one, two, first, last] {
        assert_eq!(
            soon("its answer", handle.acknowledged()).await.unwrap().status,
            200,
            "Q8: of the one that stands for it"
        );
    }
}

#[tokio::test]
async fn q21_a_later_build_brings_old_writes_to_its_version_or_keeps_them() {
    let (peer, directory) = (Peer::new().await, tempfile::tempdir().unwrap());
    let open = || peer.client().store(FileStore::open(directory.path()).unwrap());
    let old = Mutation::new("rename", 1, |title: &String| Write::new("POST", "/old").body(&json!(title)));
    let gone = Mutation::new("gone", 1, |(): &()| Write::new("POST", "/gone"));
    let first = open().processing(false).build().unwrap();
    for write in [old.write(&"a".into()), gone.write(&())] {
        first.submit(write).await.unwrap().durable().await.unwrap();
    }
    first.shutdown().await;

    // This build has another `rename`, but cannot read what the old one stored, and no `gone`.
    let second = open().mutation(&rename()).build().unwrap();
    let both = |status: &tidewire::Status| status.outbox.quarantined == 2;
    soon("both set aside", second.when(both)).await.unwrap();
    let stages: Vec<WriteStage> =
        second.writes().await.unwrap().into_iter().map(|write| write.stage).collect();
    let expected = [QuarantineReason::NotUpcast, QuarantineReason::UnknownName];
    assert_eq!(stages, expected.map(WriteStage::Quarantined));
    second.shutdown().await;

    let knows = rename().upcast(|version, title| {
        assert_eq!(version, 1);
        Some(titled(title.as_str()?, 0))
    });
    let third = open().mutation(&knows).build().unwrap();
    let asked = peer.next().await;
    assert!(asked.is("POST", "/title"), "{}", asked.text);
    assert_eq!(asked.body(), json!({"title": "a", "seen": 0}));
    asked.answer(200, json!(null)).await;
    third.define(&gone);
    let asked = peer.next().await;
    assert!(asked.is("POST", "/gone"), "revived as soon as it is known");
    asked.answer(200, json!(null)).await;
    soon("the end", third.when(|status| status.outbox.pending + status.outbox.quarantined == 0))
        .await
        .unwrap();
}

#[tokio::test]
async fn q13_a_parked_write_is_found_after_a_restart_edited_and_sent_in_its_place() {
    let (peer, directory) = (Peer::new().await, tempfile::tempdir().unwrap());
    let open = || peer.client().store(FileStore::open(directory.path()).unwrap()).build().unwrap();
    let first = open();
    let write = Write::new("POST", "/x").named("name", 1, &json!({"n": 1})).body(&json!("bad"));
    let parked = first.submit(write).await.unwrap();
    peer.next().await.answer(422, json!({"error": "no"})).await;
    soon("parking", parked.acknowledged()).await.unwrap_err();
    first.shutdown().await;

    let second = open();
    soon("the store", second.when(|status| status.outbox.ready)).await.unwrap();
    let list = second.writes().await.unwrap();
    assert_eq!((list.len(), &list[0].id, &list[0].variables), (1, parked.id(), &json!({"n": 1})));
    let WriteStage::Parked { reason: ParkReason::Permanent, answer: Some(answer) } = &list[0].stage else {
        panic!("{list:?}");
    };
    assert_eq!(answer.status, 422);
    let exported: Value = serde_json::from_str(&second.export().await.unwrap()).unwrap();
    assert_eq!((&exported[0]["body"], &exported[0]["reason"]), (&json!("\"bad\""), &json!("permanent")));

    // Tried again as it is, it is refused again; edited, it is another write.
    let found = second.write(parked.id()).await.unwrap().unwrap();
    assert_eq!(second.retry_all(|write| write.name == "other").await, Ok(0));
    assert_eq!(second.retry_all(|write| write.name == "name").await, Ok(1));
    peer.next().await.answer(422, json!({"error": "no"})).await;
    soon("parking", second.when(|status| status.outbox.parked == 1)).await.unwrap();
    let edited = second.edit(parked.id(), Write::new("POST", "/x").body(&json!("good"))).await.unwrap();
    assert_ne!(edited.id(), parked.id());
    let asked = peer.next().await;
    assert_eq!(asked.body(), "good");
    asked.answer(200, json!("fine")).await;
    assert_eq!(soon("its answer", edited.acknowledged()).await.unwrap().status, 200);
    assert_eq!(soon("the edited one's", found.acknowledged()).await.unwrap().json(), Some(json!("fine")));
}

#[tokio::test]
async fn q20_who_leaves_keeps_or_discards_and_nobody_sends_afterwards() {
    let (peer, directory) = (Peer::new().await, tempfile::tempdir().unwrap());
    let open =
        || peer.client().store(FileStore::open(directory.path()).unwrap()).processing(false).build().unwrap();
    let first = open();
    first.submit(Write::new("POST", "/x")).await.unwrap();
    assert_eq!(soon("leaving", first.logout(Unsent::Keep)).await, Ok(1));
    let refused = first.submit(Write::new("POST", "/y")).await;
    assert!(matches!(refused, Err(SubmitError::Closed)), "{refused:?}");
    assert!(first.logout(Unsent::Keep).await.is_err());

    let second = open();
    soon("the store", second.when(|status| status.outbox.pending == 1)).await.unwrap();
    assert_eq!(soon("leaving", second.logout(Unsent::Discard)).await, Ok(0));
    let third = open();
    soon("the store", third.when(|status| status.outbox.ready)).await.unwrap();
    assert_eq!(third.writes().await.unwrap(), []);
}
