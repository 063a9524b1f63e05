//! Statements go by the indexes that were made for them, whatever the planner is told.

use std::sync::{Arc, Mutex};

use diesel::{
    connection::{InstrumentationEvent, SimpleConnection},
    prelude::*,
    sql_types::Text,
    sqlite::SqliteConnection,
};
use parkpro_domain::{
    command::Command,
    decide::decide,
    event::Principal,
    facts::Needs,
    lot::Version,
    ports::{JournalCursor, QueueCursor, Reply, SlotCursor, SlotFilter, TicketFilter},
    slot::SlotStatus,
    ticket::{TicketNumber, TicketStatus, Turn},
    time::Timestamp,
};
use parkpro_testkit::{
    ask,
    clock::{HandClock, MORNING},
    ids::nth_ticket,
};
use tempfile::TempDir;

use super::{lots, queue, slots, tickets};
use crate::{connect::Place, fault::Failure, transaction::SqliteTransaction};

/// A lot with two slots, in one of them a vehicle, and another one that waits.
const ROWS: &str = "
    INSERT INTO lots VALUES (1, 'main', 'Main', 'UTC', 'USD', 1, NULL, 'vip,standard', 1, 0, 3, 3, 3, 2, 3, '');
    INSERT INTO slot_counts VALUES (1, 'car', 2, 1, 0);
    INSERT INTO waiting_counts VALUES (1, 'car', 'standard', 1);
    INSERT INTO slots VALUES (1, 1, 'A-001', NULL, 'car', 0, 1, NULL, 0, 1, NULL),
                             (1, 2, 'A-002', NULL, 'car', 0, 1, NULL, 0, 1, NULL);
    INSERT INTO tickets (id, lot_id, number, plate_shown, plate_key, class, priority, turn, status, arrived_at,
                         slot_id, admission, parked_at)
    VALUES (X'01990000000070008000000000000001', 1, 1, 'A 1', 'A1', 'car', 'standard', 1, 'parked', 1, 1, 1, 1),
           (X'01990000000070008000000000000002', 1, 2, 'A 2', 'A2', 'car', 'standard', 2, 'waiting', 2, NULL, NULL, NULL);
    UPDATE slots SET ticket_id = X'01990000000070008000000000000001' WHERE id = 1;";

struct Watched {
    transaction: SqliteTransaction,
    said: Arc<Mutex<Vec<String>>>,
    _folder: TempDir,
}

#[derive(QueryableByName)]
struct Step {
    #[diesel(sql_type = Text)]
    detail: String,
}

impl Watched {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = Place::claim(&folder.path().join("park.db"), 4).unwrap();
        let (mut connection, _) = place.prepare().unwrap();
        connection.batch_execute(ROWS).unwrap();
        let said = Arc::new(Mutex::new(Vec::new()));
        let listener = Arc::clone(&said);
        connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
            if let InstrumentationEvent::StartQuery { query, .. } = event {
                listener.lock().unwrap().push(query.to_string());
            }
        });
        let transaction = SqliteTransaction::new(connection, place, Arc::new(HandClock::default())).unwrap();
        Self { transaction, said, _folder: folder }
    }

    /// How SQLite would carry out each statement of this work.
    fn plans<T>(&mut self, work: impl FnOnce(&mut SqliteTransaction) -> Result<T, Failure>) -> Vec<String> {
        self.said.lock().unwrap().clear();
        assert!(work(&mut self.transaction).is_ok());
        let said = std::mem::take(&mut *self.said.lock().unwrap());
        let statements = said.iter().filter_map(|said| said.split(" -- binds").next());
        statements.map(|statement| self.plan(statement)).collect()
    }

    fn plan(&mut self, statement: &str) -> String {
        let explain = diesel::sql_query(format!("EXPLAIN QUERY PLAN {statement}"));
        let steps: Vec<Step> = explain.load(&mut self.transaction.connection).unwrap();
        let steps: Vec<_> = steps.into_iter().map(|step| step.detail).collect();
        steps.join("; ")
    }

    /// The statements of a question search by this index, and none of them scans or sorts.
    fn goes_by<T>(&mut self, index: &str, ask: impl FnOnce(&mut SqliteConnection) -> Result<T, Failure>) {
        let plans = self.plans(|transaction| ask(&mut transaction.connection));
        assert_quick(&plans);
        assert_by(&plans, index);
    }
}

