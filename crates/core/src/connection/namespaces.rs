//! Sessions in other namespaces on the same link (C1): which are wanted, asked for, up. The main session comes first; when
//! it ends, so do they.

use crate::gather::Gather;
use crate::map::Map;

use super::outgoing::write;
use super::{Connection, Heard, State};
use crate::ctx::Ctx;
use crate::ids::*;
use crate::io::{AuthResult, NamespaceState, Output, Refusal};
use crate::limits;
use crate::secret::Payload;
use crate::timers::TimerKind;
use tidewire_wire::{dialect, names, socket};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Out,
    /// Refused once: the app is asked for another token.
    Token {
        auth: AuthId,
    },
    /// CONNECT was sent.
    Asked,
    Up,
    Refused,
}

#[derive(Debug)]
struct Namespace {
    /// How often it is wanted.
    wanted: u32,
    stage: Stage,
    /// It was refused with the last token already.
    fresh: bool,
    reported: Option<NamespaceState>,
}

/// The table.
#[derive(Debug, Default)]
pub(super) struct Namespaces(Map<String, Namespace>);

impl Namespaces {
    pub(super) fn is_up(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|entry| entry.stage == Stage::Up)
    }

    pub(super) fn is_wanted(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    fn report(&mut self, name: &str, state: NamespaceState, ctx: &mut Ctx) {
        if let Some(entry) = self.0.get_mut(name)
            && entry.reported.as_ref() != Some(&state)
        {
            entry.reported = Some(state.clone());
            ctx.emit(Output::Namespace { namespace: name.to_owned(), state });
        }
    }
}

impl Connection {
    pub(crate) fn open_namespace(&mut self, name: String, ctx: &mut Ctx) -> Result<(), Refusal> {
        if !names::is_namespace(&name) || name == self.namespace {
            return Err(Refusal::Malformed);
        }
        let others = self.namespaces.0.len() - usize::from(self.namespaces.is_wanted(&name));
        if others >= limits::NAMESPACES {
            return Err(Refusal::TooManyNamespaces);
        }
        let entry = self.namespaces.0.entry(name.clone()).or_insert(Namespace {
            wanted: 0,
            stage: Stage::Out,
            fresh: false,
            reported: None,
        });
        entry.wanted = entry.wanted.saturating_add(1);
        match entry.stage {
            Stage::Out | Stage::Refused => {
                entry.fresh = false;
                self.namespaces.report(&name, NamespaceState::Waiting {}, ctx);
                self.ask_namespace(&name, ctx);
            }
            Stage::Token { .. } | Stage::Asked | Stage::Up => {}
        }
        Ok(())
    }

    pub(crate) fn close_namespace(&mut self, name: &str, ctx: &mut Ctx) {
        let Some(entry) = self.namespaces.0.get_mut(name) else { return };
        entry.wanted -= 1;
        if entry.wanted > 0 {
            return;
        }
        let told = matches!(entry.stage, Stage::Asked | Stage::Up);
        self.namespaces.0.remove(name);
        ctx.timers.stop(&TimerKind::Namespace(name.to_owned()));
        if let (true, Some(link)) = (told, self.usable(ctx)) {
            write(link, socket::disconnect(name), None, &[], ctx);
        }
    }

    /// Whether an emit may wait for this namespace.
    pub(crate) fn is_wanted(&self, namespace: Option<&str>) -> bool {
        namespace.is_none_or(|name| self.namespaces.is_wanted(name))
    }

    /// The main session is up: the others follow.
    pub(super) fn ask_namespaces(&mut self, ctx: &mut Ctx) {
        let names: Vec<String> = self.namespaces.0.keys().cloned().gather();
        for name in names {
            self.ask_namespace(&name, ctx);
        }
    }

    fn ask_namespace(&mut self, name: &str, ctx: &mut Ctx) {
        let Some(link) = self.usable(ctx) else { return };
        let State::Up { session, .. } = &self.state else { return };
        let Some(entry) = self.namespaces.0.get_mut(name) else { return };
        entry.stage = Stage::Asked;
        let auth = dialect::connect_auth(session.token.as_ref().map(|token| token.0.as_str()), false);
        write(link, socket::connect(name, &auth), None, &[], ctx);
        let at = ctx.deadline(limits::ATTEMPT_TIMEOUT);
        ctx.timers.set(TimerKind::Namespace(name.to_owned()), at);
    }

