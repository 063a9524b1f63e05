//! `protocol::turn` over machines that fail on demand.

use std::sync::Arc;

use futures_util::FutureExt;
use parkpro_domain::{
    command::{ChangeSlot, Command, Enter},
    discount::Terms,
    outcome::{Done, Refusal, Subject},
    ports::{Answer, Fault, Records, Request},
    protocol::{Rules, Verdict, turn},
    ticket::TicketId,
};
use parkpro_testkit::{
    ask,
    clock::HandClock,
    faults::{ALWAYS, Faults, FaultyTransaction, Step},
    heard::Heard,
    ids::nth_ticket,
    memory::{MemoryRecord, MemoryStore},
};

/// Two lots with two slots each, and the means to break them.
struct Bench {
    store: MemoryStore,
    faults: Faults,
    heard: Arc<Heard>,
}

impl Bench {
    fn new() -> Self {
        let bench = Self { store: MemoryStore::default(), faults: Faults::default(), heard: Arc::default() };
        for lot in ["annex", "main"] {
            let opened = bench.turn(&[ask::request(Command::OpenLot(ask::open(lot, ask::slots(2))))]);
            assert_eq!(told(&opened), ["done"]);
        }
        bench.faults.steps();
        bench
    }

    fn turn(&self, batch: &[Request]) -> Vec<Verdict> {
        self.turn_by(&ask::rules(), batch)
    }

    /// By rules that last for several turns, as those of a program do.
    fn turn_by(&self, rules: &Rules, batch: &[Request]) -> Vec<Verdict> {
        let clock = Arc::new(HandClock::default());
        let mut tx = FaultyTransaction::new(self.store.transaction(clock), self.faults.clone());
        let batch: Vec<&Request> = batch.iter().collect();
        turn(&mut tx, rules, &batch, &*self.heard).now_or_never().expect("memory does not wait")
    }

    /// The next commit is answered by nobody.
    fn lose_commit(&self, committed: bool) {
        if committed {
            self.faults.lose_commits(1);
        } else {
            self.faults.fail(Step::Commit, Fault::OutcomeUnknown, 1);
        }
    }

    fn version(&self, lot: &str) -> i64 {
        let (clock, heard) = (Arc::new(HandClock::default()), Arc::clone(&self.heard));
        let records = MemoryRecord::new(self.store.clone(), clock, ask::rules(), heard, 1);
        let view = records.lot(ask::lot(lot)).now_or_never().unwrap().unwrap();
        view.unwrap().lot.version.0
    }

    /// What the witness heard since the lots were opened: `main 1-2`.
    fn heard(&self) -> Vec<String> {
        let commits = self.heard.commits().into_iter().skip(2);
        commits.map(|commit| format!("{} {}-{}", commit.lot, commit.from, commit.to)).collect()
    }
}

/// Ticket n is at the gate of a lot; its plate is P and n.
fn enter(lot: &str, n: u64) -> Request {
    enter_as(lot, n, &format!("P{n}"))
}

fn enter_as(lot: &str, n: u64, plate: &str) -> Request {
    ask::request(Command::Enter(ask::enter(lot, nth_ticket(n), plate)))
}

fn keyed(lot: &str, n: u64, plate: &str, key: &str) -> Request {
    ask::keyed(Command::Enter(ask::enter(lot, nth_ticket(n), plate)), key)
}

/// Verdicts in a word each.
fn told(verdicts: &[Verdict]) -> Vec<String> {
    let word = |verdict: &Verdict| match verdict {
        Verdict::Answered(Answer::Decided { outcome, .. }) => match &outcome.result {
            Ok(_) => "done".to_owned(),
            Err(Refusal::PlateAlreadyActive { ticket }) => format!("active {}", number(*ticket)),
            Err(refusal) => format!("{refusal:?}"),
        },
        Verdict::Answered(Answer::Replayed(_)) => "replayed".to_owned(),
        Verdict::Answered(Answer::KeyReused) => "key reused".to_owned(),
        Verdict::Postponed => "postponed".to_owned(),
        Verdict::Failed(error) => format!("{:?}", error.fault),
    };
    verdicts.iter().map(word).collect()
}

