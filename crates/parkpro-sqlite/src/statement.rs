//! Statements and conditions that Diesel's own language lacks, or would have prepared anew at each use.
//!
//! Three habits of SQLite and Diesel decide what is here. Diesel never keeps an UPDATE or an upsert prepared, and takes
//! twice as long as here over an INSERT of many columns. SQLite uses
//! a partial index only if the query repeats its condition word for word, not with bound values. And SQLite prepares a
//! statement again whenever a bound LIMIT changes, so nothing here has a LIMIT: whoever wants the first few rows stops
//! reading. Statements that write say `OR FAIL`: whatever fails undoes the whole turn, and without these words SQLite copies
//! every page that a statement touches, to be able to undo that statement alone.

use std::{
    array::{from_fn, from_ref},
    iter::{once, repeat},
};

use diesel::{
    dsl::{AsSelect, SqlTypeOf},
    expression::{AppearsOnTable, Expression, SelectableExpression, ValidGrouping, is_aggregate},
    prelude::*,
    query_builder::{AstPass, Query, QueryFragment, QueryId},
    sql_types::{BigInt, Binary, Bool, Integer, Nullable, Text},
    sqlite::Sqlite,
};

use crate::rows::{BerthedTicket, ReplyRow, SlotRow};

/// Declares a statement that is prepared once. Each `?` of its text stands for a field, in order.
macro_rules! statement {
    ($(#[$doc:meta])* $name:ident<'a> { $($field:ident: $rust:ty => $sql:ty,)+ } $text:literal) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $name<'a> {
            $(pub(crate) $field: $rust,)+
        }

        impl $name<'_> {
            const PIECES: [&'static str; [$(stringify!($field)),+].len() + 1] = pieces($text);
        }

        impl QueryId for $name<'_> {
            type QueryId = $name<'static>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl QueryFragment<Sqlite> for $name<'_> {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
                let [first, rest @ ..] = Self::PIECES;
                let mut rest = rest.iter();
                out.push_sql(first);
                $(
                    out.push_bind_param::<$sql, _>(&self.$field)?;
                    rest.next().into_iter().for_each(|piece| out.push_sql(piece));
                )+
                Ok(())
            }
        }

        impl RunQueryDsl<SqliteConnection> for $name<'_> {}
    };
}

/// How many rows are inserted, or looked for, by one statement if there are as many. Each text is prepared for so many and
/// for one.
pub(crate) const TOGETHER: usize = 8;

/// What one statement inserts, or looks for.
#[derive(Debug)]
pub(crate) struct Each<'r, R, const N: usize>(pub(crate) &'r [R; N]);

/// One of them: what comes before all and after them, and its own values.
pub(crate) trait Row: QueryId {
    const BEFORE: &'static str;
    const AFTER: &'static str;

    fn bind<'b>(&'b self, out: &mut AstPass<'_, 'b, Sqlite>) -> QueryResult<()>;
}

impl<R: Row, const N: usize> QueryId for Each<'_, R, N> {
    type QueryId = Each<'static, R::QueryId, N>;
    const HAS_STATIC_QUERY_ID: bool = true;
}

impl<R: Row, const N: usize> QueryFragment<Sqlite> for Each<'_, R, N> {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
        out.push_sql(R::BEFORE);
        for (n, row) in self.0.iter().enumerate() {
            out.push_sql(if n == 0 { "VALUES (" } else { "), (" });
            row.bind(&mut out)?;
        }
        out.push_sql(")");
        out.push_sql(R::AFTER);
        Ok(())
    }
}

impl<R, const N: usize> RunQueryDsl<SqliteConnection> for Each<'_, R, N> {}

/// Declares what a statement inserts many of.
macro_rules! rows {
    ($(#[$doc:meta])* $name:ident<'a> { $($field:ident: $rust:ty => $sql:ty,)+ } $before:expr, $after:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct $name<'a> {
            $(pub(crate) $field: $rust,)+
        }

        impl QueryId for $name<'_> {
            type QueryId = $name<'static>;
            const HAS_STATIC_QUERY_ID: bool = true;
        }

        impl Row for $name<'_> {
            const BEFORE: &'static str = $before;
            const AFTER: &'static str = $after;

            fn bind<'b>(&'b self, out: &mut AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
                let mut separators = once("").chain(repeat(", "));
                $(
                    separators.next().into_iter().for_each(|separator| out.push_sql(separator));
                    out.push_bind_param::<$sql, _>(&self.$field)?;
                )+
                Ok(())
            }
        }
    };
}

