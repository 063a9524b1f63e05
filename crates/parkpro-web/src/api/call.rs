//! One request, as a handler sees it: its address, its query, its headers and its body, each read into the car park's
//! words or refused.

use std::{borrow::Cow, time::Duration};

use actix_web::{
    HttpRequest,
    http::header::{self, HeaderValue},
    web::{Data, Payload},
};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use parkpro_domain::{
    discount::DiscountCode,
    event::Principal,
    invalid::Invalid,
    lot::LotId,
    ports::{Key, TicketView},
    slot::SlotLabel,
    tariff::{TariffId, TariffVersion},
    ticket::TicketId,
};
use sha2::{Digest, Sha256};
use tokio::time::timeout;
use url::form_urlencoded;

use super::{
    CarPark,
    body::{Fields, Read},
    code::Code,
    json::Json,
    problem::Problem,
    request_id::RequestId,
};

/// Most bytes of a usual body.
pub(crate) const SMALL: usize = 16 * 1024;
/// Most bytes of a body that adds slots or has the document of a tariff in it.
pub(crate) const LARGE: usize = 1024 * 1024;

/// How long a body may take to arrive.
const BODY_TIME: Duration = Duration::from_secs(5);
const LONGEST_KEY: usize = 255;

/// One request.
pub(crate) struct Call {
    /// What it is asked of.
    pub(crate) park: Data<CarPark>,
    /// What the log calls it.
    pub(crate) id: RequestId,
    request: HttpRequest,
    payload: Payload,
}

/// The bytes of a body.
pub(crate) struct Body(Bytes);

impl Call {
    /// A request to the car park.
    pub(crate) fn new(park: Data<CarPark>, id: RequestId, request: HttpRequest, payload: Payload) -> Self {
        Self { park, id, request, payload }
    }

    /// The address, without the query.
    pub(crate) fn path(&self) -> &str {
        self.request.path()
    }

    /// A header that is text.
    pub(crate) fn header(&self, name: impl header::AsHeaderName) -> Option<&str> {
        self.request.headers().get(name).and_then(|value| value.to_str().ok())
    }

    /// A part of the address by its name in the route.
    pub(crate) fn part(&self, name: &str) -> &str {
        self.request.match_info().get(name).unwrap_or_default()
    }

    /// The lot of the address. An id that no lot can have is that of no lot.
    pub(crate) fn lot(&self) -> Result<LotId, Problem> {
        self.named("lot", LotId::parse, Code::NoSuchLot)
    }

    /// The slot of the address.
    pub(crate) fn slot(&self) -> Result<SlotLabel, Problem> {
        self.named("label", SlotLabel::parse, Code::NoSuchSlot)
    }

    /// The code of the address.
    pub(crate) fn discount(&self) -> Result<DiscountCode, Problem> {
        self.named("code", DiscountCode::parse, Code::NoSuchDiscount)
    }

    /// The tariff of the address.
    pub(crate) fn tariff(&self) -> Result<TariffId, Problem> {
        self.named("tariff", TariffId::parse, Code::NoSuchTariff)
    }

    /// The version of the address.
    pub(crate) fn tariff_version(&self) -> Result<TariffVersion, Problem> {
        let number = self.part("version").parse().ok().filter(|number| *number > 0);
        let number = number.ok_or_else(|| Problem::plain(Code::NoSuchTariffVersion))?;
        Ok(TariffVersion { tariff: self.tariff()?, number })
    }

    /// The ticket of the address.
    pub(crate) fn ticket(&self) -> Result<TicketId, Problem> {
        self.named("id", TicketId::parse, Code::NoSuchTicket)
    }

    /// The ticket of the address, from the record.
    pub(crate) async fn ticket_view(&self) -> Result<TicketView, Problem> {
        let view = self.park.records.ticket(self.ticket()?).await?;
        view.ok_or_else(|| Problem::plain(Code::NoSuchTicket))
    }

    fn named<T>(&self, part: &str, parse: fn(&str) -> Result<T, Invalid>, code: Code) -> Result<T, Problem> {
        parse(self.part(part)).map_err(|_no_such_name| Problem::plain(code))
    }

