//! A lot to try things on.

use std::sync::Arc;

use crate::{
    command::{ChangeLot, ChangeSlot, Command, Enter, Exit, Leaving, NewSlot, OpenLot},
    decide::decide,
    demand::Demand,
    event::Principal,
    facts::Facts,
    invalid::Invalid,
    lot::{LotId, LotName, Priorities, Version},
    money::{Currency, MajorAmount},
    outcome::{Done, Outcome, Promotion, Refusal, Subject},
    protocol::Rules,
    slot::{Accepts, Slot, SlotId, SlotLabel},
    tariff::{Document, DocumentText, Language, StartedHours, Tariff, Tariffs},
    ticket::{Priority, Reason, Ticket, TicketId, TicketStatus},
    time::{Timestamp, Zone},
    vehicle::Plate,
};

pub(super) const HOUR: i64 = 3_600_000_000;

/// A text is the price of an hour.
#[derive(Debug)]
pub(super) struct PerHour;

impl Language for PerHour {
    fn read(&self, text: &DocumentText) -> Result<Tariff, Invalid> {
        let document = Document::started_hours(MajorAmount::parse(text.as_str())?);
        Tariff::new(document).map_err(|_mistakes| Invalid::new("invalid-tariff", "no price"))
    }
}

/// One lot, `main`, and a clock that stands still.
pub(super) struct Yard {
    pub(super) facts: Facts,
    pub(super) now: Timestamp,
    pub(super) tickets: u128,
}

pub(super) fn label(text: &str) -> SlotLabel {
    SlotLabel::parse(text).unwrap()
}

pub(super) fn id(n: u128) -> TicketId {
    TicketId(uuid::Uuid::from_u128(n))
}

pub(super) fn main_lot() -> LotId {
    LotId::parse("main").unwrap()
}

pub(super) fn slot(text: &str, accepts: &str) -> NewSlot {
    NewSlot { label: label(text), level: None, accepts: Accepts::parse(accepts).unwrap(), rank: 0 }
}

pub(super) fn open(slots: &[(&str, &str)], queue_limit: Option<u32>) -> OpenLot {
    OpenLot {
        lot: main_lot(),
        name: LotName::parse("Main").unwrap(),
        zone: Zone::UTC,
        currency: Currency::parse("USD").unwrap(),
        accepting: true,
        queue_limit,
        priorities: Priorities::usual(),
        slots: slots.iter().map(|(text, accepts)| slot(text, accepts)).collect(),
    }
}

impl Yard {
    pub(super) fn new(slots: &[(&str, &str)]) -> Self {
        Self::opened(open(slots, None))
    }

    pub(super) fn opened(open: OpenLot) -> Self {
        let mut yard = Self { facts: Facts::of_no_lot(false), now: Timestamp::from_micros(HOUR), tickets: 0 };
        yard.done(&Command::OpenLot(open));
        yard
    }

    pub(super) fn ask(&mut self, command: &Command) -> Outcome {
        let per_hour = MajorAmount::parse("50.00").unwrap();
        let tariffs = Arc::new(Tariffs::new(Arc::new(PerHour)));
        let rules = Rules { fees: Arc::new(StartedHours::new(per_hour)), tariffs };
        decide(&mut self.facts, &rules, command, &Principal::anonymous(), self.now)
    }

    pub(super) fn done(&mut self, command: &Command) -> Done {
        self.ask(command).result.unwrap_or_else(|refusal| panic!("{command:?}: {refusal:?}"))
    }

    pub(super) fn refused(&mut self, command: &Command) -> Refusal {
        let before = self.version();
        let outcome = self.ask(command);
        assert_eq!((outcome.version, self.version()), (Some(before), before), "{command:?}");
        outcome.result.expect_err("it is refused")
    }

    pub(super) fn version(&self) -> Version {
        self.facts.lot.as_ref().unwrap().version
    }

    pub(super) fn entry(&mut self, plate: &str, class: &str, priority: &str) -> Command {
        self.tickets += 1;
        let demand = Demand::parse(class).unwrap().into_parts();
        Command::Enter(Enter {
            lot: main_lot(),
            ticket: id(self.tickets),
            plate: Plate::parse(plate).unwrap(),
            class: demand.0,
            needs: demand.1,
            priority: Priority::parse(priority).unwrap(),
            occurred_at: None,
        })
    }

