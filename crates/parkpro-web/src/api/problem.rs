//! What a client is told when it does not get what it asked for: RFC 9457, one shape for everything.

use std::borrow::Cow;

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use parkpro_domain::{
    demand::Demand,
    discount::MOST_DISCOUNTS,
    lot::Version,
    outcome::Refusal,
    ports::{BoxError, Fault, LedgerError, PortError},
    tariff::MOST_ASSIGNMENTS,
    ticket::{Priority, TicketId},
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    body::{Mistake, Mistakes},
    code::Code,
    shapes::write,
};

/// Its media type.
pub(crate) const PROBLEM_JSON: &str = "application/problem+json";

/// Why a request was not answered as it was asked.
#[derive(Debug)]
pub(crate) struct Problem(Box<Inner>);

#[derive(Debug)]
struct Inner {
    code: Code,
    detail: Cow<'static, str>,
    lot_version: Option<Version>,
    about: Subject,
    errors: Vec<Mistake>,
    allow: Option<String>,
    cause: Option<BoxError>,
}

/// What a refusal names besides its words.
#[derive(Debug, Clone, Copy, Default)]
struct Subject {
    ticket: Option<TicketId>,
    revision: Option<i64>,
    open_tickets: Option<i64>,
    limit: Option<u32>,
}

/// A problem as RFC 9457 writes it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemBody<'a> {
    /// The page of this program that explains the code.
    #[serde(rename = "type")]
    #[schema(example = "/docs/errors#plate-already-active")]
    kind: String,
    /// The same for every problem of this code.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What is wrong this time, for people.
    detail: &'a str,
    /// The address that was asked for.
    instance: &'a str,
    /// What kind of problem it is; stable.
    code: &'static str,
    /// Names the request in the log; also in the header `X-Request-Id`.
    request_id: &'a str,
    /// The state of the lot in which a refusal was true.
    #[serde(skip_serializing_if = "Option::is_none")]
    lot_version: Option<i64>,
    /// The ticket that is in the way.
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<uuid::Uuid>,
    /// Its address.
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket_url: Option<String>,
    /// What the revision is now (`stale`).
    #[serde(skip_serializing_if = "Option::is_none")]
    revision: Option<i64>,
    /// How many are parked or waiting (`lot-in-use`).
    #[serde(skip_serializing_if = "Option::is_none")]
    open_tickets: Option<i64>,
    /// How many may wait (`queue-full`).
    #[serde(skip_serializing_if = "Option::is_none")]
    limit: Option<u32>,
    /// Every mistake in what was sent.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    errors: &'a [Mistake],
}

