//! A transaction of the record in memory.

use std::{collections::BTreeMap, sync::Arc};

use parkpro_domain::{
    command::Target,
    demand::Demand,
    discount::{Discount, DiscountCode, Uses},
    facts::{Changes, Facts, Needs, Use},
    lot::{Lot, LotId},
    ports::{Clock, Key, PortError, Reply},
    protocol::{Claim, Lock, Transaction},
    slot::{Accepts, Slot},
    tariff::{DocumentText, EarlierStay, Published, Series, TariffId, TariffVersion},
    ticket::{TicketId, Turn},
    time::Timestamp,
    vehicle::PlateKey,
};
use tokio::sync::OwnedMutexGuard;

use super::{MemoryStore, state::State};

/// What was written stays here until the commit, so that to roll back is to forget it. Reads what [`Needs`] asks for
/// and not a row more, so that a need which is too small is noticed.
pub struct MemoryTransaction {
    store: MemoryStore,
    clock: Arc<dyn Clock>,
    turn: Option<OwnedMutexGuard<()>>,
    written: Vec<Changes>,
    revised: Vec<(Series, Option<Published>)>,
    replies: Vec<(Key, Reply)>,
    now: Timestamp,
}

impl MemoryTransaction {
    pub(super) fn new(store: MemoryStore, clock: Arc<dyn Clock>) -> Self {
        let now = clock.now();
        Self { store, clock, turn: None, written: Vec::new(), revised: Vec::new(), replies: Vec::new(), now }
    }

    fn check_open(&self) {
        assert!(self.turn.is_some(), "every step is between begin and commit");
    }
}

impl Transaction for MemoryTransaction {
    async fn begin(&mut self) -> Result<(), PortError> {
        assert!(self.turn.is_none(), "a transaction begins once");
        self.turn = Some(Arc::clone(&self.store.turn).lock_owned().await);
        Ok(())
    }

    async fn claim(&mut self, keys: &[&Key]) -> Result<Vec<Claim>, PortError> {
        self.check_open();
        assert!(keys.is_sorted() && !keys.is_empty(), "keys are claimed in order");
        let claim = |state: &State, key: &Key| match state.kept.get(&(key.principal.clone(), key.key.clone()))
        {
            Some(kept) => Claim::Used { fingerprint: kept.fingerprint, reply: kept.reply.clone() },
            None => Claim::Fresh,
        };
        Ok(self.store.read(|state| keys.iter().map(|key| claim(state, key)).collect()))
    }

    async fn release(&mut self, _keys: &[&Key]) -> Result<(), PortError> {
        self.check_open();
        Ok(())
    }

    async fn lock(&mut self, targets: &[Target<'_>]) -> Result<Vec<Lock>, PortError> {
        self.check_open();
        assert!(targets.is_sorted(), "targets come in order");
        let lock = |state: &State, target: &Target<'_>| match target {
            Target::NewLot(lot) => Lock::Vacant { id_taken: state.lots.contains_key(*lot) },
            Target::Lot(lot) if state.lots.contains_key(*lot) => Lock::Held((*lot).clone()),
            Target::Lot(_) => Lock::Missing,
            Target::LotOf(ticket) => {
                state.ticket(*ticket).map_or(Lock::Missing, |ticket| Lock::Held(ticket.lot))
            }
            Target::Tariff(_) => Lock::Tariff,
        };
        Ok(self.store.read(|state| targets.iter().map(|target| lock(state, target)).collect()))
    }

    async fn facts(&mut self, needs: &[(LotId, Needs)]) -> Result<(Vec<Facts>, Timestamp), PortError> {
        self.check_open();
        let known = |state: &State, lot: &LotId, needs: &Needs| {
            let lot = state.lots.get(lot).cloned();
            lot.map_or_else(|| Facts::of_no_lot(false), |lot| facts(state, lot, needs))
        };
        let facts =
            self.store.read(|state| needs.iter().map(|(lot, needs)| known(state, lot, needs)).collect());
        Ok((facts, self.clock.now()))
    }

    async fn ahead(&mut self, lot: &LotId, ticket: TicketId, turn: Turn) -> Result<i64, PortError> {
        self.check_open();
        let ahead = |state: &State| {
            state
                .members(lot)
                .into_iter()
                .filter(|(id, its)| *id != ticket && (*its, *id) < (turn, ticket))
                .count()
        };
        Ok(i64::try_from(self.store.read(ahead)).unwrap_or(i64::MAX))
    }

    async fn behind(&mut self, lot: &LotId, from: Turn) -> Result<Vec<(TicketId, Turn)>, PortError> {
        self.check_open();
        let members = self.store.read(|state| state.members(lot));
        Ok(members.into_iter().filter(|(_, turn)| *turn >= from).collect())
    }

    async fn documents(
        &mut self,
        versions: &[&TariffVersion],
    ) -> Result<Vec<(TariffVersion, DocumentText)>, PortError> {
        self.check_open();
        assert!(versions.is_sorted() && !versions.is_empty(), "versions are asked for in order");
        let document = |state: &State, version: &TariffVersion| {
            state.published(version).map(|published| (version.clone(), published.document.clone()))
        };
        Ok(self.store.read(|state| versions.iter().filter_map(|version| document(state, version)).collect()))
    }

