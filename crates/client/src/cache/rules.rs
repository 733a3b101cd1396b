//! What events do to the cached values: the app's table, and the defaults where it has no rule (Y4). Pure; knows no query client
//! and no engine.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::entities::{Fields, Place};
use super::fold::{Belongs, Change, Failed, Operation, guarded, matches_any};
use super::key::QueryKey;
use super::rooms::RoomTable;
use crate::typed::EventType;

/// What a rule is told beside the payload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleContext {
    /// The signed-in user.
    pub user: String,
    /// A write of this client caused the event.
    pub own: bool,
    /// It came from history, after an absence.
    pub replayed: bool,
}

/// Where the entities of one kind stand: the field that holds their id, and the queries.
///
/// ```
/// use tidewire::Entity;
///
/// let activity = Entity::new("activity").under("activities").under("activity");
/// // A list of those that I joined: what I leave, leaves it.
/// let mine = Entity::new("mine").under("my-activities").belongs(|item, _key| item["joined"] == true);
/// # let _ = (activity, mine);
/// ```
#[derive(Clone)]
pub struct Entity {
    name: String,
    id: String,
    keys: Vec<QueryKey>,
    belongs: Belongs,
}

impl Entity {
    /// Entities of this name, whose field `id` holds their id.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Entity {
        Entity { name: name.into(), id: "id".into(), keys: Vec::new(), belongs: None }
    }

    /// The field that holds the id.
    #[must_use]
    pub fn id(mut self, field: impl Into<String>) -> Entity {
        self.id = field.into();
        self
    }

    /// They stand in the queries at and below this key. May be said several times.
    #[must_use]
    pub fn under(mut self, key: impl Into<QueryKey>) -> Entity {
        self.keys.push(key.into());
        self
    }

    /// Whether an item stands in the list under a key, for lists that are filtered. An item that a rule or a layer changes leaves the
    /// lists to which it belongs no more and enters no wrong one; a list to which it begins to belong is fetched again.
    #[must_use]
    pub fn belongs(mut self, belongs: impl Fn(&Value, &QueryKey) -> bool + Send + Sync + 'static) -> Entity {
        self.belongs = Some(Arc::new(belongs));
        self
    }

    /// What holds where the table has no entry: `id`, under `["x"]` and `["xs"]`.
    fn by_default(name: &str) -> Entity {
        Entity::new(name).under(name).under(plural(name))
    }
}

impl fmt::Debug for Entity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entity").field("name", &self.name).field("keys", &self.keys).finish_non_exhaustive()
    }
}

fn plural(name: &str) -> String {
    let mut ends = name.chars().rev();
    match (ends.next(), ends.next()) {
        (Some('y'), Some(before)) if !"aeiou".contains(before) => format!("{}ies", &name[..name.len() - 1]),
        _ => format!("{name}s"),
    }
}

type Plan = dyn Fn(&Rules, &Value, &RuleContext) -> Result<Step, Failed> + Send + Sync;

/// What one event does to the cached values; made by the methods of its [`EventType`].
pub struct Rule {
    event: &'static str,
    plan: Arc<Plan>,
}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rule").field("event", &self.event).finish_non_exhaustive()
    }
}

/// One step of a plan.
enum Step {
    Operation(Operation),
    Invalidate(Vec<QueryKey>),
}

