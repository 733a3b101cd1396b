//! Names of queries, and what it means that one begins with another. Knows no cache.

use std::fmt::Write as _;

use serde_json::Value;

/// The name of a query: a list of JSON values, from the general to the particular. A key that is the beginning of another names
/// everything below it, as in TanStack Query: the entry `["activity"]` of a rule concerns `["activity", "7"]` too.
///
/// ```
/// use serde_json::json;
/// use tidewire::QueryKey;
///
/// let list = QueryKey::from("activities");
/// let filtered = list.clone().with(json!({"mine": true, "page": 2}));
/// assert!(filtered.starts_with(&list));
/// assert!(filtered.starts_with(&list.with(json!({"mine": true}))));
/// assert_eq!(QueryKey::from(["activity", "7"]), QueryKey::from("activity").with("7"));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueryKey(Vec<Value>);

impl QueryKey {
    /// The same key with one more part.
    #[must_use]
    pub fn with(mut self, part: impl Into<Value>) -> QueryKey {
        self.0.push(part.into());
        self
    }

    /// Its parts.
    #[must_use]
    pub fn parts(&self) -> &[Value] {
        &self.0
    }

    /// Whether it stands at or below `prefix`. An object in the prefix matches one that has at least its fields.
    #[must_use]
    pub fn starts_with(&self, prefix: &QueryKey) -> bool {
        contains_list(&self.0, &prefix.0)
    }

    /// The same text for equal keys.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        write_list(&self.0, &mut text);
        text
    }

    pub(crate) fn parse(value: &Value) -> Option<QueryKey> {
        value.as_array().map(|parts| QueryKey(parts.clone()))
    }
}

impl From<Vec<Value>> for QueryKey {
    fn from(parts: Vec<Value>) -> QueryKey {
        QueryKey(parts)
    }
}

impl From<&str> for QueryKey {
    fn from(part: &str) -> QueryKey {
        QueryKey(vec![part.into()])
    }
}

impl From<String> for QueryKey {
    fn from(part: String) -> QueryKey {
        QueryKey(vec![part.into()])
    }
}

impl<T: Into<Value>, const N: usize> From<[T; N]> for QueryKey {
    fn from(parts: [T; N]) -> QueryKey {
        QueryKey(parts.into_iter().map(Into::into).collect())
    }
}

fn contains_list(list: &[Value], prefix: &[Value]) -> bool {
    list.len() >= prefix.len() && list.iter().zip(prefix).all(|(value, part)| contains(value, part))
}

pub(super) fn contains(value: &Value, part: &Value) -> bool {
    match (value, part) {
        (Value::Array(list), Value::Array(prefix)) => contains_list(list, prefix),
        (Value::Object(map), Value::Object(part)) => {
            part.iter().all(|(name, part)| map.get(name).is_some_and(|value| contains(value, part)))
        }
        (value, part) => value == part,
    }
}

fn write_list(list: &[Value], text: &mut String) {
    text.push('[');
    for (at, value) in list.iter().enumerate() {
        if at > 0 {
            text.push(',');
        }
        write_value(value, text);
    }
    text.push(']');
}

/// JSON whose fields are in order, whatever the order in the map is.
fn write_value(value: &Value, text: &mut String) {
    match value {
        Value::Array(list) => write_list(list, text),
        Value::Object(map) => {
            let mut names: Vec<&String> = map.keys().collect();
            names.sort_unstable();
            text.push('{');
            for (at, name) in names.into_iter().enumerate() {
                if at > 0 {
                    text.push(',');
                }
                let _ = write!(text, "{}:", Value::from(name.as_str()));
                write_value(&map[name], text);
            }
            text.push('}');
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {
            let _ = write!(text, "{value}");
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn y5_a_key_matches_its_beginnings_and_nothing_else() {
        let key = QueryKey::from(vec![json!("list"), json!({"a": 1, "b": [1, 2]}), json!(7)]);
        let matches = |prefix: Value| key.starts_with(&QueryKey::parse(&prefix).unwrap());
        assert!(matches(json!([])) && matches(json!(["list"])) && matches(json!(["list", {"b": [1]}, 7])));
        assert!(
            !matches(json!(["lis"]))
                && !matches(json!(["list", {"a": 2}]))
                && !matches(json!(["list", {"c": 1}]))
        );
        assert!(!matches(json!(["list", {}, 7, null])), "longer than the key");
        assert!(!matches(json!(["list", {}, "7"])), "a number is no text");
    }

    #[test]
    fn y5_equal_keys_have_the_same_text() {
        let one: Value =
            serde_json::from_str(r#"["a",{"x":1,"y":{"b":2,"a":"q\"uote"}},null,true]"#).unwrap();
        let text = QueryKey::parse(&one).unwrap().text();
        assert_eq!(text, r#"["a",{"x":1,"y":{"a":"q\"uote","b":2}},null,true]"#);
        assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), one);
    }
}
