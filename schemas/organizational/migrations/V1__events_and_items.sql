-- Events (verbs) and items (nouns), and what hangs on them, for many users in one database: the
-- eighteen tables of the document, and one that the server alone knows.
-- README.md beside this folder lists where this differs from the document it comes from, and why.

-- Every policy below compares user_id with the setting app.current_user_id. NULLIF makes it NULL
-- where nobody is asking, so that no row is seen then, rather than an error raised. The expression
-- is spelt out rather than put into a function: the planner can then use the indexes that begin with
-- user_id, and Haversack can read from it which column names the owner.

-- ---------------------------------------------------------------- users

CREATE TABLE subscription_limits (
    subscription_tier VARCHAR(20) PRIMARY KEY,
    event_budget_max NUMERIC(12,2) NOT NULL CHECK (event_budget_max >= 0)
);
COMMENT ON TABLE subscription_limits IS 'What each subscription allows; known to the server alone.';
INSERT INTO subscription_limits (subscription_tier, event_budget_max) VALUES
    ('free', 5000.00), ('plus', 100000.00), ('team', 99999999.99);

CREATE TABLE users (
    user_id SERIAL PRIMARY KEY,
    username VARCHAR(50) COLLATE "C" UNIQUE NOT NULL,
    email VARCHAR(255) COLLATE "C" UNIQUE NOT NULL,
    password_hash VARCHAR(255) NOT NULL,
    workspace_config JSONB DEFAULT '{}',
    view_preferences JSONB DEFAULT '{}',
    onboarding_state JSONB DEFAULT '{}',
    subscription_tier VARCHAR(20) DEFAULT 'free' REFERENCES subscription_limits (subscription_tier),
    storage_used_mb INTEGER DEFAULT 0 CHECK (storage_used_mb >= 0),
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    last_login_at TIMESTAMPTZ,
    deleted_at TIMESTAMPTZ
);
COMMENT ON TABLE users IS 'A person who signs in. Everything else belongs to exactly one.';
CREATE INDEX idx_users_email ON users (email) WHERE deleted_at IS NULL;
CREATE INDEX idx_users_username ON users (username) WHERE deleted_at IS NULL;
CREATE INDEX idx_users_subscription ON users (subscription_tier, created_at);

ALTER TABLE users ENABLE ROW LEVEL SECURITY;
-- Not FOR ALL: an account is neither made nor ended by writing a row.
CREATE POLICY users_read_own_data ON users FOR SELECT
    USING (user_id = NULLIF(current_setting('app.current_user_id', true), '')::INTEGER);
CREATE POLICY users_change_own_data ON users FOR UPDATE
    USING (user_id = NULLIF(current_setting('app.current_user_id', true), '')::INTEGER);

-- ---------------------------------------------------------------- types

CREATE TABLE event_types (
    event_type_id SERIAL PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    name VARCHAR(100) COLLATE "C" NOT NULL CHECK (name <> ''),
    description TEXT,
    icon VARCHAR(50),
    color VARCHAR(7) CHECK (color ~ '^#[0-9a-fA-F]{6}$'),
    content_template TEXT,
    available_variables JSONB NOT NULL DEFAULT '[]',
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    deleted_at TIMESTAMPTZ,
    UNIQUE (user_id, event_type_id)
);
COMMENT ON TABLE event_types IS 'A kind of event, with the template that a new event starts from.';
COMMENT ON COLUMN event_types.available_variables IS 'Names that content_template may use between double braces.';
CREATE UNIQUE INDEX event_types_name_unique ON event_types (user_id, name) WHERE deleted_at IS NULL;

CREATE TABLE item_types (
    item_type_id SERIAL PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    name VARCHAR(100) COLLATE "C" NOT NULL CHECK (name <> ''),
    category VARCHAR(100) COLLATE "C",
    description TEXT,
    icon VARCHAR(50),
    color VARCHAR(7) CHECK (color ~ '^#[0-9a-fA-F]{6}$'),
    tracks_quantity BOOLEAN NOT NULL DEFAULT true,
    default_unit VARCHAR(50),
    content_template TEXT,
    available_variables JSONB NOT NULL DEFAULT '[]',
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    deleted_at TIMESTAMPTZ,
    UNIQUE (user_id, item_type_id)
);
COMMENT ON TABLE item_types IS 'A kind of item, and whether its quantity is counted.';
CREATE UNIQUE INDEX item_types_name_unique ON item_types (user_id, name) WHERE deleted_at IS NULL;
CREATE INDEX idx_item_types_category ON item_types (user_id, category);

-- ---------------------------------------------------------------- events and items

