CREATE INDEX ticket_arrival ON tickets (lot_id, arrived_at);
ALTER TABLE tickets ADD FOREIGN KEY (lot_id, slot_id) REFERENCES slots (lot_id, id);
ALTER TABLE slots ADD FOREIGN KEY (ticket_id) REFERENCES tickets DEFERRABLE INITIALLY DEFERRED;
