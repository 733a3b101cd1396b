//! The conformance suite of stores, run on each one that ships, and what only a real directory can show.
#![allow(clippy::unwrap_used, reason = "a test may end here")]
#![allow(clippy::print_stdout, reason = "one process tells another")]

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use tidewire::Fault;
use tidewire::store::{Durability, FileStore, MemoryStore, OpenError, Step, Store, conformance};
use tidewire_core::Blob;

fn put(key: &str, value: &[u8]) -> Step {
    Step { key: key.into(), value: Some(Blob(value.to_vec())) }
}

fn records(store: &mut impl Store) -> Vec<(String, Vec<u8>)> {
    let loaded = store.load().unwrap();
    assert_eq!(loaded.damage, []);
    loaded.records.into_iter().map(|record| (record.key, record.value.0)).collect()
}

#[test]
fn q2_the_memory_store_conforms() {
    conformance::check(MemoryStore::new);
    assert_eq!(MemoryStore::new().durability(), Durability::Memory);
}

#[test]
fn q2_the_file_store_conforms() {
    let dir = tempfile::tempdir().unwrap();
    let mut n = 0;
    conformance::check(|| {
        n += 1;
        FileStore::open(dir.path().join(format!("nested/{n}"))).unwrap()
    });
    conformance::check_reopened(|| FileStore::open(dir.path().join("reopened")).unwrap());
}

#[cfg(feature = "encryption")]
#[test]
fn q2_q23_the_encrypted_stores_conform() {
    use tidewire::store::EncryptedStore;
    let dir = tempfile::tempdir().unwrap();
    conformance::check(|| EncryptedStore::new(MemoryStore::new(), &[7; 32], "app|dev|ana"));
    let open = || FileStore::open(dir.path()).unwrap();
    conformance::check_reopened(|| EncryptedStore::new(open(), &[7; 32], "app|dev|ana"));
}

/// The other process of the next test: this test program again.
const OTHER: &str = "TIDEWIRE_TEST_STORE_OF_ANOTHER_PROCESS";

#[test]
fn q1_a_second_process_is_told_who_has_the_store_and_gets_it_after_a_kill() {
    if let Some(path) = std::env::var_os(OTHER) {
        let _store = FileStore::open(path).unwrap();
        println!("open");
        // Until it is killed.
        std::io::stdin().lines().for_each(drop);
        std::thread::park();
    }
    let dir = tempfile::tempdir().unwrap();
    let mut other = Command::new(std::env::current_exe().unwrap());
    other.args([
        "--exact",
        "q1_a_second_process_is_told_who_has_the_store_and_gets_it_after_a_kill",
        "--nocapture",
    ]);
    let mut other =
        other.env(OTHER, dir.path()).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(other.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap() == "open"), "it opened the store");
    let error = FileStore::open(dir.path()).unwrap_err();
    assert!(matches!(&error, OpenError::Locked { owner, .. } if *owner == Some(other.id())), "{error:?}");
    let (path, id) = (dir.path().display(), other.id());
    let words =
        format!("another process is using the store {path} (process {id}): end it, or use another directory");
    assert_eq!(error.to_string(), words);
    assert_eq!(error.fault(), Fault::Storage);
    other.kill().unwrap();
    other.wait().unwrap();
    FileStore::open(dir.path()).unwrap();
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
    assert!(error.to_string().contains("this process has opened the store"), "{error}");
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
