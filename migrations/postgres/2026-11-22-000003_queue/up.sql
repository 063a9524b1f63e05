-- Equal turns go by the id of the ticket, so the indexes of the queue have it.
DROP INDEX queue_head;
CREATE INDEX queue_head  ON tickets (lot_id, class, turn, id) WHERE status = 'waiting';
DROP INDEX queue_order;
CREATE INDEX queue_order ON tickets (lot_id, turn, id)        WHERE status = 'waiting';

-- Which plate a ticket had until somebody corrected it, and who did.
CREATE TABLE plate_corrections (
  ticket_id   uuid   NOT NULL REFERENCES tickets,
  version     bigint NOT NULL,
  plate_shown text   NOT NULL,
  plate_key   text   NOT NULL,
  at          bigint NOT NULL,
  actor       text   NOT NULL,
  PRIMARY KEY (ticket_id, version)
);
