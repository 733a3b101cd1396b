//! Makes the TypeScript types of request bodies, answers and events from the Rust ones (A6), and checks that the committed
//! file is current. Only compiled for tests.
#![allow(clippy::unwrap_used)]

use std::fmt::Write as _;
use std::path::Path;

use ts_rs::{Config, TS};

use crate::activities::{EditActivity, NewActivity};
use crate::login::{Login, SignedIn};
use crate::messages::NewMessage;
use crate::model::{
    Activity, Cheers, Deleted, Liking, Message, MessageRead, Participation, Person, Presence,
    PresenceSnapshot, Typing, ViewedActivity,
};

const FILE: &str = "../shared/src/generated/server.ts";

fn generate() -> String {
    let config = Config::default();
    let mut out = String::from(
        "// Made from the Rust types of the server. Do not edit; after a change there run\n\
         // UPDATE_EXPECT=1 cargo test -p activities-server typescript\n\n",
    );
    let mut add = |declaration: String| {
        let _ = writeln!(out, "export {}\n", laid_out(&declaration));
    };
    // What a client sends.
    add(Login::decl(&config));
    add(NewActivity::decl(&config));
    add(EditActivity::decl(&config));
    add(NewMessage::decl(&config));
    // What the server answers and tells.
    add(Person::decl(&config));
    add(SignedIn::decl(&config));
    add(Activity::decl(&config));
    add(ViewedActivity::decl(&config));
    add(Message::decl(&config));
    add(Cheers::decl(&config));
    add(Deleted::decl(&config));
    add(Participation::decl(&config));
    add(Liking::decl(&config));
    add(MessageRead::decl(&config));
    add(Presence::decl(&config));
    add(PresenceSnapshot::decl(&config));
    add(Typing::decl(&config));
    out.push_str(
        "/** Every event that the server sends, with its payload. */\nexport interface ServerEvents {\n",
    );
    for (name, payload) in crate::events::table(&config) {
        let _ = writeln!(out, "  '{name}': {payload};");
    }
    out.push_str("}\n");
    out
}

/// A field a line, each with its comment before it.
fn laid_out(declaration: &str) -> String {
    if !declaration.contains('\n') {
        return declaration.replace(", };", " };");
    }
    declaration
        .replace("{ \n", "{\n")
        .replace("\n/**\n * ", "\n  /** ")
        .replace("\n */\n", " */\n  ")
        .replace(", \n", ";\n")
        .replace(", };", ";\n};")
}

#[test]
fn a6_typescript_types_are_those_of_the_server() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(FILE);
    let wanted = generate();
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == wanted,
        "{FILE} is not current: run UPDATE_EXPECT=1 cargo test -p activities-server typescript"
    );
}
