//! Mutations: writes with a name, so that a later life or a later build of the app still knows what they are (Q7, Q9, Q10, Q21).
//! A definition answers the host's questions; when they are asked is decided in the engine.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use tidewire_core::{Found, Payload, Resolution, Submission, WriteId};

use crate::cache::LayerWriter;
use crate::names::TempId;
use crate::write::{Answer, Write};

/// A future of the app's.
pub(crate) type Asked<T> = Pin<Box<dyn Future<Output = T> + Send>>;

type Request<V> = dyn Fn(&V) -> Write + Send + Sync;
type Upcast<V> = dyn Fn(u32, Value) -> Option<V> + Send + Sync;
type Decide<V> = dyn Fn(Conflict<V>) -> Asked<Decision<V>> + Send + Sync;
type Verify<V> = dyn Fn(Doubt<V>) -> Asked<Verdict> + Send + Sync;
type Optimistic<V> = dyn Fn(&V, &mut LayerWriter<'_>) + Send + Sync;
type RealId = dyn Fn(&Answer, &TempId) -> Option<String> + Send + Sync;

/// A named mutation with variables of type `V`. Give it to [`crate::Builder::mutation`], so that what an earlier life left in the
/// store is understood.
///
/// ```
/// use serde::{Deserialize, Serialize};
/// use serde_json::{Value, json};
/// use tidewire::{Client, Decision, Mutation, Write};
///
/// #[derive(Serialize, Deserialize)]
/// struct Rename { id: String, title: String }
///
/// let rename = Mutation::new("activity.rename", 2, |it: &Rename| {
///     Write::new("PATCH", format!("/api/activities/{}", it.id)).body(&json!({"title": it.title})).replace()
/// })
/// .upcast(|_version, old: Value| {
///     Some(Rename { id: old["id"].as_str()?.into(), title: old["name"].as_str()?.into() })
/// })
/// .on_conflict(|_conflict| async { Decision::Again });
///
/// let builder = Client::builder("http://127.0.0.1:4680").user("ana").mutation(&rename);
/// let write = rename.write(&Rename { id: "7".into(), title: "Tennis".into() });
/// # let _ = (builder, write);
/// ```
pub struct Mutation<V> {
    name: Arc<str>,
    version: u32,
    request: Arc<Request<V>>,
    upcast: Option<Arc<Upcast<V>>>,
    decide: Option<Arc<Decide<V>>>,
    verify: Option<Arc<Verify<V>>>,
    real_id: Option<Arc<RealId>>,
    optimistic: Option<Arc<Optimistic<V>>>,
    when_parked: WhenParked,
    variables: PhantomData<fn(V)>,
}

impl<V> Clone for Mutation<V> {
    fn clone(&self) -> Self {
        Mutation {
            name: Arc::clone(&self.name),
            version: self.version,
            request: Arc::clone(&self.request),
            upcast: self.upcast.clone(),
            decide: self.decide.clone(),
            verify: self.verify.clone(),
            real_id: self.real_id.clone(),
            optimistic: self.optimistic.clone(),
            when_parked: self.when_parked,
            variables: PhantomData,
        }
    }
}

impl<V> fmt::Debug for Mutation<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mutation").field("name", &self.name).field("version", &self.version).finish()
    }
}

/// The server says that somebody else changed it (409, 412).
#[derive(Clone)]
pub struct Conflict<V> {
    /// The write.
    pub write: WriteId,
    /// Its variables.
    pub variables: V,
    /// The server's answer.
    pub answer: Answer,
}

impl<V> fmt::Debug for Conflict<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Conflict")
            .field("write", &self.write)
            .field("answer", &self.answer)
            .finish_non_exhaustive()
    }
}

/// What becomes of a write that met a conflict (Q10).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision<V> {
    /// Send the same bytes once more.
    Again,
    /// Send this instead, as a new write in the same place.
    Instead(V),
    /// Park it.
    Park,
    /// Give it up.
    Discard,
}

/// What becomes of what a write shows when it is parked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhenParked {
    /// It is shown no more.
    #[default]
    Drop,
    /// It is still shown.
    Keep,
}

