//! The car park: what a lot, a slot, a vehicle and a ticket are, who parks and who waits, and what a stay costs.
//!
//! Read the modules in this order: the words ([`vehicle`], [`demand`], [`slot`], [`lot`], [`ticket`], [`money`], [`tariff`],
//! [`discount`]), what is asked ([`command`]), what is known ([`facts`]), what happens ([`decide`], [`event`]), what is needed from outside
//! ([`ports`], [`protocol`]), and who calls whom ([`parking`]). Nothing here performs I/O, reads a clock, makes a random
//! id or knows a format of the outside world.

pub mod command;
pub mod decide;
pub mod demand;
pub mod discount;
pub mod event;
pub mod facts;
pub mod invalid;
pub mod lot;
pub mod money;
pub mod outcome;
pub mod parking;
pub mod ports;
pub mod protocol;
pub mod slot;
pub mod tariff;
pub mod ticket;
pub mod time;
pub mod vehicle;
