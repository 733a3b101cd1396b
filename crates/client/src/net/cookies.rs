//! The cookies of one polling session: what a load balancer sets so that all requests of a session reach one server (C1). They live
//! as long as the link, go nowhere else, and are never shown.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use hyper::header::{HeaderMap, HeaderValue, SET_COOKIE};

/// Cookies of one session.
const COOKIES: usize = 32;
/// Bytes of one, its name included.
const COOKIE_BYTES: usize = 4096;

#[derive(Default)]
pub(super) struct Cookies(Mutex<Vec<(String, String)>>);

impl fmt::Debug for Cookies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cookies(..)")
    }
}

impl Cookies {
    /// What an answer sets. One that does not fit is not kept.
    pub(super) fn learn(&self, headers: &HeaderMap) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for line in headers.get_all(SET_COOKIE).iter().filter_map(|value| value.to_str().ok()) {
            let mut parts = line.split(';');
            let Some((name, value)) = parts.next().and_then(|pair| pair.split_once('=')) else { continue };
            let (name, value) = (name.trim(), value.trim());
            if name.is_empty() || name.len() + value.len() > COOKIE_BYTES {
                continue;
            }
            kept.retain(|(known, _)| known != name);
            let attribute =
                |part: &str| part.trim().split_once('=').map(|(k, v)| (k.to_ascii_lowercase(), v.to_owned()));
            let ends = parts
                .filter_map(attribute)
                .any(|(key, age)| key == "max-age" && age.trim().parse::<i64>().is_ok_and(|age| age <= 0));
            if !ends && kept.len() < COOKIES {
                kept.push((name.to_owned(), value.to_owned()));
            }
        }
    }

    /// What a request carries.
    pub(super) fn header(&self) -> Option<HeaderValue> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let all: Vec<String> = kept.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let mut value = HeaderValue::try_from(all.join("; ")).ok().filter(|_| !all.is_empty())?;
        value.set_sensitive(true);
        Some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cookies(lines: &[&str]) -> Cookies {
        let cookies = Cookies::default();
        for line in lines {
            let mut headers = HeaderMap::new();
            headers.append(SET_COOKIE, HeaderValue::from_str(line).unwrap());
            cookies.learn(&headers);
        }
        cookies
    }

    fn sent(lines: &[&str]) -> Option<String> {
        cookies(lines).header().map(|value| value.to_str().unwrap().to_owned())
    }

    #[test]
    fn c1_what_was_set_is_sent_and_the_last_word_counts() {
        assert_eq!(sent(&[]), None);
        assert_eq!(
            sent(&["AWSALB=x/y+z=; Expires=Thu; Path=/", "io=1; HttpOnly"]).as_deref(),
            Some("AWSALB=x/y+z=; io=1")
        );
        assert_eq!(sent(&["a=1", "b=2", "a=3; SameSite=Lax"]).as_deref(), Some("b=2; a=3"));
        assert_eq!(sent(&["a=1", "a=; Max-Age=0"]), None, "taken back");
        assert_eq!(sent(&["=1", "no pair"]), None);
    }

    // As many and one more, as long and one byte longer.
    #[test]
    fn c1_cookies_are_limited() {
        let many: Vec<String> = (0..=COOKIES).map(|n| format!("c{n}=1")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        assert_eq!(sent(&many).unwrap().split("; ").count(), COOKIES);
        let long = |bytes: usize| format!("a={}", "x".repeat(bytes - 1));
        assert!(sent(&[&long(COOKIE_BYTES)]).is_some());
        assert_eq!(sent(&[&long(COOKIE_BYTES + 1)]), None);
    }

    #[test]
    fn c1_cookies_are_not_shown() {
        let known = cookies(&["session=secret"]);
        assert!(!format!("{known:?} {:?}", known.header()).contains("secret"));
    }
}
