//! What an empty database begins with, so that the first screen shows something. No events: nobody is there yet.

use tidewire_server::params;
use tidewire_server::store::StoreError;
use tidewire_server::write::Tx;

use crate::schema::Schema;

const HOUR: u64 = 60 * 60 * 1000;

struct Demo {
    id: &'static str,
    title: &'static str,
    by: &'static str,
    hours_ago: u64,
    participants: &'static [&'static str],
    likes: &'static [&'static str],
    messages: &'static [(&'static str, &'static str)],
}

/// Oldest first.
const DEMO: &[Demo] = &[
    Demo {
        id: "board-games",
        title: "Board games at Dan's place",
        by: "dan",
        hours_ago: 70,
        participants: &["dan", "ana", "eve"],
        likes: &["eve"],
        messages: &[("dan", "Bring snacks, I have the games."), ("ana", "I'll bring the loud crisps.")],
    },
    Demo {
        id: "flea-market",
        title: "Flea market by the canal",
        by: "cleo",
        hours_ago: 49,
        participants: &["cleo", "ben"],
        likes: &["ben", "dan", "eve"],
        messages: &[("cleo", "Meeting at the north bridge at ten.")],
    },
    Demo {
        id: "film-night",
        title: "Film night: something with subtitles",
        by: "eve",
        hours_ago: 26,
        participants: &["eve", "ana", "ben", "cleo"],
        likes: &["ana", "cleo"],
        messages: &[("eve", "Votes until Thursday!"), ("ben", "Anything but three hours, please.")],
    },
    Demo {
        id: "lake-swim",
        title: "Swim at the lake before work",
        by: "ben",
        hours_ago: 8,
        participants: &["ben", "ana"],
        likes: &[],
        messages: &[("ben", "Water was 17 degrees yesterday.")],
    },
    Demo {
        id: "sunrise-run",
        title: "Sunrise run through the park",
        by: "ana",
        hours_ago: 2,
        participants: &["ana", "ben", "dan"],
        likes: &["dan"],
        messages: &[("ana", "Easy pace, six kilometres."), ("dan", "I am in if there is coffee after.")],
    },
];

/// Fills a database in which there has never been an activity.
pub(crate) fn seed(tx: &mut Tx<'_>, schema: Schema) -> Result<(), StoreError> {
    if tx.query_one(schema.ever, &[], |_| Ok(()))?.is_some() {
        return Ok(());
    }
    for demo in DEMO {
        let made = tx.now().saturating_sub(demo.hours_ago * HOUR);
        let at = |later: u64| i64::try_from(made + later).unwrap_or(i64::MAX);
        tx.execute(
            "INSERT INTO activity (id, title, created_by, created_at) VALUES (?1, ?2, ?3, ?4)",
            &params![demo.id, demo.title, demo.by, at(0)],
        )?;
        for user in demo.participants {
            tx.execute(
                "INSERT INTO participant (activity_id, user_id) VALUES (?1, ?2)",
                &params![demo.id, *user],
            )?;
        }
        for user in demo.likes {
            tx.execute(
                "INSERT INTO activity_like (activity_id, user_id) VALUES (?1, ?2)",
                &params![demo.id, *user],
            )?;
        }
        for (place, (sender, text)) in (1_u64..).zip(demo.messages) {
            tx.execute(
                "INSERT INTO message (id, activity_id, sender_id, text, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
                &params![format!("{}-{place}", demo.id), demo.id, *sender, *text, at(place * 60_000)],
            )?;
        }
    }
    Ok(())
}
