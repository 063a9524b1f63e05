//! What a stay would cost.

use crate::{
    outcome::Refusal,
    ports::TicketView,
    protocol::Rules,
    tariff::{Fee, Stay},
    ticket::Stage,
    time::Timestamp,
};

/// The fee of a vehicle that leaves at a certain time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// When it leaves.
    pub at: Timestamp,
    /// What it costs then.
    pub fee: Fee,
    /// Until when it costs the same; none if it has left already.
    pub valid_until: Option<Timestamp>,
}

/// The fee of a ticket if its vehicle left at `at`, or the fee that it paid. A vehicle without a slot has none.
pub fn quote(view: &TicketView, rules: &Rules, at: Timestamp) -> Result<Quote, Refusal> {
    let TicketView { ticket, lot } = view;
    match &ticket.stage {
        Stage::Departed { at, fee, .. } => Ok(Quote { at: *at, fee: fee.clone(), valid_until: None }),
        Stage::Parked(berth) => {
            let at = at.max(berth.since);
            let stay = Stay::new(berth.since, at, ticket.class.clone(), lot.zone, lot.currency);
            let (fee, until) = (rules.fees.fee(&stay), rules.fees.holds_until(&stay));
            Ok(Quote { at, fee, valid_until: Some(until) })
        }
        _ => Err(Refusal::NotParked { ticket: ticket.id, status: ticket.status() }),
    }
}
