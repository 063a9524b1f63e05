//! What a stay would cost.

use std::sync::Arc;

use super::tariffs::ready_tariff;
use crate::{
    discount::{DiscountCode, Gift, counts_before},
    outcome::Refusal,
    ports::{Fault, PortError, Records, TicketFilter, TicketView},
    protocol::{EARLIER_STAYS, Rules},
    tariff::{Change, Discount, EarlierStay, Fee, FeePolicy, Grant, Stay, Tariff, TariffVersion, day_began},
    ticket::{Berth, Stage, Ticket, TicketStatus},
    time::Timestamp,
};

/// The fee of a vehicle that leaves at a certain time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    /// When it leaves.
    pub at: Timestamp,
    /// What it costs then.
    pub fee: Fee,
    /// By which tariff; none if the stay began before tariffs had versions.
    pub tariff: Option<TariffVersion>,
    /// Until when it costs the same; none if it has left already.
    pub valid_until: Option<Timestamp>,
    /// What it costs next; none if it has left, or if that is not within a year.
    pub next: Option<Change>,
}

impl Quote {
    /// Of a stay that may go on.
    fn of(policy: &dyn FeePolicy, tariff: Option<TariffVersion>, stay: &Stay) -> Self {
        let next = policy.next_change(stay);
        let valid_until = Some(Change::holds_until(next, stay));
        Self { at: stay.ended_at, fee: policy.fee(stay), tariff, valid_until, next }
    }
}

/// The fee of a ticket if its vehicle left at `at`, or the fee that it paid. A vehicle without a slot has none.
pub async fn quote(
    records: &dyn Records,
    rules: &Rules,
    view: &TicketView,
    at: Timestamp,
) -> Result<Result<Quote, Refusal>, PortError> {
    let ticket = &view.ticket;
    match &ticket.stage {
        Stage::Departed { at, fee, berth, .. } => {
            let (fee, tariff) = (fee.clone(), berth.tariff.clone());
            Ok(Ok(Quote { at: *at, fee, tariff, valid_until: None, next: None }))
        }
        Stage::Parked(berth) => parked(records, rules, view, berth, at).await.map(Ok),
        _ => Ok(Err(Refusal::NotParked { ticket: ticket.id, status: ticket.status() })),
    }
}

async fn parked(
    records: &dyn Records,
    rules: &Rules,
    TicketView { ticket, lot }: &TicketView,
    berth: &Berth,
    at: Timestamp,
) -> Result<Quote, PortError> {
    let at = at.max(berth.since);
    let mut stay = Stay::new(berth.since, at, ticket.class.clone(), lot.zone, lot.currency);
    let pinned = match &berth.tariff {
        Some(version) => {
            let ready = ready_tariff(records, &rules.tariffs, version).await?;
            let lost = || PortError::new("reading tariffs", Fault::Corrupt, "a pinned tariff is not there");
            Some(ready.ok_or_else(lost)?)
        }
        None => None,
    };
    let policy: &dyn FeePolicy = pinned.as_deref().map_or(&*rules.fees, |tariff| tariff);
    stay.discounts = discounts(records, rules, ticket).await?;
    let given = |discount: &Discount| matches!(&discount.grant, Grant::Tariff(given) if given.accumulates());
    if policy.accumulates() || stay.discounts.iter().any(given) {
        stay.earlier_stays = earlier_stays(records, ticket, day_began(lot.zone, berth.since)).await?;
    }
    Ok(Quote::of(policy, berth.tariff.clone(), &stay))
}

/// A discount of a stay that is tried out.
#[derive(Debug, Clone)]
pub struct Tried {
    /// Its code.
    pub code: DiscountCode,
    /// What it takes off.
    pub gift: Gift,
    /// The tariff that it gives, if it gives one.
    pub tariff: Option<Arc<Tariff>>,
}

/// What a stay would cost that is tried out, or why its exit would refuse one of the discounts.
pub fn trial(
    tariff: &Tariff,
    version: Option<TariffVersion>,
    mut stay: Stay,
    discounts: Vec<Tried>,
) -> Result<Quote, Refusal> {
    if let Some(refusal) = refused(tariff, &stay, &discounts) {
        return Err(refusal);
    }
    let granted = |Tried { code, gift, tariff }: Tried| gift.granted(&code, |_version| tariff);
    stay.discounts = discounts.into_iter().filter_map(granted).collect();
    Ok(Quote::of(tariff, version, &stay))
}

