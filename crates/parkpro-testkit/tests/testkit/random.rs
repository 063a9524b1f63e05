//! Random histories on the record in memory.

use std::{collections::BTreeMap, sync::Arc};

use parkpro_domain::ports::Answer;
use parkpro_testkit::{
    histories::{self, history},
    stage::MemoryStage,
};
use proptest::{
    strategy::{Strategy, ValueTree},
    test_runner::TestRunner,
};

#[test]
fn the_record_in_memory_is_like_itself() {
    histories::hold(60, || Arc::new(MemoryStage::new(16, false)));
}

/// Histories that ask for little prove little.
#[tokio::test]
async fn histories_meet_every_answer() {
    let mut met: BTreeMap<String, usize> = BTreeMap::new();
    let mut runner = TestRunner::deterministic();
    let (mut groups, mut requests) = (0, 0);
    for _ in 0..150 {
        let history = history(100).new_tree(&mut runner).unwrap().current();
        let together = history.groups(12);
        groups += together.len();
        requests += together.iter().map(|(_, group)| group.len()).sum::<usize>();
        for answer in histories::answers(&history).await {
            let word = match answer {
                Answer::Replayed(_) => "Replayed".to_owned(),
                Answer::KeyReused => "KeyReused".to_owned(),
                Answer::Decided { outcome, .. } => match outcome.result {
                    Ok(done) if done.promoted.is_empty() => "done".to_owned(),
                    Ok(_) => "promoted".to_owned(),
                    Err(refusal) => format!("{refusal:?}"),
                },
            };
            let word: String = word.chars().take_while(|letter| letter.is_alphabetic()).collect();
            *met.entry(word).or_default() += 1;
        }
    }
    assert!(requests > 2 * groups, "{requests} requests share {groups} turns");
    // Not those that are about tariffs alone, or about the time and the number of discounts.
    let every = 29 + 4;
    assert_eq!(met.len(), every, "{met:?}");
    assert!(met["done"] > 2500 && met["promoted"] > 90, "{met:?}");
}
