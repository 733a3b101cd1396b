//! Errors say what to do, and neither they nor `Debug` output show what a frame carried.

use tidewire_wire::dialect::ConnectAuth;
use tidewire_wire::engine::Handshake;
use tidewire_wire::{FrameError, HeaderError, head, socket};

/// C11: each named error has its own name and its own sentence.
#[test]
fn c11_errors_are_named_and_distinct() {
    use FrameError::*;
    let all = [
        Empty,
        EngineType,
        Binary,
        SocketType,
        Attachments,
        Namespace,
        AckId,
        Data,
        Json,
        TooDeep,
        Integer,
        Cut,
        Handshake,
        SessionId,
        EventName,
        Metadata,
        JoinAnswer,
        Request,
        TooManyPackets,
    ];
    let mut names: Vec<&str> = all.iter().map(|error| error.code()).collect();
    let mut sentences: Vec<String> = all.iter().map(FrameError::to_string).collect();
    sentences.extend(
        [
            HeaderError::Key,
            HeaderError::Client,
            HeaderError::Sequence,
            HeaderError::Position,
            HeaderError::TooMany,
            HeaderError::Applied,
            HeaderError::Parameter,
            HeaderError::RetryAfter,
        ]
        .iter()
        .map(HeaderError::to_string),
    );
    assert!(sentences.iter().all(|sentence| sentence.len() > 30));
    let counts = (names.len(), sentences.len());
    names.sort_unstable();
    names.dedup();
    sentences.sort_unstable();
    sentences.dedup();
    assert_eq!((names.len(), sentences.len()), counts);
}

/// Payloads, tokens and session ids stay out of `Debug`.
#[test]
fn debug_output_shows_no_payload() {
    let event = "2[\"secret-name\",\"secret\"]";
    let header = socket::parse(event).unwrap();
    let shown = [
        format!("{header:?}"),
        format!("{:?}", socket::event_data("[\"x\",\"secret\"]").unwrap()),
        format!("{:?}", ConnectAuth::parse("{\"token\":\"secret\"}").unwrap()),
        format!(
            "{:?}",
            Handshake::parse("{\"sid\":\"secret\",\"pingInterval\":1,\"pingTimeout\":1}").unwrap()
        ),
        format!("{:?}", head::parse("431[\"secret\"]", false, false).unwrap()),
        format!("{:?}", head::parse("40{\"sid\":\"secret\"}", false, false).unwrap()),
    ];
    for text in shown {
        assert!(!text.contains("secret"), "{text}");
    }
}
