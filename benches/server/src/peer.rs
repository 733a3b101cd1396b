//! socketioxide doing the same job, as its own documentation would write it.

use axum::serve::ListenerExt;
use serde_json::Value;
use socketioxide::SocketIo;
use socketioxide::extract::{AckSender, Data, SocketRef};

use crate::Failure;

pub(crate) async fn serve(port: Option<&str>) -> Result<(), Failure> {
    let (layer, io) = SocketIo::new_layer();
    io.ns("/", async |socket: SocketRef| {
        socket.on("echo", async |Data::<Value>(payload), ack: AckSender| {
            ack.send(&payload).ok();
        });
        socket.on("flood", async |socket: SocketRef, Data::<Value>(payload)| {
            socket.emit("flood", &payload).ok();
        });
        socket.on("room:join", async |socket: SocketRef, ack: AckSender| {
            socket.join("r");
            ack.send(&serde_json::json!({ "success": true })).ok();
        });
        socket.on("say", async |socket: SocketRef, Data::<Value>(payload), ack: AckSender| {
            socket.to("r").emit("told", &payload).await.ok();
            ack.send(&Value::Null).ok();
        });
        socket.on("cast", async |socket: SocketRef, Data::<Value>(payload), ack: AckSender| {
            socket.to("r").emit("told", &payload).await.ok();
            ack.send(&Value::Null).ok();
        });
    });
    let listener = tokio::net::TcpListener::bind(crate::restart::address(port)?).await?;
    crate::announce(&listener)?;
    let listener = listener.tap_io(|stream| {
        stream.set_nodelay(true).ok();
    });
    axum::serve(listener, axum::Router::new().layer(layer)).await?;
    Ok(())
}
