//! Machines that fail when a test says so.

#![expect(clippy::expect_used, reason = "for tests: nothing fails while the plan is locked")]

mod queue;
mod transaction;

use std::sync::{Arc, Mutex};

use parkpro_domain::{
    lot::LotId,
    ports::{Fault, PortError},
};

pub use self::{queue::FaultyQueue, transaction::FaultyTransaction};
use crate::ask;

/// A step of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// `begin`
    Begin,
    /// `claim`
    Claim,
    /// `release`
    Release,
    /// `lock`
    Lock,
    /// `facts`
    Facts,
    /// `ahead`
    Ahead,
    /// `behind`
    Behind,
    /// `documents`
    Documents,
    /// `earlier_stays`
    EarlierStays,
    /// `discounts`
    Discounts,
    /// `series`
    Series,
    /// `write_series`
    WriteSeries,
    /// `write`
    Write,
    /// `commit`
    Commit,
    /// `rollback`
    Rollback,
}

/// How often something goes wrong before it goes well.
pub const ALWAYS: usize = usize::MAX;

/// What goes wrong, and when; and which steps were taken. All clones are one plan.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<Plan>>);

#[derive(Debug, Default)]
struct Plan {
    failing: Vec<(Step, Fault, usize)>,
    poisoned: Vec<String>,
    lost_commits: usize,
    elsewhere: Vec<(LotId, usize)>,
    steps: Vec<Step>,
}

impl Faults {
    /// A step fails so many times; nothing of it is done.
    pub fn fail(&self, step: Step, fault: Fault, times: usize) {
        self.with(|plan| plan.failing.push((step, fault, times)));
    }

    /// Every write fails that has a new ticket of this plate in it.
    pub fn poison(&self, plate: &str) {
        self.with(|plan| plan.poisoned.push(ask::plate(plate).key().as_str().to_owned()));
    }

    /// So many commits succeed and their answer is lost.
    pub fn lose_commits(&self, times: usize) {
        self.with(|plan| plan.lost_commits = times);
    }

    /// Another instance holds a lot so many times when this one asks for it.
    pub fn hold_elsewhere(&self, lot: &str, times: usize) {
        self.with(|plan| plan.elsewhere.push((ask::lot(lot), times)));
    }

    /// The steps that were taken since this was asked, failed ones too.
    pub fn steps(&self) -> Vec<Step> {
        self.with(|plan| std::mem::take(&mut plan.steps))
    }

    fn step(&self, step: Step) -> Result<(), PortError> {
        self.with(|plan| {
            plan.steps.push(step);
            let planned = plan.failing.iter_mut().find(|(at, _, times)| *at == step && *times > 0);
            planned.map_or(Ok(()), |(_, fault, times)| {
                *times -= 1;
                Err(PortError::new("failing on demand", *fault, format!("{step:?} was told to fail")))
            })
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Plan) -> T) -> T {
        act(&mut self.0.lock().expect("nothing fails while it is held"))
    }
}
