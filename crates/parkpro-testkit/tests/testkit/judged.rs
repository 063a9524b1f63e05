//! The judge himself: what is right passes, and each kind of wrong is noticed and named.

use parkpro_testkit::judge::{
    Answered, Asked, Kind, NewSlot, Observation, Opening, Order, Promoted, SeenSlot, SeenTicket, SlotChange,
    Verdict, judge,
};

const PER_HOUR: i64 = 5000;
const HOUR: i64 = 3_600_000_000;

fn opening(lot: &str, queue_limit: Option<usize>) -> Opening {
    let slot =
        |label: &str| NewSlot { label: label.into(), accepts: vec!["car".into()], ..NewSlot::default() };
    Opening {
        lot: lot.into(),
        version: 1,
        order: Order { priorities: vec!["vip".into(), "standard".into()], head_starts: vec![] },
        queue_limit,
        slots: vec![slot("A"), slot("B")],
    }
}

fn verdict(seen: &[Observation]) -> Verdict {
    judge(&[opening("main", None), opening("annex", Some(0))], PER_HOUR, seen)
}

/// What is wrong, first of all.
fn first_wrong(seen: &[Observation]) -> Option<Kind> {
    verdict(seen).wrongs.first().map(|wrong| wrong.kind)
}

fn enter(plate: &str) -> Asked {
    Asked::Enter { plate: plate.into(), class: "car".into(), needs: vec![], priority: "standard".into() }
}

fn exit(plate: &str) -> Asked {
    Asked::Exit { plate: plate.into() }
}

/// Ticket `T1` of plate `P1`, number 1, as it comes.
fn ticket(n: i64, at: i64) -> SeenTicket {
    SeenTicket {
        id: format!("T{n}"),
        number: n,
        plate: format!("P{n}"),
        class: "car".into(),
        priority: "standard".into(),
        status: "waiting".into(),
        arrived_at: at,
        ..SeenTicket::default()
    }
}

fn waits(n: i64, at: i64, position: i64) -> SeenTicket {
    SeenTicket { position: Some(position), ..ticket(n, at) }
}

fn parked(n: i64, at: i64, slot: &str) -> SeenTicket {
    let slot = Some(slot.into());
    SeenTicket { status: "parked".into(), slot, parked_at: Some(at), ..ticket(n, at) }
}

fn departed(ticket: SeenTicket, at: i64, fee: i64) -> SeenTicket {
    SeenTicket { status: "departed".into(), ended_at: Some(at), fee: Some(fee), ..ticket }
}

fn promoted(n: i64, slot: &str) -> Promoted {
    Promoted { ticket: format!("T{n}"), slot: slot.into() }
}

fn seen(version: i64, asked: Asked, answered: Answered) -> Observation {
    let bytes = format!("{answered:?}").into_bytes();
    let when = u64::try_from(version).unwrap() * 10;
    Observation {
        lot: "main".into(),
        asked,
        key: None,
        version: Some(version),
        answered,
        bytes,
        replayed: false,
        began: when,
        ended: when + 5,
    }
}

fn done(version: i64, asked: Asked, ticket: SeenTicket, promoted: &[Promoted]) -> Observation {
    seen(version, asked, Answered::Ticket(ticket, promoted.to_vec()))
}

fn refused(version: i64, asked: Asked, code: &str, ticket: Option<&str>) -> Observation {
    seen(version, asked, Answered::Refused { code: code.into(), ticket: ticket.map(str::to_owned) })
}

/// Two slots; P1 and P2 park, P3 and P4 wait, P1 leaves to P3, P4 gives up, P3 leaves, P2 is refused.
fn right() -> Vec<Observation> {
    let left = departed(parked(1, 10, "A"), 10 + HOUR + 1, 2 * PER_HOUR);
    let third = SeenTicket {
        parked_at: Some(10 + HOUR + 1),
        ..departed(parked(3, 30, "A"), 10 + 2 * HOUR + 1, PER_HOUR)
    };
    let gone = SeenTicket { status: "withdrawn".into(), ended_at: Some(50 + HOUR), ..ticket(4, 40) };
    vec![
        done(2, enter("P1"), parked(1, 10, "A"), &[]),
        done(3, enter("P2"), parked(2, 20, "B"), &[]),
        done(4, enter("P3"), waits(3, 30, 1), &[]),
        done(5, enter("P4"), waits(4, 40, 2), &[]),
        done(6, exit("P1"), left, &[promoted(3, "A")]),
        refused(6, enter("P2"), "plate-already-active", Some("T2")),
        done(7, Asked::Withdraw { ticket: "T4".into() }, gone, &[]),
        done(8, exit("P3"), third, &[]),
    ]
}

