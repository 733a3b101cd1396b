//! The file log over a simulated disk: cut at every byte, without power at every operation, flipped, full.

mod sim;

use std::collections::BTreeMap;

use tidewire_core::Blob;

use self::sim::{Disk, Unsynced};
use super::format;
use super::log::{Log, LogError, MIN_GARBAGE};
use crate::store::{Damage, Step, StoreFault};

type Model = BTreeMap<String, Vec<u8>>;

fn put(key: &str, value: &[u8]) -> Step {
    Step { key: key.into(), value: Some(Blob(value.to_vec())) }
}

fn remove(key: &str) -> Step {
    Step { key: key.into(), value: None }
}

fn apply(model: &mut Model, step: &Step) {
    match &step.value {
        Some(value) => model.insert(step.key.clone(), value.0.clone()),
        None => model.remove(&step.key),
    };
}

fn write(log: &mut Log<Disk>, steps: &[Step]) -> Result<(), StoreFault> {
    steps.iter().try_for_each(|step| log.put(step))?;
    log.commit()
}

fn read(log: &mut Log<Disk>) -> (Model, Vec<Damage>) {
    let loaded = log.load().unwrap();
    (loaded.records.into_iter().map(|record| (record.key, record.value.0)).collect(), loaded.damage)
}

fn open(disk: &Disk) -> Log<Disk> {
    Log::open(disk.clone()).unwrap_or_else(|error| panic!("{error:?}"))
}

/// Enqueue, send, acknowledge: each key is written three times and removed, a few are left.
fn workload() -> Vec<Step> {
    let mut steps = Vec::new();
    for n in 0..6 {
        let key = format!("w/{n}");
        steps.push(put(&key, format!("queued {n} \u{e9}").as_bytes()));
        steps.push(put("m/client", format!("sequence {n}").as_bytes()));
        steps.push(put(&key, b"sent"));
        if n % 2 == 0 {
            steps.push(remove(&key));
        }
    }
    steps
}

#[test]
fn q1_cut_at_every_byte_no_step_that_was_acknowledged_before_the_cut_is_missing() {
    let disk = Disk::default();
    let mut log = open(&disk);
    let mut model = Model::new();
    let mut acknowledged = vec![(disk.bytes_of("log").len(), model.clone())];
    for step in workload() {
        write(&mut log, std::slice::from_ref(&step)).unwrap();
        apply(&mut model, &step);
        acknowledged.push((disk.bytes_of("log").len(), model.clone()));
    }
    let whole = disk.bytes_of("log");
    for cut in format::FILE_HEADER..=whole.len() {
        let disk = Disk::with_log(&whole[..cut]);
        let (found, damage) = read(&mut open(&disk));
        let (len, expected) = acknowledged.iter().rev().find(|(len, _)| *len <= cut).unwrap();
        assert_eq!(&found, expected, "cut at {cut}");
        let torn = cut - len;
        let reported = if torn == 0 { vec![] } else { vec![Damage::TornTail { bytes: torn as u64 }] };
        assert_eq!(damage, reported, "cut at {cut}");
        assert_eq!(disk.bytes_of("log").len(), *len, "the tail is cut");
        assert_eq!(disk.bytes_of("damaged"), &whole[*len..cut], "and kept for people");
    }
}

/// Runs the workload until the power ends; gives what was acknowledged, and the batch that was under way.
fn run_until_power_ends(disk: &Disk, filler: usize) -> (Model, Vec<Step>) {
    let mut model = Model::new();
    let Ok(mut log) = Log::open(disk.clone()) else { return (model, vec![]) };
    for batch in workload().chunks(2) {
        let mut batch = batch.to_vec();
        batch.push(put("filler", &vec![7; filler]));
        if write(&mut log, &batch).is_err() {
            return (model, batch);
        }
        batch.iter().for_each(|step| apply(&mut model, step));
        if log.maintain().is_err() {
            return (model, vec![]);
        }
    }
    (model, vec![])
}

