//! The window's content, drawn anew whenever there is news. It remembers only what is being typed; everything else is the client's.

use std::sync::mpsc::Receiver;

use egui::{
    Align, Button, Color32, Context, Key, Layout, RichText, ScrollArea, TextEdit, Ui, WidgetInfo, WidgetType,
};
use tidewire::{
    ConnectionState, DownReason, ParkReason, QueryState, Status, SubmitError, WriteId, WriteInfo, WriteStage,
    down,
};

use crate::model::Activity;
use crate::session::{News, Session, about, title};

/// The app.
#[derive(Debug)]
pub struct App {
    session: Session,
    news: Receiver<News>,
    activities: Option<QueryState<Vec<Activity>>>,
    queue: Vec<WriteInfo>,
    status: Option<Status>,
    /// The title of an activity that is being made.
    draft: String,
    /// Which activity is being renamed, and to what.
    renaming: Option<(String, String)>,
    /// Which refused write gets another title, and which.
    correcting: Option<(WriteId, String)>,
    trouble: Option<SubmitError>,
}

impl App {
    /// Shows what a session tells.
    #[must_use]
    pub fn new((session, news): (Session, Receiver<News>)) -> App {
        App {
            session,
            news,
            activities: None,
            queue: Vec::new(),
            status: None,
            draft: String::new(),
            renaming: None,
            correcting: None,
            trouble: None,
        }
    }

    /// What waits in the queue, as the window knows it.
    #[must_use]
    pub fn queue(&self) -> &[WriteInfo] {
        &self.queue
    }

    /// The session behind it.
    #[must_use]
    pub fn session(&self) -> &Session {
        &self.session
    }

    /// Takes in what is new and draws.
    pub fn show(&mut self, ctx: &Context) {
        for news in self.news.try_iter() {
            match news {
                News::Activities(activities) => self.activities = Some(activities),
                News::Queue(queue) => self.queue = queue,
                News::Status(status) => self.status = Some(*status),
            }
        }
        egui::TopBottomPanel::top("status").show(ctx, |ui| {
            ui.add_space(4.0);
            self.status_line(ui);
            ui.add_space(4.0);
        });
        if !self.queue.is_empty() {
            egui::SidePanel::right("queue")
                .resizable(false)
                .exact_width(260.0)
                .show(ctx, |ui| self.waiting(ui));
        }
        egui::CentralPanel::default().show(ctx, |ui| {
            self.new_activity(ui);
            ui.add_space(8.0);
            ScrollArea::vertical().auto_shrink(false).show(ui, |ui| self.list(ui));
        });
    }

    fn did(&mut self, done: Result<(), SubmitError>) -> bool {
        self.trouble = done.err();
        self.trouble.is_none()
    }

