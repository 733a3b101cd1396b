//! What every store does, as a test that the author of an adapter runs on it (Q1, Q2): the suite that each store of this crate passes.
//!
//! ```
//! use tidewire::store::{MemoryStore, conformance};
//!
//! // In a test of the adapter; `open` gives an empty store each time.
//! conformance::check(MemoryStore::new);
//! ```

use tidewire_core::Blob;

use super::{KEY_BYTES, Step, Store, StoreFault, VALUE_BYTES};

fn put(key: &str, value: &[u8]) -> Step {
    Step { key: key.into(), value: Some(Blob(value.to_vec())) }
}

fn remove(key: &str) -> Step {
    Step { key: key.into(), value: None }
}

fn records(store: &mut impl Store) -> Vec<(String, Vec<u8>)> {
    let loaded = store.load().expect("a sound store can be read");
    assert_eq!(loaded.damage, [], "a sound store is not damaged");
    loaded.records.into_iter().map(|record| (record.key, record.value.0)).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    expected.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec())).collect()
}

fn stage(store: &mut impl Store, step: &Step) {
    store.put(step).expect("a step within the limits is taken");
}

fn commit(store: &mut impl Store) {
    store.commit().expect("what was taken can be committed");
}

/// Everything that can be seen while a store is open. `open` gives an empty one each time.
///
/// # Panics
/// The store does something else; the message says what.
pub fn check<S: Store>(mut open: impl FnMut() -> S) {
    let mut store = open();
    assert_eq!(records(&mut store), [], "empty at first");
    order(&mut store);
    staging(&mut store);
    bytes(&mut open());
    limits(&mut open());
}

/// What a store that survives its process does beside that: `open` opens the same one each time, after the last was dropped. Run it on a
/// store that is empty.
///
/// # Panics
/// The store does something else; the message says what.
pub fn check_reopened<S: Store>(mut open: impl FnMut() -> S) {
    let mut store = open();
    for n in 0..1_000 {
        stage(&mut store, &put(&format!("w/{}", n % 7), format!("value {n:0100}").as_bytes()));
        if n % 50 == 0 {
            commit(&mut store);
            store.maintain().expect("housekeeping can be done");
        }
    }
    stage(&mut store, &remove("w/3"));
    commit(&mut store);
    let before = records(&mut store);
    assert_eq!(before.len(), 6, "seven keys, one removed");
    stage(&mut store, &put("w/staged", b"never committed"));
    drop(store);
    let mut store = open();
    assert_eq!(
        records(&mut store),
        before,
        "what was committed is there after opening again, and nothing else"
    );
    stage(&mut store, &put("w/3", b"again"));
    commit(&mut store);
    drop(store);
    assert!(records(&mut open()).contains(&("w/3".into(), b"again".to_vec())), "a removed key may come back");
}

fn order(store: &mut impl Store) {
    for step in [put("w/2", b"two"), put("w/10", b"ten"), put("m/a", b"meta"), put("w/1", b"one")] {
        stage(store, &step);
        commit(store);
    }
    let all = pairs(&[("m/a", "meta"), ("w/1", "one"), ("w/10", "ten"), ("w/2", "two")]);
    assert_eq!(records(store), all, "in the order of the keys' bytes");
    assert_eq!(records(store), all, "reading changes nothing");
}

fn staging(store: &mut impl Store) {
    let before = records(store);
    stage(store, &put("w/1", b"uno"));
    stage(store, &remove("w/10"));
    assert_eq!(records(store), before, "a staged step is not there before its commit");
    commit(store);
    assert_eq!(records(store), pairs(&[("m/a", "meta"), ("w/1", "uno"), ("w/2", "two")]), "and is after it");
    for step in [put("same", b"1"), remove("same"), put("same", b"2"), remove("never there")] {
        stage(store, &step);
    }
    commit(store);
    commit(store);
    store.maintain().expect("housekeeping can be done");
    assert!(records(store).contains(&("same".into(), b"2".to_vec())), "steps of one commit keep their order");
}

fn bytes(store: &mut impl Store) {
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    for step in [put("empty", b""), put("bytes", &bytes), put("schl\u{fc}ssel/\u{1f30a}", b"1")] {
        stage(store, &step);
    }
    commit(store);
    let found = records(store);
    assert_eq!(found[0], ("bytes".into(), bytes), "any bytes");
    assert_eq!(found[1], ("empty".into(), vec![]), "an empty value is a value");
    assert_eq!(found[2].0, "schl\u{fc}ssel/\u{1f30a}", "any key");
}

fn limits(store: &mut impl Store) {
    let refused = store.put(&put(&"k".repeat(KEY_BYTES + 1), b""));
    assert!(matches!(refused, Err(StoreFault::TooLarge)), "a key above the limit is refused");
    stage(store, &put(&"k".repeat(KEY_BYTES), b""));
    let refused = store.put(&put("k", &vec![0; VALUE_BYTES + 1]));
    assert!(matches!(refused, Err(StoreFault::TooLarge)), "a value above the limit is refused");
    commit(store);
    assert_eq!(records(store).len(), 1, "a refused step is not stored, its neighbours are");
}
