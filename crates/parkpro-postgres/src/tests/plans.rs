//! Every statement of a turn finds its rows by key, whatever the planner believes: in an empty record of which it knows
//! nothing, in a tiny one that it has looked at, and in a large one.

use std::collections::BTreeSet;

use parkpro_testkit::ask;

use super::{done, enter, main_lot, rival, sql};
use crate::{
    claim::{CLAIM, FORGET, RELEASE, USED},
    discounts::{OF_LOT, USED as DISCOUNTS_USED},
    facts::{AHEAD, BEHIND, FREE, HEADS, LABELS, LOTS, OCCUPANTS, PLATES, TICKETS},
    lock::{BY_SLUG, BY_TICKET, LOCK_FREE, LOCK_WAITING},
    records::queries,
    session::Session,
    tariffs::{DOCUMENTS, EARLIER},
    write::{books, slots, tickets},
};

/// A statement, the types of its parameters, and the indexes by which it may find rows.
type Known = (&'static str, &'static str, &'static [&'static str]);

const TURN: [Known; 24] = [
    (CLAIM, "bigint, text[], text[], bytea[]", &[]),
    (USED, "text[], text[]", &["idempotency_pkey"]),
    (RELEASE, "text[], text[]", &["idempotency_pkey"]),
    (BY_SLUG, "text[]", &["lot_id_once"]),
    (BY_TICKET, "uuid[]", &["tickets_pkey", "lots_pkey"]),
    (LOCK_FREE, "bigint[]", &["lots_pkey"]),
    (LOCK_WAITING, "bigint", &["lots_pkey"]),
    (LOTS, "bigint[]", &["lots_pkey", "slot_counts_pkey", "waiting_counts_pkey"]),
    (PLATES, "bigint[], text[], boolean[]", &["plate_inside_once", "ticket_plate", "slots_pkey"]),
    (TICKETS, "bigint[], uuid[]", &["tickets_pkey", "slots_pkey"]),
    (LABELS, "bigint[], text[]", &["label_once"]),
    (OCCUPANTS, "bigint[], text[]", &["label_once", "tickets_pkey"]),
    (DOCUMENTS, "text[], bigint[]", &["tariff_versions_pkey"]),
    (EARLIER, "text[], bigint, bigint, bigint", &["ticket_plate"]),
    (OF_LOT, "text[], bigint", &["discount_codes_pkey"]),
    (DISCOUNTS_USED, "text[], text[], bigint", &["discount_uses_pkey"]),
    (FREE, "bigint[], bigint[]", &["slot_counts_pkey", "slot_free"]),
    (HEADS, "bigint[], bigint[]", &["waiting_counts_pkey", "queue_head"]),
    (AHEAD, "bigint, bigint, uuid, uuid", &["queue_order"]),
    (BEHIND, "bigint, bigint", &["queue_order"]),
    (
        books::KEEP,
        "bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], text[], bigint[], bigint[], bigint[], \
         bigint[], text[], text[], bigint[], bigint[], bigint[], integer[], text[], uuid[], bigint[], text[], bigint[], \
         text[], text[], text[], smallint[], text[], text[], bytea[]",
        &["lots_pkey", "idempotency_pkey"],
    ),
    (
        tickets::UPDATE,
        "uuid[], text[], bigint[], bigint[], bigint[], bigint[], bigint[], bigint[], text[], text[], text[], \
         text[], bigint[]",
        &["tickets_pkey"],
    ),
    (slots::OCCUPY, "bigint[], bigint[], uuid[]", &["slots_pkey"]),
    (FORGET, "bigint, bigint", &["idempotency_age", "idempotency_pkey"]),
];

const PAGES: [Known; 17] = [
    (queries::LOT, "text", &["lot_id_once"]),
    (queries::LOT_VIEW, "text", &["lot_id_once", "slot_counts_pkey", "waiting_counts_pkey"]),
    (queries::LOTS, "text, bigint", &["lot_id_once", "slot_counts_pkey", "waiting_counts_pkey"]),
    (
        queries::SLOTS,
        "text, integer, text, text, text, text, boolean, boolean, bigint",
        &["lot_id_once", "slot_order"],
    ),
    (queries::SLOT, "text, text", &["lot_id_once", "label_once"]),
    (
        queries::FREE_SLOTS,
        "integer, text, text, bigint, text, text, text, bigint",
        &["lot_id_once", "slot_counts_pkey", "slot_free"],
    ),
    (queries::CORRECTIONS, "uuid", &["plate_corrections_pkey"]),
    (queries::POSITION, "uuid", &["tickets_pkey", "queue_order", "lots_pkey"]),
    (queries::MEMBERS, "text", &["lot_id_once", "queue_order"]),
    (queries::UP_TO, "text, bigint, uuid", &["lot_id_once", "queue_order"]),
    (queries::TICKET, "uuid", &["tickets_pkey", "lots_pkey", "slots_pkey"]),
    (
        queries::TICKETS,
        "text, bigint, bigint, bigint, text, bigint",
        &["lot_id_once", "number_once", "slots_pkey"],
    ),
    (
        queries::TICKETS_OF_PLATE,
        "text, bigint, bigint, bigint, text, text, bigint",
        &["lot_id_once", "number_once", "ticket_plate", "slots_pkey"],
    ),
    (
        queries::OPEN_TICKETS,
        "text, bigint, bigint, bigint, text, bigint",
        &["lot_id_once", "number_once", "ticket_open", "slots_pkey"],
    ),
    (
        queries::RARE_TICKETS,
        "text, bigint, bigint, bigint, text, bigint",
        &["lot_id_once", "number_once", "ticket_rare", "slots_pkey"],
    ),
    (queries::WAITING, "text, bigint, uuid, bigint", &["lot_id_once", "queue_order"]),
    (queries::JOURNAL, "text, bigint, integer, bigint", &["lot_id_once", "journal_pkey"]),
];

