//! Ringing several bells, some of which are hung later.

use std::sync::{Arc, OnceLock};

use parkpro_domain::{
    lot::{LotId, Version},
    parking::Board,
    ports::Bell,
};
use tokio::sync::Notify;

use crate::api::Sheet;

/// Bells that ring together. Before they are hung there is nobody to hear them.
#[derive(Default)]
pub(super) struct Bells(OnceLock<Vec<Arc<dyn Bell>>>);

impl Bells {
    /// Hangs them, once.
    pub(super) fn hang(&self, bells: Vec<Arc<dyn Bell>>) {
        self.0.get_or_init(|| bells);
    }
}

impl Bell for Bells {
    fn ring(&self, lot: &LotId, version: Version) {
        for bell in self.0.get().into_iter().flatten() {
            bell.ring(lot, version);
        }
    }
}

/// Wakes a task when another instance has changed a lot that the board shows; several changes wake it once.
pub(super) struct Others {
    board: Arc<Board<Sheet>>,
    heard: Notify,
}

impl Others {
    /// Nothing was heard yet.
    pub(super) fn new(board: Arc<Board<Sheet>>) -> Self {
        Self { board, heard: Notify::new() }
    }

    /// The board.
    pub(super) fn board(&self) -> &Board<Sheet> {
        &self.board
    }

    /// The board, after the next change of another instance.
    pub(super) async fn changed(&self) -> &Board<Sheet> {
        self.heard.notified().await;
        &self.board
    }
}

impl Bell for Others {
    fn ring(&self, lot: &LotId, version: Version) {
        if self.board.hear(lot, version) {
            self.heard.notify_one();
        }
    }
}
