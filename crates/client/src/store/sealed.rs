//! Encryption at rest around any store (Q23): every value sealed with AES-256-GCM, bound to its key and its owner. The envelope is described in
//! docs/store-format.md; the browser's client writes the same. It knows no record.

use std::fmt;

use aes_gcm::aead::{Aead, Payload};
use aes_gcm::{Aes256Gcm, KeyInit};
use tidewire_core::Blob;

use super::{Durability, Loaded, Step, Store, StoreFault, VALUE_BYTES};

const MAGIC: &[u8] = b"tws\x01";
const NONCE: usize = 12;

/// A store whose values only one key opens.
///
/// Values that were stored before are read as they are, and sealed when they are next put. One that does not open (a lost key, a flipped
/// bit, another user's) is handed on as it is: the engine sets it aside and never touches it. One key may seal 2^32 values.
pub struct EncryptedStore<S> {
    inner: S,
    cipher: Box<Aes256Gcm>,
    owner: String,
}

impl<S> EncryptedStore<S> {
    /// Wraps a store. `owner` is bound into each value: the app, environment and user as one text, `app|env|user`.
    #[must_use]
    pub fn new(inner: S, key: &[u8; 32], owner: impl Into<String>) -> EncryptedStore<S> {
        EncryptedStore { inner, cipher: Box::new(Aes256Gcm::new(key.into())), owner: owner.into() }
    }

    fn bound(&self, key: &str) -> Vec<u8> {
        ["tws1", "\0", &self.owner, "\0", key].concat().into_bytes()
    }

    fn seal(&self, key: &str, value: &[u8]) -> Option<Vec<u8>> {
        let mut nonce = [0; NONCE];
        getrandom::fill(&mut nonce).ok()?;
        let payload = Payload { msg: value, aad: &self.bound(key) };
        let sealed = self.cipher.encrypt(&nonce.into(), payload).ok()?;
        Some([MAGIC, &nonce, &sealed].concat())
    }

    fn open(&self, key: &str, value: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = value.strip_prefix(MAGIC)?.split_first_chunk::<NONCE>()?;
        let payload = Payload { msg: sealed, aad: &self.bound(key) };
        self.cipher.decrypt(nonce.into(), payload).ok()
    }
}

impl<S> fmt::Debug for EncryptedStore<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncryptedStore").finish_non_exhaustive()
    }
}

impl<S: Store> Store for EncryptedStore<S> {
    fn durability(&self) -> Durability {
        self.inner.durability()
    }

    fn blocks(&self) -> bool {
        self.inner.blocks()
    }

    fn load(&mut self) -> Result<Loaded, StoreFault> {
        let mut loaded = self.inner.load()?;
        for record in &mut loaded.records {
            if let Some(plain) = self.open(&record.key, &record.value.0) {
                record.value = Blob(plain);
            }
        }
        Ok(loaded)
    }

    fn put(&mut self, step: &Step) -> Result<(), StoreFault> {
        let value = match &step.value {
            None => None,
            Some(plain) if plain.0.len() > VALUE_BYTES => return Err(StoreFault::TooLarge),
            Some(plain) => {
                let failed = || StoreFault::Failed(std::io::Error::other("the value could not be sealed"));
                Some(Blob(self.seal(&step.key, &plain.0).ok_or_else(failed)?))
            }
        };
        self.inner.put(&Step { key: step.key.clone(), value })
    }

    fn commit(&mut self) -> Result<(), StoreFault> {
        self.inner.commit()
    }

