//! kill -9 between any two steps of a write: strace ends the server as it is about to make one chosen system call of the thread that
//! writes, or of those that answer. Each write is sent again to the next life and must have counted once.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::device::{What, write_request};
use crate::http::Answer;
use crate::listener::{Listener, rooms};
use crate::random::Random;
use crate::world::{Kind, World};

/// What locks or changes a disk, talks to a database, or wakes whoever waits for the answer.
const STEPS: &str = "fcntl,pwrite64,fsync,fdatasync,ftruncate,write,sendto,recvfrom";
/// Kills of each store in a short run.
const FEW: usize = 15;

struct Writes {
    world: World,
    token: String,
    client: String,
}

/// Kills at each step, or at some, evenly.
pub fn each(kind: Kind, all: bool) {
    let world = World::new(kind);
    let writes = Writes { token: world.token("ana"), client: Random::new(Random::seed()).id(), world };
    let mut number = 1;
    let steps = writes.record(number, if all { "all" } else { STEPS });
    if all {
        println!("{steps:?}");
    }
    let every = if all { 1 } else { steps.len().div_ceil(FEW) };
    let (mut killed, mut applied) = (0, 0);
    let mut at = |words: &[String], threads: &[String]| {
        number += 1;
        let mut tracer = trace(words, threads);
        let first = writes.send(number);
        // The next life, whether or not this one was ended.
        writes.world.kill();
        tracer.wait().unwrap();
        writes.world.start();
        killed += u32::from(first.is_none());
        let second = writes.send(number).unwrap();
        let replayed = second.outcome() == Some("replayed");
        applied += u32::from(second.outcome() == Some("applied"));
        assert_eq!(
            second.body,
            format!("{{\"activityId\":\"sunrise-run\",\"cheers\":{number}}}"),
            "{words:?}"
        );
        assert!(first.is_none_or(|first| replayed && first.body == second.body), "{words:?}");
        replayed
    };
    for (call, place) in steps.iter().step_by(every) {
        let words = inject(call, *place);
        at(&words, &[writes.world.writer()]);
    }
    // Committed, and the answer has not left.
    assert!(at(&inject("writev,sendto", 1), &writes.world.others()), "the answer is sent after the commit");
    // The request is not read yet.
    assert!(!at(&inject("recvfrom", 1), &writes.world.others()));
    println!("{kind:?}: {} steps of a write, {killed} kills; {applied} had to be applied again", steps.len());
    assert!(killed as usize > steps.len() / every / 2, "strace has killed");
    let count = u64::from(number);
    let epochs = rooms().map(|room| crate::storm::epoch_of(&writes.world, &room));
    let whole = Listener::whole(&writes.world, epochs).rooms;
    let events: Vec<_> = whole[&rooms()[0]].events.values().collect();
    let told: Vec<u64> = events.iter().map(|event| event.payload["cheers"].as_u64().unwrap()).collect();
    assert_eq!(told, (1..=count).collect::<Vec<_>>(), "one event for each write, in order");
    let keys: Vec<&str> = events.iter().map(|event| event.write.as_str()).collect();
    assert_eq!(keys, (1..=number).map(key).collect::<Vec<_>>());
}

fn key(number: u32) -> String {
    format!("step-{number}")
}

fn inject(call: &str, place: usize) -> Vec<String> {
    vec![
        format!("-etrace={call}"),
        format!("-einject={call}:signal=KILL:when={place}"),
        "-o/dev/null".to_owned(),
    ]
}

/// Follows these threads, from when this returns.
fn trace(words: &[String], threads: &[String]) -> Child {
    let mut command = Command::new("strace");
    command.args(words).args(threads.iter().flat_map(|thread| ["-p", thread])).stderr(Stdio::piped());
    let mut child = command.spawn().expect("strace is needed: apt-get install strace");
    let mut said = BufReader::new(child.stderr.take().unwrap()).lines().map(Result::unwrap);
    for _ in threads {
        let line = said.next().unwrap();
        assert!(line.ends_with(" attached"), "strace may not follow the server: {line}");
    }
    // It says more when the server ends; nobody needs that, but it must be able to say it.
    std::thread::spawn(move || said.for_each(drop));
    child
}

impl Writes {
    fn send(&self, number: u32) -> Option<Answer> {
        let Writes { world, token, client } = self;
        let key = key(number);
        let headers = format!(
            "authorization: Bearer {token}\r\nidempotency-key: \"{key}\"\r\ntidewire-client: {client}\r\n\
             tidewire-sequence: {number}\r\ntidewire-floor: {number}\r\n"
        );
        write_request(What::Cheer, &headers, &key).ask(&world.address().1).ok()
    }

    /// The calls that the first write of a life makes, each with the how manieth of its name it is.
    fn record(&self, number: u32, calls: &str) -> Vec<(String, usize)> {
        let file = self.world.file("steps");
        let words = [format!("-etrace={calls}"), format!("-o{}", file.display())];
        let mut tracer = trace(&words, &[self.world.writer()]);
        assert_eq!(self.send(number).unwrap().outcome(), Some("applied"));
        self.world.kill();
        tracer.wait().unwrap();
        self.world.start();
        let mut counts = BTreeMap::new();
        let text = std::fs::read_to_string(file).unwrap();
        let names = text.lines().filter_map(|line| line.split_once('(')).map(|(name, _)| name);
        let names = names.filter(|name| {
            name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        });
        names
            .map(|name| {
                let count = counts.entry(name).or_insert(0);
                *count += 1;
                (name.to_owned(), *count)
            })
            .collect()
    }
}
