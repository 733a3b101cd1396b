//! Where the token comes from. It is asked for at each attempt (C5), kept in memory only and never shown.

use std::fmt;
use std::future::Future;
use std::pin::Pin;

/// A bearer token. `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub struct Token(String);

impl Token {
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

impl From<&str> for Token {
    fn from(text: &str) -> Token {
        Token(text.to_owned())
    }
}

impl From<String> for Token {
    fn from(text: String) -> Token {
        Token(text)
    }
}

/// What a token provider answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenAnswer {
    /// This one.
    Token(Token),
    /// None is needed.
    Anonymous,
    /// Nobody is signed in: connecting ends with `AUTH`.
    SignedOut,
    /// Not now; asked again with backoff.
    Unavailable,
}

/// The future of a provider.
pub(crate) type Asking = Pin<Box<dyn Future<Output = TokenAnswer> + Send>>;

/// A provider: `fresh` says that the last token was refused, so that a cached one will not do.
pub(crate) type Provider = Box<dyn Fn(bool) -> Asking + Send + Sync>;

/// A provider that always has the same answer.
pub(crate) fn fixed(answer: TokenAnswer) -> Provider {
    Box::new(move |_fresh| {
        let answer = answer.clone();
        Box::pin(async move { answer })
    })
}

/// A provider made of an async function.
pub(crate) fn from_fn<F, A>(ask: F) -> Provider
where
    F: Fn(bool) -> A + Send + Sync + 'static,
    A: Future<Output = TokenAnswer> + Send + 'static,
{
    Box::new(move |fresh| Box::pin(ask(fresh)))
}
