-- Analytics and the audit trail, in a partition for each month, and what keeps these partitions.

-- ---------------------------------------------------------------- analytics_events and audit_log

CREATE TABLE analytics_events (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    occurred_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    user_id UUID REFERENCES users (id) ON DELETE SET NULL,
    session_id UUID,
    event_name VARCHAR(100) COLLATE "C" NOT NULL CHECK (event_name ~ '^[a-z][a-z0-9_.]*$'),
    properties JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(properties) = 'object'),
    page_url TEXT,
    duration_ms INTEGER CHECK (duration_ms >= 0),
    PRIMARY KEY (id, occurred_at)
) PARTITION BY RANGE (occurred_at);
COMMENT ON TABLE analytics_events IS 'What users did in the application, by month.';
COMMENT ON COLUMN analytics_events.user_id IS 'Null for a visitor, and for a user who is gone.';
COMMENT ON COLUMN analytics_events.duration_ms IS 'How long it took, for measurements of speed.';
CREATE INDEX idx_analytics_events_user ON analytics_events (user_id, occurred_at DESC);
CREATE INDEX idx_analytics_events_name ON analytics_events (event_name, occurred_at);
CREATE INDEX idx_analytics_events_session ON analytics_events (session_id) WHERE session_id IS NOT NULL;

CREATE TABLE audit_log (
    id UUID NOT NULL DEFAULT gen_random_uuid(),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    actor_id UUID,
    user_id UUID,
    organization_id UUID,
    action VARCHAR(50) COLLATE "C" NOT NULL CHECK (action ~ '^[a-z][a-z0-9_.]*$'),
    table_name VARCHAR(63),
    row_id TEXT,
    old_values JSONB,
    new_values JSONB,
    ip_address INET,
    user_agent TEXT,
    PRIMARY KEY (id, created_at)
) PARTITION BY RANGE (created_at);
COMMENT ON TABLE audit_log IS 'Who did what to what, and when, by month.';
COMMENT ON COLUMN audit_log.actor_id IS 'Who did it; null for the server itself. Not enforced: the trail outlives the account.';
COMMENT ON COLUMN audit_log.user_id IS 'Whose data it was. Not enforced either.';
COMMENT ON COLUMN audit_log.old_values IS 'What a change replaced; null after the user''s erasure, as new_values is.';
CREATE INDEX idx_audit_log_user ON audit_log (user_id, created_at DESC);
CREATE INDEX idx_audit_log_actor ON audit_log (actor_id, created_at DESC);
CREATE INDEX idx_audit_log_organization ON audit_log (organization_id, created_at DESC) WHERE organization_id IS NOT NULL;
CREATE INDEX idx_audit_log_row ON audit_log (table_name, row_id);

ALTER TABLE analytics_events ENABLE ROW LEVEL SECURITY;
CREATE POLICY analytics_events_read_own_data ON analytics_events FOR SELECT
    USING (user_id = NULLIF(current_setting('app.current_user_id', true), '')::UUID);
CREATE POLICY analytics_events_add_own_data ON analytics_events FOR INSERT
    WITH CHECK (user_id = NULLIF(current_setting('app.current_user_id', true), '')::UUID);
ALTER TABLE audit_log ENABLE ROW LEVEL SECURITY;
-- Written by triggers and the server alone.
CREATE POLICY audit_log_read_own_data ON audit_log FOR SELECT
    USING (user_id = NULLIF(current_setting('app.current_user_id', true), '')::UUID);

-- What belongs to no month that has a partition: an event that a device brings late.
CREATE TABLE analytics_events_default PARTITION OF analytics_events DEFAULT;
COMMENT ON TABLE analytics_events_default IS 'Events of months without a partition.';
CREATE TABLE audit_log_default PARTITION OF audit_log DEFAULT;
COMMENT ON TABLE audit_log_default IS 'Entries of months without a partition.';
-- Without a policy, nothing is seen in a partition but through its table.
ALTER TABLE analytics_events_default ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_log_default ENABLE ROW LEVEL SECURITY;

-- ---------------------------------------------------------------- partitions

