//! What the app is about: activities as the server tells of them, what its events do to them, and the writes with what they show until the
//! server's word is there. It knows no window and no network.

use serde::{Deserialize, Serialize};
use serde_json::json;
use tidewire::{Entity, EventType, Mutation, Place, Rules, TempId, Write};

/// Something that people do together, as one person sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Activity {
    /// Id; of one that the server does not have yet, a temporary one.
    pub id: String,
    /// Title.
    pub title: String,
    /// Who made it.
    pub created_by: String,
    /// Likes.
    pub like_count: u32,
    /// We like it.
    pub liked: bool,
    /// We take part, so we may rename it.
    pub joined: bool,
}

/// As much of an activity as a like changes.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Likes {
    like_count: u32,
    liked: bool,
}

/// As much of it as a new title changes.
#[derive(Serialize, Deserialize)]
struct Title {
    title: String,
}

/// Somebody began or ceased to like it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Liking {
    activity_id: String,
    user_id: String,
    like_count: u32,
}

const LIKE_ADDED: EventType<Liking> = EventType::new("activity:like_added");
const LIKE_REMOVED: EventType<Liking> = EventType::new("activity:like_removed");

/// What events do to the list: the one place where live data meets it. New, changed and removed activities follow their names.
#[must_use]
pub fn rules() -> Rules {
    let liking = |event: EventType<Liking>, liked: bool| {
        event.patch(
            "activity",
            |e| e.activity_id.clone(),
            move |it: &mut Likes, e, context| {
                it.like_count = e.like_count;
                if e.user_id == context.user {
                    it.liked = liked;
                }
            },
        )
    };
    Rules::new()
        .entity(Entity::new("activity").under("activities"))
        .room("activities", ["activities"])
        .on(liking(LIKE_ADDED, true))
        .on(liking(LIKE_REMOVED, false))
}

/// Likes the activity with this id. A like and its opposite that were never sent are nothing together (Q8).
#[must_use]
pub fn like() -> Mutation<String> {
    let request =
        |id: &String| Write::new("POST", format!("/api/activities/{id}/like")).cancel_pair("activity.unlike");
    Mutation::new("activity.like", 1, request).optimistic(|id, layer| {
        layer.patch("activity", id.as_str(), |it: &mut Likes| {
            if !it.liked {
                *it = Likes { liked: true, like_count: it.like_count + 1 };
            }
        });
    })
}

/// Takes it back.
#[must_use]
pub fn unlike() -> Mutation<String> {
    let request =
        |id: &String| Write::new("DELETE", format!("/api/activities/{id}/like")).cancel_pair("activity.like");
    Mutation::new("activity.unlike", 1, request).optimistic(|id, layer| {
        layer.patch("activity", id.as_str(), |it: &mut Likes| {
            if it.liked {
                *it = Likes { liked: false, like_count: it.like_count.saturating_sub(1) };
            }
        });
    })
}

/// A new activity.
#[derive(Debug, Serialize, Deserialize)]
pub struct Create {
    /// What it is called until the server has named it (Q7): it can be liked before.
    pub temp: String,
    /// Title.
    pub title: String,
}

/// Makes one.
#[must_use]
pub fn create() -> Mutation<Create> {
    let request = |new: &Create| {
        let body = json!({ "title": new.title });
        Write::new("POST", "/api/activities").body(&body).temp_id(&TempId::known(new.temp.as_str()))
    };
    Mutation::new("activity.create", 1, request).optimistic(|new, layer| {
        let (id, title, created_by) = (new.temp.clone(), new.title.clone(), layer.user().to_owned());
        let made = Activity { id, title, created_by, like_count: 0, liked: false, joined: true };
        layer.insert("activities", &made, Place::Start);
    })
}

/// Another title.
#[derive(Debug, Serialize, Deserialize)]
pub struct Rename {
    /// Of which activity.
    pub id: String,
    /// Its title from now on.
    pub title: String,
}

/// Renames one. Of several that wait, only the last is sent.
#[must_use]
pub fn rename() -> Mutation<Rename> {
    let request = |it: &Rename| {
        Write::new("PATCH", format!("/api/activities/{}", it.id))
            .body(&json!({ "title": it.title }))
            .replace()
    };
    Mutation::new("activity.rename", 1, request).optimistic(|it, layer| {
        let title = it.title.clone();
        layer.patch("activity", it.id.as_str(), move |it: &mut Title| it.title.clone_from(&title));
    })
}
