//! A phone: it writes as protocol sections 3 and 5 say, over a network that doubles, delays, reorders and loses. By hand, so that it shares
//! no mistake with our clients.

use std::sync::mpsc::Sender;
use std::thread;

use crate::http::{Answer, Request};
use crate::random::Random;
use crate::truth::Truth;
use crate::world::World;

/// Where everything happens: everybody here takes part in it.
pub const ACTIVITY: &str = "sunrise-run";
/// Writes under way at once.
const WINDOW: usize = 4;

/// Effects that no constraint de-duplicates.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum What {
    Cheer,
    Message,
}

#[derive(Clone)]
struct Write {
    sequence: u64,
    key: String,
    what: What,
    /// Some copy of it may still be anywhere.
    loose: bool,
}

/// What a phone keeps on its disk; a clone of it is a cloned phone.
#[derive(Clone)]
pub struct Device {
    pub name: String,
    token: String,
    id: String,
    next: u64,
    open: Vec<Write>,
    planned: Vec<What>,
    was_cloned: bool,
}

/// What a device tells.
pub enum Word {
    Settled,
    /// With a way to tell more.
    Cloned(Device, Sender<Word>),
}

/// A request that is still on its way when its phone has long forgotten it.
pub struct Late {
    key: String,
    request: Request,
}

pub struct Field<'a> {
    pub world: &'a World,
    pub truth: &'a Truth,
    pub tell: Sender<Word>,
}

impl Device {
    pub fn new(name: &str, token: String, writes: usize, chance: &mut Random) -> Device {
        let planned =
            (0..writes).map(|_| if chance.chance(50) { What::Cheer } else { What::Message }).collect();
        Device {
            name: name.to_owned(),
            token,
            id: chance.id(),
            next: 1,
            open: Vec::new(),
            planned,
            was_cloned: false,
        }
    }

    /// Writes all that is planned, until each write has a definite outcome. With `clones`, it is copied half way.
    pub fn run(mut self, field: &Field<'_>, mut chance: Random, clones: bool) {
        let (mut late, half) = (Vec::new(), self.planned.len() / 2);
        let mut clones = clones;
        while self.begin(&mut chance) {
            if clones && self.planned.len() < half {
                clones = false;
                self.was_cloned = true;
                field.tell.send(Word::Cloned(self.clone(), field.tell.clone())).unwrap();
            }
            let at = chance.below(self.open.len());
            let request = self.request(at);
            let key = self.open[at].key.clone();
            field.truth.sent(&key);
            match chance.below(100) {
                0..50 => self.send(field, at, &request),
                50..65 => self.send_twice(field, at, &request),
                65..80 => {
                    self.open[at].loose = true;
                    let _ = request.lose(&field.world.address().1, &mut chance);
                }
                80..90 => {
                    self.open[at].loose = true;
                    late.push(Late { key, request });
                }
                _ => deliver(field, &mut late, &mut chance),
            }
        }
        while !late.is_empty() {
            deliver(field, &mut late, &mut chance);
        }
    }

    /// Perhaps begins one more; whether anything is open.
    fn begin(&mut self, chance: &mut Random) -> bool {
        if self.open.len() < WINDOW
            && (self.open.is_empty() || chance.chance(70))
            && let Some(what) = self.planned.pop()
        {
            self.open.push(Write { sequence: self.next, key: chance.id(), what, loose: false });
            self.next += 1;
        }
        !self.open.is_empty()
    }

    /// The lowest that may still be sent; it moves while others are under way.
    fn floor(&self) -> u64 {
        self.open.iter().map(|write| write.sequence).min().unwrap_or(self.next)
    }

    fn request(&self, at: usize) -> Request {
        let Write { sequence, key, what, .. } = &self.open[at];
        let headers = format!(
            "authorization: Bearer {}\r\nidempotency-key: \"{key}\"\r\ntidewire-client: {}\r\ntidewire-sequence: {sequence}\r\n\
             tidewire-floor: {}\r\n",
            self.token,
            self.id,
            self.floor()
        );
        write_request(*what, &headers, key)
    }

    fn send(&mut self, field: &Field<'_>, at: usize, request: &Request) {
        let (life, address) = field.world.address();
        let answer = request.ask(&address);
        self.take(field, at, answer, life);
    }

