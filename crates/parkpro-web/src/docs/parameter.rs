//! Parameters of operations. Optional ones have no examples, because the interactive documentation would send them.

use utoipa::openapi::{
    KnownFormat, ObjectBuilder, Required, SchemaFormat,
    path::{Parameter, ParameterBuilder, ParameterIn},
    schema::Type,
};

/// Any text.
pub(crate) fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

/// One of these words.
pub(crate) fn one_of(words: &[&'static str]) -> ObjectBuilder {
    text().enum_values(Some(words.iter().copied()))
}

/// An instant.
pub(crate) fn instant() -> ObjectBuilder {
    text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
}

/// A whole number from one to another, and what it is if it is missing.
pub(super) fn whole(least: i32, most: i32, usual: i32) -> ObjectBuilder {
    let number = ObjectBuilder::new().schema_type(Type::Integer).default(Some(usual.into()));
    number.minimum(Some(least)).maximum(Some(most))
}

/// One that may be missing.
pub(super) fn optional(place: ParameterIn, name: &str, about: &str, schema: ObjectBuilder) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(Required::False)
        .description(Some(about))
        .schema(Some(schema))
        .build()
}

/// One that must be there.
pub(super) fn required(place: ParameterIn, name: &str, about: &str, example: &str) -> Parameter {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(Required::True)
        .description(Some(about))
        .schema(Some(text()))
        .example(Some(example.into()))
        .build()
}

/// Those that an address has in braces.
pub(super) fn of_path(path: &str) -> impl Iterator<Item = Parameter> {
    let names = path.split('{').skip(1).filter_map(|rest| rest.split('}').next());
    names.map(|name| {
        let (about, example) = match name {
            "lot" => ("The id of the lot.", "main"),
            "label" => ("The label of the slot; `#` is written `%23`.", "A-07"),
            "tariff" => ("The id of the tariff.", "short-term"),
            "code" => ("The code of the discount.", "SHOP1"),
            "version" => ("The number of the version.", "3"),
            _ => ("The id of the ticket.", "0199f0c2-7a10-7000-8000-000000000412"),
        };
        required(ParameterIn::Path, name, about, example)
    })
}