impl Problem {
    /// A problem of a kind, in words for this time.
    pub(crate) fn new(code: Code, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Box::new(Inner {
            code,
            detail: detail.into(),
            lot_version: None,
            about: Subject::default(),
            errors: Vec::new(),
            allow: None,
            cause: None,
        }))
    }

    /// A problem of which its title and its page say enough.
    pub(crate) fn plain(code: Code) -> Self {
        Self::new(code, code.about().meaning)
    }

    /// A body that can be read but is wrong.
    pub(crate) fn input(mistakes: Mistakes) -> Self {
        Self::of_mistakes(mistakes, Code::InvalidInput, "The body has mistakes; errors names them.", |one| {
            Code::of_mistake(one.code)
        })
    }

    /// A query that is wrong.
    pub(crate) fn query(mistakes: Mistakes) -> Self {
        Self::of_mistakes(mistakes, Code::InvalidQuery, "The query has mistakes; errors names them.", |one| {
            match one.pointer.as_str() {
                "?limit" => Some(Code::InvalidLimit),
                "?cursor" | "?after" => Some(Code::InvalidCursor),
                _ => None,
            }
        })
    }

    /// If all mistakes are of one kind, that is the problem.
    fn of_mistakes(
        mistakes: Mistakes,
        several: Code,
        detail: &'static str,
        kind: fn(&Mistake) -> Option<Code>,
    ) -> Self {
        let (errors, more) = mistakes.into_parts();
        let code = errors.first().and_then(kind).filter(|code| errors.iter().all(|e| kind(e) == Some(*code)));
        let detail = match errors.as_slice() {
            [only] if only.pointer.is_empty() => Cow::Owned(format!("The body: {}", only.detail)),
            [only] => Cow::Owned(format!("{}: {}", only.pointer, only.detail)),
            told if more > 0 => {
                Cow::Owned(format!("{detail} They are the first {} of {}.", told.len(), told.len() + more))
            }
            _ => Cow::Borrowed(detail),
        };
        let mut problem = Self::new(code.unwrap_or(several), detail);
        problem.0.errors = errors;
        problem
    }

    /// A method that an address does not have.
    pub(crate) fn method(allow: String) -> Self {
        let mut problem = Self::new(Code::MethodNotAllowed, format!("This address has {allow}."));
        problem.0.allow = Some(allow);
        problem
    }

    /// What the record refused, and the state of the lot in which that was true.
    pub(crate) fn refused(refusal: &Refusal, version: Option<Version>) -> Self {
        let (code, detail, about) = refused(refusal);
        let mut problem = Self::new(code, detail);
        problem.0.lot_version = version;
        problem.0.about = about;
        problem
    }

    /// What kind of problem it is.
    pub(crate) const fn code(&self) -> Code {
        self.0.code
    }

    /// What a library said; for the log, never for a client.
    pub(crate) fn cause(&self) -> Option<&BoxError> {
        self.0.cause.as_ref()
    }

    /// Its bytes, for a request.
    pub(crate) fn body(&self, instance: &str, request_id: &str) -> Vec<u8> {
        let Inner { detail, lot_version, about, errors, .. } = &*self.0;
        let kind = self.0.code.about();
        write(&ProblemBody {
            kind: format!("/docs/errors#{}", kind.name),
            title: kind.title,
            status: kind.status,
            detail,
            instance,
            code: kind.name,
            request_id,
            lot_version: lot_version.map(|version| version.0),
            ticket: about.ticket.map(|ticket| ticket.0),
            ticket_url: about.ticket.map(super::shapes::ticket_url),
            revision: about.revision,
            open_tickets: about.open_tickets,
            limit: about.limit,
            errors,
        })
    }

    /// The answer to a request.
    pub(crate) fn response(&self, instance: &str, request_id: &str) -> HttpResponse {
        let status = StatusCode::from_u16(self.0.code.about().status);
        let mut response = HttpResponse::build(status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR));
        response.insert_header((header::CONTENT_TYPE, PROBLEM_JSON));
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(allow) = &self.0.allow {
            response.insert_header((header::ALLOW, allow.as_str()));
        }
        if retry_soon(self.0.code) {
            response.insert_header((header::RETRY_AFTER, "1"));
        }
        response.body(self.body(instance, request_id))
    }

    fn caused_by(mut self, cause: impl Into<BoxError>) -> Self {
        self.0.cause = Some(cause.into());
        self
    }
}

/// Whether the same request may well be answered a second later.
pub(crate) const fn retry_soon(code: Code) -> bool {
    matches!(code, Code::RequestInProgress) || code.about().status == 503
}

fn nothing_fits(demand: &Demand) -> String {
    let needs: Vec<&str> = demand.needs().collect();
    let class = demand.class();
    match needs.as_slice() {
        [] => format!("No slot of the lot ever accepts a {class}."),
        needs => format!("No slot of the lot ever accepts a {class} that needs {}.", needs.join(" and ")),
    }
}

