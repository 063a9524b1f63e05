//! `decide` over facts that nobody but itself has made.

mod properties;
mod yard;

use self::yard::{
    HOUR, Yard, add_slots, amend, change_lot, change_slot, exit, exit_ticket, id, label, main_lot, open,
    promoted, remove_lot, remove_slot, serve, void,
};
use crate::{
    command::{ChangeLot, ChangeSlot, Command},
    demand::Demand,
    facts::Facts,
    lot::{Priorities, Version},
    outcome::{Outcome, Refusal, Subject},
    slot::Accepts,
    ticket::{Priority, TicketStatus},
    time::Timestamp,
};

#[test]
fn every_command_does_what_it_says_and_moves_the_queue() {
    // P1 is parked in A-1; P2, P3 and P4 wait for it.
    for (command, events, moves) in [
        (exit("P1"), "ticket_departed ticket_parked", "P2 A-1"),
        (exit_ticket(1), "ticket_departed ticket_parked", "P2 A-1"),
        (void(1), "ticket_voided ticket_parked", "P2 A-1"),
        (Command::Withdraw { ticket: id(2) }, "ticket_withdrawn", ""),
        (amend(3, Some("P9"), None), "plate_corrected", ""),
        (amend(3, None, Some("vip")), "priority_changed", ""),
        (amend(3, Some("P9"), Some("vip")), "plate_corrected priority_changed", ""),
        (add_slots(&[("A-2", "car")]), "slot_added ticket_parked", "P2 A-2"),
        (
            add_slots(&[("B-2", "car"), ("B-1", "car+van")]),
            "slot_added slot_added ticket_parked ticket_parked",
            "P2 B-2, P3 B-1",
        ),
        (add_slots(&[("V-2", "van")]), "slot_added", ""),
        (serve("A-1", false), "slot_changed", ""),
        (
            Command::ChangeSlot(ChangeSlot { accepts: Accepts::parse("car+van").ok(), ..change_slot("V-1") }),
            "slot_changed ticket_parked",
            "P2 V-1",
        ),
        (remove_slot("V-1"), "slot_removed", ""),
        (Command::ChangeLot(ChangeLot { accepting: Some(false), ..change_lot() }), "lot_changed", ""),
    ] {
        let mut yard = Yard::new(&[("A-1", "car"), ("V-1", "van")]);
        yard.enter_all(&["P1", "P2", "P3", "P4"]);
        let before = yard.version();
        let done = yard.done(&command);
        assert_eq!(promoted(&done), moves, "{command:?}");
        assert_eq!(yard.version(), before.next(), "{command:?}");
        let journal = yard.facts.into_changes().unwrap().journal;
        let last = journal.iter().filter(|entry| entry.version == before.next());
        let kinds: Vec<_> = last.map(|entry| entry.event.kind()).collect();
        assert_eq!(kinds.join(" "), events, "{command:?}");
    }
}

