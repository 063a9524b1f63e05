//! The record in a file, from outside.

#![expect(clippy::unwrap_used, clippy::panic, reason = "what a test did not expect ends it")]

mod closing;
mod crowd;
mod gate;
mod keys;
mod opening;
mod park;
