//! What is known of tariffs, discounts and earlier stays: what fees depend on besides the stay itself.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use super::{Facts, Needs};
use crate::{
    command::Leaving,
    discount::{Discount, DiscountCode, Uses},
    protocol::Rules,
    slot::SlotLabel,
    tariff::{EarlierStay, FeePolicy, Tariff, TariffVersion},
    ticket::{Stage, Ticket},
    time::Timestamp,
    vehicle::PlateKey,
};

/// A discount and a vehicle that may use it.
pub type Use = (DiscountCode, PlateKey);

impl Facts {
    /// The tariffs by which the stays of this turn may be priced: of those who are parked, and of those who may yet park.
    pub fn prices(&self) -> HashSet<&TariffVersion> {
        let parked = self.tickets.values().filter_map(|ticket| match &ticket.stage {
            Stage::Parked(berth) => berth.tariff.as_ref(),
            _ => None,
        });
        let given = self.lot.iter().flat_map(|lot| lot.tariffs.iter()).map(|given| &given.tariff);
        let gifts = self.discounts.values().filter_map(|discount| discount.terms.gift.tariff());
        parked.chain(given).chain(gifts).collect()
    }

    /// Adds a tariff, ready to price stays.
    pub fn know_tariff(&mut self, version: TariffVersion, tariff: Arc<Tariff>) {
        self.tariffs.insert(version, tariff);
    }

    /// A tariff that is needed here.
    pub fn tariff(&self, version: &TariffVersion) -> Option<&Tariff> {
        self.tariffs.get(version).map(|tariff| &**tariff)
    }

    /// A tariff that is needed here, to be kept.
    pub fn ready(&self, version: &TariffVersion) -> Option<Arc<Tariff>> {
        self.tariffs.get(version).cloned()
    }