/// Rules of this event, for [`Rules::on`].
impl<P: DeserializeOwned + Send + Sync + 'static> EventType<P> {
    fn rule(
        self,
        plan: impl Fn(&Rules, P, &RuleContext) -> Result<Step, Failed> + Send + Sync + 'static,
    ) -> Rule {
        let plan: Arc<Plan> =
            Arc::new(move |rules, payload, context| plan(rules, P::deserialize(payload)?, context));
        Rule { event: self.name(), plan }
    }

    /// The entity with this id changes wherever it stands. `T` may say a part of its fields; the others are kept as they are.
    #[must_use]
    pub fn patch<T, I>(
        self,
        entity: impl Into<String>,
        id: impl Fn(&P) -> I + Send + Sync + 'static,
        change: impl Fn(&mut T, &P, &RuleContext) + Send + Sync + 'static,
    ) -> Rule
    where
        T: Serialize + DeserializeOwned + 'static,
        I: Into<Value>,
    {
        let (entity, change) = (entity.into(), Arc::new(change));
        self.rule(move |rules, payload, context| {
            let id = id(&payload).into();
            let (change, context, payload) = (Arc::clone(&change), context.clone(), payload);
            Ok(Step::Operation(rules.patch(&entity, id, typed(move |item| change(item, &payload, &context)))))
        })
    }

    /// The fields of the payload replace those of the entity with this id; fields that it does not say stay.
    #[must_use]
    pub fn merge<I>(self, entity: impl Into<String>, id: impl Fn(&P) -> I + Send + Sync + 'static) -> Rule
    where
        P: Serialize,
        I: Into<Value>,
    {
        let entity = entity.into();
        self.rule(move |rules, payload, _context| {
            let id = id(&payload).into();
            Ok(Step::Operation(rules.patch(&entity, id, merging(serde_json::to_value(&payload)?))))
        })
    }

    /// An item enters the lists under a key; one with the same id is replaced where it stands.
    #[must_use]
    pub fn insert<T: Serialize, K: Into<QueryKey>>(
        self,
        key: impl Fn(&P) -> K + Send + Sync + 'static,
        item: impl Fn(P) -> T + Send + Sync + 'static,
        place: Place,
    ) -> Rule {
        self.rule(move |rules, payload, _context| {
            let key = key(&payload).into();
            let item = serde_json::to_value(item(payload))?;
            Ok(Step::Operation(rules.insert(key, item, place)))
        })
    }

    /// The entity with this id leaves every list. A query that holds it alone is fetched again: only the server can say what stands
    /// there now.
    #[must_use]
    pub fn remove<I: Into<Value>>(
        self,
        entity: impl Into<String>,
        id: impl Fn(&P) -> I + Send + Sync + 'static,
    ) -> Rule {
        let entity = entity.into();
        self.rule(move |rules, payload, _context| {
            Ok(Step::Operation(rules.remove(&entity, id(&payload).into())))
        })
    }

    /// The queries at and below these keys are fetched again.
    #[must_use]
    pub fn invalidate(self, keys: impl Fn(&P) -> Vec<QueryKey> + Send + Sync + 'static) -> Rule {
        self.rule(move |_rules, payload, _context| Ok(Step::Invalidate(keys(&payload))))
    }
}

/// A function on an app's type as one on fields. What the type does not know stays.
pub(super) fn typed<T: Serialize + DeserializeOwned>(
    change: impl Fn(&mut T) + Send + Sync + 'static,
) -> Change {
    Arc::new(move |fields: &mut Fields| {
        let mut item: T = serde_json::from_value(Value::Object(fields.clone()))?;
        change(&mut item);
        match serde_json::to_value(&item)? {
            Value::Object(changed) => fields.extend(changed),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                return Err(Failed);
            }
        }
        Ok(())
    })
}

fn merging(payload: Value) -> Change {
    Arc::new(move |fields: &mut Fields| {
        if let Value::Object(new) = &payload {
            fields.extend(new.clone());
        }
        Ok(())
    })
}

/// What events do to the cached values: the one place where live data meets queries (Y1, Y4).
///
/// Without a rule for an event, `activity:updated` merges its payload where the id stands already, `activity:created` fetches lists
/// again and `activity:deleted` removes. A room without an entry may change anything: its events fetch every query again that somebody
/// looks at, so give each room its entry.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use tidewire::{Entity, EventType, Rules};
///
/// #[derive(Serialize, Deserialize)]
/// #[serde(rename_all = "camelCase")]
/// struct LikeAdded { activity_id: String, like_count: u32 }
///
/// /// As much of an activity as the rule needs.
/// #[derive(Serialize, Deserialize)]
/// #[serde(rename_all = "camelCase")]
/// struct Likes { like_count: u32 }
///
/// const LIKE_ADDED: EventType<LikeAdded> = EventType::new("activity:like_added");
///
/// let rules = Rules::new()
///     .entity(Entity::new("activity").under("activities").under("activity"))
///     .room("activities", ["activities", "activity"])
///     .room("activity_:id", [["messages", ":id"]]) // the events of `activity_7` change `["messages", "7"]`
///     .on(LIKE_ADDED.patch("activity", |e| e.activity_id.clone(), |it: &mut Likes, e, _| it.like_count = e.like_count));
/// # let _ = rules;
/// ```
#[derive(Clone, Default)]
pub struct Rules {
    entities: BTreeMap<String, Entity>,
    rooms: RoomTable,
    on: BTreeMap<String, Vec<Arc<Plan>>>,
}

