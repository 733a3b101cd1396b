//! The command: `uploader DIRECTORY [--url URL] [--user NAME] [--store DIRECTORY] [--watch]`. What it does is in `upload`.
#![forbid(unsafe_code)]
#![allow(clippy::print_stdout, reason = "a program for a terminal")]

mod upload;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use tidewire::Client;
use tidewire::store::FileStore;

/// How often a watched directory is looked at.
const LOOK: Duration = Duration::from_secs(2);

struct Options {
    directory: PathBuf,
    url: String,
    user: String,
    store: PathBuf,
    watch: bool,
}

impl Options {
    fn read(mut words: impl Iterator<Item = String>) -> Option<Options> {
        let mut options = Options {
            directory: PathBuf::new(),
            url: "http://127.0.0.1:4691".into(),
            user: "me".into(),
            store: ".uploader".into(),
            watch: false,
        };
        while let Some(word) = words.next() {
            match word.as_str() {
                "--url" => options.url = words.next()?,
                "--user" => options.user = words.next()?,
                "--store" => options.store = words.next()?.into(),
                "--watch" => options.watch = true,
                _ if word.starts_with('-') || !options.directory.as_os_str().is_empty() => return None,
                _ => options.directory = word.into(),
            }
        }
        (!options.directory.as_os_str().is_empty()).then_some(options)
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(options) = Options::read(std::env::args().skip(1)) else {
        eprintln!("uploader DIRECTORY [--url URL] [--user NAME] [--store DIRECTORY] [--watch]");
        return ExitCode::from(2);
    };
    match upload(options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("uploader: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn upload(options: Options) -> Result<(), Box<dyn Error>> {
    let client = Client::builder(&options.url)
        .user(&options.user)
        // This server believes everybody; a real one gets a real token here.
        .token(options.user.clone())
        .store(FileStore::open(&options.store)?)
        .on_notice(|notice| eprintln!("uploader: {notice}"))
        .build()?;
    drop(client.connect()); // it stays wanted, through every loss

    let work = async {
        loop {
            let refused = upload::all(&client, &options.directory).await?;
            if refused > 0 {
                eprintln!("uploader: the server refused {refused} parts; they are kept");
            }
            if !options.watch {
                println!("done");
                return Ok(());
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    let result = tokio::select! {
        result = work => result,
        stopped = tokio::signal::ctrl_c() => stopped.map_err(Into::into),
    };
    // What was not sent stays in the store; the next start goes on with it.
    client.shutdown().await;
    result
}
