//! Writing tickets.

use diesel_async::AsyncPgConnection;
use parkpro_domain::{
    demand::Demand,
    discount::DiscountCode,
    tariff::Fee,
    ticket::{PlateCorrection, Stage, Ticket},
    time::Timestamp,
};
use uuid::Uuid;

use super::{Of, touch};
use crate::{fault::Trouble, statement::Parameter};

pub(crate) const UPDATE: &str = "UPDATE tickets SET status = new.status, slot_id = new.slot_id, \
       admission = new.admission, parked_at = new.parked_at, ended_at = new.ended_at, \
       exit_occurred_at = new.exit_occurred_at, fee_minor = new.fee_minor, fee_currency = new.fee_currency, \
       fee_lines = new.fee_lines, reason = new.reason, tariff_id = new.tariff_id, tariff_version = new.tariff_version \
     FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13) \
       AS new (id, status, slot_id, admission, parked_at, ended_at, exit_occurred_at, fee_minor, fee_currency, \
         fee_lines, reason, tariff_id, tariff_version) \
     WHERE tickets.id = new.id";

const AMEND: &str = "UPDATE tickets SET plate_shown = new.plate_shown, plate_key = new.plate_key, \
       priority = new.priority, turn = new.turn, discounts = new.discounts \
     FROM unnest($1, $2, $3, $4, $5, $6) AS new (id, plate_shown, plate_key, priority, turn, discounts) \
     WHERE tickets.id = new.id";

pub(crate) const ADD: &str = "INSERT INTO tickets (id, status, slot_id, admission, parked_at, ended_at, \
       exit_occurred_at, fee_minor, fee_currency, fee_lines, reason, tariff_id, tariff_version, lot_id, number, plate_shown, plate_key, class, \
       priority, turn, arrived_at, occurred_at, discounts) \
     SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, \
       $21, $22, $23)";

const CORRECT: &str = "INSERT INTO plate_corrections (ticket_id, version, plate_shown, plate_key, at, actor) \
     SELECT * FROM unnest($1, $2, $3, $4, $5, $6)";

const TABLE: &str = "tickets";

/// The columns that tell where tickets are in their lives.
struct Stages<'t> {
    ids: Vec<Uuid>,
    statuses: Vec<&'t str>,
    slots: Vec<Option<i64>>,
    admissions: Vec<Option<i64>>,
    parked_at: Vec<Option<i64>>,
    ended_at: Vec<Option<i64>>,
    exits_occurred_at: Vec<Option<i64>>,
    fees: Vec<Option<i64>>,
    currencies: Vec<Option<&'t str>>,
    lines: Vec<Option<String>>,
    reasons: Vec<Option<&'t str>>,
    tariffs: Vec<Option<&'t str>>,
    versions: Vec<Option<i64>>,
}

