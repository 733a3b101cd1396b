//! The command: `desktop NAME [--url URL] [--store DIRECTORY]`. It opens the window; what is in it is in the library.
#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::process::ExitCode;

use desktop::app::App;
use desktop::session::{Options, Session};

const USAGE: &str = "desktop NAME [--url URL] [--store DIRECTORY]
  NAME       who you are, for example ana
  --url      the Activities server (cargo xtask demo); http://127.0.0.1:4680 if absent
  --store    where what waits is kept; .desktop-NAME if absent";

fn options(mut words: impl Iterator<Item = String>) -> Option<Options> {
    let (mut name, mut url, mut store) = (None, "http://127.0.0.1:4680".to_owned(), None);
    while let Some(word) = words.next() {
        match word.as_str() {
            "--url" => url = words.next()?,
            "--store" => store = Some(PathBuf::from(words.next()?)),
            _ if word.starts_with('-') || name.is_some() => return None,
            _ => name = Some(word),
        }
    }
    let name = name?;
    let store = store.unwrap_or_else(|| format!(".desktop-{name}").into());
    Some(Options { url, name, store })
}

struct Window(App);

impl eframe::App for Window {
    fn update(&mut self, ctx: &egui::Context, _: &mut eframe::Frame) {
        self.0.show(ctx);
    }

    fn on_exit(&mut self, _: Option<&eframe::glow::Context>) {
        self.0.session().end();
    }
}

fn main() -> ExitCode {
    let Some(options) = options(std::env::args().skip(1)) else {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    };
    let title = format!("Activities: {}", options.name);
    let viewport = egui::ViewportBuilder::default().with_inner_size([760.0, 520.0]);
    let native = eframe::NativeOptions { viewport, ..Default::default() };
    let ended = eframe::run_native(
        &title,
        native,
        Box::new(|window| {
            // News come from the client's thread; the window sleeps until there are some.
            let ctx = window.egui_ctx.clone();
            let session = Session::begin(options, move || ctx.request_repaint())?;
            Ok(Box::new(Window(App::new(session))))
        }),
    );
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