-- An event's priority, budget, location and due date are in custom_fields until V2 gives them
-- columns.
CREATE TABLE events (
    event_id SERIAL PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    event_type_id INTEGER,
    title VARCHAR(255) COLLATE "C" NOT NULL CHECK (title <> ''),
    description TEXT,
    completed_date TIMESTAMPTZ,
    status VARCHAR(20) NOT NULL DEFAULT 'active'
        CHECK (status IN ('active', 'completed', 'cancelled', 'deferred')),
    is_favorite BOOLEAN NOT NULL DEFAULT false,
    custom_fields JSONB DEFAULT '{}',
    search_vector tsvector,
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    deleted_at TIMESTAMPTZ,
    UNIQUE (user_id, event_id),
    FOREIGN KEY (user_id, event_type_id) REFERENCES event_types (user_id, event_type_id)
);
COMMENT ON TABLE events IS 'Something that happens or is to be done.';
COMMENT ON COLUMN events.is_favorite IS 'Starred by its owner.';
COMMENT ON COLUMN events.custom_fields IS 'Whatever else the user wants to keep with it.';
CREATE INDEX idx_events_user_active ON events (user_id, status) WHERE deleted_at IS NULL;
CREATE INDEX idx_events_favorites ON events (user_id) WHERE is_favorite AND deleted_at IS NULL;
CREATE INDEX idx_events_type ON events (user_id, event_type_id);
CREATE INDEX idx_events_custom_fields ON events USING GIN (custom_fields) WHERE deleted_at IS NULL;
CREATE INDEX idx_events_search ON events USING GIN (search_vector) WHERE deleted_at IS NULL;

CREATE TABLE items (
    item_id SERIAL PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    item_type_id INTEGER,
    name VARCHAR(255) COLLATE "C" NOT NULL CHECK (name <> ''),
    description TEXT,
    quantity DECIMAL(10,3) DEFAULT 1,
    unit VARCHAR(50),
    value DECIMAL(10,2),
    location VARCHAR(200) COLLATE "C",
    status VARCHAR(20) NOT NULL DEFAULT 'active'
        CHECK (status IN ('active', 'inactive', 'consumed', 'lost')),
    is_favorite BOOLEAN NOT NULL DEFAULT false,
    custom_fields JSONB DEFAULT '{}',
    search_vector tsvector,
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    deleted_at TIMESTAMPTZ,
    FOREIGN KEY (user_id, item_type_id) REFERENCES item_types (user_id, item_type_id)
);
COMMENT ON TABLE items IS 'Something that one has.';
COMMENT ON COLUMN items.is_favorite IS 'Starred by its owner.';
CREATE INDEX idx_items_user_active ON items (user_id, status) WHERE deleted_at IS NULL;
CREATE INDEX idx_items_quantity ON items (user_id, quantity) WHERE deleted_at IS NULL AND quantity > 0;
CREATE INDEX idx_items_value ON items (user_id, value DESC) WHERE deleted_at IS NULL AND value IS NOT NULL;
CREATE INDEX idx_items_location ON items (user_id, location)
    WHERE deleted_at IS NULL AND location IS NOT NULL;
CREATE INDEX idx_items_type ON items (user_id, item_type_id);
CREATE INDEX idx_items_favorites ON items (user_id) WHERE is_favorite AND deleted_at IS NULL;
CREATE INDEX idx_items_custom_fields ON items USING GIN (custom_fields) WHERE deleted_at IS NULL;
CREATE INDEX idx_items_search ON items USING GIN (search_vector) WHERE deleted_at IS NULL;

-- ---------------------------------------------------------------- tags and links

CREATE TABLE tags (
    tag_id SERIAL PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    name VARCHAR(100) COLLATE "C" NOT NULL CHECK (name <> ''),
    color VARCHAR(7) NOT NULL DEFAULT '#64748b' CHECK (color ~ '^#[0-9a-fA-F]{6}$'),
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (user_id, name),
    UNIQUE (user_id, tag_id)
);
COMMENT ON TABLE tags IS 'A word that its owner puts on anything.';

CREATE TABLE tag_assignments (
    taggable_type VARCHAR(20) COLLATE "C" NOT NULL CHECK (taggable_type IN ('event', 'item')),
    taggable_id INTEGER NOT NULL,
    tag_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (taggable_type, taggable_id, tag_id),
    FOREIGN KEY (user_id, tag_id) REFERENCES tags (user_id, tag_id) ON DELETE CASCADE
);
COMMENT ON TABLE tag_assignments IS 'A tag on an event or an item.';
CREATE INDEX idx_tag_assignments_tag ON tag_assignments (user_id, tag_id, taggable_type, taggable_id);

CREATE TABLE links (
    link_id SERIAL PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    from_type VARCHAR(20) COLLATE "C" NOT NULL CHECK (from_type IN ('event', 'item')),
    from_id INTEGER NOT NULL,
    to_type VARCHAR(20) COLLATE "C" NOT NULL CHECK (to_type IN ('event', 'item')),
    to_id INTEGER NOT NULL,
    relationship_type VARCHAR(50) COLLATE "C" NOT NULL DEFAULT 'related',
    metadata JSONB NOT NULL DEFAULT '{}',
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT links_not_to_itself CHECK (from_type <> to_type OR from_id <> to_id),
    UNIQUE (user_id, from_type, from_id, to_type, to_id, relationship_type)
);
COMMENT ON TABLE links IS 'A relationship between any two events or items.';
CREATE INDEX idx_links_to ON links (user_id, to_type, to_id);

