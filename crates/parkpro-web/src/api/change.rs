//! Asking for a change, and answering what came of it.

use std::sync::Arc;

use actix_web::{
    HttpResponse,
    http::header::{HeaderName, HeaderValue},
};
use parkpro_domain::{
    command::Command,
    event::Principal,
    outcome::Outcome,
    ports::{Answer, Request},
};

use super::{
    call::Call,
    code::Code,
    json::Json,
    problem::Problem,
    wording::{Form, Words, response},
};

const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

impl Call {
    /// Has a command decided, under the client's key if there is one.
    pub(crate) async fn change(
        &self,
        command: Command,
        form: Form,
        body: Option<&Json<'_>>,
    ) -> Result<HttpResponse, Problem> {
        self.no_query()?;
        let key = self.key(body)?;
        let instance = self.path().to_owned();
        let words = Arc::new(Words { instance, request_id: self.id.clone(), form });
        let kind = command.kind();
        let request = Request { command, actor: Principal::anonymous(), key, wording: words.clone() };
        let answer = self.park.ledger.change(request).await.map_err(Problem::from);
        self.park.metrics.change(kind, came_of(&answer));
        match answer? {
            Answer::Decided { reply: Some(reply), .. } => Ok(response(reply)),
            Answer::Decided { outcome, reply: None } => Ok(response(words.reply(&outcome))),
            Answer::Replayed(reply) => {
                let mut replayed = response(reply);
                replayed.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
                Ok(replayed)
            }
            Answer::KeyReused => Err(Problem::plain(Code::IdempotencyKeyReused)),
        }
    }
}

/// What the figures call it.
fn came_of(answer: &Result<Answer, Problem>) -> &'static str {
    match answer {
        Ok(Answer::Decided { outcome: Outcome { result: Ok(_), .. }, .. }) => "done",
        Ok(Answer::Decided { outcome: Outcome { result: Err(refusal), version, .. }, .. }) => {
            Problem::refused(refusal, *version).code().about().name
        }
        Ok(Answer::Replayed(_)) => "replayed",
        Ok(Answer::KeyReused) => Code::IdempotencyKeyReused.about().name,
        Err(problem) => problem.code().about().name,
    }
}
