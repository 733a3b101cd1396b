//! One storm: three people write and listen while the weather does its worst; then the world is compared with what was promised.

use std::collections::BTreeMap;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use serde_json::Value;

use crate::device::{ACTIVITY, Device, Field, What, Word, write_request};
use crate::http::Request;
use crate::listener::{Event, Listener, Place, rooms};
use crate::random::Random;
use crate::truth::{Kept, Truth};
use crate::world::{Doom, Kind, World};

/// Everybody here takes part in the activity.
const PEOPLE: [&str; 3] = ["ana", "ben", "dan"];
/// The last writes of all, by which listeners know that they have heard everything.
const LAST: [(&str, What); 2] = [("the-last-cheer", What::Cheer), ("the-last-message", What::Message)];

pub struct Storm {
    pub kind: Kind,
    pub seed: u64,
    /// Of each person; a cloned phone repeats half of its own.
    pub writes: usize,
}

/// What the weather has done.
#[derive(Default, Debug)]
struct Weather {
    kills: u32,
    drains: u32,
    crashes: u32,
    clones: u32,
    /// The rooms before the backup was put in place.
    before: Option<BTreeMap<Place, Event>>,
}

impl Storm {
    /// What happened, for whoever reads along.
    pub fn run(&self) -> String {
        let mut chance = Random::new(self.seed);
        let (world, truth) = (World::new(self.kind), Truth::default());
        let last = LAST.map(|(key, _)| key);
        let (weather, heard) = thread::scope(|scope| {
            let _doom = Doom(&world);
            let ears: Vec<_> = PEOPLE
                .into_iter()
                .zip([7, 40, u32::MAX])
                .map(|(name, cuts)| {
                    let listener = Listener::new(&world, name, cuts);
                    scope.spawn(move || listener.until(&last))
                })
                .collect();
            let (tell, told) = mpsc::channel();
            let devices = PEOPLE.map(|name| Device::new(name, world.token(name), self.writes, &mut chance));
            let begin = |device: Device, chance: Random, clones: bool, tell: mpsc::Sender<Word>| {
                let (world, truth) = (&world, &truth);
                scope.spawn(move || device.run(&Field { world, truth, tell }, chance, clones));
            };
            for device in devices {
                // Dan's phone is never copied: nothing but a restored backup may take its client id away.
                let clones = device.name != "dan";
                begin(device, chance.apart(), clones, tell.clone());
            }
            // Only devices hold an end of it: it is over when all of them are done.
            drop(tell);
            let clone =
                |device: Device, chance: Random, tell: mpsc::Sender<Word>| begin(device, chance, false, tell);
            let weather = self.weather(&world, &truth, &mut chance, told, clone);
            for (key, what) in LAST {
                last_write(&world, &truth, key, what);
            }
            (weather, ears.into_iter().map(|ear| ear.join().unwrap().rooms).collect::<Vec<_>>())
        });
        let epochs = rooms().map(|room| heard[0][&room].epochs.last().unwrap().clone());
        let whole = Listener::whole(&world, epochs).rooms;
        let mut all: BTreeMap<(String, Place), Event> = BTreeMap::new();
        for heard in heard.iter().chain([&whole]) {
            for (room, heard) in heard {
                for (place, event) in &heard.events {
                    let known = all.entry((room.clone(), place.clone())).or_insert_with(|| event.clone());
                    assert_eq!(known, event, "two events at {place:?} of {room}");
                }
            }
        }
        for heard in &heard {
            for (room, heard) in heard {
                // Contiguous it was when it was heard; here: to the very end.
                let (end, _) = whole[room].events.last_key_value().unwrap();
                assert!(
                    heard.events.contains_key(end) && heard.at.as_ref() == Some(end),
                    "the end of {room}"
                );
            }
        }
        let mut applied = cheers(&world, &whole[&rooms()[0]].events, weather.before.as_ref());
        applied.extend(messages(&world, &whole[&rooms()[1]].events));
        let summary = truth.check(&applied);
        let said = world.complaints();
        assert!(!said.contains("panicked"), "{said}");
        let Weather { kills, drains, crashes, clones, before } = weather;
        let restored = u32::from(before.is_some());
        assert!(kills > 0 && clones > 0 && restored > 0, "the weather was too good");
        assert_eq!(crashes > 0, self.kind == Kind::Postgres, "of the database");
        format!(
            "{summary}; {kills} kills, {drains} drains, {crashes} crashes of the database, {clones} cloned phones, {restored} restored backups, {} events",
            all.len()
        )
    }