    fn status_line(&mut self, ui: &mut Ui) {
        ui.horizontal(|ui| {
            ui.heading("Activities");
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                let (color, words) = match &self.status {
                    None => (ui.visuals().weak_text_color(), "starting".to_owned()),
                    Some(status) => connection(ui, &status.connection),
                };
                ui.label(words);
                ui.colored_label(color, "⏺");
            });
        });
        if let Some(trouble) = &self.trouble {
            ui.colored_label(ui.visuals().error_fg_color, trouble.to_string());
        }
    }

    fn new_activity(&mut self, ui: &mut Ui) {
        ui.horizontal(|ui| {
            let field = TextEdit::singleline(&mut self.draft).hint_text("What would you like to do?");
            let typed = ui.add_sized([(ui.available_width() - 72.0).max(80.0), 24.0], field);
            name(&typed, WidgetType::TextEdit, "What would you like to do?");
            let tapped = ui.add_sized([64.0, 24.0], Button::new("Add")).clicked();
            let entered = typed.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
            if (tapped || entered) && !self.draft.trim().is_empty() {
                let made = self.session.create(self.draft.trim());
                if self.did(made) {
                    self.draft.clear();
                }
            }
        });
    }

    fn list(&mut self, ui: &mut Ui) {
        let Some(QueryState { data, error, .. }) = self.activities.clone() else { return };
        let Some(activities) = data else {
            match error {
                Some(error) => ui.label(format!("Nothing to show yet: {error}.")),
                None => ui.weak("Loading…"),
            };
            return;
        };
        for activity in activities.iter() {
            egui::Frame::group(ui.style()).show(ui, |ui| {
                ui.set_width(ui.available_width());
                self.activity(ui, activity);
            });
            ui.add_space(2.0);
        }
    }

    fn activity(&mut self, ui: &mut Ui, activity: &Activity) {
        if self.renaming.as_ref().is_some_and(|(id, _)| *id == activity.id) {
            return self.rename(ui);
        }
        ui.horizontal(|ui| {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                self.like(ui, activity);
                let rename = ui.add_visible(activity.joined, Button::new("Rename").small());
                name(&rename, WidgetType::Button, &format!("Rename {}", activity.title));
                if rename.clicked() {
                    self.renaming = Some((activity.id.clone(), activity.title.clone()));
                }
                ui.with_layout(Layout::left_to_right(Align::Center).with_main_wrap(true), |ui| {
                    ui.strong(&activity.title);
                    ui.weak(format!("by {}", activity.created_by));
                    if self.queue.iter().any(|write| about(write) == Some(&activity.id)) {
                        ui.weak("⏳").on_hover_text("The server has not confirmed this yet");
                    }
                });
            });
        });
    }

    fn like(&mut self, ui: &mut Ui, activity: &Activity) {
        let heart = if activity.liked { "♥" } else { "♡" };
        let text = RichText::new(format!("{heart} {}", activity.like_count)).size(15.0);
        let button = ui.add_sized([52.0, 24.0], Button::new(text).selected(activity.liked));
        let verb = if activity.liked { "Unlike" } else { "Like" };
        name(
            &button,
            WidgetType::Button,
            &format!("{verb} {}, {} likes", activity.title, activity.like_count),
        );
        if button.clicked() {
            let liked = self.session.like(&activity.id, !activity.liked);
            self.did(liked);
        }
    }

    fn rename(&mut self, ui: &mut Ui) {
        let Some((id, mut text)) = self.renaming.take() else { return };
        match typing(ui, "New title", &mut text) {
            Typing::Goes => self.renaming = Some((id, text)),
            Typing::Cancelled => {}
            Typing::Done => {
                let renamed = self.session.rename(&id, text.trim());
                if !self.did(renamed) {
                    self.renaming = Some((id, text));
                }
            }
        }
    }

    fn waiting(&mut self, ui: &mut Ui) {
        ui.add_space(6.0);
        ui.strong("On its way");
        if let Some(status) = &self.status {
            ui.weak(format!("What waits is kept through: {}", status.durability));
        }
        ui.add_space(6.0);
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            for write in self.queue.clone() {
                ui.push_id(&write.id.0, |ui| {
                    egui::Frame::group(ui.style()).show(ui, |ui| {
                        ui.set_width(ui.available_width());
                        self.write(ui, &write);
                    });
                });
            }
        });
    }

    fn write(&mut self, ui: &mut Ui, write: &WriteInfo) {
        ui.label(self.sentence(write));
        let WriteStage::Parked { reason, answer } = &write.stage else {
            ui.weak(stage(&write.stage));
            return;
        };
        let said = answer.as_ref().and_then(|answer| answer.json());
        let said = said.and_then(|json| Some(json["error"]["message"].as_str()?.to_owned()));
        let why = said.unwrap_or_else(|| parked(*reason).to_owned());
        ui.colored_label(ui.visuals().error_fg_color, format!("Not sent: {why}"));
        if self.correcting.as_ref().is_some_and(|(id, _)| *id == write.id) {
            return self.correct(ui, write);
        }
        ui.horizontal(|ui| {
            if ui.small_button("Try again").clicked() {
                let done = self.session.retry(&write.id);
                self.did(done);
            }
            if title(write).is_some() && ui.small_button("Edit").clicked() {
                self.correcting = Some((write.id.clone(), title(write).unwrap_or_default().to_owned()));
            }
            if ui.small_button("Give up").clicked() {
                let done = self.session.give_up(&write.id);
                self.did(done);
            }
        });
    }

    fn correct(&mut self, ui: &mut Ui, write: &WriteInfo) {
        let Some((id, mut text)) = self.correcting.take() else { return };
        match typing(ui, "Another title", &mut text) {
            Typing::Goes => self.correcting = Some((id, text)),
            Typing::Cancelled => {}
            Typing::Done => {
                let corrected = self.session.correct(write, text.trim());
                if !self.did(corrected) {
                    self.correcting = Some((id, text));
                }
            }
        }
    }

    /// What a write does, in words.
    fn sentence(&self, write: &WriteInfo) -> String {
        let data = self.activities.as_ref().and_then(|state| state.data.as_deref());
        let there =
            data.and_then(|all| all.iter().find(|activity| Some(activity.id.as_str()) == about(write)));
        let of = there.map_or("an activity", |activity| &activity.title);
        match write.name.as_str() {
            "activity.like" => format!("Like “{of}”"),
            "activity.unlike" => format!("Take back a like of “{of}”"),
            "activity.create" => format!("Make “{}”", shortened(title(write).unwrap_or_default())),
            "activity.rename" => format!("Rename to “{}”", shortened(title(write).unwrap_or_default())),
            other => other.to_owned(),
        }
    }
}

