//! The link against a scripted server: semantics.md C.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use rig::Rig;
use tidewire_core::*;

fn hello(rig: &mut Rig) -> LinkId {
    rig.connect();
    assert!(
        matches!(rig.connection(), ConnectionState::Connected { tidewire: true, .. }),
        "{:?}",
        rig.connection()
    );
    rig.link.unwrap()
}

#[test]
fn c1_the_dialect_is_offered_in_connect_with_the_token() {
    let mut rig = Rig::new();
    hello(&mut rig);
    assert_eq!(rig.sent()[0], r#"40{"token":"jwt","tidewire":1}"#);
}

#[test]
fn c2_the_wait_is_jittered_up_to_a_growing_cap_and_the_jitter_stays_at_the_cap() {
    let mut longest = [0u64; 12];
    let mut at_cap = Vec::new();
    for seed in 0..100 {
        let mut rig = Rig::on_disk(Default::default(), seed);
        rig.reachable = false;
        rig.connect();
        for slot in &mut longest {
            let ConnectionState::Waiting { until, .. } = rig.connection() else {
                panic!("{:?}", rig.connection())
            };
            let wait = until.0 - rig.now;
            *slot = (*slot).max(wait);
            at_cap.push(wait);
            rig.next_deadline();
        }
    }
    for (failures, longest) in longest.iter().enumerate() {
        let ceiling = (1_000u64 << failures).min(30_000);
        assert!(
            *longest <= ceiling && *longest > ceiling * 8 / 10,
            "after {failures}: {longest} of {ceiling}"
        );
    }
    let late: Vec<_> = at_cap.chunks(12).map(|waits| waits[11]).collect();
    assert!(late.iter().filter(|w| **w < 15_000).count() > 30, "full jitter at the cap: {late:?}");
}

#[test]
fn c2_failures_are_forgotten_only_when_the_session_is_synced_and_five_seconds_old() {
    let mut rig = Rig::new();
    rig.reachable = false;
    rig.connect();
    for _ in 0..5 {
        rig.next_deadline();
    }
    rig.command(Command::Join { room: "activities".into() }).unwrap();
    rig.reachable = true;
    rig.next_deadline();
    let attempt_after_break = |rig: &mut Rig| {
        rig.break_link();
        let ConnectionState::Waiting { attempt, .. } = rig.connection() else { panic!() };
        rig.next_deadline();
        attempt
    };
    rig.pass(4_999);
    assert_eq!(attempt_after_break(&mut rig), 8, "too young");
    rig.pass(9_000);
    assert_eq!(attempt_after_break(&mut rig), 9, "the room is not joined yet");
    rig.joined(0, false);
    rig.pass(5_000);
    assert_eq!(attempt_after_break(&mut rig), 1, "forgotten");
    // A room that only a query is bound to is not waited for.
    let mut rig = Rig::new();
    rig.bind("activities", &[1]);
    rig.base(1, Some(("activities", 3)));
    rig.connect();
    rig.pass(5_000);
    rig.reachable = false;
    rig.break_link();
    rig.next_deadline();
    rig.reachable = true;
    rig.next_deadline();
    rig.pass(5_000);
    assert_eq!(attempt_after_break(&mut rig), 1, "there is nothing to join");
}

// Both sides of core::OFFLINE_PROBE.
#[test]
fn c3_offline_means_no_attempts_but_a_probe_and_the_return_means_at_once() {
    let mut rig = Rig::new();
    rig.input(Input::Network { signal: NetworkSignal::Offline });
    rig.connect();
    assert_eq!(rig.connection(), ConnectionState::Paused { reason: PauseReason::Offline });
    rig.reachable = false;
    rig.pass(29_999);
    assert!(rig.tokens_asked.is_empty());
    rig.pass(1);
    assert_eq!(rig.tokens_asked.len(), 1, "the signal may be wrong");
    assert_eq!(rig.connection(), ConnectionState::Paused { reason: PauseReason::Offline });
    rig.reachable = true;
    rig.input(Input::Network { signal: NetworkSignal::Online });
    assert!(matches!(rig.connection(), ConnectionState::Connected { .. }));
}

#[test]
fn c3_no_signal_undoes_disconnect() {
    let mut rig = Rig::new();
    hello(&mut rig);
    rig.command(Command::Disconnect {}).unwrap();
    assert_eq!(rig.sent().last().unwrap(), "41");
    rig.take();
    rig.input(Input::Network { signal: NetworkSignal::Changed });
    rig.input(Input::App { signal: AppSignal::Foreground });
    rig.pass(100_000);
    assert!(!rig.log.iter().any(|o| matches!(o, Output::Open { .. } | Output::FetchAuth { .. })));
}

#[test]
fn c3_no_loop_in_the_background_and_at_once_in_the_foreground() {
    let mut rig = Rig::new();
    hello(&mut rig);
    rig.input(Input::App { signal: AppSignal::Background });
    rig.break_link();
    rig.take();
    rig.pass(100_000);
    assert!(!rig.log.iter().any(|o| matches!(o, Output::Open { .. })));
    rig.input(Input::App { signal: AppSignal::Foreground });
    assert!(matches!(rig.connection(), ConnectionState::Connected { .. }));
}

#[test]
fn c4_a_silent_link_is_given_up_after_interval_and_timeout_and_any_byte_is_life() {
    let mut rig = Rig::new();
    let first = hello(&mut rig);
    rig.pass(44_000);
    rig.frame("2");
    assert_eq!(rig.sent().last().unwrap(), "3");
    rig.pass(44_999);
    assert_eq!(rig.link, Some(first));
    rig.pass(1);
    assert!(rig.log.contains(&Output::Close { link: first }));
    rig.pass(1_000);
    assert!(rig.link.is_some_and(|link| link != first), "a new one was made");
}

#[test]
fn c4_nothing_is_written_to_a_link_whose_deadline_has_passed() {
    let mut rig = Rig::new();
    hello(&mut rig);
    // The device slept: the timer has not run, but the clock shows it.
    rig.now += 60_000;
    rig.take();
    let emit = |emit| Command::Emit {
        emit: EmitId(emit),
        name: "typing:start".into(),
        body: None,
        size: 0,
        ack: false,
        timeout: Millis(5_000),
        namespace: None,
        attachments: vec![],
        class: EmitClass::Plain {},
    };
    rig.command(emit(1)).unwrap();
    assert_eq!(rig.sent(), Vec::<String>::new());
    rig.pass(2_000);
    assert_eq!(rig.sent().last().unwrap(), r#"42["typing:start"]"#, "it goes out on the next link");
}

// Both sides of core::PROBE_TIMEOUT.
#[test]
fn c4_a_signal_probes_the_link_and_two_seconds_of_silence_end_it() {
    let mut rig = Rig::new();
    let first = hello(&mut rig);
    rig.input(Input::App { signal: AppSignal::Foreground });
    let probe = rig.sent().pop().unwrap();
    let id: String = probe[2..].chars().take_while(char::is_ascii_digit).collect();
    rig.frame(&format!("43{id}[]"));
    rig.pass(10_000);
    assert_eq!(rig.link, Some(first), "it was answered");
    rig.input(Input::Network { signal: NetworkSignal::Changed });
    rig.pass(1_999);
    assert_eq!(rig.link, Some(first));
    rig.pass(1);
    assert!(rig.log.contains(&Output::Close { link: first }));
}

#[test]
fn c5_a_refused_token_is_asked_for_afresh_once_and_then_refused_for_good() {
    let mut rig = Rig::new();
    rig.refusal = Some(r#"44{"message":"token expired","data":{"code":"AUTH"}}"#);
    rig.connect();
    assert_eq!(rig.tokens_asked, [false]);
    rig.pass(100);
    assert_eq!(rig.tokens_asked, [false, true]);
    let expected = ConnectionState::Refused { code: "AUTH".into(), message: "token expired".into() };
    assert_eq!(rig.connection(), expected);
    rig.pass(1_000_000);
    assert_eq!(rig.tokens_asked.len(), 2, "nothing more is tried");
    rig.refusal = None;
    rig.connect();
    assert!(matches!(rig.connection(), ConnectionState::Connected { .. }), "until the app asks again");
    assert_eq!(rig.tokens_asked, [false, true, false]);
}

#[test]
fn c5_a_busy_server_is_asked_again_with_the_same_token() {
    let mut rig = Rig::new();
    rig.refusal = Some(r#"44{"message":"too many","data":{"code":"OVERLOADED"}}"#);
    rig.connect();
    rig.refusal = None;
    rig.pass(3_000);
    assert_eq!(rig.tokens_asked, [false, false]);
    assert!(matches!(rig.connection(), ConnectionState::Connected { .. }));
}

#[test]
fn c5_an_attempt_has_ten_seconds_and_late_events_of_an_old_link_are_ignored() {
    let mut rig = Rig::idle(rig::config(), Default::default(), 1);
    rig.settle();
    rig.engine.command(Command::Connect {}, rig.now()).unwrap();
    let mut first = None;
    while let Some(output) = rig.engine.poll_output() {
        rig.log.push(output.clone());
        match output {
            Output::Open { link, .. } => first = Some(link), // Neither opened nor closed: a zombie.
            other => rig.perform(other),
        }
    }
    let first = first.unwrap();
    rig.pass(9_999);
    assert!(!rig.log.contains(&Output::Close { link: first }));
    rig.pass(2_001);
    assert!(rig.log.contains(&Output::Close { link: first }));
    assert!(matches!(rig.connection(), ConnectionState::Connected { .. }));
    rig.input(Input::Closed { link: first, cause: CloseCause::Lost });
    assert!(matches!(rig.connection(), ConnectionState::Connected { .. }));
}

#[test]
fn c5_without_a_token_the_refusal_says_so() {
    let mut rig = Rig::new();
    rig.token = AuthResult::Missing {};
    rig.connect();
    let expected =
        ConnectionState::Refused { code: "AUTH".into(), message: "No auth token available".into() };
    assert_eq!(rig.connection(), expected);
}

#[test]
fn c11_garbage_closes_the_link_with_a_name_and_the_next_one_comes() {
    for (frame, length, reason) in [
        ("4", 1, DownReason::Malformed),
        ("49[]", 4, DownReason::Malformed),
        ("42{\"a\":1}", 9, DownReason::Malformed),
        ("hello", 5, DownReason::Malformed),
        (r#"42["tw",["r"],"x"]"#, 18, DownReason::Malformed),
        (r#"42["big","#, limits::FRAME + 1, DownReason::Oversized),
    ] {
        let mut rig = Rig::new();
        let link = hello(&mut rig);
        let body = FrameBody::Json { body: BodyId(77), last: None };
        rig.input(Input::Received { link, head: frame.into(), length, body });
        assert!(rig.log.contains(&Output::Close { link }), "{frame}");
        let ConnectionState::Waiting { reason: seen, .. } = rig.connection() else { panic!("{frame}") };
        assert_eq!(seen, reason, "{frame}");
        assert!(
            rig.log.contains(&Output::Release { bodies: vec![BodyId(77)] }),
            "{frame}: the body is not leaked"
        );
        rig.pass(3_000);
        assert!(matches!(rig.connection(), ConnectionState::Connected { .. }), "{frame}");
    }
    let mut rig = Rig::new();
    let link = hello(&mut rig);
    rig.input(Input::Received { link, head: "42[nonsense".into(), length: 11, body: FrameBody::Invalid {} });
    assert!(matches!(rig.connection(), ConnectionState::Waiting { reason: DownReason::Malformed, .. }));
}

#[test]
fn c11_a_frame_at_the_limit_is_taken_although_only_its_head_is_known() {
    let mut rig = Rig::new();
    let link = hello(&mut rig);
    let mut head = String::from(r#"42["message:new",{"text":"å"#);
    while head.encode_utf16().count() < limits::FRAME_HEAD {
        head.push('✓');
    }
    let body = FrameBody::Json { body: BodyId(5), last: None };
    rig.input(Input::Received { link, head: head.into(), length: limits::FRAME, body });
    assert_eq!(rig.events().len(), 1);
}

fn emit(id: u32, ack: bool, size: u32) -> Command {
    Command::Emit {
        emit: EmitId(id),
        name: "typing:start".into(),
        body: None,
        size,
        ack,
        timeout: Millis(5_000),
        namespace: None,
        attachments: vec![],
        class: EmitClass::Plain {},
    }
}

fn results(rig: &Rig) -> Vec<(u32, EmitResult)> {
    let results = rig.log.iter().filter_map(|o| match o {
        Output::Emitted { emit, result } => Some((emit.0, result.clone())),
        _ => None,
    });
    results.collect()
}

#[test]
fn c6_a_plain_emit_waits_for_the_link_in_order_and_not_for_ever() {
    let mut rig = Rig::new();
    rig.command(emit(1, false, 0)).unwrap();
    rig.pass(3_000);
    rig.command(emit(2, true, 0)).unwrap();
    rig.pass(2_000);
    assert_eq!(results(&rig), [(1, EmitResult::Dropped {})], "typing is not sent hours later");
    rig.connect();
    assert_eq!(rig.sent().last().unwrap(), r#"421["typing:start"]"#);
    rig.pass(3_000);
    assert_eq!(
        results(&rig).last(),
        Some(&(2, EmitResult::TimedOut {})),
        "an acknowledgement always settles"
    );
}

// Both sides of core::EMIT_BUFFER, core::EMIT_BUFFER_BYTES.
#[test]
fn c6_the_buffer_has_limits_and_an_emit_on_a_dying_link_is_reported() {
    let mut rig = Rig::new();
    for id in 0..limits::EMIT_BUFFER as u32 {
        rig.command(emit(id, false, 0)).unwrap();
    }
    assert_eq!(rig.command(emit(999, false, 0)), Err(Refusal::BufferFull));
    let mut rig = Rig::new();
    rig.command(emit(1, false, 900_000)).unwrap();
    rig.command(emit(2, false, 148_576)).unwrap();
    assert_eq!(rig.command(emit(3, false, 1)), Err(Refusal::BufferFull), "a mebibyte");
    let mut rig = Rig::new();
    hello(&mut rig);
    rig.command(emit(1, true, 0)).unwrap();
    rig.command(emit(2, true, 0)).unwrap();
    rig.frame("431[\"ok\"]");
    rig.break_link();
    let results = results(&rig);
    assert!(matches!(results[0], (1, EmitResult::Answered { .. })));
    assert_eq!(results[1], (2, EmitResult::MaybeLost {}));
}

fn attempts(rig: &Rig) -> usize {
    rig.log.iter().filter(|o| matches!(o, Output::FetchAuth { .. })).count()
}

#[test]
fn c2_a_platform_that_repeats_itself_makes_no_storm_of_attempts() {
    let mut rig = Rig::new();
    rig.reachable = false;
    rig.connect();
    rig.input(Input::Network { signal: NetworkSignal::Online });
    rig.take();
    for _ in 0..100 {
        for signal in [NetworkSignal::Online, NetworkSignal::Online] {
            rig.input(Input::Network { signal });
        }
        rig.input(Input::App { signal: AppSignal::Foreground });
        rig.pass(10);
    }
    assert!(attempts(&rig) <= 3, "{} in a second", attempts(&rig));
    rig.input(Input::Network { signal: NetworkSignal::Online });
    let ConnectionState::Waiting { until, .. } = rig.connection() else { panic!("{:?}", rig.connection()) };
    assert!(until.0 <= rig.now + limits::LINK_BACKOFF_UNKNOWN.0, "but it is heard");
    rig.take();
    rig.input(Input::Network { signal: NetworkSignal::Changed });
    assert_eq!(attempts(&rig), 1, "news is tried at once");
}

#[test]
fn c3_the_probe_of_a_wrong_offline_does_not_run_in_the_background() {
    let mut rig = Rig::new();
    rig.input(Input::Network { signal: NetworkSignal::Offline });
    rig.connect();
    rig.input(Input::App { signal: AppSignal::Background });
    rig.pass(200_000);
    assert_eq!(attempts(&rig), 0);
    assert_eq!(rig.engine.poll_timeout(), None, "nothing is left to wake up for");
    rig.input(Input::App { signal: AppSignal::Foreground });
    assert_eq!(rig.connection(), ConnectionState::Paused { reason: PauseReason::Offline });
    rig.pass(limits::OFFLINE_PROBE.0);
    assert_eq!(attempts(&rig), 1);
}

#[test]
fn c4_a_frame_that_comes_after_the_deadline_does_not_revive_the_link() {
    let mut rig = Rig::new();
    let link = hello(&mut rig);
    rig.now += 45_000;
    rig.command(emit(1, false, 0)).unwrap();
    rig.frame("2");
    assert!(rig.log.contains(&Output::Close { link }), "what waits is not stuck behind a link that is up");
    rig.pass(1_000);
    assert_eq!(results(&rig), [(1, EmitResult::Sent {})]);
}

#[test]
fn c1_an_event_before_the_session_is_not_an_event() {
    let mut rig = Rig::new();
    rig.bind("r", &[1]);
    rig.base(1, None);
    rig.refusal = Some("6");
    rig.connect();
    rig.frame(r#"42["activity:updated",{"id":"7"}]"#);
    assert_eq!(rig.events(), []);
    assert!(rig.log.iter().any(|o| matches!(o, Output::Release { .. })));
}

#[test]
fn c1_frames_of_another_namespace_are_not_ours() {
    let mut rig = Rig::new();
    let link = hello(&mut rig);
    for frame in
        [r#"42/other,["x",1]"#, "41/other,", r#"44/other,{"message":"no"}"#, r#"40/other,{"sid":"o"}"#]
    {
        rig.frame(frame);
    }
    assert_eq!((rig.link, rig.events()), (Some(link), vec![]));
    assert!(!rig.log.contains(&Output::Close { link }));
}

#[test]
fn c3_disconnect_in_every_state_leaves_no_timer_and_late_answers_start_nothing() {
    for stage in 0..5 {
        let mut rig = Rig::idle(rig::config(), Default::default(), 1);
        rig.settle();
        rig.engine.command(Command::Connect {}, rig.now()).unwrap();
        let mut late = Vec::new();
        for step in 0..stage {
            while let Some(output) = rig.engine.poll_output() {
                match output {
                    Output::FetchAuth { auth, .. } => {
                        late.push(Input::Auth { auth, result: AuthResult::Anonymous {} });
                    }
                    Output::Open { link, .. } => late.push(Input::Opened { link }),
                    _ => {}
                }
            }
            if let Some(input) = late.get(step) {
                rig.engine.handle(input.clone(), rig.now());
            }
        }
        rig.settle();
        rig.link = None;
        rig.command(Command::Disconnect {}).unwrap();
        rig.take();
        for input in late {
            rig.input(input);
        }
        assert_eq!(rig.engine.poll_timeout(), None, "stage {stage}");
        assert!(rig.take().is_empty(), "stage {stage}");
    }
}

#[test]
fn c6_what_was_sent_makes_room_in_the_buffer() {
    let mut rig = Rig::new();
    rig.command(emit(1, false, 900_000)).unwrap();
    rig.connect();
    assert_eq!(results(&rig), [(1, EmitResult::Sent {})]);
    rig.break_link();
    assert_eq!(rig.command(emit(2, false, 900_000)), Ok(Accepted::Done {}));
}
