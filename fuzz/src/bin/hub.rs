//! P4, C11, V9: whatever four connections send, in any order with answers to what the hub asks, it goes on, and when all of
//! them are gone it holds nothing of them. Chunks: a byte that says what happens, then its text.
#![no_main]
#![forbid(unsafe_code)]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use tidewire_hub::*;

/// A year: longer than anything the hub remembers after a connection.
const LATER: u64 = 365 * 24 * 60 * 60 * 1000;

fuzz_target!(|data: &[u8]| {
    let mut hub = Hub::new(Config::default());
    let mut open: BTreeSet<SessionId> = BTreeSet::new();
    let mut now = 0;
    for (step, chunk) in tidewire_fuzz::chunks(data).take(200).enumerate() {
        let Some((what, text)) = chunk.split_first() else { continue };
        let session = SessionId(u64::from(what & 3));
        let input = match what >> 2 {
            0..=7 if open.insert(session) => {
                Input::Opened { session, sid: format!("s{step}"), transport: Transport::WebSocket }
            }
            8 if open.remove(&session) => Input::Closed { session },
            9 => {
                now += u64::from(text.first().copied().unwrap_or(1)) * 1_000;
                Input::Timeout
            }
            _ if open.contains(&session) => {
                let text = String::from_utf8_lossy(text);
                Input::Received { session, frame: Inbound::Text(text.as_ref().into()) }
            }
            _ => continue,
        };
        hub.handle(input, Timestamp(now));
        answer(&mut hub, &mut open, now);
    }
    for session in open.clone() {
        hub.handle(Input::Closed { session }, Timestamp(now));
    }
    answer(&mut hub, &mut open, now);
    now += LATER;
    hub.handle(Input::Timeout, Timestamp(now));
    answer(&mut hub, &mut open, now);
    assert_eq!((hub.connections(), hub.streams()), (0, 0), "something is left");
    // Idle rooms stay for who comes next, up to a limit.
    assert!(hub.rooms() <= limits::IDLE_ROOMS, "{} rooms", hub.rooms());
});

fn answer(hub: &mut Hub, open: &mut BTreeSet<SessionId>, now: u64) {
    while let Some(output) = hub.poll_output() {
        let input = match output {
            Output::Authenticate { request, .. } => Input::Authenticated {
                request,
                result: Ok(Grant {
                    user: "ana".into(),
                    socket: SocketId::from(format!("k{}", request.0).as_str()),
                    expires_in: None,
                    greet: false,
                    pid: "p".into(),
                }),
            },
            Output::Authorize { request, .. } => {
                Input::Authorized { request, result: Ok(Access { earliest: Offset(0) }) }
            }
            Output::ReadHead { request, .. } => {
                Input::HeadRead { request, result: Ok(Head { epoch: "e".into(), offset: Offset(0) }) }
            }
            Output::ReadHistory { request, .. } => Input::HistoryRead { request, result: Ok(Vec::new()) },
            Output::Dispatch { request, .. } => {
                let answer = Answer::Acknowledged(Args { json: Json("1".into()), attachments: Vec::new() });
                Input::Handled { request, answer }
            }
            Output::Close { session, .. } => {
                open.remove(&session);
                continue;
            }
            _ => continue,
        };
        hub.handle(input, Timestamp(now));
    }
}