#[test]
fn every_refusal_changes_nothing_and_names_its_version() {
    // P1 is parked in A-1, P2 waits, P3 has departed, P4 has withdrawn, P5 was voided; one may wait.
    let mut yard = Yard::opened(open(&[("A-1", "car"), ("A-2", "car")], Some(1)));
    yard.enter_all(&["P3", "P5"]);
    yard.done(&exit("P3"));
    yard.done(&void(2));
    yard.enter_all(&["P1", "P6", "P4"]);
    yard.done(&Command::Withdraw { ticket: id(5) });
    yard.enter("P2");
    let (departed, voided, parked, withdrawn, waiting) = (id(1), id(2), id(3), id(5), id(6));
    let stale = Some(9);
    let not_waiting = |ticket, status| Refusal::NotWaiting { ticket, status };
    let not_parked = |ticket, status| Refusal::NotParked { ticket, status };
    let royal =
        Refusal::UnknownPriority { priority: Priority::parse("royal").unwrap(), known: Priorities::usual() };
    for (command, refusal) in [
        (yard.entry("p 1", "car", "standard"), Refusal::PlateAlreadyActive { ticket: parked }),
        (yard.entry("P2", "car", "standard"), Refusal::PlateAlreadyActive { ticket: waiting }),
        (yard.entry("P9", "car", "royal"), royal.clone()),
        (yard.entry("P9", "bus", "standard"), Refusal::NothingFits(Demand::parse("bus").unwrap())),
        (yard.entry("P9", "car", "vip"), Refusal::QueueFull { limit: 1 }),
        (exit("P9"), Refusal::NotInside),
        (exit("P2"), Refusal::StillWaiting { ticket: waiting }),
        (exit("P3"), Refusal::AlreadyDeparted { ticket: departed }),
        (exit("P4"), Refusal::NotInside),
        (exit("P5"), Refusal::NotInside),
        (exit_ticket(99), Refusal::NotInside),
        (Command::Withdraw { ticket: id(99) }, Refusal::NoSuchTicket(id(99))),
        (Command::Withdraw { ticket: parked }, not_waiting(parked, TicketStatus::Parked)),
        (Command::Withdraw { ticket: withdrawn }, not_waiting(withdrawn, TicketStatus::Withdrawn)),
        (void(99), Refusal::NoSuchTicket(id(99))),
        (void(2), not_parked(voided, TicketStatus::Voided)),
        (void(6), not_parked(waiting, TicketStatus::Waiting)),
        (amend(99, Some("P9"), None), Refusal::NoSuchTicket(id(99))),
        (amend(6, Some("P1"), None), Refusal::PlateAlreadyActive { ticket: parked }),
        (amend(6, None, Some("royal")), royal.clone()),
        (amend(3, None, Some("vip")), not_waiting(parked, TicketStatus::Parked)),
        (
            Command::ChangeSlot(ChangeSlot { reserved: Some(true), ..change_slot("A-1") }),
            Refusal::ReservedWithoutFeature(label("A-1")),
        ),
        (Command::OpenLot(open(&[], None)), Refusal::LotIdTaken(main_lot())),
        (remove_lot(), Refusal::LotInUse { open_tickets: 3 }),
        (Command::RemoveLot { lot: main_lot(), revision: stale }, Refusal::Stale { revision: 1 }),
        (Command::ChangeLot(ChangeLot { revision: stale, ..change_lot() }), Refusal::Stale { revision: 1 }),
        (add_slots(&[("A-3", "car"), ("A-1", "car")]), Refusal::LabelTaken(label("A-1"))),
        (add_slots(&[("A-3", "car"), ("A-3", "car")]), Refusal::LabelTaken(label("A-3"))),
        (serve("Z-9", true), Refusal::NoSuchSlot(label("Z-9"))),
        (
            Command::ChangeSlot(ChangeSlot { revision: stale, ..change_slot("A-1") }),
            Refusal::Stale { revision: 1 },
        ),
        (
            Command::ChangeSlot(ChangeSlot { new_label: Some(label("A-2")), ..change_slot("A-1") }),
            Refusal::LabelTaken(label("A-2")),
        ),
        (remove_slot("Z-9"), Refusal::NoSuchSlot(label("Z-9"))),
        (remove_slot("A-1"), Refusal::SlotOccupied { label: label("A-1"), ticket: parked }),
    ] {
        assert_eq!(yard.refused(&command), refusal, "{command:?}");
    }
    yard.done(&Command::ChangeLot(ChangeLot { accepting: Some(false), ..change_lot() }));
    let entry = yard.entry("P9", "car", "standard");
    assert_eq!(yard.refused(&entry), Refusal::LotClosed);
}

#[test]
fn a_lot_that_is_not_there_refuses_everything_but_to_be_opened() {
    let mut yard = Yard { facts: Facts::of_no_lot(true), now: Timestamp::from_micros(0), tickets: 0 };
    let entry = yard.entry("P1", "car", "standard");
    let no_lot = || Refusal::NoSuchLot(Some(main_lot()));
    let lot_commands = [
        entry,
        exit("P1"),
        serve("A-1", true),
        add_slots(&[("A-1", "car")]),
        remove_slot("A-1"),
        Command::ChangeLot(change_lot()),
        remove_lot(),
    ];
    let ticket_commands = [void(1), Command::Withdraw { ticket: id(1) }, amend(1, None, None)];
    let refusals = lot_commands.iter().map(|command| (command, no_lot()));
    let refusals = refusals.chain(ticket_commands.iter().map(|c| (c, Refusal::NoSuchTicket(id(1)))));
    for (command, refusal) in refusals {
        let nowhere = Outcome { lot: None, version: None, result: Err(refusal) };
        assert_eq!(yard.ask(command), nowhere, "{command:?}");
    }
    let taken = yard.ask(&Command::OpenLot(open(&[], None)));
    assert_eq!(taken.result, Err(Refusal::LotIdTaken(main_lot())), "its id was given away before");
    assert_eq!(yard.facts.into_changes(), None);

    let mut yard = Yard::new(&[("A-1", "car")]);
    yard.done(&remove_lot());
    for command in &lot_commands {
        assert_eq!(yard.refused(command), no_lot(), "{command:?}");
    }
}

