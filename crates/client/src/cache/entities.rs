//! Finds, changes, adds and removes entities inside the data of one query. Knows shapes only: an object with the id field is an
//! entity and a leaf; arrays hold entities or pages; any other object is an envelope whose arrays are searched. Knows no query.

use serde_json::{Map, Value};

/// Where a new item enters a list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// Before all others: lists that show the newest first.
    #[default]
    Start,
    /// Behind all others.
    End,
}

/// An entity's fields.
pub(super) type Fields = Map<String, Value>;

/// Ids are the same as text: a path has `7` as text where JSON has a number.
pub(super) fn same_id(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::String(a), Value::Number(b)) | (Value::Number(b), Value::String(a)) => *a == b.to_string(),
        (a, b) => a == b,
    }
}

/// Whether the data is a list of entities (or an envelope around one), not an entity itself.
pub(super) fn is_list(data: &Value, id_field: &str) -> bool {
    match data {
        Value::Array(_) => true,
        Value::Object(map) => !map.contains_key(id_field) && map.values().any(Value::is_array),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// Changes the entity with this id wherever it stands.
pub(super) fn patch<E>(
    data: &mut Value,
    id_field: &str,
    id: &Value,
    change: &mut dyn FnMut(&mut Fields) -> Result<(), E>,
) -> Result<(), E> {
    match data {
        Value::Array(items) => items.iter_mut().try_for_each(|item| patch(item, id_field, id, change)),
        Value::Object(map) => match map.get(id_field) {
            Some(own) if same_id(own, id) => change(map),
            Some(_) => Ok(()),
            None => lists(map).try_for_each(|list| patch(list, id_field, id, change)),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

/// Takes the entity with this id out of every list. An entity that is the whole data stays.
pub(super) fn remove(data: &mut Value, id_field: &str, id: &Value) {
    match data {
        Value::Array(items) => {
            items.retain(|item| item.get(id_field).is_none_or(|own| !same_id(own, id)));
            items.iter_mut().for_each(|item| remove(item, id_field, id));
        }
        Value::Object(map) if !map.contains_key(id_field) => {
            lists(map).for_each(|list| remove(list, id_field, id));
        }
        Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Adds an item to the list, or puts it in the place of the one with the same id.
pub(super) fn insert(data: &mut Value, id_field: &str, item: &Value, place: Place) {
    if let Some(id) = item.get(id_field)
        && entity(data, id_field, id).is_some()
    {
        let put = |fields: &mut Fields| {
            if let Value::Object(item) = item {
                fields.clone_from(item);
            }
            Ok::<(), std::convert::Infallible>(())
        };
        let _ = patch(data, id_field, id, &mut { put });
        return;
    }
    add(data, id_field, item, place);
}

/// The entity with this id, where it stands first.
pub(super) fn entity<'a>(data: &'a Value, id_field: &str, id: &Value) -> Option<&'a Value> {
    match data {
        Value::Array(items) => items.iter().find_map(|item| entity(item, id_field, id)),
        Value::Object(map) => match map.get(id_field) {
            Some(own) => same_id(own, id).then_some(data),
            None => map.values().filter(|v| v.is_array()).find_map(|list| entity(list, id_field, id)),
        },
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => None,
    }
}

fn add(data: &mut Value, id_field: &str, item: &Value, place: Place) {
    match data {
        Value::Array(items) => {
            let pages = !items.is_empty() && items.iter().all(|page| is_list(page, id_field));
            match (pages, place) {
                (false, Place::Start) => items.insert(0, item.clone()),
                (false, Place::End) => items.push(item.clone()),
                (true, Place::Start) => items.iter_mut().take(1).for_each(|p| add(p, id_field, item, place)),
                (true, Place::End) => {
                    items.iter_mut().next_back().into_iter().for_each(|p| add(p, id_field, item, place));
                }
            }
        }
        Value::Object(map) if !map.contains_key(id_field) => {
            let mut lists = lists(map);
            if let (Some(only), None) = (lists.next(), lists.next()) {
                add(only, id_field, item, place);
            }
        }
        Value::Object(_) | Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

fn lists(map: &mut Fields) -> impl Iterator<Item = &mut Value> {
    map.values_mut().filter(|value| value.is_array())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn patched(mut data: Value, id: Value) -> Value {
        let mut change = |fields: &mut Fields| {
            fields.insert("n".into(), json!(2));
            Ok::<(), ()>(())
        };
        patch(&mut data, "id", &id, &mut change).unwrap();
        data
    }

    fn removed(mut data: Value, id: Value) -> Value {
        remove(&mut data, "id", &id);
        data
    }

    fn inserted(mut data: Value, place: Place) -> Value {
        insert(&mut data, "id", &json!({"id": 9}), place);
        data
    }

    #[test]
    fn y4_an_entity_changes_wherever_it_stands() {
        assert_eq!(patched(json!({"id": 1, "n": 1}), json!(1)), json!({"id": 1, "n": 2}));
        assert_eq!(
            patched(json!([{"id": "1"}, {"id": 2}]), json!(1)),
            json!([{"id": "1", "n": 2}, {"id": 2}])
        );
        assert_eq!(
            patched(json!({"items": [{"id": 1}], "next": null}), json!("1")),
            json!({"items": [{"id": 1, "n": 2}], "next": null})
        );
        assert_eq!(
            patched(json!([[{"id": 1}], [{"id": 2}]]), json!(2)),
            json!([[{"id": 1}], [{"id": 2, "n": 2}]])
        );
        let inner = json!({"id": 1, "children": [{"id": 2}]});
        assert_eq!(patched(inner.clone(), json!(2)), inner, "an entity is a leaf");
        assert_eq!(patched(json!("text"), json!(1)), json!("text"));
    }

    #[test]
    fn y4_an_entity_leaves_every_list_and_stays_where_it_is_all() {
        assert_eq!(removed(json!([{"id": 1}, {"id": 2}]), json!(1)), json!([{"id": 2}]));
        assert_eq!(removed(json!({"items": [{"id": 1}]}), json!(1)), json!({"items": []}));
        assert_eq!(
            removed(json!([{"items": [{"id": 1}, {"id": 2}]}]), json!(1)),
            json!([{"items": [{"id": 2}]}])
        );
        assert_eq!(removed(json!({"id": 1}), json!(1)), json!({"id": 1}));
    }

    #[test]
    fn y4_an_item_enters_the_list_or_takes_its_own_place() {
        assert_eq!(inserted(json!([{"id": 1}]), Place::Start), json!([{"id": 9}, {"id": 1}]));
        assert_eq!(inserted(json!([{"id": 1}]), Place::End), json!([{"id": 1}, {"id": 9}]));
        assert_eq!(
            inserted(json!([{"id": 1}, {"id": "9", "old": 1}]), Place::Start),
            json!([{"id": 1}, {"id": 9}])
        );
        assert_eq!(
            inserted(json!({"items": [], "next": 3}), Place::Start),
            json!({"items": [{"id": 9}], "next": 3})
        );
        assert_eq!(
            inserted(json!({"a": [], "b": []}), Place::Start),
            json!({"a": [], "b": []}),
            "which one?"
        );
        assert_eq!(
            inserted(json!([[{"id": 1}], [{"id": 2}]]), Place::End),
            json!([[{"id": 1}], [{"id": 2}, {"id": 9}]])
        );
        assert_eq!(inserted(json!([]), Place::End), json!([{"id": 9}]));
    }
}
