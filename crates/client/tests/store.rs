//! The conformance suite of stores, run on each one that ships, and what only a real directory can show.
#![allow(clippy::unwrap_used, reason = "a test may end here")]

use tidewire::store::{Durability, FileStore, MemoryStore, OpenError, Step, Store, StoreFault, VALUE_BYTES};
use tidewire_core::Blob;

fn put(key: &str, value: &[u8]) -> Step {
    Step { key: key.into(), value: Some(Blob(value.to_vec())) }
}

fn remove(key: &str) -> Step {
    Step { key: key.into(), value: None }
}

fn records(store: &mut impl Store) -> Vec<(String, Vec<u8>)> {
    let loaded = store.load().unwrap();
    assert_eq!(loaded.damage, []);
    loaded.records.into_iter().map(|record| (record.key, record.value.0)).collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, Vec<u8>)> {
    expected.iter().map(|(key, value)| ((*key).to_owned(), value.as_bytes().to_vec())).collect()
}

/// What every store does. `open` gives an empty one.
fn conforms<S: Store>(mut open: impl FnMut() -> S) {
    let mut store = open();
    assert_eq!(records(&mut store), [], "empty at first");

    for step in [put("w/2", b"two"), put("w/10", b"ten"), put("m/a", b"meta"), put("w/1", b"one")] {
        store.put(&step).unwrap();
        store.commit().unwrap();
    }
    let all = pairs(&[("m/a", "meta"), ("w/1", "one"), ("w/10", "ten"), ("w/2", "two")]);
    assert_eq!(records(&mut store), all, "in the order of the keys' bytes");
    assert_eq!(records(&mut store), all, "reading changes nothing");

    store.put(&put("w/1", b"uno")).unwrap();
    store.put(&remove("w/10")).unwrap();
    assert_eq!(records(&mut store), all, "a staged step is not there before its commit");
    store.commit().unwrap();
    assert_eq!(records(&mut store), pairs(&[("m/a", "meta"), ("w/1", "uno"), ("w/2", "two")]));

    for step in [put("same", b"1"), remove("same"), put("same", b"2")] {
        store.put(&step).unwrap();
    }
    store.put(&remove("never there")).unwrap();
    store.commit().unwrap();
    store.commit().unwrap();
    store.maintain().unwrap();
    assert!(
        records(&mut store).contains(&("same".into(), b"2".to_vec())),
        "steps of one commit keep their order"
    );

    let mut store = open();
    let bytes: Vec<u8> = (0..=255).cycle().take(100_000).collect();
    for step in [put("empty", b""), put("bytes", &bytes), put("schl\u{fc}ssel/\u{1f30a}", b"1")] {
        store.put(&step).unwrap();
    }
    store.commit().unwrap();
    let found = records(&mut store);
    assert_eq!(found[0], ("bytes".into(), bytes));
    assert_eq!(found[1], ("empty".into(), vec![]), "an empty value is a value");
    assert_eq!(found[2].0, "schl\u{fc}ssel/\u{1f30a}");

    assert!(matches!(store.put(&put(&"k".repeat(1025), b"")), Err(StoreFault::TooLarge)));
    store.put(&put(&"k".repeat(1024), b"")).unwrap();
    assert!(matches!(store.put(&put("k", &vec![0; VALUE_BYTES + 1])), Err(StoreFault::TooLarge)));
    store.commit().unwrap();
    assert_eq!(records(&mut store).len(), 4, "a refused step is not stored, its neighbours are");
}

#[test]
fn q2_the_memory_store_conforms() {
    conforms(MemoryStore::new);
    assert_eq!(MemoryStore::new().durability(), Durability::Memory);
}

#[test]
fn q2_the_file_store_conforms() {
    let dir = tempfile::tempdir().unwrap();
    let mut n = 0;
    conforms(|| {
        n += 1;
        FileStore::open(dir.path().join(format!("nested/{n}"))).unwrap()
    });
}

#[test]
fn q1_what_was_committed_is_there_after_opening_again() {
    let dir = tempfile::tempdir().unwrap();
    {
        let mut store = FileStore::open(dir.path()).unwrap();
        assert_eq!(store.durability(), Durability::PowerLoss);
        for n in 0..3_000 {
            store.put(&put(&format!("w/{}", n % 7), format!("value {n:0100}").as_bytes())).unwrap();
            if n % 100 == 0 {
                store.commit().unwrap();
                store.maintain().unwrap();
            }
        }
        store.commit().unwrap();
        store.put(&put("w/staged", b"never committed")).unwrap();
    }
    let mut store = FileStore::open(dir.path()).unwrap();
    let found = records(&mut store);
    assert_eq!(found.len(), 7);
    assert!(found.iter().all(|(_, value)| value.len() == 106));
    assert!(dir.path().join("log").metadata().unwrap().len() < 200_000, "it was rewritten on the way");
}

#[test]
fn a_second_owner_gets_a_clear_error() {
    let dir = tempfile::tempdir().unwrap();
    let store = FileStore::open(dir.path()).unwrap();
    let error = FileStore::open(dir.path()).unwrap_err();
    assert!(matches!(error, OpenError::Locked { .. }));
    assert!(error.to_string().contains("another process is using the store"), "{error}");
    drop(store);
    FileStore::open(dir.path()).unwrap();
}

#[test]
fn a_path_that_is_a_file_gets_a_clear_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("file");
    std::fs::write(&path, "x").unwrap();
    assert!(matches!(FileStore::open(&path), Err(OpenError::Io { .. })));
}
