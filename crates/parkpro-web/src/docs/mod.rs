//! What is said about the API: the OpenAPI document, made from the routes and from answers that the program really gives;
//! its interactive form; and the page that explains every problem.

mod doc;
mod errors;
pub(crate) mod parameter;
pub mod requests;
pub(crate) mod samples;
mod swagger;
mod tag;
#[cfg(test)]
mod tests;
mod wrong;

use std::{collections::BTreeSet, sync::OnceLock};

use actix_web::{HttpResponse, http::header};
use bytes::Bytes;
use parkpro_domain::{slot::SlotStatus, ticket::TicketStatus};
use utoipa::openapi::{
    Components, ComponentsBuilder, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathItem,
    PathsBuilder, RefOr, Schema, example::ExampleBuilder, tag::TagBuilder,
};

pub(crate) use self::{doc::Doc, tag::Tag};
use crate::api::{self, Answered, Call, Code, KINDS, Place, ProblemBody, at};

const DESCRIPTION: &str = include_str!("description.md");

/// The whole API. The same program gives the same document.
pub fn openapi() -> OpenApi {
    let mut paths = PathsBuilder::new();
    let mut components = ComponentsBuilder::new();
    for place in api::places() {
        for documented in place.documented {
            let (operation, schemas) = (documented.doc)().into_operation(place.path);
            paths = paths.path(place.path, PathItem::new(documented.method, operation));
            components = components.schemas_from_iter(schemas);
        }
    }
    components = components.schemas_from_iter(doc::schemas_of::<ProblemBody<'_>>());
    let mut document = OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("ParkPro")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some(DESCRIPTION))
                .license(Some(LicenseBuilder::new().name("MIT").identifier(Some("MIT")).build())),
        )
        .tags(Some(
            Tag::ALL.map(|tag| TagBuilder::new().name(tag.name()).description(Some(tag.about())).build()),
        ))
        .paths(paths)
        .components(Some(components.build()))
        .build();
    if let Some(components) = &mut document.components {
        let mut words = |schema, field, words: &[&str]| one_of(components, schema, field, words);
        let codes: BTreeSet<&str> = Code::ALL.iter().map(|code| code.about().name).collect();
        words("Problem", "code", &codes.into_iter().collect::<Vec<_>>());
        words("Ticket", "status", &TicketStatus::ALL.map(TicketStatus::as_str));
        words("Slot", "status", &SLOT_STATUSES.map(SlotStatus::as_str));
        words("Event", "kind", &KINDS);
        for code in Code::ALL {
            let about = code.about();
            let example = ExampleBuilder::new().summary(about.title).value(Some(wrong::problem(*code)));
            components.examples.insert(doc::example_name(*code), example.build().into());
        }
    }
    document
}

/// What a slot can be.
pub(crate) const SLOT_STATUSES: [SlotStatus; 4] =
    [SlotStatus::Available, SlotStatus::Occupied, SlotStatus::OutOfService, SlotStatus::Draining];

/// Lists the words that a field can have.
fn one_of(components: &mut Components, schema: &str, field: &str, words: &[&str]) {
    if let Some(RefOr::T(Schema::Object(schema))) = components.schemas.get_mut(schema)
        && let Some(RefOr::T(Schema::Object(field))) = schema.properties.get_mut(field)
    {
        field.enum_values = Some(words.iter().map(|word| (*word).into()).collect());
    }
}

/// The same as text: pretty, in a stable order, with a newline at its end.
pub fn openapi_json() -> String {
    let mut text = openapi().to_pretty_json().unwrap_or_else(|error| {
        tracing::error!(%error, "the OpenAPI document could not be written");
        String::from("{}")
    });
    text.push('\n');
    text
}

/// The addresses of the documentation.
pub(crate) fn places() -> Vec<Place> {
    vec![
        at("/openapi.json").get(document, || {
            Doc::read("openapi", Tag::System, "This document").answers_text(
                "application/json",
                "OpenAPI 3.1",
                "{}",
            )
        }),
        at("/").page(|_call| async { Ok(redirect("docs")) }),
        at("/docs").page(swagger::page),
        at("/docs/").page(|_call| async { Ok(redirect("../docs")) }),
        at("/docs/errors").page(errors::page),
        at("/docs/{file}").page(swagger::file),
    ]
}

async fn document(_call: Call) -> Answered {
    static DOCUMENT: OnceLock<Bytes> = OnceLock::new();
    let document = DOCUMENT.get_or_init(|| openapi_json().into());
    Ok(HttpResponse::Ok()
        .insert_header((header::CONTENT_TYPE, "application/json"))
        .insert_header((header::CACHE_CONTROL, "no-cache"))
        .body(document.clone()))
}

/// Relative, so that it also holds behind a proxy that adds a prefix.
fn redirect(to: &'static str) -> HttpResponse {
    HttpResponse::Found().insert_header((header::LOCATION, to)).finish()
}