    /// The discounts that the commands at hand name, and those of the tickets that they may be about; and which of them
    /// which vehicle may use, or give back.
    pub fn discounted(&self, needs: &Needs) -> Option<(BTreeSet<DiscountCode>, BTreeSet<Use>)> {
        let at_hand = |ticket: &&Ticket| ticket.status().is_open() || needs.tickets.contains(&ticket.id);
        let own = |ticket: &'_ Ticket, plate: &PlateKey| {
            let codes = ticket.discounts.iter().cloned();
            codes.map(|code| (code, plate.clone())).collect::<Vec<_>>()
        };
        let tickets = self.tickets.values().filter(at_hand);
        let mut uses: BTreeSet<Use> = tickets.flat_map(|ticket| own(ticket, ticket.plate.key())).collect();
        let codes: BTreeSet<_> = uses.iter().map(|(code, _)| code).chain(&needs.discounts).cloned().collect();
        if codes.is_empty() {
            return None;
        }
        for (vehicle, code) in &needs.redeemed {
            uses.extend(
                self.plates_of(vehicle, needs).into_iter().map(|plate| (code.clone(), plate.clone())),
            );
        }
        for (ticket, plate) in &needs.corrected {
            uses.extend(self.ticket(*ticket).into_iter().flat_map(|ticket| own(ticket, plate)));
        }
        Some((codes, uses))
    }

    /// The plates that a vehicle may have which is named so, when it leaves.
    fn plates_of<'a>(&'a self, vehicle: &'a Leaving, needs: &'a Needs) -> Vec<&'a PlateKey> {
        let known = match vehicle {
            Leaving::Plate(plate) => Some(plate),
            Leaving::Ticket(id) => self.ticket(*id).map(|ticket| ticket.plate.key()),
            Leaving::Slot(label) => self.stays_in(label, needs).map(|ticket| ticket.plate.key()),
        };
        if let Some(plate) = known {
            return vec![plate];
        }
        // Somebody who waits or comes in this turn.
        let open = self.tickets.values().filter(|ticket| ticket.status().is_open());
        open.map(|ticket| ticket.plate.key()).chain(&needs.plates).collect()
    }

    /// The ticket of the vehicle in a slot, if that is the only one that may leave it in this turn.
    fn stays_in(&self, label: &SlotLabel, needs: &Needs) -> Option<&Ticket> {
        let ticket = self.ticket(self.slot_labelled(label)?.occupant?)?;
        let named = needs.occupants.iter().filter(|other| *other == label).count();
        let may_change = named > 1
            || needs.labels.contains(label)
            || needs.tickets.contains(&ticket.id)
            || needs.leaving.contains(ticket.plate.key());
        (!may_change).then_some(ticket)
    }

    /// Adds a discount, as the record has it.
    pub fn know_discount(&mut self, discount: Discount) {
        self.discounts.insert(discount.code.clone(), discount);
    }

    /// Adds how often a vehicle has used a discount; what is not added was not used.
    pub fn know_uses(&mut self, Uses { code, plate, uses }: Uses) {
        self.uses.insert((code, plate), uses);
    }

    /// A discount that is needed here, also if it was removed.
    pub fn discount(&self, code: &DiscountCode) -> Option<&Discount> {
        self.discounts.get(code)
    }

    /// How often a vehicle has used a discount.
    pub fn uses(&self, code: &DiscountCode, plate: &PlateKey) -> i64 {
        self.uses.get(&(code.clone(), plate.clone())).copied().unwrap_or(0)
    }

    /// Puts a discount in, or a new state of one that is known.
    pub(crate) fn put_discount(&mut self, discount: Discount) {
        self.before.discounts.insert(discount.code.clone());
        self.discounts.insert(discount.code.clone(), discount);
    }

    /// Counts uses of a discount by a vehicle in (or out, if negative).
    pub(crate) fn count_use(&mut self, code: &DiscountCode, plate: &PlateKey, by: i64) {
        if let Some(discount) = self.discounts.get_mut(code) {
            discount.uses += by;
            self.before.discounts.insert(code.clone());
        }
        let key = (code.clone(), plate.clone());
        self.before.uses.insert(key.clone());
        *self.uses.entry(key).or_default() += by;
    }

    /// What a stay is priced by. The tariffs of all stays that may end are known; one that began before tariffs had
    /// versions is priced by the settings.
    pub fn policy<'a>(&'a self, version: Option<&TariffVersion>, rules: &'a Rules) -> &'a dyn FeePolicy {
        match version.and_then(|version| self.tariff(version)) {
            Some(tariff) => tariff,
            None => &*rules.fees,
        }
    }

    /// If some fee depends on earlier stays of its day: whose stays have to be known, and when the oldest began that
    /// may end here.
    pub fn accumulating(
        &self,
        needs: &Needs,
        rules: &Rules,
        now: Timestamp,
    ) -> Option<(Vec<PlateKey>, Timestamp)> {
        if !self.tariffs.values().any(|tariff| tariff.accumulates()) && !rules.fees.accumulates() {
            return None;
        }
        let open = self.tickets.values().filter(|ticket| ticket.status().is_open());
        let since = open.clone().filter_map(|ticket| ticket.berth().map(|berth| berth.since)).min();
        let plates: BTreeSet<&PlateKey> =
            open.map(|ticket| ticket.plate.key()).chain(&needs.plates).collect();
        Some((plates.into_iter().cloned().collect(), since.unwrap_or(now)))
    }

    /// Adds the stays of a plate that are over, as far as a fee may depend on them.
    pub fn know_earlier_stays(&mut self, plate: PlateKey, stays: Vec<EarlierStay>) {
        self.earlier.insert(plate, stays);
    }

    /// Another stay of a plate is over.
    pub(crate) fn end_stay(&mut self, plate: &PlateKey, stay: EarlierStay) {
        if let Some(stays) = self.earlier.get_mut(plate) {
            stays.push(stay);
        }
    }

    /// The stays of a plate that are over; none are known if no fee depends on them.
    pub fn earlier_stays(&self, plate: &PlateKey) -> &[EarlierStay] {
        self.earlier.get(plate).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        command::{Command, Exit},
        lot::LotId,
        vehicle::Plate,
    };

    fn plate(n: usize) -> PlateKey {
        Plate::parse(&format!("P{n}")).unwrap().key().clone()
    }

    fn code(n: usize) -> DiscountCode {
        DiscountCode::parse(&format!("CODE-{n}")).unwrap()
    }

    fn exit(vehicle: Leaving, codes: &[usize]) -> Command {
        Command::Exit(Exit {
            lot: LotId::parse("main").unwrap(),
            vehicle,
            occurred_at: None,
            lost_ticket: false,
            discounts: codes.iter().map(|n| code(*n)).collect(),
        })
    }

    #[test]
    fn a_code_is_looked_up_for_the_vehicle_that_redeems_it() {
        let (facts, mut needs) = (Facts::of_no_lot(false), Needs::default());
        for n in 0..100 {
            needs.add(&exit(Leaving::Plate(plate(n)), &[n, n + 1]));
        }
        let (codes, uses) = facts.discounted(&needs).unwrap();
        assert_eq!((codes.len(), uses.len()), (101, 200));
        assert!(uses.contains(&(code(8), plate(7))) && !uses.contains(&(code(7), plate(8))));
    }

    #[test]
    fn a_code_is_looked_up_for_everybody_who_may_be_in_the_slot() {
        let (facts, mut needs) = (Facts::of_no_lot(false), Needs::default());
        needs.plates.extend([plate(1), plate(2)]);
        needs.add(&exit(Leaving::Slot(SlotLabel::parse("A-1").unwrap()), &[1]));
        let (_, uses) = facts.discounted(&needs).unwrap();
        assert_eq!(uses.into_iter().collect::<Vec<_>>(), [(code(1), plate(1)), (code(1), plate(2))]);
    }
}
