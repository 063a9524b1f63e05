//! The tests of the testkit itself, and of the protocol that it can make fail.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "what a test did not expect ends it")]

mod crowds;
mod judged;
mod protocol;
mod random;
mod suite;
