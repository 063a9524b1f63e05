-- Rows of slots and tickets are never deleted, so that there is one is not looked at for every vehicle that comes or goes.
-- Slots lie in the order of their key, so that one is found at once and not by its row's number.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE slots_before AS SELECT * FROM slots;
DROP TABLE slots;
CREATE TABLE slots (
  lot_id     INTEGER NOT NULL REFERENCES lots,
  id         INTEGER NOT NULL,
  label      TEXT    NOT NULL,
  level      TEXT,
  accepts    TEXT    NOT NULL,
  rank       INTEGER NOT NULL,
  in_service INTEGER NOT NULL,
  reason     TEXT,
  retired    INTEGER NOT NULL,
  revision   INTEGER NOT NULL,
  ticket_id  BLOB CONSTRAINT one_slot_per_vehicle UNIQUE,
  PRIMARY KEY (lot_id, id),
  CONSTRAINT label_once UNIQUE (lot_id, label),
  CONSTRAINT retired_is_empty CHECK (NOT (retired AND ticket_id IS NOT NULL))
) STRICT, WITHOUT ROWID;
INSERT INTO slots SELECT * FROM slots_before ORDER BY lot_id, id;
DROP TABLE slots_before;
CREATE INDEX slot_free  ON slots (lot_id, accepts, rank, label)
  WHERE in_service AND NOT retired AND ticket_id IS NULL;
CREATE INDEX slot_order ON slots (lot_id, rank, label) WHERE NOT retired;
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
