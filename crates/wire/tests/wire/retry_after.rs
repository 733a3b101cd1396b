//! `Retry-After` (Q11): every day of a long time, every wrong character, every number out of its range.

use tidewire_wire::HeaderError;
use tidewire_wire::http::RetryAfter;

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];

/// Q11: counted day by day from 1970 to 2110, both kinds of century included.
#[test]
fn q11_every_day() {
    let mut days = 0;
    for year in 1970..=2110u64 {
        let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        for (month, length) in
            [31, 28 + u64::from(leap), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31].into_iter().enumerate()
        {
            for day in 1..=length {
                let name = DAYS[(days % 7) as usize];
                let text = format!("{name}, {day:02} {} {year} 01:02:03 GMT", MONTHS[month]);
                let expected = (days * 86_400 + 3_723) * 1_000;
                assert_eq!(RetryAfter::parse(&text), Ok(RetryAfter::At(expected)), "{text}");
                days += 1;
            }
            let text = format!("Mon, {:02} {} {year} 01:02:03 GMT", length + 1, MONTHS[month]);
            assert_eq!(RetryAfter::parse(&text), Err(HeaderError::RetryAfter), "{text}");
        }
    }
}

/// Q11: nothing but the one format is a date.
#[test]
fn q11_wrong_characters_and_ranges() {
    let good = "Sun, 06 Nov 1994 08:49:37 GMT";
    for at in 0..good.len() {
        let bad = format!("{}x{}", &good[..at], &good[at + 1..]);
        assert_eq!(RetryAfter::parse(&bad), Err(HeaderError::RetryAfter), "{bad}");
    }
    let time = |time: &str| RetryAfter::parse(&format!("Sun, 06 Nov 1994 {time} GMT"));
    for good in ["00:00:00", "23:59:59", "23:59:60"] {
        assert!(time(good).is_ok(), "{good}");
    }
    for bad in ["24:00:00", "00:60:00", "00:00:61", "0:00:000"] {
        assert_eq!(time(bad), Err(HeaderError::RetryAfter), "{bad}");
    }
}
