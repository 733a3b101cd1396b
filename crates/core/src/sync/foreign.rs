//! Rooms on a server that has its own way of joining them (C7): the event and the shape of its argument are the app's.

use super::room::{Room, Stage};
use crate::connection::{AckFor, Connection};
use crate::ctx::Ctx;
use crate::engine::ForeignJoin;
use crate::ids::*;
use crate::io::RoomState;
use tidewire_wire::json;

/// The argument of a join or leave.
pub(super) fn argument(room: &RoomId, key: Option<&str>) -> String {
    let mut out = String::new();
    if let Some(key) = key {
        out.push('{');
        json::quote(key, &mut out);
        out.push(':');
    }
    json::quote(&room.0, &mut out);
    if key.is_some() {
        out.push('}');
    }
    out
}

/// Asks for a room. Where no answer is to be expected, it counts as joined once that was said.
pub(super) fn ask(join: &ForeignJoin, id: &RoomId, room: &mut Room, link: &mut Connection, ctx: &mut Ctx) {
    let args = argument(id, join.key.as_deref());
    if join.answers {
        let ack = link.request(&join.event, &args, AckFor::Join(id.clone()), ctx);
        return room.asked(id, ack, None, ctx);
    }
    if link.tell(&join.event, &args, false, ctx) {
        room.changed = ctx.tick;
        room.stage = Stage::In { head: Offset(0), recovered: false, sent: Offset(0) };
        room.report(id, RoomState::Joined { recovered: false, head: None }, ctx);
    } else {
        room.asked(id, None, None, ctx);
    }
}
