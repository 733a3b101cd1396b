//! Running other programs from the repository's root, and where their output goes. It does not know what they are for.

use std::cell::RefCell;
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::mpsc;

thread_local! {
    /// What this thread has to say, if another one has the terminal.
    static HELD: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// From now on this thread keeps what it and its programs say until [`release`].
pub(crate) fn hold() {
    HELD.with_borrow_mut(|held| *held = Some(String::new()));
}

/// Prints in one piece what was kept.
pub(crate) fn release() {
    HELD.with_borrow_mut(|held| {
        if let Some(text) = held {
            print!("{}", std::mem::take(text));
        }
    });
}

/// Prints it, or keeps it.
pub(crate) fn say(text: &str) {
    HELD.with_borrow_mut(|held| match held {
        Some(held) => held.push_str(text),
        None => print!("{text}"),
    });
}

/// The repository's root.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap_or(Path::new(".")).to_owned()
}

/// Where cargo puts what it builds.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), |dir| root().join(dir))
}

/// A program to be run from the root.
pub(crate) fn command<A: AsRef<OsStr>>(program: &str, args: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(program);
    command.args(args).current_dir(root());
    command
}

/// Cargo, the same one that runs this task.
pub(crate) fn cargo<A: AsRef<OsStr>>(args: impl IntoIterator<Item = A>) -> Command {
    let program = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    command(&program, args)
}

/// Whether a program of this name is in the path.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|file| file.is_file())
}

fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}

/// Runs it with its output on the terminal; anything but success is an error.
pub(crate) fn execute(mut command: Command) -> Result<(), String> {
    let shown = line(&command);
    if HELD.with_borrow(Option::is_some) {
        let success = watch(command)?.success;
        return if success { Ok(()) } else { Err(format!("`{shown}` failed; its output is above")) };
    }
    println!("    $ {shown}");
    let status = command.status().map_err(|error| format!("`{shown}` could not be started: {error}"))?;
    if status.success() { Ok(()) } else { Err(format!("`{shown}` failed ({status}); its output is above")) }
}

/// Runs it and returns what it wrote to standard output; anything but success is an error with what it complained about.
pub(crate) fn capture(mut command: Command) -> Result<String, String> {
    let shown = line(&command);
    let output = command.output().map_err(|error| format!("`{shown}` could not be started: {error}"))?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    } else {
        let complaint = String::from_utf8_lossy(&output.stderr);
        Err(format!("`{shown}` failed ({}):\n{}", output.status, complaint.trim_end()))
    }
}

/// What a program that was watched did.
pub(crate) struct Watched {
    /// It ended with success.
    pub(crate) success: bool,
    /// All that it wrote, standard output and errors as they came.
    pub(crate) output: String,
}

/// Runs it with its output on the terminal, and keeps that output.
pub(crate) fn watch(mut command: Command) -> Result<Watched, String> {
    let shown = line(&command);
    say(&format!("    $ {shown}\n"));
    let failed = |error: std::io::Error| format!("`{shown}` could not be run: {error}");
    let mut child = command
        .env("CARGO_TERM_COLOR", "never")
        .env("NO_COLOR", "1")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let (sender, receiver) = mpsc::channel();
    let pipes: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
        child.stderr.take().map(|pipe| Box::new(pipe) as Box<dyn Read + Send>),
    ];
    for pipe in pipes.into_iter().flatten() {
        let sender = sender.clone();
        std::thread::spawn(move || {
            let mut reader = BufReader::new(pipe);
            let mut bytes = Vec::new();
            while matches!(reader.read_until(b'\n', &mut bytes), Ok(1..)) {
                if sender.send(String::from_utf8_lossy(&bytes).into_owned()).is_err() {
                    break;
                }
                bytes.clear();
            }
        });
    }
    drop(sender);
    let mut output = String::new();
    for text in receiver {
        say(&text);
        output.push_str(&text);
    }
    let _ = std::io::stdout().flush();
    let status = child.wait().map_err(failed)?;
    Ok(Watched { success: status.success(), output })
}