fn number(ticket: TicketId) -> u128 {
    ticket.0.as_u128() - nth_ticket(0).0.as_u128()
}

#[test]
fn the_steps_of_a_turn_have_one_order() {
    use Step::{Begin, Claim, Commit, Facts, Lock, Write};
    let bench = Bench::new();
    assert_eq!(told(&bench.turn(&[keyed("main", 1, "P1", "k"), enter("annex", 2)])), ["done", "done"]);
    assert_eq!(bench.faults.steps(), [Begin, Claim, Lock, Facts, Write, Commit]);
    bench.turn(&[enter("main", 3)]);
    assert_eq!(bench.faults.steps(), [Begin, Lock, Facts, Write, Commit], "no key, no claim");
}

#[test]
fn what_a_stay_is_priced_by_is_read_once() {
    use Step::{Begin, Commit, Documents, EarlierStays, Facts, Lock, Series, Write, WriteSeries};
    let (bench, rules) = (Bench::new(), ask::rules());
    let said = |command| told(&bench.turn_by(&rules, &[ask::request(command)]));
    said(ask::new_tariff("day", "2.00"));
    assert_eq!(bench.faults.steps(), [Begin, Lock, Series, Facts, WriteSeries, Write, Commit]);
    assert_eq!(said(ask::publish("day")), ["done"]);
    assert_eq!(said(Command::AssignTariff(ask::assign("main", ask::version("day", 1)))), ["done"]);
    bench.faults.steps();
    for n in 1..3 {
        bench.turn_by(&rules, &[enter("main", n)]);
        assert_eq!(said(ask::exit("main", &format!("P{n}"))), ["done"]);
        let plain = [Begin, Lock, Facts, Write, Commit];
        assert_eq!(bench.faults.steps(), [plain, plain].concat(), "nothing but facts");
    }
    bench.turn(&[enter("main", 3)]);
    bench.faults.steps();
    assert_eq!(told(&bench.turn(&[ask::request(ask::exit("main", "P3"))])), ["done"]);
    assert_eq!(
        bench.faults.steps(),
        [Begin, Lock, Facts, Documents, Write, Commit],
        "a new program reads it"
    );

    said(ask::draft("day", "2.00 a day"));
    said(ask::publish("day"));
    said(Command::AssignTariff(ask::assign("main", ask::version("day", 2))));
    bench.turn_by(&rules, &[enter("main", 4)]);
    bench.faults.steps();
    said(ask::exit("main", "P4"));
    assert_eq!(bench.faults.steps(), [Begin, Lock, Facts, EarlierStays, Write, Commit]);
}

#[test]
fn a_record_that_has_lost_a_pinned_tariff_charges_nobody() {
    let (bench, rules) = (Bench::new(), ask::rules());
    let lost = ask::version("lost", 1);
    rules.tariffs.learn(lost.clone(), &ask::document("2.00")).unwrap();
    rules.tariffs.set_usual(lost);
    assert_eq!(told(&bench.turn_by(&rules, &[enter("main", 1)])), ["done"]);
    let exit = ask::request(ask::exit("main", "P1"));
    assert_eq!(told(&bench.turn(std::slice::from_ref(&exit))), ["Corrupt"]);
    assert_eq!(told(&bench.turn_by(&rules, &[exit])), ["done"]);
}

#[test]
fn whoever_is_in_a_slot_in_the_end_uses_a_code_as_often_as_it_may() {
    let used = Refusal::DiscountUsedByPlate(ask::code("ONCE"));
    let rename = |from: &str, to: &str| {
        let new_label = Some(ask::label(to));
        Command::ChangeSlot(ChangeSlot { new_label, ..ask::change_slot("main", from) })
    };
    let from_first = || ask::exit_from("main", "A-001");
    for before in [
        vec![from_first()],
        vec![ask::exit("main", "P1")],
        vec![ask::exit_by_ticket("main", nth_ticket(1))],
        vec![ask::exit("main", "P3"), rename("A-001", "Z"), rename("A-002", "A-001")],
    ] {
        let bench = Bench::new();
        let ask_all = |commands: Vec<Command>| {
            told(&bench.turn(&commands.into_iter().map(ask::request).collect::<Vec<_>>()))
        };
        let once = Terms { limit_per_plate: Some(1), ..ask::terms("free 60") };
        ask_all(vec![ask::new_discount("main", "ONCE", once)]);
        bench.turn(&[enter("main", 9), enter_as("main", 8, "P2")]);
        let gone = ask_all(vec![ask::exit_with("main", "P2", &["ONCE"]), ask::exit("main", "P9")]);
        assert_eq!(gone, ["done", "done"]);
        bench.turn(&[enter("main", 1), enter("main", 3), enter_as("main", 4, "P2")]);
        let last = ask::with_discounts(from_first(), &["ONCE"]);
        let told = ask_all(before.into_iter().chain([last]).collect());
        assert_eq!(told.last(), Some(&format!("{used:?}")), "{told:?}");
    }
}

