-- Instants are bigint microseconds since 1970 in UTC, as in the other record.
CREATE TABLE lots (
  id             bigint  PRIMARY KEY,
  slug           text    COLLATE "C" NOT NULL CONSTRAINT lot_id_once UNIQUE,
  name           text    NOT NULL,
  time_zone      text    NOT NULL,
  currency       text    NOT NULL,
  accepting      boolean NOT NULL,
  queue_limit    integer,
  priorities     text    NOT NULL,
  revision       bigint  NOT NULL,
  retired        boolean NOT NULL,
  version        bigint  NOT NULL CHECK (version >= 1),
  last_at        bigint  NOT NULL,
  next_number    bigint  NOT NULL,
  next_admission bigint  NOT NULL,
  next_slot      bigint  NOT NULL
) WITH (fillfactor = 50);

-- Counted under the lot's lock, so that nothing has to be counted when it is asked.
CREATE TABLE slot_counts (
  lot_id         bigint NOT NULL REFERENCES lots,
  accepts        text   COLLATE "C" NOT NULL,
  capacity       bigint NOT NULL CHECK (capacity >= 0),
  occupied       bigint NOT NULL CHECK (occupied >= 0),
  out_of_service bigint NOT NULL CHECK (out_of_service >= 0),
  PRIMARY KEY (lot_id, accepts),
  CONSTRAINT counts_fit CHECK (occupied + out_of_service <= capacity)
) WITH (fillfactor = 50);

CREATE TABLE waiting_counts (
  lot_id   bigint NOT NULL REFERENCES lots,
  class    text   COLLATE "C" NOT NULL,
  priority text   COLLATE "C" NOT NULL,
  waiting  bigint NOT NULL CHECK (waiting >= 0),
  PRIMARY KEY (lot_id, class, priority)
) WITH (fillfactor = 50);

CREATE TABLE slots (
  lot_id     bigint  NOT NULL REFERENCES lots,
  id         bigint  NOT NULL,
  label      text    COLLATE "C" NOT NULL,
  level      text,
  accepts    text    COLLATE "C" NOT NULL,
  rank       integer NOT NULL,
  in_service boolean NOT NULL,
  reason     text,
  retired    boolean NOT NULL,
  revision   bigint  NOT NULL,
  ticket_id  uuid CONSTRAINT one_slot_per_vehicle UNIQUE,
  PRIMARY KEY (lot_id, id),
  CONSTRAINT label_once UNIQUE (lot_id, label),
  CONSTRAINT retired_is_empty CHECK (NOT (retired AND ticket_id IS NOT NULL))
) WITH (fillfactor = 70);
CREATE INDEX slot_free  ON slots (lot_id, accepts, rank, label)
  WHERE in_service AND NOT retired AND ticket_id IS NULL;
CREATE INDEX slot_order ON slots (lot_id, rank, label) WHERE NOT retired;

CREATE TABLE tickets (
  id               uuid   PRIMARY KEY,
  lot_id           bigint NOT NULL REFERENCES lots,
  number           bigint NOT NULL,
  plate_shown      text   NOT NULL,
  plate_key        text   COLLATE "C" NOT NULL,
  class            text   COLLATE "C" NOT NULL,
  priority         text   COLLATE "C" NOT NULL,
  turn             bigint NOT NULL,
  status           text   COLLATE "C" NOT NULL
                   CHECK (status IN ('waiting', 'parked', 'departed', 'withdrawn', 'voided')),
  arrived_at       bigint NOT NULL,
  occurred_at      bigint,
  slot_id          bigint,
  admission        bigint,
  parked_at        bigint,
  ended_at         bigint,
  exit_occurred_at bigint,
  fee_minor        bigint,
  fee_currency     text,
  fee_lines        text,
  reason           text,
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
) WITH (fillfactor = 80);
CREATE UNIQUE INDEX one_vehicle_per_slot ON tickets (lot_id, slot_id) WHERE status = 'parked';
CREATE UNIQUE INDEX plate_inside_once    ON tickets (plate_key) WHERE status IN ('waiting', 'parked');
CREATE INDEX queue_head     ON tickets (lot_id, class, turn)  WHERE status = 'waiting';
CREATE INDEX queue_order    ON tickets (lot_id, turn)         WHERE status = 'waiting';
CREATE INDEX ticket_plate   ON tickets (lot_id, plate_key, number);
CREATE INDEX ticket_arrival ON tickets (lot_id, arrived_at);
CREATE INDEX ticket_open    ON tickets (lot_id, number)       WHERE status IN ('waiting', 'parked');
CREATE INDEX ticket_rare    ON tickets (lot_id, status, number) WHERE status IN ('withdrawn', 'voided');
ALTER TABLE slots ADD FOREIGN KEY (ticket_id) REFERENCES tickets DEFERRABLE INITIALLY DEFERRED;

-- A claimed key has no status until its transaction writes the answer; none is ever committed without one.
CREATE TABLE idempotency (
  principal   text     COLLATE "C" NOT NULL,
  key         text     COLLATE "C" NOT NULL,
  fingerprint bytea    NOT NULL CHECK (length(fingerprint) = 32),
  status      smallint,
  location    text,
  etag        text,
  body        bytea,
  created_at  bigint   NOT NULL,
  PRIMARY KEY (principal, key)
) WITH (fillfactor = 50);
CREATE INDEX idempotency_age ON idempotency (created_at);

CREATE TABLE journal (
  lot_id    bigint  NOT NULL REFERENCES lots,
  version   bigint  NOT NULL,
  n         integer NOT NULL,
  kind      text    NOT NULL,
  ticket_id uuid,
  slot_id   bigint,
  actor     text    NOT NULL,
  at        bigint  NOT NULL,
  data      text    NOT NULL,
  PRIMARY KEY (lot_id, version, n)
);
