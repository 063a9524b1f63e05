//! The program as its users have it: a process of its own, on a free port, in a folder of its own.

#![expect(clippy::expect_used, clippy::missing_panics_doc, reason = "a failure here is the test's failure")]

pub mod crowd;
pub mod grown;
pub mod report;
pub mod running;
pub mod world;
