-- Equal turns go by the id of the ticket, so the indexes of the queue have it.
DROP INDEX queue_head;
CREATE INDEX queue_head  ON tickets (lot_id, class, turn, id) WHERE status = 'waiting';
DROP INDEX queue_order;
CREATE INDEX queue_order ON tickets (lot_id, turn, id)        WHERE status = 'waiting';

-- Which plate a ticket had until somebody corrected it, and who did.
CREATE TABLE plate_corrections (
  ticket_id   BLOB    NOT NULL REFERENCES tickets,
  version     INTEGER NOT NULL,
  plate_shown TEXT    NOT NULL,
  plate_key   TEXT    NOT NULL,
  at          INTEGER NOT NULL,
  actor       TEXT    NOT NULL,
  PRIMARY KEY (ticket_id, version)
) STRICT, WITHOUT ROWID;
