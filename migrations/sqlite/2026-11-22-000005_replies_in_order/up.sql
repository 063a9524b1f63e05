-- Replies lie in the order in which they were given, so that a new one goes to the last page. In the order of their keys,
-- which clients make at random, every reply went to a page of its own, which then had to be written whole.
ALTER TABLE idempotency RENAME TO idempotency_by_key;
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
  CONSTRAINT key_once UNIQUE (principal, key)
) STRICT;
INSERT INTO idempotency SELECT * FROM idempotency_by_key ORDER BY created_at;
DROP TABLE idempotency_by_key;
CREATE INDEX idempotency_age ON idempotency (created_at);