enum Typing {
    Goes,
    Done,
    Cancelled,
}

/// A field with what is typed, and its two ends.
fn typing(ui: &mut Ui, label: &str, text: &mut String) -> Typing {
    let mut typing = Typing::Goes;
    ui.horizontal(|ui| {
        let field = ui.add(TextEdit::singleline(text).desired_width(ui.available_width() - 110.0));
        name(&field, WidgetType::TextEdit, label);
        let entered = field.lost_focus() && ui.input(|input| input.key_pressed(Key::Enter));
        if (ui.small_button("Save").clicked() || entered) && !text.trim().is_empty() {
            typing = Typing::Done;
        }
        if ui.small_button("Cancel").clicked() {
            typing = Typing::Cancelled;
        }
    });
    typing
}

/// What a screen reader says of it.
fn name(response: &egui::Response, kind: WidgetType, name: &str) {
    response.widget_info(|| WidgetInfo::labeled(kind, response.enabled(), name));
}

fn shortened(text: &str) -> String {
    let mut short: String = text.chars().take(40).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn connection(ui: &Ui, state: &ConnectionState) -> (Color32, String) {
    let (good, bad) = (Color32::from_rgb(60, 160, 90), ui.visuals().warn_fg_color);
    match state {
        ConnectionState::Connected { .. } => (good, "connected".into()),
        ConnectionState::Connecting { .. } => (bad, "connecting".into()),
        // Who we are is asked at the same server.
        ConnectionState::Waiting { reason: DownReason::NoToken, .. } => {
            (bad, format!("{}; it is tried again", down(DownReason::Unreachable)))
        }
        ConnectionState::Waiting { reason, .. } => (bad, format!("{}; it is tried again", down(*reason))),
        ConnectionState::Paused { .. } => (bad, "no network".into()),
        ConnectionState::Refused { message, .. } => (ui.visuals().error_fg_color, message.clone()),
        ConnectionState::Idle {} => (ui.visuals().weak_text_color(), "not connected".into()),
    }
}

fn stage(stage: &WriteStage) -> &'static str {
    match stage {
        WriteStage::Queued => "is being saved",
        WriteStage::Durable { behind: None } => "saved; it waits for the server",
        WriteStage::Durable { behind: Some(_) } => "saved; it waits for another one",
        WriteStage::Sending { .. } => "is being sent",
        WriteStage::Retrying { .. } => "no answer yet; it is sent again",
        WriteStage::Conflict(_) => "somebody else was faster",
        WriteStage::Acknowledged(_) => "the server has it",
        WriteStage::Parked { .. } => "not sent",
        WriteStage::Quarantined(_) => "another version of this app wrote it",
    }
}

fn parked(reason: ParkReason) -> &'static str {
    match reason {
        ParkReason::Permanent => "the server refused it",
        ParkReason::Conflict => "somebody else changed it meanwhile",
        ParkReason::OutOfTries => "the server failed each time",
        ParkReason::Expired => "it waited too long",
        ParkReason::Unknown => "nobody can say whether the server has it",
        ParkReason::ParentFailed | ParkReason::Unnamed => "what it is about was not made",
        ParkReason::KeyReused => "a bug: please report it",
    }
}
