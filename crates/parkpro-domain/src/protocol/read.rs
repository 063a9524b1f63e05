//! Reading what the commands of a turn need to know, step by step.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use super::{Ground, Rules, Transaction};
use crate::{
    command::Command,
    facts::{Facts, Needs},
    lot::LotId,
    ports::{Fault, PortError, Request},
    tariff::{DocumentText, EarlierStay, TariffVersion, day_began},
    ticket::{TicketId, TicketStatus, Turn},
    time::Timestamp,
    vehicle::PlateKey,
};

/// What requests of lots need to know, by lot.
pub(super) fn needs(batch: &[&Request], places: Vec<(usize, &LotId)>) -> Vec<(LotId, Needs)> {
    let mut needs: BTreeMap<LotId, Needs> = BTreeMap::new();
    for (place, lot) in places {
        needs.entry(lot.clone()).or_default().add(&batch[place].command);
    }
    needs.into_iter().collect()
}

/// The facts of every lot of this turn, and the clock.
pub(super) async fn read<T: Transaction>(
    tx: &mut T,
    rules: &Rules,
    batch: &[&Request],
    seated: &[(usize, Ground)],
) -> Result<(BTreeMap<Ground, Facts>, Timestamp), PortError> {
    let mut held = Vec::with_capacity(seated.len());
    let mut facts = BTreeMap::new();
    for (place, ground) in seated {
        match ground {
            Ground::Held(lot) => held.push((*place, lot)),
            Ground::Missing => drop(facts.insert(ground.clone(), Facts::of_no_lot(false))),
            Ground::Vacant { id_taken } => drop(facts.insert(ground.clone(), Facts::of_no_lot(*id_taken))),
            Ground::Tariff => {}
        }
    }
    let needs = needs(batch, held);
    let (mut held, now) = tx.facts(&needs).await?;
    for ((lot, needs), facts) in needs.iter().zip(&mut held) {
        read_discounts(tx, lot, needs, facts).await?;
    }
    read_prices(tx, rules, &needs, &mut held, now).await?;
    for ((lot, _), mut known) in needs.into_iter().zip(held) {
        let amended = seated.iter().find(|(_, ground)| *ground == Ground::Held(lot.clone()));
        if let Some((ticket, turn)) = amended.and_then(|(place, _)| new_turn(&known, &batch[*place].command))
        {
            known.ahead = tx.ahead(&lot, ticket, turn).await?;
        }
        if known.lot.as_ref().is_some_and(|lot| lot.priorities.are_ageing()) {
            let of_lot = seated.iter().filter(|(_, ground)| *ground == Ground::Held(lot.clone()));
            let commands = of_lot.map(|(place, _)| &batch[*place].command);
            if let Some(from) = first_overtaker(&known, commands, now) {
                known.know_behind(tx.behind(&lot, from).await?);
            }
        }
        facts.insert(Ground::Held(lot), known);
    }
    Ok((facts, now))
}

/// Most lots have none, and most tickets.
async fn read_discounts<T: Transaction>(
    tx: &mut T,
    lot: &LotId,
    needs: &Needs,
    facts: &mut Facts,
) -> Result<(), PortError> {
    let Some((codes, uses)) = facts.discounted(needs) else { return Ok(()) };
    let (codes, uses): (Vec<_>, Vec<_>) = (codes.into_iter().collect(), uses.into_iter().collect());
    let (discounts, uses) = tx.discounts(lot, &codes, &uses).await?;
    for discount in discounts {
        facts.know_discount(discount);
    }
    for uses in uses {
        facts.know_uses(uses);
    }
    Ok(())
}

