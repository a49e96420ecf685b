-- Events by month. The key has the time, since a partitioned table's key must; a repeat of an event has the same one.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

CREATE TABLE events (
    device text NOT NULL,
    id text NOT NULL,
    kind text NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL,
    source text NOT NULL,
    text text NOT NULL,
    latin text NOT NULL,
    confidence real NOT NULL,
    signs text NOT NULL,
    grams text NOT NULL,
    record jsonb NOT NULL,
    received timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (device, id, kind, first_seen)
) PARTITION BY RANGE (first_seen);

-- Of devices whose clock is far off.
CREATE TABLE events_other PARTITION OF events DEFAULT;

CREATE INDEX events_first_seen ON events (first_seen);
CREATE INDEX events_grams ON events USING gin (grams gin_trgm_ops);
