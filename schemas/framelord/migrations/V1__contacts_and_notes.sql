-- A person's contacts and notes.
-- README.md beside this folder lists where this differs from the document it comes from, and why.

-- Every row but a user's own carries its user_id, and every policy compares it with the
-- setting app.current_user_id. A foreign key ignores row security, so each has the user_id in it.

-- ---------------------------------------------------------------- users and contacts

CREATE TABLE users (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    email VARCHAR(255) COLLATE "C" NOT NULL UNIQUE,
    email_verified_at TIMESTAMPTZ,
    password_hash VARCHAR(255),
    full_name VARCHAR(255) COLLATE "C" NOT NULL,
    avatar_url TEXT,
    phone VARCHAR(50),
    status VARCHAR(50) NOT NULL DEFAULT 'active',
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    last_login_at TIMESTAMPTZ,
    CONSTRAINT valid_email CHECK (email ~* '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$'),
    CONSTRAINT valid_status CHECK (status IN ('active', 'suspended', 'deleted'))
);
COMMENT ON TABLE users IS 'A person who signs in. Among their contacts they are Contact Zero.';
COMMENT ON COLUMN users.password_hash IS 'bcrypt; null for those who sign in elsewhere.';
COMMENT ON COLUMN users.full_name IS 'The same as Contact Zero''s, as are avatar_url and phone.';
COMMENT ON COLUMN users.avatar_url IS 'A data URL or an address.';
CREATE INDEX idx_users_email ON users (email);
CREATE INDEX idx_users_status ON users (status);
CREATE INDEX idx_users_created_at ON users (created_at);

CREATE TABLE contacts (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    full_name VARCHAR(255) COLLATE "C" NOT NULL CHECK (full_name <> ''),
    email VARCHAR(255) COLLATE "C",
    phone VARCHAR(50),
    avatar_url TEXT,
    is_contact_zero BOOLEAN NOT NULL DEFAULT false,
    relationship_domain VARCHAR(50) NOT NULL,
    relationship_role VARCHAR(100) COLLATE "C" NOT NULL,
    status VARCHAR(50) NOT NULL DEFAULT 'active',
    frame_score INTEGER CHECK (frame_score >= 0 AND frame_score <= 100),
    frame_trend VARCHAR(10) CHECK (frame_trend IN ('up', 'down', 'flat')),
    frame_last_scan_at TIMESTAMPTZ,
    last_contact_at TIMESTAMPTZ,
    next_action_at TIMESTAMPTZ,
    tags TEXT[] DEFAULT '{}',
    company VARCHAR(255) COLLATE "C",
    title VARCHAR(255) COLLATE "C",
    location VARCHAR(255) COLLATE "C",
    linkedin_url TEXT,
    x_handle VARCHAR(255),
    is_archived BOOLEAN NOT NULL DEFAULT false,
    archived_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT valid_relationship_domain CHECK (relationship_domain IN ('business', 'personal', 'hybrid')),
    CONSTRAINT valid_status CHECK (status IN ('active', 'dormant', 'blocked', 'testing', 'archived')),
    -- One rule makes the flag immutable, alone, and its identity the user's own.
    CONSTRAINT contact_zero_is_the_user CHECK (is_contact_zero = (id = user_id)),
    CONSTRAINT contact_zero_stays CHECK (NOT is_contact_zero
        OR (relationship_role = 'self' AND status <> 'archived' AND NOT is_archived)),
    UNIQUE (user_id, id)
);
COMMENT ON TABLE contacts IS 'A person, the user included; everything else hangs on one.';
COMMENT ON COLUMN contacts.is_contact_zero IS 'Is this the user? Exactly one contact of each is, and has the user''s id.';
COMMENT ON COLUMN contacts.relationship_role IS 'prospect, client, friend, manager …; self for Contact Zero.';
COMMENT ON COLUMN contacts.frame_score IS 'From 0 to 100.';
COMMENT ON COLUMN contacts.archived_at IS 'Since when it is archived, by a trigger; 90 days later it may be purged.';
CREATE INDEX idx_contacts_user_id ON contacts (user_id);
CREATE UNIQUE INDEX idx_contacts_is_contact_zero ON contacts (user_id, is_contact_zero) WHERE is_contact_zero;
CREATE INDEX idx_contacts_status ON contacts (status) WHERE is_archived = false;
CREATE INDEX idx_contacts_tags ON contacts USING GIN (tags);
CREATE INDEX idx_contacts_next_action_at ON contacts (next_action_at)
    WHERE next_action_at IS NOT NULL AND is_archived = false;
CREATE INDEX idx_contacts_relationship_domain ON contacts (relationship_domain);
CREATE INDEX idx_contacts_archived_at ON contacts (archived_at) WHERE is_archived;

-- No user without Contact Zero, and no Contact Zero deleted while its user is there. Deferred, since
-- each refers to the other; a RESTRICT is judged at once all the same.
ALTER TABLE users ADD CONSTRAINT users_have_contact_zero FOREIGN KEY (id) REFERENCES contacts (id)
    ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED;

