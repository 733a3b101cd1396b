//! One write as it stands in the store. Pure data and its bytes; no rule about when it changes.

use super::bytes::{Reader, Writer};
use super::ties::{Ties, names, put_names};
use crate::ids::*;
use crate::io::{Named, ParkReason, QuarantineReason};
use crate::limits;
use crate::secret::{Blob, Payload};

/// Prefix of the keys of writes.
pub(crate) const WRITE_PREFIX: &str = "w/";
/// Key of the client's own record.
pub(crate) const CLIENT_KEY: &str = "m/client";

const KIND_WRITE: u8 = 1;
const KIND_CLIENT: u8 = 2;

/// Order of writes (Q6): a stored number, then the engine instance that chose it, since two tabs may choose the same one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LocalNumber {
    pub(crate) number: u64,
    pub(crate) origin: u64,
}

impl LocalNumber {
    /// No queue comes this far: a key above it is damaged, and must not make the next numbers overflow.
    const HIGHEST: u64 = 1 << 53;

    pub(crate) fn key(self) -> String {
        let mut key = String::with_capacity(2 + 16 + 1 + 16);
        key.push_str(WRITE_PREFIX);
        push_hex(&mut key, self.number);
        key.push('-');
        push_hex(&mut key, self.origin);
        key
    }

    pub(crate) fn from_key(key: &str) -> Option<LocalNumber> {
        let (number, origin) = key.strip_prefix(WRITE_PREFIX)?.split_once('-')?;
        let hex = |text: &str| (text.len() == 16).then(|| u64::from_str_radix(text, 16).ok()).flatten();
        let number = hex(number).filter(|number| *number <= LocalNumber::HIGHEST)?;
        Some(LocalNumber { number, origin: hex(origin)? })
    }
}

fn push_hex(text: &mut String, value: u64) {
    for i in (0..16).rev() {
        let digit = ((value >> (4 * i)) & 15) as u32;
        text.push(char::from_digit(digit, 16).unwrap_or('0'));
    }
}

/// Where a write was sent as: client id and sequence (Q9).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) client: ClientId,
    /// 0 for a write to a foreign server: our server counts its own writes only, and would miss this one for ever.
    pub(crate) sequence: Sequence,
}

impl Claim {
    /// Whether our server counts it.
    pub(crate) fn is_placed(&self) -> bool {
        self.sequence > Sequence(0)
    }
}

/// How far a write has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Never sent.
    Queued,
    /// It may have been sent: outcome unknown.
    Claimed(Claim),
    /// Definite.
    /// `names`: what its answer named (Q7).
    Acknowledged { claim: Claim, status: u16, replayed: bool, body: Option<Payload>, names: Vec<Named> },
    /// Set aside. `unresolved`: it was sent and may yet have been applied, so its sequence is still held.
    Parked { reason: ParkReason, status: u16, body: Option<Payload>, unresolved: Option<Claim> },
    /// It and that write, which it undoes, are never sent: that one's record goes first, then this one (Q8).
    Undoes(WriteId),
}

/// A write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    pub(crate) write: WriteId,
    pub(crate) name: String,
    pub(crate) version: u32,
    pub(crate) variables: Payload,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) body: Option<Payload>,
    pub(crate) lane: Lane,
    pub(crate) optimistic: bool,
    pub(crate) keep_layer_when_parked: bool,
    pub(crate) idempotent: bool,
    pub(crate) verify: bool,
    pub(crate) on_conflict: bool,
    pub(crate) created: WallTime,
    /// When it was made by the queue's own clock, which no wrong wall clock moves (Q13).
    pub(crate) born: WallTime,
    pub(crate) ttl: Millis,
    /// Tries that answers about this write have used up (Q11).
    pub(crate) tries: u32,
    pub(crate) tries_allowed: u32,
    pub(crate) ties: Ties,
    pub(crate) stage: Stage,
}

