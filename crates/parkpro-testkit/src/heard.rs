//! A witness that remembers.

#![expect(
    clippy::missing_panics_doc,
    clippy::expect_used,
    reason = "for tests: nothing fails while it is held"
)]

use std::sync::Mutex;

use parkpro_domain::{
    facts::Changes,
    lot::{LotId, Version},
    ports::Witness,
};

/// Remembers what was committed, in order.
#[derive(Debug, Default)]
pub struct Heard(Mutex<(Vec<Commit>, Vec<usize>)>);

/// What a witness heard of one lot in one turn.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Which lot.
    pub lot: LotId,
    /// The version before the turn.
    pub from: Version,
    /// The version after it.
    pub to: Version,
}

impl Heard {
    /// What was committed so far.
    pub fn commits(&self) -> Vec<Commit> {
        self.0.lock().expect("nothing fails while it is held").0.clone()
    }

    /// How many requests each turn so far has answered.
    pub fn turns(&self) -> Vec<usize> {
        self.0.lock().expect("nothing fails while it is held").1.clone()
    }
}

impl Witness for Heard {
    fn committed(&self, changes: &Changes) {
        let commit =
            Commit { lot: changes.lot.id.clone(), from: changes.queue.from, to: changes.lot.version };
        self.0.lock().expect("nothing fails while it is held").0.push(commit);
    }

    fn turned(&self, requests: usize) {
        self.0.lock().expect("nothing fails while it is held").1.push(requests);
    }
}
