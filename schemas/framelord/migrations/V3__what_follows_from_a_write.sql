-- What the server does when something is written: sign-up, timestamps, archiving, pipelines.
--
-- Functions that write to other tables run as their owner, because the writer may not be allowed to;
-- each touches rows of the written row's own user alone.

-- Keys of rows that follow from others are made of the others' keys, so that a client can foresee
-- them, and what two devices foresee is one row.
CREATE FUNCTION derived_uuid(name TEXT) RETURNS UUID LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT md5(name)::uuid
$$;
COMMENT ON FUNCTION derived_uuid(TEXT) IS 'The key of a row that follows from others: the MD5 of a name made of theirs.';

-- ---------------------------------------------------------------- timestamps and archiving

CREATE FUNCTION touch_updated_at() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END $$;

DO $$
DECLARE touched text;
BEGIN
    FOREACH touched IN ARRAY ARRAY['users', 'contacts', 'folders', 'notes', 'topics', 'tasks',
            'interactions', 'groups', 'projects', 'pipeline_templates', 'pipeline_items'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE ON %I FOR EACH ROW '
            'EXECUTE FUNCTION touch_updated_at()', touched || '_touch', touched);
    END LOOP;
END $$;

CREATE FUNCTION note_when_archived() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    NEW.archived_at := CASE WHEN NEW.is_archived THEN COALESCE(NEW.archived_at, now()) END;
    RETURN NEW;
END $$;
CREATE TRIGGER contacts_archived BEFORE INSERT OR UPDATE ON contacts
    FOR EACH ROW EXECUTE FUNCTION note_when_archived();
CREATE TRIGGER notes_archived BEFORE INSERT OR UPDATE ON notes
    FOR EACH ROW EXECUTE FUNCTION note_when_archived();
CREATE TRIGGER tasks_archived BEFORE INSERT OR UPDATE ON tasks
    FOR EACH ROW EXECUTE FUNCTION note_when_archived();

CREATE FUNCTION purge_archived(older_than INTERVAL DEFAULT INTERVAL '90 days') RETURNS BIGINT
LANGUAGE plpgsql AS $$
DECLARE
    notes_gone BIGINT;
    tasks_gone BIGINT;
    contacts_gone BIGINT;
BEGIN
    DELETE FROM notes WHERE is_archived AND archived_at < now() - older_than;
    GET DIAGNOSTICS notes_gone = ROW_COUNT;
    DELETE FROM tasks WHERE is_archived AND archived_at < now() - older_than;
    GET DIAGNOSTICS tasks_gone = ROW_COUNT;
    -- Whoever made a task or a file that is still there stays with it.
    DELETE FROM contacts c WHERE is_archived AND archived_at < now() - older_than
        AND NOT EXISTS (SELECT 1 FROM tasks t WHERE t.user_id = c.user_id AND t.created_by = c.id)
        AND NOT EXISTS (SELECT 1 FROM project_attachments a WHERE a.user_id = c.user_id AND a.uploaded_by = c.id);
    GET DIAGNOSTICS contacts_gone = ROW_COUNT;
    RETURN notes_gone + tasks_gone + contacts_gone;
END $$;
COMMENT ON FUNCTION purge_archived(INTERVAL) IS
    'Deletes what has been archived for longer than this, with what hangs on it; returns how many notes, tasks and contacts. To be run daily.';

CREATE FUNCTION count_note_version() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    NEW.sync_version := CASE TG_OP WHEN 'UPDATE' THEN OLD.sync_version + 1 ELSE 0 END;
    NEW.last_synced_at := now();
    RETURN NEW;
END $$;
CREATE TRIGGER notes_version BEFORE INSERT OR UPDATE ON notes
    FOR EACH ROW EXECUTE FUNCTION count_note_version();

-- ---------------------------------------------------------------- sign-up and Contact Zero

CREATE FUNCTION welcome_user() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO public.contacts (id, user_id, full_name, email, phone, avatar_url, is_contact_zero,
            relationship_domain, relationship_role)
        VALUES (NEW.id, NEW.id, NEW.full_name, NEW.email, NEW.phone, NEW.avatar_url, true, 'personal', 'self');
    INSERT INTO public.folders (id, user_id, name, icon, sort_order, is_default)
        SELECT public.derived_uuid(NEW.id || '/folders/' || name), NEW.id, name, icon, place, true
        FROM (VALUES ('Projects', '🎯', 0), ('Areas', '🧭', 1), ('Resources', '📚', 2), ('Archive', '🗄', 3))
            AS d (name, icon, place);
    RETURN NULL;