impl Record {
    pub(crate) fn encode(&self, key: &str, partition: &Partition) -> Blob {
        let mut w = Writer::record(KIND_WRITE, &partition.0);
        w.text(&self.write.0);
        w.text(&self.name);
        w.u32(self.version);
        w.text(&self.variables.0);
        w.text(&self.method);
        w.text(&self.path);
        w.optional(self.body.as_ref().map(|b| b.0.as_str()));
        w.text(&self.lane.0);
        w.u8(u8::from(self.optimistic)
            | u8::from(self.keep_layer_when_parked) << 1
            | u8::from(self.idempotent) << 2
            | u8::from(self.verify) << 3
            | u8::from(self.on_conflict) << 4);
        w.u64(self.created.0);
        w.u64(self.ttl.0);
        // The usual number is 0, as it was before there was another one.
        let allowed = if self.tries_allowed == limits::TRIES { 0 } else { self.tries_allowed };
        w.u32(self.tries | allowed << 16);
        match &self.stage {
            Stage::Queued => w.u8(0),
            Stage::Claimed(claim) => {
                w.u8(1);
                put_claim(&mut w, claim);
            }
            Stage::Acknowledged { claim, status, replayed, body, names } => {
                w.u8(2);
                put_claim(&mut w, claim);
                w.u32(u32::from(*status));
                w.u8(u8::from(*replayed));
                w.optional(body.as_ref().map(|b| b.0.as_str()));
                put_names(&mut w, names);
            }
            Stage::Parked { reason, status, body, unresolved } => {
                w.u8(3);
                w.u8(park_tag(*reason));
                w.u32(u32::from(*status));
                w.optional(body.as_ref().map(|b| b.0.as_str()));
                w.u8(u8::from(unresolved.is_some()));
                if let Some(claim) = unresolved {
                    put_claim(&mut w, claim);
                }
            }
            Stage::Undoes(other) => {
                w.u8(4);
                w.text(&other.0);
            }
        }
        w.u64(self.born.0);
        self.ties.encode(&mut w);
        Blob(w.seal(key))
    }

    pub(crate) fn decode(key: &str, bytes: &[u8], partition: &Partition) -> Result<Record, QuarantineReason> {
        let mut r = Reader::open(key, bytes, KIND_WRITE, &partition.0)?;
        let record = Record::read(&mut r);
        r.end()?;
        Ok(record)
    }

    fn read(r: &mut Reader<'_>) -> Record {
        let write = WriteId(r.text());
        let (name, version, variables) = (r.text(), r.u32(), Payload(r.text()));
        let (method, path, body) = (r.text(), r.text(), r.optional().map(Payload));
        let lane = Lane(r.text());
        let flags = r.u8();
        let (created, ttl, tries) = (WallTime(r.u64()), Millis(r.u64()), r.u32());
        let tries_allowed = if tries >> 16 == 0 { limits::TRIES } else { tries >> 16 };
        let stage = match r.u8() {
            0 => Stage::Queued,
            1 => Stage::Claimed(claim(r)),
            2 => Stage::Acknowledged {
                claim: claim(r),
                status: r.u16(),
                replayed: r.flag(),
                body: r.optional().map(Payload),
                names: if r.version == 1 { Vec::new() } else { names(r) },
            },
            3 => Stage::Parked {
                reason: park_reason(r),
                status: r.u16(),
                body: r.optional().map(Payload),
                unresolved: if r.flag() { Some(claim(r)) } else { None },
            },
            4 => Stage::Undoes(WriteId(r.text())),
            _ => {
                r.fail();
                Stage::Queued
            }
        };
        let (born, ties) =
            if r.version == 1 { (created, Ties::default()) } else { (WallTime(r.u64()), Ties::decode(r)) };
        let flag = |bit: u8| flags & bit != 0;
        Record {
            write,
            name,
            version,
            variables,
            method,
            path,
            body,
            lane,
            optimistic: flag(1),
            keep_layer_when_parked: flag(2),
            idempotent: flag(4),
            verify: flag(8),
            on_conflict: flag(16),
            created,
            born,
            ttl,
            tries: tries & 0xffff,
            tries_allowed,
            ties,
            stage,
        }
    }

    /// What it counts towards the limits (Q15).
    pub(crate) fn bytes(&self) -> u64 {
        let body = self.body.as_ref().map_or(0, |b| b.0.len());
        (self.variables.0.len() + body + self.path.len() + self.lane.0.len() + self.name.len() + 128) as u64
    }

    /// Larger ones go by reference (Q15).
    pub(crate) fn is_small(&self) -> bool {
        self.bytes() <= limits::WRITE_BYTES
    }

