//! The OpenAPI document is what the router does (V10).
#![allow(clippy::unwrap_used)]

mod support;

use serde_json::Value;
use support::Server;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

#[tokio::test]
async fn v10_the_openapi_document_names_exactly_the_routes_that_there_are() {
    let server = Server::start().await;
    let told = server.send("GET", "/openapi.json", None, &[], "").await;
    assert_eq!((told.status, told.header("content-type")), (200, "application/json"));
    let document = told.json();
    let mut operations = 0;
    for (path, item) in document["paths"].as_object().unwrap() {
        let asked = path.replace("{id}", "no-such-thing");
        for method in METHODS {
            let answer = server.send(&method.to_uppercase(), &asked, Some("ana"), &[], "").await;
            let Some(operation) = item.get(method) else {
                // Without a server key there is no such route; whatever else is not told must not be there.
                assert!(
                    matches!(answer.status, 404 | 405),
                    "{method} {path} is not told, and answers {}",
                    answer.status
                );
                continue;
            };
            operations += 1;
            let told = operation["responses"].get(answer.status.to_string());
            assert!(answer.status != 405 && told.is_some(), "{method} {path} answers {}", answer.status);
            if path != "/tidewire/publish" {
                assert!(!answer.text.contains("there is no such route"), "{method} {path}");
            }
        }
    }
    assert_eq!(operations, 20);
    for reference in references(&document) {
        let target = document.pointer(reference.trim_start_matches('#'));
        assert!(target.is_some(), "{reference} leads nowhere");
    }
}

fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(fields) => {
            let own = fields.get("$ref").and_then(Value::as_str).map(str::to_owned);
            own.into_iter().chain(fields.values().flat_map(references)).collect()
        }
        Value::Array(items) => items.iter().flat_map(references).collect(),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Vec::new(),
    }
}
