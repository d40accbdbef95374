-- What the document leaves to the application: a record's name, its fit to its object, and the
-- shape of links. Here, so that every writer is held to it.
--
-- What refuses does so AFTER the row is written, so that what the table's own constraints say comes
-- first, on the server as on a client. The functions run as their owner, because a writer of records may not be allowed to read fields;
-- each looks at rows of the record's own tenant alone.

-- ---------------------------------------------------------------- primary_value

-- The value of the first field of type text, in display order.
CREATE FUNCTION extract_primary_value() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    NEW.primary_value := (
        SELECT NEW.data ->> f.id FROM public.object_fields o JOIN public.fields f ON f.id = o.field_id
        WHERE o.tenant_id = NEW.tenant_id AND o.object_id = NEW.object_id AND f.type = 'text'
        ORDER BY o.display_order, o.id LIMIT 1);
    RETURN NEW;
END $$;
CREATE TRIGGER records_primary_value BEFORE INSERT OR UPDATE ON records
    FOR EACH ROW EXECUTE FUNCTION extract_primary_value();

-- ---------------------------------------------------------------- validation

-- Does a value, neither null nor absent, suit a type and its bounds? Null if so, else what it must be.
CREATE FUNCTION field_value_problem(type TEXT, config JSONB, value JSONB) RETURNS TEXT
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    kind TEXT := jsonb_typeof(value);
    words TEXT := value #>> '{}';
    options JSONB := config -> 'options';
BEGIN
    IF type IN ('text', 'textarea', 'email', 'phone', 'url', 'select', 'lookup', 'date', 'datetime') THEN
        IF kind <> 'string' THEN RETURN 'must be text'; END IF;
        IF type = 'email' AND words !~ '^[^@[:space:]]+@[^@[:space:]]+$' THEN RETURN 'must be an e-mail address'; END IF;
        IF type = 'url' AND words !~ '^https?://[^[:space:]]+$' THEN RETURN 'must be an address that begins with http:// or https://'; END IF;
        IF type = 'date' AND words !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' THEN RETURN 'must be a date such as 2026-01-31'; END IF;
        IF type = 'datetime' AND words !~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}' THEN RETURN 'must be a time such as 2026-01-31T12:00:00Z'; END IF;
        IF type = 'select' AND jsonb_typeof(options) = 'array' AND NOT options @> jsonb_build_array(value) THEN RETURN 'must be one of the options'; END IF;
        IF jsonb_typeof(config -> 'max_length') = 'number' AND length(words) > (config ->> 'max_length')::numeric THEN
            RETURN format('must not be longer than %s characters', config ->> 'max_length');
        END IF;
    ELSIF type IN ('number', 'currency', 'percent') THEN
        IF kind <> 'number' THEN RETURN 'must be a number'; END IF;
        IF jsonb_typeof(config -> 'min') = 'number' AND words::numeric < (config ->> 'min')::numeric THEN RETURN format('must be at least %s', config ->> 'min'); END IF;
        IF jsonb_typeof(config -> 'max') = 'number' AND words::numeric > (config ->> 'max')::numeric THEN RETURN format('must be at most %s', config ->> 'max'); END IF;
    ELSIF type = 'checkbox' THEN
        IF kind <> 'boolean' THEN RETURN 'must be true or false'; END IF;
    ELSIF type = 'multiselect' THEN
        IF kind <> 'array' THEN RETURN 'must be a list'; END IF;
        IF jsonb_typeof(options) = 'array' AND NOT options @> value THEN RETURN 'must be among the options'; END IF;
    END IF;
    RETURN NULL;
END $$;
COMMENT ON FUNCTION field_value_problem(TEXT, JSONB, JSONB) IS
    'What a value would have to be to suit a field''s type, options, min, max and max_length; null if it does.';

CREATE FUNCTION validate_record() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    field RECORD;
    value JSONB;
    problem TEXT;
BEGIN
    -- What was valid when it was stored stays valid until its values change.
    IF TG_OP = 'UPDATE' AND NEW.data = OLD.data AND NEW.object_id = OLD.object_id THEN
        RETURN NULL;
    END IF;
    FOR field IN
        SELECT f.id, f.label, f.type, f.config || o.field_overrides AS config, o.is_required, o.is_readonly
        FROM public.object_fields o JOIN public.fields f ON f.id = o.field_id
        WHERE o.tenant_id = NEW.tenant_id AND o.object_id = NEW.object_id
        ORDER BY o.display_order, o.id
    LOOP
        value := NULLIF(NEW.data -> field.id, 'null');
        problem := NULL;
        IF value IS NULL OR value = '""' THEN
            IF field.is_required THEN problem := 'is required'; END IF;
        ELSE
            problem := public.field_value_problem(field.type, field.config, value);
        END IF;
        IF problem IS NULL AND field.is_readonly AND TG_OP = 'UPDATE' AND NEW.object_id = OLD.object_id
            AND value IS DISTINCT FROM NULLIF(OLD.data -> field.id, 'null') THEN
            problem := 'is read-only';
        END IF;
        IF problem IS NOT NULL THEN
            RAISE EXCEPTION '% %', COALESCE(field.config ->> 'label', field.label), problem
                USING ERRCODE = 'check_violation', CONSTRAINT = 'records_data_fits_object',
                    SCHEMA = 'public', TABLE = 'records', COLUMN = 'data', DETAIL = format('Field %s.', field.id);
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER records_validate AFTER INSERT OR UPDATE ON records
    FOR EACH ROW EXECUTE FUNCTION validate_record();

-- ---------------------------------------------------------------- links

CREATE FUNCTION validate_relationship_record() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    relationship public.relationships%ROWTYPE;
BEGIN
    SELECT * INTO relationship FROM public.relationships r
        WHERE r.tenant_id = NEW.tenant_id AND r.id = NEW.relationship_id;
    -- Where a row is missing, the foreign key says so.
    IF NOT FOUND THEN RETURN NULL; END IF;
    IF EXISTS (SELECT 1 FROM public.records r WHERE r.tenant_id = NEW.tenant_id
            AND ((r.id = NEW.from_record_id AND r.object_id <> relationship.from_object_id)
              OR (r.id = NEW.to_record_id AND r.object_id <> relationship.to_object_id))) THEN
        RAISE EXCEPTION 'the records are not of the objects that relationship % joins', relationship.name
            USING ERRCODE = 'check_violation', CONSTRAINT = 'relationship_records_join_their_objects',
                SCHEMA = 'public', TABLE = 'relationship_records';
    END IF;
    IF relationship.type = 'N:N' THEN RETURN NULL; END IF;
    -- Two links made at once would not see each other.
    PERFORM pg_advisory_xact_lock(hashtextextended('relationship_records ' || NEW.relationship_id, 0));
    IF EXISTS (SELECT 1 FROM public.relationship_records l
            WHERE l.relationship_id = NEW.relationship_id AND l.id <> NEW.id
              AND ((relationship.type = '1:N' AND l.to_record_id = NEW.to_record_id)
                OR (relationship.type = 'N:1' AND l.from_record_id = NEW.from_record_id))) THEN
        RAISE EXCEPTION 'relationship % is %, and the record has its one link already', relationship.name, relationship.type
            USING ERRCODE = 'unique_violation', CONSTRAINT = 'relationship_records_one_side',
                SCHEMA = 'public', TABLE = 'relationship_records';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER relationship_records_validate
    AFTER INSERT OR UPDATE OF tenant_id, relationship_id, from_record_id, to_record_id ON relationship_records
    FOR EACH ROW EXECUTE FUNCTION validate_relationship_record();
