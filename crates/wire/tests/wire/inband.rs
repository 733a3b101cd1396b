//! What goes over a link beside rooms: read what was written, refuse what breaks the protocol.

use tidewire_wire::inband::{self, EmitRequest};
use tidewire_wire::{FrameError, socket};

const STREAM: &str = "AAAAAAAAAAAAAAAAAAAAAA";

#[test]
fn c5_a_grant_names_what_is_left_of_the_token_and_who_answers() {
    assert_eq!(
        inband::grant("/", "s", Some(5), "i"),
        r#"40{"sid":"s","tidewire":1,"expires":5,"instance":"i"}"#
    );
    assert_eq!(inband::grant("/", "s", None, ""), socket::connect_reply("/", "s", true));
}

#[test]
fn c5_a_token_request_is_read_and_one_without_a_token_is_not() {
    assert_eq!(inband::token_request(r#"{"x":[1],"token":"a\"b"}"#).unwrap(), "a\"b");
    for bad in ["", "{}", r#"{"token":1}"#, r#"["token"]"#] {
        assert!(inband::token_request(bad).is_err(), "{bad}");
    }
    assert_eq!(inband::token_answer(3, Some(9)), r#"433[{"success":true,"expires":9}]"#);
    assert_eq!(inband::token_answer(3, None), r#"433[{"success":true}]"#);
}

#[test]
fn c6_a_reliable_emit_is_read_as_it_was_written() {
    for args in ["", "1", r#"{"a":"]"},[2]"#] {
        let emit = EmitRequest { stream: STREAM.into(), number: 7, floor: 3, name: "say".into(), args };
        assert_eq!(EmitRequest::parse(&emit.encode()).unwrap(), emit);
    }
    let spaced = format!(r#" [ "{STREAM}" , 7 , 3 ] , "say" , 1 "#);
    assert_eq!(EmitRequest::parse(&spaced).unwrap().args, "1");
}

#[test]
fn c6_an_emit_that_breaks_the_protocol_is_refused() {
    let emit = |place: &str, rest: &str| EmitRequest::parse(&format!("[{place}]{rest}")).map(drop);
    let short = &STREAM[1..];
    for place in [
        String::new(),
        format!("\"{STREAM}\""),
        format!("\"{STREAM}\",1"),
        format!("\"{STREAM}\",1,1,1"),
        format!("\"{short}\",1,1"),
        format!("\"{STREAM}\",0,0"),
        format!("\"{STREAM}\",1,0"),
        format!("\"{STREAM}\",1,2"),
    ] {
        assert!(emit(&place, r#","say""#).is_err(), "{place}");
    }
    let good = format!("\"{STREAM}\",2,1");
    assert_eq!(emit(&good, r#","say""#), Ok(()));
    assert_eq!(emit(&good, ""), Err(FrameError::EventName));
    assert_eq!(emit(&good, ",1"), Err(FrameError::EventName));
}

#[test]
fn c2_a_return_hint_says_when_and_where() {
    assert_eq!(inband::return_hint(1500, None), r#"42["tw:return",{"after":1500}]"#);
    let url = Some("https://b.example");
    assert_eq!(inband::return_hint(0, url), r#"42["tw:return",{"after":0,"url":"https://b.example"}]"#);
}
