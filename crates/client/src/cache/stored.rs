//! The form of a base in the store: one value under one key, so that data, positions and carried writes change in one step (Y2): a
//! line of JSON about the base, then its data as JSON. Reading never fails: what does not fit is no base.

use serde_json::{Value, json};
use tidewire_core::{Blob, Epoch, Offset, Partition, Position, RoomId, StoredRecord, WriteId};

use super::entry::Base;
use super::key::QueryKey;

/// With what the keys of stored bases begin.
pub(crate) const PREFIX: &str = "b/";

const FORMAT: u64 = 1;

/// A base from the store.
pub(super) struct StoredBase {
    pub(super) key: QueryKey,
    pub(super) base: Base,
    pub(super) stale: bool,
}

pub(super) fn store_key(name: &str) -> String {
    format!("{PREFIX}{name}")
}

pub(super) fn encode(partition: &Partition, key: &QueryKey, base: &Base, stale: bool) -> Blob {
    let positions: Vec<Value> = base
        .positions
        .values()
        .map(|at| json!({"room": at.room.0, "epoch": at.epoch.0, "offset": at.offset.0}))
        .collect();
    let carries: Vec<&str> = base.carries.iter().map(|write| write.0.as_str()).collect();
    let head = json!({
        "format": FORMAT, "partition": partition.0, "queryKey": key.parts(), "positions": positions,
        "carries": carries, "updatedAt": base.updated_at, "stale": stale,
    });
    Blob(format!("{head}\n{}", base.data).into_bytes())
}

pub(super) fn decode(partition: &Partition, record: &StoredRecord) -> Option<StoredBase> {
    let text = std::str::from_utf8(&record.value.0).ok()?;
    let (head, data) = text.split_once('\n')?;
    let head: Value = serde_json::from_str(head).ok()?;
    if head["format"] != FORMAT || head["partition"] != partition.0.as_str() {
        return None;
    }
    let position = |at: &Value| {
        Some(Position {
            room: RoomId::from(at["room"].as_str()?),
            epoch: Epoch::from(at["epoch"].as_str()?),
            offset: Offset(at["offset"].as_u64()?),
        })
    };
    let positions: Option<Vec<Position>> = head["positions"].as_array()?.iter().map(position).collect();
    let carries: Option<Vec<&str>> = head["carries"].as_array()?.iter().map(Value::as_str).collect();
    let key = QueryKey::parse(&head["queryKey"])?;
    if record.key != store_key(&key.text()) {
        return None;
    }
    let base = Base {
        data: serde_json::from_str(data).ok()?,
        positions: positions?.into_iter().map(|at| (at.room.clone(), at)).collect(),
        carries: carries?.into_iter().map(WriteId::from).collect(),
        updated_at: head["updatedAt"].as_u64()?,
    };
    Some(StoredBase { key, base, stale: head["stale"] == true })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn y2_a_base_comes_back_with_its_positions_for_its_own_partition_only() {
        let (ana, ben) = (Partition::from("app|dev|ana"), Partition::from("app|dev|ben"));
        let key = QueryKey::from(["activity", "7"]);
        let at = Position { room: "activities".into(), epoch: "k3j".into(), offset: Offset(41) };
        let base = Base {
            data: json!([{"id": "7", "text": "two\nlines"}]),
            positions: [(at.room.clone(), at)].into(),
            carries: [WriteId::from("w1")].into(),
            updated_at: 17,
        };
        let value = encode(&ana, &key, &base, true);
        let record = |key: &str, value: &Blob| StoredRecord { key: key.into(), value: value.clone() };
        let name = store_key(&key.text());
        let found = decode(&ana, &record(&name, &value)).unwrap();
        assert_eq!((found.key, found.stale), (key, true));
        assert_eq!((&found.base.data, &found.base.positions), (&base.data, &base.positions));
        assert_eq!((&found.base.carries, found.base.updated_at), (&base.carries, 17));
        assert!(decode(&ben, &record(&name, &value)).is_none(), "Q20");
        assert!(decode(&ana, &record("b/other", &value)).is_none(), "another place");
        assert!(decode(&ana, &record(&name, &Blob(b"tws\x01sealed".to_vec()))).is_none(), "Q23: a lost key");
        let newer = String::from_utf8(value.0).unwrap().replace("\"format\":1", "\"format\":2");
        assert!(decode(&ana, &record(&name, &Blob(newer.into_bytes()))).is_none(), "Q21");
    }
}