#[test]
fn the_best_slot_is_for_this_class_alone_then_lowest_in_rank_then_in_label() {
    let mut yard = Yard::new(&[("A-1", "car+van"), ("B-2", "car"), ("B-1", "car"), ("C-1", "car")]);
    yard.done(&Command::ChangeSlot(ChangeSlot { rank: Some(-1), ..change_slot("C-1") }));
    let places = ["P1", "P2", "P3", "P4", "P5", "P6"].map(|plate| yard.enter(plate));
    assert_eq!(places, ["C-1", "B-1", "B-2", "A-1", "1", "2"]);
}

#[test]
fn the_queue_goes_by_priority_then_by_arrival_and_passes_over_whom_the_slot_does_not_fit() {
    let mut yard = Yard::new(&[("A-1", "car+van"), ("B-1", "bike")]);
    let arrivals = [
        ("P1", "car", "standard", "A-1"),
        ("P2", "van", "standard", "1"),
        ("P3", "car", "standard", "2"),
        ("P4", "car", "vip", "1"),
        ("P5", "bike", "standard", "B-1"),
        ("P6", "bike", "vip", "2"),
        ("P7", "car", "standard", "5"),
    ];
    for (plate, class, priority, place) in arrivals {
        assert_eq!(yard.enter_as(plate, class, priority), place, "{plate}");
    }
    for (leaves, next) in
        [("P1", "P4 A-1"), ("P4", "P2 A-1"), ("P5", "P6 B-1"), ("P2", "P3 A-1"), ("P3", "P7 A-1"), ("P7", "")]
    {
        assert_eq!(promoted(&yard.done(&exit(leaves))), next, "{leaves}");
    }
}

#[test]
fn time_rises_within_a_lot_whatever_the_clock_says() {
    let mut yard = Yard::new(&[("A-1", "car")]);
    let last = |yard: &Yard| yard.facts.lot.as_ref().unwrap().last_at;
    let opened = last(&yard);
    yard.now = Timestamp::from_micros(0);
    yard.enter("P1");
    assert_eq!(last(&yard), opened.plus_micros(1));
    yard.now = opened.plus_micros(HOUR + 1);
    let done = yard.done(&exit("P1"));
    let Subject::Ticket { ticket, .. } = done.subject else { panic!("a ticket left") };
    assert_eq!(ticket.ended_at(), Some(opened.plus_micros(HOUR + 1)));
    assert_eq!(ticket.fee().unwrap().total.minor, 5000, "an hour to the microsecond");
}

#[test]
fn what_changes_nothing_makes_no_version() {
    let mut yard = Yard::new(&[("A-1", "car")]);
    yard.enter("P1");
    let before = yard.version();
    for nothing in [
        serve("A-1", true),
        Command::ChangeSlot(change_slot("A-1")),
        Command::ChangeLot(change_lot()),
        amend(1, Some("P1"), Some("standard")),
        add_slots(&[]),
    ] {
        yard.done(&nothing);
        assert_eq!(yard.version(), before, "{nothing:?}");
    }
}

#[test]
fn rows_are_written_as_they_end_up() {
    let mut yard = Yard::new(&[("A-1", "car"), ("A-2", "car")]);
    yard.enter_all(&["P1", "P2", "P3", "P4"]);
    yard.done(&exit("P1"));
    yard.done(&Command::Withdraw { ticket: id(4) });
    let changes = yard.facts.into_changes().unwrap();
    assert!(changes.opened && changes.slots.is_empty() && changes.ended.is_empty(), "all of it is new");
    let statuses: Vec<_> = changes.new_tickets.iter().map(|ticket| ticket.status().as_str()).collect();
    assert_eq!(statuses, ["departed", "parked", "parked", "withdrawn"], "by number");
    assert_eq!((changes.queue.from, changes.queue.to, changes.queue.count), (Version(0), Version(7), 0));
    assert!(changes.queue.added.is_empty(), "who came and went is no change of the queue");
}