    async fn earlier_stays(
        &mut self,
        lot: &LotId,
        plates: &[PlateKey],
        since: Timestamp,
    ) -> Result<Vec<(PlateKey, EarlierStay)>, PortError> {
        self.check_open();
        Ok(self.store.read(|state| {
            let stays = plates.iter().flat_map(|plate| {
                state.stays_of(lot, plate, since).into_iter().map(|stay| (plate.clone(), stay))
            });
            stays.collect()
        }))
    }

    async fn discounts(
        &mut self,
        lot: &LotId,
        codes: &[DiscountCode],
        uses: &[Use],
    ) -> Result<(Vec<Discount>, Vec<Uses>), PortError> {
        self.check_open();
        assert!(!codes.is_empty(), "who needs none asks for none");
        Ok(self.store.read(|state| {
            let discounts = codes.iter().filter_map(|code| state.discount(lot, code)).cloned();
            let counted = |(code, plate): &Use| {
                let uses = state.uses.get(&(lot.clone(), code.clone(), plate.clone()))?;
                Some(Uses { code: code.clone(), plate: plate.clone(), uses: *uses })
            };
            (discounts.collect(), uses.iter().filter_map(counted).collect())
        }))
    }

    async fn series(&mut self, tariff: &TariffId) -> Result<Option<Series>, PortError> {
        self.check_open();
        Ok(self.store.read(|state| state.series.get(tariff).cloned()))
    }

    async fn write_series(
        &mut self,
        series: &Series,
        published: Option<&Published>,
    ) -> Result<(), PortError> {
        self.check_open();
        self.revised.push((series.clone(), published.cloned()));
        Ok(())
    }

    async fn write(
        &mut self,
        changes: &[Changes],
        replies: &[(&Key, &Reply)],
        now: Timestamp,
    ) -> Result<(), PortError> {
        self.check_open();
        self.written.extend(changes.iter().cloned());
        self.replies.extend(replies.iter().map(|(key, reply)| ((*key).clone(), (*reply).clone())));
        self.now = now;
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), PortError> {
        self.check_open();
        let (written, replies) = (std::mem::take(&mut self.written), std::mem::take(&mut self.replies));
        let revised = std::mem::take(&mut self.revised);
        self.store.write(|state| {
            for (series, published) in revised {
                state.revise(series, published);
            }
            for changes in written {
                state.apply(changes);
            }
            for (key, reply) in replies {
                state.keep(&key, reply, self.now);
            }
        });
        self.turn = None;
        Ok(())
    }

    async fn rollback(&mut self) {
        self.written.clear();
        self.revised.clear();
        self.replies.clear();
        self.turn = None;
    }
}

fn facts(state: &State, lot: Lot, needs: &Needs) -> Facts {
    let id = lot.id.clone();
    let mut facts = Facts::of(lot, state.tally(&id));
    let mut tickets: Vec<_> = needs.tickets.iter().filter_map(|ticket| state.ticket(*ticket)).collect();
    for plate in needs.plates.iter().chain(&needs.leaving) {
        match state.open_ticket(plate) {
            Some(open) if open.lot != id => facts.know_open_elsewhere(plate.clone(), open.id),
            open => tickets.extend(open.and_then(|open| state.ticket(open.id))),
        }
        tickets.extend(state.newest_ticket(&id, plate));
    }
    let mut heads: BTreeMap<Demand, i64> = BTreeMap::new();
    for ticket in state.waiting_in(&id) {
        let known = heads.entry(ticket.demand()).or_default();
        *known += 1;
        if *known <= needs.heads {
            facts.know_ticket(ticket.clone());
        }
    }
    let mut free: BTreeMap<&Accepts, i64> = BTreeMap::new();
    let slots = state.slots_of(&id);
    for slot in slots.iter().filter(|slot| slot.is_free()) {
        let known = free.entry(&slot.accepts).or_default();
        *known += 1;
        if *known <= needs.free_slots {
            facts.know_slot(Slot::clone(slot));
        }
    }
    for ticket in tickets.into_iter().filter(|ticket| ticket.lot == id) {
        let stands_in = slots.iter().filter(|slot| slot.occupant == Some(ticket.id));
        stands_in.for_each(|slot| facts.know_slot(Slot::clone(slot)));
        facts.know_ticket(ticket);
    }
    let occupied = slots.iter().filter(|slot| needs.occupants.contains(&slot.label));
    for ticket in occupied.filter_map(|slot| slot.occupant.and_then(|ticket| state.ticket(ticket))) {
        facts.know_ticket(ticket);
    }
    let wanted = |slot: &&&Slot| needs.labels.contains(&slot.label) || needs.occupants.contains(&slot.label);
    let labelled = slots.iter().filter(wanted);
    labelled.for_each(|slot| facts.know_slot(Slot::clone(slot)));
    facts
}
