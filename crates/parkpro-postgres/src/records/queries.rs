//! The texts of reading. A lot is found by its slug in every statement, so that all of a call go out at once.

use crate::rows::{count_columns, counts, lot_columns, slot_columns, ticket_columns};

/// The row of the lot that is asked for.
macro_rules! of_lot {
    ($parameter:literal) => {
        concat!("(SELECT id FROM lots WHERE slug = ", $parameter, " AND NOT retired)")
    };
}

pub(crate) const IS_WRITABLE: &str =
    "SELECT current_setting('transaction_read_only') = 'off' AND NOT pg_is_in_recovery()";

pub(crate) const LOT: &str =
    concat!("SELECT ", lot_columns!(), " FROM lots l WHERE l.slug = $1 AND NOT l.retired");

pub(crate) const LOT_VIEW: &str = concat!(
    "SELECT ",
    lot_columns!(),
    ", ",
    count_columns!(),
    " FROM lots l ",
    counts!(),
    " WHERE l.slug = $1 AND NOT l.retired"
);

pub(crate) const LOTS: &str = concat!(
    "SELECT ",
    lot_columns!(),
    ", ",
    count_columns!(),
    " FROM (SELECT * FROM lots WHERE slug > $1 AND NOT retired ORDER BY slug LIMIT $2) l ",
    counts!(),
    " ORDER BY l.slug"
);

pub(crate) const VERSIONS: &str = "SELECT slug, version FROM lots WHERE NOT retired ORDER BY slug";

pub(crate) const SLOT: &str = concat!(
    "SELECT ",
    slot_columns!(),
    " FROM (SELECT * FROM slots WHERE lot_id = ",
    of_lot!("$1"),
    " AND label = $2 LIMIT 1) s WHERE NOT s.retired"
);

/// The classes that a slot accepts, and the features that it has, of the text in its column `accepts`.
macro_rules! kind_is {
    ($column:literal, $class:literal, $feature:literal) => {
        concat!(
            " AND coalesce(",
            $class,
            ", split_part(split_part(",
            $column,
            ", '/', 1), '+', 1)) \
               = ANY (string_to_array(split_part(",
            $column,
            ", '/', 1), '+')) \
             AND coalesce(",
            $feature,
            ", '') \
               = ANY (array_append(string_to_array(rtrim(split_part(",
            $column,
            ", '/', 2), '!'), '+'), '')) "
        )
    };
}

/// A filter that is not set compares a column with itself.
pub(crate) const SLOTS: &str = concat!(
    "SELECT ",
    slot_columns!(),
    " FROM slots s WHERE s.lot_id = ",
    of_lot!("$1"),
    " AND NOT s.retired AND (s.rank, s.label) > ($2, $3) AND coalesce(s.level, '') = coalesce($4, s.level, '')",
    kind_is!("s.accepts", "$5", "$6"),
    "AND (s.ticket_id IS NOT NULL) = coalesce($7, s.ticket_id IS NOT NULL) \
     AND s.in_service = coalesce($8, s.in_service) \
     ORDER BY s.rank, s.label LIMIT $9"
);

/// The first of all that slots accept, and of these the first: a full lot of a million slots is not searched.
pub(crate) const FREE_SLOTS: &str = concat!(
    "SELECT ",
    slot_columns!(),
    " FROM slot_counts c CROSS JOIN LATERAL \
     (SELECT * FROM slots f WHERE f.lot_id = c.lot_id AND f.accepts BETWEEN c.accepts AND c.accepts \
        AND f.in_service AND NOT f.retired AND f.ticket_id IS NULL \
        AND (f.rank, f.label) > ($1, $2) AND coalesce(f.level, '') = coalesce($3, f.level, '') \
      ORDER BY f.accepts, f.rank, f.label LIMIT $4) s \
     WHERE c.lot_id = ",
    of_lot!("$5"),
    kind_is!("c.accepts", "$6", "$7"),
    "ORDER BY s.rank, s.label LIMIT $8"
);

pub(crate) const TICKET: &str = concat!(
    "SELECT ",
    ticket_columns!(),
    ", s.label, ",
    lot_columns!(),
    " FROM (SELECT * FROM tickets WHERE id = $1 LIMIT 1) t \
     CROSS JOIN LATERAL (SELECT * FROM lots WHERE id = t.lot_id LIMIT 1) l \
     LEFT JOIN LATERAL (SELECT label FROM slots WHERE lot_id = t.lot_id AND id = t.slot_id LIMIT 1) s ON true"
);

