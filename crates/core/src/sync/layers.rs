//! Which optimistic layers stand on which queries, and when one retires (Q16 to Q18). It knows no payload and no cache:
//! the host folds, this says what.

use crate::gather::Gather;
use crate::map::{Map, Set};

use crate::ctx::Ctx;
use crate::facts::{Fact, Facts, LayerSeed};
use crate::ids::*;
use crate::io::{Applied, Named, Output, RefetchReason};
use crate::limits;
use crate::outbox::renamed_json;
use crate::secret::Payload;
use crate::timers::TimerKind;

#[derive(Debug)]
struct Layer {
    name: String,
    version: u32,
    variables: Payload,
    /// Queries that it changed when the host folded it.
    touched: Set<QueryId>,
    /// Queries whose base carries the write.
    carried: Set<QueryId>,
    /// As what it was sent: a base may name it before the answer is known.
    claim: Option<(ClientId, Sequence)>,
    acknowledged: Option<Acknowledged>,
}

#[derive(Debug)]
struct Acknowledged {
    /// The engine's tick of the answer: fetches that began later show the write.
    tick: u64,
    /// The time for bases to show it is over.
    overdue: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Layers {
    /// In no order: the order on the screen is that of `LayerAdded`.
    layers: Map<WriteId, Layer>,
    /// Writes without an answer whose layer has gone, as what they were sent. After a restart their layers stand again, so bases that
    /// come meanwhile must know that they carry them.
    early: Map<WriteId, Option<(ClientId, Sequence)>>,
}

impl Layers {
    /// A layer at the tap: on top.
    pub(crate) fn add(
        &mut self,
        write: &WriteId,
        definition: (String, u32, Payload),
        touched: Vec<QueryId>,
        ctx: &mut Ctx,
    ) {
        let (name, version, variables) = definition;
        let layer = Layer {
            name,
            version,
            variables,
            touched: touched.into_iter().collect(),
            carried: Set::new(),
            claim: None,
            acknowledged: None,
        };
        announce(write, &layer, false, ctx);
        self.layers.insert(write.clone(), layer);
    }

    /// A layer from the store or another tab: at its place, below those of later writes.
    pub(crate) fn insert(&mut self, seed: LayerSeed, ctx: &mut Ctx) {
        let LayerSeed { write, name, version, variables, above } = seed;
        let above: Vec<WriteId> = above.into_iter().filter(|w| self.layers.contains_key(w)).gather();
        for write in &above {
            ctx.emit(Output::LayerRetired { write: write.clone(), query: None });
        }
        let layer = Layer {
            name,
            version,
            variables,
            touched: Set::new(),
            carried: Set::new(),
            claim: None,
            acknowledged: None,
        };
        announce(&write, &layer, true, ctx);
        self.layers.insert(write, layer);
        for write in &above {
            let Some(layer) = self.layers.get(write) else { continue };
            announce(write, layer, true, ctx);
            for query in layer.carried.iter() {
                ctx.emit(Output::LayerRetired { write: write.clone(), query: Some(*query) });
            }
        }
    }

    /// Q18: takes out exactly one layer.
    pub(crate) fn drop_layer(&mut self, write: &WriteId, ctx: &mut Ctx) {
        self.early.remove(write);
        if self.layers.remove(write).is_some() {
            ctx.timers.stop(&TimerKind::Layer(write.clone()));
            ctx.emit(Output::LayerRetired { write: write.clone(), query: None });
        }
    }

    /// A temporary id that variables may mention has its real name; the host has been told.
    pub(crate) fn renamed(&mut self, named: &Named) {
        for layer in self.layers.values_mut() {
            if let Some(variables) = renamed_json(&layer.variables.0, named) {
                layer.variables = Payload(variables);
            }
        }
    }

    pub(crate) fn claimed(&mut self, write: &WriteId, claim: Option<(ClientId, Sequence)>) {
        if let Some(layer) = self.layers.get_mut(write) {
            layer.claim = claim;
        } else if let Some(early) = self.early.get_mut(write) {
            *early = claim;
        }
    }

    pub(crate) fn acknowledged(&mut self, write: &WriteId, ctx: &mut Ctx, facts: &mut Facts) {
        self.early.remove(write);
        if let Some(layer) = self.layers.get_mut(write) {
            layer.acknowledged = Some(Acknowledged { tick: ctx.tick, overdue: false });
            let at = ctx.deadline(limits::LAYER_TIMEOUT);
            ctx.timers.set(TimerKind::Layer(write.clone()), at);
            self.settle(write, ctx, facts);
        }
    }

    pub(crate) fn touched(&mut self, write: &WriteId, queries: Vec<QueryId>, ctx: &mut Ctx) {
        let Some(layer) = self.layers.get_mut(write) else { return };
        let unseen =
            queries.iter().copied().filter(|q| !layer.touched.contains(q) && !layer.carried.contains(q));
        let unseen: Vec<QueryId> = unseen.gather();
        layer.touched.extend(queries);
        // Too late for the fetch that `on_overdue` started.
        if !unseen.is_empty() && layer.acknowledged.as_ref().is_some_and(|a| a.overdue) {
            ctx.emit(Output::Refetch { queries: unseen, reason: RefetchReason::WriteUnseen });
        }
    }

