-- Objects, fields and records defined by users: what a thing is (objects, fields, object_fields),
-- the things themselves (records), and how they hang together (relationships, relationship_records).
-- README.md beside this folder lists where this differs from the document it comes from, and why.

-- primary_value is searched by ILIKE '%part%', which only trigrams can index.
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- A tenant is an account: tenant_id holds users.id as text. Nothing refers to users by a foreign
-- key, so that an account and its data may live in different databases (README.md, "Not enforced").
-- Every policy below compares the owner with the setting app.current_user_id. NULLIF makes it NULL
-- where nobody is asking, so that no row is seen then, rather than an error raised. The expression is
-- spelt out rather than put into a function: the planner can then use the indexes, and Haversack can
-- read from it which column names the owner.

-- ---------------------------------------------------------------- users and tokens

CREATE TABLE users (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    email VARCHAR(255) COLLATE "C" NOT NULL CHECK (email LIKE '%_@_%'),
    hashed_password VARCHAR(255) NOT NULL,
    full_name VARCHAR(255) COLLATE "C",
    is_active BOOLEAN NOT NULL DEFAULT true,
    is_verified BOOLEAN NOT NULL DEFAULT false,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    last_login TIMESTAMPTZ
);
COMMENT ON TABLE users IS 'A person who signs in, and a tenant of their own.';
COMMENT ON COLUMN users.is_verified IS 'Has the address been confirmed?';
CREATE UNIQUE INDEX ix_users_email ON users (email);

CREATE TABLE token_blacklist (
    jti VARCHAR(255) COLLATE "C" PRIMARY KEY,
    user_id VARCHAR(64) COLLATE "C" NOT NULL,
    expires_at TIMESTAMPTZ NOT NULL,
    blacklisted_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
COMMENT ON TABLE token_blacklist IS 'Tokens that were revoked before they expired.';
COMMENT ON COLUMN token_blacklist.jti IS 'The identifier that the token carries.';
COMMENT ON COLUMN token_blacklist.user_id IS 'Whose token it was. Not enforced: every sign-out writes here.';
COMMENT ON COLUMN token_blacklist.expires_at IS 'From then on the token is refused for its age, and this row is of no use.';
CREATE INDEX ix_token_blacklist_expires_at ON token_blacklist (expires_at);

CREATE FUNCTION purge_expired_tokens() RETURNS BIGINT LANGUAGE sql AS $$
    WITH gone AS (DELETE FROM token_blacklist WHERE expires_at <= now() RETURNING 1)
    SELECT count(*) FROM gone
$$;
COMMENT ON FUNCTION purge_expired_tokens() IS 'Forgets revoked tokens that have expired; returns how many. To be run every hour.';

-- ---------------------------------------------------------------- objects and their fields

CREATE TABLE fields (
    id VARCHAR(64) COLLATE "C" PRIMARY KEY DEFAULT ('fld_' || replace(gen_random_uuid()::text, '-', ''))
        CHECK (id ~ '^fld_[A-Za-z0-9_]+$'),
    tenant_id VARCHAR(64) COLLATE "C" NOT NULL,
    name VARCHAR(100) COLLATE "C" NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]*$'),
    label VARCHAR(255) COLLATE "C" NOT NULL CHECK (label <> ''),
    type VARCHAR(50) COLLATE "C" NOT NULL CHECK (type IN ('text', 'textarea', 'email', 'phone', 'url',
        'number', 'currency', 'percent', 'date', 'datetime', 'checkbox', 'select', 'multiselect',
        'lookup', 'json')),
    description TEXT,
    config JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(config) = 'object'),
    category VARCHAR(100) COLLATE "C",
    is_global BOOLEAN NOT NULL DEFAULT false,
    is_custom BOOLEAN NOT NULL DEFAULT true,
    is_system_field BOOLEAN NOT NULL DEFAULT false,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    created_by VARCHAR(64) COLLATE "C" NOT NULL,
    UNIQUE (tenant_id, id)
);
COMMENT ON TABLE fields IS 'A kind of value that objects may have, such as an e-mail address.';
COMMENT ON COLUMN fields.name IS 'What programs call it; unique for its creator.';
COMMENT ON COLUMN fields.label IS 'What people call it.';
COMMENT ON COLUMN fields.type IS 'Which values it takes.';
COMMENT ON COLUMN fields.config IS 'Bounds of the values: options, min, max, max_length.';
COMMENT ON COLUMN fields.is_global IS 'Offered for every object of the tenant, not only where it was made.';
COMMENT ON COLUMN fields.is_custom IS 'Made by a user rather than by a template.';
COMMENT ON COLUMN fields.is_system_field IS 'Kept by the application; not for users to change.';
COMMENT ON COLUMN fields.created_by IS 'The user who made it. Not enforced.';
CREATE UNIQUE INDEX uq_field_name_created_by ON fields (tenant_id, name, created_by);
CREATE INDEX ix_fields_category ON fields (category);