    pub(crate) fn is_pending(&self) -> bool {
        matches!(self.stage, Stage::Queued | Stage::Claimed(_))
    }

    /// Whether a layer of it belongs on the screen.
    pub(super) fn shows(&self) -> bool {
        self.optimistic
            && match &self.stage {
                Stage::Undoes(_) => false,
                Stage::Parked { .. } => self.keep_layer_when_parked,
                Stage::Queued | Stage::Claimed(_) | Stage::Acknowledged { .. } => true,
            }
    }

    /// Tells each time that a write was set aside from any other after which it may have been sent: who has it sent again makes
    /// it younger, and one that its parent revives is sent for the first time.
    pub(super) fn parking(&self) -> u64 {
        self.born.0 << 1 | u64::from(self.open_claim().is_some())
    }

    /// The claim that still holds the floor down.
    pub(crate) fn open_claim(&self) -> Option<&Claim> {
        match &self.stage {
            Stage::Claimed(claim) => Some(claim),
            Stage::Parked { unresolved, .. } => unresolved.as_ref(),
            Stage::Queued | Stage::Acknowledged { .. } | Stage::Undoes(_) => None,
        }
    }
}

fn put_claim(w: &mut Writer, claim: &Claim) {
    w.text(&claim.client.0);
    w.u64(claim.sequence.0);
}

fn claim(r: &mut Reader<'_>) -> Claim {
    Claim { client: ClientId(r.text()), sequence: Sequence(r.u64()) }
}

fn park_tag(reason: ParkReason) -> u8 {
    match reason {
        ParkReason::Permanent => 0,
        ParkReason::Conflict => 1,
        ParkReason::OutOfTries => 2,
        ParkReason::Expired => 3,
        ParkReason::Unknown => 4,
        ParkReason::KeyReused => 5,
        ParkReason::ParentFailed => 6,
        ParkReason::Unnamed => 7,
    }
}

fn park_reason(r: &mut Reader<'_>) -> ParkReason {
    const ALL: [ParkReason; 8] = [
        ParkReason::Permanent,
        ParkReason::Conflict,
        ParkReason::OutOfTries,
        ParkReason::Expired,
        ParkReason::Unknown,
        ParkReason::KeyReused,
        ParkReason::ParentFailed,
        ParkReason::Unnamed,
    ];
    ALL.get(usize::from(r.u8())).copied().unwrap_or_else(|| {
        r.fail();
        ParkReason::Unknown
    })
}

/// The client's own record: who it is, and the highest sequence whose record may already be gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ClientRecord {
    pub(crate) client: ClientId,
    pub(crate) high: Sequence,
}

impl ClientRecord {
    pub(crate) fn encode(&self, partition: &Partition) -> Blob {
        let mut w = Writer::record(KIND_CLIENT, &partition.0);
        w.text(&self.client.0);
        w.u64(self.high.0);
        Blob(w.seal(CLIENT_KEY))
    }