#[test]
fn an_empty_turn_is_no_turn() {
    let bench = Bench::new();
    assert!(bench.turn(&[]).is_empty());
    assert_eq!(bench.faults.steps(), []);
}

#[test]
fn each_change_of_a_turn_has_a_version_of_its_own() {
    let bench = Bench::new();
    let verdicts = bench.turn(&[enter("main", 1), enter_as("main", 2, "P1"), enter("main", 3)]);
    assert_eq!(told(&verdicts), ["done", "active 1", "done"]);
    let versions = verdicts.iter().map(|verdict| match verdict {
        Verdict::Answered(Answer::Decided { outcome, .. }) => outcome.version.map(|version| version.0),
        _ => None,
    });
    assert_eq!(versions.collect::<Vec<_>>(), [Some(2), Some(2), Some(3)]);
    assert_eq!(bench.version("main"), 3);
}

#[test]
fn the_witness_hears_each_lot_once_a_turn_and_only_of_commits() {
    let bench = Bench::new();
    bench.faults.fail(Step::Commit, Fault::Conflict, 1);
    bench.turn(&[enter("main", 1)]);
    assert_eq!(bench.heard(), ["main 1-2"], "the first try was rolled back");
    bench.turn(&[enter("main", 2), enter("annex", 3), enter("main", 4)]);
    assert_eq!(bench.heard()[1..], ["annex 1-2", "main 2-4"]);
    bench.turn(&[enter_as("main", 5, "P4")]);
    assert_eq!(bench.heard().len(), 3, "a refusal is no change");
    assert_eq!(bench.heard.turns()[2..], [1, 3, 1]);
}

#[test]
fn a_fault_at_any_step_leaves_nothing_behind() {
    let before_commit = [Step::Begin, Step::Claim, Step::Lock, Step::Facts, Step::Write, Step::Commit];
    for step in before_commit {
        let bench = Bench::new();
        bench.faults.fail(step, Fault::Corrupt, 1);
        let request = keyed("main", 1, "P1", "k");
        assert_eq!(told(&bench.turn(std::slice::from_ref(&request))), ["Corrupt"], "{step:?}");
        let rolled_back = bench.faults.steps().last() == Some(&Step::Rollback);
        assert_eq!(rolled_back, step != Step::Begin, "{step:?}");
        assert_eq!((bench.version("main"), bench.heard().len()), (1, 0), "{step:?}");
        assert_eq!(told(&bench.turn(&[request])), ["done"], "neither the lock nor the key stayed: {step:?}");
    }
}

#[test]
fn a_fault_while_a_place_is_counted_leaves_nothing_behind() {
    let bench = Bench::new();
    bench.turn(&[enter("main", 1), enter("main", 2), enter("main", 3)]);
    bench.faults.fail(Step::Ahead, Fault::Corrupt, 1);
    let amend = ask::request(ask::prioritise(nth_ticket(3), "vip"));
    assert_eq!(told(&bench.turn(std::slice::from_ref(&amend))), ["Corrupt"]);
    assert_eq!(told(&bench.turn(&[amend])), ["done"]);
}

