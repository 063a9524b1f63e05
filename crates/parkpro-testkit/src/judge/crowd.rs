//! Many clients at once, who ask for this and that.

#![expect(
    clippy::missing_panics_doc,
    clippy::expect_used,
    reason = "for tests: a client that panics ends the test"
)]

use std::{
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use futures_util::future::join_all;

use super::{Answered, Asked, NewSlot, Observation, Order, SlotChange};

/// How a crowd behaves. It always asks for the same, as far as the answers are the same.
#[derive(Debug, Clone)]
pub struct Crowd {
    /// How many clients there are.
    pub clients: usize,
    /// How many requests each of them makes, repeats apart.
    pub requests: usize,
    /// Where they go.
    pub lots: Vec<String>,
    /// How many different plates they have.
    pub plates: u64,
    /// The labels of slots that they change, remove and add.
    pub labels: Vec<String>,
    /// Of a hundred requests, how many have a key. A crowd that loses answers must have keys for all.
    pub keyed: u64,
    /// Of a hundred requests with a key, how many are asked again though they were answered.
    pub repeated: u64,
    /// Whether they change the order of the queue.
    pub reorders: bool,
    /// What the crowd begins with.
    pub seed: u64,
}

/// A request of a client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Where.
    pub lot: String,
    /// What.
    pub asked: Asked,
    /// Under which key.
    pub key: Option<String>,
    /// Which client asks, from 0; so that clients may ask different instances.
    pub client: usize,
}

/// An answer as a client sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// The version that it names.
    pub version: Option<i64>,
    /// What it says.
    pub answered: Answered,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// Whether it says that it repeats an earlier one.
    pub replayed: bool,
}

/// How long a client goes on asking again after an answer was lost.
const PATIENCE: Duration = Duration::from_mins(1);

impl Crowd {
    /// Lets the crowd ask, and notes what it saw.
    pub async fn ask<F, Fut>(&self, through: F) -> Vec<Observation>
    where
        F: Fn(Ask) -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Seen> + Send,
    {
        let (through, begin, board) = (Arc::new(through), Instant::now(), Arc::<Board>::default());
        let clients = (0..self.clients).map(|client| {
            let (through, dice) = (Arc::clone(&through), Dice::new(self.seed, client));
            let (crowd, board) = (self.clone(), Arc::clone(&board));
            let client = Client { crowd, place: client, dice, begin, board, seen: Vec::new() };
            tokio::spawn(async move { client.run(&*through).await })
        });
        let seen = join_all(clients).await.into_iter();
        seen.flat_map(|seen| seen.expect("a client does not panic")).collect()
    }
}

/// The tickets of which some client knows that they are open.
#[derive(Default)]
struct Board(Mutex<Vec<Known>>);

#[derive(Clone)]
struct Known {
    ticket: String,
    lot: String,
    plate: String,
    waits: bool,
}

impl Board {
    fn learn(&self, lot: &str, answered: &Answered) {
        let mut known = self.0.lock().expect("nothing fails while it is held");
        match answered {
            Answered::Ticket(ticket, promoted) => {
                known.retain(|known| known.ticket != ticket.id);
                if matches!(ticket.status.as_str(), "waiting" | "parked") {
                    let (lot, plate) = (lot.to_owned(), ticket.plate.clone());
                    known.push(Known { ticket: ticket.id.clone(), lot, plate, waits: ticket.slot.is_none() });
                }
                for promoted in promoted {
                    let now = known.iter_mut().filter(|known| known.ticket == promoted.ticket);
                    now.for_each(|known| known.waits = false);
                }
            }
            Answered::Refused { code, ticket: Some(ticket) } if code == "already-departed" => {
                known.retain(|known| known.ticket != *ticket);
            }
            _ => {}
        }
    }

    /// One that waits, or one that does not; any if there is none.
    fn one(&self, waits: bool, dice: &mut Dice) -> Option<Known> {
        let known = self.0.lock().expect("nothing fails while it is held");
        let fitting: Vec<&Known> = known.iter().filter(|known| known.waits == waits).collect();
        let all: Vec<&Known> = known.iter().collect();
        let from = if fitting.is_empty() || dice.percent(10) { all } else { fitting };
        dice.one_of(&from).map(|known| Known::clone(known))
    }
}

struct Client {
    crowd: Crowd,
    place: usize,
    dice: Dice,
    begin: Instant,
    board: Arc<Board>,
    seen: Vec<Observation>,
}

impl Client {
    async fn run<F, Fut>(mut self, through: &F) -> Vec<Observation>
    where
        F: Fn(Ask) -> Fut,
        Fut: Future<Output = Seen>,
    {
        for request in 0..self.crowd.requests {
            let (lot, asked) = self.wish();
            let keyed = self.dice.percent(self.crowd.keyed);
            let key = keyed.then(|| format!("client-{}-{request}", self.place));
            let ask = Ask { lot, asked, key, client: self.place };
            self.until_answered(through, ask.clone()).await;
            if ask.key.is_some() && self.dice.percent(self.crowd.repeated) {
                self.until_answered(through, ask.clone()).await;
            }
            if ask.key.is_some() && self.dice.percent(3) {
                let asked = Asked::Exit { plate: "OTHER".to_owned() };
                self.until_answered(through, Ask { asked, ..ask }).await;
            }
        }
        self.seen
    }