fn refused(policy: &dyn FeePolicy, stay: &Stay, discounts: &[Tried]) -> Option<Refusal> {
    let without_effect = |code: &DiscountCode, behind: Option<&DiscountCode>| {
        Refusal::DiscountWithoutEffect { code: code.clone(), behind: behind.cloned() }
    };
    if policy.ignores_discounts(stay) {
        return discounts.first().map(|first| without_effect(&first.code, None));
    }
    discounts.iter().enumerate().find_map(|(at, Tried { code, gift, tariff })| {
        let before = &discounts[..at];
        let currency = tariff.as_ref().and_then(|tariff| tariff.document().currency);
        let other = currency.filter(|currency| *currency != stay.currency);
        if before.iter().any(|before| before.code == *code) {
            Some(Refusal::DiscountAlreadyAttached(code.clone()))
        } else if let Some(currency) = other {
            Some(Refusal::OtherCurrency { tariff: currency, lot: stay.currency })
        } else {
            let has = before.iter().map(|before| (&before.code, &before.gift));
            counts_before(policy, has, gift).map(|behind| without_effect(code, Some(behind)))
        }
    })
}

/// What the discounts of a ticket take off.
async fn discounts(
    records: &dyn Records,
    rules: &Rules,
    ticket: &Ticket,
) -> Result<Vec<Discount>, PortError> {
    let mut granted = Vec::with_capacity(ticket.discounts.len());
    for code in &ticket.discounts {
        let Some(discount) = records.discount(ticket.lot.clone(), code.clone()).await? else { continue };
        let ready = match discount.terms.gift.tariff() {
            Some(version) => ready_tariff(records, &rules.tariffs, version).await?,
            None => None,
        };
        granted.extend(discount.terms.gift.granted(code, |_version| ready));
    }
    Ok(granted)
}

/// The stays of the ticket's plate in its lot that ended after an instant.
async fn earlier_stays(
    records: &dyn Records,
    ticket: &Ticket,
    since: Timestamp,
) -> Result<Vec<EarlierStay>, PortError> {
    let (plate, status) = (Some(ticket.plate.key().clone()), Some(TicketStatus::Departed));
    let filter = TicketFilter { plate, status, ..TicketFilter::default() };
    let departed = records.tickets(ticket.lot.clone(), filter, Some(ticket.number), EARLIER_STAYS).await?;
    let stay = |ticket: &Ticket| {
        let (from, to) = (ticket.berth()?.since, ticket.ended_at()?);
        (to > since).then_some(EarlierStay { from, to })
    };
    Ok(departed.unwrap_or_default().iter().filter_map(stay).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        money::{Currency, MajorAmount},
        tariff::{Document, document::Stacking},
        time::Zone,
        vehicle::VehicleClass,
    };

    fn amount(text: &str) -> MajorAmount {
        MajorAmount::parse(text).unwrap()
    }

    fn currency(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    fn tried(code: &str, gift: &str, priced_in: &str) -> Tried {
        let gift = Gift::parse(gift).unwrap();
        let document =
            Document { currency: Some(currency(priced_in)), ..Document::started_hours(amount("1.00")) };
        let tariff = gift.tariff().map(|_version| Arc::new(Tariff::of(document)));
        Tried { code: DiscountCode::parse(code).unwrap(), gift, tariff }
    }

    /// What becomes of an hour at 2.00, of which a lost ticket costs 9.00.
    fn refusal(discounts: Stacking, lost_ticket: bool, given: Vec<Tried>) -> Option<Refusal> {
        let mut document = Document { discounts, ..Document::started_hours(amount("2.00")) };
        document.board.lost_ticket = Some(amount("9.00"));
        let (from, to) = (Timestamp::from_micros(0), Timestamp::from_micros(1));
        let stay = Stay::new(from, to, VehicleClass::car(), Zone::UTC, currency("EUR"));
        trial(&Tariff::of(document), None, Stay { lost_ticket, ..stay }, given).err()
    }

    #[test]
    fn a_trial_refuses_the_discounts_that_an_exit_would() {
        let code = |code| DiscountCode::parse(code).unwrap();
        let percent = |code| tried(code, "percent 10", "EUR");
        let staff = |code| tried(code, "tariff staff 1", "EUR");
        let dollars = tried("C", "tariff staff 1", "USD");
        let without = |code, behind| Refusal::DiscountWithoutEffect { code, behind };
        let twice = Refusal::DiscountAlreadyAttached(code("A"));
        let other = Refusal::OtherCurrency { tariff: currency("USD"), lot: currency("EUR") };
        for (stacking, lost, given, refused) in [
            (Stacking::All, false, vec![percent("A"), staff("B")], None),
            (Stacking::All, false, vec![percent("A"), percent("B"), percent("A")], Some(twice)),
            (Stacking::All, false, vec![percent("A"), dollars], Some(other)),
            (Stacking::All, false, vec![staff("A"), staff("B")], Some(without(code("B"), Some(code("A"))))),
            (Stacking::Best, false, vec![staff("A"), staff("B")], None),
            (Stacking::All, true, vec![percent("A")], Some(without(code("A"), None))),
            (Stacking::All, true, vec![], None),
        ] {
            let told = format!("{stacking:?} {lost} {given:?}");
            assert_eq!(refusal(stacking, lost, given), refused, "{told}");
        }
    }
}