/// Declares what a statement looks for, many at once, and the rows that it finds.
macro_rules! lookup {
    ($(#[$doc:meta])* $name:ident<'a> { $($field:ident: $rust:ty => $sql:ty,)+ } $found:ty: $before:expr, $after:literal) => {
        rows! { $(#[$doc])* $name<'a> { $($field: $rust => $sql,)+ } $before, $after }

        impl<const N: usize> Query for Each<'_, $name<'_>, N> {
            type SqlType = SqlTypeOf<AsSelect<$found, Sqlite>>;
        }

        impl $name<'_> {
            /// What is there, in any order, some of it perhaps twice.
            pub(crate) fn find(connection: &mut SqliteConnection, wanted: &[Self]) -> QueryResult<Vec<$found>> {
                let mut found = Vec::new();
                for some in wanted.chunks(TOGETHER) {
                    found.extend(match some {
                        [one] => Each(from_ref(one)).load::<$found>(connection)?,
                        some => Each(&filled(some)).load::<$found>(connection)?,
                    });
                }
                Ok(found)
            }
        }
    };
}

/// As many as a statement takes, the last one again and again.
fn filled<R: Copy>(some: &[R]) -> [R; TOGETHER] {
    from_fn(|n| some[n.min(some.len() - 1)])
}

/// The pieces of a text between its question marks, of which there must be one less.
const fn pieces<const N: usize>(text: &str) -> [&str; N] {
    let mut pieces = [""; N];
    let (mut piece, mut from, mut at) = (0, 0, 0);
    while at < text.len() {
        if text.as_bytes()[at] == b'?' {
            pieces[piece] = text.split_at(at).0.split_at(from).1;
            (piece, from) = (piece + 1, at + 1);
        }
        at += 1;
    }
    assert!(piece + 1 == N, "as many question marks as fields");
    pieces[piece] = text.split_at(from).1;
    pieces
}

statement! {
    /// A lot as it now is. Its slug never changes.
    UpdateLot<'a> {
        name: &'a str => Text,
        time_zone: &'a str => Text,
        currency: &'a str => Text,
        accepting: bool => Bool,
        queue_limit: Option<i64> => Nullable<BigInt>,
        priorities: &'a str => Text,
        revision: i64 => BigInt,
        retired: bool => Bool,
        version: i64 => BigInt,
        last_at: i64 => BigInt,
        next_number: i64 => BigInt,
        next_admission: i64 => BigInt,
        next_slot: i64 => BigInt,
        tariffs: &'a str => Text,
        id: i64 => BigInt,
    }
    "UPDATE OR FAIL lots SET name = ?, time_zone = ?, currency = ?, accepting = ?, queue_limit = ?, priorities = ?, \
     revision = ?, retired = ?, version = ?, last_at = ?, next_number = ?, next_admission = ?, next_slot = ?, \
     tariffs = ? WHERE id = ?"
}

statement! {
    /// A slot gets or loses its vehicle.
    UpdateOccupant<'a> {
        ticket: Option<&'a [u8]> => Nullable<Binary>,
        lot: i64 => BigInt,
        id: i64 => BigInt,
    }
    "UPDATE OR FAIL slots SET ticket_id = ? WHERE lot_id = ? AND id = ?"
}

statement! {
    /// A slot with other settings.
    UpdateSlot<'a> {
        label: &'a str => Text,
        level: Option<&'a str> => Nullable<Text>,
        accepts: &'a str => Text,
        rank: i32 => Integer,
        in_service: bool => Bool,
        reason: Option<&'a str> => Nullable<Text>,
        retired: bool => Bool,
        revision: i64 => BigInt,
        ticket: Option<&'a [u8]> => Nullable<Binary>,
        lot: i64 => BigInt,
        id: i64 => BigInt,
    }
    "UPDATE OR FAIL slots SET label = ?, level = ?, accepts = ?, rank = ?, in_service = ?, reason = ?, retired = ?, \
     revision = ?, ticket_id = ? WHERE lot_id = ? AND id = ?"
}

