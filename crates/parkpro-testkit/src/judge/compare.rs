//! What came back beside what should have.

use super::{
    Answered, Asked, Fault, Kind, Observation, Promoted, SeenTicket,
    model::{Expected, Happened, Lot, instant, key},
};

const HOUR: i64 = 3_600_000_000;

/// Judges a change, in the state that it made.
pub(super) fn change(lot: &Lot, per_hour: i64, seen: &Observation, happened: &Happened) -> Result<(), Fault> {
    let subject = seen.ticket();
    check_slots(lot, seen, happened)?;
    check_promotions(lot, seen, happened)?;
    match (&seen.answered, &seen.asked) {
        (Answered::Ticket(ticket, _), _) => {
            check_ticket(lot, ticket)?;
            check_times(lot, seen, ticket, happened)?;
            check_fee(per_hour, ticket)?;
        }
        (Answered::Slots(slots, _), asked) => {
            for slot in slots {
                let status = lot.slot_status(&slot.label).unwrap_or("available");
                let removed = matches!(asked, Asked::RemoveSlot { .. });
                if slot.status != status && !removed {
                    return Err((
                        Kind::OtherThing,
                        format!("slot {} is {status}, not {}", slot.label, slot.status),
                    ));
                }
            }
        }
        _ => {}
    }
    let asks_for_ticket = !matches!(
        seen.asked,
        Asked::AddSlots(_) | Asked::ChangeSlot(_) | Asked::RemoveSlot { .. } | Asked::Reorder(_)
    );
    if asks_for_ticket != subject.is_some() {
        return Err((Kind::OtherThing, format!("{:?} was answered {:?}", seen.asked, seen.answered)));
    }
    Ok(())
}

/// Judges an answer that changed nothing, in the state that it names.
pub(super) fn unchanged(lot: &Lot, per_hour: i64, seen: &Observation) -> Result<(), Fault> {
    let expected = lot.expect(&seen.asked);
    match (&seen.answered, &expected) {
        (Answered::KeyReused | Answered::Lost, _) => Ok(()),
        (Answered::Ticket(ticket, promoted), Expected::Nothing) if promoted.is_empty() => {
            check_ticket(lot, ticket)?;
            check_arrival(lot, ticket)?;
            check_fee(per_hour, ticket)
        }
        (Answered::Slots(_, promoted) | Answered::Lot(promoted), Expected::Nothing)
            if promoted.is_empty() =>
        {
            Ok(())
        }
        // The plate is open in another lot; that is judged across the lots.
        (Answered::Refused { code, ticket: Some(ticket) }, Expected::Change | Expected::Refused(..))
            if code == "plate-already-active" && lot.ticket(ticket).is_none() && names_plate(&seen.asked) =>
        {
            Ok(())
        }
        (Answered::Refused { code, ticket }, Expected::Refused(right, named))
            if code == right && (ticket.is_none() || named.is_none() || ticket == named) =>
        {
            Ok(())
        }
        (answered, expected) => {
            let said =
                format!("{:?} was answered {answered:?}, and should have been {expected:?}", seen.asked);
            Err((Kind::OtherRefusal, said))
        }
    }
}

/// Whether it can be refused because of a plate that is inside.
pub(super) const fn names_plate(asked: &Asked) -> bool {
    matches!(asked, Asked::Enter { .. } | Asked::Correct { .. })
}

/// Nobody got a slot that was not free.
fn check_slots(lot: &Lot, seen: &Observation, happened: &Happened) -> Result<(), Fault> {
    let entered = seen.ticket().filter(|_| matches!(seen.asked, Asked::Enter { .. }));
    let own = entered.and_then(|ticket| Some((&ticket.id, ticket.slot.as_ref()?)));
    let others = seen.promoted().iter().map(|promoted| (&promoted.ticket, &promoted.slot));
    let mut given: Vec<&String> = Vec::new();
    for (ticket, slot) in own.into_iter().chain(others) {
        if given.contains(&slot) {
            return Err((Kind::SlotDoubled, format!("slot {slot} was given to two")));
        }
        given.push(slot);
        if !happened.free.contains(slot) {
            let kind = match lot.slot_status(slot) {
                Some("occupied" | "draining") => Kind::SlotDoubled,
                _ => Kind::OtherSlot,
            };
            return Err((kind, format!("{ticket} got slot {slot}, which was not free")));
        }
    }
    Ok(())
}

