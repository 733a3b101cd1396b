//! Random interleavings of everything that can happen to rooms, against a model that knows only what V3 promises:
//! a member sees, after each answer to a join, exactly the events after the place that the answer names, in order.

use std::collections::BTreeMap;

use proptest::prelude::*;
use tidewire_hub::*;

use crate::driver::{Driver, Got};

const ROOMS: [&str; 3] = ["a", "b", "secret"];
const CLIENTS: u64 = 3;

#[derive(Clone, Debug)]
enum Transition {
    Commit {
        room: usize,
    },
    Feed,
    /// Some wakes are lost: the feed skips one.
    LoseFeed,
    Join {
        client: u64,
        room: usize,
        back: Option<u64>,
    },
    Leave {
        client: u64,
        room: usize,
    },
    /// The answer to a question, in any order.
    Answer {
        index: usize,
    },
    /// The answer is formed now and arrives later.
    Hold {
        index: usize,
    },
    Release,
    Flush {
        client: u64,
    },
    Retain {
        room: usize,
        keep: u64,
    },
}

fn transition() -> impl Strategy<Value = Transition> {
    prop_oneof![
        6 => (0..3usize).prop_map(|room| Transition::Commit { room }),
        6 => Just(Transition::Feed),
        1 => Just(Transition::LoseFeed),
        4 => (0..CLIENTS, 0..3usize, proptest::option::of(0..12u64))
            .prop_map(|(client, room, back)| Transition::Join { client, room, back }),
        1 => (0..CLIENTS, 0..3usize).prop_map(|(client, room)| Transition::Leave { client, room }),
        8 => (0..4usize).prop_map(|index| Transition::Answer { index }),
        2 => (0..4usize).prop_map(|index| Transition::Hold { index }),
        2 => Just(Transition::Release),
        3 => (0..CLIENTS).prop_map(|client| Transition::Flush { client }),
        1 => (0..2usize, 1..8u64).prop_map(|(room, keep)| Transition::Retain { room, keep }),
    ]
}

/// What one client asked for, in order, and where it stands in each room.
#[derive(Default)]
struct Client {
    /// By acknowledgement id: the room, and `since`; `None` for a leave.
    asked: BTreeMap<u64, (usize, Option<Option<u64>>)>,
    /// The next event of each room; absent: no member.
    next: BTreeMap<String, u64>,
}

impl Client {
    fn sees(&mut self, got: &Got) {
        match got {
            Got::Room(room, offset) => {
                let next = self.next.get_mut(room).unwrap_or_else(|| panic!("{room}:{offset} to no member"));
                assert_eq!(*offset, *next, "{room}: out of order, missing or twice");
                *next += 1;
            }
            Got::Ack(id, answer) => {
                let (room, join) = self.asked.remove(id).expect("an answer nobody asked for");
                let room = ROOMS[room].to_owned();
                let answer = &answer[0];
                match join {
                    None => {
                        self.next.remove(&room);
                    }
                    Some(_) if answer["error"].is_string() => {
                        assert_eq!(room, "secret");
                    }
                    Some(since) => {
                        assert_ne!(room, "secret");
                        let recovered = answer["recovered"].as_bool().unwrap();
                        let head = answer["offset"].as_u64().unwrap();
                        let place = if recovered { since.expect("recovered without since") } else { head };
                        assert!(place <= head, "recovered past the head");
                        self.next.insert(room, place + 1);
                    }
                }
            }
            other => panic!("unexpected {other:?}"),
        }
    }
}

struct World {
    driver: Driver,
    sessions: Vec<SessionId>,
    clients: Vec<Client>,
    held: Vec<Input>,
    acks: u64,
    /// Events were taken from the history or the feed: a member may be told so by a close.
    lossy: bool,
}

