//! A crowd that asks running programs over HTTP.

use futures_util::future::BoxFuture;
use parkpro_domain::time::Timestamp;
use parkpro_testkit::judge::{
    Answered, Asked, NewSlot, Opening, Order, Promoted, SeenSlot, SeenTicket,
    crowd::{Ask, Seen},
};
use reqwest::{Client, Method, RequestBuilder};
use serde_json::{Value, json};

use crate::running::Answer;

/// Asks these instances, given by their addresses, in turns. An answer that does not come, or says that nobody knows, is
/// lost.
pub fn through(bases: Vec<String>) -> impl Fn(Ask) -> BoxFuture<'static, Seen> + Send + Sync + 'static {
    let client = Client::new();
    move |ask| {
        let base = &bases[ask.client % bases.len()];
        let request = request(&client, base, &ask);
        Box::pin(async move {
            match request.send().await {
                Ok(response) => Answer::read(response).await.map_or_else(lost, |answer| seen(&answer)),
                Err(_) => lost(),
            }
        })
    }
}

/// How a lot that has only just been opened, with these slots, is told to the judge.
pub fn opening(lot: &str, version: i64, slots: Vec<NewSlot>) -> Opening {
    let order = Order { priorities: vec!["vip".to_owned(), "standard".to_owned()], head_starts: Vec::new() };
    Opening { lot: lot.to_owned(), version, order, queue_limit: None, slots }
}

fn request(client: &Client, base: &str, ask: &Ask) -> RequestBuilder {
    let lot = format!("/api/v1/lots/{}", ask.lot);
    let ticket = |ticket: &str| format!("/api/v1/tickets/{ticket}");
    let (method, path, body) = match &ask.asked {
        Asked::Enter { plate, class, needs, priority } => {
            let body =
                json!({ "plate": plate, "vehicle_class": class, "needs": needs, "priority": priority });
            (Method::POST, format!("{lot}/entries"), body)
        }
        Asked::Exit { plate } => (Method::POST, format!("{lot}/exits"), json!({ "plate": plate })),
        Asked::ExitTicket { ticket } => (Method::POST, format!("{lot}/exits"), json!({ "ticket": ticket })),
        Asked::Withdraw { ticket: id } => (Method::POST, format!("{}/withdraw", ticket(id)), json!({})),
        Asked::Void { ticket: id } => {
            (Method::POST, format!("{}/void", ticket(id)), json!({ "reason": "a test" }))
        }
        Asked::Correct { ticket: id, plate } => (Method::PATCH, ticket(id), json!({ "plate": plate })),
        Asked::Prioritise { ticket: id, priority } => {
            (Method::PATCH, ticket(id), json!({ "priority": priority }))
        }
        Asked::Reorder(order) => (Method::PATCH, lot, json!({ "priority_policy": policy(order) })),
        Asked::AddSlots(slots) => {
            let slot = |slot: &NewSlot| {
                json!({ "label": slot.label, "accepts": slot.accepts, "features": slot.features,
                    "reserved": slot.reserved, "rank": slot.rank })
            };
            let slots: Vec<Value> = slots.iter().map(slot).collect();
            (Method::POST, format!("{lot}/slots"), json!({ "slots": slots }))
        }
        Asked::ChangeSlot(change) => {
            let mut body =
                json!({ "in_service": change.in_service, "accepts": change.accepts, "rank": change.rank });
            if let Some(fields) = body.as_object_mut() {
                fields.retain(|_, value| !value.is_null());
            }
            (Method::PATCH, format!("{lot}/slots/{}", change.label), body)
        }
        Asked::RemoveSlot { label } => (Method::DELETE, format!("{lot}/slots/{label}"), Value::Null),
    };
    let request = client.request(method.clone(), format!("{base}{path}"));
    let request = if method == Method::POST { request } else { request.header("If-Match", "*") };
    let request = if body.is_null() { request } else { request.json(&body) };
    ask.key.iter().fold(request, |request, key| request.header("Idempotency-Key", key))
}

fn policy(order: &Order) -> Value {
    let strict = order.head_starts.is_empty();
    let class = |(at, name): (usize, &String)| match order.head_starts.get(at) {
        Some(seconds) => json!({ "name": name, "head_start_seconds": seconds }),
        None => json!({ "name": name }),
    };
    let classes: Vec<Value> = order.priorities.iter().enumerate().map(class).collect();
    json!({ "order": if strict { "strict" } else { "ageing" }, "classes": classes })
}

fn lost() -> Seen {
    Seen { version: None, answered: Answered::Lost, bytes: Vec::new(), replayed: false }
}

fn seen(answer: &Answer) -> Seen {
    let code = answer.at("/code").as_str().unwrap_or_default();
    let answered = match (answer.status, code) {
        (200 | 201, _) => done(answer),
        (422, "idempotency-key-reused") => Answered::KeyReused,
        (503, _) | (409, "request-in-progress") => return lost(),
        (404 | 409 | 422, _) => {
            let ticket = answer.at("/ticket").as_str().map(str::to_owned);
            Answered::Refused { code: code.to_owned(), ticket }
        }
        (status, _) => panic!("nobody expects {status}: {}", String::from_utf8_lossy(&answer.bytes)),
    };
    let reused = answered == Answered::KeyReused;
    Seen {
        version: answer.at("/lot_version").as_i64(),
        answered,
        bytes: if reused { Vec::new() } else { answer.bytes.clone() },
        replayed: answer.header("idempotent-replayed") == "true",
    }
}

fn done(answer: &Answer) -> Answered {
    let promoted = answer.at("/promoted").as_array().into_iter().flatten();
    let promoted =
        promoted.map(|one| Promoted { ticket: text(one, "ticket"), slot: text(one, "slot") }).collect();
    let one = answer.body.get("slot").into_iter();
    let slots = one.chain(answer.at("/slots").as_array().into_iter().flatten());
    let slots: Vec<SeenSlot> =
        slots.map(|slot| SeenSlot { label: text(slot, "label"), status: text(slot, "status") }).collect();
    match answer.body.get("ticket") {
        Some(ticket) => Answered::Ticket(seen_ticket(ticket), promoted),
        None if answer.body.get("lot").is_some() => Answered::Lot(promoted),
        None => Answered::Slots(slots, promoted),
    }
}

fn seen_ticket(ticket: &Value) -> SeenTicket {
    let instant =
        |name| ticket[name].as_str().and_then(|text| Timestamp::parse(text).ok()).map(Timestamp::micros);
    SeenTicket {
        id: text(ticket, "id"),
        number: ticket["number"].as_i64().unwrap_or_default(),
        plate: text(ticket, "plate"),
        class: text(ticket, "vehicle_class"),
        needs: ticket["needs"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(|name| name.as_str().map(str::to_owned))
            .collect(),
        priority: text(ticket, "priority"),
        status: text(ticket, "status"),
        slot: ticket["slot"].as_str().map(str::to_owned),
        position: ticket["position"].as_i64(),
        arrived_at: instant("arrived_at").unwrap_or_default(),
        parked_at: instant("parked_at"),
        ended_at: instant("ended_at"),
        fee: ticket.pointer("/fee/amount").and_then(Value::as_i64),
    }
}

fn text(of: &Value, name: &str) -> String {
    of[name].as_str().unwrap_or_default().to_owned()
}
