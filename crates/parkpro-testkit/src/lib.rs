//! What the tests of every crate share.
//!
//! Throw-away servers that they start themselves ([`servers`]); a record in memory, a clock moved by hand, ids that
//! count and machines that fail on demand ([`memory`], [`clock`], [`ids`], [`faults`]); and what every record must pass:
//! the suite of sentences ([`contract`]), random histories compared with the memory record ([`histories`]), and
//! concurrent ones judged by replay ([`judge`]).

pub mod ask;
pub mod audit;
pub mod clock;
pub mod contract;
pub mod faults;
pub mod heard;
pub mod histories;
pub mod ids;
pub mod judge;
pub mod memory;
pub mod reading;
pub mod servers;
pub mod stage;
pub mod subject;