/// Where the plans of the record differ from what they must be.
async fn wrong_plans(url: &str, statements: &[Known], may_sort: bool) -> Vec<String> {
    let session = rival(url).await;
    for (manners, _) in Session::Own.at_connect() {
        session.batch_execute(manners).await.unwrap();
    }
    let mut wrong = Vec::new();
    for (text, types, indexes) in statements {
        session.batch_execute(&format!("DEALLOCATE ALL; PREPARE known ({types}) AS {text}")).await.unwrap();
        let nothing = vec!["NULL"; types.split(',').count()].join(", ");
        let plan =
            session.simple_query(&format!("EXPLAIN (COSTS OFF) EXECUTE known ({nothing})")).await.unwrap();
        let lines: Vec<String> = plan
            .iter()
            .filter_map(|message| match message {
                tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(str::to_owned),
                _ => None,
            })
            .collect();
        let used: BTreeSet<&str> = lines.iter().filter_map(|line| index(line)).collect();
        let bad = |line: &String| line.contains("Seq Scan") || (!may_sort && line.contains("Sort Key"));
        if used != indexes.iter().copied().collect() || lines.iter().any(bad) {
            wrong.push(format!("{text}\n{}", lines.join("\n")));
        }
    }
    wrong
}

/// The index that a line of a plan says is used.
fn index(line: &str) -> Option<&str> {
    let (_, behind) = line.split_once(" using ").or_else(|| line.split_once("Bitmap Index Scan on "))?;
    behind.split_whitespace().next()
}

/// 20,000 slots, half of them taken, 5,000 waiting, 60,000 visits of which a third are of one vehicle.
const GROW: &str = "
    SET session_replication_role = replica;
    INSERT INTO slots (lot_id, id, label, accepts, rank, in_service, retired, revision)
      SELECT 1, n, 'G-' || n, 'car', 0, true, false, 1 FROM generate_series(1001, 21000) n;
    INSERT INTO tickets (id, lot_id, number, plate_shown, plate_key, class, priority, turn, status, arrived_at,
        slot_id, admission, parked_at, ended_at, fee_minor, fee_currency, fee_lines)
      SELECT gen_random_uuid(), 1, n, 'P', CASE WHEN n % 3 = 0 THEN 'OFTEN' ELSE 'P' || n END, 'car', 'standard', n,
        'departed', n, 1001, n, n, n, 0, 'USD', '' FROM generate_series(1001, 61000) n;
    INSERT INTO tickets (id, lot_id, number, plate_shown, plate_key, class, priority, turn, status, arrived_at,
        slot_id, admission, parked_at)
      SELECT gen_random_uuid(), 1, n, 'P', 'P' || n, 'car', 'standard', n, 'parked', n, n - 60000, n, n
      FROM generate_series(61001, 71000) n;
    INSERT INTO tickets (id, lot_id, number, plate_shown, plate_key, class, priority, turn, status, arrived_at)
      SELECT gen_random_uuid(), 1, n, 'P', 'P' || n, 'van', 'standard', n, 'waiting', n
      FROM generate_series(71001, 76000) n;
    UPDATE slots SET ticket_id = tickets.id FROM tickets
      WHERE tickets.status = 'parked' AND slots.lot_id = 1 AND slots.id = tickets.slot_id;
    INSERT INTO journal SELECT 1, n, 0, 'lot_changed', NULL, NULL, 'x', n, '' FROM generate_series(1001, 61000) n;
    INSERT INTO idempotency SELECT 'gate', 'k' || n, decode(repeat('00', 32), 'hex'), 200, NULL, NULL, '', n
      FROM generate_series(1, 20000) n;
    UPDATE lots SET version = 61000, next_number = 76001, next_admission = 71001, next_slot = 21001;
    UPDATE slot_counts SET capacity = 20002, occupied = 10001;
    INSERT INTO waiting_counts VALUES (1, 'van', 'standard', 5000);
    ANALYZE";

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_found_by_key_whatever_the_planner_believes() {
    let (record, url) = main_lot(2).await;
    let check = async |when: &str| {
        let mut wrong = wrong_plans(&url, &TURN, false).await;
        // A page is sorted when it was put together from several.
        wrong.extend(wrong_plans(&url, &PAGES, true).await);
        assert!(wrong.is_empty(), "{when}:\n{}", wrong.join("\n\n"));
    };
    check("nothing is known").await;
    done(&record, enter(1, "A 1")).await;
    sql(&url, "ANALYZE");
    check("one ticket").await;
    done(&record, enter(2, "B 1")).await;
    done(&record, enter(3, "C 1")).await;
    done(&record, ask::exit("main", "A1")).await;
    sql(&url, "ANALYZE");
    check("three tickets").await;
    sql(&url, GROW);
    check("many rows").await;
}
