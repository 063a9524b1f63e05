//! Routes: an address, its methods, what each does and what is said about it, in one table. So nothing can be served that
//! is not in the OpenAPI document, and every address knows which methods it has.

use std::time::{Duration, Instant};

use actix_web::{
    HttpRequest, HttpResponse, Resource, Route,
    guard::{self, Guard},
    http::{
        Method,
        header::{self, HeaderValue},
    },
    web::{self, Data, Payload, ServiceConfig},
};
use tokio::time::timeout;
use utoipa::openapi::path::HttpMethod;

use super::{
    CarPark,
    call::Call,
    code::Code,
    problem::Problem,
    request_id::{RequestId, X_REQUEST_ID},
};
use crate::docs::Doc;

/// What a handler answers.
pub(crate) type Answered = Result<HttpResponse, Problem>;

/// How long a request may take.
const LONGEST: Duration = Duration::from_secs(8);

/// What stands for the address of a request that fits no route.
const NO_ROUTE: &str = "(none)";

/// An address and its methods.
pub(crate) struct Place {
    /// With names in braces.
    pub(crate) path: &'static str,
    /// Its methods; the pages of the documentation say nothing about themselves.
    pub(crate) documented: Vec<Documented>,
    routes: Vec<Route>,
    allow: Vec<&'static str>,
}

/// A method that is in the OpenAPI document.
pub(crate) struct Documented {
    pub(crate) method: HttpMethod,
    /// Says what it does; with all examples that is a lot, so it is only said to who asks.
    pub(crate) doc: Box<dyn Fn() -> Doc>,
}

/// What a request does to the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    /// Nothing, however it ends.
    None,
    /// A change, whose outcome may be unknown.
    Change,
}

/// An address without methods yet.
pub(crate) fn at(path: &'static str) -> Place {
    Place { path, documented: Vec::new(), routes: Vec::new(), allow: Vec::new() }
}

impl Place {
    /// Answers GET, and HEAD without the body.
    pub(crate) fn get<F>(
        self,
        handle: impl Fn(Call) -> F + Clone + 'static,
        doc: impl Fn() -> Doc + 'static,
    ) -> Self
    where
        F: Future<Output = Answered> + 'static,
    {
        self.page(handle).documented(HttpMethod::Get, doc)
    }

    /// Answers POST that asks for something and changes nothing.
    pub(crate) fn ask<F>(
        self,
        handle: impl Fn(Call) -> F + Clone + 'static,
        doc: impl Fn() -> Doc + 'static,
    ) -> Self
    where
        F: Future<Output = Answered> + 'static,
    {
        self.on(guard::Post(), &["POST"], Effect::None, handle).documented(HttpMethod::Post, doc)
    }

    /// Answers POST that changes something.
    pub(crate) fn post<F>(
        self,
        handle: impl Fn(Call) -> F + Clone + 'static,
        doc: impl Fn() -> Doc + 'static,
    ) -> Self
    where
        F: Future<Output = Answered> + 'static,
    {
        self.on(guard::Post(), &["POST"], Effect::Change, handle).documented(HttpMethod::Post, doc)
    }

    /// Answers PATCH.
    pub(crate) fn patch<F>(
        self,
        handle: impl Fn(Call) -> F + Clone + 'static,
        doc: impl Fn() -> Doc + 'static,
    ) -> Self
    where
        F: Future<Output = Answered> + 'static,
    {
        self.on(guard::Patch(), &["PATCH"], Effect::Change, handle).documented(HttpMethod::Patch, doc)
    }

    /// Answers DELETE.
    pub(crate) fn delete<F>(
        self,
        handle: impl Fn(Call) -> F + Clone + 'static,
        doc: impl Fn() -> Doc + 'static,
    ) -> Self
    where
        F: Future<Output = Answered> + 'static,
    {
        self.on(guard::Delete(), &["DELETE"], Effect::Change, handle).documented(HttpMethod::Delete, doc)
    }

