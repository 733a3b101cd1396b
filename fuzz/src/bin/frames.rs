//! P4, C11: whatever a frame or a header holds, it is read or refused, and what was read can be written again.
#![no_main]
#![forbid(unsafe_code)]

use libfuzzer_sys::fuzz_target;
use tidewire_wire::{dialect, engine, head, http, inband, json, socket};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(packets) = engine::split_payload(text) {
        assert_eq!(engine::join_payload(&packets), text);
    }
    if let Ok((kind, rest)) = engine::parse(text) {
        assert_eq!(engine::encode(kind, rest), text);
        let _ = engine::Handshake::parse(rest);
        let _ = socket::parse(rest);
    }
    for (truncated, dialect) in [(false, false), (false, true), (true, false), (true, true)] {
        let _ = head::parse(text, truncated, dialect);
    }
    let _ = socket::event_data(text);
    let _ = socket::ack_args(text);
    let _ = dialect::ConnectAuth::parse(text);
    let _ = dialect::leave_request(text);
    if let Ok(join) = dialect::JoinRequest::parse(text) {
        let again = join.encode();
        assert!(dialect::JoinRequest::parse(&again).is_ok(), "{again}");
    }
    let _ = inband::token_request(text);
    let _ = inband::EmitRequest::parse(text);
    let valid = json::validate(text).is_ok();
    if let Ok(string) = json::string(text) {
        let mut quoted = String::new();
        json::quote(&string, &mut quoted);
        assert_eq!(json::string(&quoted).ok(), Some(string), "quoted strings come back");
        assert!(valid);
    }
    let _ = http::RetryAfter::parse(text);
    let _ = http::Outcome::parse(text);
    let _ = http::parse_key(text);
    let _ = http::parse_client(text);
    let _ = http::parse_sequence(text);
    if let Ok(base) = http::Base::parse(text) {
        let again = base.encode().expect("what was read can be written");
        assert_eq!(http::Base::parse(&again).as_ref(), Ok(&base));
    }
});
