//! What a client asked and what it saw, in plain text and numbers.

/// How a lot was when the crowd came: no tickets, and these slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Opening {
    /// Its id.
    pub lot: String,
    /// The version that it was at.
    pub version: i64,
    /// In what order the waiting are served.
    pub order: Order,
    /// How many may wait; no limit if none.
    pub queue_limit: Option<usize>,
    /// Its slots, in service and empty.
    pub slots: Vec<NewSlot>,
}

/// In what order the waiting of a lot are served.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Order {
    /// First served first.
    pub priorities: Vec<String>,
    /// The head start of each, in seconds; empty if the order is strict.
    pub head_starts: Vec<i64>,
}

/// A slot that is there, or is to be added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewSlot {
    /// Its label.
    pub label: String,
    /// The classes that it accepts.
    pub accepts: Vec<String>,
    /// What it has.
    pub features: Vec<String>,
    /// Whether only those may stand there who need something that it has.
    pub reserved: bool,
    /// Order of allocation.
    pub rank: i32,
}

/// One request and its answer. The lot is where it was asked, or whose ticket it was asked about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Observation {
    /// Where.
    pub lot: String,
    /// What was asked.
    pub asked: Asked,
    /// Under which idempotency key. Keys of different clients are different.
    pub key: Option<String>,
    /// The version that the answer names.
    pub version: Option<i64>,
    /// What came back.
    pub answered: Answered,
    /// The bytes of the answer: those of one key must be equal.
    pub bytes: Vec<u8>,
    /// Whether the answer says that it repeats an earlier one.
    pub replayed: bool,
    /// When it was asked, by a clock of the clients.
    pub began: u64,
    /// When it was answered, by the same clock.
    pub ended: u64,
}

/// What may be asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// A vehicle is at the gate.
    Enter {
        /// As typed.
        plate: String,
        /// Its class.
        class: String,
        /// What its slot must have.
        needs: Vec<String>,
        /// Its priority.
        priority: String,
    },
    /// A vehicle leaves, named by its plate.
    Exit {
        /// As typed.
        plate: String,
    },
    /// A vehicle leaves, named by its ticket.
    ExitTicket {
        /// Its id.
        ticket: String,
    },
    /// A waiting vehicle gives up.
    Withdraw {
        /// Its id.
        ticket: String,
    },
    /// An entry is cancelled.
    Void {
        /// Its id.
        ticket: String,
    },
    /// A ticket gets another plate.
    Correct {
        /// Its id.
        ticket: String,
        /// As typed.
        plate: String,
    },
    /// A ticket gets another priority.
    Prioritise {
        /// Its id.
        ticket: String,
        /// The priority.
        priority: String,
    },
    /// The queue gets another order.
    Reorder(Order),
    /// Slots are added.
    AddSlots(Vec<NewSlot>),
    /// A slot changes.
    ChangeSlot(SlotChange),
    /// A slot goes.
    RemoveSlot {
        /// Its label.
        label: String,
    },
}

/// What is to change about a slot; what is none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SlotChange {
    /// Its label.
    pub label: String,
    /// Whether it is given out.
    pub in_service: Option<bool>,
    /// The classes that it accepts.
    pub accepts: Option<Vec<String>>,
    /// Order of allocation.
    pub rank: Option<i32>,
}

/// What came back.
#[expect(clippy::large_enum_variant, reason = "for tests: almost all of them are of the large one")]
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answered {
    /// Done: the ticket as it now is, and who else got a slot.
    Ticket(SeenTicket, Vec<Promoted>),
    /// Done: the slots as they now are, and who got one.
    Slots(Vec<SeenSlot>, Vec<Promoted>),
    /// Done: a lot, and who got a slot.
    Lot(Vec<Promoted>),
    /// Refused.
    Refused {
        /// The code of the refusal: `plate-already-active`.
        code: String,
        /// The ticket that it names, if it does.
        ticket: Option<String>,
    },
    /// The key stands for another request.
    KeyReused,
    /// Nothing: the connection broke, or the answer was that nobody knows.
    Lost,
}

/// A ticket as a client sees it; instants are microseconds since 1970.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SeenTicket {
    /// Its id.
    pub id: String,
    /// Counts the arrivals of the lot.
    pub number: i64,
    /// As typed.
    pub plate: String,
    /// Its class.
    pub class: String,
    /// What its slot must have.
    pub needs: Vec<String>,
    /// Its priority.
    pub priority: String,
    /// `waiting`, `parked`, `departed`, `withdrawn` or `voided`.
    pub status: String,
    /// The label of its slot.
    pub slot: Option<String>,
    /// Its place in the queue.
    pub position: Option<i64>,
    /// When it came.
    pub arrived_at: i64,
    /// When it got its slot.
    pub parked_at: Option<i64>,
    /// When it left, gave up or was cancelled.
    pub ended_at: Option<i64>,
    /// Minor units.
    pub fee: Option<i64>,
}

/// A vehicle that got a slot by somebody else's change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Promoted {
    /// Its ticket.
    pub ticket: String,
    /// The label of its slot.
    pub slot: String,
}

/// A slot as a client sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenSlot {
    /// Its label.
    pub label: String,
    /// `available`, `occupied`, `out_of_service` or `draining`.
    pub status: String,
}

impl Observation {
    /// Whether it was done.
    pub(super) const fn is_granted(&self) -> bool {
        matches!(self.answered, Answered::Ticket(..) | Answered::Slots(..) | Answered::Lot(_))
    }

    /// Who got a slot by it.
    pub(super) fn promoted(&self) -> &[Promoted] {
        match &self.answered {
            Answered::Ticket(_, promoted) | Answered::Slots(_, promoted) | Answered::Lot(promoted) => {
                promoted
            }
            _ => &[],
        }
    }

    /// The ticket that came back.
    pub(super) const fn ticket(&self) -> Option<&SeenTicket> {
        match &self.answered {
            Answered::Ticket(ticket, _) => Some(ticket),
            _ => None,
        }
    }
}