    /// Asks; and again if the answer was lost and there is a key.
    async fn until_answered<F, Fut>(&mut self, through: &F, ask: Ask)
    where
        F: Fn(Ask) -> Fut,
        Fut: Future<Output = Seen>,
    {
        let first = Instant::now();
        loop {
            let began = self.now();
            let Seen { version, answered, bytes, replayed } = through(ask.clone()).await;
            let (lost, ended) = (answered == Answered::Lost, self.now());
            let Ask { lot, asked, key, .. } = ask.clone();
            if !replayed {
                self.board.learn(&lot, &answered);
            }
            let again = lost && key.is_some() && first.elapsed() < PATIENCE;
            self.seen.push(Observation { lot, asked, key, version, answered, bytes, replayed, began, ended });
            if !again {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.begin.elapsed().as_nanos()).unwrap_or(u64::MAX)
    }

    fn wish(&mut self) -> (String, Asked) {
        let lot = self.dice.one_of(&self.crowd.lots).cloned().unwrap_or_default();
        let kind = self.dice.below(100);
        let waits = matches!(kind, 76..82 | 86..90);
        let known = self.board.one(waits, &mut self.dice);
        match (kind, known) {
            (45..70, Some(Known { lot, plate, .. })) => (lot, Asked::Exit { plate }),
            (70..76, Some(Known { lot, ticket, .. })) => (lot, Asked::ExitTicket { ticket }),
            (76..82, Some(Known { lot, ticket, .. })) => (lot, Asked::Withdraw { ticket }),
            (82..86, Some(Known { lot, ticket, .. })) => (lot, Asked::Void { ticket }),
            (86..90, Some(Known { lot, ticket, .. })) => {
                let priority = if self.dice.percent(50) { "vip" } else { "standard" }.to_owned();
                (lot, Asked::Prioritise { ticket, priority })
            }
            (90..92, Some(Known { lot, ticket, .. })) => {
                (lot, Asked::Correct { ticket, plate: self.plate() })
            }
            (92..94, _) => (lot, Asked::Exit { plate: self.plate() }),
            (94..97, _) => (lot, Asked::ChangeSlot(self.slot_change())),
            (97, _) if self.crowd.reorders && self.dice.percent(60) => (lot, Asked::Reorder(self.order())),
            (97, _) => (lot, Asked::RemoveSlot { label: self.label() }),
            (98..100, _) => (lot, Asked::AddSlots(vec![self.new_slot()])),
            _ => (lot, self.entry()),
        }
    }

    fn entry(&mut self) -> Asked {
        let class = match self.dice.below(10) {
            0..7 => "car",
            7..9 => "van",
            _ => "bike",
        };
        let priority = if self.dice.percent(15) { "vip" } else { "standard" };
        let needs = match (class, self.dice.below(10)) {
            ("car", 0..2) => vec!["electric".to_owned()],
            ("car", 2) => vec!["accessible".to_owned()],
            _ => Vec::new(),
        };
        let (class, priority) = (class.to_owned(), priority.to_owned());
        Asked::Enter { plate: self.plate(), class, needs, priority }
    }

    fn plate(&mut self) -> String {
        let plates = self.crowd.plates;
        format!("P-{}", self.dice.below(plates))
    }

    fn slot_change(&mut self) -> SlotChange {
        let (service, rank) = (self.dice.below(3), self.dice.below(4));
        SlotChange {
            label: self.label(),
            in_service: (service < 3).then_some(service < 2),
            accepts: self.dice.percent(20).then(|| self.accepts()),
            rank: (rank == 0).then_some(1),
        }
    }

    fn new_slot(&mut self) -> NewSlot {
        let (features, reserved) = match self.dice.below(4) {
            0 => (vec!["electric".to_owned()], false),
            1 => (vec!["accessible".to_owned(), "electric".to_owned()], true),
            _ => (Vec::new(), false),
        };
        NewSlot { label: self.label(), accepts: self.accepts(), features, reserved, rank: 0 }
    }

    /// Orders that clients know, with head starts that matter and that do not.
    fn order(&mut self) -> Order {
        let orders: [(&[&str], &[i64]); 5] = [
            (&["vip", "standard"], &[]),
            (&["standard", "vip"], &[]),
            (&["vip", "standard"], &[900, 0]),
            (&["vip", "standard"], &[86_400, 60]),
            (&["standard"], &[]),
        ];
        let (priorities, head_starts) = orders[usize::try_from(self.dice.below(5)).unwrap_or(0)];
        let priorities = priorities.iter().map(|name| (*name).to_owned()).collect();
        Order { priorities, head_starts: head_starts.to_vec() }
    }

    fn label(&mut self) -> String {
        self.dice.one_of(&self.crowd.labels).cloned().unwrap_or_default()
    }

    fn accepts(&mut self) -> Vec<String> {
        let sets: [&[&str]; 4] = [&["car"], &["bike", "car"], &["car", "van"], &["van"]];
        let set = sets[usize::try_from(self.dice.below(4)).unwrap_or(0)];
        set.iter().map(|class| (*class).to_owned()).collect()
    }
}

/// Random numbers that are always the same: `splitmix64`.
struct Dice(u64);

impl Dice {
    fn new(seed: u64, client: usize) -> Self {
        let client = u64::try_from(client).unwrap_or(0);
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d).wrapping_add(client.wrapping_mul(0x9e37_79b9)))
    }

    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % most.max(1)
    }

    fn one_of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        let count = u64::try_from(all.len()).unwrap_or(0);
        usize::try_from(self.below(count)).ok().and_then(|place| all.get(place))
    }

    fn percent(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}
