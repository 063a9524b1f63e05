//! What a lot's stays are priced by, and what becomes of tariffs.

use super::{Change, operator::unless_stale};
use crate::{
    command::{AssignTariff, Revision},
    event::Event,
    lot::Lot,
    outcome::{Refusal, Subject},
    tariff::{Assignment, DocumentText, Published, Series, TariffId, TariffVersion},
    time::Timestamp,
};

impl Change<'_> {
    /// Whoever is parked keeps what the stay began with.
    pub(super) fn assign_tariff(&mut self, lot: &Lot, assign: &AssignTariff) -> Result<Subject, Refusal> {
        self.tariff_for(lot, &assign.tariff)?;
        let from = assign.from.map_or(self.now, |from| from.max(self.now));
        let given = Assignment { from, class: assign.class.clone(), tariff: assign.tariff.clone() };
        let tariffs = lot.tariffs.with(given.clone(), self.now).ok_or(Refusal::TooManyTariffs)?;
        Ok(self.put_lot(lot, Lot { tariffs, ..lot.clone() }, Event::TariffAssigned(given)))
    }

    /// Whether stays in a lot can be priced by a version.
    pub(super) fn tariff_for(&self, lot: &Lot, version: &TariffVersion) -> Result<(), Refusal> {
        let tariff = self.facts.tariff(version);
        let tariff = tariff.ok_or_else(|| Refusal::NoSuchTariffVersion(version.clone()))?;
        match tariff.document().currency.filter(|currency| *currency != lot.currency) {
            Some(currency) => Err(Refusal::OtherCurrency { tariff: currency, lot: lot.currency }),
            None => Ok(()),
        }
    }
}

