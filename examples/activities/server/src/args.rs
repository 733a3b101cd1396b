//! The command line. Knows nothing of the app.

use std::path::PathBuf;

const USAGE: &str = "usage: activities-server [--port PORT] [--data DIR] [--web DIR]
  --port  where to listen on 127.0.0.1; 0 for any free port (default 4680)
  --data  directory of the database and the token secret (default ./activities-data)
  --web   directory of the built web app, served at /";

/// What was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Args {
    pub(crate) port: u16,
    pub(crate) data: PathBuf,
    pub(crate) web: Option<PathBuf>,
}

impl Args {
    /// Reads the arguments after the program's name; the error is what to print.
    pub(crate) fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut args = Self { port: 4680, data: PathBuf::from("activities-data"), web: None };
        let mut arguments = arguments.into_iter();
        while let Some(flag) = arguments.next() {
            let mut value = || arguments.next().ok_or_else(|| format!("{flag} needs a value\n{USAGE}"));
            match flag.as_str() {
                "--port" => {
                    let port = value()?;
                    args.port = port
                        .parse()
                        .map_err(|_| format!("{port} is no port: give a number from 0 to 65535\n{USAGE}"))?;
                }
                "--data" => args.data = PathBuf::from(value()?),
                "--web" => args.web = Some(PathBuf::from(value()?)),
                _ => return Err(format!("{flag} is not known\n{USAGE}")),
            }
        }
        Ok(args)
    }
}
