//! Discounts of a lot: listed, made, changed, removed; and the tickets that get one.

use parkpro_domain::{
    command::{Command, DiscountRevision, NewTerms},
    discount::{DiscountCode, Gift, Terms, ends_before_it_begins},
    invalid::Invalid,
    money::MajorAmount,
    tariff::{Length, TariffId, TariffVersion, document::Percent},
    time::Timestamp,
};

use super::{
    Answered, Call, Code, DiscountBody, DiscountChange, Form, Page, Place, Problem, TicketChange, at,
    body::{Fields, Mistakes, Read, flag, instant, text, whole},
    call::{SMALL, read},
    etag,
    json::Json,
    ok,
    paging::Part,
};
use crate::docs::{
    Doc, Tag,
    requests::{DiscountTerms, NewDiscount, Validation},
    samples,
};

pub(super) fn places() -> Vec<Place> {
    let listed = || {
        Doc::read("listDiscounts", Tag::Discounts, "The discounts of a lot, by code")
            .paged()
            .answers_page::<DiscountBody<'_>>("A page", samples::discounts())
            .refuses(&[Code::NoSuchLot])
    };
    let made = || {
        Doc::change("addDiscount", Tag::Discounts, "A new discount")
        .says("Without limits everybody may use it, any number of times. A code that was removed comes back under the new terms; who has used it has used it.")
        .takes::<NewDiscount>(samples::new_discount())
        .creates::<DiscountChange<'_>>("The discount", samples::discount_added())
        .tagged()
        .refuses(&[Code::NoSuchLot, Code::DiscountCodeTaken, Code::InvalidDiscount])
        .refuses(&OF_TERMS)
    };
    let shown = || {
        Doc::read("getDiscount", Tag::Discounts, "One discount")
            .answers::<DiscountBody<'_>>(200, "The discount", samples::discount())
            .tagged()
            .refuses(&[Code::NoSuchLot, Code::NoSuchDiscount, Code::InvalidQuery])
    };
    let changed = || {
        Doc::change("changeDiscount", Tag::Discounts, "New terms of a discount")
            .says("What is missing stays. Tickets that have it pay by the new terms.")
            .takes::<DiscountTerms>(samples::discount_terms())
            .conditional()
            .answers::<DiscountChange<'_>>(200, "The discount as it now is", samples::discount_changed())
            .tagged()
            .refuses(&[Code::NoSuchLot, Code::NoSuchDiscount])
            .refuses(&OF_TERMS)
    };
    let removed = || {
        Doc::change("removeDiscount", Tag::Discounts, "A discount goes")
            .says("Tickets that have it keep it.")
            .conditional()
            .answers::<DiscountChange<'_>>(200, "The discount as it last was", samples::discount_changed())
            .refuses(&[Code::NoSuchLot, Code::NoSuchDiscount])
    };
    let attached = || {
        Doc::change("attachDiscount", Tag::Discounts, "A ticket gets a discount")
        .says("As a shop does that validates a ticket. The vehicle is parked or waits. It counts as used from now on, and holds at the exit also if it has expired by then. It is given back when it is taken off, and when the ticket is withdrawn or voided.")
        .takes::<Validation>(samples::validation())
        .answers::<TicketChange<'_>>(200, "The ticket as it now is", samples::validated())
        .refuses(&[Code::NoSuchTicket, Code::AlreadyDeparted, Code::NotParked, Code::InvalidDiscount])
        .refuses(&REDEEMING)
    };
    let detached = || {
        Doc::change("detachDiscount", Tag::Discounts, "A discount is taken off a ticket")
            .answers::<TicketChange<'_>>(200, "The ticket as it now is", samples::entered())
            .refuses(&[Code::NoSuchTicket, Code::AlreadyDeparted, Code::NotParked, Code::NoSuchDiscount])
    };
    vec![
        at("/api/v1/lots/{lot}/discounts").get(list_discounts, listed).post(add, made),
        at("/api/v1/lots/{lot}/discounts/{code}")
            .get(show, shown)
            .patch(change, changed)
            .delete(remove, removed),
        at("/api/v1/tickets/{id}/discounts").post(attach, attached),
        at("/api/v1/tickets/{id}/discounts/{code}").delete(detach, detached),
    ]
}

/// What can be wrong with the terms of a discount.
const OF_TERMS: [Code; 10] = [
    Code::NotPositive,
    Code::ChooseOne,
    Code::OutOfRange,
    Code::InvalidPercent,
    Code::InvalidAmount,
    Code::InvalidTariffId,
    Code::InvalidInstant,
    Code::EndsBeforeItBegins,
    Code::NoSuchTariffVersion,
    Code::OtherCurrency,
];

/// Why a code may be refused.
pub(super) const REDEEMING: [Code; 9] = [
    Code::NoSuchDiscount,
    Code::DiscountUsedUp,
    Code::DiscountUsedByPlate,
    Code::DiscountExpired,
    Code::DiscountNotYetValid,
    Code::DiscountAlreadyAttached,
    Code::DiscountStandsAlone,
    Code::DiscountWithoutEffect,
    Code::TooManyDiscounts,
];

async fn list_discounts(call: Call) -> Answered {
    let lot = call.lot()?;
    let part = call.query(|mut fields| {
        let part = Part::<DiscountCode>::of(&mut fields);
        fields.finish(|| Some(part))
    })?;
    let discounts = call.park.records.discounts(lot, part.after.clone(), part.limit()).await?;
    let mut discounts = discounts.ok_or_else(|| Problem::plain(Code::NoSuchLot))?;
    let next_cursor = part.cut(&mut discounts, |discount| discount.code.clone());
    Ok(ok(&Page { data: discounts.iter().map(DiscountBody::of).collect(), next_cursor }))
}