#[test]
fn a_fault_while_those_behind_are_read_leaves_nothing_behind() {
    let bench = Bench::new();
    bench.turn(&[ask::request(ask::reorder("main", "vip:900,standard:0"))]);
    bench.turn(&[enter("main", 1), enter("main", 2), enter("main", 3)]);
    bench.faults.steps();
    assert_eq!(told(&bench.turn(&[enter("main", 4)])), ["done"]);
    assert!(!bench.faults.steps().contains(&Step::Behind), "who has the least head start overtakes nobody");
    bench.faults.fail(Step::Behind, Fault::Corrupt, 1);
    let vip = ask::enter("main", nth_ticket(5), "P5");
    let vip = ask::request(Command::Enter(Enter { priority: ask::priority("vip"), ..vip }));
    assert_eq!(told(&bench.turn(std::slice::from_ref(&vip))), ["Corrupt"]);
    assert_eq!(told(&bench.turn(&[vip])), ["done"]);
    assert!(bench.faults.steps().contains(&Step::Behind));
}

#[test]
fn one_bad_request_never_spoils_the_others() {
    let bench = Bench::new();
    bench.faults.poison("BAD");
    let batch = [enter("main", 1), enter_as("main", 2, "BAD"), enter("main", 3), enter("annex", 4)];
    assert_eq!(told(&bench.turn(&batch)), ["done", "Corrupt", "done", "done"]);
    assert_eq!((bench.version("main"), bench.version("annex")), (3, 2));
}

#[test]
fn one_bad_request_never_spoils_the_others_even_after_a_lost_connection() {
    let bench = Bench::new();
    bench.faults.poison("BAD");
    bench.faults.fail(Step::Facts, Fault::Unavailable, 1);
    let batch = [enter("main", 1), enter_as("main", 2, "BAD"), enter("main", 3)];
    assert_eq!(told(&bench.turn(&batch)), ["done", "Corrupt", "done"]);
}

#[test]
fn a_conflict_is_tried_again() {
    for step in [Step::Lock, Step::Write, Step::Commit] {
        let bench = Bench::new();
        bench.faults.fail(step, Fault::Conflict, 1);
        assert_eq!(told(&bench.turn(&[enter("main", 1)])), ["done"], "{step:?}");
        bench.faults.fail(step, Fault::Conflict, 1);
        assert_eq!(told(&bench.turn(&[enter("main", 2), enter("main", 3)])), ["done", "done"], "{step:?}");
        assert_eq!(bench.version("main"), 4);
    }
}

#[test]
fn a_connection_lost_before_commit_is_replaced() {
    let bench = Bench::new();
    bench.faults.fail(Step::Facts, Fault::Unavailable, 1);
    assert_eq!(told(&bench.turn(&[enter("main", 1)])), ["done"]);
    bench.faults.fail(Step::Write, Fault::Unavailable, 1);
    assert_eq!(told(&bench.turn(&[enter("main", 2), enter("main", 3)])), ["done", "done"]);
    assert_eq!(bench.heard(), ["main 1-2", "main 2-4"], "the second turn stayed one");
}

#[test]
fn a_record_that_cannot_be_reached_is_asked_once_whatever_the_number_of_requests() {
    for batch in [vec![enter("main", 1)], (1..=9).map(|n| enter("main", n)).collect()] {
        let bench = Bench::new();
        bench.faults.fail(Step::Begin, Fault::Unavailable, ALWAYS);
        let verdicts = told(&bench.turn(&batch));
        assert_eq!(verdicts.len(), batch.len());
        assert!(verdicts.iter().all(|told| told == "Unavailable"), "{verdicts:?}");
        assert_eq!(bench.faults.steps(), [Step::Begin]);
        assert_eq!(bench.version("main"), 1);
    }
}

#[test]
fn whoever_waited_for_a_lock_in_vain_does_not_wait_again() {
    let bench = Bench::new();
    bench.faults.fail(Step::Lock, Fault::Busy, ALWAYS);
    assert_eq!(told(&bench.turn(&[enter("main", 1)])), ["Busy"]);
    assert_eq!(bench.faults.steps(), [Step::Begin, Step::Lock, Step::Rollback]);
}

#[test]
fn an_unknown_outcome_is_never_tried_again() {
    for batch in [vec![enter("main", 1)], vec![enter("main", 1), enter("main", 2)]] {
        for committed in [true, false] {
            let bench = Bench::new();
            bench.lose_commit(committed);
            let verdicts = told(&bench.turn(&batch));
            assert!(verdicts.iter().all(|told| told == "OutcomeUnknown"), "{verdicts:?}");
            let commits = bench.faults.steps().iter().filter(|step| **step == Step::Commit).count();
            assert_eq!(commits, 1, "committed: {committed}, {} requests", batch.len());
        }
    }
}

