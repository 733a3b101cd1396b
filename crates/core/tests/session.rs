//! How, when and where a session is made and kept against a scripted server: semantics.md C1 (polling), C2 (hints), C5.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use Transport::{Polling, WebSocket};
use rig::Rig;
use tidewire_core::*;

fn with(change: impl FnOnce(&mut Config)) -> Rig {
    let mut config = rig::config();
    change(&mut config);
    let mut rig = Rig::idle(config, Default::default(), 1);
    rig.settle();
    rig
}

fn transports(rig: &Rig) -> Vec<Transport> {
    rig.opened.iter().map(|(transport, _)| *transport).collect()
}

fn polling() -> Rig {
    with(|config| config.polling = true)
}

#[test]
fn c1_polling_is_tried_where_no_websocket_opens_and_then_they_alternate() {
    let mut rig = polling();
    rig.reachable = false;
    rig.connect();
    rig.pass(120_000);
    assert_eq!(transports(&rig)[..4], [WebSocket, Polling, WebSocket, Polling]);
    let mut rig = Rig::new();
    rig.reachable = false;
    rig.connect();
    rig.pass(60_000);
    assert!(!transports(&rig).contains(&Polling), "the host cannot");
}

#[test]
fn c1_polling_that_reached_a_session_is_remembered_unless_a_websocket_ever_did() {
    let mut rig = polling();
    rig.reachable = false;
    rig.connect();
    rig.reachable = true;
    rig.pass(1_000);
    assert!(matches!(rig.connection(), ConnectionState::Connected { .. }));
    for _ in 0..3 {
        rig.break_link();
        rig.pass(30_000);
    }
    assert_eq!(transports(&rig), [WebSocket, Polling, Polling, Polling, Polling]);

    let mut rig = polling();
    rig.connect();
    rig.reachable = false;
    rig.break_link();
    while transports(&rig).len() < 2 {
        rig.next_deadline();
    }
    rig.reachable = true;
    rig.pass(30_000);
    rig.break_link();
    rig.pass(30_000);
    assert_eq!(transports(&rig), [WebSocket, WebSocket, Polling, WebSocket], "that was an outage");
}

#[test]
fn c1_a_websocket_that_opens_and_stays_silent_counts_as_none_and_no_network_does_not() {
    let mut rig = polling();
    rig.mute = true;
    rig.connect();
    rig.pass(limits::ATTEMPT_TIMEOUT.0 + 1_000);
    assert_eq!(transports(&rig)[..2], [WebSocket, Polling]);
    let mut rig = polling();
    rig.input(Input::Network { signal: NetworkSignal::Offline });
    rig.reachable = false;
    rig.connect();
    rig.pass(100_000);
    assert!(transports(&rig).len() > 1);
    assert!(!transports(&rig).contains(&Polling));
}

