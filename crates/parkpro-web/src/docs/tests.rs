//! The document holds what the program does.

use std::collections::BTreeSet;

use parkpro_domain::outcome::Refusal;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{openapi_json, requests, samples, wrong};
use crate::api::{Code, Problem};

fn document() -> Value {
    serde_json::from_str(&openapi_json()).unwrap()
}

/// Every operation with its path and method.
fn operations(document: &Value) -> Vec<(String, &Value)> {
    let paths = document["paths"].as_object().unwrap();
    let operations = paths.iter().flat_map(|(path, item)| {
        let item = item.as_object().unwrap();
        item.iter().map(move |(method, operation)| (format!("{method} {path}"), operation))
    });
    operations.collect()
}

#[test]
fn the_document_is_the_same_every_time_and_ends_with_a_newline() {
    let text = openapi_json();
    assert_eq!(text, openapi_json());
    assert!(text.ends_with("}\n") && text.starts_with("{\n  \"openapi\": \"3.1.0\""));
}

#[test]
fn every_change_can_be_named_so_that_it_can_be_repeated() {
    let document = document();
    let parameters = |operation: &Value| operation["parameters"].as_array().cloned().unwrap_or_default();
    let cannot: Vec<String> = operations(&document)
        .into_iter()
        .filter(|(_, operation)| parameters(operation).iter().all(|one| one["name"] != "Idempotency-Key"))
        .map(|(name, _)| name)
        .filter(|name| !name.starts_with("get "))
        .collect();
    assert_eq!(cannot, ["post /api/v1/tariffs/simulate"], "which changes nothing");
}

#[test]
fn every_example_is_there() {
    let document = document();
    for (name, operation) in operations(&document) {
        for (status, response) in operation["responses"].as_object().unwrap() {
            for (media, content) in response["content"].as_object().into_iter().flatten() {
                let example = &content["example"];
                let examples = &content["examples"];
                assert!(
                    (!example.is_null() && *example != "") || examples.is_object(),
                    "{name} {status} {media}"
                );
            }
        }
    }
    let examples = document["components"]["examples"].as_object().unwrap();
    assert_eq!(examples.len(), Code::ALL.len());
}

/// What an example has but its schema has not, and the other way round.
fn differences(document: &Value, schema: &Value, example: &Value, at: &str) -> Vec<String> {
    if let Some(place) = schema["$ref"].as_str() {
        let schema = document.pointer(place.trim_start_matches('#')).unwrap_or_else(|| panic!("no {place}"));
        return differences(document, schema, example, at);
    }
    if let Some(choices) = schema["oneOf"].as_array() {
        let of_choices = choices.iter().map(|choice| differences(document, choice, example, at));
        return of_choices.min_by_key(Vec::len).unwrap_or_default();
    }
    if let Some(parts) = schema["allOf"].as_array() {
        let merged =
            parts.iter().fold(serde_json::json!({ "properties": {}, "required": [] }), |mut all, part| {
                let properties = part["properties"].as_object().cloned().unwrap_or_default();
                all["properties"].as_object_mut().unwrap().extend(properties);
                all["required"]
                    .as_array_mut()
                    .unwrap()
                    .extend(part["required"].as_array().cloned().unwrap_or_default());
                all
            });
        return differences(document, &merged, example, at);
    }
    let kind = |name: &str| {
        schema["type"] == name || schema["type"].as_array().is_some_and(|all| all.contains(&name.into()))
    };
    match example {
        Value::Object(fields) => {
            // An object without properties may have any.
            if kind("object") && schema["properties"].is_null() && schema["additionalProperties"].is_null() {
                return Vec::new();
            }
            let Some(properties) = schema["properties"].as_object() else {
                let each = &schema["additionalProperties"];
                let inside = fields
                    .iter()
                    .flat_map(|(name, value)| differences(document, each, value, &format!("{at}/{name}")));
                return inside.collect();
            };
            let required = schema["required"].as_array().cloned().unwrap_or_default();
            let missing =
                required.iter().filter_map(Value::as_str).filter(|name| !fields.contains_key(*name));
            let mut all: Vec<String> = missing.map(|name| format!("{at}/{name} is missing")).collect();
            for (name, value) in fields {
                let at = format!("{at}/{name}");
                match properties.get(name) {
                    Some(schema) => all.extend(differences(document, schema, value, &at)),
                    None => all.push(format!("{at} is not in the schema")),
                }
            }
            all
        }
        Value::Array(items) => items
            .iter()
            .flat_map(|item| differences(document, &schema["items"], item, &format!("{at}/0")))
            .collect(),
        Value::Null if kind("null") => Vec::new(),
        Value::Bool(_) if kind("boolean") => Vec::new(),
        Value::Number(_) if kind("integer") => Vec::new(),
        Value::String(_) if kind("string") => Vec::new(),
        other => vec![format!("{at}: {other} is not {}", schema["type"])],
    }
}

#[test]
fn every_example_has_the_shape_of_its_schema() {
    let document = document();
    for (name, operation) in operations(&document) {
        let contents =
            operation["responses"].as_object().unwrap().values().chain([&operation["requestBody"]]);
        for content in contents.filter_map(|part| part["content"].as_object()).flat_map(|all| all.values()) {
            let named = content["examples"].as_object().into_iter().flat_map(|all| all.values());
            let examples = named.map(|example| &example["value"]).chain([&content["example"]]);
            for example in examples.filter(|example| example.is_object() || example.is_array()) {
                let differences = differences(&document, &content["schema"], example, "");
                assert!(differences.is_empty(), "{name}: {differences:#?}\n{example:#}");
            }
        }
    }
    for (name, example) in document["components"]["examples"].as_object().unwrap() {
        let schema = &document["components"]["schemas"]["Problem"];
        let differences = differences(&document, schema, &example["value"], "");
        assert!(differences.is_empty(), "{name}: {differences:#?}");
    }
}

