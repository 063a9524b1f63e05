ALTER TABLE idempotency RENAME TO idempotency_in_order;
DROP INDEX idempotency_age;
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
INSERT INTO idempotency SELECT * FROM idempotency_in_order;
DROP TABLE idempotency_in_order;
CREATE INDEX idempotency_age ON idempotency (created_at);