rows! {
    /// A new ticket.
    InsertTicket<'a> {
        id: &'a [u8] => Binary,
        lot: i64 => BigInt,
        number: i64 => BigInt,
        plate_shown: &'a str => Text,
        plate_key: &'a str => Text,
        class: &'a str => Text,
        priority: &'a str => Text,
        turn: i64 => BigInt,
        status: &'a str => Text,
        arrived_at: i64 => BigInt,
        occurred_at: Option<i64> => Nullable<BigInt>,
        slot: Option<i64> => Nullable<BigInt>,
        admission: Option<i64> => Nullable<BigInt>,
        parked_at: Option<i64> => Nullable<BigInt>,
        ended_at: Option<i64> => Nullable<BigInt>,
        exit_occurred_at: Option<i64> => Nullable<BigInt>,
        fee_minor: Option<i64> => Nullable<BigInt>,
        fee_currency: Option<&'a str> => Nullable<Text>,
        fee_lines: Option<&'a str> => Nullable<Text>,
        reason: Option<&'a str> => Nullable<Text>,
        tariff_id: Option<&'a str> => Nullable<Text>,
        tariff_version: Option<i64> => Nullable<BigInt>,
        discounts: &'a str => Text,
    }
    "INSERT OR FAIL INTO tickets (id, lot_id, number, plate_shown, plate_key, class, priority, turn, status, arrived_at, \
     occurred_at, slot_id, admission, parked_at, ended_at, exit_occurred_at, fee_minor, fee_currency, fee_lines, \
     reason, tariff_id, tariff_version, discounts) ", ""
}

statement! {
    /// An open ticket with what its vehicle got, if it got a slot.
    UpdateBerth<'a> {
        status: &'a str => Text,
        slot: Option<i64> => Nullable<BigInt>,
        admission: Option<i64> => Nullable<BigInt>,
        parked_at: Option<i64> => Nullable<BigInt>,
        tariff_id: Option<&'a str> => Nullable<Text>,
        tariff_version: Option<i64> => Nullable<BigInt>,
        id: &'a [u8] => Binary,
    }
    "UPDATE OR FAIL tickets SET status = ?, slot_id = ?, admission = ?, parked_at = ?, tariff_id = ?, tariff_version = ? \
     WHERE id = ?"
}

statement! {
    /// A ticket at its end.
    UpdateEnd<'a> {
        status: &'a str => Text,
        ended_at: Option<i64> => Nullable<BigInt>,
        exit_occurred_at: Option<i64> => Nullable<BigInt>,
        fee_minor: Option<i64> => Nullable<BigInt>,
        fee_currency: Option<&'a str> => Nullable<Text>,
        fee_lines: Option<&'a str> => Nullable<Text>,
        reason: Option<&'a str> => Nullable<Text>,
        id: &'a [u8] => Binary,
    }
    "UPDATE OR FAIL tickets SET status = ?, ended_at = ?, exit_occurred_at = ?, fee_minor = ?, fee_currency = ?, \
     fee_lines = ?, reason = ? WHERE id = ?"
}

statement! {
    /// A ticket that waited before this turn, and both got a slot and ended in it.
    UpdateBerthAndEnd<'a> {
        status: &'a str => Text,
        slot: Option<i64> => Nullable<BigInt>,
        admission: Option<i64> => Nullable<BigInt>,
        parked_at: Option<i64> => Nullable<BigInt>,
        tariff_id: Option<&'a str> => Nullable<Text>,
        tariff_version: Option<i64> => Nullable<BigInt>,
        ended_at: Option<i64> => Nullable<BigInt>,
        exit_occurred_at: Option<i64> => Nullable<BigInt>,
        fee_minor: Option<i64> => Nullable<BigInt>,
        fee_currency: Option<&'a str> => Nullable<Text>,
        fee_lines: Option<&'a str> => Nullable<Text>,
        reason: Option<&'a str> => Nullable<Text>,
        id: &'a [u8] => Binary,
    }
    "UPDATE OR FAIL tickets SET status = ?, slot_id = ?, admission = ?, parked_at = ?, tariff_id = ?, tariff_version = ?, \
     ended_at = ?, exit_occurred_at = ?, fee_minor = ?, fee_currency = ?, fee_lines = ?, reason = ? WHERE id = ?"
}

