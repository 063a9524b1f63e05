//! Tariffs at hand: read from the record once, and the one that the settings say.

use std::sync::Arc;

use super::first_run::Unworded;
use crate::{
    command::{Command, Revision},
    event::Principal,
    outcome::{Done, Outcome, Subject},
    ports::{Answer, Fault, Ledger, LedgerError, PortError, Records, Request},
    tariff::{DocumentText, Tariff, TariffId, TariffVersion, Tariffs},
};

/// A published tariff, ready to price stays; none if there is no such version.
pub async fn ready_tariff(
    records: &dyn Records,
    tariffs: &Tariffs,
    version: &TariffVersion,
) -> Result<Option<Arc<Tariff>>, PortError> {
    if let Some(ready) = tariffs.get(version) {
        return Ok(Some(ready));
    }
    let Some(published) = records.tariff_version(version.clone()).await? else { return Ok(None) };
    let unreadable = |why| PortError::new("reading the document of a tariff", Fault::Corrupt, why);
    tariffs.learn(version.clone(), &published.document).map(Some).map_err(unreadable)
}

/// Publishes what the settings say about [`TariffId::usual`], unless it is published already; from now on, lots that were
/// given no tariff have this version. Of several instances that start together one publishes it.
pub async fn follow_settings(
    ledger: &dyn Ledger,
    tariffs: &Tariffs,
    document: DocumentText,
) -> Result<TariffVersion, LedgerError> {
    let request = Request {
        command: Command::ReviseTariff {
            tariff: TariffId::usual(),
            revision: Revision::Follow(document.clone()),
        },
        actor: Principal::system(),
        key: None,
        wording: Arc::new(Unworded),
    };
    let version = match ledger.change(request).await? {
        Answer::Decided { outcome, .. } => published(outcome),
        Answer::Replayed(_) | Answer::KeyReused => None,
    };
    let doing = "publishing the tariff of the settings";
    let version = version.ok_or_else(|| PortError::new(doing, Fault::Corrupt, "it was refused"))?;
    tariffs.learn(version.clone(), &document).map_err(|why| PortError::new(doing, Fault::Corrupt, why))?;
    tariffs.set_usual(version.clone());
    Ok(version)
}

fn published(outcome: Outcome) -> Option<TariffVersion> {
    match outcome.result {
        Ok(Done { subject: Subject::Tariff(series), .. }) => series.newest_version(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;
    use crate::{
        invalid::Invalid,
        money::MajorAmount,
        ports::{MockLedger, MockRecords},
        tariff::{Document, Language, Published, Series},
        time::Timestamp,
    };

    /// A text is the price of an hour.
    #[derive(Debug)]
    struct PerHour;

    impl Language for PerHour {
        fn read(&self, text: &DocumentText) -> Result<Tariff, Invalid> {
            let document = Document::started_hours(MajorAmount::parse(text.as_str())?);
            Tariff::new(document).map_err(|_mistakes| Invalid::new("invalid-tariff", "wrong"))
        }
    }

    fn published(number: i64) -> Published {
        Published { number, document: DocumentText::new("2.00"), at: Timestamp::from_micros(0) }
    }

    #[test]
    fn a_version_is_read_once() {
        let tariffs = Tariffs::new(Arc::new(PerHour));
        let mut records = MockRecords::new();
        records.expect_tariff_version().times(1).returning(|version| Ok(Some(published(version.number))));
        let version = TariffVersion { tariff: TariffId::usual(), number: 1 };
        for _ in 0..2 {
            let ready = ready_tariff(&records, &tariffs, &version).now_or_never().unwrap().unwrap();
            assert!(ready.is_some());
        }
        let mut nothing = MockRecords::new();
        nothing.expect_tariff_version().returning(|_| Ok(None));
        let other = TariffVersion { number: 2, ..version };
        assert!(ready_tariff(&nothing, &tariffs, &other).now_or_never().unwrap().unwrap().is_none());
    }

    #[test]
    fn lots_without_a_tariff_have_what_the_settings_say() {
        let tariffs = Tariffs::new(Arc::new(PerHour));
        assert_eq!(tariffs.usual(), None);
        let mut ledger = MockLedger::new();
        ledger.expect_change().times(1).returning(|request| {
            let Command::ReviseTariff { tariff, revision: Revision::Follow(_) } = request.command else {
                panic!("the settings are followed")
            };
            let series = Series { id: tariff, revision: 4, draft: None, newest: Some(published(3)) };
            let done = Done { subject: Subject::Tariff(Box::new(series)), promoted: Vec::new() };
            let outcome = Outcome { lot: None, version: None, result: Ok(done) };
            Ok(Answer::Decided { outcome, reply: None })
        });
        let followed = follow_settings(&ledger, &tariffs, DocumentText::new("2.00"));
        let version = followed.now_or_never().unwrap().unwrap();
        assert_eq!((version.number, tariffs.usual()), (3, Some(&version)));
        assert!(tariffs.get(&version).is_some());
    }
}
