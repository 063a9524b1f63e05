-- SQLite looks for a value in a list of more than two by filling a table with the list, each time that it writes a row,
-- so conditions are spelled out. Tickets arrive in the order of their numbers, and replies lie in the order in which they
-- were given, so neither needs an index by time. What other rows refer to is looked at when the turn is committed; were it
-- looked at by each statement, SQLite would copy every page that the statement writes, to be able to undo it alone. Rows of
-- lots are never deleted, so that there is one is not looked at for every ticket and every line of the journal.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE tickets_before AS SELECT * FROM tickets;
DROP TABLE tickets;
CREATE TABLE tickets (
  id               BLOB    PRIMARY KEY NOT NULL CHECK (length(id) = 16),
  lot_id           INTEGER NOT NULL,
  number           INTEGER NOT NULL,
  plate_shown      TEXT    NOT NULL,
  plate_key        TEXT    NOT NULL,
  class            TEXT    NOT NULL,
  priority         TEXT    NOT NULL,
  turn             INTEGER NOT NULL,
  status           TEXT    NOT NULL,
  arrived_at       INTEGER NOT NULL,
  occurred_at      INTEGER,
  slot_id          INTEGER,
  admission        INTEGER,
  parked_at        INTEGER,
  ended_at         INTEGER,
  exit_occurred_at INTEGER,
  fee_minor        INTEGER,
  fee_currency     TEXT,
  fee_lines        TEXT,
  reason           TEXT,
  tariff_id        TEXT,
  tariff_version   INTEGER CONSTRAINT tariff_if_pinned CHECK ((tariff_id IS NULL) = (tariff_version IS NULL)),
  discounts        TEXT    NOT NULL DEFAULT '',
  CONSTRAINT number_once    UNIQUE (lot_id, number),
  CONSTRAINT admission_once UNIQUE (lot_id, admission),
  FOREIGN KEY (lot_id, slot_id) REFERENCES slots (lot_id, id) DEFERRABLE INITIALLY DEFERRED,
  CONSTRAINT status_is_known CHECK (
    status = 'waiting' OR status = 'parked' OR status = 'departed' OR status = 'withdrawn' OR status = 'voided'),
  CONSTRAINT slot_if_admitted CHECK (
    (status = 'waiting' OR status = 'withdrawn') = (slot_id IS NULL)
    AND (slot_id IS NULL) = (admission IS NULL) AND (slot_id IS NULL) = (parked_at IS NULL)),
  CONSTRAINT end_if_ended    CHECK ((status = 'waiting' OR status = 'parked') = (ended_at IS NULL)),
  CONSTRAINT fee_if_departed CHECK (
    (status = 'departed') = (fee_minor IS NOT NULL)
    AND (fee_minor IS NULL) = (fee_currency IS NULL) AND (fee_minor IS NULL) = (fee_lines IS NULL)),
  CONSTRAINT reason_if_voided CHECK ((status = 'voided') = (reason IS NOT NULL))
) STRICT;
INSERT INTO tickets SELECT * FROM tickets_before ORDER BY lot_id, number;
DROP TABLE tickets_before;
CREATE UNIQUE INDEX one_vehicle_per_slot ON tickets (lot_id, slot_id) WHERE status = 'parked';
CREATE UNIQUE INDEX plate_inside_once    ON tickets (plate_key) WHERE status IN ('waiting', 'parked');
CREATE INDEX queue_head   ON tickets (lot_id, class, turn, id) WHERE status = 'waiting';
CREATE INDEX queue_order  ON tickets (lot_id, turn, id)        WHERE status = 'waiting';
CREATE INDEX ticket_plate ON tickets (lot_id, plate_key, number);
CREATE INDEX ticket_open  ON tickets (lot_id, number)          WHERE status IN ('waiting', 'parked');
CREATE INDEX ticket_rare  ON tickets (lot_id, status, number)  WHERE status IN ('withdrawn', 'voided');
DROP INDEX idempotency_age;
ALTER TABLE journal RENAME TO journal_before;
CREATE TABLE journal (
  lot_id    INTEGER NOT NULL,
  version   INTEGER NOT NULL,
  n         INTEGER NOT NULL,
  kind      TEXT    NOT NULL,
  ticket_id BLOB,
  slot_id   INTEGER,
  actor     TEXT    NOT NULL,
  at        INTEGER NOT NULL,
  data      TEXT    NOT NULL,
  PRIMARY KEY (lot_id, version, n)
) STRICT, WITHOUT ROWID;
INSERT INTO journal SELECT * FROM journal_before;
DROP TABLE journal_before;
