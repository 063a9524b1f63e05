ALTER TABLE idempotency RENAME TO idempotency_before;
CREATE TABLE idempotency (
  principal   TEXT    NOT NULL,
  key         TEXT    NOT NULL,
  fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 32),
  status      INTEGER NOT NULL,
  location    TEXT,
  etag        TEXT,
  body        BLOB    NOT NULL,
  created_at  INTEGER NOT NULL,
  CONSTRAINT key_once UNIQUE (principal, key)
) STRICT;
INSERT INTO idempotency
  SELECT principal, key, fingerprint, status, location, etag, body, created_at FROM idempotency_before ORDER BY id;
DROP TABLE idempotency_before;
DROP TABLE used_keys;
DROP TABLE new_keys;