CREATE TABLE objects (
    id VARCHAR(64) COLLATE "C" PRIMARY KEY DEFAULT ('obj_' || replace(gen_random_uuid()::text, '-', ''))
        CHECK (id ~ '^obj_[A-Za-z0-9_]+$'),
    tenant_id VARCHAR(64) COLLATE "C" NOT NULL,
    name VARCHAR(100) COLLATE "C" NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]*$'),
    label VARCHAR(255) COLLATE "C" NOT NULL CHECK (label <> ''),
    plural_name VARCHAR(255) COLLATE "C",
    description TEXT,
    icon VARCHAR(100),
    is_custom BOOLEAN NOT NULL DEFAULT true,
    is_global BOOLEAN NOT NULL DEFAULT false,
    views JSONB NOT NULL DEFAULT '{}',
    permissions JSONB NOT NULL DEFAULT '{}',
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    created_by VARCHAR(64) COLLATE "C" NOT NULL,
    UNIQUE (tenant_id, id)
);
COMMENT ON TABLE objects IS 'A kind of thing that a tenant keeps records of, such as a contact.';
COMMENT ON COLUMN objects.is_global IS 'Offered in every application of the tenant.';
COMMENT ON COLUMN objects.views IS 'How lists and forms of its records look.';
COMMENT ON COLUMN objects.permissions IS 'What the application lets whom do; row security does not read it.';
COMMENT ON COLUMN objects.created_by IS 'The user who made it. Not enforced.';
CREATE INDEX ix_objects_tenant_name ON objects (tenant_id, name);

CREATE TABLE applications (
    id VARCHAR(64) COLLATE "C" PRIMARY KEY DEFAULT ('app_' || replace(gen_random_uuid()::text, '-', ''))
        CHECK (id ~ '^app_[A-Za-z0-9_]+$'),
    tenant_id VARCHAR(64) COLLATE "C" NOT NULL,
    name VARCHAR(100) COLLATE "C" NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]*$'),
    label VARCHAR(255) COLLATE "C" NOT NULL CHECK (label <> ''),
    description TEXT,
    icon VARCHAR(100),
    config JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(config) = 'object'),
    published_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    created_by VARCHAR(64) COLLATE "C" NOT NULL
);
COMMENT ON TABLE applications IS 'Objects put together for a purpose, as config says.';
COMMENT ON COLUMN applications.published_at IS 'Since when users see it; null: a draft.';
COMMENT ON COLUMN applications.created_by IS 'The user who made it. Not enforced.';
CREATE INDEX ix_applications_tenant ON applications (tenant_id, name);

CREATE TABLE object_fields (
    id VARCHAR(64) COLLATE "C" PRIMARY KEY DEFAULT ('ofd_' || replace(gen_random_uuid()::text, '-', ''))
        CHECK (id ~ '^ofd_[A-Za-z0-9_]+$'),
    tenant_id VARCHAR(64) COLLATE "C" NOT NULL,
    object_id VARCHAR(64) COLLATE "C" NOT NULL,
    field_id VARCHAR(64) COLLATE "C" NOT NULL,
    display_order INTEGER NOT NULL DEFAULT 0,
    is_required BOOLEAN NOT NULL DEFAULT false,
    is_visible BOOLEAN NOT NULL DEFAULT true,
    is_readonly BOOLEAN NOT NULL DEFAULT false,
    field_overrides JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(field_overrides) = 'object'),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT object_fields_object_id_fkey FOREIGN KEY (tenant_id, object_id)
        REFERENCES objects (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT object_fields_field_id_fkey FOREIGN KEY (tenant_id, field_id)
        REFERENCES fields (tenant_id, id) ON DELETE RESTRICT,
    CONSTRAINT object_fields_once UNIQUE (object_id, field_id)
);
COMMENT ON TABLE object_fields IS 'A field on an object. While one is left, the field can''t be deleted.';
COMMENT ON COLUMN object_fields.is_required IS 'A record must have a value for it.';
COMMENT ON COLUMN object_fields.is_readonly IS 'Set when the record is made, and not changed afterwards.';
COMMENT ON COLUMN object_fields.field_overrides IS 'What replaces keys of the field''s config on this object.';
CREATE INDEX ix_object_fields_object_id ON object_fields (tenant_id, object_id, display_order);
CREATE INDEX ix_object_fields_field_id ON object_fields (tenant_id, field_id);