-- ---------------------------------------------------------------- fields

CREATE TABLE field_definitions (
    field_id SERIAL PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    field_name VARCHAR(100) COLLATE "C" NOT NULL CHECK (field_name <> ''),
    field_type VARCHAR(20) NOT NULL DEFAULT 'text' CHECK (field_type IN
        ('text', 'number', 'boolean', 'date', 'datetime', 'select', 'multi_select', 'url', 'email', 'json')),
    label VARCHAR(200) COLLATE "C",
    description TEXT,
    category VARCHAR(100) COLLATE "C",
    validation_schema JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(validation_schema) = 'object'),
    default_value JSONB,
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    deleted_at TIMESTAMPTZ,
    UNIQUE (user_id, field_id)
);
COMMENT ON TABLE field_definitions IS 'A field that its owner made up; entity_fields says what has it.';
COMMENT ON COLUMN field_definitions.field_name IS 'The key under which custom_fields holds its value.';
COMMENT ON COLUMN field_definitions.validation_schema IS 'A JSON Schema for the value.';
CREATE UNIQUE INDEX field_definitions_name_unique ON field_definitions (user_id, field_name)
    WHERE deleted_at IS NULL;
CREATE INDEX idx_field_definitions_category ON field_definitions (user_id, category)
    WHERE deleted_at IS NULL;

CREATE TABLE entity_fields (
    entity_type VARCHAR(20) COLLATE "C" NOT NULL
        CHECK (entity_type IN ('event', 'item', 'event_type', 'item_type')),
    entity_id INTEGER NOT NULL,
    field_id INTEGER NOT NULL,
    user_id INTEGER NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    sequence_order INTEGER NOT NULL DEFAULT 0 CHECK (sequence_order >= 0),
    is_required BOOLEAN NOT NULL DEFAULT false,
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    PRIMARY KEY (entity_type, entity_id, field_id),
    FOREIGN KEY (user_id, field_id) REFERENCES field_definitions (user_id, field_id) ON DELETE CASCADE
);
COMMENT ON TABLE entity_fields IS 'Which fields an event or item has; on a type, which ones each of its kind has.';
CREATE INDEX idx_entity_fields_entity ON entity_fields (user_id, entity_type, entity_id, sequence_order);
CREATE INDEX idx_entity_fields_field ON entity_fields (user_id, field_id);

-- ---------------------------------------------------------------- collections, lists, routines

CREATE TABLE collections (
    collection_id SERIAL PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    name VARCHAR(100) COLLATE "C" NOT NULL CHECK (name <> ''),
    description TEXT,
    icon VARCHAR(50),
    color VARCHAR(7) CHECK (color ~ '^#[0-9a-fA-F]{6}$'),
    filter_config JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(filter_config) = 'object'),
    view_config JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(view_config) = 'object'),
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    deleted_at TIMESTAMPTZ
);
COMMENT ON TABLE collections IS 'A saved filter: its members are what the filter finds now.';
COMMENT ON COLUMN collections.filter_config IS 'The query as a value (CQL): table, predicates, order, limit.';
COMMENT ON COLUMN collections.view_config IS 'How the members are shown.';
CREATE UNIQUE INDEX collections_name_unique ON collections (user_id, name) WHERE deleted_at IS NULL;
CREATE INDEX idx_collections_filter ON collections USING GIN (filter_config) WHERE deleted_at IS NULL;

CREATE TABLE lists (
    list_id SERIAL PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    title VARCHAR(255) COLLATE "C" NOT NULL CHECK (title <> ''),
    description TEXT,
    is_ordered BOOLEAN NOT NULL DEFAULT false,
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    deleted_at TIMESTAMPTZ,
    UNIQUE (user_id, list_id)
);
COMMENT ON TABLE lists IS 'A list of words, of events and items, or of both.';
CREATE INDEX idx_lists_title ON lists (user_id, title) WHERE deleted_at IS NULL;