/// Decides what becomes of a tariff. Pure; a refusal changes nothing. The result is the tariff as it then is.
pub fn revise(
    before: Option<&Series>,
    id: &TariffId,
    revision: &Revision,
    now: Timestamp,
) -> Result<Series, Refusal> {
    let of_settings = *id == TariffId::usual();
    let there = before.filter(|series| series.is_there());
    let known = || there.ok_or_else(|| Refusal::NoSuchTariff(id.clone()));
    let next = Series {
        id: id.clone(),
        revision: before.map_or(1, |series| series.revision + 1),
        draft: there.and_then(|series| series.draft.clone()),
        newest: there.and_then(|series| series.newest.clone()),
    };
    let publish = |document: &DocumentText| {
        let number = next.newest.as_ref().map_or(1, |newest| newest.number + 1);
        Some(Published { number, document: document.clone(), at: now })
    };
    match revision {
        Revision::Follow(document) if of_settings => match there {
            Some(series) if series.newest.as_ref().is_some_and(|newest| newest.document == *document) => {
                Ok(series.clone())
            }
            _ => Ok(Series { newest: publish(document), ..next }),
        },
        _ if of_settings => Err(Refusal::TariffOfSettings(id.clone())),
        Revision::Follow(_) => Err(Refusal::NoSuchTariff(id.clone())),
        Revision::New(_) if there.is_some() => Err(Refusal::TariffIdTaken(id.clone())),
        Revision::New(document) => Ok(Series { draft: Some(document.clone()), ..next }),
        Revision::Draft { document, seen } => {
            let known = known()?;
            unless_stale(*seen, known.revision)?;
            if known.draft.as_ref() == Some(document) {
                return Ok(known.clone());
            }
            Ok(Series { draft: Some(document.clone()), ..next })
        }
        Revision::Drop { seen } => {
            let known = known()?;
            unless_stale(*seen, known.revision)?;
            known.draft.as_ref().ok_or_else(|| Refusal::NoDraft(id.clone()))?;
            Ok(Series { draft: None, ..next })
        }
        Revision::Publish => {
            let draft = known()?.draft.as_ref().ok_or_else(|| Refusal::NoDraft(id.clone()))?;
            Ok(Series { newest: publish(draft), draft: None, ..next })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_micros(7);

    fn text(of: &str) -> DocumentText {
        DocumentText::new(of)
    }

    fn day() -> TariffId {
        TariffId::parse("day").unwrap()
    }

    fn draft(of: &str, seen: Option<i64>) -> Revision {
        Revision::Draft { document: text(of), seen }
    }

    /// `revision draft newest`
    fn told(series: &Series) -> String {
        let draft = series.draft.as_ref().map_or("-", DocumentText::as_str);
        let newest = series.newest.as_ref();
        let newest = newest.map_or("-".to_owned(), |n| format!("{}:{}", n.number, n.document.as_str()));
        format!("{} {draft} {newest}", series.revision)
    }

    #[test]
    fn a_tariff_is_drafted_published_and_drafted_again() {
        let mut series: Option<Series> = None;
        for (revision, says) in [
            (Revision::New(text("a")), "1 a -"),
            (draft("a", Some(1)), "1 a -"),
            (draft("b", Some(1)), "2 b -"),
            (Revision::Publish, "3 - 1:b"),
            (draft("c", None), "4 c 1:b"),
            (Revision::Drop { seen: Some(4) }, "5 - 1:b"),
            (draft("d", Some(5)), "6 d 1:b"),
            (Revision::Publish, "7 - 2:d"),
        ] {
            let next = revise(series.as_ref(), &day(), &revision, NOW).unwrap();
            assert_eq!(told(&next), says, "{revision:?}");
            series = Some(next);
        }
        assert_eq!(series.unwrap().newest.unwrap().at, NOW);
    }

    #[test]
    fn a_tariff_that_was_never_published_can_go_and_come_again() {
        let new = revise(None, &day(), &Revision::New(text("a")), NOW).unwrap();
        let gone = revise(Some(&new), &day(), &Revision::Drop { seen: None }, NOW).unwrap();
        assert!(!gone.is_there());
        let unknown = Refusal::NoSuchTariff(day());
        assert_eq!(revise(Some(&gone), &day(), &Revision::Publish, NOW), Err(unknown));
        let again = revise(Some(&gone), &day(), &Revision::New(text("b")), NOW).unwrap();
        assert_eq!(told(&again), "3 b -", "who has seen the first is told that it has changed");
    }

    #[test]
    fn what_cannot_be_is_refused() {
        let new = revise(None, &day(), &Revision::New(text("a")), NOW).unwrap();
        let published = revise(Some(&new), &day(), &Revision::Publish, NOW).unwrap();
        let (none, stale) = (Refusal::NoDraft(day()), Refusal::Stale { revision: 2 });
        for (before, revision, refusal) in [
            (None, draft("a", None), Refusal::NoSuchTariff(day())),
            (None, Revision::Publish, Refusal::NoSuchTariff(day())),
            (None, Revision::Drop { seen: None }, Refusal::NoSuchTariff(day())),
            (None, Revision::Follow(text("a")), Refusal::NoSuchTariff(day())),
            (Some(&new), Revision::New(text("b")), Refusal::TariffIdTaken(day())),
            (Some(&published), Revision::Publish, none.clone()),
            (Some(&published), Revision::Drop { seen: None }, none),
            (Some(&published), Revision::Drop { seen: Some(1) }, stale.clone()),
            (Some(&published), draft("b", Some(1)), stale),
        ] {
            assert_eq!(revise(before, &day(), &revision, NOW), Err(refusal), "{revision:?}");
        }
    }

    #[test]
    fn the_tariff_of_the_settings_follows_them_and_nobody_else() {
        let usual = TariffId::usual();
        let follow = |before: Option<&Series>, says: &str| {
            revise(before, &usual, &Revision::Follow(text(says)), NOW).unwrap()
        };
        let first = follow(None, "a");
        assert_eq!(told(&first), "1 - 1:a");
        assert_eq!(follow(Some(&first), "a"), first);
        assert_eq!(told(&follow(Some(&first), "b")), "2 - 2:b");
        for revision in [Revision::New(text("c")), draft("c", None), Revision::Publish] {
            let refused = revise(Some(&first), &usual, &revision, NOW);
            assert_eq!(refused, Err(Refusal::TariffOfSettings(usual.clone())));
        }
    }
}
