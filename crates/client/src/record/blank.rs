//! Taking the payloads out of what is recorded, in such a way that the engine decides the same without them: text of the same length
//! stands in their place. What the engine reads stays: names, rooms, paths, lanes, ids, positions, statuses.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use tidewire_core::{
    AuthResult, Blob, Command, FetchId, Found, FrameBody, Input, Output, Payload, RequestKind, Resolution,
    Submission,
};
use tidewire_ffi::Message;
use tidewire_wire::engine::{self, PacketType};
use tidewire_wire::socket::{self, Kind};

use super::stored;

/// Fields of acknowledgements that the engine reads (docs/protocol.md).
const READ: [&str; 7] = ["success", "error", "epoch", "offset", "recovered", "expires", "instance"];

/// What must be remembered to blank the next message.
#[derive(Debug, Default)]
pub(super) struct Blanker {
    /// The engine finds these in texts (Q7).
    temps: BTreeSet<String>,
    /// Requests whose answers the engine reads.
    questions: BTreeSet<FetchId>,
}

impl Blanker {
    /// What went out: which answers will be read.
    pub(super) fn saw(&mut self, output: &Output) {
        if let Output::Fetch { fetch, request } = output
            && request.kind == RequestKind::Outcome
        {
            self.questions.insert(*fetch);
        }
    }

    pub(super) fn message(&mut self, message: &mut Message) {
        match message {
            Message::Input(input) => self.input(input),
            Message::Command(Command::Submit { write: submission } | Command::Edit { submission, .. }) => {
                self.submission(submission);
            }
            Message::Command(Command::Resolve { resolution: Resolution::Replace { submission }, .. }) => {
                self.submission(submission)
            }
            // The others carry no payload: what an event says stays with the host.
            Message::Command(_) => {}
        }
    }

    #[allow(clippy::wildcard_enum_match_arm, reason = "the others carry no payload")]
    fn input(&mut self, input: &mut Input) {
        match input {
            Input::Loaded { records, .. } => {
                for record in records {
                    stored::blank(&record.key, &mut record.value.0, |text| self.filler(text));
                }
            }
            Input::StoreChanged { key, value: Some(Blob(value)) } => {
                stored::blank(key, value, |text| self.filler(text));
            }
            Input::Received { head, body, .. } => {
                head.0 = frame(&head.0);
                if let FrameBody::Json { last: Some(last), .. } = body {
                    *last = "x".repeat(last.chars().count());
                }
            }
            Input::Auth { result: AuthResult::Token { token }, .. } => token.0 = "x".repeat(token.0.len()),
            Input::Responded { fetch, response } => {
                let question = self.questions.remove(fetch);
                if let Some(body) = &mut response.body {
                    body.0 = if question { outcome(&body.0) } else { self.filler(&body.0) };
                }
            }
            Input::Verified { found: Found::Applied { body: Some(body) }, .. } => {
                body.0 = self.filler(&body.0);
            }
            Input::Upcasted { result: Some(submission), .. } => self.submission(submission),
            _ => {}
        }
    }

    fn submission(&mut self, submission: &mut Submission) {
        self.temps.extend(submission.temp_ids.iter().cloned());
        let payloads: [Option<&mut Payload>; 2] = [Some(&mut submission.variables), submission.body.as_mut()];
        for payload in payloads.into_iter().flatten() {
            payload.0 = self.filler(&payload.0);
        }
    }

    /// JSON of the same length (where there is room) that mentions the same temporary ids.
    fn filler(&self, text: &str) -> String {
        if text.len() < 2 {
            return "1".repeat(text.len());
        }
        let named = self.mentioned(text).join(" ");
        format!("\"{named}{}\"", "x".repeat((text.len() - 2).saturating_sub(named.len())))
    }

    /// Every temporary id in the text, in order.
    fn mentioned<'a>(&self, text: &'a str) -> Vec<&'a str> {
        let mut all = Vec::new();
        let mut at = 0;
        while let Some(c) = text[at..].chars().next() {
            let rest = &text[at..];
            let known = self.temps.iter().find(|temp| rest.starts_with(*temp)).map(String::len);
            match known.or_else(|| made(rest)) {
                Some(length) => {
                    all.push(&rest[..length]);
                    at += length;
                }
                None => at += c.len_utf8(),
            }
        }
        all
    }
}