impl fmt::Debug for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rules")
            .field("entities", &self.entities)
            .field("events", &self.on.keys())
            .finish_non_exhaustive()
    }
}

impl Rules {
    /// No rules: the defaults.
    #[must_use]
    pub fn new() -> Rules {
        Rules::default()
    }

    /// Where the entities of one kind stand.
    #[must_use]
    pub fn entity(mut self, entity: Entity) -> Rules {
        self.entities.insert(entity.name.clone(), entity);
        self
    }

    /// The events of rooms with this name change the queries at and below these keys. A `:name` in the room's pattern stands for at least
    /// one character, and for the same wherever it stands in a key.
    #[must_use]
    pub fn room<K: Into<QueryKey>>(mut self, pattern: &str, keys: impl IntoIterator<Item = K>) -> Rules {
        self.rooms.add(pattern, keys.into_iter().map(Into::into).collect());
        self
    }

    /// What an event does; may be said several times for one event. Takes the place of the default for its name.
    #[must_use]
    pub fn on(mut self, rule: Rule) -> Rules {
        self.on.entry(rule.event.to_owned()).or_default().push(rule.plan);
        self
    }

    pub(super) fn rooms(&self) -> &RoomTable {
        &self.rooms
    }

    fn known(&self, name: &str) -> Entity {
        self.entities.get(name).cloned().unwrap_or_else(|| Entity::by_default(name))
    }

    pub(super) fn patch(&self, entity: &str, id: Value, change: Change) -> Operation {
        let Entity { id: id_field, keys, belongs, .. } = self.known(entity);
        Operation::Patch { keys, id_field, id, change, belongs }
    }

    pub(super) fn insert(&self, key: QueryKey, item: Value, place: Place) -> Operation {
        let under = self.entities.values().find(|entity| matches_any(&key, &entity.keys)).cloned();
        let (id_field, belongs) = under.map_or_else(|| ("id".into(), None), |one| (one.id, one.belongs));
        Operation::Insert { keys: vec![key], id_field, item, place, belongs }
    }

    pub(super) fn remove(&self, entity: &str, id: Value) -> Operation {
        let Entity { id: id_field, keys, .. } = self.known(entity);
        Operation::Remove { keys, id_field, id }
    }

    /// What this event does.
    pub(super) fn plan(
        &self,
        event: &str,
        payload: &Value,
        context: &RuleContext,
    ) -> Result<Planned, Failed> {
        let mut planned = Planned::default();
        let Some(plans) = self.on.get(event) else {
            self.by_name(event, payload, &mut planned);
            return Ok(planned);
        };
        for plan in plans {
            match guarded(|| plan(self, payload, context))? {
                Step::Operation(operation) => planned.operations.push(operation),
                Step::Invalidate(keys) => planned.invalidations.push(Invalidation { keys, lists: None }),
            }
        }
        Ok(planned)
    }

    /// `x:updated` merges, `x:created` fetches lists again, `x:deleted` removes; any other name does nothing.
    fn by_name(&self, event: &str, payload: &Value, planned: &mut Planned) {
        let Some((entity, verb)) = event.rsplit_once(':').filter(|(entity, _)| !entity.is_empty()) else {
            return;
        };
        if !matches!(verb, "created" | "updated" | "deleted") {
            return;
        }
        let Entity { id: id_field, keys, .. } = self.known(entity);
        let named = || payload.get(format!("{entity}Id")).filter(|_| verb == "deleted");
        let id = payload.get(&id_field).or_else(named).cloned();
        match (verb, id) {
            ("created", _) => planned.invalidations.push(Invalidation { keys, lists: Some(id_field) }),
            (_, None) => planned.invalidations.push(Invalidation { keys, lists: None }),
            ("updated", Some(id)) => {
                planned.operations.push(self.patch(entity, id, merging(payload.clone())))
            }
            (_, Some(id)) => planned.operations.push(self.remove(entity, id)),
        }
    }
}