#[test]
fn after_an_unknown_outcome_the_key_tells_what_happened() {
    for committed in [true, false] {
        let bench = Bench::new();
        bench.lose_commit(committed);
        assert_eq!(told(&bench.turn(&[keyed("main", 1, "P1", "k")])), ["OutcomeUnknown"]);
        let again = told(&bench.turn(&[keyed("main", 2, "P1", "k")]));
        assert_eq!(again, [if committed { "replayed" } else { "done" }]);
        assert_eq!(bench.version("main"), 2, "it happened once");
    }
}

#[test]
fn a_key_is_used_once_a_turn() {
    let bench = Bench::new();
    let (first, second) = (keyed("main", 1, "P1", "k"), keyed("main", 2, "P1", "k"));
    let verdicts = bench.turn(&[first, second.clone(), enter("main", 3)]);
    assert_eq!(told(&verdicts), ["done", "postponed", "done"]);
    assert_eq!(told(&bench.turn(&[second])), ["replayed"]);
}

#[test]
fn a_repeated_request_gets_the_same_bytes_done_or_refused() {
    let bench = Bench::new();
    for (key, plate, word) in [("done", "P1", "done"), ("refused", "P1", "active 1")] {
        let first = bench.turn(&[keyed("main", 1, plate, key)]);
        assert_eq!(told(&first), [word]);
        let Verdict::Answered(Answer::Decided { reply: Some(kept), .. }) = &first[0] else {
            panic!("what has a key has a reply")
        };
        for batch in
            [vec![keyed("main", 9, plate, key)], vec![keyed("main", 9, plate, key), enter("main", 5)]]
        {
            let again = bench.turn(&batch);
            assert!(matches!(&again[0], Verdict::Answered(Answer::Replayed(reply)) if reply == kept));
        }
        assert_eq!(told(&bench.turn(&[keyed("main", 1, "OTHER", key)])), ["key reused"]);
    }
}

#[test]
fn what_failed_is_not_kept_under_its_key() {
    let bench = Bench::new();
    bench.faults.fail(Step::Write, Fault::Busy, 1);
    assert_eq!(told(&bench.turn(&[keyed("main", 1, "P1", "k")])), ["Busy"]);
    assert_eq!(told(&bench.turn(&[keyed("main", 1, "P1", "k")])), ["done"]);
}

#[test]
fn one_plate_is_in_one_lot_of_a_turn() {
    let bench = Bench::new();
    let (here, there) = (enter_as("main", 1, "P"), enter_as("annex", 2, "p"));
    let verdicts = bench.turn(&[here, there.clone(), enter("annex", 3)]);
    assert_eq!(told(&verdicts), ["done", "postponed", "done"]);
    assert_eq!(told(&bench.turn(&[there])), ["active 1"]);
}

#[test]
fn one_plate_may_come_and_go_in_one_turn() {
    let bench = Bench::new();
    let (leave, ticket) = (ask::request(ask::exit("main", "P")), enter_as("main", 1, "P"));
    let verdicts = bench.turn(&[ticket, leave.clone(), enter_as("main", 2, "P"), leave.clone(), leave]);
    assert_eq!(told(&verdicts)[..4], ["done", "done", "done", "done"]);
    assert_eq!(told(&verdicts)[4], format!("{:?}", Refusal::AlreadyDeparted { ticket: nth_ticket(2) }));
}

#[test]
fn who_needs_more_than_a_lot_has_the_turn_alone() {
    let bench = Bench::new();
    bench.turn(&[enter("main", 1)]);
    let amend = ask::request(ask::correct(nth_ticket(1), "NEW"));
    let open = ask::request(Command::OpenLot(ask::open("third", vec![])));
    let reorder = ask::request(ask::reorder("main", "vip:900,standard:0"));
    for alone in [amend, open, reorder] {
        let last = [enter("main", 2), alone.clone(), enter_as("main", 3, "P2")];
        assert_eq!(told(&bench.turn(&last))[1], "postponed");
        let first = [alone, enter("annex", 4)];
        assert_eq!(told(&bench.turn(&first)), ["done", "postponed"]);
    }
}

