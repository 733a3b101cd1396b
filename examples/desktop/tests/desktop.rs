//! The window's content without a window, against the real server and through a proxy that is a tunnel; killed with -9 in it (A2, Q1, Q2,
//! Q6, Q7, Q8, Q9, Q13, Q16, Q18).
#![allow(clippy::unwrap_used, reason = "a test may end here")]
#![allow(clippy::print_stdout, reason = "a life tells on stdout how far it has come")]

use std::process::Stdio;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use desktop::app::App;
use desktop::session::{Options, Session};
use egui_kittest::Harness;
use egui_kittest::kittest::{NodeT, Queryable};
use serde_json::Value;
use tempfile::{TempDir, tempdir};
use tidewire::WriteStage;
use tidewire_test_server::{Mode, Process, Proxy, Server};
use tokio::runtime::Runtime;

/// Address and directory of a life that is to be killed.
const LIFE: &str = "DESKTOP_LIFE";

/// The server and the way to it. Its runtime is not the window's.
struct World {
    runtime: Runtime,
    server: Server,
    proxy: Proxy,
    ben: String,
    store: TempDir,
    _data: TempDir,
}

impl World {
    fn new() -> World {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let data = tempdir().unwrap();
        let (server, proxy, ben) = runtime.block_on(async {
            let server = Server::start(data.path()).await;
            let (proxy, ben) = (Proxy::start(server.port).await, server.token("ben").await);
            (server, proxy, ben)
        });
        World { runtime, server, proxy, ben, store: tempdir().unwrap(), _data: data }
    }

    fn options(&self) -> Options {
        Options { url: self.proxy.url(), name: "ana".into(), store: self.store.path().to_owned() }
    }

    fn ben(&self, method: &str, path: &str) -> Value {
        self.runtime.block_on(self.server.send(method, path, Some(&self.ben), None))
    }

    /// Title and likes of all activities with this beginning, as the server has them.
    fn there(&self, beginning: &str) -> Vec<(String, u64)> {
        let all = self.ben("GET", "/api/activities");
        let of = |it: &Value| (it["title"].as_str().unwrap().to_owned(), it["likeCount"].as_u64().unwrap());
        let found = all.as_array().unwrap().iter().map(of);
        found.filter(|(title, _)| title.starts_with(beginning)).collect()
    }
}

/// Ana's window.
struct Window {
    harness: Harness<'static, App>,
    woken: Receiver<()>,
}

impl Window {
    fn open(options: Options) -> Window {
        assert!(tokio::runtime::Handle::try_current().is_err(), "a window's thread has no runtime");
        let (wake, woken) = channel();
        let session = Session::begin(options, move || _ = wake.send(())).unwrap();
        let app = App::new(session);
        let harness =
            Harness::builder().with_size([760.0, 520.0]).build_state(|ctx, app| App::show(app, ctx), app);
        Window { harness, woken }
    }

