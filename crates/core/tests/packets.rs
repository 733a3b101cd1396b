//! Namespaces, attachments and answers on one link against a scripted server: semantics.md C1, C6, C9, C11.
#![allow(clippy::wildcard_enum_match_arm, clippy::unwrap_used, missing_docs)]

mod rig;

use rig::Rig;
use tidewire_core::*;

fn connected() -> Rig {
    let mut rig = Rig::new();
    rig.connect();
    rig
}

fn open(rig: &mut Rig, namespace: &str) -> Result<Accepted, Refusal> {
    rig.command(Command::OpenNamespace { namespace: namespace.into() })
}

fn close(rig: &mut Rig, namespace: &str) {
    rig.command(Command::CloseNamespace { namespace: namespace.into() }).unwrap();
}

fn namespaces(rig: &Rig) -> Vec<(String, NamespaceState)> {
    let told = rig.log.iter().filter_map(|o| match o {
        Output::Namespace { namespace, state } => Some((namespace.clone(), state.clone())),
        _ => None,
    });
    told.collect()
}

fn up() -> NamespaceState {
    NamespaceState::Connected { sid: "n1".into() }
}

fn emit(id: u32, namespace: Option<&str>, attachments: &[u32]) -> Command {
    Command::Emit {
        emit: EmitId(id),
        namespace: namespace.map(str::to_owned),
        name: "say".into(),
        body: Some(BodyId(10_000 + id)),
        attachments: attachments.iter().map(|body| BodyId(*body)).collect(),
        size: 3,
        ack: true,
        timeout: Millis(5_000),
        class: EmitClass::Plain {},
    }
}

