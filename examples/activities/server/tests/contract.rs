//! The REST contract and the events of each write (semantics.md E; the seed's event tables; Y2, Y4).
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::json;
use support::{Server, keys, told};

const ACTIVITY: [&str; 7] =
    ["createdAt", "createdBy", "id", "likeCount", "participantCount", "title", "version"];

#[tokio::test]
async fn e_login_gives_a_token_to_anybody_with_a_name() {
    let server = Server::start().await;
    let answer = server.send("POST", "/api/login", None, &[], "{\"name\":\"ana\"}").await;
    assert_eq!((answer.status, &answer.json()["user"]), (200, &json!({ "id": "ana", "name": "ana" })));
    for bad in [
        "{\"name\":\"a\"}",
        "{\"name\":\"Ana\"}",
        "{\"name\":\"abcdefghijklmnopqrstu\"}",
        "{\"name\":\"a,b\"}",
        "{}",
        "x",
    ] {
        assert_eq!(
            server.send("POST", "/api/login", None, &[], bad).await.error(),
            (400, "bad-request".to_owned()),
            "{bad}"
        );
    }
    assert_eq!(
        server.send("GET", "/api/activities", None, &[], "").await.error(),
        (401, "unauthorized".to_owned())
    );
}

#[tokio::test]
async fn e_y2_lists_are_newest_first_seen_by_the_viewer_and_carry_a_base() {
    let server = Server::start().await;
    let list = server.get("ana", "/api/activities").await;
    let items = list.json();
    let times: Vec<_> =
        items.as_array().unwrap().iter().map(|item| item["createdAt"].as_str().unwrap().to_owned()).collect();
    assert!(times.len() >= 5 && times.is_sorted_by(|newer, older| newer > older), "{times:?}");
    let mut viewed = ACTIVITY.to_vec();
    viewed.extend(["joined", "liked"]);
    viewed.sort_unstable();
    assert_eq!(keys(&items[0]), viewed);
    assert!(list.header("tidewire-base").starts_with("activities="), "{list:?}");
    let one = server.get("ana", "/api/activities/sunrise-run").await;
    assert_eq!((one.json()["joined"].as_bool(), one.header("etag")), (Some(true), "\"1\""));
    assert!(one.header("tidewire-base").starts_with("activities="));
    assert_eq!(server.get("zoe", "/api/activities/sunrise-run").await.json()["joined"], json!(false));
    assert_eq!(
        server.get("ana", "/api/activities/nothing-here").await.error(),
        (404, "not-found".to_owned())
    );
}