    /// The link is gone, and every session with it.
    pub(super) fn drop_namespaces(&mut self, ctx: &mut Ctx) {
        let names: Vec<String> = self.namespaces.0.keys().cloned().gather();
        for name in names {
            ctx.timers.stop(&TimerKind::Namespace(name.clone()));
            if let Some(entry) = self.namespaces.0.get_mut(&name) {
                let refused = entry.stage == Stage::Refused;
                entry.stage = Stage::Out;
                entry.fresh = false;
                // A refusal is told once; it is tried again without a word.
                if !refused {
                    self.namespaces.report(&name, NamespaceState::Waiting {}, ctx);
                }
            }
        }
    }

    fn retry_namespace(&mut self, name: &str, ctx: &mut Ctx) {
        if let Some(entry) = self.namespaces.0.get_mut(name) {
            entry.stage = Stage::Out;
            let span = Millis(ctx.rng.up_to(limits::NAMESPACE_RETRY.0));
            let at = ctx.deadline(span);
            ctx.timers.set(TimerKind::Namespace(name.to_owned()), at);
        }
    }

    pub(crate) fn on_namespace_timer(&mut self, name: &str, ctx: &mut Ctx) {
        match self.namespaces.0.get(name).map(|entry| entry.stage) {
            Some(Stage::Out | Stage::Asked) => self.ask_namespace(name, ctx),
            Some(Stage::Token { .. }) => self.retry_namespace(name, ctx),
            Some(Stage::Up | Stage::Refused) | None => {}
        }
    }

    pub(super) fn on_namespace_up(&mut self, name: &str, sid: &str, ctx: &mut Ctx) -> Heard<'static> {
        match self.namespaces.0.get_mut(name) {
            Some(entry) if entry.stage == Stage::Asked => {
                entry.stage = Stage::Up;
                entry.fresh = false;
            }
            Some(_) | None => return Heard::Nothing,
        }
        ctx.timers.stop(&TimerKind::Namespace(name.to_owned()));
        self.namespaces.report(name, NamespaceState::Connected { sid: sid.to_owned() }, ctx);
        Heard::NamespaceUp
    }

    pub(super) fn on_namespace_refused(
        &mut self,
        name: &str,
        message: &str,
        code: Option<&str>,
        ctx: &mut Ctx,
    ) {
        let Some(entry) = self.namespaces.0.get_mut(name).filter(|entry| entry.stage == Stage::Asked) else {
            return;
        };
        match code {
            Some("OVERLOADED" | "TIMEOUT") => self.retry_namespace(name, ctx),
            Some(_) | None if !entry.fresh => {
                entry.fresh = true;
                let auth = AuthId(ctx.fresh());
                entry.stage = Stage::Token { auth };
                ctx.emit(Output::FetchAuth { auth, fresh: true });
            }
            Some(_) | None => self.refuse_namespace(name, code.unwrap_or("AUTH"), message, ctx),
        }
    }

    fn refuse_namespace(&mut self, name: &str, code: &str, message: &str, ctx: &mut Ctx) {
        ctx.timers.stop(&TimerKind::Namespace(name.to_owned()));
        if let Some(entry) = self.namespaces.0.get_mut(name) {
            entry.stage = Stage::Refused;
        }
        let state = NamespaceState::Refused { code: code.to_owned(), message: message.to_owned() };
        self.namespaces.report(name, state, ctx);
    }

    pub(super) fn on_namespace_down(&mut self, name: &str, ctx: &mut Ctx) {
        if self.namespaces.is_up(name) {
            self.namespaces.report(name, NamespaceState::Waiting {}, ctx);
            self.retry_namespace(name, ctx);
        }
    }

    /// The token that was asked for after a refusal; false if it was not for a namespace.
    pub(super) fn on_namespace_auth(&mut self, auth: AuthId, result: &AuthResult, ctx: &mut Ctx) -> bool {
        let mine = |entry: &Namespace| entry.stage == Stage::Token { auth };
        let Some(name) = self.namespaces.0.iter().find(|(_, e)| mine(e)).map(|(name, _)| name.clone()) else {
            return false;
        };
        match result {
            AuthResult::Token { token } => {
                self.set_token(Some(token.clone()));
                self.ask_namespace(&name, ctx);
            }
            AuthResult::Anonymous {} => self.ask_namespace(&name, ctx),
            AuthResult::Missing {} => self.refuse_namespace(&name, "AUTH", "No auth token available", ctx),
            AuthResult::Failed {} => self.retry_namespace(&name, ctx),
        }
        true
    }

    pub(super) fn set_token(&mut self, fresh: Option<Payload>) {
        if let State::Up { session, .. } = &mut self.state {
            session.token = fresh;
        }
    }
}
