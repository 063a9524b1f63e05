-- Codes belong to a lot, so that its lock decides who gets the last use.
CREATE TABLE discount_codes (
  lot_id      bigint NOT NULL REFERENCES lots,
  code        text COLLATE "C" NOT NULL,
  gift        text    NOT NULL,
  valid_from  bigint,
  valid_until bigint,
  use_limit   bigint,
  plate_limit bigint,
  stacks      boolean NOT NULL,
  uses        bigint  NOT NULL CHECK (uses >= 0),
  revision    bigint  NOT NULL CHECK (revision >= 1),
  retired     boolean NOT NULL,
  PRIMARY KEY (lot_id, code)
) WITH (fillfactor = 50);

CREATE TABLE discount_uses (
  lot_id    bigint NOT NULL,
  code      text COLLATE "C" NOT NULL,
  plate_key text COLLATE "C" NOT NULL,
  uses      bigint NOT NULL CHECK (uses >= 0),
  PRIMARY KEY (lot_id, code, plate_key),
  FOREIGN KEY (lot_id, code) REFERENCES discount_codes
) WITH (fillfactor = 70);

ALTER TABLE tickets ADD COLUMN discounts text NOT NULL DEFAULT '';