statement! {
    /// A ticket that was corrected, or got a discount.
    UpdateParticulars<'a> {
        plate_shown: &'a str => Text,
        plate_key: &'a str => Text,
        priority: &'a str => Text,
        turn: i64 => BigInt,
        discounts: &'a str => Text,
        id: &'a [u8] => Binary,
    }
    "UPDATE OR FAIL tickets SET plate_shown = ?, plate_key = ?, priority = ?, turn = ?, discounts = ? WHERE id = ?"
}

statement! {
    /// How many slots of one kind there are.
    PutSlotCount<'a> {
        lot: i64 => BigInt,
        accepts: &'a str => Text,
        capacity: i64 => BigInt,
        occupied: i64 => BigInt,
        out_of_service: i64 => BigInt,
    }
    "INSERT INTO slot_counts (lot_id, accepts, capacity, occupied, out_of_service) VALUES (?, ?, ?, ?, ?) \
     ON CONFLICT (lot_id, accepts) DO UPDATE SET capacity = excluded.capacity, occupied = excluded.occupied, \
     out_of_service = excluded.out_of_service"
}

statement! {
    /// How many vehicles of one kind wait.
    PutWaitingCount<'a> {
        lot: i64 => BigInt,
        class: &'a str => Text,
        priority: &'a str => Text,
        waiting: i64 => BigInt,
    }
    "INSERT INTO waiting_counts (lot_id, class, priority, waiting) VALUES (?, ?, ?, ?) \
     ON CONFLICT (lot_id, class, priority) DO UPDATE SET waiting = excluded.waiting"
}

rows! {
    /// A line of a journal.
    InsertEntry<'a> {
        lot: i64 => BigInt,
        version: i64 => BigInt,
        n: i32 => Integer,
        kind: &'a str => Text,
        ticket: Option<&'a [u8]> => Nullable<Binary>,
        slot: Option<i64> => Nullable<BigInt>,
        actor: &'a str => Text,
        at: i64 => BigInt,
        data: &'a str => Text,
    }
    "INSERT OR FAIL INTO journal (lot_id, version, n, kind, ticket_id, slot_id, actor, at, data) ", ""
}

statement! {
    /// A plate that a ticket had until it was corrected.
    InsertCorrection<'a> {
        ticket: &'a [u8] => Binary,
        version: i64 => BigInt,
        plate_shown: &'a str => Text,
        plate_key: &'a str => Text,
        at: i64 => BigInt,
        actor: &'a str => Text,
    }
    "INSERT OR FAIL INTO plate_corrections (ticket_id, version, plate_shown, plate_key, at, actor) VALUES (?, ?, ?, ?, ?, ?)"
}

rows! {
    /// What was answered under a key.
    InsertReply<'a> {
        principal: &'a str => Text,
        key: &'a str => Text,
        fingerprint: &'a [u8] => Binary,
        status: i32 => Integer,
        location: Option<&'a str> => Nullable<Text>,
        etag: Option<&'a str> => Nullable<Text>,
        body: &'a [u8] => Binary,
        created_at: i64 => BigInt,
    }
    "INSERT OR FAIL INTO idempotency (principal, key, fingerprint, status, location, etag, body, created_at) ", ""
}

statement! {
    /// A tariff as it now is.
    PutTariff<'a> {
        id: &'a str => Text,
        revision: i64 => BigInt,
        draft: Option<&'a str> => Nullable<Text>,
    }
    "INSERT INTO tariffs (id, revision, draft) VALUES (?, ?, ?) \
     ON CONFLICT (id) DO UPDATE SET revision = excluded.revision, draft = excluded.draft"
}

