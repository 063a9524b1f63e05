//! The suite holds for the record in memory, which is what makes it a suite.

use std::sync::Arc;

use parkpro_testkit::{contract, stage::MemoryStage};

#[test]
fn the_record_in_memory() {
    contract::hold(|| Arc::new(MemoryStage::new(1, false)));
}

#[test]
fn the_record_in_memory_with_long_turns() {
    contract::hold(|| Arc::new(MemoryStage::new(16, false)));
}

#[test]
fn the_record_in_memory_with_an_index() {
    contract::hold(|| Arc::new(MemoryStage::new(16, true)));
}

#[test]
fn sentences_have_names_of_their_own() {
    let mut names: Vec<_> = contract::all().into_iter().map(|(name, _)| name).collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
}