    /// Draws at each news until it is as wanted.
    fn until(&mut self, what: &str, wanted: impl Fn(&Harness<'static, App>) -> bool) {
        let end = Instant::now() + Duration::from_secs(60);
        loop {
            self.harness.run();
            if wanted(&self.harness) {
                return;
            }
            let news = self.woken.recv_timeout(end.saturating_duration_since(Instant::now()));
            assert!(news.is_ok(), "waited a minute for {what:?} in {:#?}", self.labels());
        }
    }

    /// What a screen reader would say.
    fn labels(&self) -> Vec<String> {
        let nodes = self.harness.root().children_recursive();
        nodes.filter_map(|node| node.accesskit_node().label().or(node.accesskit_node().value())).collect()
    }

    fn shows(&mut self, part: &str) {
        self.until(part, |harness| harness.query_all_by_label_contains(part).next().is_some());
    }

    fn shows_no(&mut self, part: &str) {
        self.until(part, |harness| harness.query_all_by_label_contains(part).next().is_none());
    }

    fn tap(&mut self, label: &str) {
        self.shows(label);
        self.harness.get_by_label(label).click();
        self.harness.run();
    }

    fn write(&mut self, field: &str, text: &str) {
        self.harness.get_by_label(field).focus();
        self.harness.run();
        self.harness.get_by_label(field).type_text(text);
        self.harness.run();
    }

    fn create(&mut self, title: &str) {
        self.write("What would you like to do?", title);
        self.tap("Add");
    }

    /// The whole queue is on the disk.
    fn until_saved(&mut self, count: usize) {
        self.until("all of it saved", |harness| {
            let queue = harness.state().queue();
            queue.len() == count && queue.iter().all(|it| it.stage != WriteStage::Queued)
        });
    }

    fn end(self) {
        self.harness.state().session().end();
    }
}

/// What a life does in the tunnel before it is killed.
fn live(life: &str) {
    let (url, store) = life.split_once(' ').unwrap();
    let mut window = Window::open(Options { url: url.into(), name: "ana".into(), store: store.into() });
    window.create("Night walk");
    window.tap("Like Night walk, 0 likes");
    window.until_saved(2);
    println!("\nsaved");
    loop {
        std::thread::park();
    }
}

#[test]
fn q1_q7_q18_what_is_done_in_a_tunnel_shows_at_once_and_a_kill_there_loses_and_doubles_nothing() {
    if let Ok(life) = std::env::var(LIFE) {
        return live(&life);
    }
    let world = World::new();
    // A first life has seen the list.
    let mut window = Window::open(world.options());
    window.shows("connected");
    window.shows("Like Swim at the lake before work, 0 likes");
    window.end();

    world.proxy.set(Mode::Refuse);
    let this = "q1_q7_q18_what_is_done_in_a_tunnel_shows_at_once_and_a_kill_there_loses_and_doubles_nothing";
    world.runtime.block_on(async {
        let life = format!("{} {}", world.proxy.url(), world.store.path().display());
        let mut command = tokio::process::Command::new(std::env::current_exe().unwrap());
        command.args(["--exact", this, "--nocapture"]).env(LIFE, life).stderr(Stdio::inherit());
        let mut process = Process::start(&mut command);
        process.line_after("saved").await;
        process.kill().await; // -9
    });

    let mut window = Window::open(world.options());
    window.shows("Like Swim at the lake before work"); // before any network
    window.shows("Unlike Night walk, 1 likes");
    window.shows("it is tried again");
    assert_eq!(world.there("Night"), []);

    world.proxy.set(Mode::Pass);
    window.shows("connected");
    window.until("an empty queue", |harness| harness.state().queue().is_empty());
    window.shows("Unlike Night walk, 1 likes");
    assert_eq!(world.there("Night"), [("Night walk".to_owned(), 1)]);
    window.end();
}

#[test]
fn q9_q16_an_answer_that_is_lost_doubles_nothing_and_bens_like_is_seen() {
    let world = World::new();
    let mut window = Window::open(world.options());
    window.shows("connected");
    window.tap("Like Swim at the lake before work, 0 likes");
    window.shows("Unlike Swim at the lake before work, 1 likes");
    world.ben("POST", "/api/activities/lake-swim/like");
    window.shows("Unlike Swim at the lake before work, 2 likes");

    world.proxy.set(Mode::LoseAnswers);
    window.create("Chess in the park");
    world.runtime.block_on(world.proxy.lost());
    world.proxy.set(Mode::Pass);
    window.until("an empty queue", |harness| harness.state().queue().is_empty());
    window.shows("Like Chess in the park");
    assert_eq!(world.there("Chess"), [("Chess in the park".to_owned(), 0)]);
    window.end();
}

#[test]
fn q6_q8_a_like_and_its_opposite_in_a_tunnel_end_as_nothing() {
    let world = World::new();
    let mut window = Window::open(world.options());
    window.shows("Like Swim at the lake before work, 0 likes");
    world.proxy.set(Mode::Refuse);
    window.shows("it is tried again");
    window.tap("Like Swim at the lake before work, 0 likes");
    window.until_saved(1);
    window.tap("Unlike Swim at the lake before work, 1 likes");
    window.shows("Like Swim at the lake before work, 0 likes");
    world.proxy.set(Mode::Pass);
    window.until("an empty queue", |harness| harness.state().queue().is_empty());
    window.shows("Like Swim at the lake before work, 0 likes");
    assert_eq!(world.there("Swim"), [("Swim at the lake before work".to_owned(), 0)]);
    window.end();
}

#[test]
fn q13_what_the_server_refuses_is_tried_again_edited_or_given_up() {
    let world = World::new();
    let mut window = Window::open(world.options());
    window.shows("connected");
    let long = "so long ".repeat(30);

    window.create(&format!("Picnic, {long}"));
    window.shows("Not sent: a title has 1 to 200");
    // In a tunnel, or the second refusal could be there before the window has drawn that there is none.
    world.proxy.set(Mode::Refuse);
    window.tap("Try again");
    window.shows_no("Not sent");
    world.proxy.set(Mode::Pass);
    window.shows("Not sent: a title has 1 to 200");
    window.tap("Edit");
    // What is typed goes behind what is there; so all of it goes first.
    window.harness.get_by_label("Another title").focus();
    window.harness.run();
    window.harness.key_press_modifiers(egui::Modifiers::COMMAND, egui::Key::A);
    window.harness.run();
    window.write("Another title", "Picnic");
    window.tap("Save");
    window.until("an empty queue", |harness| harness.state().queue().is_empty());
    window.shows("Like Picnic, 0 likes");
    assert_eq!(world.there("Picnic"), [("Picnic".to_owned(), 0)]);

    window.tap("Rename Picnic");
    window.write("New title", &long);
    window.tap("Save");
    window.shows("Not sent: a title has 1 to 200");
    window.shows("Like Picnic, 0 likes");
    window.tap("Give up");
    window.shows_no("Not sent");
    assert_eq!(world.there("Picnic"), [("Picnic".to_owned(), 0)]);
    window.end();
}

#[test]
fn q2_a_second_window_on_the_same_store_is_told_so() {
    let world = World::new();
    let first = Window::open(world.options());
    let second = Session::begin(world.options(), || {}).unwrap_err().to_string();
    assert!(second.contains("this process has opened the store"), "{second}");
    first.end();
}
