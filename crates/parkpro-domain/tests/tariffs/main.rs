//! Tariffs seen from outside: as JSON documents, by real boards, by the page that teaches them, on the nights on which
//! clocks change, and at random.
#![cfg(test)]

mod clock_changes;
mod documents;
mod mistakes;
mod page;
mod properties;
mod published;
mod reference;

#[path = "../../../parkpro-web/src/api/spelling.rs"]
mod spelling;
/// Belongs to the web crate, which alone knows JSON; it needs nothing of it but the spelling.
#[path = "../../../parkpro-web/src/api/tariff_document/mod.rs"]
mod tariff_document;
