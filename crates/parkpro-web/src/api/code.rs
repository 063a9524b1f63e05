//! Every kind of problem that this API tells, with its status and what it means. `/docs/errors` and the OpenAPI document
//! are made from this table.

/// What is said about a code.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About {
    /// HTTP status.
    pub(crate) status: u16,
    /// Stable, kebab-case.
    pub(crate) name: &'static str,
    /// The same for every problem of this code.
    pub(crate) title: &'static str,
    /// What it means and what to do.
    pub(crate) meaning: &'static str,
}

macro_rules! codes {
    ($($code:ident $status:literal $name:literal $title:literal $meaning:literal;)*) => {
        /// A kind of problem.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub(crate) enum Code {
            $(#[doc = $title] $code,)*
        }

        impl Code {
            /// Every code, in the order of the table.
            pub(crate) const ALL: &'static [Self] = &[$(Self::$code,)*];

            /// What is said about it.
            pub(crate) const fn about(self) -> About {
                match self {
                    $(Self::$code => About { status: $status, name: $name, title: $title, meaning: $meaning },)*
                }
            }
        }
    };
}

codes! {
    BrokenJson 400 "broken-json" "The body cannot be read as JSON"
        "The detail says what is wrong, in which line and column. A field that is given twice and nesting of more than 127 levels count as broken.";
    InvalidQuery 400 "invalid-query" "The query is not right"
        "A parameter is unknown, given twice or has a wrong value. `errors` names each with a `?`.";
    InvalidLimit 400 "invalid-limit" "The limit of a page is not right"
        "`limit` is a whole number from 1 to 200; without it, a page has 50.";
    InvalidCursor 400 "invalid-cursor" "There is no such place to go on from"
        "A cursor is the `next_cursor` of the page before, of the same list, unchanged. In a journal, `after` and `Last-Event-ID` are the id of an event of this lot, or a lot version, that has come to pass. Begin again without it.";
    InvalidStatus 400 "invalid-status" "There is no such status"
        "In `errors` of a query. A slot is available, occupied, out_of_service or draining; a ticket is waiting, parked, departed, withdrawn or voided.";
    GivenTwice 400 "given-twice" "A parameter is given twice"
        "In `errors` of a query. Each parameter stands once.";
    InvalidIdempotencyKey 400 "invalid-idempotency-key" "The Idempotency-Key is not right"
        "It is sent once and has 1 to 255 visible ASCII characters, in double quotes or bare.";
    InvalidIfMatch 400 "invalid-if-match" "The If-Match is not right"
        "It is `*`, or the `ETag` that was read, in double quotes. A list is not taken.";
    NoSuchRoute 404 "no-such-route" "There is nothing at this address"
        "The addresses are in the OpenAPI document, at /docs.";
    NoSuchLot 404 "no-such-lot" "There is no such lot"
        "The lot never existed or was removed. GET /api/v1/lots lists those that there are.";
    NoSuchSlot 404 "no-such-slot" "There is no such slot"
        "The lot has no slot with this label. Labels are compared exactly.";
    NoSuchTicket 404 "no-such-ticket" "There is no such ticket"
        "No ticket of this installation has this id.";
    NoSuchTariff 404 "no-such-tariff" "There is no such tariff"
        "No tariff has this id, or nothing of it was published and its draft is gone. GET /api/v1/tariffs lists those that there are.";
    NoSuchTariffVersion 404 "no-such-tariff-version" "The tariff has no such version"
        "GET /api/v1/tariffs/{id}/versions lists what was published. A draft has no version before it is published.";
    NoSuchDiscount 404 "no-such-discount" "There is no such discount"
        "The lot has no discount under this code, or the ticket has not got it. Codes are of one lot.";
    NotInside 404 "not-parked" "The vehicle is not parked"
        "The vehicle that leaves is not inside this lot: it never came, withdrew, or its entry was voided.";
    SlotEmpty 404 "slot-empty" "No vehicle stands in the slot"
        "The leaving vehicle was named by a slot in which none stands. GET /api/v1/lots/{lot}/slots?status=occupied lists those in which one does.";
    MethodNotAllowed 405 "method-not-allowed" "Not with this method"
        "The header `Allow` names the methods of this address.";
    BodyTimeout 408 "body-timeout" "The body did not arrive in time"
        "It must arrive within 5 seconds after the head. Nothing happened.";
    LotIdTaken 409 "lot-id-taken" "The id is taken"
        "A lot has this id, or had it before it was removed. Ids are never given again.";
    LotInUse 409 "lot-in-use" "The lot is in use"
        "Vehicles are parked or waiting in the lot; `open_tickets` says how many. Set `accepting` to false and wait until they are gone.";
    PriorityInUse 409 "priority-in-use" "Vehicles wait with the priority"
        "The lot would lose a priority that waiting tickets have. Keep it, or give those tickets another one first (PATCH /api/v1/tickets/{id}).";
    LabelTaken 409 "label-taken" "The label is taken"
        "Another slot of the lot has this label, or the request has it twice. No slot of the request was added.";
    SlotOccupied 409 "slot-occupied" "A vehicle stands in the slot"
        "`ticket` is its ticket. Take the slot out of service and remove it when the vehicle has left.";
    PlateAlreadyActive 409 "plate-already-active" "The vehicle is here already"
        "It is waiting or parked, in this lot or in another one of the installation; `ticket` is its open ticket.";
    LotClosed 409 "lot-closed" "The lot is closed"
        "It takes no vehicles now (`accepting` is false). Those inside may leave.";
    QueueFull 409 "queue-full" "The queue is full"
        "No slot is free for the vehicle, and as many wait as may (`limit`).";
    StillWaiting 409 "still-waiting" "The vehicle still waits"
        "It has no slot yet, so it cannot leave one. POST /api/v1/tickets/{id}/withdraw takes it out of the queue.";
    AlreadyDeparted 409 "already-departed" "The vehicle has left before"
        "An exit happens once. `ticket` is the ticket that it left with; its fee stands there.";
    NotWaiting 409 "not-waiting" "The ticket does not wait"
        "Only a waiting ticket can be withdrawn or get another priority.";
    NotParked 409 "not-parked" "The ticket is not parked"
        "The vehicle of the ticket has no slot (any more), so its entry cannot be voided, and there is nothing to quote.";
    TariffIdTaken 409 "tariff-id-taken" "The id is taken"
        "A tariff has this id. PATCH gives it another draft.";
    NoDraft 409 "no-draft" "The tariff has no draft"
        "Nothing was drafted since the last version was published, or somebody published it just now.";
    TariffOfSettings 409 "tariff-of-settings" "The settings say what this tariff is"
        "The tariff `default` holds in every lot that was given no other. The setting `tariff.default` says what it is; each time that it says something new, the program publishes a version when it starts. To charge otherwise, draft a tariff of your own and give it to the lots.";
    OtherCurrency 409 "other-currency" "The tariff is in another currency"
        "A tariff that names a currency can only be given to lots whose fees are in it, and tried out in it. One that names none is in whatever currency the lot has, or the trial says.";
    TooManyTariffs 409 "too-many-tariffs" "The lot has as many tariffs as it may"
        "A lot has at most 32 tariffs that hold or will hold. One that begins at the same instant for the same vehicles can still be overwritten.";
    DiscountCodeTaken 409 "discount-code-taken" "The code is taken"
        "The lot has a discount under this code. PATCH gives it other terms.";
    DiscountUsedUp 409 "discount-used-up" "The discount is used up"
        "It was used as often as it may be (`limit`). Nothing else of the request happened: the vehicle is still inside, and can leave without the code.";
    DiscountUsedByPlate 409 "discount-used-by-plate" "This vehicle has used the discount"
        "It has used it as often as each may (`limit_per_plate`). Nothing else of the request happened.";
    DiscountExpired 409 "discount-expired" "The discount has expired"
        "It can be used no more since `valid_until`. A ticket that got it before keeps it. Nothing else of the request happened.";
    DiscountNotYetValid 409 "discount-not-yet-valid" "The discount is not valid yet"
        "It can be used from `valid_from` on. Nothing else of the request happened.";
    DiscountAlreadyAttached 409 "discount-already-attached" "The ticket has the discount already"
        "A stay has a discount once. At an exit, codes that the ticket has need not be given again. Nothing else of the request happened.";
    DiscountStandsAlone 409 "discount-stands-alone" "The discount suffers no other"
        "It, or one that the ticket has, does not stack. Nothing else of the request happened.";
    DiscountWithoutEffect 409 "discount-without-effect" "The discount would take nothing off"
        "The ticket is lost, which has a price of its own in its tariff, so give no codes; or the ticket has the prices of another tariff by a discount already. Nothing else of the request happened, and the code is not used up.";
    TooManyDiscounts 409 "too-many-discounts" "The ticket has as many discounts as it may"
        "A ticket has at most 8. Nothing else of the request happened.";
    RequestInProgress 409 "request-in-progress" "The same key is in use"
        "A request with this Idempotency-Key still runs. Try again with the same key.";
    Stale 412 "stale" "It was changed since it was read"
        "`revision` is what it is now. Read it again, and send its new `ETag` as `If-Match`.";
    BodyTooLarge 413 "body-too-large" "The body is too large"
        "A body has at most 16 KiB, and 1 MiB where slots are added or documents of tariffs are sent.";
    UnsupportedMediaType 415 "unsupported-media-type" "The body is not of a type that is taken"
        "Send `Content-Type: application/json`, not compressed. PATCH also takes `application/merge-patch+json`.";
    InvalidInput 422 "invalid-input" "Several things are wrong with the body"
        "`errors` names each with its place, all at once. If there is only one kind of mistake, its own code stands in place of this one.";
    UnknownField 422 "unknown-field" "There is no such field"
        "Fields that this API does not know are refused, so that a misspelt one is not ignored.";
    MissingField 422 "missing-field" "A field is missing"
        "The field must be there.";
    WrongType 422 "wrong-type" "A value is of the wrong type"
        "Such as a number where text is expected. A change takes null only where it says so.";
    OutOfRange 422 "out-of-range" "A number, a length or a list is out of range"
        "The detail says from where to where it goes, or how much there may be.";
    ChooseOne 422 "choose-one" "Exactly one of several fields is needed"
        "The detail names the fields; give one of them.";
    TooManySlots 422 "too-many-slots" "Too many slots at once"
        "A request adds 1 to 10,000 slots. Send several.";
    InvalidLotId 422 "invalid-lot-id" "The id of a lot is not right"
        "It has 1 to 63 characters of a-z, 0-9, - and _, and begins with a letter or a digit.";
    InvalidName 422 "invalid-name" "A name is not right"
        "It has 1 to 100 characters, none of them a control character.";
    InvalidTimeZone 422 "invalid-time-zone" "There is no such time zone"
        "It is a name of the IANA database, such as Europe/Berlin.";
    InvalidCurrency 422 "invalid-currency" "There is no such currency"
        "It is a code of ISO 4217 in capitals, such as EUR.";
    InvalidPriorities 422 "invalid-priorities" "The priorities are not right"
        "They are at most 16 different names, first served first, one of them standard. With ageing each has its `head_start_seconds`, from 0 to 86,400; a strict order has none.";
    InvalidOrder 422 "invalid-order" "There is no such order"
        "The `order` of a `priority_policy` is `strict` or `ageing`.";
    InvalidLabel 422 "invalid-label" "A label is not right"
        "It has 1 to 32 characters of A-Z, a-z, 0-9, -, _, . and #.";
    InvalidLevel 422 "invalid-level" "A level is not right"
        "It has 1 to 32 characters, none of them a control character.";
    InvalidAccepts 422 "invalid-accepts" "What a slot accepts is not right"
        "It is a list of 1 to 16 vehicle classes.";
    InvalidPlate 422 "invalid-plate" "The plate is not right"
        "It has 1 to 16 letters and digits of any script, with spaces, dashes and dots between them as you like, and at most 32 characters in all. Control, bidirectional and zero-width characters are refused.";
    InvalidVehicleClass 422 "invalid-vehicle-class" "The vehicle class is not right"
        "It has 1 to 32 characters of a-z, 0-9, - and _, and begins with a letter or a digit.";
    InvalidFeature 422 "invalid-feature" "A feature is not right"
        "It has 1 to 32 characters of a-z, 0-9, - and _, and begins with a letter or a digit.";
    InvalidFeatures 422 "invalid-features" "There are too many features"
        "A slot has, and a vehicle needs, at most 8 different features.";
    ReservedWithoutFeature 422 "reserved-without-feature" "A reserved slot needs a feature"
        "A slot that is `reserved` is given only to vehicles that need one of its `features`. Without a feature nobody could ever have it: name one, or set `reserved` to false.";
    InvalidPriority 422 "invalid-priority" "The priority is not right"
        "It has 1 to 32 characters of a-z, 0-9, - and _, and begins with a letter or a digit.";
    InvalidTicketId 422 "invalid-ticket-id" "The id of a ticket is not right"
        "It is a UUID.";
    InvalidReason 422 "invalid-reason" "The reason is not right"
        "It has 1 to 200 characters, none of them a control character.";
    InvalidInstant 422 "invalid-instant" "The instant is not right"
        "It is RFC 3339 with an offset, such as 2026-11-22T08:00:00Z.";
    OccurredAtOutOfRange 422 "occurred-at-out-of-range" "The gate's clock is too far off"
        "`occurred_at` is from 24 hours ago to 2 minutes ahead of the server's clock. It is recorded and decides nothing; leave it out if the clock cannot be trusted.";
    InvalidTariffId 422 "invalid-tariff-id" "The id of a tariff is not right"
        "It has 1 to 63 characters of a-z, 0-9, - and _, begins with a letter or a digit, and is not `simulate`.";
    EndsBeforeItBegins 422 "ends-before-it-begins" "It ends before it begins"
        "`exit` is not before `entry`, the `to` of an earlier stay not before its `from`, and `valid_until` is after `valid_from`, also if only one of them is changed.";
    StaysOverlap 422 "stays-overlap" "A vehicle cannot have stayed twice at once"
        "Each of `earlier_stays` is over when the stay at `entry` begins, and no two of them share any time.";
    InvalidDiscount 422 "invalid-discount-code" "The code of a discount is not right"
        "It has 1 to 32 characters of A-Z, 0-9, - and _; small letters count as capitals.";
    OneOf 422 "one-of" "One of several forms is needed"
        "In the document of a tariff: a rate is `free` or has one of `price`, `blocks` and `table`; a block has one of `price` and `per_hour`.";
    Missing 422 "missing" "A part of a tariff is missing"
        "In the document of a tariff: the detail says what is needed there.";
    Empty 422 "empty" "A part of a tariff is empty"
        "In the document of a tariff: a rate has at least one block, and a table at least one row.";
    UnknownWord 422 "unknown-word" "There is no such word here"
        "In the document of a tariff: the detail lists the words that there are.";
    InvalidAmount 422 "invalid-amount" "The amount is not right"
        "It is text, in major units, with digits and at most 6 decimals, such as `50.00`.";
    InvalidPercent 422 "invalid-percent" "The percentage is not right"
        "It is text from 0 to 100 with at most 4 decimals, such as `7.7`.";
    InvalidDate 422 "invalid-date" "The date is not right"
        "It is written 2026-12-25.";
    InvalidLength 422 "invalid-length" "The length of time is not right"
        "It is written `330s`, `15min`, `1h30min`, `24h` or `7d`, is longer than nothing and at most ten years.";
    InvalidPeriod 422 "invalid-period" "The period is not right"
        "It is a length such as `24h` or `7d`, or `calendar-day`, `calendar-week`, `calendar-month`.";
    InvalidWhen 422 "invalid-when" "The times are not right"
        "They are written as in `Mo-Fr 08:00-18:00, Sa 09:00-13:00`; the detail says what cannot be read.";
    FinerThanMinorUnit 422 "finer-than-minor-unit" "The amount cannot be paid"
        "An amount that is due as it stands has no fractions of the smallest unit of the tariff's currency. Rates may have.";
    NotPositive 422 "not-positive" "The amount is nothing"
        "The smallest coin is worth something, and a discount takes something off.";
    NotRising 422 "not-rising" "The parts do not rise"
        "Blocks, rows and packages come in the order of their length, and a longer one does not cost less.";
    NotOpen 422 "not-open" "The last part has an end"
        "What follows the last row of a table has none.";
    NoEnd 422 "no-end" "The prices end too early"
        "The last block is open-ended, or something follows the last row, unless there is a restart or a maximum stay before.";
    NoTax 422 "no-tax" "The tax is nothing"
        "Leave it out.";
    NoCondition 422 "no-condition" "The offer is for everybody"
        "An offer says whom it is for: `enter`, `leave`, `during`, `longer_than` or `up_to`.";
    Contradiction 422 "contradiction" "Nothing can fit this"
        "No stay is longer than `longer_than` and at most `up_to`; a document is not in two currencies.";
    StepMissing 422 "step-missing" "A step is missing"
        "A price per hour is charged by steps of elapsed time, and so is everything if steps count once for the stay.";
    SeveralSteps 422 "several-steps" "A rate has several steps"
        "Steps that count once for the stay are of one length within a rate.";
    CalendarStep 422 "calendar-step" "Steps of the calendar do not go with windows"
        "Steps of a calendar period need a rate without windows, and stays that do not add up.";
    NotDaily 422 "not-daily" "Stays add up over a day"
        "With `accumulate`, `restart` is `calendar-day`.";
    NotWholeDays 422 "not-whole-days" "The package is not of whole days"
        "The cheapest combination of packages is one of whole days.";
    NotCombinable 422 "not-combinable" "These rules do not go together"
        "Stays that add up have no windows, caps at times or steps that count once.";
    WindowHidden 422 "window-hidden" "The window never holds"
        "Windows listed before cover all of its times.";
    CapBelowFirstPrice 422 "cap-below-first-price" "The cap is below the first price"
        "A cap for all times is not below what the first step costs.";
    CapBelowShorter 422 "cap-below-shorter" "The cap is below one for a shorter time"
        "A cap for a longer time is not below one for a shorter time.";
    Overflow 422 "overflow" "The tariff is too dear"
        "A stay of ten years would cost more than can be counted.";
    NothingFits 422 "nothing-fits" "No slot ever accepts this vehicle"
        "The lot has no slot, free or not, that accepts the class, has all that the vehicle `needs`, and is not reserved for others; so the vehicle would wait for ever.";
    UnknownPriority 422 "unknown-priority" "The lot has no such priority"
        "GET /api/v1/lots/{lot} lists its priorities.";
    IdempotencyKeyReused 422 "idempotency-key-reused" "The key stands for another request"
        "This Idempotency-Key was used before with another method, address, If-Match or body. Nothing happened. Take a new key for a new request.";
    PreconditionRequired 428 "precondition-required" "An If-Match is missing"
        "Send the `ETag` that was read as `If-Match`, so that nobody's change is overwritten unseen, or `*` for any.";
    Internal 500 "internal" "Something is wrong inside"
        "It was logged under `request_id`. If this was a change, it is not known here whether it was made: repeat it with the same Idempotency-Key.";
    OutcomeUnknown 503 "outcome-unknown" "It is not known whether it was done"
        "The connection to the record was lost while the change was being made durable, or it took longer than 8 seconds. Repeat the request with the same Idempotency-Key: it is done then if it was not, and never twice.";
    TookTooLong 503 "took-too-long" "It took too long"
        "The request was given up after 8 seconds. It changes nothing, so nothing happened. Try again after `Retry-After` seconds, or ask for less: a shorter stay, a smaller page.";
    Overloaded 503 "overloaded" "Too many requests wait"
        "Nothing happened. Try again after `Retry-After` seconds.";
    Closing 503 "closing" "The program is ending"
        "Nothing happened. Try again: another instance answers, or this one when it is back.";
    StoreUnavailable 503 "store-unavailable" "The record is out of reach"
        "Nothing happened. Try again after `Retry-After` seconds.";
    LotBusy 503 "lot-busy" "The lot was in use for too long"
        "Another instance held the lot. Nothing happened. Try again after `Retry-After` seconds.";
}

impl Code {
    /// The code of a mistake in a body.
    pub(crate) fn of_mistake(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.about().status == 422 && code.about().name == name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_kebab_case_and_stands_once_for_each_status() {
        let mut seen = std::collections::HashSet::new();
        for about in Code::ALL.iter().map(|code| code.about()) {
            assert!(about.name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'), "{}", about.name);
            assert!(seen.insert((about.name, about.status)), "{} twice", about.name);
        }
    }
}
