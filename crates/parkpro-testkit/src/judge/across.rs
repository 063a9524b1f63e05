//! What is judged across the versions of one lot: keys, plates, and the time of the clients.

use std::collections::{BTreeMap, HashMap};

use super::{Answered, Asked, Kind, Observation, Verdict, Wrong, compare::names_plate, model::key};

/// One observation of each request: those under one key become one, which began with the first and ended with the last.
pub(super) fn merge_repeats(observations: &[Observation], verdict: &mut Verdict) -> Vec<Observation> {
    let mut merged: Vec<Observation> = Vec::with_capacity(observations.len());
    let mut keys: HashMap<&str, usize> = HashMap::new();
    for seen in observations {
        let known = seen.key.as_deref().and_then(|key| keys.get(key)).map(|place| &mut merged[*place]);
        match (known, &seen.key, &seen.answered) {
            (None, None, Answered::Lost) => verdict.wrongs.push(wrong(Kind::Lost, seen, "it had no key")),
            (Some(known), _, _) => {
                verdict.repeats += 1;
                verdict.wrongs.extend(join(known, seen));
            }
            (None, Some(key), _) => {
                keys.insert(key, merged.len());
                merged.push(seen.clone());
            }
            (None, None, _) => merged.push(seen.clone()),
        }
    }
    for seen in &merged {
        match seen.answered {
            Answered::Lost => verdict.wrongs.push(wrong(Kind::Lost, seen, "nobody asked again")),
            Answered::KeyReused => {
                verdict.wrongs.push(wrong(Kind::OtherBytes, seen, "the key was not used before"));
            }
            _ if seen.version.is_none() && seen.is_granted() => {
                verdict.wrongs.push(wrong(Kind::Gap, seen, "the answer to a change names no version"));
            }
            _ => {}
        }
    }
    merged
}

/// Adds what was seen later under a key to what was seen before; what is wrong with it.
fn join(known: &mut Observation, seen: &Observation) -> Option<Wrong> {
    let same_request = known.asked == seen.asked && known.lot == seen.lot;
    if !same_request {
        let refused = matches!(seen.answered, Answered::KeyReused | Answered::Lost);
        return (!refused).then(|| wrong(Kind::OtherBytes, seen, "the key stands for another request"));
    }
    let began = known.began.min(seen.began);
    let ended = known.ended.max(seen.ended);
    match (&known.answered, &seen.answered) {
        (_, Answered::Lost) => known.ended = ended,
        (Answered::Lost, _) => *known = Observation { began, ended, ..seen.clone() },
        _ => {
            if known.bytes != seen.bytes || known.version != seen.version || known.answered != seen.answered {
                return Some(wrong(Kind::OtherBytes, seen, "it was answered otherwise before"));
            }
            if !seen.replayed && !known.replayed {
                return Some(wrong(Kind::OtherBytes, seen, "it was carried out twice"));
            }
            // The first answer tells best when it was carried out.
            known.replayed &= seen.replayed;
        }
    }
    None
}

/// Whoever asks after an answer knows at least as much.
pub(super) fn check_order(of_lot: &[&Observation], verdict: &mut Verdict) {
    let mut by_end = of_lot.to_vec();
    by_end.sort_by_key(|seen| seen.ended);
    let mut by_begin = of_lot.to_vec();
    by_begin.sort_by_key(|seen| seen.began);
    let mut ended = by_end.into_iter().peekable();
    let mut known = i64::MIN;
    for seen in by_begin {
        while let Some(before) = ended.next_if(|before| before.ended < seen.began) {
            known = before.version.map_or(known, |version| version.max(known));
        }
        if seen.version.is_some_and(|version| version < known) {
            let said = format!("{known} was seen before it was asked");
            verdict.wrongs.push(wrong(Kind::WentBack, seen, &said));
            return;
        }
    }
}

/// Nobody knows of a change before it was asked for.
pub(super) fn check_future(of_lot: &[&Observation], verdict: &mut Verdict) {
    let mut asked: BTreeMap<i64, u64> = BTreeMap::new();
    for seen in of_lot.iter().filter(|seen| seen.is_granted()) {
        if let Some(version) = seen.version {
            let began = asked.entry(version).or_insert(u64::MAX);
            *began = seen.began.min(*began);
        }
    }
    // A version was not there before those below it were asked for.
    let mut latest = 0;
    for began in asked.values_mut() {
        latest = latest.max(*began);
        *began = latest;
    }
    let too_early = |seen: &&&Observation| {
        let made = seen.version.and_then(|version| asked.range(..=version).next_back());
        made.is_some_and(|(_, asked)| *asked > seen.ended)
    };
    if let Some(seen) = of_lot.iter().find(too_early) {
        verdict.wrongs.push(wrong(Kind::TooEarly, seen, "the change that made it was asked for later"));
    }
}

