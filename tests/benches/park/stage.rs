//! Programs under test, with what is asked of them.

use std::{net::SocketAddr, path::Path, sync::Arc, time::Duration};

use parkpro_tests::{
    report::Figures,
    running::{Running, Setup},
};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    in_this_thread,
    load::{Flow, Load},
    process::Trees,
};

/// Connections of a busy car park.
pub(crate) const MANY: usize = 64;

/// A folder on a disk: a temporary one may be in memory, where a sync costs nothing.
pub(crate) fn folder() -> Arc<TempDir> {
    Arc::new(TempDir::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap())
}

/// Starts a program in a new folder; its lot `main` has 200 slots.
pub(crate) fn start(setup: &Setup) -> Running {
    setup.clone().with("PARKPRO__FIRST_RUN__SLOTS", "200").start_in(folder())
}

pub(crate) fn address(program: &Running) -> SocketAddr {
    program.base().trim_start_matches("http://").parse().unwrap()
}

/// Opens a lot with so many slots.
pub(crate) fn open_lot(program: &Running, lot: &str, slots: u32) {
    let new = json!({"id": lot, "name": lot, "time_zone": "UTC", "currency": "USD"});
    in_this_thread(async {
        program.post("/api/v1/lots", new).await.expect(201);
        if slots > 0 {
            let slots = json!({"count": slots, "prefix": "S-"});
            program.post(&format!("/api/v1/lots/{lot}/slots"), slots).await.expect(201);
        }
    });
}

/// The text of an answer to be given by others.
pub(crate) fn text_of(program: &Running, path: &str) -> String {
    in_this_thread(async { String::from_utf8(program.get(path).await.expect(200).bytes).unwrap() })
}

/// What a vehicle is told that has entered, and left again.
pub(crate) fn text_of_entry(program: &Running) -> String {
    in_this_thread(async {
        let entered = program.enter("TEXT").await.expect(201);
        program.exit("TEXT").await.expect(200);
        String::from_utf8(entered.bytes).unwrap()
    })
}

/// Clients that do this at these programs.
pub(crate) fn load(programs: &[&Running], clients: usize, flows: Vec<Flow>) -> Load {
    Load { targets: programs.iter().map(|program| address(program)).collect(), clients, flows }
}

/// The processes of programs.
pub(crate) fn trees(programs: &[&Running]) -> Trees {
    Trees(programs.iter().map(|program| program.pid()).collect())
}

/// Both.
pub(crate) fn together(one: &Trees, other: &Trees) -> Trees {
    Trees([one.0.clone(), other.0.clone()].concat())
}

/// Runs a load and watches the processes that carry it.
pub(crate) fn watch(load: &Load, trees: &Trees, window: Duration) -> Figures {
    let before = trees.busy();
    let seen = load.run(window);
    let busy = trees.busy().zip(before).map(|(after, before)| after - before);
    seen.figures(busy)
}

/// A load that watches its processes as a side of a comparison.
pub(crate) fn watched<'a>(load: Load, trees: Trees) -> Box<dyn FnMut(Duration) -> Figures + 'a> {
    Box::new(move |window| watch(&load, &trees, window))
}

/// How big a file is, in MB.
pub(crate) fn megabytes(path: &Path) -> f64 {
    let kilobytes = std::fs::metadata(path).unwrap().len() / 1024;
    f64::from(u32::try_from(kilobytes).unwrap()) / 1024.0
}
