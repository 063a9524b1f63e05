//! Judging a concurrent history by what its clients saw.
//!
//! Many clients ask at once and note what they asked, what came back and when ([`Observation`]); [`crowd`] is such a
//! crowd. Every answer names a version of its lot, so afterwards there is one order, and a second, naive model of a car
//! park (`model`, which shares nothing with the domain) says what each answer should have been. [`judge`] compares.
//!
//! Observations are plain text and numbers, so that they can come from a ledger ([`ledger`]) or from HTTP.

mod across;
mod compare;
pub mod crowd;
pub mod ledger;
mod model;
mod observation;

use std::{collections::BTreeMap, fmt};

use self::model::{Expected, Lot};
pub use self::observation::{
    Answered, Asked, NewSlot, Observation, Opening, Order, Promoted, SeenSlot, SeenTicket, SlotChange,
};

/// What a judge found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Verdict {
    /// What is wrong; nothing behind the first wrong thing of a lot is judged.
    pub wrongs: Vec<Wrong>,
    /// Changes that were judged.
    pub changes: usize,
    /// Refusals, and changes that changed nothing, that were judged.
    pub unchanged: usize,
    /// Answers that repeat one of these.
    pub repeats: usize,
    /// Vehicles that were given a slot by somebody else's change.
    pub promotions: usize,
    /// The version that each lot was seen to reach.
    pub versions: BTreeMap<String, i64>,
}

/// One thing that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    /// Of what kind.
    pub kind: Kind,
    /// Where.
    pub lot: String,
    /// In which state.
    pub version: Option<i64>,
    /// What was seen and what should have been.
    pub said: String,
}

/// What can be wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A version that nobody's change made.
    Gap,
    /// A version that two changes made.
    VersionTwice,
    /// A slot that holds two vehicles.
    SlotDoubled,
    /// A vehicle that got a slot before one that was ahead of it.
    Overtaken,
    /// A free slot while a vehicle that fits it waits.
    SlotIdle,
    /// Another slot than the rules say.
    OtherSlot,
    /// A vehicle that is said to have got a slot and did not.
    OtherPromotion,
    /// Another place in the queue.
    OtherPosition,
    /// Refused, or refused otherwise, or granted, against the rules.
    OtherRefusal,
    /// Another fee than the instants give.
    OtherFee,
    /// Instants that do not rise, or change.
    OtherTime,
    /// A ticket or a slot that is not as it was asked for.
    OtherThing,
    /// A plate that is in two lots.
    PlateDoubled,
    /// A repeated request that got another answer.
    OtherBytes,
    /// An answer that knows less than one that came before it was asked for.
    WentBack,
    /// An answer that knows of a change before it was asked for.
    TooEarly,
    /// A request without a key whose answer was lost: nobody can say what became of it.
    Lost,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let version = self.version.map_or_else(String::new, |version| format!(" {version}"));
        write!(f, "{:?} at {}{version}: {}", self.kind, self.lot, self.said)
    }
}

impl Verdict {
    /// Ends the test unless everything is right.
    #[must_use]
    #[expect(clippy::missing_panics_doc, reason = "for tests: the first line says when it panics")]
    pub fn must_be_right(self) -> Self {
        let wrongs: Vec<_> = self.wrongs.iter().map(ToString::to_string).collect();
        assert!(wrongs.is_empty(), "{} wrong:\n{}", wrongs.len(), wrongs.join("\n"));
        self
    }
}

/// Judges what was seen of lots that began like this, where an hour costs so many minor units.
pub fn judge(openings: &[Opening], per_hour: i64, observations: &[Observation]) -> Verdict {
    let mut verdict = Verdict::default();
    let merged = across::merge_repeats(observations, &mut verdict);
    let mut periods = across::Periods::default();
    for opening in openings {
        let of_lot: Vec<&Observation> = merged.iter().filter(|seen| seen.lot == opening.lot).collect();
        across::check_order(&of_lot, &mut verdict);
        across::check_future(&of_lot, &mut verdict);
        judge_lot(opening, per_hour, &of_lot, &mut periods, &mut verdict);
    }
    across::check_plates(&periods, &merged, &mut verdict);
    verdict
}

