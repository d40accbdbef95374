-- What the GDPR asks for: a copy of everything about a user, and its erasure; and the way in for what
-- an earlier version kept in localStorage.

CREATE TYPE request_status AS ENUM ('pending', 'processing', 'ready', 'failed', 'expired');
CREATE TYPE import_status AS ENUM ('uploaded', 'validated', 'applied', 'failed', 'rolled_back');

CREATE TABLE data_export_requests (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    status request_status NOT NULL DEFAULT 'pending',
    requested_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    completed_at TIMESTAMPTZ,
    expires_at TIMESTAMPTZ,
    download_url TEXT,
    size_bytes BIGINT CHECK (size_bytes >= 0),
    error TEXT,
    payload JSONB,
    CONSTRAINT data_export_ready_is_there CHECK (status <> 'ready'
        OR (completed_at IS NOT NULL AND expires_at IS NOT NULL AND download_url IS NOT NULL))
);
COMMENT ON TABLE data_export_requests IS 'A user asks for a copy of everything about them.';
COMMENT ON COLUMN data_export_requests.payload IS 'The copy; gone when the request has expired.';
CREATE INDEX idx_data_export_requests_user ON data_export_requests (user_id, requested_at DESC);
CREATE INDEX idx_data_export_requests_open ON data_export_requests (requested_at) WHERE status IN ('pending', 'processing');
CREATE UNIQUE INDEX data_export_requests_one_open ON data_export_requests (user_id) WHERE status IN ('pending', 'processing');

CREATE TABLE data_deletion_requests (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    reason TEXT,
    requested_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    scheduled_for TIMESTAMPTZ NOT NULL DEFAULT now() + INTERVAL '30 days',
    cancelled_at TIMESTAMPTZ
);
COMMENT ON TABLE data_deletion_requests IS 'A user asks to be erased. When it is done the request is gone too; the audit trail has it.';
COMMENT ON COLUMN data_deletion_requests.scheduled_for IS 'Until then the user may think better of it.';
CREATE UNIQUE INDEX data_deletion_requests_one_open ON data_deletion_requests (user_id) WHERE cancelled_at IS NULL;
CREATE INDEX idx_data_deletion_requests_due ON data_deletion_requests (scheduled_for) WHERE cancelled_at IS NULL;
CREATE INDEX idx_data_deletion_requests_user ON data_deletion_requests (user_id);

CREATE TABLE data_imports (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    source VARCHAR(50) NOT NULL DEFAULT 'localStorage' CHECK (source <> ''),
    status import_status NOT NULL DEFAULT 'uploaded',
    payload JSONB NOT NULL,
    preview JSONB,
    errors JSONB NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(errors) = 'array'),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    finished_at TIMESTAMPTZ
);
COMMENT ON TABLE data_imports IS 'Data of an earlier version, on its way in.';
COMMENT ON COLUMN data_imports.preview IS 'How many rows of each table it would make.';
COMMENT ON COLUMN data_imports.errors IS 'What is wrong with it, and where.';
CREATE INDEX idx_data_imports_user ON data_imports (user_id, created_at DESC);

-- ---------------------------------------------------------------- row security

ALTER TABLE data_export_requests ENABLE ROW LEVEL SECURITY;
CREATE POLICY data_export_requests_read_own_data ON data_export_requests FOR SELECT
    USING (user_id = NULLIF(current_setting('app.current_user_id', true), '')::UUID);
CREATE POLICY data_export_requests_ask ON data_export_requests FOR INSERT
    WITH CHECK (user_id = NULLIF(current_setting('app.current_user_id', true), '')::UUID);

ALTER TABLE data_deletion_requests ENABLE ROW LEVEL SECURITY;
-- To cancel is to update; what was asked is not deleted.
CREATE POLICY data_deletion_requests_read_own_data ON data_deletion_requests FOR SELECT
    USING (user_id = NULLIF(current_setting('app.current_user_id', true), '')::UUID);
CREATE POLICY data_deletion_requests_ask ON data_deletion_requests FOR INSERT
    WITH CHECK (user_id = NULLIF(current_setting('app.current_user_id', true), '')::UUID);
CREATE POLICY data_deletion_requests_cancel ON data_deletion_requests FOR UPDATE
    USING (user_id = NULLIF(current_setting('app.current_user_id', true), '')::UUID);

ALTER TABLE data_imports ENABLE ROW LEVEL SECURITY;
CREATE POLICY data_imports_own_data ON data_imports FOR ALL
    USING (user_id = NULLIF(current_setting('app.current_user_id', true), '')::UUID);

CREATE TRIGGER data_export_requests_audit AFTER INSERT OR UPDATE OR DELETE ON data_export_requests
    FOR EACH ROW EXECUTE FUNCTION audit_change('payload');
CREATE TRIGGER data_deletion_requests_audit AFTER INSERT OR UPDATE OR DELETE ON data_deletion_requests
    FOR EACH ROW EXECUTE FUNCTION audit_change();

-- ---------------------------------------------------------------- export