fn assert_by(plans: &[String], index: &str) {
    assert!(plans.iter().any(|plan| plan.contains(index)), "not by {index}: {plans:#?}");
}

fn assert_quick(plans: &[String]) {
    assert!(!plans.is_empty());
    for plan in plans {
        // What is looked for is a list of its own, which is gone through.
        let of_list = |step: &&str| {
            ["CONSTANT ROW", "VALUES CLAUSE", "(subquery-"].iter().any(|list| step.contains(list))
        };
        let steps = plan.split("; ").filter(|step| !of_list(step));
        for step in steps {
            assert!(!step.contains("SCAN") && !step.contains("TEMP"), "{plan}");
        }
    }
}

#[test]
fn facts_are_searched_for() {
    let mut needs = Needs::default();
    needs.add(&ask::exit("main", "A 1"));
    needs.add(&ask::exit("main", "A 9"));
    needs.add(&ask::exit_by_ticket("main", nth_ticket(1)));
    needs.add(&ask::serve("main", "A-001", false));
    needs.add(&ask::exit_from("main", "A-001"));
    let mut watched = Watched::new();
    let plans = watched.plans(|transaction| transaction.facts_of_lot(1, &needs));
    assert_quick(&plans);
    for index in [
        "INTEGER PRIMARY KEY (rowid=?)",
        "plate_inside_once (plate_key=?)",
        "COVERING INDEX ticket_plate (lot_id=? AND plate_key=?)",
        "(lot_id=? AND id=?) LEFT-JOIN",
        "slot_free (lot_id=? AND accepts=?",
        "queue_head (lot_id=? AND class=?)",
    ] {
        assert_by(&plans, index);
    }
    let ahead = watched.plans(|transaction| transaction.ahead_of(&ask::lot("main"), nth_ticket(1), Turn(9)));
    assert_by(&ahead, "queue_order (lot_id=? AND (turn,id)<(?,?))");
    let behind = watched.plans(|transaction| transaction.behind_of(&ask::lot("main"), Turn(9)));
    assert_by(&behind, "COVERING INDEX queue_order (lot_id=? AND turn>?)");
    let plates = [ask::plate("A 1").key().clone()];
    let earlier =
        watched.plans(|transaction| transaction.earlier_stays_of(&ask::lot("main"), &plates, MORNING));
    assert_quick(&earlier);
    assert_by(&earlier, "ticket_plate (lot_id=? AND plate_key=?)");
}

#[test]
fn what_is_written_is_found_by_its_key() {
    let mut watched = Watched::new();
    for command in [
        ask::exit("main", "A 1"),
        Command::Enter(ask::enter("main", nth_ticket(3), "A 3")),
        ask::serve("main", "A-002", false),
        ask::prioritise(nth_ticket(2), "vip"),
        ask::correct(nth_ticket(2), "A 7"),
    ] {
        let mut needs = Needs::default();
        needs.add(&command);
        watched.transaction.begin_now().unwrap();
        let mut facts = watched.transaction.facts_of_lot(1, &needs).unwrap();
        decide(&mut facts, &ask::rules(), &command, &Principal::anonymous(), MORNING).result.unwrap();
        let request = ask::keyed(command, "a key");
        let (key, reply) = (request.key.unwrap(), Reply::default());
        let changes = [facts.into_changes().unwrap()];
        let plans = watched.plans(|transaction| transaction.write_all(&changes, &[(&key, &reply)], MORNING));
        assert_quick(&plans);
        let claimed = watched.plans(|transaction| transaction.claims(&[&key]));
        assert_quick(&claimed);
        assert_by(&claimed, "PRIMARY KEY (digest=?)");
        watched.transaction.undo();
    }
}

