-- What is done for contacts: tasks, interactions, groups, projects, pipelines.
-- Owners, foreign keys and policies are as in V1.

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

DO $$
DECLARE owned text;
BEGIN
    FOREACH owned IN ARRAY ARRAY['tasks', 'interactions', 'interaction_attachments', 'groups',
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

CREATE VIEW active_tasks WITH (security_invoker = true) AS
    SELECT * FROM tasks WHERE is_archived = false;
COMMENT ON VIEW active_tasks IS 'Tasks that are not archived.';
