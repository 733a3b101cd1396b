//! Reads that say what they cover: `Tidewire-Base` from the same snapshot as the body (Y2, protocol section 4).
//! Knows no sockets and no writes.

use axum::http::HeaderValue;
use axum::http::header::CACHE_CONTROL;
use axum::response::{IntoResponse, Response};
use tidewire_wire::http::{BASE, Base, BasePosition};
use tidewire_wire::limits::APPLIED_RANGES;

use crate::store::{StoreError, ledger, rooms};
use crate::write::{ReadContext, ReadTx, Reject, Reply, Tidewire};

impl Tidewire {
    /// Answers a read from one snapshot, and names the positions of `rooms` and the settled writes of the asking client
    /// in that snapshot. Name every room whose events change the body.
    pub async fn read(
        &self,
        context: &ReadContext,
        rooms: &[&str],
        handler: impl FnOnce(&ReadTx<'_>) -> Result<Reply, Reject> + Send + 'static,
    ) -> Response {
        let rooms: Vec<String> = rooms.iter().map(|room| (*room).to_owned()).collect();
        let (user, client, seed) = (context.user.id.clone(), context.client.clone(), self.store().seed());
        let read = self.store().snapshot(move |connection| {
            let reply = match handler(&ReadTx::new(connection)) {
                Ok(reply) => reply,
                Err(reject) => return Ok(Err(reject)),
            };
            let mut base = Base::default();
            for room in rooms {
                let (epoch, offset) = rooms::head(connection, &seed, &room)?;
                base.positions.push(BasePosition { room, epoch: epoch.to_string(), offset });
            }
            if let Some(client) = client {
                base.applied = ledger::applied(connection, &user, &client)?.map(newest);
            }
            Ok(Ok((reply, base)))
        });
        respond(read.await)
    }

    /// Reads something for the server itself, from one snapshot: who takes part in what, for example.
    pub async fn snapshot<T: Send + 'static>(
        &self,
        work: impl FnOnce(&ReadTx<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.store().snapshot(move |connection| work(&ReadTx::new(connection))).await
    }
}

/// As many ranges as the header holds. A sequence that is not named only makes its layer wait for an event.
fn newest(mut ranges: Vec<(u64, u64)>) -> Vec<(u64, u64)> {
    let excess = ranges.len().saturating_sub(APPLIED_RANGES);
    ranges.drain(..excess);
    ranges
}

fn respond(read: Result<Result<(Reply, Base), Reject>, StoreError>) -> Response {
    let (reply, base) = match read {
        Ok(Ok(done)) => done,
        Ok(Err(reject)) => return reject.into_response(),
        Err(error) => return Reject::from(error).into_response(),
    };
    let header = base.encode().ok().and_then(|text| HeaderValue::from_str(&text).ok());
    let Some(header) = header else {
        return Reject::internal("the read names a room twice, a malformed one or too many").into_response();
    };
    let mut response = reply.into_response();
    if response.status().is_success() {
        response.headers_mut().insert(BASE, header);
        // A cached body with an old position would only be fetched again.
        response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    response
}
