//! Ids that nobody can guess. Knows no sessions.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

/// 120 random bits as 20 characters, as Socket.IO's own servers make them.
pub(crate) fn random_id() -> String {
    let mut bytes = [0u8; 15];
    // Without randomness session ids could be guessed: there is no way to go on.
    #[allow(clippy::expect_used)]
    getrandom::fill(&mut bytes).expect("the operating system gives no random bytes");
    URL_SAFE_NO_PAD.encode(bytes)
}