impl World {
    fn new() -> World {
        let config = Config {
            ring_events: 3,
            read_events: 2,
            missed_events: 8,
            idle_rooms: 1,
            catch_up_bytes: 300,
            ..Config::default()
        };
        let mut driver = Driver::new(config);
        let sessions: Vec<SessionId> = (0..CLIENTS).map(|n| driver.connected(&format!("u{n}"))).collect();
        let clients = sessions.iter().map(|_| Client::default()).collect();
        World { driver, sessions, clients, held: Vec::new(), acks: 0, lossy: false }
    }

    fn apply(&mut self, transition: &Transition) {
        match *transition {
            Transition::Commit { room } => {
                self.driver.commit(ROOMS[room], "1");
            }
            Transition::Feed => self.driver.feed_one(),
            Transition::LoseFeed => {
                self.driver.feed.pop_front();
            }
            Transition::Join { client, room, back } => {
                let head = self.driver.history.get(ROOMS[room]).map_or(0, |events| events.len() as u64);
                // Mostly a place that exists, at times one past the end.
                let since = back.map(|back| (head + 1).saturating_sub(back));
                let ack = self.ask(client, room, Some(since));
                self.driver.join(self.sessions[client as usize], ack, ROOMS[room], since);
            }
            Transition::Leave { client, room } => {
                let ack = self.ask(client, room, None);
                let leave = format!("42{ack}[\"room:leave\",{{\"roomId\":\"{}\"}}]", ROOMS[room]);
                self.driver.text(self.sessions[client as usize], &leave);
            }
            Transition::Answer { index } => self.driver.answer_at(index),
            Transition::Hold { index } => {
                if let Some(question) = self.driver.open.remove(index) {
                    self.held.push(self.driver.answer(&question));
                }
            }
            Transition::Release => {
                if !self.held.is_empty() {
                    let answer = self.held.remove(0);
                    self.driver.input(answer);
                }
            }
            Transition::Flush { client } => self.driver.flush(self.sessions[client as usize]),
            Transition::Retain { room, keep } => {
                let head = self.driver.history.get(ROOMS[room]).map_or(0, |events| events.len() as u64);
                self.driver.kept.insert(ROOMS[room].to_owned(), (head + 1).saturating_sub(keep).max(1));
                self.lossy = true;
            }
        }
        self.check();
    }

    fn ask(&mut self, client: u64, room: usize, join: Option<Option<u64>>) -> u64 {
        self.acks += 1;
        self.clients[client as usize].asked.insert(self.acks, (room, join));
        self.acks
    }

    fn check(&mut self) {
        for (session, client) in self.sessions.iter().zip(&mut self.clients) {
            for got in self.driver.take(*session) {
                client.sees(&got);
            }
            match self.driver.closed(*session) {
                None => {}
                Some(CloseReason::HistoryLost) => assert!(self.lossy, "nothing was lost"),
                Some(other) => panic!("closed for {other}"),
            }
        }
    }

    /// Lets everything come to rest: then every member has everything, and every question of a client is answered.
    fn settle(&mut self) {
        // A last event per room tells the hub of wakes that were lost.
        for room in ROOMS {
            self.driver.commit(room, "1");
        }
        loop {
            for answer in std::mem::take(&mut self.held) {
                self.driver.input(answer);
            }
            self.driver.feed_all();
            self.driver.answer_all();
            for session in self.sessions.clone() {
                self.driver.flush(session);
            }
            self.check();
            let quiet = self.driver.open.is_empty()
                && self.sessions.iter().all(|session| self.driver.clients[session].queued == 0);
            if quiet {
                break;
            }
        }
        for (session, client) in self.sessions.iter().zip(&self.clients) {
            if self.driver.closed(*session).is_some() {
                continue;
            }
            assert!(client.asked.is_empty(), "unanswered: {:?}", client.asked);
            for (room, next) in &client.next {
                assert_eq!(*next, self.driver.history[room].len() as u64 + 1, "{room}: not up to date");
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn v3_a_member_sees_exactly_what_follows_the_place_it_was_told(
        transitions in proptest::collection::vec(transition(), 1..120)
    ) {
        let mut world = World::new();
        for transition in &transitions {
            world.apply(transition);
        }
        world.settle();
    }
}
