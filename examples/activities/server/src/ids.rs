//! Ids that the server makes.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use tidewire_server::write::Reject;

/// 22 random characters of base64url.
pub(crate) fn new_id() -> Result<String, Reject> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| Reject::internal(error.to_string()))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}
