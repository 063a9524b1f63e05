//! The index of the queue in memory, by the rules of the one in Redis.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Mutex,
};

use async_trait::async_trait;
use parkpro_domain::{
    lot::{LotId, Version},
    ports::{
        IndexOutcome, IndexState, LoadOutcome, Place, PortError, QueueDelta, QueueSnapshot, WaitingQueue,
    },
    ticket::{TicketId, Turn},
};

/// The order of waiting vehicles in a map.
#[derive(Debug, Default)]
pub struct MemoryQueue(Mutex<HashMap<LotId, Held>>);

#[derive(Debug)]
struct Held {
    epoch: String,
    version: Version,
    members: BTreeMap<TicketId, Turn>,
}

impl MemoryQueue {
    fn with<T>(&self, act: impl FnOnce(&mut HashMap<LotId, Held>) -> T) -> T {
        act(&mut self.0.lock().expect("nothing fails while it is held"))
    }
}

#[async_trait]
impl WaitingQueue for MemoryQueue {
    async fn apply(&self, epoch: String, delta: QueueDelta) -> Result<IndexOutcome, PortError> {
        Ok(self.with(|lots| {
            let Some(held) = lots.get_mut(&delta.lot).filter(|held| held.epoch == epoch) else {
                return IndexOutcome::Rebuild;
            };
            if held.version >= delta.to {
                return IndexOutcome::Current;
            }
            if held.version != delta.from {
                return IndexOutcome::Rebuild;
            }
            held.members.retain(|ticket, _| !delta.removed.contains(ticket));
            held.members.extend(delta.added);
            held.version = delta.to;
            if usize::try_from(delta.count) == Ok(held.members.len()) {
                return IndexOutcome::Current;
            }
            lots.remove(&delta.lot);
            IndexOutcome::Rebuild
        }))
    }

    async fn load(&self, snapshot: QueueSnapshot) -> Result<LoadOutcome, PortError> {
        Ok(self.with(|lots| {
            let QueueSnapshot { lot, epoch, version, members } = snapshot;
            if lots.get(&lot).is_some_and(|held| held.epoch == epoch && held.version > version) {
                return LoadOutcome::Stale;
            }
            lots.insert(lot, Held { epoch, version, members: members.into_iter().collect() });
            LoadOutcome::Loaded
        }))
    }

    async fn position(
        &self,
        epoch: String,
        lot: LotId,
        ticket: TicketId,
        at_least: Version,
    ) -> Result<Option<Place>, PortError> {
        Ok(self.with(|lots| {
            let held = lots.get(&lot).filter(|held| held.epoch == epoch && held.version >= at_least)?;
            let turn = *held.members.get(&ticket)?;
            let before = held.members.iter().filter(|(id, its)| (**its, **id) < (turn, ticket)).count();
            Some(Place { position: i64::try_from(before).ok()? + 1, version: held.version })
        }))
    }

    async fn states(&self, lots: Vec<LotId>) -> Result<Vec<Option<IndexState>>, PortError> {
        let state = |held: &Held| IndexState { epoch: held.epoch.clone(), version: held.version };
        Ok(self.with(|held| lots.iter().map(|lot| held.get(lot).map(state)).collect()))
    }

    async fn forget(&self, lot: LotId) -> Result<(), PortError> {
        self.with(|lots| drop(lots.remove(&lot)));
        Ok(())
    }
}
