//! The plates that a ticket had.

use parkpro_domain::ports::PlateHistory;
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::Instant;

/// Every plate that a ticket had.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Plates)]
pub(crate) struct PlatesBody<'a> {
    /// Of which ticket.
    ticket: Uuid,
    /// Oldest first; the last is the one that it has.
    data: Vec<PlateBody<'a>>,
    /// The state of the lot that this is true for.
    lot_version: i64,
}

/// A plate that a ticket has or had.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Plate)]
pub(crate) struct PlateBody<'a> {
    /// As it was typed.
    plate: &'a str,
    /// Since when: the arrival, or the correction before.
    #[schema(value_type = String, format = DateTime)]
    from: Instant,
    /// When it was corrected; null for the one that it has.
    #[schema(value_type = Option<String>, format = DateTime, required)]
    until: Option<Instant>,
    /// Who asked for that.
    #[schema(required)]
    corrected_by: Option<&'a str>,
    /// The state of the lot that the correction made.
    #[schema(required)]
    corrected_in: Option<i64>,
}

impl<'a> PlatesBody<'a> {
    /// The plates of a ticket.
    pub(crate) fn of(history: &'a PlateHistory) -> Self {
        let ticket = &history.view.ticket;
        let mut from = ticket.arrived_at;
        let mut data = Vec::with_capacity(history.corrections.len() + 1);
        for was in &history.corrections {
            data.push(PlateBody {
                plate: was.plate.shown(),
                from: Instant(std::mem::replace(&mut from, was.at)),
                until: Some(Instant(was.at)),
                corrected_by: Some(&was.actor.0),
                corrected_in: Some(was.version.0),
            });
        }
        let plate = ticket.plate.shown();
        data.push(PlateBody {
            plate,
            from: Instant(from),
            until: None,
            corrected_by: None,
            corrected_in: None,
        });
        Self { ticket: ticket.id.0, data, lot_version: history.view.lot.version.0 }
    }
}
