//! What is looked for, many at once.

use std::{
    array::from_ref,
    iter::{once, repeat},
};

use diesel::{
    dsl::{AsSelect, SqlTypeOf},
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Binary, Integer, Text},
    sqlite::Sqlite,
};

use super::{Each, Row, TOGETHER, filled};
use crate::rows::{BerthedTicket, ReplyRow, SlotRow};

/// The columns of [`BerthedTicket`], in its order.
const BERTHED_TICKET: &str = "SELECT tickets.id, tickets.lot_id, number, plate_shown, plate_key, class, priority, turn, \
    status, arrived_at, occurred_at, slot_id, admission, parked_at, ended_at, exit_occurred_at, fee_minor, \
    fee_currency, fee_lines, tickets.reason, tariff_id, tariff_version, discounts, \
    slots.lot_id, slots.id, label, level, accepts, rank, in_service, slots.reason, retired, revision, ticket_id FROM (";

lookup! {
    /// The open ticket of a plate in the installation.
    OpenTicket<'a> {
        plate: &'a str => Text,
    }
    BerthedTicket: BERTHED_TICKET, ") CROSS JOIN tickets ON plate_key = column1 AND tickets.status IN ('waiting', 'parked') \
     LEFT JOIN slots ON slots.lot_id = tickets.lot_id AND slots.id = slot_id"
}

lookup! {
    /// The newest ticket of a plate in a lot.
    NewestTicket<'a> {
        lot: i64 => BigInt,
        plate: &'a str => Text,
    }
    BerthedTicket: BERTHED_TICKET, ") CROSS JOIN tickets ON tickets.lot_id = column1 AND number = \
     (SELECT max(newest.number) FROM tickets newest WHERE newest.lot_id = column1 AND newest.plate_key = column2) \
     LEFT JOIN slots ON slots.lot_id = tickets.lot_id AND slots.id = slot_id"
}

/// The columns of [`ReplyRow`], in its order.
const REPLY: &str = "SELECT principal, key, fingerprint, status, location, etag, body FROM (";

lookup! {
    /// What was answered under a new key.
    NewKey<'a> {
        digest: &'a [u8] => Binary,
    }
    ReplyRow: REPLY,
    ") CROSS JOIN new_keys ON digest = column1 CROSS JOIN idempotency ON idempotency.id = reply"
}

lookup! {
    /// What was answered under an older key.
    UsedKey<'a> {
        digest: &'a [u8] => Binary,
    }
    ReplyRow: REPLY,
    ") CROSS JOIN used_keys ON digest = column1 CROSS JOIN idempotency ON idempotency.id = reply"
}

/// The free slots of one kind, best first, behind a place in their order.
///
/// The index is named so that no other one is taken, behind which every free slot there is would be sorted.
#[derive(Debug)]
pub(crate) struct FreeSlots<'a> {
    /// Of this lot.
    pub(crate) lot: i64,
    /// That accept this.
    pub(crate) accepts: &'a str,
    /// Rank and label of the last one before.
    pub(crate) after: (i32, &'a str),
}

/// Where every slot comes behind.
pub(crate) const BEFORE_ALL: (i32, &str) = (i32::MIN, "");

impl QueryId for FreeSlots<'_> {
    type QueryId = FreeSlots<'static>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl Query for FreeSlots<'_> {
    type SqlType = SqlTypeOf<AsSelect<SlotRow, Sqlite>>;
}

impl QueryFragment<Sqlite> for FreeSlots<'_> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(
            "SELECT lot_id, id, label, level, accepts, rank, in_service, reason, retired, revision, ticket_id \
             FROM slots INDEXED BY slot_free WHERE in_service AND NOT retired AND ticket_id IS NULL AND lot_id = ",
        );
        out.push_bind_param::<BigInt, _>(&self.lot)?;
        out.push_sql(" AND accepts = ");
        out.push_bind_param::<Text, _>(self.accepts)?;
        out.push_sql(" AND (rank, label) > (");
        out.push_bind_param::<Integer, _>(&self.after.0)?;
        out.push_sql(", ");
        out.push_bind_param::<Text, _>(self.after.1)?;
        out.push_sql(") ORDER BY rank, label");
        Ok(())
    }
}

impl RunQueryDsl<SqliteConnection> for FreeSlots<'_> {}
