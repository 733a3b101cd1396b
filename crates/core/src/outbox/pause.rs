//! All origins that writes go to (Q9, Q11), and their pauses as they stand in the store. Decides nothing about a single one.

use super::bytes::{Reader, Writer};
use super::origin::Origin;
use crate::ctx::Ctx;
use crate::engine::{Config, OriginKind, OriginRule, Server};
use crate::gather::Gather;
use crate::ids::*;
use crate::io::AuthResult;
use crate::secret::Blob;

/// Prefix of the keys of pauses.
pub(crate) const PAUSE_PREFIX: &str = "m/pause/";
const KIND_PAUSE: u8 = 3;

/// A pause by the wall clock: a length and when it began, so that a clock that jumps can make it shorter only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PauseRecord {
    pub(super) since: WallTime,
    pub(super) span: Millis,
    pub(super) ordered: bool,
    pub(super) pauses: u32,
}

impl PauseRecord {
    pub(super) fn encode(&self, key: &str, partition: &Partition) -> Blob {
        let mut w = Writer::record(KIND_PAUSE, &partition.0);
        w.u64(self.since.0);
        w.u64(self.span.0);
        w.u8(u8::from(self.ordered));
        w.u32(self.pauses);
        Blob(w.seal(key))
    }

    /// One that cannot be read is no pause.
    fn decode(key: &str, bytes: &[u8], partition: &Partition) -> Option<PauseRecord> {
        let mut r = Reader::open(key, bytes, KIND_PAUSE, &partition.0).ok()?;
        let record = PauseRecord {
            since: WallTime(r.u64()),
            span: Millis(r.u64()),
            ordered: r.flag(),
            pauses: r.u32(),
        };
        r.sound().ok()?;
        Some(record)
    }
}

/// Which of the origins: its place in the list, in the order of first use; 0 is where relative paths go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct OriginIx(u32);

#[derive(Debug)]
pub(super) struct Origins {
    rules: Vec<OriginRule>,
    list: Vec<Origin>,
}

impl Origins {
    pub(super) fn new(config: &Config) -> Origins {
        let own = match config.server {
            Server::Tidewire => OriginKind::Tidewire {},
            Server::Foreign => OriginKind::Plain {},
        };
        let rules = config.origins.clone();
        let own = rules.iter().find(|rule| rule.origin.is_empty()).map_or(own, |rule| rule.kind);
        Origins { rules, list: vec![Origin::new(String::new(), own)] }
    }

    /// The origin that a path or URL names.
    pub(super) fn of(&mut self, path: &str) -> OriginIx {
        self.named(origin_of(path))
    }

    fn named(&mut self, name: &str) -> OriginIx {
        let at = self.list.iter().position(|origin| origin.name == name).unwrap_or_else(|| {
            let rule = self.rules.iter().find(|rule| rule.origin == name);
            let kind = rule.map_or(OriginKind::Plain {}, |rule| rule.kind);
            self.list.push(Origin::new(name.to_owned(), kind));
            self.list.len() - 1
        });
        OriginIx(at as u32)
    }

    pub(super) fn get(&self, at: OriginIx) -> &Origin {
        &self.list[at.0 as usize]
    }

    pub(super) fn get_mut(&mut self, at: OriginIx) -> &mut Origin {
        &mut self.list[at.0 as usize]
    }

    /// Those that may be asked, and those that may not.
    pub(super) fn iter(&self) -> impl Iterator<Item = (OriginIx, &Origin)> {
        self.list.iter().enumerate().map(|(at, origin)| (OriginIx(at as u32), origin))
    }

    pub(super) fn each(&mut self, mut act: impl FnMut(&mut Origin)) {
        self.list.iter_mut().for_each(&mut act);
    }

    pub(super) fn on_auth(&mut self, auth: AuthId, result: &AuthResult, ctx: &mut Ctx) -> bool {
        self.list.iter_mut().any(|origin| origin.on_auth(auth, result, ctx))
    }

    pub(super) fn on_pause_over(&mut self, name: &str, ctx: &mut Ctx) {
        let at = self.named(name);
        self.get_mut(at).on_pause_over(ctx);
    }

    pub(super) fn reached(&mut self, name: &str, ctx: &mut Ctx) {
        if let Some(origin) = self.list.iter_mut().find(|origin| origin.name == name) {
            origin.reached(ctx);
        }
    }

    pub(super) fn restore(&mut self, key: &str, bytes: &[u8], partition: &Partition, ctx: &mut Ctx) {
        if let (Some(name), Some(record)) =
            (key.strip_prefix(PAUSE_PREFIX), PauseRecord::decode(key, bytes, partition))
        {
            let at = self.named(name);
            self.get_mut(at).restore(&record, ctx);
        }
    }

    /// What the store should say from now on, as key and pause.
    pub(super) fn take_unstored(&mut self) -> Vec<(String, Option<PauseRecord>)> {
        let changed = self.list.iter_mut().filter_map(|origin| {
            let pause = origin.unstored.take()?;
            Some((format!("{PAUSE_PREFIX}{}", origin.name), pause))
        });
        changed.gather()
    }
}

/// `https://host:port` of an absolute URL; empty for a path.
fn origin_of(path: &str) -> &str {
    let Some(host) = path.find("://").map(|at| at + 3).filter(|_| !path.starts_with('/')) else { return "" };
    let end = path[host..].find(['/', '?', '#']).map_or(path.len(), |at| host + at);
    &path[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn q9_the_origin_of_a_request_is_read_from_its_url() {
        for (path, origin) in [
            ("/api/x", ""),
            ("/redirect?to=https://other.example/", ""),
            ("https://api.example/pay", "https://api.example"),
            ("http://127.0.0.1:4680?x=1", "http://127.0.0.1:4680"),
            ("https://api.example", "https://api.example"),
        ] {
            assert_eq!(origin_of(path), origin, "{path}");
        }
    }

    #[test]
    fn q11_a_pause_survives_the_store() {
        let record = PauseRecord { since: WallTime(7), span: Millis(9), ordered: true, pauses: 3 };
        let partition = Partition::from("p");
        let bytes = record.encode("m/pause/", &partition);
        assert_eq!(PauseRecord::decode("m/pause/", &bytes.0, &partition), Some(record));
        assert_eq!(PauseRecord::decode("m/pause/x", &bytes.0, &partition), None);
    }
}
