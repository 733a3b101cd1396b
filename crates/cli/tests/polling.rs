//! The native client on our server where no WebSocket comes through (C1).
#![allow(clippy::unwrap_used, reason = "a test may end here")]

mod support;

use support::{Mode, Proxy, Server, soon};
use tempfile::tempdir;
use tidewire::{Client, ConnectionState};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// A network that refuses every WebSocket on the way to this port.
async fn narrow(port: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut head = vec![0; 4096];
                let Ok(read) = client.read(&mut head).await else { return };
                if String::from_utf8_lossy(&head[..read]).contains("transport=websocket") {
                    let no = b"HTTP/1.1 403 No\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";
                    let _ = client.write_all(no).await;
                    return;
                }
                let Ok(mut server) = TcpStream::connect(("127.0.0.1", port)).await else { return };
                if server.write_all(&head[..read]).await.is_ok() {
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                }
            });
        }
    });
    own
}

#[tokio::test]
async fn c1_y1_events_of_our_server_come_over_polling_in_their_places_also_after_a_tunnel() {
    let data = tempdir().unwrap();
    let server = Server::start(data.path()).await;
    let proxy = Proxy::start(server.port).await;
    let (port, token) = (narrow(proxy.port).await, server.token("ana").await);
    let url = format!("http://127.0.0.1:{port}");
    let client = Client::builder(url).user("ana").token(token.clone()).build().unwrap();
    let mut events = client.events();
    drop(client.connect());
    let up = |state: &ConnectionState| matches!(state, ConnectionState::Connected { tidewire: true, .. });
    soon("a session", client.when(|status| up(&status.connection))).await.unwrap();
    soon("the room", client.join("activities").await.unwrap().joined()).await.unwrap();
    for title in ["gr\u{fc}n \u{1f30a}", "missed"] {
        // The second one happens in a tunnel, and history brings it.
        proxy.set(if title == "missed" { Mode::Refuse } else { Mode::Pass });
        server.create(&token, title).await;
        proxy.set(Mode::Pass);
        let created = loop {
            let event = soon("an event", events.next()).await.unwrap();
            if event.name() == "activity:created" {
                break event;
            }
        };
        assert_eq!(created.payload()["title"], title);
        assert!(created.position().is_some());
    }
    soon("the end", client.shutdown()).await;
}