    /// Reads the parameters of the query.
    pub(crate) fn query<T>(&self, read: impl FnOnce(Fields<'_>) -> Read<T>) -> Result<T, Problem> {
        let given: Vec<(Cow<'_, str>, Json<'_>)> =
            form_urlencoded::parse(self.request.query_string().as_bytes())
                .map(|(name, value)| (name, Json::Text(value)))
                .collect();
        read(Fields::of_query(&given)).map_err(Problem::query)
    }

    /// Refuses a query where there is none.
    pub(crate) fn no_query(&self) -> Result<(), Problem> {
        if self.request.query_string().is_empty() {
            return Ok(());
        }
        self.query(|fields| fields.finish(|| Some(())))
    }

    /// The whole body, which has to be JSON.
    pub(crate) async fn body(&mut self, most: usize) -> Result<Body, Problem> {
        let bytes = self.bytes(most).await?;
        if bytes.is_empty() {
            return Err(Problem::new(Code::BrokenJson, "The body is empty; it has to be a JSON object."));
        }
        if !self.says_json() {
            return Err(Problem::plain(Code::UnsupportedMediaType));
        }
        Ok(Body(bytes))
    }

    /// The body of a request that needs none: an empty one is an object without fields.
    pub(crate) async fn body_if_any(&mut self) -> Result<Body, Problem> {
        let bytes = self.bytes(SMALL).await?;
        if bytes.is_empty() {
            return Ok(Body(Bytes::from_static(b"{}")));
        }
        if !self.says_json() {
            return Err(Problem::plain(Code::UnsupportedMediaType));
        }
        Ok(Body(bytes))
    }

    fn says_json(&self) -> bool {
        let media_type = self.header(header::CONTENT_TYPE).unwrap_or_default();
        let mut parts = media_type.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default();
        let json = ["application/json", "application/merge-patch+json"];
        json.iter().any(|known| essence.eq_ignore_ascii_case(known))
            && parts.all(is_utf8)
            && !self.request.headers().contains_key(header::CONTENT_ENCODING)
    }

    async fn bytes(&mut self, most: usize) -> Result<Bytes, Problem> {
        let announced = self.header(header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
        if announced.is_some_and(|length| length > most) {
            return Err(too_large(most));
        }
        let arrived = timeout(BODY_TIME, collect(&mut self.payload, most)).await;
        arrived.unwrap_or_else(|_elapsed| Err(Problem::plain(Code::BodyTimeout)))
    }

    /// The revision that the client has seen; none if it said that any will do.
    pub(crate) fn if_match(&self) -> Result<Option<i64>, Problem> {
        let Some(given) = self.request.headers().get(header::IF_MATCH) else {
            return Err(Problem::plain(Code::PreconditionRequired));
        };
        let more = self.request.headers().get_all(header::IF_MATCH).count() > 1;
        let given = given.to_str().map(str::trim).unwrap_or_default();
        let tag = given.strip_prefix("W/").unwrap_or(given);
        let quoted = tag.strip_prefix('"').and_then(|tag| tag.strip_suffix('"'));
        match quoted {
            _ if more => Err(Problem::plain(Code::InvalidIfMatch)),
            None if given == "*" => Ok(None),
            // A weak tag, and one that this API never gave, is that of no state; the lot says which it has.
            Some(tag) if !tag.contains('"') => {
                let strong = tag.parse().ok().filter(|_| given.starts_with('"'));
                Ok(Some(strong.unwrap_or(NO_REVISION)))
            }
            _ => Err(Problem::plain(Code::InvalidIfMatch)),
        }
    }

    /// The idempotency key, if there is one, with the fingerprint of the request: SHA-256 of method, address, `If-Match`
    /// and the JSON value of the body, so that white space and the order of fields do not count.
    pub(crate) fn key(&self, body: Option<&Json<'_>>) -> Result<Option<Key>, Problem> {
        let mut given = self.request.headers().get_all("idempotency-key");
        let Some(key) = given.next() else { return Ok(None) };
        let wrong = || Problem::plain(Code::InvalidIdempotencyKey);
        let bare = key.to_str().map(str::trim).unwrap_or_default();
        let unquoted = bare.strip_prefix('"').and_then(|key| key.strip_suffix('"'));
        let key = unquoted.unwrap_or(bare);
        let visible = key.bytes().all(|b| b.is_ascii_graphic() && (unquoted.is_none() || b != b'"'));
        if given.next().is_some() || !visible || !(1..=LONGEST_KEY).contains(&key.len()) {
            return Err(wrong());
        }
        let mut canonical = Vec::with_capacity(256);
        if let Some(body) = body {
            body.write_canonical(&mut canonical);
        }
        let if_match = self.request.headers().get(header::IF_MATCH).map_or(&b""[..], HeaderValue::as_bytes);
        let mut hash = Sha256::new();
        for part in [self.request.method().as_str().as_bytes(), self.path().as_bytes(), if_match, &canonical]
        {
            hash.update(part);
            hash.update([0]);
        }
        Ok(Some(Key {
            principal: Principal::anonymous(),
            key: key.to_owned(),
            fingerprint: hash.finalize().into(),
        }))
    }
}

/// Revisions count from 1.
const NO_REVISION: i64 = 0;

impl Body {
    /// Its JSON.
    pub(crate) fn json(&self) -> Result<Json<'_>, Problem> {
        Json::parse(&self.0).map_err(|error| Problem::new(Code::BrokenJson, broken(&error)))
    }
}

/// What is wrong with a body that is not JSON, in words that name no part of the program.
fn broken(error: &serde_json::Error) -> String {
    let (line, column) = (error.line(), error.column());
    let said = error.to_string();
    let what = if error.is_eof() {
        "the body ends too early"
    } else if said.starts_with("recursion limit exceeded") {
        "the body is nested more than 127 levels deep"
    } else {
        return format!("{said}.");
    };
    format!("{what}, at line {line} column {column}.")
}

/// Reads the fields of a body.
pub(crate) fn read<'a, T>(
    json: &'a Json<'a>,
    read: impl FnOnce(Fields<'a>) -> Read<T>,
) -> Result<T, Problem> {
    Fields::of(json).and_then(read).map_err(Problem::input)
}

/// Whether a parameter of a media type leaves the text in UTF-8.
fn is_utf8(parameter: &str) -> bool {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    !name.trim().eq_ignore_ascii_case("charset")
        || value.trim().trim_matches('"').eq_ignore_ascii_case("utf-8")
}

/// Usually the whole body is there at once, and is not copied.
async fn collect(payload: &mut Payload, most: usize) -> Result<Bytes, Problem> {
    let mut first = Bytes::new();
    let mut rest: Option<BytesMut> = None;
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_cut_off| Problem::new(Code::BrokenJson, "The body is cut off."))?;
        let so_far = rest.as_ref().map_or(first.len(), BytesMut::len);
        if so_far + chunk.len() > most {
            return Err(too_large(most));
        }
        if so_far == 0 {
            first = chunk;
        } else {
            rest.get_or_insert_with(|| BytesMut::from(&first[..])).extend_from_slice(&chunk);
        }
    }
    Ok(rest.map_or(first, BytesMut::freeze))
}

fn too_large(most: usize) -> Problem {
    Problem::new(Code::BodyTooLarge, format!("The body has at most {} KiB here.", most / 1024))
}