async fn show(call: Call) -> Answered {
    call.no_query()?;
    let (lot, code) = (call.lot()?, call.discount()?);
    let discount = call.park.records.discount(lot.clone(), code).await?;
    let Some(discount) = discount.filter(|discount| !discount.retired) else {
        let lot = call.park.records.lot(lot).await?;
        return Err(Problem::plain(if lot.is_some() { Code::NoSuchDiscount } else { Code::NoSuchLot }));
    };
    let mut response = ok(&DiscountBody::of(&discount));
    super::tag(&mut response, &etag(discount.revision));
    Ok(response)
}

async fn add(mut call: Call) -> Answered {
    let lot = call.lot()?;
    let body = call.body(SMALL).await?;
    let json = body.json()?;
    let (code, terms) = read(&json, |mut fields| {
        let code = fields.required("code", text(DiscountCode::parse));
        let gift = fields.required("grant", gift);
        let valid_from = fields.optional("valid_from", instant);
        let valid_until = fields.optional("valid_until", instant);
        let limit = fields.optional("limit", whole(1..=u32::MAX));
        let limit_per_plate = fields.optional("limit_per_plate", whole(1..=u32::MAX));
        let stacks = fields.optional("stacks", flag).unwrap_or(true);
        unless_never(&mut fields, valid_from, valid_until);
        fields.finish(|| {
            Some((code?, Terms { gift: gift?, valid_from, valid_until, limit, limit_per_plate, stacks }))
        })
    })?;
    let command = Command::ReviseDiscount { lot, code, revision: DiscountRevision::New(terms) };
    call.change(command, Form::Created, Some(&json)).await
}

fn unless_never(fields: &mut Fields<'_>, from: Option<Timestamp>, until: Option<Timestamp>) {
    if ends_before_it_begins(from, until).is_some() {
        fields.wrong_in(
            "valid_until",
            Mistakes::of("ends-before-it-begins", "valid_until must be after valid_from"),
        );
    }
}

async fn change(mut call: Call) -> Answered {
    let (lot, code, seen) = (call.lot()?, call.discount()?, call.if_match()?);
    let body = call.body(SMALL).await?;
    let json = body.json()?;
    let terms = read(&json, |mut fields| {
        let gift = fields.changed("grant", gift);
        let valid_from = fields.cleared("valid_from", instant);
        let valid_until = fields.cleared("valid_until", instant);
        let limit = fields.cleared("limit", whole(1..=u32::MAX));
        let limit_per_plate = fields.cleared("limit_per_plate", whole(1..=u32::MAX));
        let stacks = fields.changed("stacks", flag);
        unless_never(&mut fields, valid_from.flatten(), valid_until.flatten());
        let terms = NewTerms { gift, valid_from, valid_until, limit, limit_per_plate, stacks };
        fields.finish(|| Some(Box::new(terms)))
    })?;
    let command = Command::ReviseDiscount { lot, code, revision: DiscountRevision::Change { terms, seen } };
    call.change(command, Form::Changed, Some(&json)).await
}

async fn remove(call: Call) -> Answered {
    let (lot, code, seen) = (call.lot()?, call.discount()?, call.if_match()?);
    let command = Command::ReviseDiscount { lot, code, revision: DiscountRevision::Remove { seen } };
    call.change(command, Form::Removed, None).await
}

async fn attach(mut call: Call) -> Answered {
    let ticket = call.ticket()?;
    let body = call.body(SMALL).await?;
    let json = body.json()?;
    let code = read(&json, |mut fields| {
        let code = fields.required("code", text(DiscountCode::parse));
        fields.finish(|| code)
    })?;
    call.change(Command::AttachDiscount { ticket, code }, Form::Changed, Some(&json)).await
}

async fn detach(call: Call) -> Answered {
    let (ticket, code) = (call.ticket()?, call.discount()?);
    call.change(Command::DetachDiscount { ticket, code }, Form::Removed, None).await
}

/// Ten years.
const MOST_MINUTES: i64 = Length::LONGEST.seconds() / 60;

/// What a discount takes off.
pub(super) fn gift(json: &Json<'_>) -> Read<Gift> {
    let mut fields = Fields::of(json)?;
    let gift = gift_of(&mut fields);
    fields.finish(|| gift)
}

/// What is taken off, among other fields.
pub(super) fn gift_of(fields: &mut Fields<'_>) -> Option<Gift> {
    let kinds = ["free_minutes", "percent", "amount", "tariff"];
    let given = kinds.into_iter().filter(|kind| fields.has(kind)).count();
    let free = fields.optional("free_minutes", free_minutes);
    let percent = fields.optional("percent", text(|given| Percent::parse(given).and_then(Gift::of_percent)));
    let amount = fields.optional("amount", text(|given| MajorAmount::parse(given).and_then(Gift::of_amount)));
    let tariff = fields.optional("tariff", text(TariffId::parse));
    let number = fields.optional("version", whole(1..=i64::MAX));
    if given != 1 {
        fields.wrong("choose-one", "give one of free_minutes, percent, amount and tariff");
    }
    if given == 1 && fields.has("tariff") != fields.has("version") {
        fields.wrong("choose-one", "tariff and version belong together");
    }
    let version = tariff.zip(number).map(|(tariff, number)| TariffVersion { tariff, number });
    let gift = free.map(Gift::Free).or(percent).or(amount);
    gift.or(version.map(Gift::Tariff))
}

fn free_minutes(json: &Json<'_>) -> Read<Length> {
    let minutes = whole(1..=MOST_MINUTES)(json)?;
    Length::of_seconds(minutes * 60).map_err(|wrong: Invalid| Mistakes::from(wrong))
}
