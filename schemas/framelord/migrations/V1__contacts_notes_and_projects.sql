-- A person's contacts, and what hangs on them: notes, tasks, interactions, projects, pipelines.
-- README.md beside this folder lists where this differs from the document it comes from, and why.

-- Every row but a user's own carries its user_id, and every policy at the end compares it with the
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

-- ---------------------------------------------------------------- tasks and interactions

CREATE TABLE tasks (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    contact_id UUID NOT NULL,
    title VARCHAR(500) COLLATE "C" NOT NULL CHECK (title <> ''),
    description TEXT,
    status VARCHAR(20) NOT NULL DEFAULT 'open',
    due_at TIMESTAMPTZ,
    is_archived BOOLEAN NOT NULL DEFAULT false,
    archived_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    created_by UUID,
    CONSTRAINT tasks_contact_id_fkey FOREIGN KEY (user_id, contact_id)
        REFERENCES contacts (user_id, id) ON DELETE CASCADE,
    CONSTRAINT tasks_created_by_fkey FOREIGN KEY (user_id, created_by) REFERENCES contacts (user_id, id),
    CONSTRAINT valid_status CHECK (status IN ('open', 'done', 'blocked')),
    UNIQUE (user_id, id)
);
COMMENT ON TABLE tasks IS 'Something to do for, or with, a contact.';
COMMENT ON COLUMN tasks.due_at IS 'Where it stands in the calendar.';
COMMENT ON COLUMN tasks.created_by IS 'Who made it, Contact Zero as a rule.';
COMMENT ON COLUMN tasks.archived_at IS 'Since when it is archived, by a trigger; 90 days later it may be purged.';
CREATE INDEX idx_tasks_user_id ON tasks (user_id);
CREATE INDEX idx_tasks_contact_id ON tasks (contact_id) WHERE is_archived = false;
CREATE INDEX idx_tasks_contact ON tasks (user_id, contact_id);
CREATE INDEX idx_tasks_created_by ON tasks (user_id, created_by);
CREATE INDEX idx_tasks_status ON tasks (status) WHERE is_archived = false;
CREATE INDEX idx_tasks_due_at ON tasks (due_at) WHERE due_at IS NOT NULL AND is_archived = false;
CREATE INDEX idx_tasks_created_at ON tasks (created_at DESC);
CREATE INDEX idx_tasks_archived_at ON tasks (archived_at) WHERE is_archived;

CREATE TABLE interactions (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    contact_id UUID NOT NULL,
    author_contact_id UUID NOT NULL,
    type VARCHAR(50) NOT NULL,
    summary TEXT NOT NULL,
    occurred_at TIMESTAMPTZ NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT interactions_contact_id_fkey FOREIGN KEY (user_id, contact_id)
        REFERENCES contacts (user_id, id) ON DELETE CASCADE,
    CONSTRAINT interactions_author_contact_id_fkey FOREIGN KEY (user_id, author_contact_id)
        REFERENCES contacts (user_id, id) ON DELETE CASCADE,
    CONSTRAINT valid_type CHECK (type IN ('call', 'meeting', 'message', 'email', 'dm', 'other')),
    UNIQUE (user_id, id)
);
COMMENT ON TABLE interactions IS 'A call, a meeting, a message: what passed between contacts.';
CREATE INDEX idx_interactions_user_id ON interactions (user_id);
CREATE INDEX idx_interactions_contact_id ON interactions (contact_id, user_id);
CREATE INDEX idx_interactions_author ON interactions (author_contact_id, user_id);
CREATE INDEX idx_interactions_occurred_at ON interactions (occurred_at DESC);
CREATE INDEX idx_interactions_type ON interactions (type);