-- ---------------------------------------------------------------- folders and notes

CREATE TABLE folders (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    parent_id UUID,
    name VARCHAR(255) COLLATE "C" NOT NULL CHECK (name <> ''),
    icon VARCHAR(10),
    color VARCHAR(50),
    sort_order INTEGER NOT NULL DEFAULT 0,
    is_default BOOLEAN NOT NULL DEFAULT false,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    UNIQUE (user_id, id),
    CONSTRAINT folders_parent_id_fkey FOREIGN KEY (user_id, parent_id)
        REFERENCES folders (user_id, id) ON DELETE CASCADE,
    CONSTRAINT folders_not_in_itself CHECK (parent_id <> id)
);
COMMENT ON TABLE folders IS 'Where notes are kept, folders within folders.';
COMMENT ON COLUMN folders.color IS 'A hex colour or the name of a preset.';
COMMENT ON COLUMN folders.is_default IS 'Made at sign-up: Projects, Areas, Resources, Archive.';
CREATE INDEX idx_folders_user_id ON folders (user_id);
CREATE INDEX idx_folders_parent_id ON folders (parent_id, user_id);
CREATE INDEX idx_folders_is_default ON folders (user_id, is_default) WHERE is_default = true;

CREATE TABLE notes (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    title VARCHAR(500) COLLATE "C",
    icon VARCHAR(10),
    blocksuite_doc_id VARCHAR(255) COLLATE "C" NOT NULL,
    blocksuite_doc BYTEA,
    blocksuite_snapshot JSONB,
    author_contact_id UUID NOT NULL,
    kind VARCHAR(50) NOT NULL DEFAULT 'note',
    date_key DATE,
    folder_id UUID,
    is_inbox BOOLEAN NOT NULL DEFAULT false,
    tags TEXT[] DEFAULT '{}',
    preferred_view VARCHAR(20) NOT NULL DEFAULT 'doc',
    is_pinned_home BOOLEAN NOT NULL DEFAULT false,
    is_pinned BOOLEAN NOT NULL DEFAULT false,
    is_archived BOOLEAN NOT NULL DEFAULT false,
    archived_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    sync_version INTEGER NOT NULL DEFAULT 0,
    last_synced_at TIMESTAMPTZ,
    CONSTRAINT notes_author_contact_id_fkey FOREIGN KEY (user_id, author_contact_id)
        REFERENCES contacts (user_id, id) ON DELETE CASCADE,
    CONSTRAINT notes_folder_id_fkey FOREIGN KEY (user_id, folder_id)
        REFERENCES folders (user_id, id) ON DELETE SET NULL (folder_id),
    CONSTRAINT valid_kind CHECK (kind IN ('log', 'note', 'system')),
    CONSTRAINT valid_preferred_view CHECK (preferred_view IN ('doc', 'canvas')),
    CONSTRAINT log_must_have_date CHECK (kind != 'log' OR date_key IS NOT NULL),
    UNIQUE (user_id, id),
    UNIQUE (user_id, blocksuite_doc_id)
);
COMMENT ON TABLE notes IS 'A document, as a page or on a canvas.';
COMMENT ON COLUMN notes.title IS 'Null: untitled.';
COMMENT ON COLUMN notes.blocksuite_doc IS 'The Yjs document: merged, never overwritten.';
COMMENT ON COLUMN notes.blocksuite_snapshot IS 'The document as JSON, made at every save: what is searched, and where [[names]] are found.';
COMMENT ON COLUMN notes.kind IS 'log: an entry of the day date_key.';
COMMENT ON COLUMN notes.archived_at IS 'Since when it is archived, by a trigger; 90 days later it may be purged.';
COMMENT ON COLUMN notes.sync_version IS 'How often the server has stored a change of it.';
COMMENT ON COLUMN notes.last_synced_at IS 'When the server last stored a change of it.';
CREATE INDEX idx_notes_user_id ON notes (user_id);
CREATE INDEX idx_notes_author_contact_id ON notes (author_contact_id, user_id);
CREATE INDEX idx_notes_kind ON notes (kind) WHERE is_archived = false;
CREATE INDEX idx_notes_date_key ON notes (date_key) WHERE date_key IS NOT NULL;
CREATE INDEX idx_notes_folder_id ON notes (folder_id) WHERE folder_id IS NOT NULL AND is_archived = false;
CREATE INDEX idx_notes_folder ON notes (user_id, folder_id);
CREATE INDEX idx_notes_is_inbox ON notes (user_id, is_inbox) WHERE is_inbox = true AND is_archived = false;
CREATE INDEX idx_notes_tags ON notes USING GIN (tags);
CREATE INDEX idx_notes_created_at ON notes (created_at DESC);
CREATE INDEX idx_notes_updated_at ON notes (updated_at DESC);
CREATE INDEX idx_notes_blocksuite_doc_id ON notes (blocksuite_doc_id);
CREATE INDEX idx_notes_title ON notes (user_id, title);
CREATE INDEX idx_notes_archived_at ON notes (archived_at) WHERE is_archived;
CREATE INDEX idx_notes_title_fts ON notes USING GIN (to_tsvector('english', COALESCE(title, '')));
CREATE INDEX idx_notes_snapshot_fts ON notes USING GIN (to_tsvector('english', COALESCE(blocksuite_snapshot::text, '')));