-- ---------------------------------------------------------------- records

CREATE TABLE records (
    id VARCHAR(64) COLLATE "C" PRIMARY KEY DEFAULT ('rec_' || replace(gen_random_uuid()::text, '-', ''))
        CHECK (id ~ '^rec_[A-Za-z0-9_]+$'),
    object_id VARCHAR(64) COLLATE "C" NOT NULL,
    data JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(data) = 'object'),
    primary_value TEXT COLLATE "C",
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    created_by VARCHAR(64) COLLATE "C" NOT NULL,
    updated_by VARCHAR(64) COLLATE "C",
    tenant_id VARCHAR(64) COLLATE "C" NOT NULL,
    CONSTRAINT records_object_id_fkey FOREIGN KEY (tenant_id, object_id)
        REFERENCES objects (tenant_id, id) ON DELETE CASCADE,
    UNIQUE (tenant_id, id)
);
COMMENT ON TABLE records IS 'A thing of the kind that its object describes.';
COMMENT ON COLUMN records.data IS 'Its values by the key of their field.';
COMMENT ON COLUMN records.primary_value IS 'The value of its first text field, by a trigger: what it is called, and searched by.';
COMMENT ON COLUMN records.created_by IS 'The user who made it. Not enforced.';
COMMENT ON COLUMN records.updated_by IS 'The user who last changed it. Not enforced.';
CREATE INDEX ix_records_object_id ON records (object_id);
CREATE INDEX ix_records_tenant_object ON records (tenant_id, object_id);
CREATE INDEX ix_records_primary_value ON records (primary_value);
CREATE INDEX ix_records_primary_value_trgm ON records USING GIN (primary_value gin_trgm_ops);
CREATE INDEX ix_records_created_at ON records (created_at);
CREATE INDEX ix_records_data ON records USING GIN (data);

-- ---------------------------------------------------------------- relationships