#[test]
fn a_lot_that_another_instance_holds_is_left_to_the_next_turn_with_its_key() {
    let bench = Bench::new();
    bench.faults.hold_elsewhere("annex", 1);
    let there = keyed("annex", 1, "P1", "k");
    let verdicts = bench.turn(&[there.clone(), enter("main", 2)]);
    assert_eq!(told(&verdicts), ["postponed", "done"]);
    assert!(bench.faults.steps().contains(&Step::Release));
    assert_eq!(bench.heard(), ["main 1-2"]);
    assert_eq!(told(&bench.turn(&[there])), ["done"]);
}

#[test]
fn what_is_not_there_is_refused_beside_what_is() {
    let bench = Bench::new();
    let nowhere = enter("nowhere", 1);
    let nobody = ask::request(Command::Withdraw { ticket: nth_ticket(7) });
    let verdicts = told(&bench.turn(&[nowhere, enter("main", 2), nobody]));
    assert_eq!(verdicts[0], format!("{:?}", Refusal::NoSuchLot(Some(ask::lot("nowhere")))));
    assert_eq!(verdicts[1], "done");
    assert_eq!(verdicts[2], format!("{:?}", Refusal::NoSuchTicket(nth_ticket(7))));
    let verdicts = bench.turn(&[enter("nowhere", 1)]);
    let Verdict::Answered(Answer::Decided { outcome, .. }) = &verdicts[0] else { panic!("{verdicts:?}") };
    assert_eq!((&outcome.lot, outcome.version), (&None, None));
}

#[test]
fn one_turn_can_move_a_whole_queue() {
    let bench = Bench::new();
    for n in 1..=6 {
        bench.turn(&[enter("main", n)]);
    }
    let leave = |n: u64| ask::request(ask::exit("main", &format!("P{n}")));
    let verdicts = bench.turn(&[leave(1), leave(2), leave(3), leave(4)]);
    let promoted = |verdict: &Verdict| match verdict {
        Verdict::Answered(Answer::Decided { outcome, .. }) => {
            let done = outcome.result.as_ref().unwrap();
            assert!(matches!(&done.subject, Subject::Ticket { ticket, .. } if ticket.fee().is_some()));
            number(done.promoted[0].ticket)
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(verdicts.iter().map(promoted).collect::<Vec<_>>(), [3, 4, 5, 6]);
}

/// Where the ticket of a verdict stands, or stood.
fn label(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Answered(Answer::Decided { outcome, .. }) => match &outcome.result {
            Ok(Done { subject: Subject::Ticket { ticket, .. }, .. }) => {
                ticket.berth().map_or("waits".to_owned(), |berth| berth.label.to_string())
            }
            other => format!("{other:?}"),
        },
        other => format!("{other:?}"),
    }
}

#[test]
fn the_next_best_slot_is_known_when_the_best_goes_in_the_same_turn() {
    let accept_vans = ChangeSlot { accepts: Some(ask::accepts("van")), ..ask::change_slot("main", "A-001") };
    for goes in [
        ask::remove_slot("main", "A-001"),
        ask::serve("main", "A-001", false),
        Command::ChangeSlot(accept_vans),
        Command::ChangeSlot(ChangeSlot { rank: Some(9), ..ask::change_slot("main", "A-001") }),
    ] {
        let bench = Bench::new();
        let verdicts = bench.turn(&[ask::request(goes.clone()), enter("main", 1)]);
        assert_eq!(label(&verdicts[1]), "A-002", "{goes:?}");
    }
}

#[test]
fn a_slot_that_is_renamed_takes_its_vehicle_along_in_the_same_turn() {
    let bench = Bench::new();
    bench.turn(&[enter("main", 1)]);
    let new_label = Some(ask::label("NEW"));
    let rename = Command::ChangeSlot(ChangeSlot { new_label, ..ask::change_slot("main", "A-001") });
    let verdicts = bench.turn(&[ask::request(rename), ask::request(ask::exit("main", "P1"))]);
    assert_eq!(label(&verdicts[1]), "NEW");
}
