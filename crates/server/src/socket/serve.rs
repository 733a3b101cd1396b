//! Serving an app with connections that suit it: TCP_NODELAY on, and an end that sends clients away first.

use std::future::Future;
use std::io;

use axum::Router;
use axum::serve::ListenerExt;
use tokio::net::TcpListener;

use super::SocketServer;

/// Serves until `stop` completes; then sends the socket clients away, finishes the requests that run, and returns.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    sockets: SocketServer,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let listener = listener.tap_io(|stream| {
        // Small frames must not wait for each other (V9); a stream that refuses works, only slower.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::warn!(%error, "TCP_NODELAY cannot be set");
        }
    });
    axum::serve(listener, app)
        .with_graceful_shutdown(async move {
            stop.await;
            sockets.shutdown().await;
        })
        .await
}