END $$;
CREATE TRIGGER users_welcome AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION welcome_user();

-- Profile and Contact Zero are one person: what changes in one changes in the other. Each writes only
-- what differs, so they come to rest.
CREATE FUNCTION mirror_user() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE public.contacts SET full_name = NEW.full_name, avatar_url = NEW.avatar_url, phone = NEW.phone
        WHERE id = NEW.id AND user_id = NEW.id
          AND (full_name, avatar_url, phone) IS DISTINCT FROM (NEW.full_name, NEW.avatar_url, NEW.phone);
    RETURN NULL;
END $$;
CREATE TRIGGER users_mirror AFTER UPDATE OF full_name, avatar_url, phone ON users
    FOR EACH ROW EXECUTE FUNCTION mirror_user();

CREATE FUNCTION mirror_contact_zero() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE public.users SET full_name = NEW.full_name, avatar_url = NEW.avatar_url, phone = NEW.phone
        WHERE id = NEW.user_id
          AND (full_name, avatar_url, phone) IS DISTINCT FROM (NEW.full_name, NEW.avatar_url, NEW.phone);
    RETURN NULL;
END $$;
CREATE TRIGGER contacts_mirror AFTER UPDATE OF full_name, avatar_url, phone ON contacts
    FOR EACH ROW WHEN (NEW.is_contact_zero) EXECUTE FUNCTION mirror_contact_zero();

-- ---------------------------------------------------------------- folders

CREATE FUNCTION refuse_folder_cycle() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Two moves made at once would not see each other.
    PERFORM pg_advisory_xact_lock(hashtextextended('folders ' || NEW.user_id, 0));
    IF EXISTS (
        WITH RECURSIVE above AS (
            SELECT f.id, f.parent_id FROM public.folders f WHERE f.id = NEW.parent_id
          UNION
            SELECT f.id, f.parent_id FROM public.folders f JOIN above a ON f.id = a.parent_id)
        SELECT 1 FROM above WHERE above.id = NEW.id) THEN
        RAISE EXCEPTION 'folder % would lie within itself', NEW.name
            USING ERRCODE = 'check_violation', CONSTRAINT = 'folders_not_in_themselves',
                SCHEMA = 'public', TABLE = 'folders', COLUMN = 'parent_id';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER folders_cycle AFTER INSERT OR UPDATE OF parent_id ON folders
    FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION refuse_folder_cycle();

-- ---------------------------------------------------------------- pipelines

CREATE FUNCTION note_when_closed() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status = 'open' THEN
        NEW.closed_at := NULL;
    ELSIF NEW.status IN ('won', 'lost') THEN
        NEW.closed_at := COALESCE(NEW.closed_at, now());
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER pipeline_items_closed BEFORE INSERT OR UPDATE ON pipeline_items
    FOR EACH ROW EXECUTE FUNCTION note_when_closed();

-- One task for an item and a stage: coming back to a stage makes no second one.
CREATE FUNCTION create_stage_task() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO public.tasks (id, user_id, contact_id, title, due_at, created_by)
        SELECT public.derived_uuid(NEW.id || '/stages/' || s.id), NEW.user_id, NEW.contact_id, s.auto_task_title,
               now() + make_interval(days => s.auto_task_due_in_days), NEW.user_id
        FROM public.pipeline_stage_templates s
        WHERE s.template_id = NEW.template_id AND s.id = NEW.current_stage_id AND s.auto_task_title IS NOT NULL
        ON CONFLICT (id) DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER pipeline_items_enter_stage AFTER INSERT ON pipeline_items
    FOR EACH ROW EXECUTE FUNCTION create_stage_task();
CREATE TRIGGER pipeline_items_change_stage AFTER UPDATE OF current_stage_id ON pipeline_items
    FOR EACH ROW WHEN (NEW.current_stage_id <> OLD.current_stage_id) EXECUTE FUNCTION create_stage_task();