/// Replays one lot, version by version.
fn judge_lot<'a>(
    opening: &Opening,
    per_hour: i64,
    seen: &[&'a Observation],
    periods: &mut across::Periods<'a>,
    verdict: &mut Verdict,
) {
    let mut lot = Lot::open(opening);
    let mut by_version: BTreeMap<i64, Vec<&'a Observation>> = BTreeMap::new();
    for one in seen {
        if let Some(version) = one.version {
            by_version.entry(version).or_default().push(one);
        }
    }
    let last = by_version.keys().next_back().copied().unwrap_or(opening.version);
    verdict.versions.insert(opening.lot.clone(), last);
    for version in opening.version..=last {
        let mut at = by_version.remove(&version).unwrap_or_default();
        let judged = judge_version(&mut lot, per_hour, version, &mut at, verdict);
        let judged = judged.and_then(|change| {
            periods.follow(change);
            let unchanged = |one: &&Observation| compare::unchanged(&lot, per_hour, one);
            at.iter().try_for_each(|one| unchanged(one).map(|()| verdict.unchanged += 1))
        });
        if let Err((kind, said)) = judged {
            let lot = opening.lot.clone();
            verdict.wrongs.push(Wrong { kind, lot, version: Some(version), said });
            return;
        }
    }
}

/// What is wrong, in short.
type Fault = (Kind, String);

/// Finds the change that made a version among those who saw it, and carries it out. Who else saw it is left.
fn judge_version<'a>(
    lot: &mut Lot,
    per_hour: i64,
    version: i64,
    at: &mut Vec<&'a Observation>,
    verdict: &mut Verdict,
) -> Result<Option<&'a Observation>, Fault> {
    if version == lot.version {
        return Ok(None);
    }
    let may_have_made = |one: &&Observation| one.is_granted() && lot.would_change(&one.asked);
    let makers: Vec<usize> =
        at.iter().enumerate().filter(|(_, one)| may_have_made(one)).map(|(place, _)| place).collect();
    let leaves_the_others_alone = |maker: &usize| {
        let mut after = lot.clone();
        after.carry_out(at[*maker]);
        makers.iter().all(|other| other == maker || !after.would_change(&at[*other].asked))
    };
    // Of two who asked for the same, only one was told whom it gave a slot.
    let was_told_so = |maker: &usize| {
        let mut after = lot.clone();
        let happened = after.carry_out(at[*maker]);
        compare::change(&after, per_hour, at[*maker], &happened).is_ok()
    };
    let maker = match makers[..] {
        [] => return Err(nobody_made_it(lot, at)),
        [maker] => Some(maker),
        _ => {
            let alone: Vec<usize> = makers.iter().copied().filter(leaves_the_others_alone).collect();
            alone.iter().copied().find(was_told_so).or(alone.first().copied())
        }
    };
    let Some(maker) = maker else {
        let said = format!("{:?} and {:?}", at[makers[0]].asked, at[makers[1]].asked);
        return Err((Kind::VersionTwice, said));
    };
    let change = at.remove(maker);
    let happened = lot.carry_out(change);
    verdict.changes += 1;
    verdict.promotions += change.promoted().len();
    compare::change(lot, per_hour, change, &happened)?;
    Ok(Some(change))
}

/// Nobody saw the change that made the next version; or somebody did, and it should have been refused.
fn nobody_made_it(lot: &Lot, at: &[&Observation]) -> Fault {
    let granted = at.iter().filter(|one| one.is_granted());
    let mut refused = granted.filter_map(|one| match lot.expect(&one.asked) {
        Expected::Refused(code, _) => Some(format!("{:?} should have been refused: {code}", one.asked)),
        _ => None,
    });
    match refused.next() {
        Some(said) => (Kind::OtherRefusal, said),
        None => (Kind::Gap, "nobody saw the change that made this version".to_owned()),
    }
}
