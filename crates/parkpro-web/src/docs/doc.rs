//! What is said about one operation.

use serde_json::Value;
use utoipa::{
    ToSchema,
    openapi::{
        ContentBuilder, HeaderBuilder, ObjectBuilder, Ref, RefOr, Required, ResponseBuilder, Schema,
        path::{Operation, OperationBuilder, Parameter, ParameterIn},
        request_body::RequestBodyBuilder,
        schema::{ArrayBuilder, SchemaType, Type},
    },
};

use super::{parameter, requests::Nothing, tag::Tag};
use crate::api::{Code, PROBLEM_JSON, retry_soon};

type Schemas = Vec<(String, RefOr<Schema>)>;

/// The answer if all goes well.
struct Success {
    status: u16,
    description: &'static str,
    contents: Vec<(String, ContentBuilder)>,
}

/// What an answer has besides its body.
#[derive(Debug, Clone, Copy, Default)]
struct Headers {
    replayed: bool,
    location: bool,
    etag: Option<Etag>,
}

/// What an entity tag names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Etag {
    Settings,
    State,
}

/// What is said about an operation. Every method adds what it means in the document, with the problems that come with it.
pub(crate) struct Doc {
    id: &'static str,
    tag: Tag,
    summary: &'static str,
    description: Option<&'static str>,
    parameters: Vec<Parameter>,
    body: Option<RequestBodyBuilder>,
    success: Option<Success>,
    headers: Headers,
    problems: Vec<Code>,
    schemas: Schemas,
}

impl Doc {
    /// An operation that changes nothing.
    pub(crate) fn read(id: &'static str, tag: Tag, summary: &'static str) -> Self {
        Self::new(id, tag, summary).refuses(&[Code::TookTooLong])
    }

    fn new(id: &'static str, tag: Tag, summary: &'static str) -> Self {
        Self {
            id,
            tag,
            summary,
            description: None,
            parameters: Vec::new(),
            body: None,
            success: None,
            headers: Headers::default(),
            problems: vec![Code::StoreUnavailable, Code::Internal],
            schemas: Vec::new(),
        }
    }

    /// An operation that changes a lot, and may be repeated under a key.
    pub(crate) fn change(id: &'static str, tag: Tag, summary: &'static str) -> Self {
        let mut doc = Self::new(id, tag, summary).header(
            "Idempotency-Key",
            "Names this request, so that it can be repeated without repeating its effect. Recommended for machines.",
        );
        doc.headers.replayed = true;
        doc.refuses(&[
            Code::InvalidQuery,
            Code::InvalidIdempotencyKey,
            Code::IdempotencyKeyReused,
            Code::RequestInProgress,
            Code::OutcomeUnknown,
            Code::Overloaded,
            Code::Closing,
            Code::LotBusy,
        ])
    }

    /// More about it, in Markdown.
    pub(crate) fn says(self, description: &'static str) -> Self {
        Self { description: Some(description), ..self }
    }

    /// Problems that it may answer.
    pub(crate) fn refuses(mut self, problems: &[Code]) -> Self {
        self.problems.extend(problems);
        self
    }

    /// It answers in pages.
    pub(crate) fn paged(self) -> Self {
        self.query("limit", "How many at most.", parameter::whole(1, 200, 50))
            .query("cursor", "The `next_cursor` of the page before.", parameter::text())
            .refuses(&[Code::InvalidLimit, Code::InvalidCursor])
    }

    /// It takes a parameter in the query.
    pub(crate) fn query(mut self, name: &str, about: &str, schema: ObjectBuilder) -> Self {
        self.parameters.push(parameter::optional(ParameterIn::Query, name, about, schema));
        self.refuses(&[Code::InvalidQuery])
    }

    /// It takes a header.
    pub(crate) fn header(mut self, name: &str, about: &str) -> Self {
        self.parameters.push(parameter::optional(ParameterIn::Header, name, about, parameter::text()));
        self
    }

    /// It needs the entity tag that was read.
    pub(crate) fn conditional(mut self) -> Self {
        let about = "The `ETag` that was read, or `*` for any.";
        self.parameters.push(parameter::required(ParameterIn::Header, "If-Match", about, "\"1\""));
        self.refuses(&[Code::InvalidIfMatch, Code::PreconditionRequired, Code::Stale])
    }

