//! Crowds at the record in memory, judged.

use std::{sync::Arc, time::Instant};

use parkpro_testkit::{
    ask,
    clock::MINUTE,
    judge::{Observation, Opening, crowd::Crowd, judge, ledger},
    reading,
    stage::MemoryStage,
    subject::Subject,
};

/// Two lots of six slots, one of which has a short queue; a crowd with `requests` requests; and what it saw.
async fn seen(batch: usize, requests: usize, seed: u64) -> (Subject, Vec<Opening>, Vec<Observation>) {
    let subject = Subject::new(Arc::new(MemoryStage::new(batch, false))).await;
    let mut openings = Vec::new();
    for (lot, queue_limit) in [("annex", Some(4)), ("main", None)] {
        let slots = vec![
            ask::slot("A-1"),
            ask::slot("A-2"),
            ask::slot_for("car+van", "B-1"),
            ask::slot_for("bike+car", "B-2"),
            ask::slot_for("van", "C-1"),
        ];
        let open = parkpro_domain::command::OpenLot { queue_limit, ..ask::open(lot, slots) };
        subject.open(open).await;
        let slots = reading::slots(&*subject.records(), &ask::lot(lot), Default::default(), 50).await;
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
        seed,
    };
    let ticking = subject.clock.clone();
    let ticking = tokio::spawn(async move {
        loop {
            ticking.advance(7 * MINUTE);
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
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
        let begin = Instant::now();
        let (subject, openings, observations) = seen(batch, 1500, 7).await;
        let asked = begin.elapsed();
        let verdict = judge(&openings, ask::PER_HOUR, &observations).must_be_right();
        println!("{asked:?} {:?} {verdict:?}", begin.elapsed());
        for (lot, version) in &verdict.versions {
            assert_eq!(subject.lot(lot).await.lot.version.0, *version, "no change is unseen");
        }
        assert!(verdict.changes > 400 && verdict.promotions > 40, "{verdict:?}");
        assert!(verdict.unchanged > 100 && verdict.repeats > 50, "{verdict:?}");
    }
}
