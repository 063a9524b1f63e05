//! The three scripts. Each runs in Redis undivided, which is what keeps an index right for the version that it names.

use deadpool_redis::redis::{Script, ScriptInvocation};
use parkpro_domain::{
    lot::{LotId, Version},
    ports::{QueueDelta, QueueSnapshot},
    ticket::TicketId,
};

/// The names of a lot's keys. What is in braces decides the node of a cluster, so they are all on one.
pub(crate) struct Keys {
    pub(crate) meta: String,
    pub(crate) queue: String,
}

impl Keys {
    pub(crate) fn of(prefix: &str, lot: &LotId) -> Self {
        Self { meta: format!("{prefix}:{{{lot}}}:meta"), queue: format!("{prefix}:{{{lot}}}:queue") }
    }

    /// Where a queue is put together; `load` is a name that no other load has.
    pub(crate) fn staging(prefix: &str, lot: &LotId, load: &str) -> String {
        format!("{prefix}:{{{lot}}}:staging:{load}")
    }
}

/// A ticket, as it stands in the sorted set.
pub(crate) fn member(ticket: TicketId) -> String {
    ticket.0.simple().to_string()
}

/// The scripts, with the names under which Redis keeps them.
pub(crate) struct Scripts {
    apply: Script,
    load: Script,
    position: Script,
}

impl Scripts {
    pub(crate) fn new() -> Self {
        Self {
            apply: Script::new(include_str!("apply.lua")),
            load: Script::new(include_str!("load.lua")),
            position: Script::new(include_str!("position.lua")),
        }
    }

    /// Answers `applied`, `stale` or `rebuild`.
    pub(crate) fn apply(&self, keys: &Keys, epoch: &str, delta: &QueueDelta) -> ScriptInvocation<'_> {
        let mut order = on(&self.apply, keys);
        order.arg(epoch).arg(delta.from.0).arg(delta.to.0).arg(delta.count).arg(delta.removed.len());
        for ticket in &delta.removed {
            order.arg(member(*ticket));
        }
        for (ticket, turn) in &delta.added {
            order.arg(turn.0).arg(member(*ticket));
        }
        order
    }

    /// Answers `loaded`, `stale` or `torn`.
    pub(crate) fn load(&self, keys: &Keys, staging: &str, snapshot: &QueueSnapshot) -> ScriptInvocation<'_> {
        let mut order = on(&self.load, keys);
        order.key(staging).arg(&snapshot.epoch).arg(snapshot.version.0).arg(snapshot.members.len());
        order
    }

    /// Answers the version and how many wait before the ticket, or nothing.
    pub(crate) fn position(
        &self,
        keys: &Keys,
        epoch: &str,
        ticket: TicketId,
        at_least: Version,
    ) -> ScriptInvocation<'_> {
        let mut order = on(&self.position, keys);
        order.arg(epoch).arg(member(ticket)).arg(at_least.0);
        order
    }
}

fn on<'a>(script: &'a Script, keys: &Keys) -> ScriptInvocation<'a> {
    let mut order = script.prepare_invoke();
    order.key(&keys.meta).key(&keys.queue);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_a_lot_are_on_one_node() {
        let lot = LotId::parse("main").unwrap();
        let keys = Keys::of("parkpro", &lot);
        assert_eq!(
            (keys.meta.as_str(), keys.queue.as_str()),
            ("parkpro:{main}:meta", "parkpro:{main}:queue")
        );
        assert_eq!(Keys::staging("parkpro", &lot, "7"), "parkpro:{main}:staging:7");
    }
}
