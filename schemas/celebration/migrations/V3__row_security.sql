-- Row security by client and site. The user is either staff of the platform (admin_users.id) or a
-- person at a client (client_members.user_id), there for the whole client or for single sites.

INSERT INTO schema_versions (version, description) VALUES (3, 'Row security by client and site');

-- The expressions are spelt out in every policy rather than put into functions: the planner then
-- evaluates each subquery once per statement. A subquery reads under the user's own row security,
-- so `SELECT id FROM sites` means the sites that this user sees.
DO $$
DECLARE
    me constant text := 'NULLIF(current_setting(''app.current_user_id'', true), '''')::UUID';
    staff constant text := 'EXISTS (SELECT FROM admin_users a WHERE a.status = ''active'' AND a.id = ' || me || ')';
    staff_editor constant text := 'EXISTS (SELECT FROM admin_users a WHERE a.status = ''active'''
        ' AND a.role IN (''super_admin'', ''admin'') AND a.id = ' || me || ')';
    member constant text := 'FROM client_members m WHERE m.status = ''active'' AND m.user_id = ' || me;
    editor constant text := ' AND m.role IN (''owner'', ''manager'')';
    my_clients constant text := '(SELECT m.client_id ' || member || ')';
    whole_clients constant text := '(SELECT m.client_id ' || member || ' AND m.site_id IS NULL)';
    single_sites constant text := '(SELECT m.site_id ' || member || ' AND m.site_id IS NOT NULL)';
    seen_sites constant text := '(SELECT s.id FROM sites s)';
    -- Of a row of sites itself, whose policy can't read sites again.
    edited_site constant text := format('client_id IN (SELECT m.client_id %1$s%2$s AND m.site_id IS NULL)'
        ' OR id IN (SELECT m.site_id %1$s%2$s AND m.site_id IS NOT NULL)', member, editor);
    edited_sites constant text := format('(SELECT s.id FROM sites s WHERE %s)', edited_site);
    rule record;
    command text;
BEGIN
    FOR rule IN SELECT * FROM (VALUES
        -- table, who sees a row, who at a client may write it, and how
        ('clients', format('%s OR id IN %s', staff, my_clients), NULL, NULL),
        ('sites', format('%s OR client_id IN %s OR id IN %s', staff, whole_clients, single_sites),
            edited_site, ARRAY['UPDATE']),
        ('catalogs', format('%s OR id IN (SELECT s.catalog_id FROM sites s)', staff), NULL, NULL),
        ('products', format('%s OR catalog_id IN (SELECT s.catalog_id FROM sites s)', staff), NULL, NULL),
        ('site_product_exclusions', 'site_id IN ' || seen_sites,
            'site_id IN ' || edited_sites, ARRAY['INSERT', 'UPDATE', 'DELETE']),
        ('employees', 'site_id IN ' || seen_sites,
            'site_id IN ' || edited_sites, ARRAY['INSERT', 'UPDATE', 'DELETE']),
        ('orders', 'site_id IN ' || seen_sites,
            'site_id IN ' || edited_sites, ARRAY['INSERT', 'UPDATE']),
        ('analytics_events', format('%s OR site_id IN %s OR (site_id IS NULL AND client_id IN %s)',
            staff, seen_sites, whole_clients), 'site_id IN ' || seen_sites, ARRAY['INSERT'])
        ) AS rules (tbl, seen, written, commands)
    LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', rule.tbl);
        EXECUTE format('CREATE POLICY %I ON %I FOR SELECT USING (%s)', rule.tbl || '_seen', rule.tbl, rule.seen);
        FOREACH command IN ARRAY ARRAY['INSERT', 'UPDATE', 'DELETE'] LOOP
            EXECUTE format('CREATE POLICY %I ON %I FOR %s %s (%s)',
                rule.tbl || '_' || lower(command), rule.tbl, command,
                CASE command WHEN 'INSERT' THEN 'WITH CHECK' ELSE 'USING' END,
                CASE WHEN command = ANY (rule.commands)
                    THEN format('%s OR %s', staff_editor, rule.written) ELSE staff_editor END);
        END LOOP;
    END LOOP;

    -- Accounts are made, changed and ended by the application's own server: rows to be read alone.
    ALTER TABLE admin_users ENABLE ROW LEVEL SECURITY;
    EXECUTE format('CREATE POLICY admin_users_own ON admin_users FOR SELECT USING (id = %s)', me);
    ALTER TABLE client_members ENABLE ROW LEVEL SECURITY;
    EXECUTE format('CREATE POLICY client_members_own ON client_members FOR SELECT USING (user_id = %s)', me);

    ALTER TABLE audit_logs ENABLE ROW LEVEL SECURITY;
    EXECUTE format('CREATE POLICY audit_logs_seen ON audit_logs FOR SELECT USING'
        ' (%s OR user_id = %s OR client_id IN %s OR site_id IN %s)', staff, me, whole_clients, single_sites);

    -- No policy: only the owner of the table sees which versions were applied.
    ALTER TABLE schema_versions ENABLE ROW LEVEL SECURITY;
END $$;