/// The times in which plates are inside: from the change that let one in to the change that let it out.
#[derive(Default)]
pub(super) struct Periods<'a> {
    all: Vec<Period<'a>>,
    open: HashMap<String, usize>,
}

struct Period<'a> {
    plate: String,
    ticket: String,
    from: &'a Observation,
    to: Option<&'a Observation>,
}

impl<'a> Periods<'a> {
    /// Notes what a change did to who is inside.
    pub(super) fn follow(&mut self, change: Option<&'a Observation>) {
        let Some((change, ticket)) = change.and_then(|change| Some((change, change.ticket()?))) else {
            return;
        };
        let ends = !matches!(ticket.status.as_str(), "waiting" | "parked");
        let was_open = self.open.contains_key(&ticket.id);
        let corrected = was_open && matches!(change.asked, Asked::Correct { .. });
        if (ends || corrected)
            && let Some(place) = self.open.remove(&ticket.id)
        {
            self.all[place].to = Some(change);
        }
        if corrected || matches!(change.asked, Asked::Enter { .. }) {
            self.open.insert(ticket.id.clone(), self.all.len());
            let (plate, ticket) = (key(&ticket.plate), ticket.id.clone());
            self.all.push(Period { plate, ticket, from: change, to: None });
        }
    }
}

impl Period<'_> {
    /// When the plate was inside for certain: let in before this, let out after that.
    fn certain(&self) -> (u64, u64) {
        (self.from.ended, self.to.map_or(u64::MAX, |to| to.began))
    }
}

/// No plate is in two lots for certain, and who is refused for one that is inside was asked when it may have been.
pub(super) fn check_plates(periods: &Periods<'_>, merged: &[Observation], verdict: &mut Verdict) {
    let mut of_plate: BTreeMap<&str, Vec<&Period<'_>>> = BTreeMap::new();
    for period in &periods.all {
        of_plate.entry(&period.plate).or_default().push(period);
    }
    for periods in of_plate.values() {
        for (place, second) in periods.iter().enumerate() {
            let (from, to) = second.certain();
            let doubled = periods[..place].iter().find(|first| {
                let (first_from, first_to) = first.certain();
                first.from.lot != second.from.lot && from.max(first_from) < to.min(first_to)
            });
            if let Some(first) = doubled {
                let said = format!("{} is in {} too", second.plate, first.from.lot);
                verdict.wrongs.push(wrong(Kind::PlateDoubled, second.from, &said));
            }
        }
    }
    let from: HashMap<&str, &Observation> =
        periods.all.iter().rev().map(|period| (period.ticket.as_str(), period.from)).collect();
    for seen in merged {
        let Answered::Refused { code, ticket } = &seen.answered else { continue };
        let plate = match (&seen.asked, code.as_str()) {
            (Asked::Enter { plate, .. } | Asked::Correct { plate, .. }, "plate-already-active") => key(plate),
            (Asked::Withdraw { ticket } | Asked::Void { ticket }, "no-such-ticket") => {
                if from.get(ticket.as_str()).is_some_and(|given| given.ended < seen.began) {
                    verdict.wrongs.push(wrong(Kind::OtherRefusal, seen, "somebody was given the ticket"));
                }
                continue;
            }
            (_, "no-such-ticket" | "no-such-lot") => continue,
            _ => {
                if seen.version.is_none() {
                    verdict.wrongs.push(wrong(Kind::Gap, seen, "a refusal names its version"));
                }
                continue;
            }
        };
        let was_inside = |period: &&&Period<'_>| {
            ticket.as_ref().is_none_or(|ticket| *ticket == period.ticket)
                && period.from.began <= seen.ended
                && period.to.is_none_or(|to| to.ended >= seen.began)
        };
        let inside =
            of_plate.get(plate.as_str()).is_some_and(|periods| periods.iter().any(|p| was_inside(&p)));
        if names_plate(&seen.asked) && !inside {
            verdict.wrongs.push(wrong(Kind::OtherRefusal, seen, "the plate was not inside"));
        }
    }
}

fn wrong(kind: Kind, seen: &Observation, said: &str) -> Wrong {
    let said = format!("{:?} was answered {:?}: {said}", seen.asked, seen.answered);
    Wrong { kind, lot: seen.lot.clone(), version: seen.version, said }
}