CREATE TABLE list_items (
    list_item_id SERIAL PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    list_id INTEGER NOT NULL,
    text_content TEXT CHECK (text_content <> ''),
    linked_type VARCHAR(20) COLLATE "C" CHECK (linked_type IN ('event', 'item')),
    linked_id INTEGER,
    is_checked BOOLEAN NOT NULL DEFAULT false,
    sequence_order INTEGER NOT NULL DEFAULT 0 CHECK (sequence_order >= 0),
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    CONSTRAINT list_items_link_whole CHECK ((linked_type IS NULL) = (linked_id IS NULL)),
    CONSTRAINT list_items_not_empty CHECK (text_content IS NOT NULL OR linked_id IS NOT NULL),
    FOREIGN KEY (user_id, list_id) REFERENCES lists (user_id, list_id) ON DELETE CASCADE
);
COMMENT ON TABLE list_items IS 'An entry of a list: a text, a linked event or item, or a link with a note.';
CREATE INDEX idx_list_items_list ON list_items (user_id, list_id, sequence_order);
CREATE INDEX idx_list_items_linked ON list_items (user_id, linked_type, linked_id)
    WHERE linked_id IS NOT NULL;

CREATE TABLE routines (
    routine_id SERIAL PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    event_type_id INTEGER,
    title VARCHAR(255) COLLATE "C" NOT NULL CHECK (title <> ''),
    description TEXT,
    schedule_pattern TEXT NOT NULL CHECK (schedule_pattern ~
        '^FREQ=(DAILY|WEEKLY|MONTHLY|YEARLY)(;[A-Z]+=[-+A-Z0-9,]+)*$'),
    starts_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    ends_at TIMESTAMPTZ,
    time_zone VARCHAR(64) NOT NULL DEFAULT 'UTC' CHECK (time_zone <> ''),
    days_ahead INTEGER NOT NULL DEFAULT 14 CHECK (days_ahead BETWEEN 0 AND 366),
    event_template JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(event_template) = 'object'),
    is_active BOOLEAN NOT NULL DEFAULT true,
    generated_until TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    deleted_at TIMESTAMPTZ,
    CONSTRAINT routines_end_after_start CHECK (ends_at > starts_at),
    UNIQUE (user_id, routine_id),
    FOREIGN KEY (user_id, event_type_id) REFERENCES event_types (user_id, event_type_id)
);
COMMENT ON TABLE routines IS 'A schedule that makes events.';
COMMENT ON COLUMN routines.schedule_pattern IS 'A recurrence rule of RFC 5545, such as FREQ=WEEKLY;BYDAY=MO.';
COMMENT ON COLUMN routines.time_zone IS 'Where the rule''s days and hours are counted; a name of the IANA database.';
COMMENT ON COLUMN routines.days_ahead IS 'How long before its day an event is made.';
COMMENT ON COLUMN routines.event_template IS 'Columns of the events that it makes.';
COMMENT ON COLUMN routines.generated_until IS 'Days before this have been dealt with.';
CREATE INDEX idx_routines_due ON routines (user_id, generated_until) WHERE is_active AND deleted_at IS NULL;
CREATE INDEX idx_routines_type ON routines (user_id, event_type_id);

CREATE TABLE routine_event_instances (
    instance_id SERIAL PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    routine_id INTEGER NOT NULL,
    event_id INTEGER,
    scheduled_date TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (user_id, routine_id, scheduled_date),
    FOREIGN KEY (user_id, routine_id) REFERENCES routines (user_id, routine_id) ON DELETE CASCADE,
    -- The mark stays when the event goes, so that the routine does not make it again.
    FOREIGN KEY (user_id, event_id) REFERENCES events (user_id, event_id) ON DELETE SET NULL (event_id)
);
COMMENT ON TABLE routine_event_instances IS 'That a routine has made its event for a day; once per day.';
CREATE UNIQUE INDEX routine_event_instances_event_unique ON routine_event_instances (user_id, event_id)
    WHERE event_id IS NOT NULL;

-- ---------------------------------------------------------------- files, history

CREATE TABLE entity_files (
    id SERIAL PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    entity_type VARCHAR(20) COLLATE "C" NOT NULL CHECK (entity_type IN ('event', 'item')),
    entity_id INTEGER NOT NULL,
    file_path VARCHAR(1024) COLLATE "C" NOT NULL CHECK (file_path <> ''),
    file_name VARCHAR(255) COLLATE "C" NOT NULL CHECK (file_name <> ''),
    mime_type VARCHAR(127) NOT NULL DEFAULT 'application/octet-stream',
    size_bytes BIGINT CHECK (size_bytes >= 0),
    checksum CHAR(64) CHECK (checksum ~ '^[0-9a-f]{64}$'),
    sync_status VARCHAR(20) NOT NULL DEFAULT 'pending'
        CHECK (sync_status IN ('pending', 'uploading', 'synced', 'failed')),
    created_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    UNIQUE (user_id, entity_type, entity_id, file_path)
);
COMMENT ON TABLE entity_files IS 'A file of an event or item. What it holds is elsewhere, at file_path.';
COMMENT ON COLUMN entity_files.checksum IS 'SHA-256 in hex.';
COMMENT ON COLUMN entity_files.sync_status IS 'How far the upload has come.';
CREATE INDEX idx_entity_files_status ON entity_files (user_id, sync_status) WHERE sync_status <> 'synced';