#[tokio::test]
async fn e_the_version_that_was_edited_may_stand_in_the_body() {
    let server = Server::start().await;
    server.post("ana", "/api/activities", r#"{"id":"my-own-id","title":"Picnic"}"#).await;
    let edit = async |body| server.send("PATCH", "/api/activities/my-own-id", Some("ana"), &[], body).await;
    assert_eq!(edit(r#"{"title":"Tea","version":1}"#).await.json()["version"], json!(2));
    assert_eq!(
        edit(r#"{"title":"Lunch","version":1}"#).await.error(),
        (412, "precondition-failed".to_owned())
    );
    assert_eq!(server.get("ana", "/api/activities/my-own-id").await.json()["title"], json!("Tea"));
}

#[tokio::test]
async fn e_an_activity_is_made_edited_and_deleted_and_each_is_told() {
    let server = Server::start().await;
    let made = server.post("ana", "/api/activities", r#"{"id":"my-own-id","title":" Picnic "}"#).await;
    assert_eq!(
        (made.status, made.header("location"), made.header("etag")),
        (201, "/api/activities/my-own-id", "\"1\"")
    );
    assert_eq!(keys(&made.json()), ACTIVITY);
    assert_eq!((&made.json()["title"], &made.json()["participantCount"]), (&json!("Picnic"), &json!(1)));
    let edit = async |tag| {
        server
            .send(
                "PATCH",
                "/api/activities/my-own-id",
                Some("ana"),
                &[("if-match", tag)],
                r#"{"title":"Lunch"}"#,
            )
            .await
    };
    assert_eq!(edit("\"7\"").await.error(), (412, "precondition-failed".to_owned()));
    let edited = edit("\"1\"").await;
    assert_eq!((edited.status, &edited.json()["version"], edited.header("etag")), (200, &json!(2), "\"2\""));
    assert_eq!(edit("\"1\"").await.status, 412);
    assert_eq!(
        server.delete("ben", "/api/activities/my-own-id").await.error(),
        (403, "forbidden".to_owned())
    );
    assert_eq!(
        server.delete("ana", "/api/activities/my-own-id").await.json(),
        json!({ "activityId": "my-own-id" })
    );
    assert_eq!(server.get("ana", "/api/activities/my-own-id").await.status, 404);
    let events: Vec<_> = server.events("activities").await.iter().map(told).collect();
    assert_eq!(
        events,
        [
            ("activity:created".to_owned(), made.json()),
            ("activity:updated".to_owned(), edited.json()),
            ("activity:deleted".to_owned(), json!({ "activityId": "my-own-id" })),
        ]
    );
}

#[tokio::test]
async fn e_ids_made_by_the_client_name_one_thing_only() {
    let server = Server::start().await;
    let post = |user: &'static str, body: &'static str| server.post(user, "/api/activities", body);
    assert_eq!(post("ana", r#"{"id":"123e4567-e89b-12d3-a456-426614174000","title":"A"}"#).await.status, 201);
    // The same content is the same wish; other content is a conflict.
    assert_eq!(post("ana", r#"{"id":"123e4567-e89b-12d3-a456-426614174000","title":"A"}"#).await.status, 200);
    assert_eq!(
        post("ana", r#"{"id":"123e4567-e89b-12d3-a456-426614174000","title":"B"}"#).await.error(),
        (409, "conflict".to_owned())
    );
    assert_eq!(
        post("ben", r#"{"id":"123e4567-e89b-12d3-a456-426614174000","title":"A"}"#).await.error(),
        (409, "conflict".to_owned())
    );
    for bad in
        [r#"{"id":"short","title":"A"}"#, r#"{"id":"with space","title":"A"}"#, r#"{"title":" "}"#, "{", "[]"]
    {
        assert_eq!(post("ana", bad).await.error(), (400, "bad-request".to_owned()), "{bad}");
    }
    let own = post("ana", r#"{"title":"A"}"#).await;
    assert_eq!((own.status, own.json()["id"].as_str().unwrap().len()), (201, 22));
    assert_eq!(server.events("activities").await.len(), 2);
}

#[tokio::test]
async fn e_y4_likes_count_people_and_events_carry_no_viewer() {
    let server = Server::start().await;
    for _ in 0..2 {
        let liked = server.post("ana", "/api/activities/lake-swim/like", "").await;
        assert_eq!(
            (liked.status, keys(&liked.json()), &liked.json()["likeCount"]),
            (200, ACTIVITY.to_vec(), &json!(1))
        );
    }
    assert_eq!(server.get("ana", "/api/activities/lake-swim").await.json()["liked"], json!(true));
    assert_eq!(server.get("ben", "/api/activities/lake-swim").await.json()["liked"], json!(false));
    let unliked = server.delete("ana", "/api/activities/lake-swim/like").await;
    assert_eq!(unliked.json()["likeCount"], json!(0));
    let event = |name: &str, count: u32| {
        (name.to_owned(), json!({ "activityId": "lake-swim", "userId": "ana", "likeCount": count }))
    };
    let events: Vec<_> = server.events("activities").await.iter().map(told).collect();
    assert_eq!(events, [event("activity:like_added", 1), event("activity:like_removed", 0)]);
    assert_eq!(server.post("ana", "/api/activities/nothing-here/like", "").await.status, 404);
}

#[tokio::test]
async fn e_joining_and_leaving_are_told_with_the_count() {
    let server = Server::start().await;
    assert_eq!(
        server.post("zoe", "/api/activities/lake-swim/participants", "").await.json()["participantCount"],
        json!(3)
    );
    assert_eq!(server.get("zoe", "/api/activities/lake-swim").await.json()["joined"], json!(true));
    assert_eq!(
        server.delete("zoe", "/api/activities/lake-swim/participants").await.json()["participantCount"],
        json!(2)
    );
    let event = |name: &str, count: u32| {
        (name.to_owned(), json!({ "activityId": "lake-swim", "userId": "zoe", "participantCount": count }))
    };
    let events: Vec<_> = server.events("activities").await.iter().map(told).collect();
    assert_eq!(events, [event("activity:user_joined", 3), event("activity:user_left", 2)]);
}

#[tokio::test]
async fn e_chat_is_for_participants_and_told_in_their_room_only() {
    let server = Server::start().await;
    let path = "/api/activities/lake-swim/messages";
    assert_eq!(server.get("zoe", path).await.error(), (403, "forbidden".to_owned()));
    assert_eq!(server.post("zoe", path, r#"{"text":"hi"}"#).await.error(), (403, "forbidden".to_owned()));
    let sent = server.post("ana", path, r#"{"id":"message-1","text":"Brr!"}"#).await;
    assert_eq!(sent.status, 201);
    assert_eq!(keys(&sent.json()), ["activityId", "createdAt", "id", "readBy", "senderId", "text"]);
    assert_eq!(server.post("ana", path, r#"{"id":"message-1","text":"Brr!"}"#).await.status, 200);
    assert_eq!(
        server.post("ana", path, r#"{"id":"message-1","text":"No"}"#).await.error(),
        (409, "conflict".to_owned())
    );
    assert_eq!(server.post("ana", path, r#"{"text":"  "}"#).await.error(), (400, "bad-request".to_owned()));
    let list = server.get("ben", path).await;
    assert_eq!(list.json()[0], sent.json(), "newest first");
    assert!(list.header("tidewire-base").starts_with("activity_lake-swim="), "{list:?}");

    for reader in ["ben", "ben", "ana"] {
        let read = server.post(reader, "/api/messages/message-1/read", "").await;
        assert_eq!(
            (read.status, &read.json()["readBy"]),
            (200, &json!(["ben"])),
            "once, and not by its sender"
        );
    }
    assert_eq!(
        server.post("zoe", "/api/messages/message-1/read", "").await.error(),
        (404, "not-found".to_owned())
    );
    let events: Vec<_> = server.events("activity_lake-swim").await.iter().map(told).collect();
    assert_eq!(
        events,
        [
            ("message:new".to_owned(), sent.json()),
            ("message:read".to_owned(), json!({ "messageId": "message-1", "userId": "ben" })),
        ]
    );
    assert!(server.events("activities").await.is_empty());
}

#[tokio::test]
async fn e_cheers_count_every_write() {
    let server = Server::start().await;
    for count in 1..=3 {
        let cheered = server.post("ana", "/api/activities/lake-swim/cheers", "").await;
        assert_eq!(cheered.json(), json!({ "activityId": "lake-swim", "cheers": count }));
    }
    let read = server.get("ben", "/api/activities/lake-swim/cheers").await;
    assert_eq!(read.json(), json!({ "activityId": "lake-swim", "cheers": 3 }));
    assert!(read.header("tidewire-base").ends_with(":3"));
    assert_eq!(told(&server.events("activities").await[2]), ("activity:cheered".to_owned(), read.json()));
    assert_eq!(server.post("ana", "/api/activities/nothing-here/cheers", "").await.status, 404);
}

#[tokio::test]
async fn e_q10_unknown_routes_and_methods_are_json_and_marked() {
    let server = Server::start().await;
    let key = [("idempotency-key", "\"k1\"")];
    for (method, path, error) in [
        ("POST", "/api/nope", (404, "not-found".to_owned())),
        ("POST", "/nope", (404, "not-found".to_owned())),
        ("PUT", "/api/activities", (405, "method-not-allowed".to_owned())),
    ] {
        let answer = server.send(method, path, Some("ana"), &key, "").await;
        assert_eq!(
            (answer.error(), answer.header("tidewire-outcome")),
            (error, "rejected"),
            "{method} {path}"
        );
    }
}

#[tokio::test]
async fn e_tokens_data_and_the_demo_survive_a_restart() {
    let server = Server::start().await;
    let token = server.token("ana").await;
    let bearer = format!("Bearer {token}");
    server.delete("ben", "/api/activities/lake-swim").await;
    let before = server.get("ana", "/api/activities").await;
    let Server { app, dir } = server;
    drop(app);
    let settings = support::settings(dir.path());
    let app = activities_server::App::open(activities_server::Config { settings, web: None }).await.unwrap();
    let server = Server { app, dir };
    let after = server.send("GET", "/api/activities", None, &[("authorization", &bearer)], "").await;
    assert_eq!((after.status, &after.text), (200, &before.text), "and the demo is not planted again");
    assert_eq!(after.header("tidewire-base"), before.header("tidewire-base"));
}

#[tokio::test]
async fn v10_health_readiness_and_counters() {
    let server = Server::start().await;
    server
        .send("POST", "/api/activities/lake-swim/like", Some("ana"), &[("idempotency-key", "k1")], "")
        .await;
    for path in ["/healthz", "/readyz"] {
        assert_eq!(server.send("GET", path, None, &[], "").await.status, 200);
    }
    let metrics = server.send("GET", "/metrics", None, &[], "").await;
    for line in
        ["tidewire_writes_total{outcome=\"applied\"} 1", "tidewire_events_total 1", "tidewire_connections 0"]
    {
        assert!(metrics.text.lines().any(|found| found == line), "{line} is not in\n{}", metrics.text);
    }
}

#[tokio::test]
async fn e_the_web_app_is_served_with_its_routes_and_cache_rules() {
    let server = Server::start_with(|dir| {
        let web = dir.join("web");
        std::fs::create_dir_all(web.join("assets")).unwrap();
        std::fs::write(web.join("index.html"), "<!doctype html>the app").unwrap();
        std::fs::write(web.join("sw.js"), "// worker").unwrap();
        std::fs::write(web.join("assets/app-1a2b.js"), "// script").unwrap();
        Some(web)
    })
    .await;
    let get = |path: &'static str| server.send("GET", path, None, &[], "");
    for path in ["/", "/activities/lake-swim", "/index.html"] {
        let page = get(path).await;
        assert_eq!(
            (page.status, page.text.as_str(), page.header("cache-control")),
            (200, "<!doctype html>the app", "no-cache"),
            "{path}"
        );
        assert!(page.header("content-type").starts_with("text/html"), "{path}");
    }
    assert_eq!(get("/sw.js").await.header("cache-control"), "no-cache");
    assert!(get("/sw.js").await.header("content-type").starts_with("text/javascript"));
    assert!(get("/assets/app-1a2b.js").await.header("cache-control").contains("immutable"));
    for path in [
        "/assets/gone-3c4d.js",
        "/api/nope",
        "/tidewire/nope",
        "/..%2fdata%2fjwt-secret",
        "/%2e%2e/data/activities.sqlite",
    ] {
        assert_eq!(get(path).await.error(), (404, "not-found".to_owned()), "{path}");
    }
}