CREATE TABLE note_target_contacts (
    note_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (note_id, contact_id),
    CONSTRAINT note_target_contacts_note_id_fkey FOREIGN KEY (user_id, note_id)
        REFERENCES notes (user_id, id) ON DELETE CASCADE,
    CONSTRAINT note_target_contacts_contact_id_fkey FOREIGN KEY (user_id, contact_id)
        REFERENCES contacts (user_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE note_target_contacts IS 'Whom a note is about.';
CREATE INDEX idx_note_target_contacts_contact_id ON note_target_contacts (contact_id, user_id);
CREATE INDEX idx_note_target_contacts_note_id ON note_target_contacts (note_id, user_id);
CREATE INDEX idx_note_target_contacts_user_id ON note_target_contacts (user_id);

CREATE TABLE note_links (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    source_note_id UUID NOT NULL,
    target_note_id UUID NOT NULL,
    mention VARCHAR(500) COLLATE "C",
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    UNIQUE (source_note_id, target_note_id),
    CONSTRAINT note_links_source_note_id_fkey FOREIGN KEY (user_id, source_note_id)
        REFERENCES notes (user_id, id) ON DELETE CASCADE,
    CONSTRAINT note_links_target_note_id_fkey FOREIGN KEY (user_id, target_note_id)
        REFERENCES notes (user_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE note_links IS 'A link from one note to another; read from both ends.';
COMMENT ON COLUMN note_links.mention IS 'What stands between [[ and ]] in the source, and goes with it; null for a link made by hand.';
CREATE INDEX idx_note_links_source ON note_links (source_note_id, user_id);
CREATE INDEX idx_note_links_target ON note_links (target_note_id, user_id);
CREATE INDEX idx_note_links_user_id ON note_links (user_id);

CREATE TABLE topics (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    label VARCHAR(255) COLLATE "C" NOT NULL CHECK (label <> ''),
    slug VARCHAR(255) COLLATE "C" NOT NULL CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    UNIQUE (user_id, slug),
    UNIQUE (user_id, id)
);
COMMENT ON TABLE topics IS 'What notes are about; made of [[names]] that are no note''s title, or by hand.';
COMMENT ON COLUMN topics.slug IS 'The label in a form for addresses; one topic each.';
CREATE INDEX idx_topics_user_id ON topics (user_id);
CREATE INDEX idx_topics_slug ON topics (user_id, slug);

CREATE TABLE note_topics (
    note_id UUID NOT NULL,
    topic_id UUID NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (note_id, topic_id),
    CONSTRAINT note_topics_note_id_fkey FOREIGN KEY (user_id, note_id)
        REFERENCES notes (user_id, id) ON DELETE CASCADE,
    CONSTRAINT note_topics_topic_id_fkey FOREIGN KEY (user_id, topic_id)
        REFERENCES topics (user_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE note_topics IS 'A topic of a note.';
CREATE INDEX idx_note_topics_topic_id ON note_topics (topic_id, user_id);
CREATE INDEX idx_note_topics_note_id ON note_topics (note_id, user_id);
CREATE INDEX idx_note_topics_user_id ON note_topics (user_id);

-- ---------------------------------------------------------------- row security

ALTER TABLE users ENABLE ROW LEVEL SECURITY;
-- Not FOR ALL: an account is neither made nor ended by writing a row.
CREATE POLICY users_read_own_data ON users FOR SELECT
    USING (id = NULLIF(current_setting('app.current_user_id', true), '')::UUID);
CREATE POLICY users_change_own_data ON users FOR UPDATE
    USING (id = NULLIF(current_setting('app.current_user_id', true), '')::UUID);

-- NULLIF makes it NULL where nobody is asking, so that no row is seen then, rather than an error
-- raised. The expression is spelt out rather than put into a function: the planner can then use the
-- indexes that begin with user_id, and Haversack can read from it which column names the owner.
DO $$
DECLARE owned text;
BEGIN
    FOREACH owned IN ARRAY ARRAY['contacts', 'folders', 'notes', 'note_target_contacts',
            'note_links', 'topics', 'note_topics'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', owned);
        EXECUTE format('CREATE POLICY %I ON %I FOR ALL USING '
            '(user_id = NULLIF(current_setting(''app.current_user_id'', true), '''')::UUID)',
            owned || '_own_data', owned);
    END LOOP;
END $$;

-- ---------------------------------------------------------------- what is not archived

CREATE VIEW active_contacts WITH (security_invoker = true) AS
    SELECT * FROM contacts WHERE is_archived = false;
COMMENT ON VIEW active_contacts IS 'Contacts that are not archived, Contact Zero among them.';
CREATE VIEW active_notes WITH (security_invoker = true) AS
    SELECT * FROM notes WHERE is_archived = false;
COMMENT ON VIEW active_notes IS 'Notes that are not archived.';
