//! Somebody else's server: no ledger, no events, no room. What a write to it looks like, and what it may be sent (Q9). It knows
//! nothing of tabs and networks.

use std::collections::BTreeSet;

use tidewire_core::{KeyStyle, Lane, OriginKind, OriginRule, Payload, Request, Submission};
use tidewire_wire::http;

use crate::ids::{Room, Tag};

/// What a write to it may be: neither key nor second try, a key, a key without quotes, by its method or its definition harmless
/// to repeat, or one that the app can find out about.
pub const KINDS: [&str; 6] = ["plain", "keyed", "bare", "put", "idempotent", "verify"];

/// Where those of a kind go. An origin that no rule names is a plain one.
#[must_use]
pub fn origin(how: &str) -> String {
    format!("https://{how}.example")
}

/// Whether doing it twice is harmless, so that it may be sent again.
#[must_use]
pub fn repeats(how: &str) -> bool {
    matches!(how, "put" | "idempotent")
}

/// What every engine is told of origins.
#[must_use]
pub fn rules() -> Vec<OriginRule> {
    let keyed = |how: &str, style| OriginRule { origin: origin(how), kind: OriginKind::Keyed { style } };
    vec![keyed("keyed", KeyStyle::Quoted), keyed("bare", KeyStyle::Bare)]
}

/// A write to it: without a name, so that no build has to know it, and without a layer.
#[must_use]
pub fn submission(room: Room, tag: Tag, kind: &str, how: &str) -> Submission {
    Submission {
        version: 1,
        method: if how == "put" { "PUT".into() } else { "POST".into() },
        path: format!("{}/{}/{kind}", origin(how), room.name()),
        body: Some(Payload(format!("{{\"tag\":{}}}", tag.0))),
        lane: Some(Lane(format!("foreign-{}", room.name()))),
        idempotent: how == "idempotent",
        verify: how == "verify",
        ..Submission::default()
    }
}

/// Whether this path leads to it, and then what stands behind its name.
#[must_use]
pub fn path_of(path: &str) -> Option<(&str, &str)> {
    path.strip_prefix("https://")?.split_once(".example")
}

/// It.
#[derive(Debug, Default)]
pub struct Foreign {
    keys: BTreeSet<String>,
}

impl Foreign {
    /// What a request says that it may not, if anything.
    #[must_use]
    pub fn wrong(how: &str, request: &Request) -> Option<String> {
        let expected = match how {
            "keyed" => vec![(http::IDEMPOTENCY_KEY, format!("\"{}\"", request.write))],
            "bare" => vec![(http::IDEMPOTENCY_KEY, request.write.0.clone())],
            _ => Vec::new(),
        };
        let said: Vec<_> = request.headers.iter().map(|at| (at.name.as_str(), at.value.clone())).collect();
        (said != expected).then(|| format!("{} to a foreign server ({how}) carries {said:?}", request.write))
    }

    /// Whether it has done this already, as far as it can know.
    pub fn has_done(&mut self, how: &str, request: &Request) -> bool {
        matches!(how, "keyed" | "bare") && !self.keys.insert(request.write.0.clone())
    }
}
