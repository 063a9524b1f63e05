-- Codes belong to a lot, so that its lock decides who gets the last use.
CREATE TABLE discount_codes (
  lot_id      INTEGER NOT NULL REFERENCES lots,
  code        TEXT    NOT NULL,
  gift        TEXT    NOT NULL,
  valid_from  INTEGER,
  valid_until INTEGER,
  use_limit   INTEGER,
  plate_limit INTEGER,
  stacks      INTEGER NOT NULL,
  uses        INTEGER NOT NULL CHECK (uses >= 0),
  revision    INTEGER NOT NULL CHECK (revision >= 1),
  retired     INTEGER NOT NULL,
  PRIMARY KEY (lot_id, code)
) STRICT, WITHOUT ROWID;

CREATE TABLE discount_uses (
  lot_id    INTEGER NOT NULL,
  code      TEXT    NOT NULL,
  plate_key TEXT    NOT NULL,
  uses      INTEGER NOT NULL CHECK (uses >= 0),
  PRIMARY KEY (lot_id, code, plate_key),
  FOREIGN KEY (lot_id, code) REFERENCES discount_codes
) STRICT, WITHOUT ROWID;

ALTER TABLE tickets ADD COLUMN discounts TEXT NOT NULL DEFAULT '';
