-- A key is found by a digest of it, which is shorter. Clients make keys at random, so in one large index each would dirty
-- a page of its own. New ones therefore go to a small table, and from there, some thousand at once, to the large one.
CREATE TABLE new_keys (
  digest INTEGER NOT NULL,
  reply  INTEGER NOT NULL,
  PRIMARY KEY (digest, reply)
) STRICT, WITHOUT ROWID;
CREATE TABLE used_keys (
  digest INTEGER NOT NULL,
  reply  INTEGER NOT NULL,
  PRIMARY KEY (digest, reply)
) STRICT, WITHOUT ROWID;
ALTER TABLE idempotency RENAME TO idempotency_before;
CREATE TABLE idempotency (
  principal   TEXT    NOT NULL,
  key         TEXT    NOT NULL,
  fingerprint BLOB    NOT NULL CHECK (length(fingerprint) = 32),
  status      INTEGER NOT NULL,
  location    TEXT,
  etag        TEXT,
  body        BLOB    NOT NULL,
  created_at  INTEGER NOT NULL
) STRICT;
INSERT INTO idempotency SELECT * FROM idempotency_before ORDER BY rowid;
DROP TABLE idempotency_before;