    /// Does something bad again and again, until everybody has written everything.
    fn weather(
        &self,
        world: &World,
        truth: &Truth,
        chance: &mut Random,
        told: Receiver<Word>,
        clone: impl Fn(Device, Random, mpsc::Sender<Word>),
    ) -> Weather {
        let (mut weather, mut kept, mut settled): (_, Option<Kept>, _) = (Weather::default(), None, 0);
        let all = PEOPLE.len() * self.writes;
        let mut next = 5;
        for word in told {
            match word {
                Word::Cloned(device, tell) => {
                    weather.clones += 1;
                    clone(device, chance.apart(), tell);
                    continue;
                }
                Word::Settled => settled += 1,
            }
            if settled < next {
                continue;
            }
            // A database takes its time to come back.
            let seldom = if self.kind == Kind::Postgres { 3 } else { 8 };
            next = settled + 3 + chance.below(all / seldom);
            match (&kept, settled) {
                // The database goes first, and the server with it: no storm is without.
                (None, _) if self.kind == Kind::Postgres && weather.crashes == 0 => {
                    weather.crashes += 1;
                    world.crash_database();
                    weather.kills += 1;
                    world.kill();
                    world.start();
                }
                (None, settled) if settled > all / 4 => {
                    kept = Some(truth.back_up());
                    world.back_up();
                }
                (Some(copy), settled) if settled > all / 2 && weather.before.is_none() => {
                    weather.before = Some(self.restore(world, truth, copy));
                }
                _ if chance.chance(20) => {
                    weather.drains += 1;
                    world.drain();
                    world.start();
                }
                _ if chance.chance(60) => {
                    weather.kills += 1;
                    world.kill();
                    world.start();
                }
                _ => {
                    weather.crashes += u32::from(self.kind == Kind::Postgres);
                    world.crash_database();
                    if chance.chance(30) {
                        weather.kills += 1;
                        world.kill();
                        world.start();
                    }
                }
            }
        }
        weather
    }

    /// Puts the backup in place. What the room of cheers had before is kept: its history begins anew.
    fn restore(&self, world: &World, truth: &Truth, kept: &Kept) -> BTreeMap<Place, Event> {
        let epochs = rooms().map(|room| epoch_of(world, &room));
        let before = Listener::whole(world, epochs).rooms.remove(&rooms()[0]).unwrap().events;
        world.kill();
        world.restore();
        // The next life is the first that counts.
        truth.restored(kept, world.life() + 1);
        world.start();
        before
    }
}

/// The epoch that a read names as its base (protocol section 4).
pub fn epoch_of(world: &World, room: &str) -> String {
    let path = if room == "activities" {
        "/api/activities".to_owned()
    } else {
        format!("/api/activities/{ACTIVITY}/messages")
    };
    let base = get(world, &path);
    let base = base.header("tidewire-base").unwrap();
    let position =
        base.split([',', ';']).map(str::trim).find(|it| it.starts_with(&format!("{room}="))).unwrap();
    position.split('=').nth(1).unwrap().split(':').next().unwrap().to_owned()
}

/// Asks until the database is there.
fn get(world: &World, path: &str) -> crate::http::Answer {
    let headers = format!("authorization: Bearer {}\r\n", world.token("ana"));
    let asked = Request::new("GET", path, &headers, "");
    loop {
        if let Ok(answer) = asked.ask(&world.address().1)
            && answer.status == 200
        {
            return answer;
        }
    }
}

/// With a key alone, until it is answered.
fn last_write(world: &World, truth: &Truth, key: &str, what: What) {
    let token = world.token("ana");
    let headers = format!("authorization: Bearer {token}\r\nidempotency-key: \"{key}\"\r\n");
    let request = write_request(what, &headers, key);
    truth.sent(key);
    loop {
        let (life, address) = world.address();
        let Ok(answer) = request.ask(&address) else { continue };
        match answer.outcome() {
            Some("applied" | "replayed") => {
                truth.acknowledged(key, &answer.body, life);
                return;
            }
            outcome => {
                assert!(outcome.is_none() && answer.status >= 500, "{} {}", answer.status, answer.body)
            }
        }
    }
}

/// The writes that the counter has counted: each event tells the count after it, so their order and their number are checked too.
fn cheers(
    world: &World,
    now: &BTreeMap<Place, Event>,
    before: Option<&BTreeMap<Place, Event>>,
) -> Vec<String> {
    let counted = |events: &BTreeMap<Place, Event>| -> Vec<(u64, String)> {
        let cheers = events.values().filter(|event| event.name == "activity:cheered");
        cheers.map(|event| (event.payload["cheers"].as_u64().unwrap(), event.write.clone())).collect()
    };
    let (now, before) = (counted(now), before.map(counted).unwrap_or_default());
    let total: Value =
        serde_json::from_str(&get(world, &format!("/api/activities/{ACTIVITY}/cheers")).body).unwrap();
    // What the backup had is the beginning of the old history; what came after it is lost.
    let base = now[0].0 - 1;
    let all: Vec<_> = before.into_iter().filter(|(count, _)| *count <= base).chain(now).collect();
    let counts: Vec<u64> = all.iter().map(|(count, _)| *count).collect();
    let each: Vec<u64> = (1..=total["cheers"].as_u64().unwrap()).collect();
    assert_eq!(counts, each, "one event for each cheer");
    all.into_iter().map(|(_, write)| write).collect()
}

/// The writes whose messages are in the chat; the newest are also events, in the same order.
fn messages(world: &World, events: &BTreeMap<Place, Event>) -> Vec<String> {
    let list: Value =
        serde_json::from_str(&get(world, &format!("/api/activities/{ACTIVITY}/messages")).body).unwrap();
    let list = list.as_array().unwrap();
    assert!(list.len() < 500, "the list is cut off there");
    let by_devices = |text: &&str| text.len() == 22 || text.starts_with("the-last");
    let mut texts: Vec<&str> =
        list.iter().map(|it| it["text"].as_str().unwrap()).filter(by_devices).collect();
    texts.reverse();
    let told: Vec<&str> = events
        .values()
        .map(|event| {
            assert_eq!(event.payload["text"], event.write);
            event.write.as_str()
        })
        .collect();
    assert_eq!(texts[texts.len() - told.len()..], told[..], "the chat and its events");
    texts.into_iter().map(str::to_owned).collect()
}