CREATE TABLE operation_logs (
    log_id SERIAL PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    operation_type VARCHAR(20) NOT NULL CHECK (operation_type IN ('CREATE', 'UPDATE', 'DELETE')),
    entity_type VARCHAR(50) COLLATE "C" NOT NULL,
    entity_id INTEGER,
    changes JSONB,
    timestamp TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP
);
COMMENT ON TABLE operation_logs IS 'What users did, written by triggers.';
COMMENT ON COLUMN operation_logs.entity_id IS 'Null where the key has several columns; `changes` names them then.';
COMMENT ON COLUMN operation_logs.changes IS
    'Of an UPDATE, by column, the value before and after; of a DELETE, the row; of a CREATE with a key of several columns, the key.';
CREATE INDEX idx_operation_logs_time ON operation_logs (user_id, timestamp DESC);
CREATE INDEX idx_operation_logs_entity ON operation_logs (user_id, entity_type, entity_id, timestamp DESC);

CREATE TABLE deleted_entities (
    deletion_id SERIAL PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    entity_type VARCHAR(20) COLLATE "C" NOT NULL CHECK (entity_type IN ('event', 'item')),
    entity_id INTEGER NOT NULL,
    entity_data JSONB NOT NULL CHECK (jsonb_typeof(entity_data) = 'object'),
    related_data JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(related_data) = 'object'),
    deleted_at TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP,
    restored_at TIMESTAMPTZ,
    CONSTRAINT deleted_entities_restored_after CHECK (restored_at >= deleted_at)
);
COMMENT ON TABLE deleted_entities IS 'An event or item that was deleted, softly or for good, and what hung on it.';
COMMENT ON COLUMN deleted_entities.related_data IS 'By table, the rows that hung on it.';
COMMENT ON COLUMN deleted_entities.restored_at IS 'Set it to bring the entity back with what hung on it.';
CREATE UNIQUE INDEX deleted_entities_once ON deleted_entities (user_id, entity_type, entity_id)
    WHERE restored_at IS NULL;
CREATE INDEX idx_deleted_entities_time ON deleted_entities (user_id, deleted_at DESC);

-- ---------------------------------------------------------------- row security

