//! A transaction that fails on demand.

use parkpro_domain::{
    command::Target,
    discount::{Discount, DiscountCode, Uses},
    facts::{Changes, Facts, Needs, Use},
    lot::LotId,
    ports::{Fault, Key, PortError, Reply},
    protocol::{Claim, Lock, Transaction},
    tariff::{DocumentText, EarlierStay, Published, Series, TariffId, TariffVersion},
    ticket::{TicketId, Turn},
    time::Timestamp,
    vehicle::PlateKey,
};

use super::{Faults, Step};

/// Any transaction, with a plan of what goes wrong.
pub struct FaultyTransaction<T> {
    inner: T,
    faults: Faults,
}

impl<T> FaultyTransaction<T> {
    /// Goes wrong as planned, else like the one inside.
    pub const fn new(inner: T, faults: Faults) -> Self {
        Self { inner, faults }
    }

    fn poisoned(&self, changes: &[Changes]) -> bool {
        let plates = changes.iter().flat_map(|changes| &changes.new_tickets);
        let mut plates = plates.map(|ticket| ticket.plate.key().as_str().to_owned());
        self.faults.with(|plan| plates.any(|plate| plan.poisoned.contains(&plate)))
    }
}

impl<T: Transaction> Transaction for FaultyTransaction<T> {
    async fn begin(&mut self) -> Result<(), PortError> {
        self.faults.step(Step::Begin)?;
        self.inner.begin().await
    }

    async fn claim(&mut self, keys: &[&Key]) -> Result<Vec<Claim>, PortError> {
        self.faults.step(Step::Claim)?;
        self.inner.claim(keys).await
    }

    async fn release(&mut self, keys: &[&Key]) -> Result<(), PortError> {
        self.faults.step(Step::Release)?;
        self.inner.release(keys).await
    }

    async fn lock(&mut self, targets: &[Target<'_>]) -> Result<Vec<Lock>, PortError> {
        self.faults.step(Step::Lock)?;
        let mut locks = self.inner.lock(targets).await?;
        self.faults.with(|plan| {
            for (lot, times) in plan.elsewhere.iter_mut().filter(|(_, times)| *times > 0) {
                let held = Lock::Held(lot.clone());
                if locks.contains(&held) {
                    *times -= 1;
                    locks.iter_mut().filter(|lock| **lock == held).for_each(|lock| *lock = Lock::Elsewhere);
                }
            }
        });
        Ok(locks)
    }

    async fn facts(&mut self, needs: &[(LotId, Needs)]) -> Result<(Vec<Facts>, Timestamp), PortError> {
        self.faults.step(Step::Facts)?;
        self.inner.facts(needs).await
    }

    async fn ahead(&mut self, lot: &LotId, ticket: TicketId, turn: Turn) -> Result<i64, PortError> {
        self.faults.step(Step::Ahead)?;
        self.inner.ahead(lot, ticket, turn).await
    }

    async fn behind(&mut self, lot: &LotId, from: Turn) -> Result<Vec<(TicketId, Turn)>, PortError> {
        self.faults.step(Step::Behind)?;
        self.inner.behind(lot, from).await
    }

    async fn documents(
        &mut self,
        versions: &[&TariffVersion],
    ) -> Result<Vec<(TariffVersion, DocumentText)>, PortError> {
        self.faults.step(Step::Documents)?;
        self.inner.documents(versions).await
    }

    async fn earlier_stays(
        &mut self,
        lot: &LotId,
        plates: &[PlateKey],
        since: Timestamp,
    ) -> Result<Vec<(PlateKey, EarlierStay)>, PortError> {
        self.faults.step(Step::EarlierStays)?;
        self.inner.earlier_stays(lot, plates, since).await
    }

    async fn discounts(
        &mut self,
        lot: &LotId,
        codes: &[DiscountCode],
        uses: &[Use],
    ) -> Result<(Vec<Discount>, Vec<Uses>), PortError> {
        self.faults.step(Step::Discounts)?;
        self.inner.discounts(lot, codes, uses).await
    }

    async fn series(&mut self, tariff: &TariffId) -> Result<Option<Series>, PortError> {
        self.faults.step(Step::Series)?;
        self.inner.series(tariff).await
    }

    async fn write_series(
        &mut self,
        series: &Series,
        published: Option<&Published>,
    ) -> Result<(), PortError> {
        self.faults.step(Step::WriteSeries)?;
        self.inner.write_series(series, published).await
    }

    async fn write(
        &mut self,
        changes: &[Changes],
        replies: &[(&Key, &Reply)],
        now: Timestamp,
    ) -> Result<(), PortError> {
        self.faults.step(Step::Write)?;
        if self.poisoned(changes) {
            return Err(PortError::new("writing", Fault::Corrupt, "a poisoned plate"));
        }
        self.inner.write(changes, replies, now).await
    }

    async fn commit(&mut self) -> Result<(), PortError> {
        self.faults.step(Step::Commit)?;
        self.inner.commit().await?;
        let lost = self.faults.with(|plan| {
            let lost = plan.lost_commits > 0;
            plan.lost_commits = plan.lost_commits.saturating_sub(1);
            lost
        });
        if lost {
            return Err(PortError::new("committing", Fault::OutcomeUnknown, "the answer was lost"));
        }
        Ok(())
    }

    async fn rollback(&mut self) {
        self.faults.with(|plan| plan.steps.push(Step::Rollback));
        self.inner.rollback().await;
    }
}
