//! Writing slots.

use std::collections::HashSet;

use diesel_async::AsyncPgConnection;
use parkpro_domain::{
    event::Event,
    facts::Changes,
    slot::{Level, Slot, SlotId},
};
use uuid::Uuid;

use super::{Of, touch};
use crate::{fault::Trouble, statement::Parameter};

const ADD: &str = "INSERT INTO slots \
       (lot_id, id, label, level, accepts, rank, in_service, reason, retired, revision, ticket_id) \
     SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

/// What happens all the time: a vehicle comes or goes.
pub(crate) const OCCUPY: &str = "UPDATE slots SET ticket_id = new.ticket_id \
     FROM unnest($1, $2, $3) AS new (lot_id, id, ticket_id) \
     WHERE slots.lot_id = new.lot_id AND slots.id = new.id";

const CHANGE: &str = "UPDATE slots SET label = new.label, level = new.level, accepts = new.accepts, \
       rank = new.rank, in_service = new.in_service, reason = new.reason, retired = new.retired, \
       revision = new.revision, ticket_id = new.ticket_id \
     FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) AS new (lot_id, id, label, level, accepts, rank, \
       in_service, reason, retired, revision, ticket_id) \
     WHERE slots.lot_id = new.lot_id AND slots.id = new.id";

const TABLE: &str = "slots";

/// All columns of slots.
struct Columns<'s> {
    lots: Vec<i64>,
    ids: Vec<i64>,
    labels: Vec<&'s str>,
    levels: Vec<Option<&'s str>>,
    accepts: Vec<&'s str>,
    ranks: Vec<i32>,
    in_service: Vec<bool>,
    reasons: Vec<Option<&'s str>>,
    retired: Vec<bool>,
    revisions: Vec<i64>,
    tickets: Vec<Option<Uuid>>,
}

impl<'s> Columns<'s> {
    fn of(slots: &[Of<'s, Slot>]) -> Self {
        let each = || slots.iter().map(|(_, slot)| *slot);
        Self {
            lots: slots.iter().map(|(lot, _)| *lot).collect(),
            ids: each().map(|slot| slot.id.0).collect(),
            labels: each().map(|slot| slot.label.as_str()).collect(),
            levels: each().map(|slot| slot.level.as_ref().map(Level::as_str)).collect(),
            accepts: each().map(|slot| slot.accepts.as_str()).collect(),
            ranks: each().map(|slot| slot.rank).collect(),
            in_service: each().map(|slot| slot.in_service).collect(),
            reasons: each().map(|slot| slot.reason.as_deref()).collect(),
            retired: each().map(|slot| slot.retired).collect(),
            revisions: each().map(|slot| slot.revision).collect(),
            tickets: each().map(|slot| slot.occupant.map(|ticket| ticket.0)).collect(),
        }
    }

    fn parameters(&self) -> [&dyn Parameter; 11] {
        [
            &self.lots,
            &self.ids,
            &self.labels,
            &self.levels,
            &self.accepts,
            &self.ranks,
            &self.in_service,
            &self.reasons,
            &self.retired,
            &self.revisions,
            &self.tickets,
        ]
    }
}

/// New slots.
pub(super) async fn add(connection: &AsyncPgConnection, slots: Vec<Of<'_, Slot>>) -> Result<(), Trouble> {
    if slots.is_empty() {
        return Ok(());
    }
    touch(connection, TABLE, slots.len(), ADD, &Columns::of(&slots).parameters()).await
}

/// Slots that another vehicle is in, or none; nothing else about them is new.
pub(super) async fn occupy(
    connection: &AsyncPgConnection,
    changes: &[Of<'_, Changes>],
) -> Result<(), Trouble> {
    let slots = old(changes, false);
    if slots.is_empty() {
        return Ok(());
    }
    let lots: Vec<i64> = slots.iter().map(|(lot, _)| *lot).collect();
    let ids: Vec<i64> = slots.iter().map(|(_, slot)| slot.id.0).collect();
    let tickets: Vec<Option<Uuid>> =
        slots.iter().map(|(_, slot)| slot.occupant.map(|ticket| ticket.0)).collect();
    touch(connection, TABLE, slots.len(), OCCUPY, &[&lots, &ids, &tickets]).await
}

/// Slots with new settings.
pub(super) async fn change(
    connection: &AsyncPgConnection,
    changes: &[Of<'_, Changes>],
) -> Result<(), Trouble> {
    let slots = old(changes, true);
    if slots.is_empty() {
        return Ok(());
    }
    touch(connection, TABLE, slots.len(), CHANGE, &Columns::of(&slots).parameters()).await
}

/// Slots that were there before, with settings that are new or with the old ones. The journal says which.
fn old<'c>(changes: &[Of<'c, Changes>], with_new_settings: bool) -> Vec<Of<'c, Slot>> {
    let mut old = Vec::new();
    for (lot, change) in changes {
        let set: HashSet<SlotId> = change.journal.iter().filter_map(|entry| set(&entry.event)).collect();
        let slots = change.slots.iter().filter(|slot| set.contains(&slot.id) == with_new_settings);
        old.extend(slots.map(|slot| (*lot, slot)));
    }
    old
}

fn set(event: &Event) -> Option<SlotId> {
    match event {
        Event::SlotAdded(slot) | Event::SlotRemoved(slot) | Event::SlotChanged { slot, .. } => Some(slot.id),
        _ => None,
    }
}