#[test]
fn q1_without_power_after_any_operation_nothing_promised_is_lost() {
    // Large enough that the log is rewritten several times on the way.
    let filler = usize::try_from(MIN_GARBAGE / 2).unwrap();
    let dry = Disk::default();
    run_until_power_ends(&dry, filler);
    let operations = dry.operations();
    assert!(operations > 40, "the workload got shorter: {operations}");
    for end in 0..=operations {
        for unsynced in [Unsynced::Lost, Unsynced::Half, Unsynced::Kept, Unsynced::Zeros] {
            for names in [false, true] {
                let disk = Disk::default();
                disk.end_power_at(end);
                let (promised, under_way) = run_until_power_ends(&disk, filler);
                let after = disk.after_power_loss(unsynced, names);
                let (found, _) = read(&mut open(&after));
                let context = format!("power ends at {end}, unsynced {unsynced:?}, names {names}");
                for (key, value) in &promised {
                    let newer = under_way.iter().filter(|step| &step.key == key);
                    let mut allowed: Vec<Option<&[u8]>> = vec![Some(value)];
                    allowed.extend(newer.map(|step| step.value.as_ref().map(|value| value.0.as_slice())));
                    assert!(allowed.contains(&found.get(key).map(Vec::as_slice)), "{key}: {context}");
                }
                for key in found.keys() {
                    let known = promised.contains_key(key) || under_way.iter().any(|step| &step.key == key);
                    assert!(known, "{key} came back: {context}");
                }
                // And the store works on: what is written now is there next time.
                let mut log = open(&after);
                write(&mut log, &[put("after", b"1")]).unwrap();
                let (next, damage) = read(&mut open(&after));
                assert_eq!(next.get("after").map(Vec::as_slice), Some(&b"1"[..]), "{context}");
                assert_eq!(damage, [], "damage is reported once: {context}");
            }
        }
    }
}

#[test]
fn q4_a_flipped_value_in_the_middle_is_quarantined_and_the_others_load() {
    let disk = Disk::default();
    let mut log = open(&disk);
    for (key, value) in [("w/1", "one"), ("w/2", "old two"), ("w/2", "new two"), ("w/3", "three")] {
        write(&mut log, &[put(key, value.as_bytes())]).unwrap();
    }
    let mut bytes = disk.bytes_of("log");
    let at = bytes.windows(7).position(|window| window == b"new two").unwrap();
    bytes[at] ^= 1;
    let disk = Disk::with_log(&bytes);
    let (found, damage) = read(&mut open(&disk));
    assert_eq!(
        found.keys().collect::<Vec<_>>(),
        ["w/1", "w/3"],
        "and the old value of w/2 does not come back"
    );
    assert_eq!(damage, [Damage::Value { key: "w/2".into(), bytes: 24 + 3 + 7 }]);
    assert!(disk.bytes_of("damaged").ends_with(b"oew two"), "kept for people");
    assert_eq!(read(&mut open(&disk)), (found, vec![]), "reported once, and stays away");
}

#[test]
fn q4_a_flipped_head_is_reported_and_the_others_load() {
    let disk = Disk::default();
    let mut log = open(&disk);
    for key in ["w/1", "w/2", "w/3"] {
        write(&mut log, &[put(key, b"value")]).unwrap();
    }
    let bytes = disk.bytes_of("log");
    let record = (bytes.len() - format::FILE_HEADER) / 3;
    for at in 0..format::RECORD_HEADER + 3 {
        let mut hurt = bytes.clone();
        hurt[format::FILE_HEADER + record + at] ^= 0x80;
        let (found, damage) = read(&mut open(&Disk::with_log(&hurt)));
        assert_eq!(found.keys().collect::<Vec<_>>(), ["w/1", "w/3"], "byte {at}");
        assert_eq!(damage.len(), 1, "byte {at}");
    }
}

#[test]
fn q4_a_flipped_file_header_loses_no_record() {
    let disk = Disk::default();
    let mut log = open(&disk);
    write(&mut log, &[put("w/1", b"one")]).unwrap();
    let mut bytes = disk.bytes_of("log");
    bytes[1] = b'X';
    let disk = Disk::with_log(&bytes);
    let (found, damage) = read(&mut open(&disk));
    assert_eq!(found.len(), 1);
    assert_eq!(damage, [Damage::Bytes { bytes: 8 }]);
    assert_eq!(disk.bytes_of("log")[..8], format::file_header(), "repaired");
}