CREATE TABLE partition_retention (
    table_name VARCHAR(63) PRIMARY KEY,
    time_column VARCHAR(63) NOT NULL,
    months_ahead INTEGER NOT NULL DEFAULT 3 CHECK (months_ahead BETWEEN 1 AND 24),
    months_kept INTEGER NOT NULL CHECK (months_kept >= 1)
);
COMMENT ON TABLE partition_retention IS 'Tables with a partition for each month: how many are made beforehand, and how many whole months are kept.';
-- For the owner alone.
ALTER TABLE partition_retention ENABLE ROW LEVEL SECURITY;
INSERT INTO partition_retention (table_name, time_column, months_kept) VALUES
    ('analytics_events', 'occurred_at', 25), ('audit_log', 'created_at', 84);

CREATE FUNCTION create_monthly_partition(parent TEXT, month DATE) RETURNS BOOLEAN
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    first_day DATE := date_trunc('month', month)::date;
    partition TEXT := parent || to_char(first_day, '_YYYY_MM');
    low TEXT := to_char(first_day, 'YYYY-MM-DD') || ' 00:00:00+00';
    high TEXT := to_char(first_day + INTERVAL '1 month', 'YYYY-MM-DD') || ' 00:00:00+00';
    time_column TEXT;
BEGIN
    SELECT r.time_column INTO STRICT time_column FROM public.partition_retention r WHERE r.table_name = parent;
    IF to_regclass(format('public.%I', partition)) IS NOT NULL THEN RETURN false; END IF;
    EXECUTE format('CREATE TABLE public.%I (LIKE public.%I INCLUDING DEFAULTS INCLUDING CONSTRAINTS)', partition, parent);
    EXECUTE format('COMMENT ON TABLE public.%I IS %L', partition, format('The part of %s of %s.', parent, to_char(first_day, 'YYYY-MM')));
    -- Rows of the month that came before its partition would forbid it.
    EXECUTE format('WITH moved AS (DELETE FROM public.%I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO public.%I SELECT * FROM moved',
        parent || '_default', time_column, low, time_column, high, partition);
    EXECUTE format('ALTER TABLE public.%I ENABLE ROW LEVEL SECURITY', partition);
    EXECUTE format('ALTER TABLE public.%I ATTACH PARTITION public.%I FOR VALUES FROM (%L) TO (%L)', parent, partition, low, high);
    RETURN true;
END $$;
COMMENT ON FUNCTION create_monthly_partition(TEXT, DATE) IS 'Makes the partition of a month, in UTC; false if it is there.';

CREATE FUNCTION drop_old_partitions(parent TEXT, today DATE DEFAULT CURRENT_DATE) RETURNS INTEGER
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    keep public.partition_retention%ROWTYPE;
    oldest DATE;
    partition TEXT;
    dropped INTEGER := 0;
BEGIN
    SELECT * INTO STRICT keep FROM public.partition_retention r WHERE r.table_name = parent;
    oldest := (date_trunc('month', today) - make_interval(months => keep.months_kept))::date;
    FOR partition IN
        SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
        WHERE i.inhparent = format('public.%I', parent)::regclass
          AND c.relname ~ ('^' || parent || '_[0-9]{4}_[0-9]{2}$')
          AND to_date(right(c.relname, 7), 'YYYY_MM') < oldest
        ORDER BY c.relname
    LOOP
        EXECUTE format('DROP TABLE public.%I', partition);
        dropped := dropped + 1;
    END LOOP;
    EXECUTE format('DELETE FROM public.%I WHERE %I < %L', parent || '_default', keep.time_column, to_char(oldest, 'YYYY-MM-DD') || ' 00:00:00+00');
    RETURN dropped;
END $$;
COMMENT ON FUNCTION drop_old_partitions(TEXT, DATE) IS 'Drops the partitions of months that are no longer kept; returns how many.';

CREATE FUNCTION maintain_partitions(today DATE DEFAULT CURRENT_DATE)
RETURNS TABLE (table_name TEXT, created INTEGER, dropped INTEGER)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    kept public.partition_retention%ROWTYPE;
BEGIN
    FOR kept IN SELECT * FROM public.partition_retention r ORDER BY r.table_name LOOP
        SELECT kept.table_name, count(*) FILTER (WHERE public.create_monthly_partition(kept.table_name, (today + make_interval(months => ahead))::date)),
               public.drop_old_partitions(kept.table_name, today)
            INTO table_name, created, dropped
            FROM generate_series(0, kept.months_ahead) AS ahead;
        RETURN NEXT;
    END LOOP;
