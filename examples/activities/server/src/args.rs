//! The command line. Knows nothing of the app.

use std::path::PathBuf;

use tidewire_server::settings::Settings;

/// What was asked for.
pub(crate) enum Command {
    /// Serve.
    Serve {
        /// With these settings.
        settings: Box<Settings>,
        /// The built web app, served at `/`.
        web: Option<PathBuf>,
    },
    /// Give the rooms of a restored database new histories.
    BeginEpoch {
        /// Where it is.
        settings: Box<Settings>,
    },
}

impl Command {
    /// Reads the arguments after the program's name, and the environment; the error is what to print.
    pub(crate) fn read(
        arguments: impl IntoIterator<Item = String>,
        environment: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, String> {
        let mut arguments: Vec<String> = arguments.into_iter().collect();
        if arguments.iter().any(|argument| argument == "--help") {
            return Err(usage());
        }
        let begins_epoch = arguments.first().is_some_and(|first| first == "begin-epoch");
        if begins_epoch {
            arguments.remove(0);
        }
        let given = |flag: &str| {
            arguments.iter().any(|argument| argument == flag || argument.starts_with(&format!("{flag}=")))
        };
        let data = given("--data");
        let (mut settings, extra) = Settings::read(arguments, environment, &["port", "web"])
            .map_err(|error| format!("{error}\n\n{}", usage()))?;
        let port = extra
            .parse("port", "give a port, a number from 0 to 65535")
            .map_err(|error| format!("{error}\n\n{}", usage()))?;
        if let Some(port) = port {
            settings.listen.set_port(port);
        }
        if !data && settings.data == Settings::default().data {
            settings.data = PathBuf::from("activities-data");
        }
        if begins_epoch {
            return Ok(Command::BeginEpoch { settings: Box::new(settings) });
        }
        Ok(Command::Serve { settings: Box::new(settings), web: extra.get("web").map(PathBuf::from) })
    }
}

fn usage() -> String {
    let ours = "  --port                     where to listen, 0 for any free port (default 4680)\n  \
        --web                      directory of the built web app, served at /\n";
    format!(
        "usage: activities-server [settings]\n       activities-server begin-epoch [--data DIR]   after a backup was restored\n{}{ours}",
        Settings::usage()
    )
}