    fn maintain(&mut self) -> Result<(), StoreFault> {
        self.inner.maintain()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::MemoryStore;

    const KEY: [u8; 32] = [7; 32];

    fn put<S: Store>(store: &mut S, key: &str, value: &[u8]) {
        store.put(&Step { key: key.into(), value: Some(Blob(value.to_vec())) }).unwrap();
        store.commit().unwrap();
    }

    fn values<S: Store>(store: &mut S) -> Vec<Vec<u8>> {
        store.load().unwrap().records.into_iter().map(|record| record.value.0).collect()
    }

    /// The same bytes that are on the disk, seen with another key, owner or place.
    fn on_disk(store: &mut EncryptedStore<MemoryStore>) -> Vec<u8> {
        values(&mut store.inner).remove(0)
    }

    #[test]
    fn q23_a_value_is_sealed_and_opens_with_its_key_owner_and_place_only() {
        let mut store = EncryptedStore::new(MemoryStore::new(), &KEY, "app|prod|ana");
        put(&mut store, "w/1", b"secret");
        assert_eq!(values(&mut store), [b"secret".to_vec()]);
        let sealed = on_disk(&mut store);
        assert!(sealed.starts_with(MAGIC) && !sealed.windows(6).any(|w| w == b"secret"));
        let check = |key: &[u8; 32], owner: &str, place: &str, bytes: Vec<u8>, opens: bool| {
            let mut inner = MemoryStore::new();
            put(&mut inner, place, &bytes);
            let seen = values(&mut EncryptedStore::new(inner, key, owner)).remove(0);
            assert_eq!(seen == b"secret", opens, "{owner} {place}");
            assert_eq!(seen == bytes, !opens, "what does not open is handed on as it is");
        };
        check(&KEY, "app|prod|ana", "w/1", sealed.clone(), true);
        check(&[8; 32], "app|prod|ana", "w/1", sealed.clone(), false);
        check(&KEY, "app|prod|ben", "w/1", sealed.clone(), false);
        check(&KEY, "app|prod|ana", "w/2", sealed.clone(), false);
        for at in [4, 16, sealed.len() - 1] {
            let mut flipped = sealed.clone();
            flipped[at] ^= 1;
            check(&KEY, "app|prod|ana", "w/1", flipped, false);
        }
        check(&KEY, "app|prod|ana", "w/1", sealed[..10].to_vec(), false);
    }

    #[test]
    fn q23_the_same_value_is_never_sealed_alike_twice() {
        let mut store = EncryptedStore::new(MemoryStore::new(), &KEY, "o");
        put(&mut store, "k", b"v");
        let first = on_disk(&mut store);
        put(&mut store, "k", b"v");
        assert_ne!(first, on_disk(&mut store));
    }

    #[test]
    fn q23_what_was_stored_before_is_read_and_sealed_when_it_changes() {
        let mut inner = MemoryStore::new();
        put(&mut inner, "k", b"plain");
        let mut store = EncryptedStore::new(inner, &KEY, "o");
        assert_eq!(values(&mut store), [b"plain".to_vec()]);
        put(&mut store, "k", b"plain");
        assert!(on_disk(&mut store).starts_with(MAGIC));
        assert_eq!(values(&mut store), [b"plain".to_vec()]);
        store.put(&Step { key: "k".into(), value: None }).unwrap();
        store.commit().unwrap();
        assert!(values(&mut store).is_empty());
    }

    /// Made with WebCrypto.
    #[test]
    fn q23_the_envelope_is_that_of_the_browser() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../vectors/sealed/v1.hex");
        let hex = std::fs::read_to_string(path).unwrap();
        let digits = hex.trim();
        let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        let sealed: Vec<u8> = (0..digits.len()).step_by(2).map(byte).collect();
        let key = std::array::from_fn(|i| i as u8);
        let store = EncryptedStore::new(MemoryStore::new(), &key, "activities|test|änna");
        let plain = store.open("w/0000000000000001-00000000000000ff", &sealed);
        assert_eq!(plain.as_deref(), Some("hej ✓".as_bytes()));
    }

    #[test]
    fn q23_neither_key_nor_owner_is_shown() {
        let store = EncryptedStore::new(MemoryStore::new(), &KEY, "app|prod|ana");
        assert_eq!(format!("{store:?}"), "EncryptedStore { .. }");
    }
}