    /// Two copies at the same moment: whatever one hears is true for both.
    fn send_twice(&mut self, field: &Field<'_>, at: usize, request: &Request) {
        let (life, address) = field.world.address();
        let (one, other) = thread::scope(|scope| {
            let other = scope.spawn(|| request.ask(&address));
            (request.ask(&address), other.join().unwrap())
        });
        let key = self.open[at].key.clone();
        let outcome = |answer: &std::io::Result<Answer>| {
            answer.as_ref().ok().and_then(|answer| answer.outcome().map(str::to_owned))
        };
        if !matches!(outcome(&one).as_deref(), Some("applied" | "replayed" | "client-reset")) {
            // What became of this copy is not known, whatever the other one hears.
            self.open[at].loose = true;
        }
        if let Ok(answer) = &one
            && matches!(answer.outcome(), Some("applied" | "replayed"))
        {
            field.truth.acknowledged(&key, &answer.body, life);
        }
        self.take(field, at, other, life);
    }

    fn take(&mut self, field: &Field<'_>, at: usize, answer: std::io::Result<Answer>, life: u64) {
        let write = &mut self.open[at];
        let Ok(answer) = answer else {
            write.loose = true;
            return;
        };
        match answer.outcome() {
            Some("applied" | "replayed") => {
                if field.truth.acknowledged(&write.key, &answer.body, life) {
                    self.open.swap_remove(at);
                    let _ = field.tell.send(Word::Settled);
                } else {
                    write.loose = true;
                }
            }
            Some("client-reset") => self.begin_anew(field),
            // Not now: the database is away, or the same write is running.
            Some("in-progress") => write.loose = true,
            None if answer.status >= 500 => write.loose = true,
            other => panic!("{}: {} {other:?} {}", self.name, answer.status, answer.body),
        }
    }

    /// The server does not know this client any more: a new id, and the truth about each open write.
    fn begin_anew(&mut self, field: &Field<'_>) {
        assert!(self.was_cloned || field.truth.was_restored(), "{}: reset without a reason", self.name);
        let floor = self.floor();
        for write in std::mem::take(&mut self.open) {
            if write.loose {
                self.ask(field, &write, floor);
            } else {
                // Never sent, or its only copy was answered with the reset.
                self.planned.push(write.what);
            }
        }
        let mut chance = Random::new(Random::seed());
        (self.id, self.next) = (chance.id(), 1);
    }

    /// What became of a write (protocol section 5); if nothing has, nothing ever will.
    fn ask(&mut self, field: &Field<'_>, write: &Write, floor: u64) {
        let Write { sequence, key, what, .. } = write;
        let body = format!(
            "{{\"client\":\"{}\",\"sequence\":{sequence},\"floor\":{floor},\"key\":\"{key}\",\"void\":true}}",
            self.id
        );
        let asked = Request::new(
            "POST",
            "/tidewire/outcome",
            &format!("authorization: Bearer {}\r\n", self.token),
            &body,
        );
        loop {
            let (life, address) = field.world.address();
            let Ok(answer) = asked.ask(&address) else { continue };
            if answer.status != 200 {
                assert!(answer.status >= 500, "{} {}", answer.status, answer.body);
                continue;
            }
            let answer: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
            let counts = match answer["outcome"].as_str().unwrap() {
                "applied" => field.truth.acknowledged(key, answer["body"].as_str().unwrap(), life),
                "voided" => {
                    let counts = field.truth.never(key, life);
                    if counts {
                        self.planned.push(*what);
                    }
                    counts
                }
                // Nobody can tell.
                "client-reset" => true,
                other => panic!("asked with void: {other}"),
            };
            if counts {
                return;
            }
        }
    }
}

/// One that was on its way for long arrives: it is a copy, or its phone has been reset, or the floor has passed it.
fn deliver(field: &Field<'_>, late: &mut Vec<Late>, chance: &mut Random) {
    let Some(Late { key, request }) = chance.take(late) else { return };
    let (life, address) = field.world.address();
    let Ok(answer) = request.ask(&address) else { return };
    match answer.outcome() {
        Some("applied" | "replayed") => {
            field.truth.acknowledged(&key, &answer.body, life);
        }
        Some("client-reset" | "in-progress") => {}
        None if answer.status >= 500 => {}
        other => panic!("late: {} {other:?} {}", answer.status, answer.body),
    }
}

/// The request of a write; a message says its key, by which it is found again.
pub fn write_request(what: What, headers: &str, key: &str) -> Request {
    match what {
        What::Cheer => Request::new("POST", &format!("/api/activities/{ACTIVITY}/cheers"), headers, ""),
        What::Message => {
            let body = format!("{{\"text\":\"{key}\"}}");
            Request::new("POST", &format!("/api/activities/{ACTIVITY}/messages"), headers, &body)
        }
    }
}
