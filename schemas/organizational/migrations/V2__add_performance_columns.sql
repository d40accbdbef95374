-- Priority, budget, location and due date of an event become columns of their own. What custom_fields
-- holds of them moves there; what does not fit the new column (a priority of "high") stays where it
-- was, so that nothing is lost.

-- May this user plan an event of this budget? It reads tables that a client does not have, so no
-- client can foresee the answer.
CREATE FUNCTION event_budget_allowed(owner INTEGER, budget NUMERIC) RETURNS BOOLEAN
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT budget IS NULL OR budget <= (
        SELECT l.event_budget_max FROM public.users u
        JOIN public.subscription_limits l USING (subscription_tier)
        WHERE u.user_id = owner)
$$;

ALTER TABLE events
    ADD COLUMN priority INTEGER CHECK (priority BETWEEN 1 AND 5),
    ADD COLUMN budget DECIMAL(10,2) CHECK (budget >= 0),
    ADD COLUMN location VARCHAR(200) COLLATE "C",
    ADD COLUMN due_date TIMESTAMPTZ,
    ADD CONSTRAINT events_budget_within_subscription CHECK (event_budget_allowed(user_id, budget));
COMMENT ON COLUMN events.priority IS '1 is lowest, 5 is highest.';

-- ---------------------------------------------------------------- what custom_fields held

-- Times without a zone were meant as UTC, whatever this session's zone is.
SET LOCAL TimeZone = 'UTC';

CREATE FUNCTION pg_temp.as_timestamptz(value text) RETURNS timestamptz LANGUAGE plpgsql AS $$
BEGIN
    RETURN CASE WHEN value ~ '^\d{4}-\d{2}-\d{2}([T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?(Z|[+-]\d{2}(:?\d{2})?)?)?$'
        THEN value::timestamptz END;
EXCEPTION WHEN datetime_field_overflow OR invalid_datetime_format OR invalid_parameter_value THEN
    RETURN NULL;
END $$;

-- The columns that these custom fields fill, as an object; without those that do not fit.
CREATE FUNCTION pg_temp.columns_of(custom jsonb, owner integer) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
    found jsonb := '{}';
    field text;
    raw text;
    fits boolean;
BEGIN
    FOREACH field IN ARRAY ARRAY['priority', 'budget', 'location', 'due_date'] LOOP
        CONTINUE WHEN NOT custom ? field;
        raw := custom ->> field;
        fits := CASE field
            WHEN 'priority' THEN raw ~ '^[1-5](\.0+)?$'
            WHEN 'budget' THEN CASE WHEN raw ~ '^\d{1,8}(\.\d{1,2}0*)?$'
                THEN event_budget_allowed(owner, raw::numeric) ELSE false END
            WHEN 'location' THEN jsonb_typeof(custom -> field) = 'string' AND length(raw) <= 200
            ELSE pg_temp.as_timestamptz(raw) IS NOT NULL
        END;
        IF raw IS NULL THEN
            found := found || jsonb_build_object(field, NULL);
        ELSIF fits THEN
            found := found || jsonb_build_object(field, CASE field
                WHEN 'priority' THEN to_jsonb(raw::numeric::integer)
                WHEN 'budget' THEN to_jsonb(raw::numeric(10,2))
                WHEN 'location' THEN to_jsonb(raw)
                ELSE to_jsonb(pg_temp.as_timestamptz(raw)) END);
        END IF;
    END LOOP;
    RETURN found;
END $$;

-- Nobody has edited these events, and their words are the same: updated_at and search_vector stay.
ALTER TABLE events DISABLE TRIGGER events_search_update;
UPDATE events e SET
    priority = (found ->> 'priority')::integer,
    budget = (found ->> 'budget')::numeric,
    location = found ->> 'location',
    due_date = (found ->> 'due_date')::timestamptz,
    custom_fields = e.custom_fields - ARRAY(SELECT jsonb_object_keys(found))
FROM (SELECT event_id, pg_temp.columns_of(custom_fields, user_id) AS found FROM events
      WHERE jsonb_typeof(custom_fields) = 'object'
        AND custom_fields ?| ARRAY['priority', 'budget', 'location', 'due_date']) moved
WHERE e.event_id = moved.event_id AND found <> '{}';
ALTER TABLE events ENABLE TRIGGER events_search_update;

-- A deleted event comes back in the new form.
UPDATE deleted_entities d SET
    entity_data = entity_data || found || jsonb_build_object('custom_fields',
        (entity_data -> 'custom_fields') - ARRAY(SELECT jsonb_object_keys(found)))
FROM (SELECT deletion_id, pg_temp.columns_of(entity_data -> 'custom_fields', user_id) AS found
      FROM deleted_entities WHERE entity_type = 'event'
        AND jsonb_typeof(entity_data -> 'custom_fields') = 'object'
        AND entity_data -> 'custom_fields' ?| ARRAY['priority', 'budget', 'location', 'due_date']) moved
WHERE d.deletion_id = moved.deletion_id AND found <> '{}';

DROP FUNCTION pg_temp.columns_of(jsonb, integer);
DROP FUNCTION pg_temp.as_timestamptz(text);

CREATE OR REPLACE FUNCTION update_events_search_vector() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    NEW.search_vector := to_tsvector('english', COALESCE(NEW.title, '') || ' ' ||
        COALESCE(NEW.description, '') || ' ' || COALESCE(NEW.location, ''));
    NEW.updated_at := CURRENT_TIMESTAMP;
    RETURN NEW;
END $$;

-- ---------------------------------------------------------------- indexes

DROP INDEX idx_events_user_active;
CREATE INDEX idx_events_user_active ON events (user_id, status, due_date) WHERE deleted_at IS NULL;
CREATE INDEX idx_events_priority_due ON events (user_id, priority, due_date) WHERE deleted_at IS NULL;
CREATE INDEX idx_events_priority_filter ON events (user_id, priority, due_date)
    WHERE deleted_at IS NULL AND status = 'active';
CREATE INDEX idx_events_location ON events (user_id, location)
    WHERE deleted_at IS NULL AND location IS NOT NULL;
CREATE INDEX idx_events_budget ON events (user_id, budget)
    WHERE deleted_at IS NULL AND budget IS NOT NULL;
