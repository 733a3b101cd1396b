//! Serving an app with sockets until it is to stop: small frames leave at once, whoever is slow or comes too often is refused,
//! and going down sends everybody away first (V9). It knows no paths.

use std::convert::Infallible;
use std::future::Future;
use std::io;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response};
use axum::response::IntoResponse;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tower::ServiceExt;

use super::address::{Addresses, Client, Full};
use super::{Doors, body};
use crate::socket::{Farewell, SocketServer};
use crate::write::Reject;

/// After a failure to accept, for example for want of file descriptors.
const ACCEPT_AGAIN: Duration = Duration::from_secs(1);

/// Serves until `stop` completes; then sends the socket clients away, finishes the requests that run, and returns.
pub async fn serve(
    listener: TcpListener,
    app: Router,
    sockets: SocketServer,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    serve_with(listener, app, sockets, Doors::default(), Farewell::default(), stop).await
}

/// Like [`serve`], with other limits, and another word to those who are sent away.
pub async fn serve_with(
    listener: TcpListener,
    app: Router,
    sockets: SocketServer,
    doors: Doors,
    farewell: Farewell,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    let addresses = Addresses::new(doors);
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(addresses.doors().head_time);
    let (stopping, stops) = watch::channel(false);
    let drained = async move {
        stop.await;
        sockets.send_away(farewell).await;
    };
    tokio::pin!(drained);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut drained => break,
        };
        let (stream, peer) = match accepted {
            Ok(accepted) => accepted,
            Err(error) if is_the_clients(&error) => continue,
            Err(error) => {
                tracing::error!(%error, "no connection can be accepted for a while");
                tokio::time::sleep(ACCEPT_AGAIN).await;
                continue;
            }
        };
        let (client, verdict) = addresses.seat(peer.ip());
        let wait = match verdict {
            Ok(()) => None,
            Err(Full::Address(wait)) => Some(wait),
            Err(Full::Server) => {
                tracing::warn!("too many connections: one more was dropped");
                continue;
            }
        };
        // Small frames must not wait for each other (V9); a stream that refuses works, only slower.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::warn!(%error, "TCP_NODELAY cannot be set");
        }
        let app = app.clone();
        let answer = service_fn(move |request| {
            let (app, client) = (app.clone(), client.clone());
            async move {
                Ok::<_, Infallible>(match wait {
                    Some(wait) => {
                        closing(Reject::too_many(wait, "connections of this address").into_response())
                    }
                    None => serve_one(app, client, request).await,
                })
            }
        });
        let connection = http.serve_connection(TokioIo::new(stream), answer).with_upgrades();
        let mut stops = stops.clone();
        tokio::spawn(async move {
            tokio::pin!(connection);
            // A client that breaks off, or does not ask in time, is none of our business.
            let stopped = tokio::select! {
                _ = &mut connection => false,
                _ = stops.wait_for(|stopping| *stopping) => true,
            };
            if stopped {
                connection.as_mut().graceful_shutdown();
                connection.await.ok();
            }
        });
    }
    drop((listener, stops));
    stopping.send_replace(true);
    // Each connection has a receiver until it ends.
    stopping.closed().await;
    Ok(())
}

async fn serve_one(app: Router, client: Client, request: Request<Incoming>) -> Response<Body> {
    let client = client.behind_proxies(request.headers());
    if let Err(wait) = client.asks() {
        return Reject::too_many(wait, "requests of this address").into_response();
    }
    let within = client.body_time();
    let mut request = request.map(|incoming| body::timed(Body::new(incoming), within));
    request.extensions_mut().insert(client);
    let Ok(response) = app.oneshot(request).await;
    response
}

fn closing(mut response: Response<Body>) -> Response<Body> {
    let close = axum::http::HeaderValue::from_static("close");
    response.headers_mut().insert(axum::http::header::CONNECTION, close);
    response
}

fn is_the_clients(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