#[test]
fn c1_c9_namespaces_share_one_link_and_come_back_with_it() {
    let mut rig = Rig::new();
    open(&mut rig, "/admin").unwrap();
    open(&mut rig, "/admin").unwrap();
    rig.command(emit(1, Some("/admin"), &[])).unwrap();
    rig.connect();
    assert_eq!(rig.opened.len(), 1);
    assert_eq!(
        rig.sent(),
        [r#"40{"token":"jwt","tidewire":1}"#, r#"40/admin,{"token":"jwt"}"#, r#"42/admin,1["say","#]
    );
    rig.frame(r#"42/admin,["news",1]"#);
    rig.frame(r#"43/admin,1["ok"]"#);
    assert_eq!(rig.events()[0].namespace.as_deref(), Some("/admin"));
    assert!(matches!(rig.results()[0], (1, EmitResult::Answered { .. })));
    rig.take();
    rig.break_link();
    rig.pass(1_000);
    assert_eq!(rig.sent().len(), 2, "both sessions are asked for again");
    assert_eq!(
        namespaces(&rig),
        [("/admin".to_owned(), NamespaceState::Waiting {}), ("/admin".to_owned(), up())]
    );
    rig.take();
    close(&mut rig, "/admin");
    assert_eq!(rig.sent().len(), 0, "counted");
    close(&mut rig, "/admin");
    assert_eq!(rig.sent(), ["41/admin,"]);
    assert_eq!(rig.command(emit(2, Some("/admin"), &[])), Err(Refusal::UnknownNamespace));
    rig.frame(r#"42/admin,["late",1]"#);
    assert_eq!(rig.events(), []);
}

#[test]
fn c1_a_namespace_that_is_refused_gets_one_fresh_token_and_the_link_stays() {
    let mut rig = connected();
    let link = rig.link;
    rig.namespace_answer = Some(r#"{"message":"no","data":{"code":"FORBIDDEN"}}"#);
    open(&mut rig, "/admin").unwrap();
    assert_eq!(rig.tokens_asked, [false, true]);
    let refused = NamespaceState::Refused { code: "FORBIDDEN".into(), message: "no".into() };
    assert_eq!(namespaces(&rig).last().unwrap().1, refused);
    assert_eq!(rig.link, link);
    rig.pass(60_000);
    rig.take();
    rig.frame("2");
    rig.break_link();
    rig.pass(1_000);
    assert_eq!(namespaces(&rig), [], "a refusal is told once");
    rig.namespace_answer = None;
    open(&mut rig, "/admin").unwrap();
    assert_eq!(namespaces(&rig).last().unwrap().1, up());
}

#[test]
fn c1_a_namespace_without_an_answer_or_thrown_out_is_asked_for_again() {
    let mut rig = connected();
    rig.namespace_answer = Some("");
    open(&mut rig, "/a").unwrap();
    rig.namespace_answer = None;
    rig.pass(limits::ATTEMPT_TIMEOUT.0 - 1);
    assert_eq!(namespaces(&rig).last().unwrap().1, NamespaceState::Waiting {});
    rig.pass(1);
    assert_eq!(namespaces(&rig).last().unwrap().1, up());
    rig.frame("41/a,");
    assert_eq!(namespaces(&rig).last().unwrap().1, NamespaceState::Waiting {});
    rig.pass(limits::NAMESPACE_RETRY.0);
    assert_eq!(namespaces(&rig).last().unwrap().1, up());
    assert_eq!(rig.opened.len(), 1);
}

// Both sides of core::NAMESPACE_RETRY.
#[test]
fn c1_a_namespace_that_was_thrown_out_is_asked_for_again_within_three_seconds() {
    let mut rig = connected();
    open(&mut rig, "/a").unwrap();
    let longest = (0..3_000).map(|_| {
        rig.take();
        rig.frame("41/a,");
        let thrown_out = rig.now;
        while !rig.sent().iter().any(|text| text.starts_with("40/a,")) {
            rig.next_deadline().expect("a deadline");
        }
        rig.now - thrown_out
    });
    let most = limits::NAMESPACE_RETRY.0;
    assert!((most - 10..=most).contains(&longest.max().unwrap()), "jittered up to the limit");
}

// Both sides of core::NAMESPACES.
#[test]
fn c1_namespaces_have_a_limit_and_a_form() {
    let mut rig = connected();
    for n in 0..limits::NAMESPACES {
        open(&mut rig, &format!("/n{n}")).unwrap();
    }
    assert_eq!(open(&mut rig, "/more"), Err(Refusal::TooManyNamespaces));
    assert_eq!(open(&mut rig, "/n0"), Ok(Accepted::Done {}), "it is there already");
    for bad in ["", "admin", "/", "/a,b"] {
        assert_eq!(open(&mut rig, bad), Err(Refusal::Malformed), "{bad}");
    }
}

#[test]
fn c1_attachments_come_behind_their_event_and_go_with_it() {
    let mut rig = connected();
    rig.take();
    rig.frame(r#"452-["file",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#);
    let first = rig.binary(10);
    rig.frame("2");
    assert_eq!(rig.events(), [], "not complete");
    let second = rig.binary(20);
    let event = &rig.events()[0];
    assert_eq!((event.name.as_str(), &event.attachments), ("file", &vec![first, second]));
    let mut released = rig.released();
    released.sort_unstable();
    assert_eq!(released, [event.body.0, first.0, second.0]);

    rig.take();
    rig.command(emit(1, None, &[7, 8])).unwrap();
    let link = rig.link.unwrap();
    let binary = |body| Output::SendBinary { link, body: BodyId(body) };
    let text = "452-1[\"say\",".into();
    let body = Some(BodyId(10_001));
    assert_eq!(rig.take()[..3], [Output::Send { link, text, body }, binary(7), binary(8)]);
    rig.frame(r#"461-1[{"_placeholder":true,"num":0}]"#);
    let answer = rig.binary(4);
    let Some((1, EmitResult::Answered { attachments, .. })) = rig.results().pop() else { panic!() };
    assert_eq!(attachments, [answer]);
}

// Both sides of core::ATTACHMENTS, core::ATTACHMENT_BYTES.
#[test]
fn c11_a_wrong_number_of_attachments_is_malformed_and_nothing_is_kept() {
    type Step = fn(&mut Rig);
    // The bodies that are given back, from 1 for that of the packet; those of an event too, because nobody listens.
    let cases: [(&str, Step, DownReason, &[u32]); 5] = [
        ("too few", |rig| rig.frame(r#"42["next"]"#), DownReason::Malformed, &[2, 1]),
        (
            "another packet",
            |rig| rig.frame(r#"451-["next",{"_placeholder":true,"num":0}]"#),
            DownReason::Malformed,
            &[2, 1],
        ),
        ("one too many", |rig| (0..3).for_each(|_| _ = rig.binary(1)), DownReason::Malformed, &[1, 2, 3, 4]),
        (
            "too large",
            |rig| _ = rig.binary(limits::ATTACHMENT_BYTES as u32 + 1),
            DownReason::Oversized,
            &[1, 2],
        ),
        ("none at all", |rig| rig.break_link(), DownReason::Lost, &[1]),
    ];
    for (what, step, reason, given_back) in cases {
        let mut rig = connected();
        rig.take();
        let before = rig.last_body();
        rig.frame(r#"452-["file",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#);
        step(&mut rig);
        let ConnectionState::Waiting { reason: seen, .. } = rig.connection() else { panic!("{what}") };
        assert_eq!(seen, reason, "{what}");
        let released: Vec<_> = rig.released().into_iter().map(|body| body - before).collect();
        assert_eq!(released, given_back, "{what}");
    }
    let mut rig = connected();
    rig.frame(r#"451-["file",{"_placeholder":true,"num":0}]"#);
    rig.binary(limits::ATTACHMENT_BYTES as u32);
    assert_eq!(rig.events().len(), 1, "at the limit");
    let many: Vec<u32> = (0..=limits::ATTACHMENTS as u32).collect();
    assert_eq!(rig.command(emit(1, None, &many)), Err(Refusal::Malformed));
    assert_eq!(rig.command(emit(1, None, &many[1..])), Ok(Accepted::Done {}));
}

#[test]
fn c11_an_answer_that_nobody_asked_for_is_noted_and_its_body_given_back() {
    let mut rig = connected();
    let stray = Output::Log { note: Note::StrayAck };
    rig.command(emit(1, None, &[])).unwrap();
    rig.take();
    // Number 1 was given out; a late answer to it is nothing to speak of.
    for (answer, noted) in [("431[1]", false), ("431[1]", false), ("432[1]", true), ("430[1]", true)] {
        rig.take();
        rig.frame(answer);
        assert_eq!(rig.log.contains(&stray), noted, "{answer}");
    }
    assert_eq!(rig.released().len(), 1);
    assert_eq!(rig.connection_or_none(), None, "the link stays");
}

#[test]
fn c1_c6_an_answer_in_a_namespace_that_is_not_open_answers_nothing() {
    let mut rig = connected();
    rig.command(emit(1, None, &[])).unwrap();
    rig.take();
    rig.frame("43/other,1[1]");
    assert_eq!(rig.results(), []);
    assert_eq!(rig.released().len(), 1);
    rig.frame("431[1]");
    assert!(matches!(rig.results()[..], [(1, EmitResult::Answered { .. })]));
}

#[test]
fn c1_in_a_namespace_that_is_not_up_nothing_is_said_and_nothing_ends() {
    let mut rig = connected();
    rig.namespace_answer = Some("");
    open(&mut rig, "/a").unwrap();
    rig.take();
    rig.command(emit(1, Some("/a"), &[])).unwrap();
    assert_eq!(rig.sent(), [""; 0]);
    // It was not up, so it cannot be thrown out: the question stays open, and its time runs on.
    let deadline = rig.engine.poll_timeout();
    rig.frame("41/a,");
    assert_eq!((namespaces(&rig), rig.engine.poll_timeout()), (vec![], deadline));
    rig.frame(r#"40/a,{"sid":"n1"}"#);
    assert_eq!(namespaces(&rig), [("/a".to_owned(), up())]);
    assert_eq!(rig.sent(), [r#"42/a,1["say","#]);
    // A second answer is none.
    rig.take();
    rig.frame(r#"40/a,{"sid":"n2"}"#);
    assert_eq!(namespaces(&rig), []);
}

#[test]
fn c1_c5_a_namespace_is_asked_for_with_the_token_that_the_app_gave_last() {
    let mut rig = connected();
    rig.namespace_answer = Some(r#"{"message":"no"}"#);
    rig.token = AuthResult::Token { token: "fresh".into() };
    rig.take();
    open(&mut rig, "/a").unwrap();
    assert_eq!(rig.sent(), [r#"40/a,{"token":"jwt"}"#, r#"40/a,{"token":"fresh"}"#]);
    rig.take();
    open(&mut rig, "/b").unwrap();
    assert_eq!(rig.sent()[0], r#"40/b,{"token":"fresh"}"#);
}

#[test]
fn c1_a_binary_message_that_nothing_announced_is_malformed() {
    let mut rig = connected();
    rig.binary(1);
    assert!(matches!(rig.connection(), ConnectionState::Waiting { reason: DownReason::Malformed, .. }));
}

#[test]
fn c1_c6_the_peer_is_answered_on_the_link_that_it_asked_on_and_on_no_other() {
    let mut rig = connected();
    open(&mut rig, "/admin").unwrap();
    rig.frame(r#"427["question",1]"#);
    rig.frame(r#"42/admin,9["question",1]"#);
    let acks: Vec<AckToken> = rig.events().into_iter().filter_map(|event| event.ack).collect();
    let reply = |rig: &mut Rig, ack: &AckToken, body: Option<u32>, attachments: &[u32]| {
        let attachments = attachments.iter().map(|body| BodyId(*body)).collect();
        rig.command(Command::Reply { ack: ack.clone(), body: body.map(BodyId), attachments, size: 1 })
    };
    rig.take();
    reply(&mut rig, &acks[0], Some(1), &[]).unwrap();
    reply(&mut rig, &acks[0], None, &[]).unwrap();
    reply(&mut rig, &acks[1], Some(1), &[2]).unwrap();
    assert_eq!(rig.sent(), ["437[", "437[]", "461-/admin,9["]);
    rig.break_link();
    rig.pass(1_000);
    assert_eq!(reply(&mut rig, &acks[0], None, &[]), Err(Refusal::LinkGone));
}

#[test]
fn c4_nothing_is_written_to_a_link_whose_deadline_has_passed() {
    let mut rig = connected();
    rig.frame(r#"427["question",1]"#);
    let ack = rig.events()[0].ack.clone().unwrap();
    rig.take();
    rig.now += 45_000;
    let reply = Command::Reply { ack, body: None, attachments: vec![], size: 0 };
    assert_eq!(rig.command(reply), Err(Refusal::LinkGone));
    rig.command(emit(1, None, &[])).unwrap();
    open(&mut rig, "/admin").unwrap();
    rig.command(Command::Disconnect {}).unwrap();
    assert_eq!(rig.sent().len(), 0, "{:?}", rig.sent());
}