fn set(seen: &mut Observation, change: impl FnOnce(&mut SeenTicket, &mut Vec<Promoted>)) {
    let Answered::Ticket(ticket, promoted) = &mut seen.answered else { panic!("a ticket came back") };
    change(ticket, promoted);
}

/// The right history with one answer changed.
fn with(place: usize, change: impl FnOnce(&mut SeenTicket, &mut Vec<Promoted>)) -> Vec<Observation> {
    let mut history = right();
    set(&mut history[place], change);
    history
}

#[test]
fn of_two_who_put_a_slot_back_the_one_that_gave_it_away_made_the_change() {
    let serve = |in_service| {
        let label = "A".to_owned();
        Asked::ChangeSlot(SlotChange { label, in_service: Some(in_service), accepts: None, rank: None })
    };
    let slot = |status: &str, promoted: &[Promoted]| {
        let slot = SeenSlot { label: "A".into(), status: status.into() };
        Answered::Slots(vec![slot], promoted.to_vec())
    };
    let both = [
        seen(5, serve(true), slot("occupied", &[])),
        seen(5, serve(true), slot("occupied", &[promoted(2, "A")])),
    ];
    for order in [[0, 1], [1, 0]] {
        let mut all = vec![
            seen(2, serve(false), slot("out_of_service", &[])),
            done(3, enter("P1"), parked(1, 30, "B"), &[]),
            done(4, enter("P2"), waits(2, 40, 1), &[]),
        ];
        all.extend(order.map(|place| both[place].clone()));
        assert_eq!(first_wrong(&all), None, "{order:?}");
    }
    let twice_nothing = vec![
        seen(2, serve(false), slot("out_of_service", &[])),
        done(3, enter("P1"), parked(1, 30, "B"), &[]),
        done(4, enter("P2"), waits(2, 40, 1), &[]),
        both[0].clone(),
        both[0].clone(),
    ];
    assert_eq!(first_wrong(&twice_nothing), Some(Kind::SlotIdle), "somebody must have been told");
}

#[test]
fn what_is_right_passes() {
    let verdict = verdict(&right()).must_be_right();
    assert_eq!((verdict.changes, verdict.unchanged, verdict.promotions), (7, 1, 1));
    assert_eq!(verdict.versions["main"], 8);
}

#[test]
fn the_order_in_which_clients_tell_does_not_matter() {
    let mut history = right();
    history.reverse();
    assert_eq!(first_wrong(&history), None);
}

#[test]
fn a_gap_is_noticed() {
    let mut history = right();
    history.remove(3);
    assert_eq!(first_wrong(&history), Some(Kind::Gap));
    let mut history = right();
    history[4].version = None;
    assert_eq!(first_wrong(&history), Some(Kind::Gap), "a change without a version");
}

#[test]
fn a_version_that_two_made_is_noticed() {
    let mut history = right();
    history.push(done(5, enter("P5"), waits(5, 41, 3), &[]));
    assert_eq!(first_wrong(&history), Some(Kind::VersionTwice));
}

#[test]
fn a_doubled_slot_is_noticed() {
    let into_a = |ticket: &mut SeenTicket, _: &mut Vec<Promoted>| *ticket = parked(3, 30, "A");
    assert_eq!(first_wrong(&with(2, into_a)), Some(Kind::SlotDoubled));
    let both = |_: &mut SeenTicket, told: &mut Vec<Promoted>| told.push(promoted(4, "A"));
    assert_eq!(first_wrong(&with(4, both)), Some(Kind::SlotDoubled));
    let occupied = |_: &mut SeenTicket, told: &mut Vec<Promoted>| told[0].slot = "B".into();
    assert_eq!(first_wrong(&with(4, occupied)), Some(Kind::SlotDoubled));
}

#[test]
fn overtaking_is_noticed() {
    let barge = |_: &mut SeenTicket, told: &mut Vec<Promoted>| *told = vec![promoted(4, "A")];
    assert_eq!(first_wrong(&with(4, barge)), Some(Kind::Overtaken));
}

#[test]
fn an_idle_slot_is_noticed() {
    let nobody = |_: &mut SeenTicket, told: &mut Vec<Promoted>| told.clear();
    assert_eq!(first_wrong(&with(4, nobody)), Some(Kind::SlotIdle));
    let has_to_wait = |ticket: &mut SeenTicket, _: &mut Vec<Promoted>| *ticket = waits(2, 20, 1);
    assert_eq!(first_wrong(&with(1, has_to_wait)), Some(Kind::SlotIdle));
}

