-- The trigram index also finds parts of one and two signs, and keyed hashes: see `PlateKeys` in
-- lpr_fleet/search/plate_key.py.
UPDATE events
SET grams = CASE
    WHEN signs LIKE '#%' THEN signs
    ELSE grams || ' ' || U&'\9C21' || regexp_replace(signs, '(.)', U&'\\1\9C21', 'g')
END
WHERE signs <> '';

-- The same key, with the time before the id: the newest events of a device lie side by side.
ALTER TABLE events DROP CONSTRAINT events_pkey;
ALTER TABLE events ADD PRIMARY KEY (device, first_seen, id, kind);

-- The newest events are compared in the index alone.
DROP INDEX events_first_seen;
CREATE INDEX events_newest ON events (first_seen) INCLUDE (device, signs);