/// A write whose answer from a foreign server was lost (Q9).
#[derive(Clone)]
pub struct Doubt<V> {
    /// The write: its idempotency key.
    pub write: WriteId,
    /// Its variables.
    pub variables: V,
}

impl<V> fmt::Debug for Doubt<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Doubt").field("write", &self.write).finish_non_exhaustive()
    }
}

/// What became of it.
#[derive(Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It was applied; with what its answer would have been, if that is known.
    Applied(Option<Value>),
    /// It was not, and no earlier request will apply it any more.
    NotApplied,
    /// That cannot be said now.
    Unknown,
}

impl fmt::Debug for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Verdict::Applied(_) => "Applied",
            Verdict::NotApplied => "NotApplied",
            Verdict::Unknown => "Unknown",
        })
    }
}

impl<V: Serialize + DeserializeOwned + Send + Sync + 'static> Mutation<V> {
    /// A mutation whose writes are sent as `request` says; it must do nothing else. Raise `version` when `V` changes.
    #[must_use]
    pub fn new(
        name: impl Into<String>,
        version: u32,
        request: impl Fn(&V) -> Write + Send + Sync + 'static,
    ) -> Mutation<V> {
        Mutation {
            name: name.into().into(),
            version,
            request: Arc::new(request),
            upcast: None,
            decide: None,
            verify: None,
            real_id: None,
            optimistic: None,
            when_parked: WhenParked::default(),
            variables: PhantomData,
        }
    }

    /// Brings variables that an earlier version stored to this one (Q21). Without it, or where it gives `None`, such a write is kept as
    /// quarantined for a later build.
    #[must_use]
    pub fn upcast(mut self, upcast: impl Fn(u32, Value) -> Option<V> + Send + Sync + 'static) -> Mutation<V> {
        self.upcast = Some(Arc::new(upcast));
        self
    }

    /// Decides about a 409 or 412; the lane waits for it. Without it such a write is parked.
    #[must_use]
    pub fn on_conflict<F, A>(mut self, decide: F) -> Mutation<V>
    where
        F: Fn(Conflict<V>) -> A + Send + Sync + 'static,
        A: Future<Output = Decision<V>> + Send + 'static,
    {
        self.decide = Some(Arc::new(move |conflict| Box::pin(decide(conflict))));
        self
    }

    /// Finds out what became of a write on a foreign server when its answer was lost (Q9). Without it such a write is parked as
    /// unknown, unless it may be sent twice.
    #[must_use]
    pub fn verify<F, A>(mut self, verify: F) -> Mutation<V>
    where
        F: Fn(Doubt<V>) -> A + Send + Sync + 'static,
        A: Future<Output = Verdict> + Send + 'static,
    {
        self.verify = Some(Arc::new(move |doubt| Box::pin(verify(doubt))));
        self
    }

    /// The real name that an answer gives to a temporary id of the write (Q7). Without it: the `id` of the answer's JSON object, if the
    /// write has one temporary id.
    #[must_use]
    pub fn real_id(
        mut self,
        real_id: impl Fn(&Answer, &TempId) -> Option<String> + Send + Sync + 'static,
    ) -> Mutation<V> {
        self.real_id = Some(Arc::new(real_id));
        self
    }

    /// What queries show of a write from the tap on, until the server's word has it (Q16). It must do nothing else, and is run again over
    /// every new base: see [`LayerWriter`].
    ///
    /// ```
    /// use serde::{Deserialize, Serialize};
    /// use tidewire::{Mutation, Write};
    ///
    /// #[derive(Serialize, Deserialize)]
    /// #[serde(rename_all = "camelCase")]
    /// struct Likes { liked: bool, like_count: u32 }
    ///
    /// let like = Mutation::new("activity.like", 1, |id: &String| Write::new("POST", format!("/api/activities/{id}/like")))
    ///     .optimistic(|id, layer| {
    ///         layer.patch("activity", id.as_str(), |it: &mut Likes| {
    ///             if !it.liked {
    ///                 it.liked = true;
    ///                 it.like_count += 1;
    ///             }
    ///         });
    ///     });
    /// # let _ = like;
    /// ```
    #[must_use]
    pub fn optimistic(
        mut self,
        shown: impl Fn(&V, &mut LayerWriter<'_>) + Send + Sync + 'static,
    ) -> Mutation<V> {
        self.optimistic = Some(Arc::new(shown));
        self
    }

    /// Whether a parked write is still shown: a message marked 'not sent' stays, a like goes (Q13). It goes, unless told otherwise.
    #[must_use]
    pub fn when_parked(mut self, when_parked: WhenParked) -> Mutation<V> {
        self.when_parked = when_parked;
        self
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The write with these variables, to be submitted or put in another's place.
    #[must_use]
    pub fn write(&self, variables: &V) -> Write {
        let Write { mut submission, unwritable } = (self.request)(variables);
        let text = serde_json::to_string(variables);
        submission.name = self.name.to_string();
        submission.version = self.version;
        submission.on_conflict = self.decide.is_some();
        submission.verify = self.verify.is_some();
        submission.optimistic = self.optimistic.is_some();
        submission.keep_layer_when_parked = self.when_parked == WhenParked::Keep;
        let unwritable = unwritable || text.is_err();
        submission.variables = Payload(text.unwrap_or_default());
        Write { submission, unwritable }
    }

    fn submission(&self, variables: &V) -> Option<Submission> {
        self.write(variables).into_submission().ok()
    }
}

/// A definition, whatever its variables.
pub(crate) trait Defined: Send + Sync {
    fn name(&self) -> &str;
    fn version(&self) -> u32;
    fn upcast(&self, version: u32, variables: &str) -> Option<Submission>;
    /// None: it has no say.
    fn decide(&self, write: WriteId, variables: &str, answer: Answer) -> Option<Asked<Resolution>>;
    fn verify(&self, write: WriteId, variables: &str) -> Option<Asked<Found>>;
    fn optimistic(&self, variables: &str, writer: &mut LayerWriter<'_>);
    /// None: the rule for all.
    fn real_id(&self, answer: &Answer, temp: &TempId) -> Option<Option<String>>;
}

impl<V: Serialize + DeserializeOwned + Send + Sync + 'static> Defined for Mutation<V> {
    fn name(&self) -> &str {
        &self.name
    }

    fn version(&self) -> u32 {
        self.version
    }

    fn upcast(&self, version: u32, variables: &str) -> Option<Submission> {
        let upcast = self.upcast.as_ref()?;
        self.submission(&upcast(version, serde_json::from_str(variables).ok()?)?)
    }

    fn decide(&self, write: WriteId, variables: &str, answer: Answer) -> Option<Asked<Resolution>> {
        let variables = serde_json::from_str(variables).ok()?;
        let decision = self.decide.as_ref()?(Conflict { write, variables, answer });
        let this = self.clone();
        Some(Box::pin(async move {
            match decision.await {
                Decision::Again => Resolution::SendAgain {},
                Decision::Discard => Resolution::Discard {},
                Decision::Park => Resolution::Park {},
                Decision::Instead(variables) => match this.submission(&variables) {
                    Some(submission) => Resolution::Replace { submission },
                    None => Resolution::Park {},
                },
            }
        }))
    }

    fn verify(&self, write: WriteId, variables: &str) -> Option<Asked<Found>> {
        let variables = serde_json::from_str(variables).ok()?;
        let verdict = self.verify.as_ref()?(Doubt { write, variables });
        Some(Box::pin(async move {
            match verdict.await {
                Verdict::Applied(data) => Found::Applied { body: data.map(|data| Payload(data.to_string())) },
                Verdict::NotApplied => Found::NotApplied {},
                Verdict::Unknown => Found::Unknown {},
            }
        }))
    }

    fn optimistic(&self, variables: &str, writer: &mut LayerWriter<'_>) {
        if let (Some(optimistic), Ok(variables)) = (&self.optimistic, serde_json::from_str(variables)) {
            optimistic(&variables, writer);
        }
    }

    fn real_id(&self, answer: &Answer, temp: &TempId) -> Option<Option<String>> {
        self.real_id.as_ref().map(|real_id| real_id(answer, temp))
    }
}
