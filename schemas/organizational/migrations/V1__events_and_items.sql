-- Events (verbs) and items (nouns), their types, tags and links, for many users in one database.
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

-- May this user plan an event of this budget? It reads tables that a client does not have, so no
-- client can foresee the answer.
CREATE FUNCTION event_budget_allowed(owner INTEGER, budget NUMERIC) RETURNS BOOLEAN
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
    SELECT budget IS NULL OR budget <= (
        SELECT l.event_budget_max FROM public.users u
        JOIN public.subscription_limits l USING (subscription_tier)
        WHERE u.user_id = owner)
$$;

CREATE TABLE events (
    event_id SERIAL PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES users (user_id) ON DELETE CASCADE,
    event_type_id INTEGER,
    title VARCHAR(255) COLLATE "C" NOT NULL CHECK (title <> ''),
    description TEXT,
    priority INTEGER CHECK (priority BETWEEN 1 AND 5),
    budget DECIMAL(10,2) CHECK (budget >= 0),
    location VARCHAR(200) COLLATE "C",
    due_date TIMESTAMPTZ,
    completed_date TIMESTAMPTZ,
    status VARCHAR(20) NOT NULL DEFAULT 'active'
        CHECK (status IN ('active', 'completed', 'cancelled', 'deferred')),
    custom_fields JSONB DEFAULT '{}',
    search_vector tsvector,
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    deleted_at TIMESTAMPTZ,
    FOREIGN KEY (user_id, event_type_id) REFERENCES event_types (user_id, event_type_id),
    CONSTRAINT events_budget_within_subscription CHECK (event_budget_allowed(user_id, budget))
);
COMMENT ON TABLE events IS 'Something that happens or is to be done.';
COMMENT ON COLUMN events.priority IS '1 is lowest, 5 is highest.';
COMMENT ON COLUMN events.custom_fields IS 'Whatever else the user wants to keep with it.';
CREATE INDEX idx_events_user_active ON events (user_id, status, due_date) WHERE deleted_at IS NULL;
CREATE INDEX idx_events_priority_filter ON events (user_id, priority, due_date)
    WHERE deleted_at IS NULL AND status = 'active';
CREATE INDEX idx_events_location ON events (user_id, location)
    WHERE deleted_at IS NULL AND location IS NOT NULL;
CREATE INDEX idx_events_budget ON events (user_id, budget)
    WHERE deleted_at IS NULL AND budget IS NOT NULL;
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
    custom_fields JSONB DEFAULT '{}',
    search_vector tsvector,
    created_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    updated_at TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
    deleted_at TIMESTAMPTZ,
    FOREIGN KEY (user_id, item_type_id) REFERENCES item_types (user_id, item_type_id)
);
COMMENT ON TABLE items IS 'Something that one has.';
CREATE INDEX idx_items_user_active ON items (user_id, status) WHERE deleted_at IS NULL;
CREATE INDEX idx_items_quantity ON items (user_id, quantity) WHERE deleted_at IS NULL AND quantity > 0;
CREATE INDEX idx_items_value ON items (user_id, value DESC) WHERE deleted_at IS NULL AND value IS NOT NULL;
CREATE INDEX idx_items_location ON items (user_id, location)
    WHERE deleted_at IS NULL AND location IS NOT NULL;
CREATE INDEX idx_items_type ON items (user_id, item_type_id);
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

DO $$
DECLARE owned text;
BEGIN
    FOREACH owned IN ARRAY ARRAY['event_types', 'item_types', 'events', 'items', 'tags',
                                 'tag_assignments', 'links'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', owned);
        EXECUTE format('CREATE POLICY %I ON %I FOR ALL USING '
            '(user_id = NULLIF(current_setting(''app.current_user_id'', true), '''')::INTEGER)',
            owned || '_own_data', owned);
    END LOOP;
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
        COALESCE(NEW.description, '') || ' ' || COALESCE(NEW.location, ''));
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
CREATE TRIGGER users_touch BEFORE UPDATE ON users
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER event_types_touch BEFORE UPDATE ON event_types
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER item_types_touch BEFORE UPDATE ON item_types
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER tags_touch BEFORE UPDATE ON tags
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER links_touch BEFORE UPDATE ON links
    FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

-- A polymorphic reference can't be a foreign key, so what hangs on an entity goes with it here.
-- TG_ARGV: the entity's word in the *_type columns, and its key column.
CREATE FUNCTION forget_references() RETURNS TRIGGER LANGUAGE plpgsql AS $$
DECLARE
    kind text := TG_ARGV[0];
    gone integer := (to_jsonb(OLD) ->> TG_ARGV[1])::integer;
BEGIN
    DELETE FROM tag_assignments WHERE taggable_type = kind AND taggable_id = gone;
    DELETE FROM links WHERE user_id = OLD.user_id
        AND ((from_type = kind AND from_id = gone) OR (to_type = kind AND to_id = gone));
    RETURN OLD;
END $$;

CREATE TRIGGER events_forget_references AFTER DELETE ON events
    FOR EACH ROW EXECUTE FUNCTION forget_references('event', 'event_id');
CREATE TRIGGER items_forget_references AFTER DELETE ON items
    FOR EACH ROW EXECUTE FUNCTION forget_references('item', 'item_id');