/// Those got slots whose turn it was, and the slots that were theirs.
fn check_promotions(lot: &Lot, seen: &Observation, happened: &Happened) -> Result<(), Fault> {
    let own = seen.ticket().filter(|_| matches!(seen.asked, Asked::Enter { .. }));
    let is_own = |ticket: &String| own.is_some_and(|own| own.id == *ticket);
    if let Some(own) = own {
        let right = happened.parked.iter().find(|(ticket, _)| is_own(ticket)).map(|(_, slot)| slot);
        match (right, &own.slot) {
            (Some(right), None) => {
                return Err((Kind::SlotIdle, format!("{right} is free and {} waits", own.id)));
            }
            (None, Some(slot)) => {
                let others = happened.parked.iter().any(|(_, taken)| taken == slot);
                let kind = if others { Kind::Overtaken } else { Kind::OtherSlot };
                return Err((kind, format!("{} got {slot}, which was not its own", own.id)));
            }
            (Some(right), Some(slot)) if right != slot => {
                return Err((Kind::OtherSlot, format!("{} got {slot}, and its slot was {right}", own.id)));
            }
            (None, None) | (Some(_), Some(_)) => {}
        }
    }
    let right: Vec<&(String, String)> =
        happened.parked.iter().filter(|(ticket, _)| !is_own(ticket)).collect();
    let told = seen.promoted();
    for (place, (ticket, slot)) in right.iter().enumerate() {
        match told.get(place) {
            None => return Err((Kind::SlotIdle, format!("{slot} is free and {ticket} waits"))),
            Some(Promoted { ticket: other, .. }) if other != ticket => {
                let later = right.iter().any(|(later, _)| later == other);
                let waited = later || lot.position(other).is_some();
                let kind = if waited { Kind::Overtaken } else { Kind::OtherPromotion };
                return Err((kind, format!("{other} got a slot, and it was the turn of {ticket}")));
            }
            Some(Promoted { slot: other, .. }) if other != slot => {
                return Err((Kind::OtherSlot, format!("{ticket} got {other}, and its slot was {slot}")));
            }
            Some(_) => {}
        }
    }
    match told.get(right.len()) {
        Some(more) => Err((Kind::OtherPromotion, format!("{} did not get {}", more.ticket, more.slot))),
        None => Ok(()),
    }
}

/// A ticket is as the model has it.
fn check_ticket(lot: &Lot, seen: &SeenTicket) -> Result<(), Fault> {
    let Some(ticket) = lot.ticket(&seen.id) else {
        return Err((Kind::OtherThing, format!("nobody was given the ticket {}", seen.id)));
    };
    let told = (seen.number, key(&seen.plate), &seen.class, &seen.priority, seen.status.as_str(), &seen.slot);
    let right =
        (ticket.number, key(&ticket.plate), &ticket.class, &ticket.priority, ticket.status, &ticket.slot);
    if told != right || seen.plate != ticket.plate || seen.needs != ticket.needs {
        return Err((Kind::OtherThing, format!("{told:?} should be {right:?}")));
    }
    let position = lot.position(&seen.id);
    if seen.position != position {
        let said = format!("{} is told {:?}, and its place is {position:?}", seen.id, seen.position);
        return Err((Kind::OtherPosition, said));
    }
    Ok(())
}

/// A ticket came when it came.
fn check_arrival(lot: &Lot, told: &SeenTicket) -> Result<(), Fault> {
    match lot.ticket(&told.id) {
        Some(ticket) if told.arrived_at != ticket.arrived_at => {
            let said = format!("{} arrived at {}, not {}", told.id, ticket.arrived_at, told.arrived_at);
            Err((Kind::OtherTime, said))
        }
        _ => Ok(()),
    }
}

/// Instants rise, and stay as they were.
fn check_times(lot: &Lot, seen: &Observation, told: &SeenTicket, happened: &Happened) -> Result<(), Fault> {
    let wrong = |said: String| Err((Kind::OtherTime, said));
    let Some(ticket) = lot.ticket(&told.id) else { return Ok(()) };
    if instant(seen).is_some_and(|at| at <= happened.after) {
        return wrong(format!("{:?} is not later than {}", instant(seen), happened.after));
    }
    check_arrival(lot, told)?;
    if ticket.parked_at.is_some() && told.parked_at != ticket.parked_at {
        return wrong(format!("{} parked at {:?}, not {:?}", told.id, ticket.parked_at, told.parked_at));
    }
    if told.parked_at.is_some() != told.slot.is_some()
        || told.parked_at.is_some_and(|at| at < told.arrived_at)
    {
        return wrong(format!("{} parked at {:?}", told.id, told.parked_at));
    }
    let ended = !matches!(ticket.status, "waiting" | "parked");
    if told.ended_at.is_some() != ended {
        return wrong(format!("{} is {} and ended at {:?}", told.id, ticket.status, told.ended_at));
    }
    Ok(())
}

/// A departed vehicle pays for every hour that it has begun; nobody else pays.
fn check_fee(per_hour: i64, told: &SeenTicket) -> Result<(), Fault> {
    let stay = told.parked_at.zip(told.ended_at).filter(|_| told.status == "departed");
    let right = stay.map(|(from, to)| (to - from + HOUR - 1) / HOUR * per_hour);
    if told.fee == right {
        return Ok(());
    }
    Err((Kind::OtherFee, format!("{} paid {:?}, and owed {right:?}", told.id, told.fee)))
}
