//! What is measured, of whom, and how much of it.

use crate::bench::option;

/// How much is measured.
pub(super) struct Sizes {
    pub(super) rounds: u32,
    /// After so many no measure is begun any more.
    pub(super) minutes: u32,
    seconds: u32,
    members: u32,
    events: u32,
    idle: u32,
    hello: u32,
    flood: u32,
    clients: u32,
}

impl Sizes {
    pub(super) fn asked() -> Result<Sizes, String> {
        let small = std::env::args().any(|argument| argument == "--small");
        let number = |name: &str, normal: u32, small_one: u32| {
            option(name).map_or(Ok(if small { small_one } else { normal }), |text| {
                text.parse().map_err(|_| format!("{name} NUMBER"))
            })
        };
        Ok(Sizes {
            rounds: number("--rounds", 3, 1)?,
            minutes: number("--minutes", 60, 60)?,
            seconds: number("--seconds", 3, 1)?,
            members: number("--members", 1_000, 50)?,
            events: number("--events", 200, 40)?,
            idle: number("--idle", 4_000, 200)?,
            hello: number("--hello", 100_000, 1_000)?,
            flood: number("--flood", 20_000, 1_000)?,
            clients: number("--clients", 10_000, 200)?,
        })
    }
}

/// What a round has at hand.
pub(super) struct Places {
    pub(super) program: String,
    /// An empty folder.
    pub(super) data: String,
    pub(super) postgres: String,
}

/// One measure of one server.
pub(super) struct Job {
    pub(super) name: &'static str,
    pub(super) who: &'static str,
    pub(super) serve: Vec<String>,
    pub(super) load: Vec<String>,
    pub(super) env: Option<(&'static str, &'static str)>,
    /// In the first round only.
    pub(super) once: bool,
}

/// Losing one costs `hello` a wait, so of servers that may lose events fewer are asked.
const FEWER: u32 = 10_000;
/// Seconds in which the links of all are cut every 15 s.
const CUTS: u32 = 46;

pub(super) const OURS: &str = "tidewire";
pub(super) const PEER: &str = "socketioxide";
pub(super) const NODE: &str = "socket.io";

/// All of a round, one server after another for each measure.
pub(super) fn all(sizes: &Sizes, places: &Places) -> Vec<Job> {
    let Sizes { seconds, members, events, idle, hello, flood, clients, .. } = sizes;
    let (program, data) = (&places.program, &places.data);
    let words = |text: String| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let serve = |who: &str| match who {
        OURS => words(format!("{program} serve ours")),
        PEER => words(format!("{program} serve socketioxide")),
        _ => words("node benches/server/node.mjs".to_owned()),
    };
    let store = words(format!("{program} serve store {data}/bench.sqlite"));
    let mut jobs = Vec::new();
    for (name, load, once) in [
        ("one", format!("ack AT 1 1 {seconds} PID"), false),
        ("w1", format!("ack AT 32 1 {seconds} PID"), false),
        ("w16", format!("ack AT 32 16 {seconds} PID"), false),
        ("cast", format!("cast AT {members} {events} PID"), false),
        ("idle", format!("idle AT {idle} PID"), true),
    ] {
        for who in [OURS, PEER, NODE] {
            jobs.push(Job { name, who, serve: serve(who), load: words(load.clone()), env: None, once });
        }
    }
    let deflate = words(format!("idle-deflated AT {idle} PID"));
    let deflated = words(format!("{program} serve deflated"));
    for (who, serve) in [(OURS, deflated), (NODE, serve(NODE))] {
        let env = Some(("DEFLATE", "1"));
        jobs.push(Job { name: "deflated", who, serve, load: deflate.clone(), env, once: true });
    }
    for who in [OURS, PEER, NODE] {
        let count = if who == OURS { *hello } else { *hello.min(&FEWER) };
        let load = words(format!("hello AT {count}"));
        jobs.push(Job { name: "hello", who, serve: serve(who), load, env: None, once: true });
    }
    for who in [OURS, PEER, NODE] {
        let serve = if who == OURS { words(format!("{program} serve defaults")) } else { serve(who) };
        jobs.push(Job {
            name: "flood",
            who,
            serve,
            load: words(format!("flood AT {flood}")),
            env: None,
            once: false,
        });
    }
    let env = Some(("RECOVERY", "1"));
    for who in [OURS, PEER, NODE] {
        let (serve, kind) = if who == OURS { (store.clone(), "ours") } else { (serve(who), "others") };
        let load = words(format!("cuts AT {kind} {clients} {CUTS}"));
        jobs.push(Job { name: "cuts", who, serve: serve.clone(), load, env, once: true });
        let load = words(format!("restart {kind} {clients} {} PORT", serve.join(" ")));
        jobs.push(Job { name: "restart", who, serve: Vec::new(), load, env, once: true });
    }
    let postgres = words(format!("{program} serve store {}", places.postgres));
    for (name, connections) in [("write1", 1), ("write32", 32)] {
        for (who, path, serve) in [
            ("plain", "/plain", &store),
            ("SQLite", "/durable", &store),
            ("PostgreSQL", "/durable", &postgres),
        ] {
            let load = words(format!("writes AT {path} {connections} {seconds} PID"));
            jobs.push(Job { name, who, serve: serve.clone(), load, env: None, once: false });
        }
    }
    for form in ["raw", "deflated", "msgpack", "deflated-msgpack", "polled"] {
        let load = words(format!("feed AT {form}"));
        jobs.push(Job { name: "feed", who: form, serve: store.clone(), load, env: None, once: true });
    }
    jobs
}
