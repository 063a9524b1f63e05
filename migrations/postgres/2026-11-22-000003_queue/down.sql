DROP TABLE plate_corrections;
DROP INDEX queue_order;
CREATE INDEX queue_order ON tickets (lot_id, turn)        WHERE status = 'waiting';
DROP INDEX queue_head;
CREATE INDEX queue_head  ON tickets (lot_id, class, turn) WHERE status = 'waiting';
