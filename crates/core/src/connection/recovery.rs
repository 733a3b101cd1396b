//! Socket.IO's own recovery of a session on a foreign server (C12): its `pid`, and the offset that came with the last event.
//!
//! The server appends the offset to an event's arguments, and nothing marks it as one. The official client takes any last
//! argument that is text. Here only text of the form that Socket.IO's adapters make is taken: an id of the in-memory adapter
//! must tell a time near ours, and so must one of the Redis stream adapter and one of the MongoDB adapter.

use crate::ids::WallTime;
use crate::limits;

/// What a session is restored from.
#[derive(Debug, Default)]
pub(crate) struct Recovery {
    pid: Option<String>,
    offset: Option<String>,
    sid: String,
}

impl Recovery {
    /// A session is up; says whether it is the one before.
    pub(crate) fn session(&mut self, sid: &str, pid: Option<&str>) -> bool {
        let restored = self.pid.is_some() && self.pid.as_deref() == pid && self.sid == sid;
        if !restored {
            self.offset = None;
        }
        self.pid = pid.map(str::to_owned);
        sid.clone_into(&mut self.sid);
        restored
    }

    /// The last argument of an event that asks for no acknowledgement.
    pub(crate) fn event(&mut self, last: Option<&str>, now: WallTime) {
        if self.pid.is_some()
            && let Some(last) = last.filter(|last| is_offset(last, now))
        {
            self.offset = Some(last.to_owned());
        }
    }

    /// `pid` and offset for the next CONNECT.
    pub(crate) fn claim(&self) -> Option<(&str, &str)> {
        Some((self.pid.as_deref()?, self.offset.as_deref()?))
    }

    /// The next session must be a new one.
    pub(crate) fn forget(&mut self) {
        *self = Recovery::default();
    }
}

fn is_offset(text: &str, now: WallTime) -> bool {
    let near = |time: u64| time.abs_diff(now.0) <= limits::OFFSET_CLOCK_SKEW.0;
    if text.len() == 24 && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return u64::from_str_radix(&text[..8], 16).is_ok_and(|seconds| near(seconds * 1_000));
    }
    if let Some((time, count)) = text.split_once('-')
        && time.len() == 13
        && !count.is_empty()
        && count.bytes().all(|byte| byte.is_ascii_digit())
    {
        return time.parse().is_ok_and(near);
    }
    let (time, count) = text.split_once('.').unwrap_or((text, "0"));
    time.len() == 7 && digits(time).is_some_and(near) && digits(count).is_some()
}

/// A number to the base 64, in the digits of Socket.IO's ids.
fn digits(text: &str) -> Option<u64> {
    if text.is_empty() || text.len() > 7 {
        return None;
    }
    text.bytes().try_fold(0, |value: u64, byte| {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'A'..=b'Z' => byte - b'A' + 10,
            b'a'..=b'z' => byte - b'a' + 36,
            b'-' => 62,
            b'_' => 63,
            _ => return None,
        };
        Some(value * 64 + u64::from(digit))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: WallTime = WallTime(1_790_000_000_000);
    const OFFSET: &str = "1790000000000-0";

    /// After a session with an offset.
    fn before() -> Recovery {
        let mut recovery = Recovery::default();
        assert!(!recovery.session("s1", Some("p1")));
        recovery.event(Some(OFFSET), NOW);
        assert_eq!(recovery.claim(), Some(("p1", OFFSET)));
        recovery
    }

    #[test]
    fn c12_the_offset_goes_on_with_its_session_and_ends_with_it() {
        let mut recovery = before();
        assert!(recovery.session("s1", Some("p1")));
        assert_eq!(recovery.claim(), Some(("p1", OFFSET)), "also where nothing came in it");
        for (sid, pid) in [("s2", Some("p2")), ("s2", Some("p1")), ("s1", Some("p2")), ("s1", None)] {
            let mut recovery = before();
            assert!(!recovery.session(sid, pid), "{sid} {pid:?}");
            assert_eq!(recovery.claim(), None, "{sid} {pid:?}");
        }
    }

    #[test]
    fn c12_every_digit_of_an_id_of_socket_io_has_its_value() {
        // The digit before the last five stands for twelve days.
        for (value, digit) in
            [(0, '0'), (9, '9'), (10, 'A'), (35, 'Z'), (36, 'a'), (61, 'z'), (62, '-'), (63, '_')]
        {
            let time = 26 * 64_u64.pow(6) + value * 64_u64.pow(5);
            let id = format!("Q{digit}00000");
            assert!(is_offset(&id, WallTime(time)), "{id}");
            let day = limits::OFFSET_CLOCK_SKEW.0;
            assert!(
                !is_offset(&id, WallTime(time - day - 1)) && !is_offset(&id, WallTime(time + day + 1)),
                "{id}"
            );
            // After the dot is a count, in the same digits.
            assert!(is_offset(&format!("{id}.{digit}"), WallTime(time)), "{id}");
        }
        for none in ["Q00000", "Q0000000", "Q0000+0", "Q000000.", "Q000000.+", "Q000000.00000000"] {
            assert!(!is_offset(none, WallTime(26 * 64_u64.pow(6))), "{none}");
        }
    }
}