statement! {
    /// A discount as it now is.
    PutDiscount<'a> {
        lot: i64 => BigInt,
        code: &'a str => Text,
        gift: &'a str => Text,
        valid_from: Option<i64> => Nullable<BigInt>,
        valid_until: Option<i64> => Nullable<BigInt>,
        use_limit: Option<i64> => Nullable<BigInt>,
        plate_limit: Option<i64> => Nullable<BigInt>,
        stacks: bool => Bool,
        uses: i64 => BigInt,
        revision: i64 => BigInt,
        retired: bool => Bool,
    }
    "INSERT INTO discount_codes (lot_id, code, gift, valid_from, valid_until, use_limit, plate_limit, stacks, uses, \
     revision, retired) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) \
     ON CONFLICT (lot_id, code) DO UPDATE SET gift = excluded.gift, valid_from = excluded.valid_from, \
     valid_until = excluded.valid_until, use_limit = excluded.use_limit, plate_limit = excluded.plate_limit, \
     stacks = excluded.stacks, uses = excluded.uses, revision = excluded.revision, retired = excluded.retired"
}

statement! {
    /// How often a vehicle has used a discount.
    PutDiscountUses<'a> {
        lot: i64 => BigInt,
        code: &'a str => Text,
        plate_key: &'a str => Text,
        uses: i64 => BigInt,
    }
    "INSERT INTO discount_uses (lot_id, code, plate_key, uses) VALUES (?, ?, ?, ?) \
     ON CONFLICT (lot_id, code, plate_key) DO UPDATE SET uses = excluded.uses"
}

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

lookup! {
    /// What was answered under a key.
    UsedKey<'a> {
        principal: &'a str => Text,
        key: &'a str => Text,
    }
    ReplyRow: "SELECT principal, key, fingerprint, status, location, etag, body FROM (",
    ") CROSS JOIN idempotency ON principal = column1 AND key = column2"
}

/// The free slots of one kind, best first, behind a place in their order.
///
/// The index is named because SQLite would take the unique one on `ticket_id` instead, believe that NULL is in it once,
/// and sort every free slot there is.
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

/// Declares a condition in literal words, as a partial index has it.
macro_rules! condition {
    ($(#[$doc:meta])* $name:ident $text:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, QueryId)]
        pub(crate) struct $name;

        impl Expression for $name {
            type SqlType = Bool;
        }

        impl<Source> AppearsOnTable<Source> for $name {}

        impl<Source> SelectableExpression<Source> for $name {}

        impl ValidGrouping<()> for $name {
            type IsAggregate = is_aggregate::No;
        }

        impl QueryFragment<Sqlite> for $name {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
                out.push_sql($text);
                Ok(())
            }
        }
    };
}

condition! {
    /// A ticket that waits.
    Waiting "tickets.status = 'waiting'"
}

condition! {
    /// A ticket that waits or is parked.
    Open "tickets.status IN ('waiting', 'parked')"
}

condition! {
    /// A ticket that ended in one of the less usual ways.
    Rare "tickets.status IN ('withdrawn', 'voided')"
}

condition! {
    /// A slot without a vehicle. The plus keeps SQLite from looking for it in the unique index on `ticket_id`, where every
    /// empty slot of every lot is.
    Empty "+slots.ticket_id IS NULL"
}

/// Declares a comparison of two columns with a place in their order: a row value, which an index of both can search.
macro_rules! row_value {
    ($(#[$doc:meta])* $name:ident $compares:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, QueryId)]
        pub(crate) struct $name<Columns, Place>(pub(crate) Columns, pub(crate) Place);

        impl<Columns, Place> Expression for $name<Columns, Place> {
            type SqlType = Bool;
        }

        impl<Columns, Place, Source> AppearsOnTable<Source> for $name<Columns, Place> {}

        impl<Columns, Place> ValidGrouping<()> for $name<Columns, Place> {
            type IsAggregate = is_aggregate::No;
        }

        impl<Columns: QueryFragment<Sqlite>, Place: QueryFragment<Sqlite>> QueryFragment<Sqlite>
            for $name<Columns, Place>
        {
            fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Sqlite>) -> QueryResult<()> {
                out.push_sql("(");
                self.0.walk_ast(out.reborrow())?;
                out.push_sql($compares);
                self.1.walk_ast(out.reborrow())?;
                out.push_sql(")");
                Ok(())
            }
        }
    };
}

row_value! {
    /// A row behind a place in the order of two columns.
    Behind ") > ("
}

row_value! {
    /// A row before or at a place in the order of two columns.
    UpTo ") <= ("
}
