//! Settings from flags, the environment and a file, and what is said of wrong ones (V10).
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use tidewire_server::front::Rate;
use tidewire_server::settings::{LogFormat, Settings};
use tidewire_server::store::Place;

fn read(flags: &[&str], environment: &[(&str, &str)]) -> Result<Settings, String> {
    let flags = flags.iter().map(|flag| (*flag).to_owned());
    let environment = environment.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned()));
    Settings::read(flags, environment, &["web"])
        .map(|(settings, _)| settings)
        .map_err(|error| error.to_string())
}

fn file(text: &str) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), text).unwrap();
    file
}

#[test]
fn v10_a_flag_counts_before_the_environment_and_that_before_the_file() {
    let file = file(
        "listen = \"0.0.0.0:1\"\nproxies = 1\nhead-time = \"5s\"\ndeflate = true\norigins = [\"https://a.example\", \"https://b.example\"]\n",
    );
    let path = file.path().to_str().unwrap();
    let environment = [
        ("TIDEWIRE_CONFIG", path),
        ("TIDEWIRE_LISTEN", "0.0.0.0:2"),
        ("TIDEWIRE_PROXIES", "2"),
        ("PATH", "x"),
    ];
    let settings = read(&["--listen", "[::]:3", "--requests-per-person=5/50"], &environment).unwrap();
    assert_eq!(settings.listen.to_string(), "[::]:3");
    assert_eq!((settings.doors.proxies, settings.doors.head_time), (2, Duration::from_secs(5)));
    assert_eq!(settings.requests_per_person, Rate { per_second: 5, burst: 50 });
    assert_eq!(settings.origins, ["https://a.example", "https://b.example"]);
    assert!(settings.deflate && !Settings::default().deflate);
    assert_eq!(settings.log_format, LogFormat::Text, "the default");
}

#[test]
fn v10_every_mistake_is_told_at_once_with_its_setting_its_place_and_what_would_be_right() {
    let file = file("lisen = \"x\"\nconnections = 0\ndrain-spread = 1.5\ndeflate = 1\n");
    let path = file.path().to_str().unwrap();
    let environment =
        [("TIDEWIRE_MESSAGES_PER_PERSON", "many"), ("TIDEWIRE_ORIGINS", "https://a.example/, *")];
    let flags =
        ["--config", path, "--proxies", "99", "--log", "loud", "--jwt-issuer", "us", "stray", "--head-time"];
    let told = read(&flags, &environment).unwrap_err();
    let place = format!("in {path}");
    for wanted in [
        "messages-per-person (in the environment, TIDEWIRE_MESSAGES_PER_PERSON): give so many a second and so many at once, like 100/1000",
        "origins (in the environment, TIDEWIRE_ORIGINS): \"https://a.example/\" is no origin: write it like https://app.example or http://localhost:5173",
        "proxies (as a flag): give a number from 0 to 16",
        "log (as a flag): give error, warn, info, debug or trace",
        "stray (as a flag): a setting begins with two dashes",
        "head-time (as a flag): it needs a value",
        "jwt-keys (not given): jwt-keys, jwt-issuer and jwt-audience come together",
        &format!("lisen ({place}): there is no such setting"),
        &format!("connections ({place}): give a number from 1"),
        &format!("drain-spread ({place}): give a text, a number, true or false, or a list of texts"),
        &format!("deflate ({place}): give true or false"),
    ] {
        assert!(told.lines().any(|line| line.trim() == wanted), "{wanted}\nis not in\n{told}");
    }
}

#[test]
fn v10_names_that_are_nearly_right_are_recognised() {
    let told = read(&["--connection", "1"], &[]).unwrap_err();
    assert!(
        told.contains("connection (as a flag): there is no such setting: do you mean connections?"),
        "{told}"
    );
    let told = read(&[], &[("TIDEWIRE_ORIGIN", "https://a.example"), ("TIDEWIRE_BIN", "/bin")]).unwrap_err();
    assert!(told.contains("do you mean origins?") && !told.contains("bin"), "{told}");
    let told = read(&["--log", "info", "--log", "warn"], &[]).unwrap_err();
    assert!(told.contains("log (as a flag): it is given twice"), "{told}");
}

#[test]
fn v10_a_secret_is_no_flag_and_is_never_shown() {
    let key = "0123456789abcdef-secret";
    let told = read(&["--server-key", key], &[]).unwrap_err();
    assert!(told.contains("server-key (as a flag)") && !told.contains(key), "{told}");
    let short = read(&[], &[("TIDEWIRE_SERVER_KEY", "s3cret")]).unwrap_err();
    assert!(short.contains("at least 16 bytes") && !short.contains("s3cret"), "{short}");
    let broken = file("server-key = \"s3cret\nlisten = 1");
    let told = read(&["--config", broken.path().to_str().unwrap()], &[]).unwrap_err();
    assert!(told.contains("is no TOML") && told.contains("line 1") && !told.contains("s3cret"), "{told}");
    let settings = read(&[], &[("TIDEWIRE_SERVER_KEY", key)]).unwrap();
    assert!(settings.server_key.is_some() && !format!("{settings:?}").contains("secret"));
}

#[test]
fn v10_what_the_app_adds_is_handed_back() {
    let flags = ["--web", "dist"].map(str::to_owned);
    let (_, extra) = Settings::read(flags, [], &["web", "port"]).unwrap();
    assert_eq!((extra.get("web"), extra.get("port")), (Some("dist"), None));
    let (_, extra) = Settings::read(["--port=x".to_owned()], [], &["port"]).unwrap();
    let told = extra.parse::<u16>("port", "give a number").unwrap_err().to_string();
    assert_eq!(told, "port (as a flag): give a number");
}

#[test]
fn v10_the_file_in_the_documentation_is_right() {
    let page = include_str!("../../../docs/server/configure.md");
    let toml = page.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let file = file(toml);
    let settings = read(&["--config", file.path().to_str().unwrap()], &[]).unwrap();
    assert_eq!(settings.listen.to_string(), "0.0.0.0:4680");
    assert_eq!((settings.doors.proxies, settings.log_format), (1, LogFormat::Json));
}

#[test]
fn v7_v10_a_database_is_a_url_that_is_no_flag_and_is_never_shown() {
    let url = "postgres://app:hush@db.internal/notes";
    let settings = read(&["--data", "here"], &[("TIDEWIRE_DATABASE", url)]).unwrap();
    assert_eq!(settings.place("notes.sqlite"), Place::Postgres(url.to_owned()));
    assert!(!format!("{settings:?} {:?}", settings.database).contains("hush"));
    let settings = read(&["--data", "here"], &[]).unwrap();
    assert_eq!(settings.place("notes.sqlite"), Place::File("here/notes.sqlite".into()));
    let told = read(&["--database", url], &[]).unwrap_err();
    assert!(told.contains("database (as a flag): others can see flags") && !told.contains("hush"), "{told}");
    let told = read(&[], &[("TIDEWIRE_DATABASE", "mysql://app:hush@db/notes")]).unwrap_err();
    assert!(told.contains("give a URL like postgres://") && !told.contains("hush"), "{told}");
}
