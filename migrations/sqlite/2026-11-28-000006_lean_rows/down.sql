-- The conditions say the same as before, so they stay.
CREATE INDEX ticket_arrival  ON tickets (lot_id, arrived_at);
CREATE INDEX idempotency_age ON idempotency (created_at);
