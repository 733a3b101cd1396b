//! Arguments of events and acknowledgements, with their attachments, as an app makes and reads them (V1).

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tidewire_hub::{Args, Binary, Json};

/// Arguments of an event or an acknowledgement. They never show in `Debug`.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Packet {
    args: Args,
}

impl fmt::Debug for Packet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Packet({} bytes)", self.args.bytes())
    }
}

impl Packet {
    /// Without arguments.
    #[must_use]
    pub fn new() -> Packet {
        Packet::default()
    }

    /// With one more argument.
    pub fn arg(mut self, value: &impl Serialize) -> Result<Packet, serde_json::Error> {
        let json = serde_json::to_string(value)?;
        match &mut self.args.json.0 {
            none if none.is_empty() => *none = json,
            _ => self.push(&json),
        }
        Ok(self)
    }

    /// With one more argument, which is binary.
    #[must_use]
    pub fn binary(mut self, bytes: impl AsRef<[u8]>) -> Packet {
        let place = self.attach(bytes);
        let json = place.to_string();
        self.push(&json);
        self
    }

    /// Adds an attachment; the value is to stand where it belongs, somewhere in an argument.
    pub fn attach(&mut self, bytes: impl AsRef<[u8]>) -> Value {
        let num = self.args.attachments.len();
        self.args.attachments.push(Binary(Arc::from(bytes.as_ref())));
        serde_json::json!({ "_placeholder": true, "num": num })
    }

    /// The arguments as JSON, each attachment as its place. Fails on numbers that do not fit.
    pub fn values(&self) -> Result<Vec<Value>, serde_json::Error> {
        serde_json::from_str(&format!("[{}]", self.args.json.0))
    }

    /// The first argument, `null` if there is none; the others are not looked at.
    pub(crate) fn first<T: DeserializeOwned>(&self) -> Result<T, serde_json::Error> {
        let json = match &*self.args.json.0 {
            "" => "null",
            json => json,
        };
        T::deserialize(&mut serde_json::Deserializer::from_str(json))
    }

    /// The attachment whose place this value is.
    #[must_use]
    pub fn attachment(&self, place: &Value) -> Option<Bytes> {
        let num = place.get("_placeholder")?.as_bool()?.then(|| place.get("num")?.as_u64())??;
        let part = self.args.attachments.get(usize::try_from(num).ok()?)?;
        Some(Bytes::copy_from_slice(&part.0))
    }

    fn push(&mut self, json: &str) {
        let args = &mut self.args.json.0;
        if !args.is_empty() {
            args.push(',');
        }
        args.push_str(json);
    }

    pub(crate) fn error(code: &str) -> Packet {
        let mut packet = Packet::new();
        packet.push(&serde_json::json!({ "error": code }).to_string());
        packet
    }

    pub(crate) fn into_args(self) -> Args {
        self.args
    }
}

impl From<Args> for Packet {
    fn from(args: Args) -> Self {
        Packet { args }
    }
}

impl From<Value> for Packet {
    /// One argument.
    fn from(value: Value) -> Self {
        // Values always become text; not by `Display`, which writes piece by piece.
        Packet { args: Args::from(Json(serde_json::to_string(&value).unwrap_or_default())) }
    }
}