/// The one place where a refusal gets its code.
#[expect(clippy::too_many_lines, reason = "one arm for each refusal")]
fn refused(refusal: &Refusal) -> (Code, String, Subject) {
    let none = Subject::default();
    let of = |ticket: &TicketId| Subject { ticket: Some(*ticket), ..none };
    match refusal {
        Refusal::NoSuchLot(Some(lot)) => (Code::NoSuchLot, format!("There is no lot {lot}."), none),
        Refusal::NoSuchLot(None) => (Code::NoSuchLot, "There is no such lot.".to_owned(), none),
        Refusal::NoSuchTicket(ticket) => (Code::NoSuchTicket, format!("There is no ticket {ticket}."), none),
        Refusal::NoSuchSlot(label) => (Code::NoSuchSlot, format!("The lot has no slot {label}."), none),
        Refusal::LotIdTaken(lot) => {
            (Code::LotIdTaken, format!("The id {lot} belongs to a lot, or did before it was removed."), none)
        }
        Refusal::LotInUse { open_tickets } => (
            Code::LotInUse,
            format!("Vehicles that are parked or wait in the lot: {open_tickets}."),
            Subject { open_tickets: Some(*open_tickets), ..none },
        ),
        Refusal::PriorityInUse { priority, waiting } => {
            let detail = format!("Vehicles that wait with the priority {}: {waiting}.", priority.as_str());
            (Code::PriorityInUse, detail, none)
        }
        Refusal::LabelTaken(label) => {
            (Code::LabelTaken, format!("The label {label} is taken, or given twice."), none)
        }
        Refusal::SlotOccupied { label, ticket } => {
            (Code::SlotOccupied, format!("A vehicle stands in slot {label}."), of(ticket))
        }
        Refusal::Stale { revision } => (
            Code::Stale,
            format!("It was changed since it was read; its revision is now {revision}."),
            Subject { revision: Some(*revision), ..none },
        ),
        Refusal::PlateAlreadyActive { ticket } => {
            (Code::PlateAlreadyActive, format!("The vehicle is here with ticket {ticket}."), of(ticket))
        }
        Refusal::LotClosed => (Code::LotClosed, "The lot takes no vehicles now.".to_owned(), none),
        Refusal::QueueFull { limit } => (
            Code::QueueFull,
            format!("No slot is free for the vehicle, and {limit} wait, which is as many as may."),
            Subject { limit: Some(*limit), ..none },
        ),
        Refusal::NothingFits(demand) => (Code::NothingFits, nothing_fits(demand), none),
        Refusal::ReservedWithoutFeature(label) => {
            let detail = format!("Slot {label} would be reserved for a feature, and it has none.");
            (Code::ReservedWithoutFeature, detail, none)
        }
        Refusal::UnknownPriority { priority, known } => {
            let known: Vec<&str> = known.iter().map(Priority::as_str).collect();
            let (priority, known) = (priority.as_str(), known.join(", "));
            (Code::UnknownPriority, format!("The lot has no priority {priority}; it has {known}."), none)
        }
        Refusal::NotInside => (Code::NotInside, "The vehicle is not inside this lot.".to_owned(), none),
        Refusal::SlotEmpty(label) => (Code::SlotEmpty, format!("No vehicle stands in slot {label}."), none),
        Refusal::StillWaiting { ticket } => {
            (Code::StillWaiting, "The vehicle still waits for a slot.".to_owned(), of(ticket))
        }
        Refusal::AlreadyDeparted { ticket } => {
            (Code::AlreadyDeparted, format!("The vehicle has left with ticket {ticket}."), of(ticket))
        }
        Refusal::NotWaiting { ticket, status } => {
            (Code::NotWaiting, format!("The ticket is {}, not waiting.", status.as_str()), of(ticket))
        }
        Refusal::NoSuchTariff(tariff) => (Code::NoSuchTariff, format!("There is no tariff {tariff}."), none),
        Refusal::NoSuchTariffVersion(version) => (
            Code::NoSuchTariffVersion,
            format!("There is no version {} of the tariff {}.", version.number, version.tariff),
            none,
        ),
        Refusal::TariffIdTaken(tariff) => {
            (Code::TariffIdTaken, format!("There is a tariff {tariff} already."), none)
        }
        Refusal::NoDraft(tariff) => (Code::NoDraft, format!("The tariff {tariff} has no draft."), none),
        Refusal::TariffOfSettings(tariff) => (
            Code::TariffOfSettings,
            format!("The tariff {tariff} is what the settings of the program say it is."),
            none,
        ),
        Refusal::OtherCurrency { tariff, lot } => {
            (Code::OtherCurrency, format!("The prices of the tariff are in {tariff}, not in {lot}."), none)
        }
        Refusal::TooManyTariffs => (
            Code::TooManyTariffs,
            format!(
                "The lot has {MOST_ASSIGNMENTS} tariffs that hold or will hold, which is as many as it may."
            ),
            none,
        ),
        Refusal::NoSuchDiscount(code) => {
            (Code::NoSuchDiscount, format!("There is no discount {code} here."), none)
        }
        Refusal::DiscountCodeTaken(code) => {
            (Code::DiscountCodeTaken, format!("The lot has a discount {code} already."), none)
        }
        Refusal::EndsBeforeItBegins { from, until } => (
            Code::EndsBeforeItBegins,
            format!("The discount would be valid until {until}, which is not after {from}, when it begins."),
            none,
        ),
        Refusal::DiscountUsedUp(code) => {
            (Code::DiscountUsedUp, format!("The discount {code} was used as often as it may be."), none)
        }
        Refusal::DiscountUsedByPlate(code) => (
            Code::DiscountUsedByPlate,
            format!("This vehicle has used the discount {code} as often as it may."),
            none,
        ),
        Refusal::DiscountExpired(code) => {
            (Code::DiscountExpired, format!("The discount {code} can be used no more."), none)
        }
        Refusal::DiscountNotYetValid(code) => {
            (Code::DiscountNotYetValid, format!("The discount {code} cannot be used yet."), none)
        }
        Refusal::DiscountAlreadyAttached(code) => (
            Code::DiscountAlreadyAttached,
            format!("The ticket has the discount {code} already, or it was given twice."),
            none,
        ),
        Refusal::DiscountStandsAlone(code) => (
            Code::DiscountStandsAlone,
            format!("The discount {code} and those that the ticket has cannot be used together."),
            none,
        ),
        Refusal::DiscountWithoutEffect { code, behind: Some(behind) } => (
            Code::DiscountWithoutEffect,
            format!(
                "The stay has the prices of another tariff by the discount {behind}; {code} would change nothing."
            ),
            none,
        ),
        Refusal::DiscountWithoutEffect { code, behind: None } => (
            Code::DiscountWithoutEffect,
            format!(
                "A lost ticket has a price of its own, from which the discount {code} takes nothing off."
            ),
            none,
        ),
        Refusal::TooManyDiscounts => (
            Code::TooManyDiscounts,
            format!("The ticket has {MOST_DISCOUNTS} discounts, which is as many as it may."),
            none,
        ),
        Refusal::NotParked { ticket, status } => {
            (Code::NotParked, format!("The ticket is {}, not parked.", status.as_str()), of(ticket))
        }
    }
}

impl From<LedgerError> for Problem {
    fn from(error: LedgerError) -> Self {
        match error {
            LedgerError::Overloaded => Self::plain(Code::Overloaded),
            LedgerError::Closing => Self::plain(Code::Closing),
            LedgerError::Port(error) => error.into(),
        }
    }
}

impl From<PortError> for Problem {
    fn from(error: PortError) -> Self {
        let code = match error.fault {
            Fault::Unavailable => Code::StoreUnavailable,
            Fault::Busy | Fault::Conflict => Code::LotBusy,
            Fault::KeyBusy => Code::RequestInProgress,
            Fault::OutcomeUnknown => Code::OutcomeUnknown,
            Fault::Corrupt => Code::Internal,
        };
        Self::plain(code).caused_by(error)
    }
}
