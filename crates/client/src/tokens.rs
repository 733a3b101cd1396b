//! The token that is in use: asked for by one at a time, remembered until a fresh one is wanted.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::token::{Provider, TokenAnswer};

pub(crate) struct Tokens {
    provider: Provider,
    known: Mutex<Option<TokenAnswer>>,
    asking: tokio::sync::Mutex<()>,
    signed_out: AtomicBool,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tokens(..)")
    }
}

impl Tokens {
    pub(crate) fn new(provider: Provider) -> Tokens {
        Tokens {
            provider,
            known: Mutex::new(None),
            asking: tokio::sync::Mutex::new(()),
            signed_out: AtomicBool::new(false),
        }
    }

    /// Asks the app (C5: at each attempt).
    pub(crate) async fn ask(&self, fresh: bool) -> TokenAnswer {
        let _one = self.asking.lock().await;
        if self.signed_out.load(Ordering::Relaxed) {
            return TokenAnswer::SignedOut;
        }
        let answer = (self.provider)(fresh).await;
        let known = match &answer {
            TokenAnswer::Token(_) | TokenAnswer::Anonymous => Some(answer.clone()),
            TokenAnswer::SignedOut => None,
            // What was known may still do.
            TokenAnswer::Unavailable => return answer,
        };
        let mut place = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if self.signed_out.load(Ordering::Relaxed) {
            return TokenAnswer::SignedOut;
        }
        *place = known;
        answer
    }

    /// The user has left: nobody gets a token any more.
    pub(crate) fn sign_out(&self) {
        self.signed_out.store(true, Ordering::Relaxed);
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// For a request: the token that the link uses, or else the app is asked.
    pub(crate) async fn known_or_ask(&self) -> TokenAnswer {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match known {
            Some(known) => known,
            None => self.ask(false).await,
        }
    }
}
