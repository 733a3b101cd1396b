//! Applies one event to bases: runs the rule, moves their positions, and says which queries are to be fetched again. A rule that
//! fails costs a refetch, never an event.

use serde_json::Value;
use tidewire_core::{Event, Now, Position};

use super::entities;
use super::entry::{Base, Entry};
use super::fold::{Failed, Operation, guarded, matches_any};
use super::rules::{Invalidation, Planned};
use super::{Cache, RuleContext};

/// What became of one query.
#[derive(Default)]
struct Outcome {
    changed: bool,
    moved: bool,
    refetch: bool,
}

impl Cache {
    pub(crate) fn event(&mut self, event: &Event, payload: &Value, now: Now) {
        if self.entries.is_empty() {
            return;
        }
        let context = RuleContext { user: self.user.clone(), own: event.own, replayed: event.replayed };
        let planned = self.settings.rules.plan(&event.name, payload, &context);
        let listed = event.position.as_ref().is_some_and(|at| self.settings.rules.rooms().has(&at.room));
        let mut outcomes = Vec::new();
        for (name, entry) in &mut self.entries {
            outcomes.push((name.clone(), reached(event, &planned, listed, entry)));
        }
        if let Ok(planned) = &planned {
            for operation in &planned.operations {
                self.entered(operation, &mut outcomes);
            }
        }
        for (name, Outcome { changed, moved, refetch }) in outcomes {
            if changed {
                self.mark(&name, false);
            }
            if moved {
                self.unstore(&name, now);
            }
            if refetch {
                self.refetcher.want(&name);
            }
        }
    }

    /// Lists that a changed item begins to belong to: only the server can say where in them it stands.
    fn entered(&self, operation: &Operation, outcomes: &mut [(String, Outcome)]) {
        let Operation::Patch { keys, id_field, id, belongs: Some(belongs), .. } = operation else { return };
        let data =
            |name: &str| self.entries.get(name).and_then(|entry| Some((entry, &entry.base.as_ref()?.data)));
        let item = outcomes.iter().filter(|(_, outcome)| outcome.changed).find_map(|(name, _)| {
            let (_, data) = data(name)?;
            entities::entity(data, id_field, id).cloned()
        });
        let Some(item) = item else { return };
        for (name, outcome) in outcomes {
            let Some((entry, data)) = data(name) else { continue };
            let begins = matches_any(&entry.key, keys)
                && entities::is_list(data, id_field)
                && entities::entity(data, id_field, id).is_none()
                && guarded(|| Ok(belongs(&item, &entry.key))).unwrap_or(true);
            outcome.refetch |= begins;
        }
    }
}

fn reached(event: &Event, planned: &Result<Planned, Failed>, listed: bool, entry: &mut Entry) -> Outcome {
    let mut outcome = Outcome::default();
    let chosen = event.apply.contains(&entry.id);
    let applies = if listed { chosen } else { event.dispatch };
    if let (Some(base), true, Ok(planned)) = (&mut entry.base, applies, planned) {
        let mut data = base.data.clone();
        let done = planned.operations.iter().try_for_each(|one| one.apply(&entry.key, &mut data));
        match done {
            Ok(()) => {
                outcome.refetch |= planned.operations.iter().any(|one| removes_whole(one, &entry.key, &data));
                outcome.changed = data != base.data;
                outcome.moved |= outcome.changed;
                base.data = data;
            }
            Err(Failed) => outcome.refetch = true,
        }
    }
    if let (Some(base), Some(at), true) = (&mut entry.base, &event.position, chosen) {
        base.positions.insert(at.room.clone(), at.clone());
        outcome.moved = true;
    }
    let told = chosen || (event.dispatch && !covered(entry.base.as_ref(), event.position.as_ref()));
    outcome.refetch |= told
        && match planned {
            Err(Failed) => true,
            Ok(planned) => planned.invalidations.iter().any(|one| concerns(one, entry)),
        };
    // A room without an entry in the table may change anything (Y1).
    outcome.refetch |= event.dispatch && event.position.is_some() && !listed && entry.is_active();
    outcome
}

/// The removed entity is all that the query holds: only the server can say what stands there now.
fn removes_whole(operation: &Operation, key: &super::QueryKey, data: &Value) -> bool {
    match operation {
        Operation::Remove { keys, id_field, id } => {
            matches_any(key, keys) && data.get(id_field).is_some_and(|own| entities::same_id(own, id))
        }
        Operation::Patch { .. } | Operation::Insert { .. } => false,
    }
}

fn concerns(one: &Invalidation, entry: &Entry) -> bool {
    let is_list =
        |field: &String| entry.base.as_ref().is_some_and(|base| entities::is_list(&base.data, field));
    matches_any(&entry.key, &one.keys) && one.lists.as_ref().is_none_or(is_list)
}

/// The base was read after this event, so nothing is to be fetched for it.
fn covered(base: Option<&Base>, position: Option<&Position>) -> bool {
    let (Some(base), Some(position)) = (base, position) else { return false };
    let mine = base.positions.get(&position.room);
    mine.is_some_and(|mine| mine.epoch == position.epoch && mine.offset >= position.offset)
}
