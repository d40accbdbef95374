-- Columns of the types that few schemas have, with rules over them. Made for the comparison of the core
-- with Postgres; no system is behind it.

CREATE TABLE devices (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    owner INTEGER NOT NULL DEFAULT current_setting('app.current_user_id')::INTEGER,
    address INET UNIQUE,
    network CIDR CHECK (masklen(network) >= 4),
    card MACADDR UNIQUE CHECK (trunc(card) <> '00:00:00:00:00:00'),
    flags BIT(8) DEFAULT B'00000001',
    mask BIT VARYING(5) CHECK (length(mask) > 0),
    seats INT4RANGE CHECK (NOT isempty(seats)),
    numbers INT8RANGE,
    prices NUMRANGE UNIQUE,
    days DATERANGE CHECK (lower_inc(days) OR lower_inf(days) OR isempty(days)),
    during TSRANGE,
    seen TSTZRANGE,
    opens TIMETZ,
    closes TIMETZ(3),
    addresses INET[],
    networks CIDR[],
    cards MACADDR[],
    spans INT4RANGE[],
    host TEXT GENERATED ALWAYS AS (host(address)) STORED,
    printed TEXT GENERATED ALWAYS AS (abbrev(address)) STORED,
    CONSTRAINT address_in_network CHECK (address <<= network),
    CONSTRAINT opens_first CHECK (opens < closes)
);
CREATE INDEX devices_owner ON devices (owner);

ALTER TABLE devices ENABLE ROW LEVEL SECURITY;
CREATE POLICY own ON devices USING (owner = current_setting('app.current_user_id')::INTEGER);
