//! What is written.

use std::iter::{once, repeat};

use diesel::{
    prelude::*,
    query_builder::{AstPass, QueryFragment, QueryId},
    sql_types::{BigInt, Binary, Bool, Integer, Nullable, Text},
    sqlite::Sqlite,
};

use super::{Row, pieces};

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
        id: i64 => BigInt,
        principal: &'a str => Text,
        key: &'a str => Text,
        fingerprint: &'a [u8] => Binary,
        status: i32 => Integer,
        location: Option<&'a str> => Nullable<Text>,
        etag: Option<&'a str> => Nullable<Text>,
        body: &'a [u8] => Binary,
        created_at: i64 => BigInt,
    }
    "INSERT OR FAIL INTO idempotency (id, principal, key, fingerprint, status, location, etag, body, created_at) ", ""
}

rows! {
    /// A new key, and the row of its reply.
    InsertNewKey<'a> {
        digest: &'a [u8] => Binary,
        reply: i64 => BigInt,
    }
    "INSERT OR FAIL INTO new_keys (digest, reply) ", ""
}

statement! {
    /// New keys are put to the others.
    CopyNewKeys<'a> {
        from: &'a [u8] => Binary,
        to: &'a [u8] => Binary,
    }
    "INSERT OR FAIL INTO used_keys (digest, reply) SELECT digest, reply FROM new_keys WHERE digest BETWEEN ? AND ? \
     ORDER BY digest"
}

statement! {
    /// They are new no more.
    DropNewKeys<'a> {
        from: &'a [u8] => Binary,
        to: &'a [u8] => Binary,
    }
    "DELETE FROM new_keys WHERE digest BETWEEN ? AND ?"
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
