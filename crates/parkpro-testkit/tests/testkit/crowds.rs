//! Crowds at the record in memory, judged.

use std::{sync::Arc, time::Duration};

use parkpro_domain::{command::OpenLot, lot::Priorities, ports::SlotFilter};
use parkpro_testkit::{
    ask,
    clock::MINUTE,
    judge::{Answered, Asked, Observation, Opening, crowd::Crowd, judge, ledger},
    reading,
    stage::MemoryStage,
    subject::Subject,
};

/// Two lots of six slots, with features, one of which has a short queue; a crowd with `requests` requests; and what it saw.
async fn seen(batch: usize, requests: usize, seed: u64) -> (Subject, Vec<Opening>, Vec<Observation>) {
    let subject = Subject::new(Arc::new(MemoryStage::new(batch, false))).await;
    let mut openings = Vec::new();
    for (lot, queue_limit) in [("annex", Some(4)), ("main", None)] {
        let slots = vec![
            ask::slot("A-1"),
            ask::slot("A-2"),
            ask::slot_for("car+van", "B-1"),
            ask::slot_for("bike+car/electric", "B-2"),
            ask::slot_for("car/accessible+electric!", "B-3"),
            ask::slot_for("van", "C-1"),
        ];
        let priorities = Priorities::parse(if lot == "main" { "vip:900,standard:0" } else { "vip,standard" });
        let open = OpenLot { queue_limit, priorities: priorities.unwrap(), ..ask::open(lot, slots) };
        subject.open(open).await;
        let slots = reading::slots(&*subject.records(), &ask::lot(lot), SlotFilter::default(), 50).await;
        openings.push(ledger::opening(&subject.lot(lot).await.lot, &slots));
    }
    let crowd = Crowd {
        clients: 6,
        requests: requests / 6,
        lots: vec!["annex".into(), "main".into()],
        plates: 60,
        labels: ["A-1", "A-2", "B-1", "C-1", "D-1", "D-2"].map(String::from).to_vec(),
        keyed: 25,
        repeated: 30,
        reorders: true,
        seed,
    };
    let ticking = subject.clock.clone();
    let ticking = tokio::spawn(async move {
        loop {
            ticking.advance(7 * MINUTE);
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    let instances = vec![subject.ledger(), subject.beside().await];
    let observations = crowd.ask(ledger::through(instances, subject.ids.clone())).await;
    ticking.abort();
    (subject, openings, observations)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_at_two_instances_is_served_right() {
    for batch in [1, 16] {
        let (subject, openings, observations) = seen(batch, 900, 7).await;
        let verdict = judge(&openings, ask::PER_HOUR, &observations).must_be_right();
        for (lot, version) in &verdict.versions {
            assert_eq!(subject.lot(lot).await.lot.version.0, *version, "no change is unseen");
        }
        assert!(verdict.changes > 300 && verdict.promotions > 40, "{verdict:?}");
        assert!(verdict.unchanged > 100 && verdict.repeats > 40, "{verdict:?}");
    }
}

/// One way to make an answer wrong; none if this answer cannot be wrong in this way.
type Tamper = fn(&mut Observation) -> Option<()>;

const TAMPERS: [(&str, Tamper); 10] = [
    ("a later version", |seen| {
        let changes = matches!(seen.asked, Asked::Enter { .. } | Asked::Exit { .. });
        let done = changes && matches!(seen.answered, Answered::Ticket(..));
        seen.version = Some(seen.version.filter(|_| done)? + 1);
        Some(())
    }),
    ("another place", |seen| {
        let Answered::Ticket(ticket, _) = &mut seen.answered else { return None };
        ticket.position = Some(ticket.position? + 1);
        Some(())
    }),
    ("another slot", |seen| {
        let Answered::Ticket(ticket, _) = &mut seen.answered else { return None };
        let other = if ticket.slot.as_deref()? == "A-1" { "A-2" } else { "A-1" };
        ticket.slot = Some(other.to_owned());
        Some(())
    }),
    ("another fee", |seen| {
        let Answered::Ticket(ticket, _) = &mut seen.answered else { return None };
        ticket.fee = Some(ticket.fee? + 5000);
        Some(())
    }),
    ("nobody moves", |seen| {
        let (Answered::Ticket(_, promoted) | Answered::Slots(_, promoted)) = &mut seen.answered else {
            return None;
        };
        promoted.pop().map(|_| ())
    }),
    ("another moves", |seen| {
        let (Answered::Ticket(ticket, promoted), false) = (&mut seen.answered, seen.replayed) else {
            return None;
        };
        promoted.first_mut()?.ticket.clone_from(&ticket.id);
        Some(())
    }),
    ("another number", |seen| {
        let Answered::Ticket(ticket, _) = &mut seen.answered else { return None };
        ticket.number -= 1;
        Some(())
    }),
    ("another instant", |seen| {
        let Answered::Ticket(ticket, _) = &mut seen.answered else { return None };
        ticket.arrived_at -= 3_600_000_000;
        Some(())
    }),
    ("another refusal", |seen| {
        let Answered::Refused { code, .. } = &mut seen.answered else { return None };
        "lot-closed".clone_into(code);
        Some(())
    }),
    ("another ticket", |seen| {
        let Answered::Refused { ticket, .. } = &mut seen.answered else { return None };
        *ticket = Some(format!("{}0", ticket.as_deref()?));
        Some(())
    }),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_single_wrong_answer_in_a_crowd_is_noticed() {
    let (_, openings, observations) = seen(4, 300, 3).await;
    let _right = judge(&openings, ask::PER_HOUR, &observations).must_be_right();
    for (name, tamper) in TAMPERS {
        let mut tried = 0;
        for place in (0..observations.len()).filter(|place| observations[*place].version.is_some()) {
            let mut wrong = observations.clone();
            if tamper(&mut wrong[place]).is_some() {
                tried += 1;
                let verdict = judge(&openings, ask::PER_HOUR, &wrong);
                assert!(!verdict.wrongs.is_empty(), "{name} is not noticed: {:?}", wrong[place]);
            }
            if tried == 12 {
                break;
            }
        }
        assert!(tried > 2, "{name} was tried {tried} times");
    }
}