#[test]
fn an_example_of_a_problem_is_a_problem_of_that_code() {
    for code in Code::ALL {
        let (example, about) = (wrong::problem(*code), code.about());
        let in_errors =
            example["errors"].as_array().into_iter().flatten().any(|error| error["code"] == about.name);
        assert!(
            (example["code"] == about.name && example["status"] == about.status) || in_errors,
            "{example:#}"
        );
        assert!(!example["detail"].as_str().unwrap().is_empty());
    }
}

#[test]
fn every_code_is_listed_by_an_operation_or_is_for_every_address() {
    let text = openapi_json();
    let everywhere = ["no-such-route", "method-not-allowed"];
    let document = document();
    let mut listed = BTreeSet::new();
    for (_, operation) in operations(&document) {
        for response in operation["responses"].as_object().unwrap().values() {
            listed.extend(
                response["content"]["application/problem+json"]["examples"]
                    .as_object()
                    .into_iter()
                    .flat_map(|all| all.keys().cloned()),
            );
        }
    }
    let only_in_errors = ["invalid-status", "given-twice"];
    for name in Code::ALL.iter().map(|code| code.about().name) {
        let excused = everywhere.contains(&name) || only_in_errors.contains(&name);
        assert!(listed.contains(name) || excused && text.contains(name), "{name}");
    }
}

#[test]
fn every_refusal_has_an_example() {
    // A new refusal does not compile until somebody has thought of its place in the list below.
    let place = |refusal: &Refusal| match refusal {
        Refusal::NoSuchLot(_) => 0,
        Refusal::NoSuchTicket(_) => 1,
        Refusal::NoSuchSlot(_) => 2,
        Refusal::LotIdTaken(_) => 3,
        Refusal::LotInUse { .. } => 4,
        Refusal::LabelTaken(_) => 5,
        Refusal::SlotOccupied { .. } => 6,
        Refusal::Stale { .. } => 7,
        Refusal::PlateAlreadyActive { .. } => 8,
        Refusal::LotClosed => 9,
        Refusal::QueueFull { .. } => 10,
        Refusal::NothingFits(_) => 11,
        Refusal::UnknownPriority { .. } => 12,
        Refusal::NotInside => 13,
        Refusal::StillWaiting { .. } => 14,
        Refusal::AlreadyDeparted { .. } => 15,
        Refusal::NotWaiting { .. } => 16,
        Refusal::NotParked { .. } => 17,
        Refusal::ReservedWithoutFeature(_) => 18,
        Refusal::PriorityInUse { .. } => 19,
        Refusal::NoSuchTariff(_) => 20,
        Refusal::NoSuchTariffVersion(_) => 21,
        Refusal::TariffIdTaken(_) => 22,
        Refusal::NoDraft(_) => 23,
        Refusal::TariffOfSettings(_) => 24,
        Refusal::OtherCurrency { .. } => 25,
        Refusal::TooManyTariffs => 26,
        Refusal::NoSuchDiscount(_) => 27,
        Refusal::DiscountCodeTaken(_) => 28,
        Refusal::DiscountUsedUp(_) => 29,
        Refusal::DiscountUsedByPlate(_) => 30,
        Refusal::DiscountExpired(_) => 31,
        Refusal::DiscountNotYetValid(_) => 32,
        Refusal::DiscountAlreadyAttached(_) => 33,
        Refusal::DiscountStandsAlone(_) => 34,
        Refusal::TooManyDiscounts => 35,
        Refusal::EndsBeforeItBegins { .. } => 36,
        Refusal::DiscountWithoutEffect { .. } => 37,
        Refusal::SlotEmpty(_) => 38,
    };
    let refusals = wrong::refusals().unwrap();
    assert_eq!(refusals.iter().map(place).collect::<Vec<_>>(), (0..39).collect::<Vec<_>>());
    let codes: BTreeSet<Code> =
        refusals.iter().map(|refusal| Problem::refused(refusal, None).code()).collect();
    assert_eq!(codes.len(), refusals.len(), "every refusal has a code of its own");
}

#[test]
fn the_examples_of_requests_fit_the_shapes_of_requests() {
    fn fit<T: DeserializeOwned>(examples: Vec<(&'static str, Value)>) {
        for (name, example) in examples {
            serde_json::from_value::<T>(example).unwrap_or_else(|error| panic!("{name}: {error}"));
        }
    }
    fit::<requests::Arrival>(samples::arrival());
    fit::<requests::Departure>(samples::departure());
    fit::<requests::NewLot>(samples::new_lot());
    fit::<requests::LotSettings>(samples::lot_settings());
    fit::<requests::NewSlots>(samples::new_slots());
    fit::<requests::SlotSettings>(samples::slot_settings());
    fit::<requests::Correction>(samples::correction());
    fit::<requests::Voiding>(samples::voiding());
    fit::<requests::NewTariff>(samples::new_tariff());
    fit::<requests::NewDraft>(samples::new_draft());
    fit::<requests::LotTariff>(samples::new_lot_tariff());
    fit::<requests::Trial>(samples::trial());
    fit::<requests::NewDiscount>(samples::new_discount());
    fit::<requests::DiscountTerms>(samples::discount_terms());
    fit::<requests::Validation>(samples::validation());
}
