//! How an outcome is put: status, bytes, place and entity tag. The same for a request with a key, where it is written
//! into the record's transaction, and for one without, where it is written by the handler.

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use parkpro_domain::{
    command::Command,
    lot::LotId,
    outcome::{Done, Outcome, Subject},
    ports::{Reply, Wording},
};

use super::{
    problem::{PROBLEM_JSON, Problem},
    request_id::RequestId,
    shapes::{
        DiscountBody, DiscountChange, LotBody, LotChange, PromotedBody, SlotBody, SlotChange, SlotsChange,
        TariffBody, TariffChange, TicketBody, TicketChange, discount_url, etag, lot_url, slot_url,
        tariff_url, ticket_url, version_url, write,
    },
};

/// How the success of a request is put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Something new: 201 and its place.
    Created,
    /// Several new things: 201.
    SeveralCreated,
    /// A new version of something: 201 and its place.
    Published,
    /// Something is different now.
    Changed,
    /// Something is gone.
    Removed,
}

impl Form {
    const fn status(self) -> u16 {
        match self {
            Self::Created | Self::SeveralCreated | Self::Published => 201,
            Self::Changed | Self::Removed => 200,
        }
    }
}

/// Puts what came of one request.
#[derive(Debug)]
pub(crate) struct Words {
    /// The address that was asked for.
    pub(crate) instance: String,
    /// What the log calls the request.
    pub(crate) request_id: RequestId,
    /// How its success is put.
    pub(crate) form: Form,
}

impl Wording for Words {
    fn word(&self, _command: &Command, outcome: &Outcome) -> Reply {
        self.reply(outcome)
    }
}

impl Words {
    /// The answer for the client.
    pub(crate) fn reply(&self, outcome: &Outcome) -> Reply {
        match &outcome.result {
            Ok(done) => self.done(outcome, done),
            Err(refusal) => {
                let problem = Problem::refused(refusal, outcome.version);
                Reply {
                    status: problem.code().about().status,
                    body: problem.body(&self.instance, self.request_id.as_str()),
                    ..Reply::default()
                }
            }
        }
    }

    fn done(&self, outcome: &Outcome, Done { subject, promoted }: &Done) -> Reply {
        let lot_version = outcome.version.map(|version| version.0);
        let lot = outcome.lot.as_ref().map_or("", LotId::as_str);
        let promoted = PromotedBody::all(promoted);
        let created = matches!(self.form, Form::Created | Form::Published);
        let tag = |revision| (self.form != Form::Removed).then(|| etag(revision));
        let (body, location, etag) = match subject {
            Subject::Ticket { ticket, position } => {
                let body = TicketBody::of(ticket, *position);
                (
                    write(&TicketChange { ticket: body, lot_version, promoted }),
                    Some(ticket_url(ticket.id)),
                    None,
                )
            }
            Subject::Lot(lot, tally) => {
                let body = write(&LotChange { lot: LotBody::of(lot, tally), lot_version, promoted });
                (body, Some(lot_url(&lot.id)), tag(lot.revision))
            }
            Subject::Tariff(series) => {
                let place = match series.newest_version().filter(|_| self.form == Form::Published) {
                    Some(version) => version_url(&version),
                    None => tariff_url(&series.id),
                };
                (write(&TariffChange { tariff: TariffBody::of(series) }), Some(place), tag(series.revision))
            }
            Subject::Discount(discount) => {
                let (place, tag) = (discount_url(lot, &discount.code), tag(discount.revision));
                let discount = DiscountBody::of(discount);
                (write(&DiscountChange { discount, lot_version, promoted }), Some(place), tag)
            }
            Subject::Slot(slot) => {
                let body = write(&SlotChange { slot: SlotBody::of(lot, slot), lot_version, promoted });
                (body, None, tag(slot.revision))
            }
            Subject::Slots(slots) => match slots.as_slice() {
                [slot] if created => {
                    let body = write(&SlotChange { slot: SlotBody::of(lot, slot), lot_version, promoted });
                    (body, Some(slot_url(lot, &slot.label)), tag(slot.revision))
                }
                slots => {
                    let slots = slots.iter().map(|slot| SlotBody::of(lot, slot)).collect();
                    (write(&SlotsChange { slots, lot_version, promoted }), None, None)
                }
            },
        };
        Reply { status: self.form.status(), location: location.filter(|_| created), etag, body }
    }
}

/// A reply as actix sends it.
pub(crate) fn response(reply: Reply) -> HttpResponse {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = HttpResponse::build(status);
    let media_type = if reply.status < 400 { "application/json" } else { PROBLEM_JSON };
    response.insert_header((header::CONTENT_TYPE, media_type));
    response.insert_header((header::CACHE_CONTROL, "no-store"));
    if let Some(location) = reply.location {
        response.insert_header((header::LOCATION, location));
    }
    if let Some(etag) = reply.etag {
        response.insert_header((header::ETAG, etag));
    }
    response.body(reply.body)
}