/// What one event does.
#[derive(Debug, Default)]
pub(super) struct Planned {
    pub(super) operations: Vec<Operation>,
    pub(super) invalidations: Vec<Invalidation>,
}

/// Queries to fetch again; only those that hold lists, where `lists` has the field of their ids.
#[derive(Debug)]
pub(super) struct Invalidation {
    pub(super) keys: Vec<QueryKey>,
    pub(super) lists: Option<String>,
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn context() -> RuleContext {
        RuleContext { user: "ana".into(), own: false, replayed: false }
    }

    /// The value under a key after an event; absent where the rule failed.
    fn after(rules: &Rules, event: &str, payload: Value, key: &str, mut data: Value) -> Option<Value> {
        let planned = rules.plan(event, &payload, &context()).ok()?;
        for operation in &planned.operations {
            operation.apply(&key.into(), &mut data).ok()?;
        }
        Some(data)
    }

    #[test]
    fn y4_without_a_rule_the_name_says_what_happens() {
        let rules = Rules::new();
        let before = || json!([{"id": 1, "title": "a", "liked": true}]);
        let updated = after(&rules, "city:updated", json!({"id": 1, "title": "b"}), "cities", before());
        assert_eq!(updated, Some(json!([{"id": 1, "title": "b", "liked": true}])), "absent fields are kept");
        let absent = after(&rules, "city:updated", json!({"id": 2, "title": "b"}), "cities", before());
        assert_eq!(absent, Some(before()), "only where the id stands already");
        assert_eq!(after(&rules, "city:deleted", json!({"cityId": 1}), "cities", before()), Some(json!([])));
        assert_eq!(after(&rules, "city:renamed", json!({"id": 1}), "cities", before()), Some(before()));
        let created = rules.plan("day:created", &json!({"id": 1}), &context()).unwrap();
        let [one] = &created.invalidations[..] else { panic!("one") };
        assert_eq!((&one.keys[..], one.lists.as_deref()), (&["day".into(), "days".into()][..], Some("id")));
        let nameless = rules.plan("day:updated", &json!({"title": "b"}), &context()).unwrap();
        assert_eq!((nameless.operations.len(), nameless.invalidations.len()), (0, 1), "nobody knows which");
    }

    #[derive(Serialize, serde::Deserialize)]
    struct Count {
        count: u32,
    }

    #[test]
    fn y4_a_rule_takes_the_place_of_the_default_and_keeps_what_its_type_does_not_know() {
        const UPDATED: EventType<Value> = EventType::new("thing:updated");
        let rules = Rules::new().entity(Entity::new("thing").id("key").under("all")).on(UPDATED.patch(
            "thing",
            |e: &Value| e["key"].clone(),
            |it: &mut Count, e, _| {
                it.count += u32::try_from(e["by"].as_u64().unwrap()).unwrap();
            },
        ));
        let before = || json!([{"key": "x", "count": 1, "other": true}]);
        let seen = |payload| after(&rules, "thing:updated", payload, "all", before());
        assert_eq!(
            seen(json!({"key": "x", "by": 2})),
            Some(json!([{"key": "x", "count": 3, "other": true}]))
        );
        assert_eq!(
            seen(json!({"key": "x", "by": "panic"})),
            None,
            "a panic of the app's costs this rule only"
        );
        let odd = after(&rules, "thing:updated", json!({"key": "x", "by": 1}), "all", json!([{"key": "x"}]));
        assert_eq!(odd, None, "a type that does not fit");
    }

    #[test]
    fn y4_an_item_that_belongs_no_more_leaves_the_list() {
        let rules =
            Rules::new().entity(Entity::new("task").under("open").belongs(|item, _| item["done"] == false));
        let list = json!([{"id": 1, "done": false}, {"id": 2, "done": false}]);
        let done = after(&rules, "task:updated", json!({"id": 1, "done": true}), "open", list.clone());
        assert_eq!(done, Some(json!([{"id": 2, "done": false}])));
        let mut data = list.clone();
        let wrong = rules.insert("open".into(), json!({"id": 3, "done": true}), Place::End);
        wrong.apply(&"open".into(), &mut data).unwrap();
        assert_eq!(data, list);
    }
}
