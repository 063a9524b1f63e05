CREATE INDEX ticket_arrival ON tickets (lot_id, arrived_at);
ALTER TABLE tickets
  ADD CONSTRAINT admission_once UNIQUE (lot_id, admission),
  ADD FOREIGN KEY (lot_id, slot_id) REFERENCES slots (lot_id, id);
ALTER TABLE slots
  ADD CONSTRAINT one_slot_per_vehicle UNIQUE (ticket_id),
  ADD FOREIGN KEY (ticket_id) REFERENCES tickets DEFERRABLE INITIALLY DEFERRED;
