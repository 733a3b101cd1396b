//! The chat on a screen in memory, against the real server and through a proxy that is a tunnel (Q1, Q4, Q7, Q9, Q13, Q18, Y2, C2).
#![allow(clippy::unwrap_used, reason = "a test may end here")]

use std::path::Path;

use chat_tui::chat::{Chat, Fact};
use chat_tui::session::{Facts, Options, Session};
use chat_tui::ui;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};
use tidewire_test_server::{Mode, Proxy, Server, soon};

struct World {
    server: Server,
    proxy: Proxy,
    activity: String,
    ben: String,
    store: TempDir,
    _data: TempDir,
}

impl World {
    async fn new() -> World {
        let data = tempdir().unwrap();
        let server = Server::start(data.path()).await;
        let proxy = Proxy::start(server.port).await;
        let ben = server.token("ben").await;
        let activity = server.create(&ben, "Night walk").await["id"].as_str().unwrap().to_owned();
        let join = format!("/api/activities/{activity}/participants");
        server.send("POST", &join, Some(&ben), None).await;
        World { server, proxy, activity, ben, store: tempdir().unwrap(), _data: data }
    }

    fn messages(&self) -> String {
        format!("/api/activities/{}/messages", self.activity)
    }

    async fn ben_says(&self, text: &str) {
        self.server.send("POST", &self.messages(), Some(&self.ben), Some(json!({ "text": text }))).await;
    }

    /// What the server has, oldest first.
    async fn texts(&self) -> Vec<String> {
        let all = self.server.send("GET", &self.messages(), Some(&self.ben), None).await;
        let text = |message: &Value| message["text"].as_str().unwrap().to_owned();
        all.as_array().unwrap().iter().rev().map(text).collect()
    }
}

/// Ana's terminal.
struct Screen {
    session: Session,
    facts: Facts<Fact>,
    chat: Chat,
    terminal: Terminal<TestBackend>,
}

impl Screen {
    async fn open(world: &World, store: &Path) -> Screen {
        let options = Options {
            url: world.proxy.url(),
            name: "ana".into(),
            activity: world.activity.clone(),
            store: store.to_owned(),
        };
        let (session, facts) = Session::begin(options).await.unwrap();
        let terminal = Terminal::new(TestBackend::new(60, 12)).unwrap();
        Screen { session, facts, chat: Chat::new("ana"), terminal }
    }

    fn lines(&mut self) -> Vec<String> {
        self.terminal.draw(|frame| ui::draw(frame, &self.chat)).unwrap();
        let buffer = self.terminal.backend().buffer();
        let width = usize::from(buffer.area.width);
        let line = |row: &[ratatui::buffer::Cell]| row.iter().map(|cell| cell.symbol()).collect::<String>();
        buffer.content.chunks(width).map(|row| line(row).trim_end().to_owned()).collect()
    }

    /// Takes in facts until a line of the screen holds this, and returns that line.
    async fn shows(&mut self, part: &str) -> String {
        loop {
            let lines = self.lines();
            if let Some(line) = lines.iter().find(|line| line.contains(part)) {
                return line.clone();
            }
            let what = format!("{part:?} on the screen:\n{}", lines.join("\n"));
            let fact = soon(&what, self.facts.recv()).await.expect("the session goes on");
            self.chat.take(fact);
        }
    }

    /// How often it stands there.
    fn count(&mut self, part: &str) -> usize {
        self.lines().iter().filter(|line| line.contains(part)).count()
    }
}

#[tokio::test]
async fn q4_q18_what_is_said_in_a_tunnel_shows_at_once_survives_a_restart_there_and_arrives_once() {
    let world = World::new().await;
    world.ben_says("who is coming?").await;
    let mut ana = Screen::open(&world, world.store.path()).await;
    ana.shows("● Night walk  connected").await;
    assert_eq!(ana.shows("who is coming?").await.trim(), "ben who is coming?");

    world.proxy.set(Mode::Refuse);
    ana.shows("○ Night walk").await;
    ana.session.say("me!").await.unwrap();
    assert!(ana.shows("me!").await.trim().starts_with("ana me! "));
    ana.shows("me! ⏳").await;
    ana.shows("1 wait").await;
    world.ben_says("bring a lamp").await;
    ana.session.end().await;

    // A new process would find no more than this one: the directory.
    let mut ana = Screen::open(&world, world.store.path()).await;
    ana.shows("me! ⏳").await;
    ana.shows("ben who is coming?").await; // what was said before stands there before any network
    assert_eq!(world.texts().await, ["who is coming?", "bring a lamp"]);

    world.proxy.set(Mode::Pass);
    ana.shows("bring a lamp").await;
    assert_eq!(ana.shows("me! ✓").await.trim(), "ana me! ✓");
    assert_eq!(ana.count("me!"), 1);
    assert_eq!(world.texts().await, ["who is coming?", "bring a lamp", "me!"]);
}

#[tokio::test]
async fn q9_an_answer_that_is_lost_doubles_nothing_on_the_screen_or_on_the_server() {
    let world = World::new().await;
    let mut ana = Screen::open(&world, world.store.path()).await;
    ana.shows("Nobody has said anything yet.").await;
    world.proxy.set(Mode::LoseAnswers);
    ana.session.say("hello?").await.unwrap();
    ana.shows("hello?").await;
    world.proxy.lost().await;
    world.proxy.set(Mode::Pass);
    ana.shows("hello? ✓").await;
    let all = world.server.send("GET", &world.messages(), Some(&world.ben), None).await;
    let read = format!("/api/messages/{}/read", all[0]["id"].as_str().unwrap());
    world.server.send("POST", &read, Some(&world.ben), None).await;
    ana.shows("hello? ✓✓").await;
    world.ben_says("hello!").await;
    ana.shows("hello!").await;
    assert_eq!((ana.count("hello?"), world.texts().await), (1, vec!["hello?".to_owned(), "hello!".into()]));
}

#[tokio::test]
async fn q13_what_the_server_refuses_stands_there_with_its_reason_until_it_is_given_up() {
    let world = World::new().await;
    let mut ana = Screen::open(&world, world.store.path()).await;
    ana.shows("connected").await;
    ana.session.say(&"too long ".repeat(1_000)).await.unwrap();
    ana.shows("not sent: a message has 1 to 4000").await;
    ana.shows("Ctrl-X gives it up").await;
    let refused = ana.chat.refused().unwrap().write.clone();
    ana.session.give_up(&refused).await.unwrap();
    ana.shows("Nobody has said anything yet.").await;
    while ana.count("too long") > 0 {
        let fact = soon("its end", ana.facts.recv()).await.unwrap();
        ana.chat.take(fact);
    }
    assert!(world.texts().await.is_empty());
}