#[test]
fn another_slot_is_noticed() {
    let second = |ticket: &mut SeenTicket, _: &mut Vec<Promoted>| ticket.slot = Some("B".into());
    assert_eq!(first_wrong(&with(0, second)), Some(Kind::OtherSlot));
    let unknown = |ticket: &mut SeenTicket, _: &mut Vec<Promoted>| ticket.slot = Some("Z".into());
    assert_eq!(first_wrong(&with(0, unknown)), Some(Kind::OtherSlot));
}

#[test]
fn a_wrong_promotion_is_noticed() {
    let parked_before = |_: &mut SeenTicket, told: &mut Vec<Promoted>| *told = vec![promoted(2, "A")];
    assert_eq!(first_wrong(&with(4, parked_before)), Some(Kind::OtherPromotion));
    let gone = |_: &mut SeenTicket, told: &mut Vec<Promoted>| told.push(promoted(4, "A"));
    assert_eq!(first_wrong(&with(7, gone)), Some(Kind::OtherPromotion));
}

#[test]
fn a_wrong_place_is_noticed() {
    for place in [Some(1), Some(3), None] {
        let told = |ticket: &mut SeenTicket, _: &mut Vec<Promoted>| ticket.position = place;
        assert_eq!(first_wrong(&with(3, told)), Some(Kind::OtherPosition), "{place:?}");
    }
}

#[test]
fn a_wrong_fee_is_noticed() {
    for fee in [None, Some(0), Some(PER_HOUR), Some(2 * PER_HOUR + 1), Some(3 * PER_HOUR)] {
        let paid = |ticket: &mut SeenTicket, _: &mut Vec<Promoted>| ticket.fee = fee;
        assert_eq!(first_wrong(&with(4, paid)), Some(Kind::OtherFee), "{fee:?}");
    }
    let paid = |ticket: &mut SeenTicket, _: &mut Vec<Promoted>| ticket.fee = Some(0);
    assert_eq!(first_wrong(&with(6, paid)), Some(Kind::OtherFee), "who gives up pays nothing, not 0");
}

#[test]
fn a_wrong_instant_is_noticed() {
    let early = |ticket: &mut SeenTicket, _: &mut Vec<Promoted>| {
        (ticket.arrived_at, ticket.parked_at) = (10, Some(10));
    };
    assert_eq!(first_wrong(&with(1, early)), Some(Kind::OtherTime), "it does not rise");
    let moved = |ticket: &mut SeenTicket, _: &mut Vec<Promoted>| ticket.parked_at = Some(11);
    assert_eq!(first_wrong(&with(4, moved)), Some(Kind::OtherTime), "it parked before");
    let came = |ticket: &mut SeenTicket, _: &mut Vec<Promoted>| ticket.arrived_at = 9;
    assert_eq!(first_wrong(&with(4, came)), Some(Kind::OtherTime), "it came at another time");
    let with_others = |ticket: &mut SeenTicket, _: &mut Vec<Promoted>| ticket.parked_at = Some(HOUR);
    assert_eq!(first_wrong(&with(7, with_others)), Some(Kind::OtherTime), "it got its slot when P1 left");
}

#[test]
fn a_wrong_ticket_is_noticed() {
    let changes: [fn(&mut SeenTicket); 6] = [
        |ticket| ticket.number += 1,
        |ticket| ticket.plate = "P9".into(),
        |ticket| ticket.class = "van".into(),
        |ticket| ticket.priority = "vip".into(),
        |ticket| ticket.status = "parked".into(),
        |ticket| ticket.plate = "p-3".into(),
    ];
    for change in changes {
        assert_eq!(first_wrong(&with(2, |ticket, _| change(ticket))), Some(Kind::OtherThing));
    }
}

#[test]
fn a_wrong_refusal_is_noticed() {
    for (code, named) in [("queue-full", None), ("plate-already-active", Some("T1")), ("not-parked", None)] {
        let mut history = right();
        history[5] = refused(6, enter("P2"), code, named);
        assert_eq!(first_wrong(&history), Some(Kind::OtherRefusal), "{code}");
    }
    let mut history = right();
    history[3] = refused(4, enter("P4"), "queue-full", None);
    assert_eq!(first_wrong(&history), Some(Kind::OtherRefusal), "it should have been let in");
    let mut history = right();
    history[3] = done(5, enter("P2"), waits(4, 40, 2), &[]);
    assert_eq!(first_wrong(&history), Some(Kind::OtherRefusal), "it should not have been let in");
    let mut history = right();
    history.push(done(9, exit("P3"), departed(parked(3, 30, "A"), 9 * HOUR, PER_HOUR), &[]));
    assert_eq!(first_wrong(&history), Some(Kind::OtherRefusal), "it left before");
    let mut history = right();
    history.push(refused(8, Asked::Withdraw { ticket: "T2".into() }, "no-such-ticket", None));
    assert_eq!(first_wrong(&history), Some(Kind::OtherRefusal), "somebody was given the ticket");
}

