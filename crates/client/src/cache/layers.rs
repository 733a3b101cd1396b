//! The stack of layers in the order in which they were added, and the writer with which a mutation says what its layer changes.
//! Which layers exist and when one goes is the engine's decision.

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tidewire_core::WriteId;

use super::entities::Place;
use super::fold::{Failed, Layer, Operation};
use super::key::QueryKey;
use super::rules::{Rules, typed};

/// What a mutation's write shows before the server has answered: changes of entities and lists, over whatever the server says
/// meanwhile (Q16). They are run again over each new base, so they must give the same result over one that has the write already:
/// set a value, or look whether it is set; do not just count up.
pub struct LayerWriter<'a> {
    rules: &'a Rules,
    user: &'a str,
    write: &'a WriteId,
    operations: Vec<Operation>,
    failed: bool,
}

impl fmt::Debug for LayerWriter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LayerWriter").field("write", &self.write).finish_non_exhaustive()
    }
}

impl<'a> LayerWriter<'a> {
    pub(crate) fn new(rules: &'a Rules, user: &'a str, write: &'a WriteId) -> LayerWriter<'a> {
        LayerWriter { rules, user, write, operations: Vec::new(), failed: false }
    }

    pub(crate) fn finish(self) -> Result<Vec<Operation>, Failed> {
        if self.failed { Err(Failed) } else { Ok(self.operations) }
    }

    /// The signed-in user.
    #[must_use]
    pub fn user(&self) -> &str {
        self.user
    }

    /// The write's id: a name for what it makes, until the server gives one.
    #[must_use]
    pub fn write(&self) -> &WriteId {
        self.write
    }

    /// Changes the entity with this id wherever it stands. `T` may say a part of its fields.
    pub fn patch<T: Serialize + DeserializeOwned + 'static>(
        &mut self,
        entity: &str,
        id: impl Into<Value>,
        change: impl Fn(&mut T) + Send + Sync + 'static,
    ) {
        self.operations.push(self.rules.patch(entity, id.into(), typed(change)));
    }

    /// Adds an item to the lists under this key; one with the same id is replaced where it stands.
    pub fn insert(&mut self, key: impl Into<QueryKey>, item: &impl Serialize, place: Place) {
        match serde_json::to_value(item) {
            Ok(item) => self.operations.push(self.rules.insert(key.into(), item, place)),
            Err(_) => self.failed = true,
        }
    }

    /// Takes the entity with this id out of every list.
    pub fn remove(&mut self, entity: &str, id: impl Into<Value>) {
        self.operations.push(self.rules.remove(entity, id.into()));
    }
}

/// The layers that stand.
#[derive(Debug, Default)]
pub(super) struct LayerStack(Vec<Layer>);

impl LayerStack {
    pub(super) fn all(&self) -> &[Layer] {
        &self.0
    }

    pub(super) fn get_mut(&mut self, write: &WriteId) -> Option<&mut Layer> {
        self.0.iter_mut().find(|layer| layer.write == *write)
    }

    pub(super) fn has(&self, write: &WriteId) -> bool {
        self.0.iter().any(|layer| layer.write == *write)
    }

    /// On top of all others.
    pub(super) fn push(&mut self, write: WriteId, operations: Vec<Operation>) {
        self.0.push(Layer { write, operations, touched: BTreeSet::new() });
    }

    pub(super) fn remove(&mut self, write: &WriteId) -> Option<Layer> {
        let at = self.0.iter().position(|layer| layer.write == *write)?;
        Some(self.0.remove(at))
    }

    pub(super) fn forget(&mut self, name: &str) {
        for layer in &mut self.0 {
            layer.touched.remove(name);
        }
    }
}
