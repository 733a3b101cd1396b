//! One simulated disk, shared by the tabs of a device: a queue of operations that take effect one after the other.
//! What is in the queue is not safe yet. It knows no engine; a record is bytes to it.

use std::collections::{BTreeMap, VecDeque};

use tidewire_core::{LoadId, PersistId, StoreError, WriteId};

use crate::base::Base;
use crate::ids::{Life, Tab, User};
use crate::reference::write_in;

/// What stands under a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A record of the engine.
    Record(Vec<u8>),
    /// A base of the cache, by number of the query.
    Base(usize, Base),
}

/// What the disk is able to do now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Everything.
    Well,
    /// Nothing new fits.
    Full,
    /// Writes fail.
    Failing,
    /// Reads fail.
    Unreadable,
}

/// Records of one person, and the leadership over them (Q20).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Partition {
    /// Sorted by key.
    pub records: BTreeMap<String, Value>,
    /// Counts up.
    pub epoch: u64,
}

/// Who asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct By {
    /// Which tab.
    pub tab: Tab,
    /// In which run.
    pub life: Life,
    /// Whose records.
    pub user: User,
}

/// One operation.
#[derive(Clone, Debug)]
pub enum Op {
    /// All steps or none.
    Write {
        /// Keys and values; `None` removes.
        steps: Vec<(String, Option<Value>)>,
        /// Refuse if another leadership is stored, or none.
        fence: Option<u64>,
        /// The engine's step; `None`: bases only.
        persist: Option<PersistId>,
    },
    /// Everything of the partition.
    Read {
        /// The engine's reading.
        load: LoadId,
        /// Only this key.
        key: Option<String>,
    },
    /// Raise the epoch.
    Lead {
        /// Which grant of the lock it is for.
        grant: u32,
    },
}

/// What came of it.
#[derive(Clone, Debug)]
pub enum Done {
    /// A write.
    Written {
        /// Of which step.
        persist: Option<PersistId>,
        /// Whether it is there.
        result: Result<(), StoreError>,
        /// What was written.
        steps: Vec<(String, Option<Value>)>,
    },
    /// A reading.
    Read {
        /// Which.
        load: LoadId,
        /// The only key that was asked for.
        key: Option<String>,
        /// What was found.
        result: Result<BTreeMap<String, Value>, StoreError>,
    },
    /// A new epoch.
    Led {
        /// Which grant.
        grant: u32,
        /// Its number.
        result: Result<u64, StoreError>,
    },
}

/// The disk.
#[derive(Clone, Debug)]
pub struct Disk {
    /// What is safe.
    pub partitions: BTreeMap<User, Partition>,
    /// What was asked for and has not happened yet.
    pub queue: VecDeque<(By, Op)>,
    /// What works.
    pub mode: Mode,
    /// Leaderships that were ever begun: none comes again, also not on a disk that was emptied.
    pub leads: u64,
    /// The fence is not looked at: a planted bug.
    pub ignore_fence: bool,
}

impl Default for Disk {
    fn default() -> Self {
        Disk {
            partitions: BTreeMap::new(),
            queue: VecDeque::new(),
            mode: Mode::Well,
            leads: 0,
            ignore_fence: false,
        }
    }
}

impl Disk {
    /// The records of a person.
    pub fn partition(&mut self, user: User) -> &mut Partition {
        self.partitions.entry(user).or_default()
    }

    /// The oldest operation happens.
    pub fn step(&mut self) -> Option<(By, Done)> {
        let (by, op) = self.queue.pop_front()?;
        Some((by, self.perform(by.user, op)))
    }

    /// An operation happens, without anybody being told.
    pub fn perform(&mut self, user: User, op: Op) -> Done {
        match op {
            Op::Write { steps, fence, persist } => {
                let result = self.write(user, &steps, fence);
                Done::Written { persist, result, steps }
            }
            Op::Read { load, key } => {
                let result = match self.mode {
                    Mode::Unreadable => Err(StoreError::Failed),
                    Mode::Well | Mode::Full | Mode::Failing => {
                        let mut found = self.partition(user).records.clone();
                        found.retain(|at, _| key.as_ref().is_none_or(|key| key == at));
                        Ok(found)
                    }
                };
                Done::Read { load, key, result }
            }
            Op::Lead { grant } => {
                let result = match self.mode {
                    Mode::Failing => Err(StoreError::Failed),
                    Mode::Well | Mode::Full | Mode::Unreadable => {
                        self.leads += 1;
                        let epoch = self.leads;
                        self.partition(user).epoch = epoch;
                        Ok(epoch)
                    }
                };
                Done::Led { grant, result }
            }
        }
    }

    fn write(
        &mut self,
        user: User,
        steps: &[(String, Option<Value>)],
        fence: Option<u64>,
    ) -> Result<(), StoreError> {
        let (mode, ignore_fence) = (self.mode, self.ignore_fence);
        let partition = self.partition(user);
        if fence.is_some_and(|fence| partition.epoch != fence) && !ignore_fence {
            return Err(StoreError::Fenced);
        }
        match mode {
            Mode::Failing => return Err(StoreError::Failed),
            Mode::Full if steps.iter().any(|(_, value)| value.is_some()) => return Err(StoreError::Full),
            Mode::Well | Mode::Full | Mode::Unreadable => {}
        }
        for (key, value) in steps {
            match value {
                Some(value) => partition.records.insert(key.clone(), value.clone()),
                None => partition.records.remove(key),
            };
        }
        Ok(())
    }

    /// The power goes: the first `kept` operations of the queue still happen, the next one leaves torn bytes where nothing
    /// stood before, the rest is gone. Answers what has happened, and whether something was torn.
    pub fn power_cut(&mut self, kept: usize, tear: bool) -> (Vec<(By, Done)>, bool) {
        let queue = std::mem::take(&mut self.queue);
        let (mut happened, mut torn) = (Vec::new(), false);
        for (at, (by, op)) in queue.into_iter().enumerate() {
            if at < kept {
                happened.push((by, self.perform(by.user, op)));
            } else if let (true, Op::Write { steps, .. }) = (tear && !torn, op) {
                let partition = self.partition(by.user);
                for (key, value) in steps {
                    if let Some(Value::Record(bytes)) = value
                        && !partition.records.contains_key(&key)
                    {
                        let half = bytes.len() / 2;
                        partition.records.insert(key, Value::Record(bytes[..half].to_vec()));
                        torn = true;
                    }
                }
                return (happened, torn);
            }
        }
        (happened, torn)
    }

    /// The writes whose records stand, readable or not, with their keys.
    pub fn writes(&self, user: User) -> impl Iterator<Item = (&String, Option<WriteId>)> {
        let records = self.partitions.get(&user).into_iter().flat_map(|partition| &partition.records);
        records.filter_map(|(key, value)| match value {
            Value::Record(bytes) if key.starts_with("w/") => Some((key, write_in(bytes))),
            Value::Record(_) | Value::Base(..) => None,
        })
    }

    /// Keys of the engine's writes.
    pub fn write_keys(&self, user: User) -> Vec<String> {
        let records = self.partitions.get(&user).map(|partition| &partition.records);
        records
            .into_iter()
            .flatten()
            .filter(|(key, _)| key.starts_with("w/"))
            .map(|(key, _)| key.clone())
            .collect()
    }
}

impl Disk {
    /// What a run asked for and has not got is dropped with it.
    pub fn forget_queue_of(&mut self, tab: Tab, life: Life) {
        self.queue.retain(|(by, _)| (by.tab, by.life) != (tab, life));
    }
}