CREATE TABLE relationships (
    id VARCHAR(64) COLLATE "C" PRIMARY KEY DEFAULT ('rel_' || replace(gen_random_uuid()::text, '-', ''))
        CHECK (id ~ '^rel_[A-Za-z0-9_]+$'),
    tenant_id VARCHAR(64) COLLATE "C" NOT NULL,
    from_object_id VARCHAR(64) COLLATE "C" NOT NULL,
    to_object_id VARCHAR(64) COLLATE "C" NOT NULL,
    name VARCHAR(100) COLLATE "C" NOT NULL CHECK (name ~ '^[a-z][a-z0-9_]*$'),
    type VARCHAR(10) COLLATE "C" NOT NULL CHECK (type IN ('1:N', 'N:1', 'N:N')),
    from_label VARCHAR(255) COLLATE "C",
    to_label VARCHAR(255) COLLATE "C",
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    created_by VARCHAR(64) COLLATE "C" NOT NULL,
    CONSTRAINT relationships_from_object_id_fkey FOREIGN KEY (tenant_id, from_object_id)
        REFERENCES objects (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT relationships_to_object_id_fkey FOREIGN KEY (tenant_id, to_object_id)
        REFERENCES objects (tenant_id, id) ON DELETE CASCADE,
    UNIQUE (tenant_id, id)
);
COMMENT ON TABLE relationships IS 'A way in which records of one object hang together with those of another, or of the same.';
COMMENT ON COLUMN relationships.type IS '1:N: a target has one source. N:1: a source has one target. N:N: any number of both.';
COMMENT ON COLUMN relationships.from_label IS 'What the link is called on the source''s side.';
COMMENT ON COLUMN relationships.to_label IS 'What the link is called on the target''s side.';
COMMENT ON COLUMN relationships.created_by IS 'The user who made it. Not enforced.';
CREATE INDEX ix_relationships_from_object_id ON relationships (tenant_id, from_object_id);
CREATE INDEX ix_relationships_to_object_id ON relationships (tenant_id, to_object_id);

CREATE TABLE relationship_records (
    id VARCHAR(64) COLLATE "C" PRIMARY KEY DEFAULT ('rrec_' || replace(gen_random_uuid()::text, '-', ''))
        CHECK (id ~ '^rrec_[A-Za-z0-9_]+$'),
    tenant_id VARCHAR(64) COLLATE "C" NOT NULL,
    relationship_id VARCHAR(64) COLLATE "C" NOT NULL,
    from_record_id VARCHAR(64) COLLATE "C" NOT NULL,
    to_record_id VARCHAR(64) COLLATE "C" NOT NULL,
    relationship_metadata JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(relationship_metadata) = 'object'),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    created_by VARCHAR(64) COLLATE "C" NOT NULL,
    CONSTRAINT relationship_records_relationship_id_fkey FOREIGN KEY (tenant_id, relationship_id)
        REFERENCES relationships (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT relationship_records_from_record_id_fkey FOREIGN KEY (tenant_id, from_record_id)
        REFERENCES records (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT relationship_records_to_record_id_fkey FOREIGN KEY (tenant_id, to_record_id)
        REFERENCES records (tenant_id, id) ON DELETE CASCADE,
    CONSTRAINT relationship_records_once UNIQUE (relationship_id, from_record_id, to_record_id)
);
COMMENT ON TABLE relationship_records IS 'A link between two records.';
COMMENT ON COLUMN relationship_records.relationship_metadata IS 'What is to be said of the link itself, such as a role.';
COMMENT ON COLUMN relationship_records.created_by IS 'The user who made it. Not enforced.';
CREATE INDEX ix_relationship_records_relationship_id ON relationship_records (relationship_id, tenant_id);
CREATE INDEX ix_relationship_records_from_record_id ON relationship_records (from_record_id, tenant_id);
CREATE INDEX ix_relationship_records_to_record_id ON relationship_records (to_record_id, tenant_id);
CREATE INDEX ix_relationship_records_tenant ON relationship_records (tenant_id);

-- ---------------------------------------------------------------- row security

ALTER TABLE users ENABLE ROW LEVEL SECURITY;
-- Not FOR ALL: an account is neither made nor ended by writing a row.
CREATE POLICY users_read_own_data ON users FOR SELECT
    USING (id = NULLIF(current_setting('app.current_user_id', true), '')::UUID);
CREATE POLICY users_change_own_data ON users FOR UPDATE
    USING (id = NULLIF(current_setting('app.current_user_id', true), '')::UUID);

ALTER TABLE token_blacklist ENABLE ROW LEVEL SECURITY;
-- A token can be revoked and looked up, but not given back.
CREATE POLICY token_blacklist_read_own_data ON token_blacklist FOR SELECT
    USING (user_id = NULLIF(current_setting('app.current_user_id', true), ''));
CREATE POLICY token_blacklist_revoke_own ON token_blacklist FOR INSERT
    WITH CHECK (user_id = NULLIF(current_setting('app.current_user_id', true), ''));

DO $$
DECLARE owned text;
BEGIN
    FOREACH owned IN ARRAY ARRAY['fields', 'objects', 'applications', 'object_fields', 'records',
                                 'relationships', 'relationship_records'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', owned);
        EXECUTE format('CREATE POLICY %I ON %I FOR ALL USING '
            '(tenant_id = NULLIF(current_setting(''app.current_user_id'', true), ''''))',
            owned || '_own_data', owned);
    END LOOP;
END $$;

-- ---------------------------------------------------------------- triggers

CREATE FUNCTION touch_updated_at() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END $$;

DO $$
DECLARE touched text;
BEGIN
    FOREACH touched IN ARRAY ARRAY['users', 'fields', 'objects', 'applications', 'records'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE ON %I FOR EACH ROW '
            'EXECUTE FUNCTION touch_updated_at()', touched || '_touch', touched);
    END LOOP;
END $$;