    /// Answers GET and HEAD with a page for people, which is not in the OpenAPI document.
    pub(crate) fn page<F>(self, handle: impl Fn(Call) -> F + Clone + 'static) -> Self
    where
        F: Future<Output = Answered> + 'static,
    {
        self.on(guard::Any(guard::Get()).or(guard::Head()), &["GET", "HEAD"], Effect::None, handle)
    }

    fn documented(mut self, method: HttpMethod, doc: impl Fn() -> Doc + 'static) -> Self {
        self.documented.push(Documented { method, doc: Box::new(doc) });
        self
    }

    fn on<F>(
        mut self,
        method: impl Guard + 'static,
        names: &[&'static str],
        effect: Effect,
        handle: impl Fn(Call) -> F + Clone + 'static,
    ) -> Self
    where
        F: Future<Output = Answered> + 'static,
    {
        self.routes.push(served(web::route().guard(method), self.path, effect, handle));
        self.allow.extend(names);
        self
    }

    /// The address as actix routes it, from behind a prefix. A method that it has not is told those that it has.
    fn into_resource(self, prefix: &str) -> Resource {
        let allow = self.allow.join(", ");
        let refuse = move |_call: Call| {
            let allow = allow.clone();
            async move { Err(Problem::method(allow)) }
        };
        let path = self.path.strip_prefix(prefix).unwrap_or(self.path);
        let resource = self.routes.into_iter().fold(web::resource(path), Resource::route);
        resource.default_service(served(web::route(), self.path, Effect::None, refuse))
    }
}

/// What most addresses begin with. Matching a name costs microseconds, comparing text nothing: so the name is matched
/// once for all of them, instead of once for each that is tried in vain.
const PREFIXES: [&str; 2] = ["/api/v1/lots/{lot}", "/api/v1/tickets/{id}"];

/// Adds every address to the server.
pub(crate) fn mount(config: &mut ServiceConfig, places: Vec<Place>) {
    let mut others = places;
    for prefix in PREFIXES {
        let (under, rest) = others.into_iter().partition::<Vec<_>, _>(|place| place.path.starts_with(prefix));
        others = rest;
        let scope = web::scope(prefix);
        config.service(
            under.into_iter().fold(scope, |scope, place| scope.service(place.into_resource(prefix))),
        );
    }
    for place in others {
        config.service(place.into_resource(""));
    }
    config.default_service(nowhere());
}

/// What answers where there is no address.
fn nowhere() -> Route {
    served(web::route(), NO_ROUTE, Effect::None, |call: Call| async move {
        Err(Problem::new(Code::NoSuchRoute, format!("There is nothing at {}.", call.path())))
    })
}

/// A route that calls a handler: within its time, under a request id, counted and logged.
fn served<F>(
    method: Route,
    route: &'static str,
    effect: Effect,
    handle: impl Fn(Call) -> F + Clone + 'static,
) -> Route
where
    F: Future<Output = Answered> + 'static,
{
    method.to(move |park: Data<CarPark>, request: HttpRequest, payload: Payload| {
        let began = Instant::now();
        let id = RequestId::of(request.headers());
        let call = Call::new(park.clone(), id.clone(), request.clone(), payload);
        let answer = within(LONGEST, effect, handle(call));
        async move {
            let mut response = answer.await.unwrap_or_else(|problem| {
                log_cause(&problem, &id);
                problem.response(request.path(), id.as_str())
            });
            let headers = response.headers_mut();
            headers.insert(X_REQUEST_ID, id.header());
            headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
            let (method, status, took) =
                (name(request.method()), response.status().as_u16(), began.elapsed());
            park.metrics.request(method, route, status, took);
            tracing::debug!(
                target: "parkpro_web::request",
                method,
                route,
                status,
                duration_ms = u32::try_from(took.as_micros()).map_or(f64::MAX, f64::from) / 1e3,
                request_id = id.as_str(),
            );
            response
        }
    })
}

/// An answer that comes in time, or the problem that it did not. What has begun to change may still be changed.
async fn within(longest: Duration, effect: Effect, answer: impl Future<Output = Answered>) -> Answered {
    let late = |_elapsed| match effect {
        Effect::None => {
            Err(Problem::new(Code::TookTooLong, "It took too long and was given up; nothing was changed."))
        }
        Effect::Change => {
            Err(Problem::new(Code::OutcomeUnknown, "The record took too long; the change may still be made."))
        }
    };
    timeout(longest, answer).await.unwrap_or_else(late)
}

fn log_cause(problem: &Problem, id: &RequestId) {
    if let Some(cause) = problem.cause() {
        let (code, request_id) = (problem.code().about().name, id.as_str());
        tracing::error!(code, request_id, error = %cause, "the record is unwell");
    }
}

/// Methods that nobody serves share a name, so that nobody can invent figures.
fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::PUT => "PUT",
        Method::OPTIONS => "OPTIONS",
        _ => "(other)",
    }
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    #[actix_web::test]
    async fn who_is_late_is_told_whether_something_may_still_be_changed() {
        for (effect, code) in [(Effect::None, Code::TookTooLong), (Effect::Change, Code::OutcomeUnknown)] {
            let late = within(Duration::ZERO, effect, pending()).await.unwrap_err();
            assert_eq!(late.code(), code);
            assert_eq!(late.response("/x", "id").status().as_u16(), 503);
        }
    }
}
