//! The mark `Tidewire-Outcome` on answers (Q10): without it a client counts an answer as none.
//! Knows no database.

use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::Response;
use tidewire_wire::http::{IDEMPOTENCY_KEY, OUTCOME, Outcome};

/// Puts the mark on.
pub(super) fn mark(mut response: Response, outcome: Outcome) -> Response {
    response.headers_mut().insert(OUTCOME, HeaderValue::from_static(outcome.as_str()));
    response
}

/// Whether a status is a refusal of this very write. 401 is about the token, 408, 425 and 429 ask for another try.
pub(super) fn refuses(status: StatusCode) -> bool {
    let retry = [
        StatusCode::UNAUTHORIZED,
        StatusCode::REQUEST_TIMEOUT,
        StatusCode::TOO_EARLY,
        StatusCode::TOO_MANY_REQUESTS,
    ];
    status.is_client_error() && !retry.contains(&status)
}

/// Middleware for the whole router, its fallback included: marks refusals that no handler marked. Without it an
/// unknown route or a malformed header would look like a captive portal, and be tried again for ever.
pub async fn mark_outcomes(request: Request, next: Next) -> Response {
    let named = request.headers().contains_key(IDEMPOTENCY_KEY);
    let response = next.run(request).await;
    if named && refuses(response.status()) && !response.headers().contains_key(OUTCOME) {
        return mark(response, Outcome::Rejected);
    }
    response
}
