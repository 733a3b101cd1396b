//! A day's feed of one person, as it travels: raw, compressed, as MessagePack; and what asking every 30 s would take instead. Bytes are
//! counted on the socket, frames and all.

use std::net::SocketAddr;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::Failure;
use crate::client::{Client, PATIENCE};
use crate::load::Figures;

/// Events of the day.
pub(crate) const EVENTS: usize = 1_000;
/// Somebody who looks for 16 hours and asks every 30 s.
const POLLS: usize = 16 * 120;

/// The events of the day: likes, people who come and go, messages, new activities.
pub(crate) fn event(number: usize) -> (&'static str, Value) {
    const PEOPLE: [&str; 8] = ["ana", "ben", "cleo", "dan", "eve", "finn", "greta", "hugo"];
    const TEXTS: [&str; 5] = [
        "Easy pace, six kilometres.",
        "I am in if there is coffee after.",
        "Meeting at the north bridge at ten, bring a towel and something to eat for everybody.",
        "Anything but three hours, please.",
        "Water was 17 degrees yesterday.",
    ];
    let mixed = (number as u64)
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .rotate_left(29)
        .wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let id = |salt: u64| format!("{:016x}{:06x}", mixed.wrapping_mul(salt), number);
    let (activity, person) = (format!("activity-{:016x}", mixed % 50), PEOPLE[number * 7 % 8]);
    match mixed >> 57 {
        0..58 => (
            "activity:like_added",
            json!({ "activityId": activity, "userId": person, "likeCount": number % 90 }),
        ),
        58..84 => (
            "activity:user_joined",
            json!({ "activityId": activity, "userId": person, "participantCount": number % 40 }),
        ),
        84..116 => (
            "message:new",
            json!({ "id": id(3), "activityId": activity, "senderId": person, "text": TEXTS[number % 5],
                "createdAt": format!("2026-03-0{}T10:{:02}:00.000Z", number % 9 + 1, number % 60), "readBy": [] }),
        ),
        _ => ("activity:created", one_activity(number)),
    }
}

fn one_activity(number: usize) -> Value {
    json!({ "id": format!("activity-{number:016x}"), "title": "Swim at the lake before work", "createdBy": "ben",
        "createdAt": "2026-03-01T06:00:00.000Z", "version": 1, "likeCount": number % 90, "participantCount": number % 40 })
}

/// What a poll answers: the list of 50 activities.
pub(crate) fn list() -> String {
    Value::from((0..50).map(one_activity).collect::<Vec<_>>()).to_string()
}

/// The bytes of the day in one form.
pub(crate) async fn feed(at: SocketAddr, form: &str) -> Result<Figures, Failure> {
    if form == "polled" {
        return polled(at).await;
    }
    let deflate = form.starts_with("deflated");
    let packed = form.ends_with("msgpack");
    let mut client = Client::dial(at, 0, deflate).await?;
    let auth = json!({ "token": "u0", "tidewire": 1 });
    let join = json!(["room:join", { "roomId": "r" }]);
    if packed {
        client.send_binary(&pack(&json!({ "type": 0, "nsp": "/", "data": auth }))).await?;
        client.any().await?;
        client.send_binary(&pack(&json!({ "type": 2, "nsp": "/", "id": 0, "data": join }))).await?;
    } else {
        client.send(&format!("40{auth}")).await?;
        client.any().await?;
        client.send(&format!("420{join}")).await?;
    }
    client.any().await?;
    let before = client.bytes;
    let mut other = Client::connect(at, 1).await?;
    other.send("420[\"feed\",{}]").await?;
    for _ in 0..EVENTS {
        client.any().await?;
    }
    Ok(vec![("bytes", (client.bytes - before) as f64)])
}

/// Asks as often as polling would, each time with what it knows already; the list changes where events came between two polls.
async fn polled(at: SocketAddr) -> Result<Figures, Failure> {
    let (plain, unchanged) = (poll(at, false, "").await?, poll(at, false, "\"1\"").await?);
    let zipped = poll(at, true, "").await?;
    let slots: std::collections::BTreeSet<usize> = (0..EVENTS)
        .map(|number| (number as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) as usize % POLLS)
        .collect();
    let (changed, same) = (slots.len(), POLLS - slots.len());
    let day = |full: (usize, usize)| {
        let down = changed * full.1 + same * unchanged.1;
        (down, POLLS * full.0.max(unchanged.0))
    };
    let ((plain_down, up), (zipped_down, _)) = (day(plain), day(zipped));
    Ok(vec![
        ("bytes", plain_down as f64),
        ("gzip_bytes", zipped_down as f64),
        ("asked_bytes", up as f64),
        ("polls", POLLS as f64),
        ("changed", changed as f64),
    ])
}

/// Bytes of one request, and of its answer.
async fn poll(at: SocketAddr, zipped: bool, known: &str) -> Result<(usize, usize), Failure> {
    let mut stream = TcpStream::connect(at).await?;
    let accept = if zipped { "gzip, deflate, br" } else { "identity" };
    let known = if known.is_empty() { String::new() } else { format!("If-None-Match: {known}\r\n") };
    // As a browser asks, without cookies.
    let asked = format!(
        "GET /poll HTTP/1.1\r\nHost: app.example\r\nAccept: application/json\r\nAccept-Encoding: {accept}\r\n\
         Authorization: Bearer {}\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\r\n\
         Connection: close\r\n{known}\r\n",
        "x".repeat(180)
    );
    stream.write_all(asked.as_bytes()).await?;
    let mut answer = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut answer)).await??;
    if answer.starts_with(b"HTTP/1.1 200") || answer.starts_with(b"HTTP/1.1 304") {
        Ok((asked.len(), answer.len()))
    } else {
        Err(format!("{:?}", String::from_utf8_lossy(&answer)).into())
    }
}

/// MessagePack of the few kinds that our packets need.
fn pack(value: &Value) -> Vec<u8> {
    match value {
        Value::Object(map) => {
            let mut out = vec![0x80 | map.len() as u8];
            for (key, value) in map {
                out.extend(pack(&key.as_str().into()));
                out.extend(pack(value));
            }
            out
        }
        Value::Array(values) => {
            let mut out = vec![0x90 | values.len() as u8];
            values.iter().for_each(|value| out.extend(pack(value)));
            out
        }
        Value::String(text) => {
            let mut out = vec![0xa0 | text.len() as u8];
            out.extend(text.as_bytes());
            out
        }
        Value::Number(number) => vec![number.as_u64().unwrap_or_default() as u8],
        Value::Null | Value::Bool(_) => vec![0xc0],
    }
}
