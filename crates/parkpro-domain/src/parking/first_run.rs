//! The lot that a new installation begins with.

use std::sync::Arc;

use crate::{
    command::{Command, NewSlot, OpenLot},
    event::Principal,
    invalid::Invalid,
    ports::{Answer, Ledger, LedgerError, Records, Reply, Request, Wording},
    slot::{Accepts, SlotLabel},
};

/// Whether the installation was new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum First {
    /// It has its first lot now.
    Opened,
    /// It had lots before.
    Known,
}

/// Opens a lot if there is none yet. Of several instances that start together one opens it.
pub async fn open_first_lot(
    records: &dyn Records,
    ledger: &dyn Ledger,
    open: OpenLot,
) -> Result<First, LedgerError> {
    if !records.lots(None, 1).await?.is_empty() {
        return Ok(First::Known);
    }
    let request = Request {
        command: Command::OpenLot(open),
        actor: Principal::system(),
        key: None,
        wording: Arc::new(Unworded),
    };
    match ledger.change(request).await? {
        Answer::Decided { outcome, .. } if outcome.result.is_ok() => Ok(First::Opened),
        _ => Ok(First::Known),
    }
}

/// So many slots labelled by a prefix and a number, with at least two digits: `A-01` … `A-20`.
pub fn numbered_slots(count: u32, prefix: &str, accepts: &Accepts) -> Result<Vec<NewSlot>, Invalid> {
    let width = count.to_string().len().max(2);
    let slot = |n| {
        let label = SlotLabel::parse(&format!("{prefix}{n:0width$}"))?;
        Ok(NewSlot { label, level: None, accepts: accepts.clone(), rank: 0 })
    };
    (1..=count).map(slot).collect()
}

/// Nobody waits for this answer.
pub(super) struct Unworded;

impl Wording for Unworded {
    fn word(&self, _command: &Command, _outcome: &crate::outcome::Outcome) -> Reply {
        Reply::default()
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::{
        lot::Tally,
        outcome::{Outcome, Refusal},
        parking::tests::{main_lot, open_main},
        ports::{LotView, MockLedger, MockRecords},
    };

    fn records(lots: Vec<LotView>) -> MockRecords {
        let mut records = MockRecords::new();
        records.expect_lots().returning(move |_, _| Ok(lots.clone()));
        records
    }

    #[test]
    fn a_new_installation_gets_its_lot_and_an_old_one_is_left_alone() {
        let old = records(vec![LotView { lot: main_lot(1), tally: Tally::default() }]);
        let untouched = MockLedger::new();
        assert_eq!(
            open_first_lot(&old, &untouched, open_main()).now_or_never().unwrap().unwrap(),
            First::Known
        );

        let mut ledger = MockLedger::new();
        ledger.expect_change().times(1).returning(|_| {
            let refused = Err(Refusal::LotIdTaken(crate::lot::LotId::parse("main").unwrap()));
            Ok(Answer::Decided {
                outcome: Outcome { lot: None, version: None, result: refused },
                reply: None,
            })
        });
        let raced = open_first_lot(&records(vec![]), &ledger, open_main()).now_or_never().unwrap();
        assert_eq!(raced.unwrap(), First::Known, "another instance was faster");
    }

    #[test]
    fn labels_sort_in_the_order_of_their_numbers() {
        let labels = |count| {
            let slots = numbered_slots(count, "A-", &Accepts::parse("car").unwrap()).unwrap();
            slots.into_iter().map(|slot| slot.label.as_str().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(labels(2), ["A-01", "A-02"]);
        assert_eq!(labels(100)[98..], ["A-099", "A-100"]);
        assert!(numbered_slots(1, "Ä", &Accepts::parse("car").unwrap()).is_err());
    }
}
