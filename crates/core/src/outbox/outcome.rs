//! What an HTTP answer means for a write (Q10, Q11). From status and type only, never from message text.

use crate::engine::Server;
use crate::io::{ParkReason, Response};
use tidewire_wire::http::Outcome;

/// The meaning of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The write is applied.
    Applied {
        /// It had been applied before; this is the stored answer.
        replayed: bool,
    },
    /// It is refused for good.
    Refused(ParkReason),
    /// The same write is running on the server.
    InProgress,
    /// The server wants a new client id; nothing was applied now.
    ClientReset,
    /// The token is not accepted.
    Unauthorized,
    /// The origin cannot answer now: nothing about this write.
    Busy,
    /// The server failed on this write: uses up a try.
    Failed,
    /// Not an answer of the backend: a captive portal, a proxy's page.
    NoAnswer,
}

/// Reads an answer.
pub(crate) fn classify(server: Server, response: &Response) -> Verdict {
    match response.status {
        401 => return Verdict::Unauthorized,
        408 | 425 | 429 | 502 | 503 | 504 => return Verdict::Busy,
        _ => {}
    }
    match server {
        Server::Tidewire => marked(response),
        Server::Foreign => unmarked(response),
    }
}

fn marked(response: &Response) -> Verdict {
    let status = response.status;
    let outcome = response.outcome.as_deref().and_then(Outcome::parse);
    match outcome {
        Some(Outcome::Applied) if status < 400 => Verdict::Applied { replayed: false },
        Some(Outcome::Replayed) if status < 400 => Verdict::Applied { replayed: true },
        Some(Outcome::Rejected) if (400..500).contains(&status) => Verdict::Refused(refusal(status)),
        Some(Outcome::InProgress) => Verdict::InProgress,
        Some(Outcome::KeyReused) => Verdict::Refused(ParkReason::KeyReused),
        Some(Outcome::ClientReset) => Verdict::ClientReset,
        Some(Outcome::Applied | Outcome::Replayed | Outcome::Rejected) | None => {
            if status >= 500 {
                Verdict::Failed
            } else {
                Verdict::NoAnswer
            }
        }
    }
}

fn unmarked(response: &Response) -> Verdict {
    let bodyless = matches!(response.status, 204 | 205 | 304);
    let json = response.content_type.as_deref().is_some_and(is_json);
    let accepted = response.accepted.unwrap_or(!response.redirected && (json || bodyless));
    if !accepted {
        return Verdict::NoAnswer;
    }
    match response.status {
        100..400 => Verdict::Applied { replayed: false },
        400..500 => Verdict::Refused(refusal(response.status)),
        _ => Verdict::Failed,
    }
}

fn refusal(status: u16) -> ParkReason {
    match status {
        409 | 412 => ParkReason::Conflict,
        _ => ParkReason::Permanent,
    }
}

/// `application/json`, `application/problem+json`, with or without parameters.
fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or("").trim();
    let Some((_, subtype)) = essence.split_once('/') else { return false };
    subtype.eq_ignore_ascii_case("json")
        || subtype.len() > 5
            && subtype.is_char_boundary(subtype.len() - 5)
            && subtype[subtype.len() - 5..].eq_ignore_ascii_case("+json")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, outcome: Option<&str>, content_type: Option<&str>, redirected: bool) -> Response {
        Response {
            status,
            outcome: outcome.map(str::to_owned),
            retry_after: None,
            content_type: content_type.map(str::to_owned),
            redirected,
            accepted: None,
            names: Vec::new(),
            body: None,
        }
    }

    #[test]
    fn q10_a_marked_answer_means_what_its_mark_says() {
        use ParkReason::*;
        let check = |status, mark, expected| {
            assert_eq!(
                classify(Server::Tidewire, &answer(status, mark, None, false)),
                expected,
                "{status} {mark:?}"
            );
        };
        check(200, Some("applied"), Verdict::Applied { replayed: false });
        check(201, Some("replayed"), Verdict::Applied { replayed: true });
        check(404, Some("rejected"), Verdict::Refused(Permanent));
        check(412, Some("rejected"), Verdict::Refused(Conflict));
        check(409, Some("in-progress"), Verdict::InProgress);
        check(409, Some("client-reset"), Verdict::ClientReset);
        check(422, Some("key-reused"), Verdict::Refused(KeyReused));
        check(401, Some("rejected"), Verdict::Unauthorized);
        check(503, Some("applied"), Verdict::Busy);
        check(500, None, Verdict::Failed);
        // A captive portal's 200, a proxy's 404, an unknown mark.
        check(200, None, Verdict::NoAnswer);
        check(404, None, Verdict::NoAnswer);
        check(200, Some("certainly"), Verdict::NoAnswer);
        check(404, Some("applied"), Verdict::NoAnswer);
        // A mark beside a status that contradicts it, at both sides of each.
        for mark in ["applied", "replayed"] {
            check(399, Some(mark), Verdict::Applied { replayed: mark == "replayed" });
            check(400, Some(mark), Verdict::NoAnswer);
        }
        check(399, Some("rejected"), Verdict::NoAnswer);
        check(400, Some("rejected"), Verdict::Refused(Permanent));
        check(499, Some("rejected"), Verdict::Refused(Permanent));
        check(500, Some("rejected"), Verdict::Failed);
    }

    #[test]
    fn q10_a_foreign_answer_is_read_from_status_and_type() {
        let check = |status, kind, redirected, expected| {
            assert_eq!(
                classify(Server::Foreign, &answer(status, None, kind, redirected)),
                expected,
                "{status} {kind:?}"
            );
        };
        check(200, Some("application/json; charset=utf-8"), false, Verdict::Applied { replayed: false });
        check(422, Some("application/problem+json"), false, Verdict::Refused(ParkReason::Permanent));
        check(204, None, false, Verdict::Applied { replayed: false });
        check(200, Some("text/html"), false, Verdict::NoAnswer);
        check(200, Some("application/json"), true, Verdict::NoAnswer);
        check(500, Some("application/json"), false, Verdict::Failed);
        check(429, Some("text/html"), false, Verdict::Busy);
        // Types that are none of JSON: a long one, a suffix and nothing before it, one that cannot be cut where the suffix would begin.
        for kind in ["text/javascript", "application/+json", "application/a\u{e9}\u{e9}\u{e9}\u{e9}"] {
            check(200, Some(kind), false, Verdict::NoAnswer);
        }
    }
}