    /// It takes a body of at most 16 KiB; examples by name.
    pub(crate) fn takes<T: ToSchema>(self, examples: Vec<(&'static str, Value)>) -> Self {
        self.body::<T>("JSON, at most 16 KiB.", Required::True, examples)
    }

    /// It takes a body of at most 1 MiB.
    pub(crate) fn takes_much<T: ToSchema>(self, examples: Vec<(&'static str, Value)>) -> Self {
        self.body::<T>("JSON, at most 1 MiB.", Required::True, examples)
    }

    /// It takes a body only if the client cannot do without.
    pub(crate) fn takes_nothing(self) -> Self {
        self.body::<Nothing>("None, or an empty object.", Required::False, Vec::new())
    }

    fn body<T: ToSchema>(
        mut self,
        about: &str,
        required: Required,
        examples: Vec<(&'static str, Value)>,
    ) -> Self {
        self.schemas.extend(schemas_of::<T>());
        let examples = examples.into_iter().map(|(name, value)| (name, example(value)));
        let content = ContentBuilder::new().schema(Some(reference::<T>())).examples_from_iter(examples);
        let body = RequestBodyBuilder::new().description(Some(about)).required(Some(required));
        self.body = Some(body.content("application/json", content.build()));
        self.refuses(&[
            Code::BrokenJson,
            Code::BodyTimeout,
            Code::BodyTooLarge,
            Code::UnsupportedMediaType,
            Code::InvalidInput,
            Code::UnknownField,
            Code::MissingField,
            Code::WrongType,
        ])
    }

    /// What it answers if all goes well, with an example.
    pub(crate) fn answers<T: ToSchema>(
        mut self,
        status: u16,
        description: &'static str,
        example: Value,
    ) -> Self {
        self.schemas.extend(schemas_of::<T>());
        self.succeeds(status, description, "application/json", reference::<T>(), example)
    }

    fn succeeds(
        mut self,
        status: u16,
        description: &'static str,
        media_type: &str,
        schema: impl Into<RefOr<Schema>>,
        example: Value,
    ) -> Self {
        let content = ContentBuilder::new().schema(Some(schema)).example(Some(example));
        let contents = vec![(media_type.to_owned(), content)];
        self.success = Some(Success { status, description, contents });
        self
    }

    /// It answers a part of a list of these.
    pub(crate) fn answers_page<T: ToSchema>(mut self, description: &'static str, example: Value) -> Self {
        let name = format!("{}Page", T::name());
        let cursor = "Send it as `?cursor=` for the next page; null if this is the last.";
        let nullable = SchemaType::from_iter([Type::String, Type::Null]);
        let page = ObjectBuilder::new()
            .property("data", ArrayBuilder::new().items(reference::<T>()))
            .property("next_cursor", ObjectBuilder::new().schema_type(nullable).description(Some(cursor)))
            .required("data")
            .required("next_cursor");
        self.schemas.extend(schemas_of::<T>());
        self.schemas.push((name.clone(), page.into()));
        self.succeeds(200, description, "application/json", Ref::from_schema_name(name), example)
    }

    /// It makes something new, and says where it is.
    pub(crate) fn creates<T: ToSchema>(self, description: &'static str, example: Value) -> Self {
        let mut doc = self.answers::<T>(201, description, example);
        doc.headers.location = true;
        doc
    }

    /// What it answers, if that is no JSON of this API.
    pub(crate) fn answers_text(self, media_type: &str, description: &'static str, example: &str) -> Self {
        let schema = ObjectBuilder::new().schema_type(Type::String);
        self.succeeds(200, description, media_type, schema, example.into())
    }

    /// It can also answer a stream.
    pub(crate) fn streams(mut self, media_type: &str, example: String) -> Self {
        let schema = ObjectBuilder::new().schema_type(Type::String);
        let content = ContentBuilder::new().schema(Some(schema)).example(Some(example.into()));
        if let Some(success) = &mut self.success {
            success.contents.push((media_type.to_owned(), content));
        }
        self
    }

    /// Its answer carries an entity tag.
    pub(crate) fn tagged(mut self) -> Self {
        self.headers.etag = Some(Etag::Settings);
        self
    }

    /// Its answer carries an entity tag of the lot's state, and is not sent to whoever has it.
    pub(crate) fn unless_known(self) -> Self {
        let mut doc = self.header("If-None-Match", "The `ETag` of the answer that is known.");
        doc.headers.etag = Some(Etag::State);
        doc
    }

    /// What the document has of it, and the schemas that it refers to.
    pub(crate) fn into_operation(mut self, path: &str) -> (Operation, Schemas) {
        self.parameters.extend(parameter::of_path(path));
        let mut operation = OperationBuilder::new()
            .operation_id(Some(self.id))
            .tag(self.tag.name())
            .summary(Some(self.summary))
            .description(self.description)
            .parameters(Some(self.parameters))
            .request_body(self.body.map(RequestBodyBuilder::build));
        if let Some(Success { status, description, contents }) = self.success {
            let response = ResponseBuilder::new().description(description);
            let response = contents
                .into_iter()
                .fold(response, |response, (media, content)| response.content(media, content.build()));
            operation = operation.response(status.to_string(), with_headers(response, self.headers));
        }
        if self.headers.etag == Some(Etag::State) {
            let known = ResponseBuilder::new().description("It is still as it was");
            operation = operation.response("304", with_headers(known, self.headers));
        }
        self.problems.sort_unstable_by_key(|code| (code.about().status, *code));
        self.problems.dedup();
        for same in self.problems.chunk_by(|one, other| one.about().status == other.about().status) {
            if let Some(first) = same.first() {
                operation = operation.response(first.about().status.to_string(), problems(same));
            }
        }
        (operation.build(), self.schemas)
    }
}

/// A schema and those that it refers to, by name.
pub(crate) fn schemas_of<T: ToSchema>() -> Schemas {
    let mut schemas = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut schemas);
    schemas
}

/// What the examples call a code: two may have one name.
pub(crate) fn example_name(code: Code) -> String {
    let about = code.about();
    format!("{}-{}", about.status, about.name)
}

fn reference<T: ToSchema>() -> Ref {
    Ref::from_schema_name(T::name())
}

fn example(value: Value) -> utoipa::openapi::example::Example {
    utoipa::openapi::example::ExampleBuilder::new().value(Some(value)).build()
}

fn text_header(about: &str) -> HeaderBuilder {
    HeaderBuilder::new().schema(Some(ObjectBuilder::new().schema_type(Type::String))).description(Some(about))
}

fn with_headers(mut response: ResponseBuilder, headers: Headers) -> ResponseBuilder {
    let Headers { replayed, location, etag } = headers;
    for (there, name, about) in [
        (true, "X-Request-Id", "Names the request in the log; the client's, if it sent one."),
        (replayed, "Idempotent-Replayed", "`true` if this was answered before under the same key."),
        (location, "Location", "Where the new thing is."),
        (etag == Some(Etag::Settings), "ETag", "Names the settings; send it as `If-Match`."),
        (etag == Some(Etag::State), "ETag", "Names this state of the lot; send it as `If-None-Match`."),
    ] {
        if there {
            response = response.header(name, text_header(about).build());
        }
    }
    response
}

fn problems(same: &[Code]) -> ResponseBuilder {
    let names: Vec<String> = same.iter().map(|code| format!("`{}`", code.about().name)).collect();
    let examples = same.iter().map(|code| {
        let place = format!("#/components/examples/{}", example_name(*code));
        (code.about().name, RefOr::Ref(Ref::new(place)))
    });
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("Problem")))
        .examples_from_iter::<_, _, RefOr<utoipa::openapi::example::Example>>(examples);
    let response =
        ResponseBuilder::new().description(names.join(", ")).content(PROBLEM_JSON, content.build());
    let response = with_headers(response, Headers::default());
    if same.iter().any(|code| retry_soon(*code)) {
        return response.header("Retry-After", text_header("Seconds.").build());
    }
    response
}
