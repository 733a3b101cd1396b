//! What the tests of the client use of the tests' own server.
#![allow(unused_imports, reason = "each test file uses its part")]

pub(crate) use tidewire_test_server::{Process, root, soon};