-- Every table that names a user is in it, those that come later too, for the catalog is asked.
CREATE FUNCTION export_user_data(target UUID) RETURNS JSONB
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    -- Nobody's to see, or made of what is there anyway.
    secret CONSTANT TEXT[] := ARRAY['password_hash', 'token_hash', 'search_vector', 'payload'];
    found JSONB;
    result JSONB;
    part TEXT;
BEGIN
    SELECT jsonb_build_object('users', jsonb_agg(to_jsonb(u) - secret)) INTO result FROM public.users u WHERE u.id = target;
    FOR part IN
        SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition
          AND a.attname = 'user_id' AND NOT a.attisdropped
        ORDER BY c.relname
    LOOP
        EXECUTE format('SELECT COALESCE(jsonb_agg(to_jsonb(t) - $2), ''[]'') FROM public.%I t WHERE t.user_id = $1', part)
            INTO found USING target, secret;
        result := result || jsonb_build_object(part, found);
    END LOOP;
    SELECT COALESCE(jsonb_agg(to_jsonb(i) - secret), '[]') INTO found FROM public.organization_invitations i
        WHERE i.email = (SELECT u.email FROM public.users u WHERE u.id = target);
    RETURN result || jsonb_build_object('organization_invitations', found);
END $$;
COMMENT ON FUNCTION export_user_data(UUID) IS 'Everything about a user, by table.';

CREATE FUNCTION prepare_data_export(request UUID) RETURNS VOID
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    content JSONB;
    whose UUID;
BEGIN
    UPDATE public.data_export_requests SET status = 'processing' WHERE id = request AND status IN ('pending', 'failed')
        RETURNING user_id INTO whose;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'export request % is not waiting', request USING ERRCODE = 'no_data_found';
    END IF;
    content := public.export_user_data(whose);
    UPDATE public.data_export_requests SET status = 'ready', payload = content, size_bytes = octet_length(content::text),
        download_url = '/v1/export/' || request, completed_at = now(), expires_at = now() + INTERVAL '7 days', error = NULL
        WHERE id = request;
END $$;
COMMENT ON FUNCTION prepare_data_export(UUID) IS 'Answers a request for an export; the copy can be fetched for seven days.';

CREATE FUNCTION expire_data_exports() RETURNS BIGINT LANGUAGE sql SET search_path = pg_catalog, public, pg_temp AS $$
    WITH expired AS (
        UPDATE public.data_export_requests SET status = 'expired', payload = NULL, download_url = NULL
        WHERE status = 'ready' AND expires_at <= now() RETURNING 1)
    SELECT count(*) FROM expired
$$;
COMMENT ON FUNCTION expire_data_exports() IS 'Forgets copies that have expired; returns how many. To be run daily.';

-- ---------------------------------------------------------------- erasure

CREATE FUNCTION erase_user(target UUID) RETURNS VOID
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    address TEXT;
BEGIN
    SELECT u.email INTO address FROM public.users u WHERE u.id = target FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no user %', target USING ERRCODE = 'no_data_found';
    END IF;
    DELETE FROM public.analytics_events WHERE user_id = target;
    DELETE FROM public.organization_invitations WHERE email = address;
    DELETE FROM public.users WHERE id = target;
    -- The trail keeps who did what and when, and forgets what was written. Last, so that it covers
    -- what the deletions above have added to it.
    UPDATE public.audit_log SET old_values = NULL, new_values = NULL, ip_address = NULL, user_agent = NULL
        WHERE (user_id = target OR actor_id = target)
          AND (old_values, new_values, ip_address, user_agent) IS DISTINCT FROM (NULL, NULL, NULL, NULL);
    UPDATE public.audit_log SET old_values = NULL, new_values = NULL
        WHERE table_name = 'organization_invitations' AND address IN (old_values ->> 'email', new_values ->> 'email');
    INSERT INTO public.audit_log (actor_id, user_id, action, table_name, row_id)
        VALUES (NULLIF(current_setting('app.current_user_id', true), '')::UUID, target, 'erase', 'users', target::text);
END $$;
COMMENT ON FUNCTION erase_user(UUID) IS 'Deletes a user with everything about them; the audit trail stays, without its contents.';

CREATE FUNCTION run_due_erasures() RETURNS BIGINT LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    due UUID;
    erased BIGINT := 0;
BEGIN
    FOR due IN SELECT r.user_id FROM public.data_deletion_requests r
               WHERE r.cancelled_at IS NULL AND r.scheduled_for <= now() ORDER BY r.scheduled_for, r.id LOOP
        PERFORM public.erase_user(due);
        erased := erased + 1;
    END LOOP;
    RETURN erased;
END $$;
COMMENT ON FUNCTION run_due_erasures() IS 'Erases every user whose request is due; returns how many. To be run daily.';

REVOKE ALL ON FUNCTION export_user_data(UUID), prepare_data_export(UUID), expire_data_exports(), erase_user(UUID),
    run_due_erasures() FROM PUBLIC;
