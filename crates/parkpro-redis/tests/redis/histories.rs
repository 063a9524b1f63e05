//! Many instances at once, late, repeated and out of order: the index is never wrong for the version that it names.

use std::{collections::BTreeSet, sync::Arc};

use parkpro_domain::ports::{IndexOutcome, QueueDelta, QueueSnapshot, WaitingQueue};
use parkpro_redis::RedisQueue;
use tokio::task::JoinSet;

use crate::setup::{delta, fresh_queue, place, snapshot, version};

const VERSIONS: u32 = 120;
const TICKETS: u32 = 40;

/// Numbers as if by chance, the same ones every time.
struct Chance(u32);

impl Chance {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (self.0 >> 8) % limit
    }
}

/// Who waits in each version of a lot.
struct History(Vec<BTreeSet<u32>>);

impl History {
    fn by(chance: &mut Chance) -> Self {
        let mut versions = vec![BTreeSet::new()];
        for _ in 1..VERSIONS {
            let mut waiting = versions.last().cloned().unwrap_or_default();
            for _ in 0..chance.below(4) {
                let n = chance.below(TICKETS);
                if !waiting.remove(&n) {
                    waiting.insert(n);
                }
            }
            versions.push(waiting);
        }
        Self(versions)
    }

    fn at(&self, version: u32) -> &BTreeSet<u32> {
        &self.0[usize::try_from(version).unwrap()]
    }

    fn snapshot(&self, at: u32) -> QueueSnapshot {
        snapshot(i64::from(at), self.at(at).iter().copied())
    }

    fn delta(&self, from: u32, to: u32) -> QueueDelta {
        let (before, after) = (self.at(from), self.at(to));
        let removed: Vec<u32> = before.difference(after).copied().collect();
        let added: Vec<u32> = after.difference(before).copied().collect();
        let count = i64::try_from(after.len()).unwrap();
        delta(i64::from(from), i64::from(to), count, &removed, &added)
    }

    fn place(&self, version: i64, n: u32) -> Option<i64> {
        let waiting = self.at(u32::try_from(version).unwrap());
        let ahead = i64::try_from(waiting.range(..n).count()).unwrap();
        waiting.contains(&n).then_some(ahead + 1)
    }
}

/// Follows the history as an instance does whose messages are late, lost and repeated; how many turns the index took.
async fn follow(queue: Arc<RedisQueue>, history: Arc<History>, mut chance: Chance) -> u32 {
    let mut followed = 0;
    for at in 0..VERSIONS - 4 {
        let from = (at + chance.below(3)).saturating_sub(1);
        let to = from + 1 + chance.below(3);
        let outcome = queue.apply(crate::setup::EPOCH.into(), history.delta(from, to)).await.unwrap();
        if outcome == IndexOutcome::Rebuild && chance.below(4) == 0 {
            queue.load(history.snapshot(to)).await.unwrap();
        }
        followed += u32::from(outcome == IndexOutcome::Current);
    }
    followed
}

/// Asks for places; how many the index knew.
async fn ask(queue: Arc<RedisQueue>, history: Arc<History>, mut chance: Chance) -> u32 {
    let mut told = 0;
    for _ in 0..600 {
        let n = chance.below(TICKETS);
        if let Some((position, version)) = place(&queue, n, 0).await {
            assert_eq!(history.place(version, n), Some(position), "ticket {n} in version {version}");
            told += 1;
        }
    }
    told
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_index_is_never_wrong_for_the_version_that_it_names() {
    for seed in 1..=4 {
        let (queue, _) = fresh_queue();
        let queue = Arc::new(queue);
        let history = Arc::new(History::by(&mut Chance(seed)));
        queue.load(history.snapshot(0)).await.unwrap();
        let (mut instances, mut drivers) = (JoinSet::new(), JoinSet::new());
        for instance in 1..=3 {
            let chance = || Chance(seed * 1_000 + instance);
            instances.spawn(follow(Arc::clone(&queue), Arc::clone(&history), chance()));
            drivers.spawn(ask(Arc::clone(&queue), Arc::clone(&history), chance()));
        }
        let followed: u32 = instances.join_all().await.into_iter().sum();
        let told: u32 = drivers.join_all().await.into_iter().sum();
        assert!(followed > 20 && told > 50, "{followed} turns and {told} places prove nothing");
        let reached = version(&queue).await.unwrap();
        for n in 0..TICKETS {
            let found = place(&queue, n, reached).await.map(|(position, _)| position);
            assert_eq!(found, history.place(reached, n), "ticket {n} at the end");
        }
    }
}