END $$;
COMMENT ON FUNCTION maintain_partitions(DATE) IS
    'Makes the partitions of this month and those ahead, and drops those that are no longer kept. To be run daily; it may be repeated.';

REVOKE ALL ON FUNCTION create_monthly_partition(TEXT, DATE), drop_old_partitions(TEXT, DATE), maintain_partitions(DATE) FROM PUBLIC;
DO $$ BEGIN PERFORM maintain_partitions(); END $$;

-- ---------------------------------------------------------------- the audit trail

-- TG_ARGV: columns that are left out of the trail. Of an update, only what changed is kept.
CREATE FUNCTION audit_change() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    left_out TEXT[] := COALESCE(TG_ARGV, '{}');
    before JSONB := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) - left_out END;
    after JSONB := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) - left_out END;
    whole JSONB := COALESCE(after, before);
BEGIN
    IF TG_OP = 'UPDATE' THEN
        SELECT jsonb_object_agg(o.key, o.value), jsonb_object_agg(n.key, n.value) INTO before, after
            FROM jsonb_each(before) o JOIN jsonb_each(after) n ON n.key = o.key
            WHERE n.value <> o.value AND o.key <> 'updated_at';
        IF after IS NULL THEN RETURN NULL; END IF;
    END IF;
    INSERT INTO public.audit_log (actor_id, user_id, organization_id, action, table_name, row_id, old_values, new_values)
        VALUES (NULLIF(current_setting('app.current_user_id', true), '')::UUID,
            COALESCE(whole ->> 'user_id', CASE WHEN TG_TABLE_NAME = 'users' THEN whole ->> 'id' END)::UUID,
            COALESCE(whole ->> 'organization_id', CASE WHEN TG_TABLE_NAME = 'organizations' THEN whole ->> 'id' END)::UUID,
            lower(TG_OP), TG_TABLE_NAME, COALESCE(whole ->> 'id', concat_ws('/', whole ->> 'organization_id', whole ->> 'user_id')),
            before, after);
    RETURN NULL;
END $$;
COMMENT ON FUNCTION audit_change() IS 'Writes a change of a row into the audit trail.';

CREATE TRIGGER users_audit AFTER INSERT OR UPDATE OR DELETE ON users
    FOR EACH ROW EXECUTE FUNCTION audit_change('password_hash');
CREATE TRIGGER oauth_accounts_audit AFTER INSERT OR UPDATE OR DELETE ON oauth_accounts
    FOR EACH ROW EXECUTE FUNCTION audit_change('subject');
CREATE TRIGGER subscriptions_audit AFTER INSERT OR UPDATE OR DELETE ON subscriptions
    FOR EACH ROW EXECUTE FUNCTION audit_change('provider_subscription_id');
CREATE TRIGGER visions_audit AFTER INSERT OR UPDATE OR DELETE ON visions
    FOR EACH ROW EXECUTE FUNCTION audit_change('search_vector');
CREATE TRIGGER daily_actions_audit AFTER INSERT OR UPDATE OR DELETE ON daily_actions
    FOR EACH ROW EXECUTE FUNCTION audit_change('search_vector');
CREATE TRIGGER organizations_audit AFTER INSERT OR UPDATE OR DELETE ON organizations
    FOR EACH ROW EXECUTE FUNCTION audit_change();
CREATE TRIGGER organization_domains_audit AFTER INSERT OR UPDATE OR DELETE ON organization_domains
    FOR EACH ROW EXECUTE FUNCTION audit_change();
CREATE TRIGGER organization_members_audit AFTER INSERT OR UPDATE OR DELETE ON organization_members
    FOR EACH ROW EXECUTE FUNCTION audit_change();
CREATE TRIGGER organization_invitations_audit AFTER INSERT OR UPDATE OR DELETE ON organization_invitations
    FOR EACH ROW EXECUTE FUNCTION audit_change('token_hash');
CREATE TRIGGER shared_visions_audit AFTER INSERT OR DELETE ON shared_visions
    FOR EACH ROW EXECUTE FUNCTION audit_change();
