//! `Retry-After` (RFC 9110, section 10.2.3) with whole numbers only. It does not know what time it is.

use crate::error::HeaderError;
use crate::limits;

/// When the server wants to be asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// After so many seconds, at most a year.
    Seconds(u64),
    /// At this wall time, in milliseconds since 1970.
    At(u64),
}

impl RetryAfter {
    /// Reads seconds, or a date in the preferred format of RFC 9110 (`Sun, 06 Nov 1994 08:49:37 GMT`).
    pub fn parse(value: &str) -> Result<RetryAfter, HeaderError> {
        let value = value.trim_ascii();
        if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
            let seconds = value.bytes().fold(0u64, |sum, digit| {
                (sum * 10 + u64::from(digit - b'0')).min(limits::RETRY_AFTER_SECONDS)
            });
            return Ok(RetryAfter::Seconds(seconds));
        }
        date(value).map(RetryAfter::At).ok_or(HeaderError::RetryAfter)
    }
}

fn date(value: &str) -> Option<u64> {
    const DAYS: &str = "Mon Tue Wed Thu Fri Sat Sun";
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let bytes = value.as_bytes();
    if bytes.len() != 29 || !value.is_ascii() {
        return None;
    }
    let fixed = DAYS.split(' ').any(|day| day == &value[..3])
        && &value[3..5] == ", "
        && bytes[7] == b' '
        && bytes[11] == b' '
        && bytes[16] == b' '
        && bytes[19] == b':'
        && bytes[22] == b':'
        && &value[25..] == " GMT";
    let day = digits(&bytes[5..7])?;
    let month = MONTHS.iter().position(|month| *month == &value[8..11])? as u64 + 1;
    let year = digits(&bytes[12..16])?;
    let hour = digits(&bytes[17..19])?;
    let minute = digits(&bytes[20..22])?;
    let second = digits(&bytes[23..25])?;
    // 60 is a leap second.
    let in_range =
        year >= 1970 && day >= 1 && day <= days_in(month, year) && hour < 24 && minute < 60 && second <= 60;
    if !(fixed && in_range) {
        return None;
    }
    let seconds = days_since_1970(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(seconds * 1_000)
}

fn digits(bytes: &[u8]) -> Option<u64> {
    bytes.iter().try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u64::from(byte - b'0')))
}

const fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

const fn days_in(month: u64, year: u64) -> u64 {
    match month {
        2 => 28 + is_leap(year) as u64,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

fn days_since_1970(year: u64, month: u64, day: u64) -> u64 {
    let before = year - 1;
    let leap_days = before / 4 - before / 100 + before / 400 - 477;
    let months: u64 = (1..month).map(|month| days_in(month, year)).sum();
    (year - 1970) * 365 + leap_days + months + day - 1
}