    pub(crate) fn decode(bytes: &[u8], partition: &Partition) -> Result<ClientRecord, QuarantineReason> {
        let mut r = Reader::open(CLIENT_KEY, bytes, KIND_CLIENT, &partition.0)?;
        let record = ClientRecord { client: ClientId(r.text()), high: Sequence(r.u64()) };
        r.sound()?;
        Ok(record)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::io::Coalesce;

    /// One with something in every field.
    pub(in crate::outbox) fn record(stage: Stage) -> Record {
        Record {
            write: "w1".into(),
            name: "activity.like".into(),
            version: 3,
            variables: "\"å✓\"".into(),
            method: "POST".into(),
            path: "/api/activities/7/like".into(),
            body: Some("{}".into()),
            lane: "/api/activities/7/like".into(),
            optimistic: true,
            keep_layer_when_parked: false,
            idempotent: true,
            verify: false,
            on_conflict: true,
            created: WallTime(1_790_000_000_000),
            born: WallTime(1_789_999_000_000),
            ttl: Millis(86_400_000),
            tries: 2,
            tries_allowed: limits::TRIES,
            ties: Ties {
                depends_on: vec!["w0".into()],
                awaits: vec!["tmp-1234".into()],
                temp_ids: vec!["tmp-5678".into(), "tmp-9abc".into()],
                dedupe_key: Some("like:7".into()),
                stands_for: vec!["w-1".into()],
                coalesce: Coalesce::CancelPair { name: "activity.unlike".into() },
            },
            stage,
        }
    }

    #[test]
    fn q2_every_stage_survives_the_store() {
        let claim = Claim { client: "c".into(), sequence: Sequence(9) };
        let partition = Partition::from("app|prod|ana");
        for stage in [
            Stage::Queued,
            Stage::Claimed(claim.clone()),
            Stage::Acknowledged {
                claim: claim.clone(),
                status: 201,
                replayed: true,
                body: Some("{\"a\":1}".into()),
                names: vec![Named { temp: "tmp-5678".into(), real: "a/ž".into() }],
            },
            Stage::Undoes("w0".into()),
            Stage::Parked {
                reason: ParkReason::OutOfTries,
                status: 500,
                body: None,
                unresolved: Some(claim),
            },
            Stage::Parked {
                reason: ParkReason::KeyReused,
                status: 422,
                body: Some("x".into()),
                unresolved: None,
            },
        ] {
            let before = record(stage);
            let bytes = before.encode("w/x", &partition);
            assert_eq!(Record::decode("w/x", &bytes.0, &partition), Ok(before));
        }
        for tries_allowed in [1, limits::TRIES, limits::TRIES_AT_MOST] {
            let before = Record { tries_allowed, ..record(Stage::Queued) };
            let bytes = before.encode("w/x", &partition);
            assert_eq!(Record::decode("w/x", &bytes.0, &partition), Ok(before));
        }
    }

    #[test]
    fn q15_what_the_app_has_given_counts_and_a_little_for_each_write() {
        // Name, variables, path, body, lane, in bytes of UTF-8.
        assert_eq!(record(Stage::Queued).bytes(), 13 + 7 + 22 + 2 + 22 + 128);
    }

    #[test]
    fn q6_keys_sort_as_numbers_do() {
        let keys: Vec<_> = [(1, 9), (2, 0), (9, 1), (10, 0), (LocalNumber::HIGHEST, 0)]
            .map(|(number, origin)| LocalNumber { number, origin })
            .into();
        let mut texts: Vec<_> = keys.iter().map(|k| k.key()).collect();
        assert!(texts.is_sorted());
        assert_eq!(texts.iter().filter_map(|t| LocalNumber::from_key(t)).collect::<Vec<_>>(), keys);
        let damaged = LocalNumber { number: LocalNumber::HIGHEST + 1, origin: 0 };
        assert_eq!(LocalNumber::from_key(&damaged.key()), None);
        texts[0].push('0');
        assert_eq!(LocalNumber::from_key(&texts[0]), None);
        assert_eq!(LocalNumber::from_key("w/1-2"), None);
    }

    /// A change of the format must be on purpose: these bytes are in users' browsers.
    #[test]
    fn q21_the_format_has_not_changed() {
        let claim = Claim { client: "clientclientclientclie".into(), sequence: Sequence(9) };
        let bytes = record(Stage::Claimed(claim)).encode("w/x", &"app|prod|ana".into());
        let hex: String = bytes.0.iter().map(|b| format!("{b:02x}")).collect();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/records/claimed-v2.hex");
        if std::env::var_os("UPDATE_VECTORS").is_some() {
            std::fs::write(path, format!("{hex}\n")).expect("write the vector");
        }
        let expected = std::fs::read_to_string(path).expect("vectors/records/claimed-v2.hex");
        assert_eq!(hex, expected.trim());
    }

    /// Records of version 1, which knew no ties, are in users' browsers.
    #[test]
    fn q21_records_of_version_1_still_load() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/records/claimed-v1.hex");
        let hex = std::fs::read_to_string(path).expect("vectors/records/claimed-v1.hex");
        let digits: Vec<u8> = hex.trim().chars().filter_map(|c| c.to_digit(16)).map(|d| d as u8).collect();
        let bytes: Vec<u8> = digits.chunks_exact(2).map(|pair| pair[0] << 4 | pair[1]).collect();
        let claim = Claim { client: "clientclientclientclie".into(), sequence: Sequence(9) };
        let now = record(Stage::Claimed(claim));
        let expected = Record { born: now.created, on_conflict: false, ties: Ties::default(), ..now };
        assert_eq!(Record::decode("w/x", &bytes, &"app|prod|ana".into()), Ok(expected));
    }
}
