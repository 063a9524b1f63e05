//! The behaviour suite: what every record must do, with or without an index of the queue beside it.
//!
//! Each function is one sentence about a car park and takes one that is empty. [`all`] names them, [`hold`] plays each
//! on a stage of its own and says which did not hold.

#![expect(missing_docs, reason = "the name of each function is the sentence that it proves")]
#![expect(
    clippy::missing_panics_doc,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "for tests: a sentence that does not hold panics"
)]

pub mod discounts;
pub mod features;
pub mod fees;
pub mod gate;
pub mod index;
pub mod lots;
pub mod machines;
pub mod priorities;
pub mod queue;
pub mod reads;
pub mod refusals;
pub mod retries;
pub mod slots;
pub mod tariffs;
pub mod tickets;

use std::{panic::AssertUnwindSafe, sync::Arc};

use futures_util::{FutureExt, future::BoxFuture};

use crate::{audit::audit, stage::Stage, subject::Subject};

/// A sentence, ready to be played.
pub type Sentence = fn(Subject) -> BoxFuture<'static, ()>;

/// Every sentence of the suite, with its name.
pub fn all() -> Vec<(&'static str, Sentence)> {
    [
        gate::all(),
        queue::all(),
        priorities::all(),
        slots::all(),
        features::all(),
        tickets::all(),
        lots::all(),
        fees::all(),
        tariffs::all(),
        discounts::all(),
        refusals::all(),
        retries::all(),
        reads::all(),
        machines::all(),
        index::all(),
    ]
    .concat()
}

/// Plays every sentence on a new stage, then audits what it left. Ends with the names of all that did not hold.
///
/// Not to be called within a runtime: it starts one.
pub fn hold(new_stage: impl Fn() -> Arc<dyn Stage>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime can be started");
    let mut broken = Vec::new();
    for (name, sentence) in all() {
        let stage = new_stage();
        let played = runtime.block_on(AssertUnwindSafe(play(sentence, stage)).catch_unwind());
        if let Err(panic) = played {
            let said = panic.downcast_ref::<String>().cloned();
            let said = said.or_else(|| panic.downcast_ref::<&str>().map(|said| (*said).to_owned()));
            broken.push(format!("{name}: {}", said.unwrap_or_default()));
        }
    }
    assert!(broken.is_empty(), "{} sentences do not hold:\n{}", broken.len(), broken.join("\n"));
}

/// Plays one sentence on a new stage, then audits what it left.
pub async fn play(sentence: Sentence, stage: Arc<dyn Stage>) {
    let subject = Subject::new(stage).await;
    sentence(subject.clone()).await;
    audit(&*subject.records()).await;
    subject.ledger().close().await;
}
