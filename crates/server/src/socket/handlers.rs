//! The app's handlers of events from clients, by namespace and name. It does not know in which order they run: the hub
//! asks for them in the order of each session (V8).

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tidewire_hub::Namespace;

use super::context::Context;
use super::packet::Packet;
use crate::event::BoxFuture;

/// The name under which the hub tells of a new session; clients cannot send it.
const CONNECT: &str = "connect";

/// A handler behind a pointer: the arguments go in, those of the acknowledgement come out, if there is to be one.
pub(crate) type Handler = Arc<dyn Fn(Context, Packet) -> BoxFuture<'static, Option<Packet>> + Send + Sync>;

/// Handlers by namespace and by the name of their event.
#[derive(Clone, Default)]
pub(crate) struct Handlers(Arc<BTreeMap<Namespace, BTreeMap<String, Handler>>>);

impl Handlers {
    pub(crate) fn add_namespace(&mut self, namespace: &str) {
        Arc::make_mut(&mut self.0).entry(namespace.into()).or_default();
    }

    /// A handler of the first argument alone.
    pub(crate) fn add<P, A, F, R>(&mut self, namespace: &str, name: &str, handler: F)
    where
        P: DeserializeOwned + Send + 'static,
        A: Serialize + Send + 'static,
        F: Fn(Context, P) -> R + Send + Sync + 'static,
        R: Future<Output = Option<A>> + Send + 'static,
    {
        let handler = Arc::new(handler);
        self.add_packet(namespace, name, move |context, packet| {
            let handler = handler.clone();
            async move {
                let Ok(payload) = packet.first() else { return Some(Packet::error("BadRequest")) };
                let Some(answer) = handler(context, payload).await else { return Some(Packet::new()) };
                Some(Packet::new().arg(&answer).unwrap_or_else(|_| Packet::error("Internal")))
            }
        });
    }

    pub(crate) fn add_packet<F, R>(&mut self, namespace: &str, name: &str, handler: F)
    where
        F: Fn(Context, Packet) -> R + Send + Sync + 'static,
        R: Future<Output = Option<Packet>> + Send + 'static,
    {
        let handler: Handler = Arc::new(move |context, packet| Box::pin(handler(context, packet)));
        Arc::make_mut(&mut self.0).entry(namespace.into()).or_default().insert(name.to_owned(), handler);
    }

    pub(crate) fn add_connect<F, R>(&mut self, namespace: &str, handler: F)
    where
        F: Fn(Context) -> R + Send + Sync + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let handler = Arc::new(handler);
        self.add_packet(namespace, CONNECT, move |context, _| {
            let handler = handler.clone();
            async move {
                handler(context).await;
                None
            }
        });
    }

    /// Namespaces beside the main one.
    pub(crate) fn namespaces(&self) -> BTreeSet<Namespace> {
        self.0.keys().filter(|namespace| &*namespace.0 != "/").cloned().collect()
    }

    /// Whether the app wants to hear of sessions in a namespace.
    pub(crate) fn greets(&self, namespace: &Namespace) -> bool {
        self.0.get(namespace).is_some_and(|handlers| handlers.contains_key(CONNECT))
    }

    /// The handler of an event, if there is one. The result is the acknowledgement.
    pub(crate) fn get(&self, namespace: &Namespace, name: &str) -> Option<&Handler> {
        self.0.get(namespace)?.get(name)
    }
}
