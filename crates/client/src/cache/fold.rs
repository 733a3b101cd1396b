//! Folds layers over a base: what is seen is the base, changed by the layers that stand on it, in order (Q16). Operations are
//! recorded once and run again over every new base. Knows no engine.

use std::collections::BTreeSet;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use serde_json::Value;
use tidewire_core::WriteId;

use super::entities::{self, Fields, Place};
use super::key::QueryKey;

/// Whether an item stands in the list under this key; absent: in all.
pub(crate) type Belongs = Option<Arc<dyn Fn(&Value, &QueryKey) -> bool + Send + Sync>>;
/// What a patch does to an entity.
pub(crate) type Change = Arc<dyn Fn(&mut Fields) -> Result<(), Failed> + Send + Sync>;

/// A function of the app gave no result: its types do not fit the data, or it panicked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Failed;

impl From<serde_json::Error> for Failed {
    fn from(_: serde_json::Error) -> Failed {
        Failed
    }
}

/// Runs code of the app: a panic in it costs its own result, not the client.
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, Failed>) -> Result<T, Failed> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or(Err(Failed))
}

/// One recorded change. `keys` are beginnings of the query keys that it concerns.
#[derive(Clone)]
pub(crate) enum Operation {
    Patch { keys: Vec<QueryKey>, id_field: String, id: Value, change: Change, belongs: Belongs },
    Insert { keys: Vec<QueryKey>, id_field: String, item: Value, place: Place, belongs: Belongs },
    Remove { keys: Vec<QueryKey>, id_field: String, id: Value },
}

impl fmt::Debug for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Operation::Patch { .. } => "Patch",
            Operation::Insert { .. } => "Insert",
            Operation::Remove { .. } => "Remove",
        })
    }
}

pub(super) fn matches_any(key: &QueryKey, prefixes: &[QueryKey]) -> bool {
    prefixes.iter().any(|prefix| key.starts_with(prefix))
}

impl Operation {
    pub(super) fn concerns(&self, key: &QueryKey) -> bool {
        let (Operation::Patch { keys, .. } | Operation::Insert { keys, .. } | Operation::Remove { keys, .. }) =
            self;
        matches_any(key, keys)
    }

    /// Changes the data of the query with this key, if it concerns that.
    pub(super) fn apply(&self, key: &QueryKey, data: &mut Value) -> Result<(), Failed> {
        if !self.concerns(key) {
            return Ok(());
        }
        match self {
            Operation::Patch { id_field, id, change, belongs, .. } => {
                entities::patch(data, id_field, id, &mut |fields| guarded(|| change(fields)))?;
                if let Some(belongs) = belongs
                    && entities::is_list(data, id_field)
                    && let Some(item) = entities::entity(data, id_field, id)
                    && !guarded(|| Ok(belongs(item, key)))?
                {
                    entities::remove(data, id_field, id);
                }
            }
            Operation::Insert { id_field, item, place, belongs, .. } => {
                let belongs = match belongs {
                    Some(belongs) => guarded(|| Ok(belongs(item, key)))?,
                    None => true,
                };
                if belongs {
                    entities::insert(data, id_field, item, *place);
                } else if let Some(id) = item.get(id_field) {
                    entities::remove(data, id_field, id);
                }
            }
            Operation::Remove { id_field, id, .. } => entities::remove(data, id_field, id),
        }
        Ok(())
    }
}

/// The changes of one write.
#[derive(Debug)]
pub(super) struct Layer {
    pub(super) write: WriteId,
    pub(super) operations: Vec<Operation>,
    /// Queries that were reported as touched by it, by their names.
    pub(super) touched: BTreeSet<String>,
}

/// The base with the layers that stand on it, and the writes whose layers changed something. A layer whose function fails over
/// this base leaves it as it was.
pub(super) fn fold(
    key: &QueryKey,
    base: &Value,
    carries: &BTreeSet<WriteId>,
    layers: &[Layer],
) -> (Value, Vec<WriteId>) {
    let (mut data, mut changed_by) = (base.clone(), Vec::new());
    for layer in layers.iter().filter(|layer| !carries.contains(&layer.write)) {
        if !layer.operations.iter().any(|operation| operation.concerns(key)) {
            continue;
        }
        let mut next = data.clone();
        let applied = layer.operations.iter().try_for_each(|operation| operation.apply(key, &mut next));
        if applied.is_ok() && next != data {
            changed_by.push(layer.write.clone());
            data = next;
        }
    }
    (data, changed_by)
}