#[test]
fn q21_a_log_of_a_newer_build_is_not_touched() {
    let mut bytes = format::file_header().to_vec();
    bytes[4] = 2;
    bytes.extend_from_slice(b"what a newer build writes");
    let disk = Disk::with_log(&bytes);
    assert!(matches!(Log::open(disk.clone()), Err(LogError::Newer(2))));
    assert_eq!(disk.bytes_of("log"), bytes);
}

#[test]
fn q4_a_full_disk_refuses_a_step_and_keeps_everything_else() {
    let disk = Disk::default();
    let mut log = open(&disk);
    write(&mut log, &[put("w/1", b"one")]).unwrap();
    // Room for half of the next record: it is written in part, and cut again.
    for room in 0..30 {
        disk.set_quota(Some(disk.used() + room));
        let fault = write(&mut log, &[put("w/2", b"two")]).unwrap_err();
        assert!(matches!(fault, StoreFault::Full), "{fault:?}");
    }
    disk.set_quota(None);
    write(&mut log, &[put("w/3", b"three")]).unwrap();
    let (found, damage) = read(&mut open(&disk));
    assert_eq!(found.keys().collect::<Vec<_>>(), ["w/1", "w/3"]);
    assert_eq!(damage, []);
}

#[test]
fn q4_a_disk_too_full_to_rewrite_the_log_still_takes_what_fits() {
    let disk = Disk::default();
    let mut log = open(&disk);
    let value = vec![1; 50_000];
    for _ in 0..3 {
        write(&mut log, &[put("w/1", &value)]).unwrap();
    }
    disk.set_quota(Some(disk.used() + 1_000));
    assert!(matches!(log.maintain(), Err(StoreFault::Full)));
    write(&mut log, &[put("w/2", b"fits")]).unwrap();
    disk.set_quota(None);
    assert_eq!(read(&mut open(&disk)).0.len(), 2);
}

#[test]
fn q1_after_a_failed_sync_that_cannot_be_undone_nothing_is_promised_any_more() {
    let disk = Disk::default();
    let mut log = open(&disk);
    disk.fail_syncs(true);
    assert!(matches!(write(&mut log, &[put("w/1", b"one")]), Err(StoreFault::Failed(_))));
    disk.fail_syncs(false);
    assert!(matches!(write(&mut log, &[put("w/2", b"two")]), Err(StoreFault::Broken)));
}

/// Bytes written per enqueue + acknowledgement while `pending` records stand in the queue.
fn bytes_per_write(pending: usize) -> u64 {
    let disk = Disk::default();
    let mut log = open(&disk);
    let value = [b'x'; 200];
    for n in 0..pending {
        write(&mut log, &[put(&format!("w/{n:06}"), &value)]).unwrap();
        log.maintain().unwrap();
    }
    let before = disk.written();
    let rounds = 10_000;
    for n in 0..rounds {
        let key = format!("x/{n:06}");
        write(&mut log, &[put(&key, &value)]).unwrap();
        write(&mut log, &[remove(&key)]).unwrap();
        log.maintain().unwrap();
    }
    (disk.written() - before) / rounds
}

#[test]
fn q3_bytes_per_enqueue_and_ack_do_not_grow_with_the_queue() {
    let bare = (format::RECORD_HEADER * 2 + 8 * 2 + 200) as u64;
    for pending in [0, 100, 1_000, 5_000] {
        let bytes = bytes_per_write(pending);
        assert!(bytes <= bare * 2, "{bytes} bytes with {pending} pending; a bare append has {bare}");
    }
}

#[test]
fn q3_a_log_that_lives_long_does_not_grow() {
    let disk = Disk::default();
    let mut log = open(&disk);
    for n in 0..20_000 {
        write(&mut log, &[put("m/client", format!("{n:0200}").as_bytes())]).unwrap();
        log.maintain().unwrap();
        assert!(disk.bytes_of("log").len() as u64 <= MIN_GARBAGE + 1_000);
    }
}