impl<'t> Stages<'t> {
    fn of(tickets: &[Of<'t, Ticket>]) -> Self {
        let each = || tickets.iter().map(|(_, ticket)| *ticket);
        let berths = || each().map(Ticket::berth);
        let fees = || each().map(Ticket::fee);
        let pinned = || berths().map(|berth| berth.and_then(|berth| berth.tariff.as_ref()));
        Self {
            ids: each().map(|ticket| ticket.id.0).collect(),
            statuses: each().map(|ticket| ticket.status().as_str()).collect(),
            slots: berths().map(|berth| berth.map(|berth| berth.slot.0)).collect(),
            admissions: berths().map(|berth| berth.map(|berth| berth.admission)).collect(),
            parked_at: berths().map(|berth| berth.map(|berth| berth.since.micros())).collect(),
            ended_at: each().map(|ticket| ticket.ended_at().map(Timestamp::micros)).collect(),
            exits_occurred_at: each().map(exit_occurred_at).collect(),
            fees: fees().map(|fee| fee.map(|fee| fee.total.minor)).collect(),
            currencies: fees().map(|fee| fee.map(|fee| fee.total.currency.code())).collect(),
            lines: fees().map(|fee| fee.map(Fee::lines_text)).collect(),
            reasons: each().map(reason).collect(),
            tariffs: pinned().map(|pinned| pinned.map(|version| version.tariff.as_str())).collect(),
            versions: pinned().map(|pinned| pinned.map(|version| version.number)).collect(),
        }
    }

    fn parameters(&self) -> [&dyn Parameter; 13] {
        [
            &self.ids,
            &self.statuses,
            &self.slots,
            &self.admissions,
            &self.parked_at,
            &self.ended_at,
            &self.exits_occurred_at,
            &self.fees,
            &self.currencies,
            &self.lines,
            &self.reasons,
            &self.tariffs,
            &self.versions,
        ]
    }
}

fn exit_occurred_at(ticket: &Ticket) -> Option<i64> {
    match &ticket.stage {
        Stage::Departed { occurred_at, .. } => occurred_at.map(Timestamp::micros),
        _ => None,
    }
}

fn reason(ticket: &Ticket) -> Option<&str> {
    match &ticket.stage {
        Stage::Voided { reason, .. } => Some(reason.as_str()),
        _ => None,
    }
}

/// Tickets that are somewhere else in their lives.
pub(super) async fn update(
    connection: &AsyncPgConnection,
    tickets: Vec<Of<'_, Ticket>>,
) -> Result<(), Trouble> {
    if tickets.is_empty() {
        return Ok(());
    }
    let stages = Stages::of(&tickets);
    touch(connection, TABLE, tickets.len(), UPDATE, &stages.parameters()).await
}

fn discounts(tickets: &[Of<'_, Ticket>]) -> Vec<String> {
    tickets.iter().map(|(_, ticket)| DiscountCode::list_text(&ticket.discounts)).collect()
}

/// Tickets with another plate, priority or turn, or with other discounts.
pub(super) async fn amend(
    connection: &AsyncPgConnection,
    tickets: Vec<Of<'_, Ticket>>,
) -> Result<(), Trouble> {
    if tickets.is_empty() {
        return Ok(());
    }
    let ids: Vec<Uuid> = tickets.iter().map(|(_, ticket)| ticket.id.0).collect();
    let shown: Vec<&str> = tickets.iter().map(|(_, ticket)| ticket.plate.shown()).collect();
    let keys: Vec<&str> = tickets.iter().map(|(_, ticket)| ticket.plate.key().as_str()).collect();
    let priorities: Vec<&str> = tickets.iter().map(|(_, ticket)| ticket.priority.as_str()).collect();
    let turns: Vec<i64> = tickets.iter().map(|(_, ticket)| ticket.turn.0).collect();
    let discounts = discounts(&tickets);
    let parameters: [&dyn Parameter; 6] = [&ids, &shown, &keys, &priorities, &turns, &discounts];
    touch(connection, TABLE, tickets.len(), AMEND, &parameters).await
}

/// Plates that tickets had until they were corrected.
pub(super) async fn correct(
    connection: &AsyncPgConnection,
    corrections: Vec<Of<'_, PlateCorrection>>,
) -> Result<(), Trouble> {
    if corrections.is_empty() {
        return Ok(());
    }
    let each = || corrections.iter().map(|(_, correction)| *correction);
    let tickets: Vec<Uuid> = each().map(|correction| correction.ticket.0).collect();
    let versions: Vec<i64> = each().map(|correction| correction.version.0).collect();
    let shown: Vec<&str> = each().map(|correction| correction.plate.shown()).collect();
    let keys: Vec<&str> = each().map(|correction| correction.plate.key().as_str()).collect();
    let instants: Vec<i64> = each().map(|correction| correction.at.micros()).collect();
    let actors: Vec<&str> = each().map(|correction| correction.actor.0.as_str()).collect();
    let parameters: [&dyn Parameter; 6] = [&tickets, &versions, &shown, &keys, &instants, &actors];
    touch(connection, "plate_corrections", corrections.len(), CORRECT, &parameters).await
}

/// New tickets.
pub(super) async fn add(connection: &AsyncPgConnection, tickets: Vec<Of<'_, Ticket>>) -> Result<(), Trouble> {
    if tickets.is_empty() {
        return Ok(());
    }
    let stages = Stages::of(&tickets);
    let lots: Vec<i64> = tickets.iter().map(|(lot, _)| *lot).collect();
    let numbers: Vec<i64> = tickets.iter().map(|(_, ticket)| ticket.number.0).collect();
    let shown: Vec<&str> = tickets.iter().map(|(_, ticket)| ticket.plate.shown()).collect();
    let keys: Vec<&str> = tickets.iter().map(|(_, ticket)| ticket.plate.key().as_str()).collect();
    let demands: Vec<Demand> = tickets.iter().map(|(_, ticket)| ticket.demand()).collect();
    let classes: Vec<&str> = demands.iter().map(Demand::as_str).collect();
    let priorities: Vec<&str> = tickets.iter().map(|(_, ticket)| ticket.priority.as_str()).collect();
    let turns: Vec<i64> = tickets.iter().map(|(_, ticket)| ticket.turn.0).collect();
    let arrived_at: Vec<i64> = tickets.iter().map(|(_, ticket)| ticket.arrived_at.micros()).collect();
    let occurred_at: Vec<Option<i64>> =
        tickets.iter().map(|(_, ticket)| ticket.occurred_at.map(Timestamp::micros)).collect();
    let discounts = discounts(&tickets);
    let more: [&dyn Parameter; 10] = [
        &lots,
        &numbers,
        &shown,
        &keys,
        &classes,
        &priorities,
        &turns,
        &arrived_at,
        &occurred_at,
        &discounts,
    ];
    let parameters: Vec<&dyn Parameter> = stages.parameters().into_iter().chain(more).collect();
    touch(connection, TABLE, tickets.len(), ADD, &parameters).await
}
