//! The record on a real server, which the tests start themselves.

mod faults;
mod instances;
mod opening;
mod outages;
mod plans;
mod visits;

use std::{sync::Arc, time::Duration};

use parkpro_domain::{
    command::Command,
    outcome::{Outcome, Refusal, Subject},
    ports::{Answer, Fault, Ledger, LedgerError},
    slot::SlotLabel,
    ticket::{Stage, Ticket, TicketId},
};
use parkpro_testkit::{ask, clock::HandClock, heard::Heard, ids::nth_ticket, servers};
use tokio_postgres::NoTls;

use crate::{OpenError, PgRecord, PgSettings, Timekeeping};

/// Few connections and a clock that stands still.
fn settings(url: &str) -> PgSettings {
    PgSettings {
        connections: 2,
        time: Timekeeping::Given(Arc::new(HandClock::default())),
        ..PgSettings::new(url)
    }
}

async fn open_with(settings: PgSettings) -> Result<PgRecord, OpenError> {
    PgRecord::open(settings, ask::rules(), Arc::new(Heard::default())).await
}

/// A record on a database of its own with the lot `main` of so many slots, and the URL of the database.
async fn main_lot(slots: usize) -> (PgRecord, String) {
    let url = servers::postgres().fresh_database();
    let record = open_with(settings(&url)).await.unwrap();
    done(&record, Command::OpenLot(ask::open("main", ask::slots(slots)))).await;
    (record, url)
}

/// The name of the database of a URL.
fn database(url: &str) -> &str {
    url.rsplit('/').next().unwrap()
}

fn sql(url: &str, statement: &str) -> String {
    servers::postgres().sql(database(url), statement)
}

/// A session beside the record, which holds what it takes.
async fn rival(url: &str) -> tokio_postgres::Client {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

async fn decided(record: &PgRecord, command: Command) -> Outcome {
    match record.change(ask::request(command)).await.unwrap() {
        Answer::Decided { outcome, .. } => outcome,
        other => panic!("not decided: {other:?}"),
    }
}

/// What was changed by a command that is carried out.
async fn done(record: &PgRecord, command: Command) -> Subject {
    decided(record, command).await.result.unwrap().subject
}

async fn refused(record: &PgRecord, command: Command) -> Refusal {
    decided(record, command).await.result.unwrap_err()
}

fn enter(n: u64, plate: &str) -> Command {
    Command::Enter(ask::enter("main", nth_ticket(n), plate))
}

/// Where a vehicle stands after a command about it; none if it waits or has left.
async fn slot_after(record: &PgRecord, command: Command) -> Option<SlotLabel> {
    match done(record, command).await {
        Subject::Ticket { ticket, .. } => parked_in(&ticket),
        other => panic!("not about a ticket: {other:?}"),
    }
}

fn parked_in(ticket: &Ticket) -> Option<SlotLabel> {
    match &ticket.stage {
        Stage::Parked(berth) => Some(berth.label.clone()),
        _ => None,
    }
}

/// What is wrong with the machine.
fn fault(answer: Result<Answer, LedgerError>) -> Fault {
    match answer {
        Err(LedgerError::Port(error)) => error.fault,
        other => panic!("no fault: {other:?}"),
    }
}

fn ticket(n: u64) -> TicketId {
    nth_ticket(n)
}

const MOMENT: Duration = Duration::from_millis(50);