/// What the stays are priced by that may end in this turn. Almost always it is at hand already.
async fn read_prices<T: Transaction>(
    tx: &mut T,
    rules: &Rules,
    needs: &[(LotId, Needs)],
    held: &mut [Facts],
    now: Timestamp,
) -> Result<(), PortError> {
    if needs.iter().all(|(_, needs)| !needs.prices && needs.tariffs.is_empty()) {
        return Ok(());
    }
    let mut unread = BTreeSet::new();
    for ((_, needs), facts) in needs.iter().zip(held.iter_mut()) {
        let prices = if needs.prices { facts.prices() } else { HashSet::new() };
        let wanted: Vec<TariffVersion> = prices.into_iter().chain(&needs.tariffs).cloned().collect();
        for version in wanted {
            match rules.tariffs.get(&version) {
                Some(tariff) => facts.know_tariff(version, tariff),
                None => drop(unread.insert(version)),
            }
        }
    }
    if !unread.is_empty() {
        let documents = tx.documents(&unread.iter().collect::<Vec<_>>()).await?;
        for (version, document) in documents {
            let tariff = learn(rules, &version, &document)?;
            for facts in held.iter_mut() {
                facts.know_tariff(version.clone(), Arc::clone(&tariff));
            }
        }
    }
    for ((lot, needs), facts) in needs.iter().zip(held) {
        if needs.prices {
            unless_lost(facts)?;
            read_earlier_stays(tx, rules, (lot, needs), facts, now).await?;
        }
    }
    Ok(())
}

fn learn(
    rules: &Rules,
    version: &TariffVersion,
    document: &DocumentText,
) -> Result<Arc<crate::tariff::Tariff>, PortError> {
    let doing = "reading the document of a tariff";
    rules.tariffs.learn(version.clone(), document).map_err(|why| PortError::new(doing, Fault::Corrupt, why))
}

/// Nobody is charged by another tariff because the record has lost the right one.
fn unless_lost(facts: &Facts) -> Result<(), PortError> {
    match facts.prices().into_iter().find(|version| facts.tariff(version).is_none()) {
        Some(lost) => {
            let why = format!("the version {lost} is pinned, and is not there");
            Err(PortError::new("reading tariffs", Fault::Corrupt, why))
        }
        None => Ok(()),
    }
}

async fn read_earlier_stays<T: Transaction>(
    tx: &mut T,
    rules: &Rules,
    (lot, needs): (&LotId, &Needs),
    facts: &mut Facts,
    now: Timestamp,
) -> Result<(), PortError> {
    let Some((plates, oldest)) = facts.accumulating(needs, rules, now) else { return Ok(()) };
    let Some(zone) = facts.lot.as_ref().map(|lot| lot.zone) else { return Ok(()) };
    let mut stays: HashMap<PlateKey, Vec<EarlierStay>> =
        plates.iter().map(|plate| (plate.clone(), Vec::new())).collect();
    for (plate, stay) in tx.earlier_stays(lot, &plates, day_began(zone, oldest)).await? {
        stays.entry(plate).or_default().push(stay);
    }
    for (plate, stays) in stays {
        facts.know_earlier_stays(plate, stays);
    }
    Ok(())
}

/// The turn that a waiting ticket has after it was changed.
fn new_turn(facts: &Facts, command: &Command) -> Option<(TicketId, Turn)> {
    let (ticket, priority) = match command {
        Command::AmendTicket { ticket, priority, .. } => (ticket, priority.as_ref()),
        Command::AttachDiscount { ticket, .. } | Command::DetachDiscount { ticket, .. } => (ticket, None),
        _ => return None,
    };
    let ticket = facts.ticket(*ticket).filter(|ticket| ticket.status() == TicketStatus::Waiting)?;
    let priorities = &facts.lot.as_ref()?.priorities;
    let priority = priority.unwrap_or(&ticket.priority);
    Some((ticket.id, priorities.turn(priority, ticket.number, ticket.arrived_at)?))
}

/// The first turn that an arrival of this turn may have who goes before some that came earlier; none if none does.
fn first_overtaker<'c>(
    facts: &Facts,
    commands: impl Iterator<Item = &'c Command>,
    now: Timestamp,
) -> Option<Turn> {
    let lot = facts.lot.as_ref()?;
    let now = lot.instant_after_last(now);
    let turns = commands.filter_map(|command| match command {
        Command::Enter(enter) => lot.priorities.overtakes_from(&enter.priority, now),
        _ => None,
    });
    turns.min()
}