    /// An event of this write has reached the bases of these queries.
    pub(crate) fn carried_by_event(
        &mut self,
        write: &WriteId,
        queries: &[QueryId],
        ctx: &mut Ctx,
        facts: &mut Facts,
    ) {
        for query in queries {
            self.carry(write, *query, ctx);
            if self.early.contains_key(write) {
                ctx.emit(Output::LayerRetired { write: write.clone(), query: Some(*query) });
            }
        }
        self.settle(write, ctx, facts);
    }

    /// A base was installed. `started`: the tick at which its fetch began; absent for one from the store.
    pub(crate) fn base_installed(
        &mut self,
        query: QueryId,
        applied: Option<&Applied>,
        carries: &[WriteId],
        started: Option<u64>,
        ctx: &mut Ctx,
        facts: &mut Facts,
    ) {
        for (write, claim) in &self.early {
            if is_named(claim.as_ref(), applied) {
                ctx.emit(Output::LayerRetired { write: write.clone(), query: Some(query) });
            }
        }
        let shown: Vec<WriteId> = self
            .layers
            .iter()
            .filter(|(write, layer)| {
                layer.may_be_applied() && carries.contains(write) || layer.is_shown(applied, started)
            })
            .map(|(write, _)| write.clone())
            .gather();
        for write in &shown {
            self.carry(write, query, ctx);
            self.settle(write, ctx, facts);
        }
    }

    pub(crate) fn query_gone(&mut self, query: QueryId, ctx: &mut Ctx, facts: &mut Facts) {
        let writes: Vec<WriteId> = self.layers.keys().cloned().gather();
        for write in writes {
            if let Some(layer) = self.layers.get_mut(&write)
                && layer.touched.remove(&query)
            {
                layer.carried.remove(&query);
                self.settle(&write, ctx, facts);
            }
        }
    }

    fn carry(&mut self, write: &WriteId, query: QueryId, ctx: &mut Ctx) {
        if let Some(layer) = self.layers.get_mut(write)
            && layer.carried.insert(query)
        {
            ctx.emit(Output::LayerRetired { write: write.clone(), query: Some(query) });
        }
    }

    /// Retires a layer that stands nowhere any more.
    fn settle(&mut self, write: &WriteId, ctx: &mut Ctx, facts: &mut Facts) {
        let Some(layer) = self.layers.get(write) else { return };
        let standing = layer.touched.difference(&layer.carried).next().is_some();
        // A layer that touched nothing yet may touch a base that is still to come: only time tells.
        let overdue = layer.acknowledged.as_ref().is_some_and(|a| a.overdue);
        let done = if layer.touched.is_empty() { overdue } else { !standing };
        if done {
            let early = layer.acknowledged.is_none().then(|| layer.claim.clone());
            self.drop_layer(write, ctx);
            if let Some(claim) = early {
                self.early.insert(write.clone(), claim);
            }
            facts.push(Fact::LayerFinished(write.clone()));
        }
    }

    /// Q17: ten seconds after the answer, what has not shown the write is fetched again.
    pub(crate) fn on_overdue(&mut self, write: &WriteId, ctx: &mut Ctx, facts: &mut Facts) {
        let Some(layer) = self.layers.get_mut(write) else { return };
        let Some(acknowledged) = &mut layer.acknowledged else { return };
        acknowledged.overdue = true;
        let queries: Vec<QueryId> = layer.touched.difference(&layer.carried).copied().gather();
        if !queries.is_empty() {
            ctx.emit(Output::Refetch { queries, reason: RefetchReason::WriteUnseen });
        }
        self.settle(write, ctx, facts);
    }
}

impl Layer {
    /// A stored base may say that it carries a write that was refused meanwhile, or voided.
    fn may_be_applied(&self) -> bool {
        self.claim.is_some() || self.acknowledged.is_some()
    }

    fn is_shown(&self, applied: Option<&Applied>, started: Option<u64>) -> bool {
        let later = match (&self.acknowledged, started) {
            (Some(acknowledged), Some(tick)) => tick > acknowledged.tick,
            (None, _) | (_, None) => false,
        };
        is_named(self.claim.as_ref(), applied) || later
    }
}

/// Whether what was sent as `claim` is among the writes that a base has by its own word.
fn is_named(claim: Option<&(ClientId, Sequence)>, applied: Option<&Applied>) -> bool {
    match (claim, applied) {
        (Some((client, sequence)), Some(applied)) => {
            applied.client == *client && applied.ranges.iter().any(|r| (r.from..=r.to).contains(sequence))
        }
        (None, _) | (_, None) => false,
    }
}

fn announce(write: &WriteId, layer: &Layer, restored: bool, ctx: &mut Ctx) {
    ctx.emit(Output::LayerAdded {
        write: write.clone(),
        name: layer.name.clone(),
        version: layer.version,
        variables: layer.variables.clone(),
        restored,
    });
}
