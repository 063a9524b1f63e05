//! A history on a record and on the record in memory, side by side.

use std::sync::Arc;

use futures_util::future::join_all;
use parkpro_domain::{
    command::Command,
    ports::{Answer, Clock, Request},
    protocol::{Verdict, turn},
};
use proptest::{prop_assert, prop_assert_eq, test_runner::TestCaseError};

use super::{Ask, History};
use crate::{
    ask::{self, tidy_answer},
    audit::{audit, everything},
    clock::HandClock,
    heard::Heard,
    memory::{MemoryRecord, MemoryStore},
    reading,
    subject::Subject,
};

/// Asks a history one request after the other, and compares every answer, and everything that can be read afterwards,
/// with the record in memory; and that with itself when it makes longer turns.
pub async fn same_as_memory(subject: &Subject, history: &History) -> Result<(), TestCaseError> {
    let memory = Memory::default();
    let mut expected = Vec::new();
    for (wait, group) in history.groups(1) {
        memory.clock.advance(wait);
        subject.clock.advance(wait);
        for ask in group {
            let answer = tidy_answer(subject.answer(ask.request()).await);
            expected.push(memory.alone(&ask).await);
            prop_assert_eq!(Some(&answer), expected.last(), "{:?}", ask);
        }
    }
    same_in_the_end(subject, &memory).await?;
    for most in [2, 5, 50] {
        let in_turns = Memory::default();
        let mut expected = expected.iter();
        for (wait, group) in history.groups(most) {
            in_turns.clock.advance(wait);
            for (answer, ask) in in_turns.together(&group).await.iter().zip(&group) {
                prop_assert_eq!(Some(answer), expected.next(), "turns of {}: {:?}", most, ask);
            }
        }
        prop_assert!(expected.next().is_none(), "everybody is answered");
    }
    Ok(())
}

/// What the record in memory answers to a history, one request after the other.
pub async fn answers(history: &History) -> Vec<Answer> {
    let memory = Memory::default();
    let mut answers = Vec::new();
    for (wait, group) in history.groups(1) {
        memory.clock.advance(wait);
        for ask in group {
            answers.push(memory.alone(&ask).await);
        }
    }
    answers
}

/// Asks a history several requests at a time. The answers say in which order each lot was changed; in this order the
/// record in memory must say the same.
pub async fn same_as_memory_at_once(
    subject: &Subject,
    history: &History,
    most: usize,
) -> Result<(), TestCaseError> {
    let memory = Memory::default();
    for (wait, group) in history.groups(most) {
        memory.clock.advance(wait);
        subject.clock.advance(wait);
        let answers = join_all(group.iter().map(|ask| subject.answer(ask.request()))).await;
        let mut told: Vec<_> = group.into_iter().zip(answers.into_iter().map(tidy_answer)).collect();
        told.sort_by_key(|(ask, answer)| place(ask, answer));
        for (ask, answer) in told {
            prop_assert_eq!(&answer, &memory.alone(&ask).await, "{} at once: {:?}", most, ask);
        }
    }
    same_in_the_end(subject, &memory).await
}

/// The version of an answer; at the same version, the change that made it comes before what only saw it.
fn place(ask: &Ask, answer: &Answer) -> (i64, u8) {
    let Answer::Decided { outcome, .. } = answer else { return (0, 0) };
    let version = outcome.version.map_or(0, |version| version.0);
    let maybe = matches!(ask.command, Command::ChangeLot(_) | Command::ChangeSlot(_));
    (version, if outcome.result.is_err() { 2 } else { u8::from(maybe) })
}

async fn same_in_the_end(subject: &Subject, memory: &Memory) -> Result<(), TestCaseError> {
    let (records, expected) = (subject.records(), memory.record());
    let expected_tariffs = memory.record();
    for lot in ["annex", "main"].map(ask::lot) {
        let (read, expected) = (everything(&*records, &lot).await, everything(&expected, &lot).await);
        prop_assert_eq!(read, expected);
    }
    let tariffs = reading::tariffs(&*records, 2).await;
    prop_assert_eq!(tariffs, reading::tariffs(&expected_tariffs, 2).await);
    audit(&*records).await;
    Ok(())
}

/// A record in memory whose turns are made by hand.
#[derive(Default)]
struct Memory {
    store: MemoryStore,
    clock: HandClock,
    heard: Arc<Heard>,
}

impl Memory {
    fn record(&self) -> MemoryRecord {
        MemoryRecord::new(self.store.clone(), self.clock(), ask::rules(), self.heard.clone(), 1)
    }

    fn clock(&self) -> Arc<dyn Clock> {
        Arc::new(self.clock.clone())
    }

    async fn alone(&self, ask: &Ask) -> Answer {
        let mut answers = self.together(std::slice::from_ref(ask)).await;
        answers.pop().expect("a turn answers its first request")
    }

    /// The answers of one turn, which must have room for all.
    async fn together(&self, group: &[Ask]) -> Vec<Answer> {
        let requests: Vec<Request> = group.iter().map(Ask::request).collect();
        let requests: Vec<&Request> = requests.iter().collect();
        let mut tx = self.store.transaction(self.clock());
        let verdicts = turn(&mut tx, &ask::rules(), &requests, &*self.heard).await;
        let answer = |verdict| match verdict {
            Verdict::Answered(answer) => tidy_answer(answer),
            other => panic!("these may share a turn, but: {other:?}"),
        };
        verdicts.into_iter().map(answer).collect()
    }
}