-- 10 MB are 13,981,016 characters in base64; the rest is for the data URL's beginning.
CREATE TABLE interaction_attachments (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    interaction_id UUID NOT NULL,
    file_name VARCHAR(255) COLLATE "C" NOT NULL CHECK (file_name <> ''),
    mime_type VARCHAR(100) NOT NULL,
    data_url TEXT NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT interaction_attachments_interaction_id_fkey FOREIGN KEY (user_id, interaction_id)
        REFERENCES interactions (user_id, id) ON DELETE CASCADE,
    CONSTRAINT attachment_is_a_url CHECK (data_url LIKE 'data:%,%' OR data_url ~ '^https?://'),
    CONSTRAINT attachment_within_10_mb CHECK (octet_length(data_url) <= 13981016 + 256)
);
COMMENT ON TABLE interaction_attachments IS 'A file of an interaction.';
COMMENT ON COLUMN interaction_attachments.data_url IS 'The file itself as a data URL, of at most 10 MB, or its address.';
CREATE INDEX idx_interaction_attachments_interaction_id ON interaction_attachments (interaction_id, user_id);
CREATE INDEX idx_interaction_attachments_user_id ON interaction_attachments (user_id);

-- ---------------------------------------------------------------- groups

CREATE TABLE groups (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name VARCHAR(255) COLLATE "C" NOT NULL CHECK (name <> ''),
    description TEXT,
    banner_url TEXT,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    UNIQUE (user_id, id)
);
COMMENT ON TABLE groups IS 'Contacts that belong together.';
COMMENT ON COLUMN groups.banner_url IS 'A data URL or an address.';
CREATE INDEX idx_groups_user_id ON groups (user_id);