    /// A car enters; where it is then: `A-1`, or its place in the queue.
    pub(super) fn enter(&mut self, plate: &str) -> String {
        self.enter_as(plate, "car", "standard")
    }

    pub(super) fn enter_all(&mut self, plates: &[&str]) {
        for plate in plates {
            self.enter(plate);
        }
    }

    pub(super) fn enter_as(&mut self, plate: &str, class: &str, priority: &str) -> String {
        let entry = self.entry(plate, class, priority);
        whereabouts(&self.done(&entry))
    }

    pub(super) fn slots(&self) -> Vec<&Slot> {
        let next = self.facts.lot.as_ref().unwrap().next_slot;
        (1..next).filter_map(|slot| self.facts.slot(SlotId(slot))).collect()
    }

    pub(super) fn waiting(&self) -> Vec<&Ticket> {
        let tickets = (1..=self.tickets).filter_map(|n| self.facts.ticket(id(n)));
        tickets.filter(|ticket| ticket.status() == TicketStatus::Waiting).collect()
    }
}

pub(super) fn whereabouts(done: &Done) -> String {
    match &done.subject {
        Subject::Ticket { ticket, position } => match (ticket.berth(), position) {
            (Some(berth), None) => berth.label.to_string(),
            (None, Some(position)) => position.to_string(),
            other => format!("{other:?}"),
        },
        other => panic!("a ticket, not {other:?}"),
    }
}

/// Who got which slot: `P2 A-1`.
pub(super) fn promoted(done: &Done) -> String {
    let one = |promoted: &Promotion| format!("{} {}", promoted.plate.shown(), promoted.slot);
    done.promoted.iter().map(one).collect::<Vec<_>>().join(", ")
}

pub(super) fn exit(plate: &str) -> Command {
    exit_of(Leaving::Plate(Plate::parse(plate).unwrap().key().clone()))
}

pub(super) fn exit_of(vehicle: Leaving) -> Command {
    Command::Exit(Exit {
        lot: main_lot(),
        vehicle,
        occurred_at: None,
        lost_ticket: false,
        discounts: Vec::new(),
    })
}

pub(super) fn exit_ticket(n: u128) -> Command {
    exit_of(Leaving::Ticket(id(n)))
}

pub(super) fn void(n: u128) -> Command {
    Command::Void { ticket: id(n), reason: Reason::parse("mistake").unwrap() }
}

pub(super) fn amend(n: u128, plate: Option<&str>, priority: Option<&str>) -> Command {
    Command::AmendTicket {
        ticket: id(n),
        plate: plate.map(|plate| Plate::parse(plate).unwrap()),
        priority: priority.map(|priority| Priority::parse(priority).unwrap()),
    }
}

pub(super) fn change_slot(text: &str) -> ChangeSlot {
    ChangeSlot {
        lot: main_lot(),
        label: label(text),
        revision: None,
        new_label: None,
        level: None,
        accepts: None,
        features: None,
        reserved: None,
        rank: None,
        in_service: None,
        reason: None,
    }
}

pub(super) fn serve(text: &str, in_service: bool) -> Command {
    Command::ChangeSlot(ChangeSlot { in_service: Some(in_service), ..change_slot(text) })
}

pub(super) fn change_lot() -> ChangeLot {
    let lot = main_lot();
    ChangeLot {
        lot,
        revision: None,
        name: None,
        zone: None,
        accepting: None,
        queue_limit: None,
        priorities: None,
    }
}

pub(super) fn add_slots(slots: &[(&str, &str)]) -> Command {
    Command::AddSlots {
        lot: main_lot(),
        slots: slots.iter().map(|(text, accepts)| slot(text, accepts)).collect(),
    }
}

pub(super) fn remove_slot(text: &str) -> Command {
    Command::RemoveSlot { lot: main_lot(), label: label(text), revision: None }
}

pub(super) fn remove_lot() -> Command {
    Command::RemoveLot { lot: main_lot(), revision: None }
}
