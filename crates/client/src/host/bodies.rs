//! Payloads that stay with the host while the engine decides what becomes of them.

use std::collections::HashMap;
use std::sync::Arc;

use hyper::body::Bytes;
use serde_json::Value;
use tidewire_core::BodyId;

enum Body {
    /// The array of a frame, shared by all who hear it.
    Incoming(Arc<Value>),
    /// An attachment, in either direction.
    Bytes(Bytes),
    /// Arguments as JSON without the outer brackets.
    Outgoing(String),
}

#[derive(Default)]
pub(super) struct Bodies {
    kept: HashMap<BodyId, Body>,
    next: u32,
}

impl Bodies {
    pub(super) fn heard(&mut self, value: Value) -> BodyId {
        self.keep(Body::Incoming(Arc::new(value)))
    }

    pub(super) fn outgoing(&mut self, args: String) -> BodyId {
        self.keep(Body::Outgoing(args))
    }

    pub(super) fn bytes(&mut self, bytes: Bytes) -> BodyId {
        self.keep(Body::Bytes(bytes))
    }

    pub(super) fn attachment(&self, id: BodyId) -> Option<Bytes> {
        match self.kept.get(&id) {
            Some(Body::Bytes(bytes)) => Some(bytes.clone()),
            Some(Body::Incoming(_) | Body::Outgoing(_)) | None => None,
        }
    }

    /// The attachments of a packet that is complete.
    pub(super) fn attachments(&self, ids: &[BodyId]) -> Vec<Bytes> {
        ids.iter().filter_map(|id| self.attachment(*id)).collect()
    }

    fn keep(&mut self, body: Body) -> BodyId {
        // Ids are used again after four billion; one that is still kept is skipped.
        loop {
            self.next = self.next.wrapping_add(1);
            if !self.kept.contains_key(&BodyId(self.next)) {
                self.kept.insert(BodyId(self.next), body);
                return BodyId(self.next);
            }
        }
    }

    pub(super) fn incoming(&self, id: BodyId) -> Option<Arc<Value>> {
        match self.kept.get(&id) {
            Some(Body::Incoming(value)) => Some(Arc::clone(value)),
            Some(Body::Outgoing(_) | Body::Bytes(_)) | None => None,
        }
    }

    /// It stays kept: an emit may be sent again.
    pub(super) fn text(&self, id: BodyId) -> Option<&str> {
        match self.kept.get(&id) {
            Some(Body::Outgoing(args)) => Some(args),
            Some(Body::Incoming(_) | Body::Bytes(_)) | None => None,
        }
    }

    pub(super) fn release(&mut self, id: BodyId) {
        self.kept.remove(&id);
    }
}
