//! The mutations of this build by name, and the questions that only they can answer. Decides not when one is asked.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;
use tidewire_core::{Found, Input, KnownMutation, Named, Resolution, Submission, WriteId};

use super::writes::Facts;
use crate::cache::LayerWriter;
use crate::mutation::{Asked, Defined};
use crate::names::TempId;
use crate::write::Answer;

#[derive(Default)]
pub(crate) struct Definitions {
    by_name: BTreeMap<String, Arc<dyn Defined>>,
}

impl Definitions {
    pub(crate) fn add(&mut self, definition: Arc<dyn Defined>) {
        self.by_name.insert(definition.name().to_owned(), definition);
    }

    /// What this build knows. An app that defines none sends whatever is stored.
    pub(super) fn known(&self) -> Option<Input> {
        let known =
            |one: &Arc<dyn Defined>| KnownMutation { name: one.name().into(), version: one.version() };
        let known: Vec<KnownMutation> = self.by_name.values().map(known).collect();
        (!known.is_empty()).then_some(Input::Definitions { known })
    }

    /// A definition of another version does not know what the variables mean.
    fn of(&self, facts: &Facts) -> Option<&Arc<dyn Defined>> {
        self.by_name.get(&facts.name).filter(|one| one.version() == facts.version)
    }

    pub(super) fn upcast(&self, facts: &Facts) -> Option<Submission> {
        self.by_name.get(&facts.name)?.upcast(facts.version, &facts.variables.0)
    }

    /// What the write shows before the server has answered.
    pub(super) fn optimistic(&self, facts: &Facts, writer: &mut LayerWriter<'_>) {
        if let Some(definition) = self.of(facts) {
            definition.optimistic(&facts.variables.0, writer);
        }
    }

    pub(super) fn decide(&self, write: &WriteId, facts: &Facts, answer: Answer) -> Option<Asked<Resolution>> {
        self.of(facts)?.decide(write.clone(), &facts.variables.0, answer)
    }

    pub(super) fn verify(&self, write: &WriteId, facts: &Facts) -> Option<Asked<Found>> {
        self.of(facts)?.verify(write.clone(), &facts.variables.0)
    }

    /// The names that an answer gives to the temporary ids of its write (Q7).
    pub(super) fn names(&self, facts: Option<&Facts>, answer: &Answer, temps: &[String]) -> Vec<Named> {
        let definition = facts.and_then(|facts| self.of(facts));
        let named = |temp: &String| {
            let by_rule = definition.and_then(|one| one.real_id(answer, &TempId::known(temp.clone())));
            let real = by_rule.unwrap_or_else(|| plain_id(answer).filter(|_| temps.len() == 1))?;
            Some(Named { temp: temp.clone(), real })
        };
        temps.iter().filter_map(named).collect()
    }
}

/// The `id` of the answer's JSON object.
fn plain_id(answer: &Answer) -> Option<String> {
    match answer.json()?.get("id")? {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    }
}