#[test]
fn questions_are_searched_for() {
    let mut watched = Watched::new();
    let main = ask::lot("main");
    watched.goes_by("(slug>?)", |c| lots::page(c, None, 9));
    watched.goes_by("(slug=?)", |c| lots::view(c, &main));
    let after = JournalCursor { version: Version(1), n: 0 };
    watched.goes_by("(lot_id=? AND (version,n)>(?,?))", |c| lots::journal(c, &main, after, 9));
    watched.goes_by("(lot_id=? AND label=?)", |c| slots::slot(c, &main, &ask::label("A-001")));
    watched.goes_by("(id=?)", |c| tickets::view(c, nth_ticket(1)));
    watched.goes_by("(ticket_id=?)", |c| tickets::plates(c, nth_ticket(1)));
    watched.goes_by("queue_order (lot_id=?)", |c| queue::page(c, &main, None, 9));
    let after = Some(QueueCursor { turn: Turn(1), ticket: nth_ticket(1) });
    for index in ["queue_order (lot_id=? AND (turn,id)>(?,?))", "COVERING INDEX queue_order"] {
        watched.goes_by(index, |c| queue::page(c, &main, after, 9));
    }
    watched.goes_by("COVERING INDEX queue_order", |c| queue::place(c, nth_ticket(2)));
    watched.goes_by("queue_", |c| queue::snapshot(c, &main, String::new()));
}

#[test]
fn pages_of_slots_are_in_the_order_of_their_index() {
    let mut watched = Watched::new();
    let main = ask::lot("main");
    let after = Some(SlotCursor { rank: 0, label: ask::label("A-001") });
    let available = SlotFilter { status: Some(SlotStatus::Available), ..SlotFilter::default() };
    watched.goes_by("slot_free (lot_id=? AND accepts=? AND (rank,label)>(?,?))", |c| {
        slots::page(c, &main, &available, after.as_ref(), 9)
    });
    for status in [None, Some(SlotStatus::Occupied), Some(SlotStatus::Draining)] {
        for accepts in [None, Some(ask::class("car"))] {
            let filter = SlotFilter { status, accepts, ..SlotFilter::default() };
            watched.goes_by("slot_order (lot_id=?)", |c| slots::page(c, &main, &filter, None, 9));
            watched.goes_by("slot_order (lot_id=? AND (rank,label)>(?,?))", |c| {
                slots::page(c, &main, &filter, after.as_ref(), 9)
            });
        }
    }
}

#[test]
fn pages_of_tickets_are_in_the_order_of_an_index() {
    let mut watched = Watched::new();
    let main = ask::lot("main");
    let all = TicketFilter::default;
    let with = |status| TicketFilter { status: Some(status), ..all() };
    let plate = TicketFilter { plate: Some(ask::plate("A 1").key().clone()), ..all() };
    let span = TicketFilter { from: Some(Timestamp::from_micros(0)), to: Some(MORNING), ..all() };
    for (filter, index) in [
        (all(), "(lot_id=? AND number<?)"),
        (with(TicketStatus::Departed), "(lot_id=? AND number<?)"),
        (with(TicketStatus::Waiting), "ticket_open (lot_id=? AND number<?)"),
        (with(TicketStatus::Parked), "ticket_open (lot_id=? AND number<?)"),
        (with(TicketStatus::Withdrawn), "ticket_rare (lot_id=? AND status=? AND number<?)"),
        (with(TicketStatus::Voided), "ticket_rare (lot_id=? AND status=? AND number<?)"),
        (plate, "ticket_plate (lot_id=? AND plate_key=? AND number<?)"),
        (span, "(lot_id=? AND number>? AND number<?)"),
    ] {
        let before = Some(TicketNumber(9));
        watched.goes_by(index, |c| tickets::page(c, &main, &filter, before, 9));
    }
}