#[test]
fn c1_a_server_that_refuses_the_session_is_asked_by_the_same_transport() {
    let mut rig = polling();
    rig.refusal = Some(r#"44{"message":"no","data":{"code":"TIMEOUT"}}"#);
    rig.connect();
    rig.pass(10_000);
    assert!(transports(&rig).len() > 1);
    assert!(!transports(&rig).contains(&Polling));
}

#[test]
fn c2_a_session_that_the_server_ends_is_asked_for_again_within_a_second() {
    for goodbye in ["41", "1"] {
        let mut longest = 0;
        for seed in 0..40 {
            let mut rig = Rig::on_disk(Default::default(), seed);
            rig.connect();
            let link = rig.link.unwrap();
            rig.frame(goodbye);
            assert!(rig.log.contains(&Output::Close { link }), "{goodbye}");
            let ConnectionState::Waiting { until, reason, .. } = rig.connection() else {
                panic!("{goodbye}")
            };
            assert_eq!(reason, DownReason::ServerClosed, "{goodbye}");
            longest = longest.max(until.0 - rig.now);
        }
        let most = limits::LINK_BACKOFF_UNKNOWN.0;
        assert!((most * 8 / 10..=most).contains(&longest), "{goodbye}: {longest}");
    }
}

fn hinted(hint: &str) -> Rig {
    let mut rig = Rig::new();
    rig.connect();
    rig.frame(&format!(r#"42["tw:return",{hint}]"#));
    let link = rig.link.take().unwrap();
    rig.opened.clear();
    rig.input(Input::Closed { link, cause: CloseCause::Overloaded });
    rig
}

#[test]
fn c2_the_servers_hint_when_and_where_to_return_is_obeyed_once() {
    let mut rig = hinted(r#"{"after":7000,"url":"https://b.example"}"#);
    let ConnectionState::Waiting { until, .. } = rig.connection() else { panic!() };
    assert_eq!(until.0, 7_000, "not jittered again");
    rig.input(Input::Network { signal: NetworkSignal::Changed });
    rig.input(Input::App { signal: AppSignal::Background });
    rig.input(Input::App { signal: AppSignal::Foreground });
    rig.pass(6_999);
    assert_eq!(rig.opened, []);
    rig.reachable = false;
    rig.pass(1);
    assert_eq!(rig.opened, [(WebSocket, Some("https://b.example".to_owned()))]);
    rig.reachable = true;
    rig.pass(30_000);
    assert_eq!(rig.opened[1], (WebSocket, None), "that attempt failed: back to where it was");
}

// Both sides of core::RETURN_AFTER.
#[test]
fn c2_a_hint_has_limits_and_one_that_is_over_is_forgotten() {
    let rig = hinted(r#"{"after":999999999}"#);
    let ConnectionState::Waiting { until, .. } = rig.connection() else { panic!() };
    assert_eq!(until.0, limits::RETURN_AFTER.0);
    let mut rig = hinted(r#"{"after":1,"url":"https://b.example/path"}"#);
    rig.pass(1);
    assert_eq!(rig.opened, [(WebSocket, None)], "no origin");
    let mut rig = Rig::new();
    rig.connect();
    rig.frame(r#"42["tw:return",{"after":1,"url":"https://b.example"}]"#);
    rig.pass(limits::ATTEMPT_TIMEOUT.0 + 2);
    rig.opened.clear();
    rig.break_link();
    rig.pass(1_000);
    assert_eq!(rig.opened, [(WebSocket, None)], "the link lived on");
}

#[test]
fn c2_signals_change_nothing_until_the_time_that_the_server_named() {
    let mut rig = hinted(r#"{"after":7000}"#);
    for signal in [NetworkSignal::Changed, NetworkSignal::Changed, NetworkSignal::Online] {
        rig.take();
        rig.input(Input::Network { signal });
        assert_eq!(rig.connection_or_none(), None, "{signal:?}");
        assert_eq!(rig.engine.poll_timeout(), Some(Timestamp(7_000)), "{signal:?}");
    }
    rig.now = 7_000;
    rig.input(Input::Network { signal: NetworkSignal::Changed });
    assert_eq!(rig.opened.len(), 1, "the signal may come before the timer");
}

// Both sides of core::ATTEMPT_TIMEOUT.
#[test]
fn c2_a_link_that_ends_up_to_ten_seconds_after_the_hint_ended_because_of_it() {
    for (late, because) in
        [(0, true), (limits::ATTEMPT_TIMEOUT.0, true), (limits::ATTEMPT_TIMEOUT.0 + 1, false)]
    {
        let mut rig = Rig::new();
        rig.connect();
        rig.frame(r#"42["tw:return",{"after":1000,"url":"https://b.example"}]"#);
        rig.pass(1_000 + late);
        rig.opened.clear();
        rig.reachable = false;
        rig.break_link();
        let ConnectionState::Waiting { until, .. } = rig.connection() else {
            panic!("{:?}", rig.connection())
        };
        rig.next_deadline();
        let there = because.then(|| "https://b.example".to_owned());
        assert_eq!(rig.opened, [(WebSocket, there)], "{late}");
        assert_eq!(until.0 == rig.now && until.0 == 1_000 + late, because, "at once, or jittered: {late}");
    }
}

/// A session whose token has this long to live.
fn ending(millis: u64) -> Rig {
    let mut rig = Rig::new();
    rig.grant = Some(format!(r#"40{{"sid":"s1","tidewire":1,"expires":{millis},"instance":"a"}}"#));
    rig.connect();
    rig.take();
    rig
}

/// Number of the last fresh token that was sent.
fn token_sent(rig: &Rig) -> Option<u64> {
    let text = rig.sent().into_iter().rev().find(|text| text.contains(r#"["tw:token",{"token":"jwt"}]"#))?;
    text[2..].split('[').next().unwrap().parse().ok()
}

/// Time passes while the server pings.
fn alive(rig: &mut Rig, mut millis: u64) {
    while millis > 0 {
        let step = millis.min(20_000);
        rig.pass(step);
        millis -= step;
        if rig.link.is_some() {
            rig.frame("2");
        }
    }
}

// Both sides of core::TOKEN_LEAD.
#[test]
fn c5_a_token_is_renewed_in_band_before_it_ends() {
    for (life, at) in [(3_600_000, 3_540_000), (100_000, 80_000)] {
        let mut rig = ending(life);
        alive(&mut rig, at - 1);
        assert_eq!(rig.tokens_asked, [false]);
        alive(&mut rig, 1);
        assert_eq!(rig.tokens_asked, [false, true], "{life}: one that is about to end will not do");
        let ack = token_sent(&rig).unwrap();
        rig.take();
        rig.frame(&format!(r#"43{ack}[{{"success":true,"expires":200000}}]"#));
        alive(&mut rig, 159_999);
        assert_eq!(token_sent(&rig), None);
        alive(&mut rig, 1);
        assert!(token_sent(&rig).is_some(), "and so on");
        assert_eq!(rig.opened.len(), 1, "on one link");
    }
}

#[test]
fn c5_a_refused_renewal_has_one_fresh_try_and_then_it_is_over() {
    let mut rig = ending(100_000);
    alive(&mut rig, 80_000);
    let ack = token_sent(&rig).unwrap();
    rig.take();
    rig.frame(&format!(r#"43{ack}[{{"error":"AUTH"}}]"#));
    assert_eq!(rig.tokens_asked, [false, true, true]);
    let again = token_sent(&rig).unwrap();
    assert_ne!(again, ack);
    let link = rig.link.unwrap();
    rig.frame(&format!(r#"43{again}[{{"error":"AUTH"}}]"#));
    let ConnectionState::Refused { code, .. } = rig.connection() else { panic!("{:?}", rig.connection()) };
    assert_eq!(code, "AUTH");
    assert!(rig.log.contains(&Output::Close { link }));
    assert_eq!(rig.engine.poll_timeout(), None, "terminal");
}

#[test]
fn c5_a_renewal_that_cannot_be_done_now_is_tried_again_until_the_server_closes() {
    let mut rig = ending(100_000);
    rig.token = AuthResult::Failed {};
    alive(&mut rig, 80_000);
    rig.token = AuthResult::Token { token: "jwt".into() };
    alive(&mut rig, limits::TOKEN_RETRY.0);
    let first = token_sent(&rig).expect("the app had none, then it had one");
    alive(&mut rig, limits::TOKEN_TIMEOUT.0);
    let second = token_sent(&rig).expect("no answer");
    assert_ne!(first, second);
    rig.frame(&format!(r#"43{second}[{{"error":"Unavailable"}}]"#));
    rig.take();
    alive(&mut rig, limits::TOKEN_RETRY.0);
    assert!(token_sent(&rig).is_some(), "the server could not say");
}

#[test]
fn c5_nobody_is_signed_in_any_more() {
    let mut rig = ending(100_000);
    rig.token = AuthResult::Missing {};
    alive(&mut rig, 80_000);
    assert!(matches!(rig.connection(), ConnectionState::Refused { .. }));
    let mut rig = ending(u64::MAX >> 12);
    alive(&mut rig, 200_000);
    assert_eq!(token_sent(&rig), None);
    rig.break_link();
    assert!(!matches!(rig.engine.next_timer(), Some((_, TimerKind::Token))), "it ends with its link");
}

/// One of many whose server cannot be reached: when its first attempt after a minute is made.
fn first_attempt_after(outage: u64, client: usize) -> u64 {
    let now = |millis| Now { mono: Timestamp(millis), wall: WallTime(rig::WALL + millis) };
    let mut seed = [1; 32];
    seed[..8].copy_from_slice(&(client as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15).to_le_bytes());
    let mut engine = Engine::new(rig::config(), seed, now(0));
    engine.command(Command::Connect {}, now(0)).unwrap();
    let mut time = 0;
    loop {
        while let Some(output) = engine.poll_output() {
            match output {
                Output::FetchAuth { auth, .. } => {
                    engine.handle(Input::Auth { auth, result: AuthResult::Anonymous {} }, now(time));
                }
                Output::Open { link, .. } => {
                    if time >= outage {
                        return time;
                    }
                    engine.handle(Input::Closed { link, cause: CloseCause::Unreachable }, now(time));
                }
                _ => {}
            }
        }
        time = engine.poll_timeout().expect("it comes back").0;
        engine.handle(Input::Timeout {}, now(time));
    }
}

#[test]
fn c2_of_100_000_clients_that_lost_their_server_for_a_minute_few_return_in_the_same_instant() {
    const CLIENTS: usize = 100_000;
    let mut by_instant = std::collections::BTreeMap::<u64, usize>::new();
    for client in 0..CLIENTS {
        *by_instant.entry(first_attempt_after(60_000, client) / 100).or_default() += 1;
    }
    let most = by_instant.values().max().copied().unwrap_or_default();
    assert!(most <= CLIENTS * 15 / 1_000, "{most} of {CLIENTS} in 100 ms");
}
