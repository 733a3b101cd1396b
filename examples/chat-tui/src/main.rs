//! The command: `chat-tui NAME [ACTIVITY] [--url URL] [--store DIRECTORY]`. It reads keys; the rest is in the library.
#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;

use chat_tui::chat::{Chat, Fact};
use chat_tui::session::{Facts, Failure, Options, Session};
use chat_tui::ui;
use crossterm::event::{Event, EventStream, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use futures_util::{FutureExt, StreamExt};
use ratatui::DefaultTerminal;

const USAGE: &str = "chat-tui NAME [ACTIVITY] [--url URL] [--store DIRECTORY]
  NAME       who you are, for example ana
  ACTIVITY   whose chat it is; lake-swim if absent
  --url      the Activities server (cargo xtask demo); http://127.0.0.1:4680 if absent
  --store    where what waits is kept; .chat-NAME if absent";

fn options(mut words: impl Iterator<Item = String>) -> Option<Options> {
    let (mut plain, mut url, mut store) = (Vec::new(), "http://127.0.0.1:4680".to_owned(), None);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--url" => url = words.next()?,
            "--store" => store = Some(PathBuf::from(words.next()?)),
            _ if word.starts_with('-') => return None,
            _ => plain.push(word),
        }
    }
    let mut plain = plain.into_iter();
    let name = plain.next()?;
    let activity = plain.next().unwrap_or_else(|| "lake-swim".into());
    let store = store.unwrap_or_else(|| format!(".chat-{name}").into());
    plain.next().is_none().then_some(Options { url, name, activity, store })
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(options) = options(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    match chat(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chat-tui: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn chat(options: Options) -> Result<(), Failure> {
    let chat = Chat::new(&options.name);
    let (session, facts) = Session::begin(options).await?;
    let mut terminal = ratatui::init();
    let result = run(&mut terminal, chat, &session, facts).await;
    ratatui::restore();
    session.end().await;
    result
}

async fn run(
    terminal: &mut DefaultTerminal,
    mut chat: Chat,
    session: &Session,
    mut facts: Facts<Fact>,
) -> Result<(), Failure> {
    let mut keys = EventStream::new();
    loop {
        terminal.draw(|frame| ui::draw(frame, &chat))?;
        tokio::select! {
            fact = facts.recv() => match fact {
                Some(fact) => chat.take(fact),
                None => return Ok(()),
            },
            event = keys.next() => if over(event, &mut chat, session).await? {
                return Ok(());
            },
        }
        // Whatever else is there is drawn with it: a text that was pasted is one frame, not one for each letter.
        while let Ok(fact) = facts.try_recv() {
            chat.take(fact);
        }
        while let Some(event) = keys.next().now_or_never() {
            if over(event, &mut chat, session).await? {
                return Ok(());
            }
        }
    }
}

/// Takes in what the terminal says. True: it is over.
async fn over(
    event: Option<std::io::Result<Event>>,
    chat: &mut Chat,
    session: &Session,
) -> Result<bool, Failure> {
    match event.transpose()? {
        Some(Event::Key(key)) if key.kind == KeyEventKind::Press => Ok(press(key, chat, session).await),
        Some(_) => Ok(false), // another size: drawn anew
        None => Ok(true),
    }
}

/// True: it is over.
async fn press(key: KeyEvent, chat: &mut Chat, session: &Session) -> bool {
    chat.trouble = None;
    let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
    let refused = chat.refused().map(|refused| refused.write.clone());
    let done = match (key.code, refused) {
        (KeyCode::Esc, _) => return true,
        (KeyCode::Char('c'), _) if ctrl => return true,
        (KeyCode::Char('r'), Some(write)) if ctrl => session.retry(&write).await,
        (KeyCode::Char('x'), Some(write)) if ctrl => session.give_up(&write).await,
        (KeyCode::Char(_), _) if ctrl => Ok(()),
        (KeyCode::Char(ch), _) => {
            chat.input.push(ch);
            Ok(())
        }
        (KeyCode::Backspace, _) => {
            chat.input.pop();
            Ok(())
        }
        (KeyCode::Enter, _) if !chat.input.trim().is_empty() => {
            let said = session.say(&chat.input).await;
            if said.is_ok() {
                chat.input.clear();
            }
            said
        }
        _ => Ok(()),
    };
    if let Err(error) = done {
        chat.take(Fact::Trouble(error.to_string()));
    }
    false
}
