//! Disasters of a disk: emptied, put back as last week's copy, cloned to another phone, a bit flipped.

use std::collections::BTreeMap;

use tidewire_core::WriteId;

use super::World;
use crate::coverage::Fault;
use crate::disk::{Partition, Value};
use crate::ids::{Device, User};
use crate::reference::{Said, Tapped, write_in};

impl World {
    pub(super) fn empty_disk(&mut self, device: Device) {
        self.coverage.fault(Fault::DiskEmptied);
        self.power_cut(device);
        self.devices[device.0].disk.partitions.clear();
        self.reference.excuse(device, None);
    }

    /// As a browser does that needs room: what was there is gone, what is asked for from now on is done on a new disk.
    pub(super) fn evict(&mut self, device: Device) {
        self.coverage.fault(Fault::DiskEvicted);
        self.devices[device.0].disk.partitions.clear();
        self.reference.excuse(device, None);
    }

    pub(super) fn restore_snapshot(&mut self, device: Device) {
        let Some(snapshot) = self.devices[device.0].snapshot.clone() else { return };
        self.coverage.fault(Fault::DiskRestored);
        self.power_cut(device);
        self.reference.excuse(device, None);
        self.copy_records(device, &snapshot);
        self.devices[device.0].disk.partitions = snapshot;
    }

    pub(super) fn clone_phone(&mut self, from: Device, to: Device) {
        self.coverage.fault(Fault::PhoneCloned);
        self.power_cut(to);
        self.reference.excuse(to, None);
        self.reference.damaged.insert(from);
        let copy = self.devices[from.0].disk.partitions.clone();
        self.copy_records(to, &copy);
        self.devices[to.0].user = self.devices[from.0].user;
        self.devices[to.0].disk.partitions = copy;
    }

    /// Every record of a copy may be sent by whoever has the copy, too.
    fn copy_records(&mut self, device: Device, partitions: &BTreeMap<User, Partition>) {
        for (user, partition) in partitions {
            for (key, value) in &partition.records {
                if let Value::Record(bytes) = value
                    && key.starts_with("w/")
                    && let Some(write) = write_in(bytes)
                {
                    self.reference.copied(&write);
                    self.reference.records.insert((device, *user, key.clone()), write);
                }
            }
        }
    }

    pub(super) fn flip_bit(&mut self, device: Device) {
        self.power_cut(device);
        let user = self.devices[device.0].user;
        let keys = self.devices[device.0].disk.write_keys(user);
        if keys.is_empty() {
            return;
        }
        let key = self.rng.pick(&keys).clone();
        let at = self.rng.next() as usize;
        if let Some(Value::Record(bytes)) = self.devices[device.0].disk.partition(user).records.get_mut(&key)
            && !bytes.is_empty()
        {
            let write = write_in(bytes);
            let at = at % bytes.len();
            bytes[at] ^= 1;
            self.coverage.fault(Fault::BitFlipped);
            self.reference.damaged.insert(device);
            let Some(write) = write else { return };
            // With the record of a write goes the word that it undoes another, whose record still stands.
            let undone =
                self.reference.taps.get(&write).filter(|tap| tap.coalesces).map(|tap| tap.lane.clone());
            let lost = |tap: &Tapped| {
                undone.as_ref() == Some(&tap.lane)
                    && (tap.device, tap.user) == (device, user)
                    && tap.said == Said::Discarded
                    && self.has_record(tap)
            };
            let taps = self.reference.taps.iter();
            let lost: Vec<WriteId> =
                taps.filter(|(of, tap)| **of == write || lost(tap)).map(|(of, _)| of.clone()).collect();
            for tap in lost {
                self.reference.taps.entry(tap).and_modify(|tap| tap.excused = true);
            }
        }
    }
}