/// The length of a temporary id that a client made (here or in TypeScript), if this begins with one: those of an earlier life are known
/// by their looks only.
fn made(text: &str) -> Option<usize> {
    const BEGINNING: &str = "tmp_";
    let digits = text.strip_prefix(BEGINNING)?;
    let count = digits.bytes().take_while(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')).count();
    (count >= 16).then_some(BEGINNING.len() + count)
}

/// The answer to the question what became of a write.
fn outcome(body: &str) -> String {
    let said: Value = serde_json::from_str(body).unwrap_or_default();
    json!({ "outcome": said["outcome"] }).to_string()
}

/// The beginning of a frame without arguments of the app.
fn frame(head: &str) -> String {
    let Ok((PacketType::Message, packet)) = engine::parse(head) else { return head.to_owned() };
    let Ok(header) = socket::parse(packet) else { return head.to_owned() };
    let kept = &head[..head.len() - header.rest.len()];
    match header.kind {
        Kind::Event | Kind::BinaryEvent => format!("{kept}{}", event(header.rest)),
        Kind::Ack | Kind::BinaryAck => format!("{kept}{}", answer(header.rest)),
        Kind::Connect | Kind::Disconnect | Kind::ConnectError => head.to_owned(),
    }
}

/// An event up to its name; what our server itself says stays whole.
fn event(rest: &str) -> String {
    let Some((first, end)) = string(rest, 1) else { return "x".repeat(rest.chars().count()) };
    let end = match (first, rest[end..].starts_with(",[")) {
        ("tw", true) => {
            // Metadata holds ids, which hold no brackets.
            let name = rest[end..].find("],").map(|at| end + at + 2);
            name.and_then(|at| string(rest, at)).map_or(rest.len(), |(_, end)| end)
        }
        _ if first.starts_with("tw:") => rest.len(),
        _ => end,
    };
    format!("{}{}", &rest[..end], "x".repeat(rest[end..].chars().count()))
}

/// The string that begins at this byte, and where it ends.
fn string(text: &str, at: usize) -> Option<(&str, usize)> {
    let body = text.get(at..)?.strip_prefix('"')?;
    let mut escaped = false;
    let close = body.char_indices().find(|(_, c)| {
        let closes = *c == '"' && !escaped;
        escaped = *c == '\\' && !escaped;
        closes
    });
    close.map(|(length, _)| (&body[..length], at + length + 2))
}

/// An acknowledgement: of its fields only those that the engine reads keep their values.
fn answer(rest: &str) -> String {
    let mut out = String::with_capacity(rest.len());
    let mut read = false;
    let mut at = 0;
    while let Some(c) = rest[at..].chars().next() {
        if c == '"' {
            let (text, end) = string(rest, at).unwrap_or((&rest[at + 1..], rest.len()));
            let is_key = rest[end..].trim_start().starts_with(':');
            if is_key {
                read = READ.contains(&text);
            }
            if is_key || read || text == "tw" {
                out.push_str(&rest[at..end]);
            } else {
                let closed = if end - at == text.len() + 2 { "\"" } else { "" };
                out.push_str(&format!("\"{}{closed}", "x".repeat(text.chars().count())));
            }
            at = end;
            continue;
        }
        read &= c != ',';
        out.push(if c.is_ascii_digit() && !read { '1' } else { c });
        at += c.len_utf8();
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_frame_keeps_what_the_engine_reads() {
        let room = r#"42["tw",["activities","e1",7,"ev","w1"],"message:new",{"text":"secret"}]"#;
        assert_eq!(
            frame(room),
            format!(r#"42["tw",["activities","e1",7,"ev","w1"],"message:new"{}"#, "x".repeat(19))
        );
        assert_eq!(frame(r#"42/a,7["n\"ame","secret"]"#), r#"42/a,7["n\"ame"xxxxxxxxxx"#);
        assert_eq!(
            frame(r#"431[{"success":true,"epoch":"e1","offset":41,"text":"se\"cret","n":41}]"#),
            r#"431[{"success":true,"epoch":"e1","offset":41,"text":"xxxxxxxx","n":11}]"#
        );
        assert_eq!(frame(r#"431["secret",12,{"a":["secr"#), r#"431["xxxxxx",11,{"a":["xxxx"#);
        assert_eq!(frame(r#"40{"sid":"s"}"#), r#"40{"sid":"s"}"#);
        assert_eq!(frame("2"), "2");
    }

    #[test]
    fn a_filler_is_json_of_the_same_length_and_mentions_the_same_temporary_ids() {
        let blanker = Blanker { temps: ["tmp_12345678".to_owned()].into(), questions: BTreeSet::new() };
        for text in
            [r#"{"id":"tmp_12345678","a":"secret"}"#, r#""tmp_12345678""#, "{}", "7", "", "\"\u{e4}\""]
        {
            let filler = blanker.filler(text);
            assert_eq!(filler.len(), text.len());
            assert_eq!(filler.contains("tmp_12345678"), text.contains("tmp_12345678"));
            assert!(text.is_empty() || serde_json::from_str::<Value>(&filler).is_ok(), "{filler}");
            assert!(!filler.contains("secret"));
        }
    }
}
