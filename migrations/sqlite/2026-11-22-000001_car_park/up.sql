-- Instants are INTEGER microseconds since 1970 in UTC; ids of tickets are the 16 bytes of a UUID.
CREATE TABLE lots (
  id             INTEGER PRIMARY KEY NOT NULL,
  slug           TEXT    NOT NULL CONSTRAINT lot_id_once UNIQUE,
  name           TEXT    NOT NULL,
  time_zone      TEXT    NOT NULL,
  currency       TEXT    NOT NULL,
  accepting      INTEGER NOT NULL,
  queue_limit    INTEGER,
  priorities     TEXT    NOT NULL,
  revision       INTEGER NOT NULL,
  retired        INTEGER NOT NULL,
  version        INTEGER NOT NULL CHECK (version >= 1),
  last_at        INTEGER NOT NULL,
  next_number    INTEGER NOT NULL,
  next_admission INTEGER NOT NULL,
  next_slot      INTEGER NOT NULL
) STRICT;

-- Counted under the lot's lock, so that nothing has to be counted when it is asked.
CREATE TABLE slot_counts (
  lot_id         INTEGER NOT NULL REFERENCES lots,
  accepts        TEXT    NOT NULL,
  capacity       INTEGER NOT NULL CHECK (capacity >= 0),
  occupied       INTEGER NOT NULL CHECK (occupied >= 0),
  out_of_service INTEGER NOT NULL CHECK (out_of_service >= 0),
  PRIMARY KEY (lot_id, accepts),
  CONSTRAINT counts_fit CHECK (occupied + out_of_service <= capacity)
) STRICT, WITHOUT ROWID;

CREATE TABLE waiting_counts (
  lot_id   INTEGER NOT NULL REFERENCES lots,
  class    TEXT    NOT NULL,
  priority TEXT    NOT NULL,
  waiting  INTEGER NOT NULL CHECK (waiting >= 0),
  PRIMARY KEY (lot_id, class, priority)
) STRICT, WITHOUT ROWID;

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
  ticket_id  BLOB CONSTRAINT one_slot_per_vehicle UNIQUE
             REFERENCES tickets (id) DEFERRABLE INITIALLY DEFERRED,
  PRIMARY KEY (lot_id, id),
  CONSTRAINT label_once UNIQUE (lot_id, label),
  CONSTRAINT retired_is_empty CHECK (NOT (retired AND ticket_id IS NOT NULL))
) STRICT;
CREATE INDEX slot_free  ON slots (lot_id, accepts, rank, label)
  WHERE in_service AND NOT retired AND ticket_id IS NULL;
CREATE INDEX slot_order ON slots (lot_id, rank, label) WHERE NOT retired;

CREATE TABLE tickets (
  id               BLOB    PRIMARY KEY NOT NULL CHECK (length(id) = 16),
  lot_id           INTEGER NOT NULL REFERENCES lots,
  number           INTEGER NOT NULL,
  plate_shown      TEXT    NOT NULL,
  plate_key        TEXT    NOT NULL,
  class            TEXT    NOT NULL,
  priority         TEXT    NOT NULL,
  turn             INTEGER NOT NULL,
  status           TEXT    NOT NULL CHECK (status IN ('waiting', 'parked', 'departed', 'withdrawn', 'voided')),
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
  CONSTRAINT number_once    UNIQUE (lot_id, number),
  CONSTRAINT admission_once UNIQUE (lot_id, admission),
  FOREIGN KEY (lot_id, slot_id) REFERENCES slots (lot_id, id),
  CONSTRAINT slot_if_admitted CHECK (
    (status IN ('parked', 'departed', 'voided')) = (slot_id IS NOT NULL)
    AND (slot_id IS NULL) = (admission IS NULL) AND (slot_id IS NULL) = (parked_at IS NULL)),
  CONSTRAINT end_if_ended   CHECK ((status IN ('waiting', 'parked')) = (ended_at IS NULL)),
  CONSTRAINT fee_if_departed CHECK (
    (status = 'departed') = (fee_minor IS NOT NULL)
    AND (fee_minor IS NULL) = (fee_currency IS NULL) AND (fee_minor IS NULL) = (fee_lines IS NULL)),
  CONSTRAINT reason_if_voided CHECK ((status = 'voided') = (reason IS NOT NULL))
) STRICT;
CREATE UNIQUE INDEX one_vehicle_per_slot ON tickets (lot_id, slot_id) WHERE status = 'parked';
CREATE UNIQUE INDEX plate_inside_once    ON tickets (plate_key) WHERE status IN ('waiting', 'parked');
CREATE INDEX queue_head     ON tickets (lot_id, class, turn)  WHERE status = 'waiting';
CREATE INDEX queue_order    ON tickets (lot_id, turn)         WHERE status = 'waiting';
CREATE INDEX ticket_plate   ON tickets (lot_id, plate_key, number);
CREATE INDEX ticket_arrival ON tickets (lot_id, arrived_at);
CREATE INDEX ticket_open    ON tickets (lot_id, number)       WHERE status IN ('waiting', 'parked');
CREATE INDEX ticket_rare    ON tickets (lot_id, status, number) WHERE status IN ('withdrawn', 'voided');

CREATE TABLE idempotency (
  principal   TEXT    NOT NULL,
  key         TEXT    NOT NULL,
  fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 32),
  status      INTEGER NOT NULL,
  location    TEXT,
  etag        TEXT,
  body        BLOB    NOT NULL,
  created_at  INTEGER NOT NULL,
  PRIMARY KEY (principal, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE journal (
  lot_id    INTEGER NOT NULL REFERENCES lots,
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

-- Names this file's history; differs from every other file's.
CREATE TABLE epoch (
  only  INTEGER PRIMARY KEY NOT NULL CHECK (only = 1),
  value TEXT    NOT NULL
) STRICT;
INSERT INTO epoch VALUES (1, lower(hex(randomblob(16))));
