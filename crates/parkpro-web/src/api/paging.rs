//! Pages: how many, and where to go on. A cursor is the key of the last one shown, so that a page costs the same wherever
//! it is.

use base64::prelude::{BASE64_URL_SAFE_NO_PAD, Engine};
use parkpro_domain::{
    discount::DiscountCode,
    invalid::Invalid,
    lot::{LotId, Version},
    ports::{JournalCursor, QueueCursor, SlotCursor},
    slot::SlotLabel,
    tariff::TariffId,
    ticket::{TicketId, TicketNumber, Turn},
};

use super::{
    body::{Fields, text, whole_text},
    tariffs::VersionCursor,
};

const USUAL: u32 = 50;
const MOST: u32 = 200;

/// A key by which a list is read.
pub(crate) trait Cursor: Sized {
    /// Tells the cursors of one list from those of another.
    const LIST: &'static str;

    /// The key as text.
    fn write(&self) -> String;

    /// The key of a text.
    fn read(text: &str) -> Option<Self>;
}

/// Which part of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part<C> {
    /// Behind which one; from the first if none.
    pub(crate) after: Option<C>,
    limit: u32,
}

impl<C: Cursor> Part<C> {
    /// Reads `limit` and `cursor`.
    pub(crate) fn of(fields: &mut Fields<'_>) -> Self {
        let limit = fields.optional("limit", whole_text(1..=MOST)).unwrap_or(USUAL);
        Self { after: fields.optional("cursor", text(decode)), limit }
    }

    /// How many to read: one more than is shown, to know whether there is a next page.
    pub(crate) const fn limit(&self) -> u32 {
        self.limit + 1
    }

    /// Takes the surplus off what was read; the cursor of the next page, if there is one.
    pub(crate) fn cut<T>(&self, rows: &mut Vec<T>, key: impl FnOnce(&T) -> C) -> Option<String> {
        let shown = usize::try_from(self.limit).unwrap_or(usize::MAX);
        if rows.len() <= shown {
            return None;
        }
        rows.truncate(shown);
        rows.last().map(|last| encode(&key(last)))
    }
}

fn encode<C: Cursor>(cursor: &C) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(format!("{}:{}", C::LIST, cursor.write()))
}

fn decode<C: Cursor>(text: &str) -> Result<C, Invalid> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok();
    let plain = bytes.and_then(|bytes| String::from_utf8(bytes).ok());
    plain
        .as_deref()
        .and_then(|plain| plain.strip_prefix(C::LIST)?.strip_prefix(':'))
        .and_then(C::read)
        .ok_or_else(|| Invalid::new("invalid-cursor", "this is not the next_cursor of a page of this list"))
}

impl Cursor for LotId {
    const LIST: &'static str = "lots";

    fn write(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

impl Cursor for DiscountCode {
    const LIST: &'static str = "discounts";

    fn write(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

impl Cursor for TariffId {
    const LIST: &'static str = "tariffs";

    fn write(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Option<Self> {
        Self::parse(text).ok()
    }
}

impl Cursor for VersionCursor {
    const LIST: &'static str = "versions";

    fn write(&self) -> String {
        self.0.to_string()
    }

    fn read(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

impl Cursor for SlotCursor {
    const LIST: &'static str = "slots";

    fn write(&self) -> String {
        format!("{}:{}", self.rank, self.label)
    }

    fn read(text: &str) -> Option<Self> {
        let (rank, label) = text.split_once(':')?;
        Some(Self { rank: rank.parse().ok()?, label: SlotLabel::parse(label).ok()? })
    }
}

impl Cursor for TicketNumber {
    const LIST: &'static str = "tickets";

    fn write(&self) -> String {
        self.to_string()
    }

    fn read(text: &str) -> Option<Self> {
        text.parse().ok().map(Self)
    }
}

impl Cursor for QueueCursor {
    const LIST: &'static str = "queue";

    fn write(&self) -> String {
        format!("{}:{}", self.turn.0, self.ticket)
    }

    fn read(text: &str) -> Option<Self> {
        let (turn, ticket) = text.split_once(':')?;
        Some(Self { turn: Turn(turn.parse().ok()?), ticket: TicketId::parse(ticket).ok()? })
    }
}

impl Cursor for JournalCursor {
    const LIST: &'static str = "events";

    fn write(&self) -> String {
        format!("{}.{}", self.version, self.n)
    }

    fn read(text: &str) -> Option<Self> {
        event_id(text)
    }
}

/// The id of an event (`5311.0`), or a lot version (`5311`), which is behind all events of its change.
pub(crate) fn event_id(text: &str) -> Option<JournalCursor> {
    let (version, n) = match text.split_once('.') {
        Some((version, n)) => (version, n.parse().ok().filter(|n| *n >= 0)?),
        None => (text, i32::MAX),
    };
    let version = version.parse().ok().filter(|version| *version >= 0)?;
    Some(JournalCursor { version: Version(version), n })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_goes_on_where_it_was_made_and_nowhere_else() {
        let label = SlotLabel::parse("A-07").unwrap();
        let slots = SlotCursor { rank: -3, label };
        assert_eq!(decode::<SlotCursor>(&encode(&slots)).unwrap(), slots);
        let queue = QueueCursor { turn: Turn(-(1 << 45)), ticket: TicketId(uuid::Uuid::from_u128(7)) };
        assert_eq!(decode::<QueueCursor>(&encode(&queue)).unwrap(), queue);
        let event = JournalCursor { version: Version(7), n: 2 };
        assert_eq!(decode::<JournalCursor>(&encode(&event)).unwrap(), event);
        assert!(decode::<TicketNumber>(&encode(&queue)).is_err(), "of another list");
        for wrong in ["", "x", "ä", "bG90czo", "bG90czo=", &encode(&slots)[1..]] {
            assert!(decode::<LotId>(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_last_page_has_no_next() {
        let part = Part::<TicketNumber> { after: None, limit: 2 };
        let mut rows = vec![1, 2, 3];
        assert_eq!(part.cut(&mut rows, |row| TicketNumber(*row)), Some(encode(&TicketNumber(2))));
        assert_eq!(
            (rows.as_slice(), part.cut(&mut rows.clone(), |row| TicketNumber(*row))),
            (&[1, 2][..], None)
        );
    }

    #[test]
    fn an_event_is_named_by_version_and_place() {
        assert_eq!(event_id("7.2"), Some(JournalCursor { version: Version(7), n: 2 }));
        assert_eq!(event_id("7"), Some(JournalCursor { version: Version(7), n: i32::MAX }));
        for wrong in ["", ".", "7.", "-1", "7.-1", "x", "7.2.1", "99999999999999999999"] {
            assert_eq!(event_id(wrong), None, "{wrong}");
        }
    }
}