CREATE TABLE group_memberships (
    group_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    joined_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (group_id, contact_id),
    CONSTRAINT group_memberships_group_id_fkey FOREIGN KEY (user_id, group_id)
        REFERENCES groups (user_id, id) ON DELETE CASCADE,
    CONSTRAINT group_memberships_contact_id_fkey FOREIGN KEY (user_id, contact_id)
        REFERENCES contacts (user_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE group_memberships IS 'A contact in a group.';
CREATE INDEX idx_group_memberships_contact_id ON group_memberships (contact_id, user_id);
CREATE INDEX idx_group_memberships_group_id ON group_memberships (group_id, user_id);
CREATE INDEX idx_group_memberships_user_id ON group_memberships (user_id);

-- ---------------------------------------------------------------- projects

CREATE TABLE projects (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name VARCHAR(255) COLLATE "C" NOT NULL CHECK (name <> ''),
    description TEXT,
    banner_url TEXT,
    primary_contact_id UUID NOT NULL,
    status VARCHAR(50) NOT NULL DEFAULT 'active',
    priority VARCHAR(20) NOT NULL DEFAULT 'medium',
    start_date DATE,
    due_date DATE,
    is_group_project BOOLEAN NOT NULL DEFAULT false,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT projects_primary_contact_id_fkey FOREIGN KEY (user_id, primary_contact_id)
        REFERENCES contacts (user_id, id) ON DELETE CASCADE,
    CONSTRAINT valid_status CHECK (status IN ('active', 'on_hold', 'completed', 'archived')),
    CONSTRAINT valid_priority CHECK (priority IN ('low', 'medium', 'high', 'critical')),
    UNIQUE (user_id, id)
);
COMMENT ON TABLE projects IS 'Tasks in sections, for a contact.';
CREATE INDEX idx_projects_user_id ON projects (user_id);
CREATE INDEX idx_projects_primary_contact_id ON projects (primary_contact_id, user_id);
CREATE INDEX idx_projects_status ON projects (status);
CREATE INDEX idx_projects_priority ON projects (priority);
CREATE INDEX idx_projects_due_date ON projects (due_date) WHERE due_date IS NOT NULL;

CREATE TABLE project_related_contacts (
    project_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (project_id, contact_id),
    CONSTRAINT project_related_contacts_project_id_fkey FOREIGN KEY (user_id, project_id)
        REFERENCES projects (user_id, id) ON DELETE CASCADE,
    CONSTRAINT project_related_contacts_contact_id_fkey FOREIGN KEY (user_id, contact_id)
        REFERENCES contacts (user_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE project_related_contacts IS 'Who else has to do with a project.';
CREATE INDEX idx_project_related_contacts_contact_id ON project_related_contacts (contact_id, user_id);
CREATE INDEX idx_project_related_contacts_user_id ON project_related_contacts (user_id, project_id);

CREATE TABLE project_sections (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id UUID NOT NULL,
    name VARCHAR(255) COLLATE "C" NOT NULL CHECK (name <> ''),
    sort_order INTEGER NOT NULL DEFAULT 0,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT project_sections_project_id_fkey FOREIGN KEY (user_id, project_id)
        REFERENCES projects (user_id, id) ON DELETE CASCADE,
    UNIQUE (project_id, id)
);
COMMENT ON TABLE project_sections IS 'A part of a project, such as Backlog, In Progress, Done.';
CREATE INDEX idx_project_sections_project_id ON project_sections (project_id, user_id);
CREATE INDEX idx_project_sections_user_id ON project_sections (user_id);

CREATE TABLE project_task_links (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id UUID NOT NULL,
    section_id UUID NOT NULL,
    task_id UUID NOT NULL,
    sort_order INTEGER NOT NULL DEFAULT 0,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    UNIQUE (project_id, section_id, task_id),
    CONSTRAINT project_task_links_project_id_fkey FOREIGN KEY (user_id, project_id)
        REFERENCES projects (user_id, id) ON DELETE CASCADE,
    CONSTRAINT project_task_links_section_id_fkey FOREIGN KEY (project_id, section_id)
        REFERENCES project_sections (project_id, id) ON DELETE CASCADE,
    CONSTRAINT project_task_links_task_id_fkey FOREIGN KEY (user_id, task_id)
        REFERENCES tasks (user_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE project_task_links IS 'A task in a section of a project; the task itself is there once.';
CREATE INDEX idx_project_task_links_project_id ON project_task_links (project_id, user_id);
CREATE INDEX idx_project_task_links_section_id ON project_task_links (section_id, project_id);
CREATE INDEX idx_project_task_links_task_id ON project_task_links (task_id, user_id);
CREATE INDEX idx_project_task_links_user_id ON project_task_links (user_id);

CREATE TABLE project_attachments (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    project_id UUID NOT NULL,
    file_name VARCHAR(255) COLLATE "C" NOT NULL CHECK (file_name <> ''),
    mime_type VARCHAR(100) NOT NULL,
    data_url TEXT NOT NULL,
    uploaded_by UUID NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT project_attachments_project_id_fkey FOREIGN KEY (user_id, project_id)
        REFERENCES projects (user_id, id) ON DELETE CASCADE,
    CONSTRAINT project_attachments_uploaded_by_fkey FOREIGN KEY (user_id, uploaded_by)
        REFERENCES contacts (user_id, id),
    CONSTRAINT attachment_is_a_url CHECK (data_url LIKE 'data:%,%' OR data_url ~ '^https?://'),
    CONSTRAINT attachment_within_10_mb CHECK (octet_length(data_url) <= 13981016 + 256)
);
COMMENT ON TABLE project_attachments IS 'A file of a project.';
COMMENT ON COLUMN project_attachments.data_url IS 'The file itself as a data URL, of at most 10 MB, or its address.';
COMMENT ON COLUMN project_attachments.uploaded_by IS 'Whose file it is; that contact can''t be deleted while it is here.';
CREATE INDEX idx_project_attachments_project_id ON project_attachments (project_id, user_id);
CREATE INDEX idx_project_attachments_uploaded_by ON project_attachments (user_id, uploaded_by);

-- ---------------------------------------------------------------- pipelines

CREATE TABLE pipeline_templates (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    name VARCHAR(255) COLLATE "C" NOT NULL CHECK (name <> ''),
    description TEXT,
    domain VARCHAR(50) NOT NULL,
    is_default BOOLEAN NOT NULL DEFAULT false,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT valid_domain CHECK (domain IN ('business', 'personal', 'hybrid')),
    UNIQUE (user_id, id)
);
COMMENT ON TABLE pipeline_templates IS 'Stages that contacts pass through: sales, recruiting, onboarding.';
CREATE INDEX idx_pipeline_templates_user_id ON pipeline_templates (user_id);
CREATE INDEX idx_pipeline_templates_domain ON pipeline_templates (domain);

CREATE TABLE pipeline_stage_templates (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    template_id UUID NOT NULL,
    name VARCHAR(255) COLLATE "C" NOT NULL CHECK (name <> ''),
    sort_order INTEGER NOT NULL,
    color VARCHAR(50),
    auto_task_title VARCHAR(500) COLLATE "C" CHECK (auto_task_title <> ''),
    auto_task_due_in_days INTEGER CHECK (auto_task_due_in_days BETWEEN 0 AND 36500),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT pipeline_stage_templates_template_id_fkey FOREIGN KEY (user_id, template_id)
        REFERENCES pipeline_templates (user_id, id) ON DELETE CASCADE,
    UNIQUE (template_id, id)
);
COMMENT ON TABLE pipeline_stage_templates IS 'A stage of a pipeline.';
COMMENT ON COLUMN pipeline_stage_templates.auto_task_title IS 'Null, or the task that an item gets when it enters the stage.';
COMMENT ON COLUMN pipeline_stage_templates.auto_task_due_in_days IS 'Days until that task is due; null for no due date.';
CREATE INDEX idx_pipeline_stage_templates_template_id ON pipeline_stage_templates (template_id, user_id);
CREATE INDEX idx_pipeline_stage_templates_user_id ON pipeline_stage_templates (user_id);

CREATE TABLE pipeline_items (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    template_id UUID NOT NULL,
    current_stage_id UUID NOT NULL,
    contact_id UUID NOT NULL,
    label VARCHAR(255) COLLATE "C",
    value NUMERIC(12, 2),
    status VARCHAR(50) NOT NULL DEFAULT 'open',
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    closed_at TIMESTAMPTZ,
    CONSTRAINT pipeline_items_template_id_fkey FOREIGN KEY (user_id, template_id)
        REFERENCES pipeline_templates (user_id, id) ON DELETE CASCADE,
    CONSTRAINT pipeline_items_current_stage_id_fkey FOREIGN KEY (template_id, current_stage_id)
        REFERENCES pipeline_stage_templates (template_id, id),
    CONSTRAINT pipeline_items_contact_id_fkey FOREIGN KEY (user_id, contact_id)
        REFERENCES contacts (user_id, id) ON DELETE CASCADE,
    CONSTRAINT valid_status CHECK (status IN ('open', 'won', 'lost', 'archived'))
);
COMMENT ON TABLE pipeline_items IS 'A contact on its way through a pipeline.';
COMMENT ON COLUMN pipeline_items.label IS 'What the deal or case is called.';
COMMENT ON COLUMN pipeline_items.value IS 'What the deal is worth.';
COMMENT ON COLUMN pipeline_items.closed_at IS 'When it was won or lost, by a trigger.';
CREATE INDEX idx_pipeline_items_user_id ON pipeline_items (user_id);
CREATE INDEX idx_pipeline_items_template_id ON pipeline_items (template_id, user_id);
CREATE INDEX idx_pipeline_items_contact_id ON pipeline_items (contact_id, user_id);
CREATE INDEX idx_pipeline_items_current_stage_id ON pipeline_items (current_stage_id, template_id);
CREATE INDEX idx_pipeline_items_status ON pipeline_items (status);

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
    FOREACH owned IN ARRAY ARRAY['contacts', 'folders', 'notes', 'note_target_contacts', 'note_links',
            'topics', 'note_topics', 'tasks', 'interactions', 'interaction_attachments', 'groups',
            'group_memberships', 'projects', 'project_related_contacts', 'project_sections',
            'project_task_links', 'project_attachments', 'pipeline_templates',
            'pipeline_stage_templates', 'pipeline_items'] LOOP
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
CREATE VIEW active_tasks WITH (security_invoker = true) AS
    SELECT * FROM tasks WHERE is_archived = false;
COMMENT ON VIEW active_tasks IS 'Tasks that are not archived.';
