//! Events with types: a name and the type of its payload, said once. Knows no wire format.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::Stream;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::client::Client;
use crate::emit::{EmitError, EmitOptions};
use crate::event::{Event, Events};

/// An event's name with the type of its payload.
///
/// ```
/// use serde::Deserialize;
/// use tidewire::EventType;
///
/// #[derive(Deserialize)]
/// struct Message { id: String, text: String }
///
/// const MESSAGE_NEW: EventType<Message> = EventType::new("message:new");
/// ```
pub struct EventType<P> {
    name: &'static str,
    payload: PhantomData<fn(P) -> P>,
}

impl<P> EventType<P> {
    /// The event of this name.
    #[must_use]
    pub const fn new(name: &'static str) -> EventType<P> {
        EventType { name, payload: PhantomData }
    }

    /// Its name.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        self.name
    }
}

impl<P> Clone for EventType<P> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<P> Copy for EventType<P> {}

impl<P> fmt::Debug for EventType<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("EventType").field(&self.name).finish()
    }
}

/// An event whose payload has its type.
#[derive(Clone, Debug)]
pub struct Typed<P> {
    /// The payload.
    pub payload: P,
    /// Everything else about the event.
    pub event: Event,
}

/// A payload that is not of the type that the app expects: the server and the app disagree about this event. The next ones are
/// heard as if nothing had been.
#[derive(Clone)]
pub struct PayloadError {
    /// The event as it came.
    pub event: Box<Event>,
    cause: Arc<serde_json::Error>,
}

impl fmt::Debug for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PayloadError").field("event", &self.event).finish_non_exhaustive()
    }
}

impl fmt::Display for PayloadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The words of serde may quote the payload, so only the place is told.
        write!(
            f,
            "the payload of {:?} is not of the expected type ({:?} error): bring the app's type and the server's in line",
            self.event.name(),
            self.cause.classify()
        )
    }
}

impl std::error::Error for PayloadError {}

/// The events of one name: a [`Stream`] that ends with the client.
pub struct TypedEvents<P> {
    events: Events,
    name: &'static str,
    payload: PhantomData<fn() -> P>,
}

impl<P> fmt::Debug for TypedEvents<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedEvents").field("name", &self.name).finish_non_exhaustive()
    }
}

impl<P: DeserializeOwned> TypedEvents<P> {
    /// The next one; `None` when the client has ended.
    pub async fn next(&mut self) -> Option<Result<Typed<P>, PayloadError>> {
        std::future::poll_fn(|cx| self.poll(cx)).await
    }

    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Typed<P>, PayloadError>>> {
        loop {
            match Pin::new(&mut self.events).poll_next(cx) {
                Poll::Ready(Some(event)) if event.name() != self.name || event.namespace().is_some() => {}
                Poll::Ready(Some(event)) => return Poll::Ready(Some(decode(event))),
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}

fn decode<P: DeserializeOwned>(event: Event) -> Result<Typed<P>, PayloadError> {
    match P::deserialize(event.payload()) {
        Ok(payload) => Ok(Typed { payload, event }),
        Err(cause) => Err(PayloadError { event: Box::new(event), cause: Arc::new(cause) }),
    }
}

impl<P: DeserializeOwned> Stream for TypedEvents<P> {
    type Item = Result<Typed<P>, PayloadError>;
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.get_mut().poll(cx)
    }
}

impl Client {
    /// The events of one name from now on, with their payloads. [`Client::events`] has all of them.
    ///
    /// ```no_run
    /// # async fn run(client: tidewire::Client) {
    /// use serde::Deserialize;
    /// use tidewire::EventType;
    ///
    /// #[derive(Deserialize)]
    /// struct Message { text: String }
    /// const MESSAGE_NEW: EventType<Message> = EventType::new("message:new");
    ///
    /// let mut messages = client.on(&MESSAGE_NEW);
    /// while let Some(heard) = messages.next().await {
    ///     match heard {
    ///         Ok(message) => println!("{}", message.payload.text),
    ///         Err(error) => eprintln!("{error}"),
    ///     }
    /// }
    /// # }
    /// ```
    #[must_use]
    pub fn on<P>(&self, event: &EventType<P>) -> TypedEvents<P> {
        TypedEvents { events: self.events(), name: event.name(), payload: PhantomData }
    }

    /// Sends an event with its payload; see [`Client::emit_as`] for what is promised.
    ///
    /// # Errors
    /// See [`EmitError`]; a payload that cannot be written as JSON is refused as malformed.
    pub fn send<P: Serialize>(
        &self,
        event: &EventType<P>,
        payload: &P,
        options: EmitOptions,
    ) -> impl Future<Output = Result<(), EmitError>> + Send + use<P> {
        let sent = serde_json::to_value(payload).map(|value| self.emit_as(event.name(), value, options));
        async move {
            match sent {
                Ok(sent) => sent.await,
                Err(_) => Err(EmitError::Refused(tidewire_core::Refusal::Malformed)),
            }
        }
    }
}
