//! Values and rows as handlers see them, so that no handler names a database driver. Knows no SQL.

use std::sync::Arc;

use super::error::StoreError;

/// A value that goes into a statement or comes out of a row.
#[derive(Clone, PartialEq)]
pub enum Value {
    /// SQL NULL.
    Null,
    /// A 64-bit integer; also booleans, as 0 and 1.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// Text.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl std::fmt::Debug for Value {
    /// The kind only: values are people's data.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Null => "Null",
            Self::Integer(_) => "Integer(..)",
            Self::Real(_) => "Real(..)",
            Self::Text(_) => "Text(..)",
            Self::Blob(_) => "Blob(..)",
        })
    }
}

/// The parameters of a statement, in the order of `?1`, `?2`, ...
///
/// ```
/// let values = tidewire_server::params!["ana", 7, true];
/// assert_eq!(values.len(), 3);
/// ```
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { [$($crate::store::Value::from($value)),*] };
}

macro_rules! from_integer {
    ($($type:ty),*) => {$(
        impl From<$type> for Value {
            fn from(value: $type) -> Self { Self::Integer(i64::from(value)) }
        }
    )*};
}
from_integer!(i64, i32, i16, u32, u16, u8, bool);

impl From<f64> for Value {
    fn from(value: f64) -> Self {
        Self::Real(value)
    }
}
impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}
impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}
impl From<&String> for Value {
    fn from(value: &String) -> Self {
        Self::Text(value.clone())
    }
}
impl From<&Arc<str>> for Value {
    fn from(value: &Arc<str>) -> Self {
        Self::Text(value.to_string())
    }
}
impl From<Vec<u8>> for Value {
    fn from(value: Vec<u8>) -> Self {
        Self::Blob(value)
    }
}
impl From<&[u8]> for Value {
    fn from(value: &[u8]) -> Self {
        Self::Blob(value.to_vec())
    }
}
impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

/// A type that a column can be read as.
pub trait FromValue: Sized {
    /// The value, or what was found instead.
    fn from_value(value: Value) -> Result<Self, &'static str>;
}

impl FromValue for i64 {
    fn from_value(value: Value) -> Result<Self, &'static str> {
        let found = kind(&value);
        if let Value::Integer(number) = value { Ok(number) } else { Err(found) }
    }
}
impl FromValue for u64 {
    fn from_value(value: Value) -> Result<Self, &'static str> {
        u64::try_from(i64::from_value(value)?).map_err(|_| "a negative integer")
    }
}
impl FromValue for u32 {
    fn from_value(value: Value) -> Result<Self, &'static str> {
        u32::try_from(i64::from_value(value)?).map_err(|_| "an integer out of range")
    }
}
impl FromValue for u16 {
    fn from_value(value: Value) -> Result<Self, &'static str> {
        u16::try_from(i64::from_value(value)?).map_err(|_| "an integer out of range")
    }
}
impl FromValue for bool {
    fn from_value(value: Value) -> Result<Self, &'static str> {
        Ok(i64::from_value(value)? != 0)
    }
}
impl FromValue for f64 {
    fn from_value(value: Value) -> Result<Self, &'static str> {
        let found = kind(&value);
        if let Value::Real(number) = value { Ok(number) } else { Err(found) }
    }
}
impl FromValue for String {
    fn from_value(value: Value) -> Result<Self, &'static str> {
        let found = kind(&value);
        if let Value::Text(text) = value { Ok(text) } else { Err(found) }
    }
}
impl FromValue for Arc<str> {
    fn from_value(value: Value) -> Result<Self, &'static str> {
        String::from_value(value).map(Into::into)
    }
}
impl FromValue for Vec<u8> {
    fn from_value(value: Value) -> Result<Self, &'static str> {
        let found = kind(&value);
        if let Value::Blob(bytes) = value { Ok(bytes) } else { Err(found) }
    }
}
impl<T: FromValue> FromValue for Option<T> {
    fn from_value(value: Value) -> Result<Self, &'static str> {
        if value == Value::Null { Ok(None) } else { T::from_value(value).map(Some) }
    }
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Integer(_) => "an integer",
        Value::Real(_) => "a real number",
        Value::Text(_) => "text",
        Value::Blob(_) => "bytes",
    }
}

/// One row of an answer.
pub struct Row {
    values: Vec<Value>,
}

impl Row {
    pub(super) fn new(values: Vec<Value>) -> Self {
        Self { values }
    }

    /// The column at `index`, from 0. Fails with [`StoreError::Sql`] if there is none or it is of another type.
    pub fn get<T: FromValue>(&self, index: usize) -> Result<T, StoreError> {
        let value = self
            .values
            .get(index)
            .ok_or_else(|| StoreError::Sql(format!("the row has no column {index}")))?;
        T::from_value(value.clone()).map_err(|found| {
            StoreError::Sql(format!("column {index} holds {found}, which is not what was asked for"))
        })
    }
}