DO $$
DECLARE
    owned text;
    own constant text := '(user_id = NULLIF(current_setting(''app.current_user_id'', true), '''')::INTEGER)';
    command text;
BEGIN
    FOREACH owned IN ARRAY ARRAY['event_types', 'item_types', 'events', 'items', 'tags',
                                 'tag_assignments', 'links', 'field_definitions', 'entity_fields',
                                 'collections', 'lists', 'list_items', 'routines',
                                 'routine_event_instances', 'entity_files'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', owned);
        EXECUTE format('CREATE POLICY %I ON %I FOR ALL USING %s', owned || '_own_data', owned, own);
    END LOOP;
    -- History is written by triggers. A user may read it, restore, and empty the bin.
    ALTER TABLE operation_logs ENABLE ROW LEVEL SECURITY;
    ALTER TABLE deleted_entities ENABLE ROW LEVEL SECURITY;
    EXECUTE 'CREATE POLICY operation_logs_read_own ON operation_logs FOR SELECT USING ' || own;
    FOREACH command IN ARRAY ARRAY['SELECT', 'UPDATE', 'DELETE'] LOOP
        EXECUTE format('CREATE POLICY %I ON deleted_entities FOR %s USING %s',
            'deleted_entities_' || lower(command) || '_own', command, own);
    END LOOP;
    -- No policy: only the owner of the table sees what subscriptions allow.
    ALTER TABLE subscription_limits ENABLE ROW LEVEL SECURITY;
END $$;

-- ---------------------------------------------------------------- triggers

CREATE FUNCTION touch_updated_at() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := CURRENT_TIMESTAMP;
    RETURN NEW;
END $$;

CREATE FUNCTION update_events_search_vector() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    NEW.search_vector := to_tsvector('english', COALESCE(NEW.title, '') || ' ' ||
        COALESCE(NEW.description, '') || ' ' || COALESCE(NEW.custom_fields ->> 'location', ''));
    NEW.updated_at := CURRENT_TIMESTAMP;
    RETURN NEW;
END $$;

CREATE FUNCTION update_items_search_vector() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    NEW.search_vector := to_tsvector('english', COALESCE(NEW.name, '') || ' ' ||
        COALESCE(NEW.description, '') || ' ' || COALESCE(NEW.location, ''));
    NEW.updated_at := CURRENT_TIMESTAMP;
    RETURN NEW;
END $$;

CREATE TRIGGER events_search_update BEFORE INSERT OR UPDATE ON events
    FOR EACH ROW EXECUTE FUNCTION update_events_search_vector();
CREATE TRIGGER items_search_update BEFORE INSERT OR UPDATE ON items
    FOR EACH ROW EXECUTE FUNCTION update_items_search_vector();
DO $$
DECLARE touched text;
BEGIN
    FOREACH touched IN ARRAY ARRAY['users', 'event_types', 'item_types', 'tags', 'links',
                                   'field_definitions', 'entity_fields', 'collections', 'lists',
                                   'list_items', 'routines', 'entity_files'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE ON %I FOR EACH ROW EXECUTE FUNCTION touch_updated_at()',
            touched || '_touch', touched);
    END LOOP;
END $$;

-- A polymorphic reference can't be a foreign key, so what hangs on an entity goes with it here. An
-- entry of a list that has a text of its own stays.
-- TG_ARGV: the entity's word in the *_type columns, and its key column.
CREATE FUNCTION forget_references() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
    kind text := TG_ARGV[0];
    gone integer := (to_jsonb(OLD) ->> TG_ARGV[1])::integer;
BEGIN
    DELETE FROM entity_fields WHERE entity_type = kind AND entity_id = gone;
    IF kind IN ('event', 'item') THEN
        DELETE FROM tag_assignments WHERE taggable_type = kind AND taggable_id = gone;
        DELETE FROM links WHERE user_id = OLD.user_id
            AND ((from_type = kind AND from_id = gone) OR (to_type = kind AND to_id = gone));
        DELETE FROM entity_files
            WHERE user_id = OLD.user_id AND entity_type = kind AND entity_id = gone;
        DELETE FROM list_items WHERE user_id = OLD.user_id
            AND linked_type = kind AND linked_id = gone AND text_content IS NULL;
        UPDATE list_items SET linked_type = NULL, linked_id = NULL
            WHERE user_id = OLD.user_id AND linked_type = kind AND linked_id = gone;
    END IF;
    RETURN OLD;
END $$;

CREATE TRIGGER events_forget_references AFTER DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION forget_references('event', 'event_id');
CREATE TRIGGER items_forget_references AFTER DELETE ON items
    FOR EACH ROW EXECUTE FUNCTION forget_references('item', 'item_id');
CREATE TRIGGER event_types_forget_references AFTER DELETE ON event_types
    FOR EACH ROW EXECUTE FUNCTION forget_references('event_type', 'event_type_id');
CREATE TRIGGER item_types_forget_references AFTER DELETE ON item_types
    FOR EACH ROW EXECUTE FUNCTION forget_references('item_type', 'item_type_id');

-- ---------------------------------------------------------------- recovery

-- The functions below write history, which no user may. They run as the owner of the tables, whom
-- row security does not bind, so each names the user whose rows it means.

-- Keeps an entity that is deleted, softly (AFTER UPDATE) or for good (BEFORE DELETE, while what
-- hangs on it is still there). TG_ARGV as above.
CREATE FUNCTION keep_deleted_entity() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    kind text := TG_ARGV[0];
    entity jsonb := to_jsonb(OLD) - 'search_vector';
    gone integer := (to_jsonb(OLD) ->> TG_ARGV[1])::integer;
    hung jsonb;
BEGIN
    -- An account that ends takes everything with it.
    IF NOT EXISTS (SELECT FROM users u WHERE u.user_id = OLD.user_id) THEN
        RETURN OLD;
    END IF;
    SELECT jsonb_build_object(
        'tag_assignments', (SELECT jsonb_agg(t) FROM tag_assignments t
            WHERE t.taggable_type = kind AND t.taggable_id = gone AND t.user_id = OLD.user_id),
        'links', (SELECT jsonb_agg(l) FROM links l WHERE l.user_id = OLD.user_id
            AND ((l.from_type = kind AND l.from_id = gone) OR (l.to_type = kind AND l.to_id = gone))),
        'entity_fields', (SELECT jsonb_agg(f) FROM entity_fields f
            WHERE f.entity_type = kind AND f.entity_id = gone AND f.user_id = OLD.user_id),
        'entity_files', (SELECT jsonb_agg(f) FROM entity_files f
            WHERE f.user_id = OLD.user_id AND f.entity_type = kind AND f.entity_id = gone),
        'list_items', (SELECT jsonb_agg(i) FROM list_items i
            WHERE i.user_id = OLD.user_id AND i.linked_type = kind AND i.linked_id = gone),
        'routine_event_instances', (SELECT jsonb_agg(r) FROM routine_event_instances r
            WHERE kind = 'event' AND r.user_id = OLD.user_id AND r.event_id = gone)
    ) INTO hung;
    INSERT INTO deleted_entities (user_id, entity_type, entity_id, entity_data, related_data)
    VALUES (OLD.user_id, kind, gone, entity, jsonb_strip_nulls(hung))
    ON CONFLICT (user_id, entity_type, entity_id) WHERE restored_at IS NULL
    DO UPDATE SET entity_data = EXCLUDED.entity_data, related_data = EXCLUDED.related_data;
    RETURN OLD;
END $$;

-- A soft deletion that is taken back by writing deleted_at.
CREATE FUNCTION note_restored_entity() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    UPDATE deleted_entities SET restored_at = CURRENT_TIMESTAMP
    WHERE user_id = NEW.user_id AND entity_type = TG_ARGV[0]
        AND entity_id = (to_jsonb(NEW) ->> TG_ARGV[1])::integer AND restored_at IS NULL;
    RETURN NULL;
END $$;

-- Brings an entity back when restored_at is set: the row itself, and of what hung on it whatever
-- still has its other end.
CREATE FUNCTION restore_deleted_entity() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    -- Whatever the record says, it is this user's, and this entity.
    back jsonb := NEW.entity_data || jsonb_build_object('deleted_at', NULL, 'user_id', NEW.user_id,
        NEW.entity_type || '_id', NEW.entity_id);
    hung jsonb := NEW.related_data;
BEGIN
    IF NEW.entity_type = 'event' THEN
        UPDATE events SET deleted_at = NULL
            WHERE event_id = NEW.entity_id AND user_id = NEW.user_id AND deleted_at IS NOT NULL;
        IF EXISTS (SELECT FROM events WHERE event_id = NEW.entity_id) THEN
            RETURN NULL;
        END IF;
        IF NOT EXISTS (SELECT FROM event_types t WHERE t.user_id = NEW.user_id
                       AND t.event_type_id = (back ->> 'event_type_id')::integer) THEN
            back := back || '{"event_type_id": null}';
        END IF;
        INSERT INTO events SELECT * FROM jsonb_populate_record(NULL::events, back);
        UPDATE routine_event_instances i SET event_id = NEW.entity_id
            FROM jsonb_populate_recordset(NULL::routine_event_instances, hung -> 'routine_event_instances') r
            WHERE i.instance_id = r.instance_id AND i.user_id = NEW.user_id AND i.event_id IS NULL;
    ELSE
        UPDATE items SET deleted_at = NULL
            WHERE item_id = NEW.entity_id AND user_id = NEW.user_id AND deleted_at IS NOT NULL;
        IF EXISTS (SELECT FROM items WHERE item_id = NEW.entity_id) THEN
            RETURN NULL;
        END IF;
        IF NOT EXISTS (SELECT FROM item_types t WHERE t.user_id = NEW.user_id
                       AND t.item_type_id = (back ->> 'item_type_id')::integer) THEN
            back := back || '{"item_type_id": null}';
        END IF;
        INSERT INTO items SELECT * FROM jsonb_populate_record(NULL::items, back);
    END IF;
    INSERT INTO tag_assignments
        SELECT r.* FROM jsonb_populate_recordset(NULL::tag_assignments, hung -> 'tag_assignments') r
        JOIN tags t ON t.user_id = NEW.user_id AND t.tag_id = r.tag_id
        WHERE r.user_id = NEW.user_id
        ON CONFLICT DO NOTHING;
    INSERT INTO links
        SELECT r.* FROM jsonb_populate_recordset(NULL::links, hung -> 'links') r
        WHERE r.user_id = NEW.user_id AND 2 = (
            SELECT count(*) FROM (VALUES (r.from_type, r.from_id), (r.to_type, r.to_id)) ends (kind, id)
            WHERE EXISTS (SELECT FROM events e WHERE ends.kind = 'event'
                          AND e.event_id = ends.id AND e.user_id = NEW.user_id)
               OR EXISTS (SELECT FROM items i WHERE ends.kind = 'item'
                          AND i.item_id = ends.id AND i.user_id = NEW.user_id))
        ON CONFLICT DO NOTHING;
    INSERT INTO entity_fields
        SELECT r.* FROM jsonb_populate_recordset(NULL::entity_fields, hung -> 'entity_fields') r
        JOIN field_definitions d ON d.user_id = NEW.user_id AND d.field_id = r.field_id
        WHERE r.user_id = NEW.user_id
        ON CONFLICT DO NOTHING;
    INSERT INTO entity_files
        SELECT r.* FROM jsonb_populate_recordset(NULL::entity_files, hung -> 'entity_files') r
        WHERE r.user_id = NEW.user_id
        ON CONFLICT DO NOTHING;
    -- An entry with a text has stayed, without its link.
    INSERT INTO list_items
        SELECT r.* FROM jsonb_populate_recordset(NULL::list_items, hung -> 'list_items') r
        JOIN lists l ON l.user_id = NEW.user_id AND l.list_id = r.list_id
        WHERE r.user_id = NEW.user_id
        ON CONFLICT (list_item_id) DO UPDATE
            SET linked_type = EXCLUDED.linked_type, linked_id = EXCLUDED.linked_id
            WHERE list_items.linked_id IS NULL AND list_items.user_id = NEW.user_id;
    RETURN NULL;
END $$;

DO $$
DECLARE kept record;
BEGIN
    FOR kept IN SELECT * FROM (VALUES ('events', 'event', 'event_id'), ('items', 'item', 'item_id'))
            AS entities (tbl, kind, key) LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE DELETE ON %I
            FOR EACH ROW EXECUTE FUNCTION keep_deleted_entity(%L, %L)',
            kept.tbl || '_keep_deleted', kept.tbl, kept.kind, kept.key);
        EXECUTE format('CREATE TRIGGER %I AFTER UPDATE OF deleted_at ON %I
            FOR EACH ROW WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL)
            EXECUTE FUNCTION keep_deleted_entity(%L, %L)',
            kept.tbl || '_keep_soft_deleted', kept.tbl, kept.kind, kept.key);
        EXECUTE format('CREATE TRIGGER %I AFTER UPDATE OF deleted_at ON %I
            FOR EACH ROW WHEN (OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL)
            EXECUTE FUNCTION note_restored_entity(%L, %L)',
            kept.tbl || '_note_restored', kept.tbl, kept.kind, kept.key);
    END LOOP;
END $$;
CREATE TRIGGER deleted_entities_restore AFTER UPDATE OF restored_at ON deleted_entities
    FOR EACH ROW WHEN (OLD.restored_at IS NULL AND NEW.restored_at IS NOT NULL)
    EXECUTE FUNCTION restore_deleted_entity();

-- ---------------------------------------------------------------- audit

-- Writes what a user did to a row. What the owner of the tables does (loading, migrating) is no
-- user's operation. TG_ARGV: what the log calls the entity, and its key column; none where the key
-- has several.
CREATE FUNCTION log_operation() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    -- Secrets, and what triggers make.
    hidden constant text[] := ARRAY['password_hash', 'search_vector', 'updated_at'];
    old_row jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) - hidden END;
    new_row jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) - hidden END;
    row_of jsonb := COALESCE(new_row, old_row);
    key text := TG_ARGV[1];
    changed jsonb;
BEGIN
    IF NULLIF(current_setting('app.current_user_id', true), '') IS NULL THEN
        RETURN NULL;
    END IF;
    CASE TG_OP
        WHEN 'UPDATE' THEN
            SELECT jsonb_object_agg(n.key, jsonb_build_array(old_row -> n.key, n.value)) INTO changed
                FROM jsonb_each(new_row) n WHERE n.value IS DISTINCT FROM old_row -> n.key;
            IF changed IS NULL THEN
                RETURN NULL;
            END IF;
        WHEN 'DELETE' THEN changed := old_row;
        WHEN 'INSERT' THEN changed := CASE WHEN key IS NULL THEN new_row END;
    END CASE;
    -- Not for an account that is ending: its log goes with it.
    INSERT INTO operation_logs (user_id, operation_type, entity_type, entity_id, changes)
    SELECT u.user_id, CASE TG_OP WHEN 'INSERT' THEN 'CREATE' ELSE TG_OP END, TG_ARGV[0],
           (row_of ->> key)::integer, changed
    FROM users u WHERE u.user_id = (row_of ->> 'user_id')::integer;
    RETURN NULL;
END $$;

DO $$
DECLARE logged record;
BEGIN
    FOR logged IN SELECT * FROM (VALUES
        ('users', 'user', 'user_id'), ('event_types', 'event_type', 'event_type_id'),
        ('item_types', 'item_type', 'item_type_id'), ('events', 'event', 'event_id'),
        ('items', 'item', 'item_id'), ('tags', 'tag', 'tag_id'),
        ('tag_assignments', 'tag_assignment', NULL), ('links', 'link', 'link_id'),
        ('field_definitions', 'field_definition', 'field_id'), ('entity_fields', 'entity_field', NULL),
        ('collections', 'collection', 'collection_id'), ('lists', 'list', 'list_id'),
        ('list_items', 'list_item', 'list_item_id'), ('routines', 'routine', 'routine_id'),
        ('routine_event_instances', 'routine_event_instance', 'instance_id'),
        ('entity_files', 'entity_file', 'id')) AS entities (tbl, kind, key) LOOP
        EXECUTE format('CREATE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON %I
            FOR EACH ROW EXECUTE FUNCTION log_operation(%s)', logged.tbl || '_log', logged.tbl,
            concat_ws(', ', quote_literal(logged.kind), quote_literal(logged.key)));
    END LOOP;
END $$;

-- Forgets history that is older than this. For the operator's schedule; no user may call it.
CREATE FUNCTION prune_history(older_than INTERVAL) RETURNS VOID LANGUAGE sql AS $$
    DELETE FROM operation_logs WHERE timestamp < CURRENT_TIMESTAMP - older_than;
    DELETE FROM deleted_entities WHERE deleted_at < CURRENT_TIMESTAMP - older_than;
$$;
REVOKE ALL ON FUNCTION prune_history(INTERVAL) FROM PUBLIC;