pub(crate) const CORRECTIONS: &str = "SELECT version, plate_shown, plate_key, at, actor FROM plate_corrections \
     WHERE ticket_id = $1 ORDER BY version";

/// The number of the first ticket of the lot `l` that arrived at an instant or later; without an instant, this number.
/// Tickets arrive in the order of their numbers, which have no gaps, so it is found by halving what is left.
macro_rules! first_since {
    ($instant:literal, $otherwise:literal) => {
        concat!(
            "(WITH RECURSIVE halves (low, high) AS ( \
               SELECT CASE WHEN ",
            $instant,
            " IS NULL THEN ",
            $otherwise,
            " ELSE 1::bigint END, CASE WHEN ",
            $instant,
            " IS NULL THEN ",
            $otherwise,
            " ELSE l.next_number END \
               UNION ALL \
               SELECT CASE WHEN earlier THEN middle + 1 ELSE low END, CASE WHEN earlier THEN high ELSE middle END \
               FROM (SELECT low, high, low + (high - low) / 2 AS middle FROM halves WHERE low < high) halved \
               CROSS JOIN LATERAL (SELECT arrived_at < ",
            $instant,
            " AS earlier FROM tickets WHERE lot_id = l.id AND number BETWEEN middle AND middle \
               ORDER BY number LIMIT 1) arrival) \
             SELECT low FROM halves WHERE low = high)"
        )
    };
}

macro_rules! tickets {
    ($which:literal, $limit:literal) => {
        concat!(
            "SELECT ",
            ticket_columns!(),
            ", (SELECT s.label FROM slots s WHERE s.lot_id = t.lot_id AND s.id = t.slot_id) \
             FROM (SELECT id, next_number FROM lots WHERE slug = $1 AND NOT retired) l \
             CROSS JOIN (SELECT $2::bigint AS since, $3::bigint AS until) asked \
             CROSS JOIN LATERAL (SELECT ",
            first_since!("asked.since", "1"),
            " AS first, ",
            first_since!("asked.until", "l.next_number"),
            " AS behind) span \
             CROSS JOIN LATERAL (SELECT * FROM tickets WHERE lot_id = l.id AND number >= span.first \
               AND number < least(span.behind, $4) AND ",
            $which,
            " ORDER BY number DESC LIMIT ",
            $limit,
            ") t ORDER BY t.number DESC"
        )
    };
}

pub(crate) const TICKETS: &str = tickets!("status = coalesce($5, status)", "$6");

pub(crate) const TICKETS_OF_PLATE: &str = tickets!("plate_key = $5 AND status = coalesce($6, status)", "$7");

pub(crate) const OPEN_TICKETS: &str = tickets!("status IN ('waiting', 'parked') AND status = $5", "$6");

pub(crate) const RARE_TICKETS: &str = tickets!("status IN ('withdrawn', 'voided') AND status = $5", "$6");

pub(crate) const UP_TO: &str = concat!(
    "SELECT count(*) FROM tickets WHERE lot_id = ",
    of_lot!("$1"),
    " AND status = 'waiting' AND (turn, id) <= ($2, $3)"
);

pub(crate) const WAITING: &str = concat!(
    "SELECT ",
    ticket_columns!(),
    " FROM tickets t WHERE t.lot_id = ",
    of_lot!("$1"),
    " AND t.status = 'waiting' AND (t.turn, t.id) > ($2, $3) ORDER BY t.turn, t.id LIMIT $4"
);

pub(crate) const POSITION: &str = "SELECT \
       (SELECT count(*) FROM tickets o WHERE o.lot_id = t.lot_id AND o.status = 'waiting' \
          AND (o.turn, o.id) <= (t.turn, t.id)), \
       (SELECT version FROM lots WHERE id = t.lot_id) \
     FROM (SELECT lot_id, id, turn, status FROM tickets WHERE id = $1 LIMIT 1) t WHERE t.status = 'waiting'";

pub(crate) const MEMBERS: &str = concat!(
    "SELECT id, turn FROM tickets WHERE lot_id = ",
    of_lot!("$1"),
    " AND status = 'waiting' ORDER BY turn, id"
);

pub(crate) const JOURNAL: &str = concat!(
    "SELECT version, n, kind, ticket_id, slot_id, actor, at, data FROM journal WHERE lot_id = ",
    of_lot!("$1"),
    " AND (version, n) > ($2, $3) ORDER BY version, n LIMIT $4"
);