#[test]
fn a_repeat_with_other_bytes_is_noticed() {
    let keyed = |place: usize| {
        let mut history = right();
        history[place].key = Some("k".into());
        let again = Observation { replayed: true, began: 900, ended: 905, ..history[place].clone() };
        history.push(again);
        history
    };
    let verdict = verdict(&keyed(4)).must_be_right();
    assert_eq!(verdict.repeats, 1);
    assert_eq!(first_wrong(&keyed(5)), None, "a refusal too");
    let last = right().len();
    let mut history = keyed(4);
    history[last].bytes.push(b' ');
    assert_eq!(first_wrong(&history), Some(Kind::OtherBytes));
    let mut history = keyed(4);
    history[last].replayed = false;
    assert_eq!(first_wrong(&history), Some(Kind::OtherBytes), "carried out twice");
    let mut history = keyed(5);
    history[last].asked = enter("P9");
    assert_eq!(first_wrong(&history), Some(Kind::OtherBytes), "the answer to another request");
    history[last].answered = Answered::KeyReused;
    assert_eq!(first_wrong(&history), None);
}

#[test]
fn a_lost_answer_must_be_asked_for_again() {
    let lost = |key: Option<&str>| {
        let mut history = right();
        let key = key.map(str::to_owned);
        let answered = Answered::Lost;
        history[4].key.clone_from(&key);
        let began = history[4].began - 3;
        history.push(Observation { key, answered, version: None, began, ..history[4].clone() });
        history
    };
    assert_eq!(first_wrong(&lost(Some("k"))), None);
    assert_eq!(first_wrong(&lost(None)), Some(Kind::Lost));
    let mut history = lost(Some("k"));
    history.remove(4);
    assert!(verdict(&history).wrongs.iter().any(|wrong| wrong.kind == Kind::Lost));
}

/// Somebody asks `annex` between these times.
fn there(version: i64, asked: Asked, answered: Answered, (began, ended): (u64, u64)) -> Observation {
    Observation { lot: "annex".into(), began, ended, ..seen(version, asked, answered) }
}

#[test]
fn a_plate_in_two_lots_is_noticed() {
    let enters = |times| {
        let ticket = SeenTicket { id: "X1".into(), ..parked(1, 10, "A") };
        let mut history = right();
        history.push(there(2, enter("P1"), Answered::Ticket(ticket, vec![]), times));
        history
    };
    assert_eq!(first_wrong(&enters((30, 40))), Some(Kind::PlateDoubled), "P1 is in main from 25 to 60");
    assert_eq!(first_wrong(&enters((10, 22))), Some(Kind::PlateDoubled));
    assert_eq!(first_wrong(&enters((30, 61))), None, "perhaps P1 had left by then");
    assert_eq!(first_wrong(&enters((70, 75))), None);
}

#[test]
fn who_is_refused_for_another_lot_was_inside_there() {
    let refusal = |ticket: &str, times| {
        let answered =
            Answered::Refused { code: "plate-already-active".into(), ticket: Some(ticket.to_owned()) };
        let mut history = right();
        history.push(there(1, enter("P1"), answered, times));
        history
    };
    assert_eq!(first_wrong(&refusal("T1", (30, 40))), None);
    assert_eq!(first_wrong(&refusal("T1", (64, 80))), None, "P1 was leaving");
    assert_eq!(first_wrong(&refusal("T1", (66, 80))), Some(Kind::OtherRefusal), "P1 had left");
    assert_eq!(first_wrong(&refusal("T2", (30, 40))), Some(Kind::OtherRefusal), "another plate");
}

#[test]
fn an_answer_that_knows_less_than_one_before_is_noticed() {
    let late = |began| {
        let mut history = right();
        (history[5].began, history[5].ended) = (began, 200);
        history
    };
    assert_eq!(first_wrong(&late(74)), None, "it was asked before version 7 was told");
    assert_eq!(first_wrong(&late(76)), Some(Kind::WentBack));
}

#[test]
fn an_answer_that_knows_the_future_is_noticed() {
    let early = |ended| {
        let mut history = right();
        (history[5].began, history[5].ended) = (10, ended);
        history
    };
    assert_eq!(first_wrong(&early(61)), None, "version 6 was asked for at 60");
    assert_eq!(first_wrong(&early(59)), Some(Kind::TooEarly));
}
