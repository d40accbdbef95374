-- Organisations: members and their roles, joining by domain or invitation, teams, and what members
-- share. What a user shares is a row of shared_visions; the vision itself stays the user's own.

CREATE TYPE organization_role AS ENUM ('owner', 'admin', 'member');
CREATE TYPE join_reason AS ENUM ('founder', 'domain', 'invitation');
CREATE TYPE invitation_status AS ENUM ('pending', 'accepted', 'declined', 'revoked');

CREATE TABLE organizations (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    name VARCHAR(255) COLLATE "C" NOT NULL CHECK (name <> ''),
    slug VARCHAR(63) COLLATE "C" NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
    plan subscription_plan NOT NULL DEFAULT 'team',
    subscription_status subscription_status NOT NULL DEFAULT 'trialing',
    seats INTEGER NOT NULL DEFAULT 5 CHECK (seats > 0),
    current_period_end TIMESTAMPTZ,
    settings JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object'),
    branding JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(branding) = 'object'),
    created_by UUID REFERENCES users (id) ON DELETE SET NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    deleted_at TIMESTAMPTZ
);
COMMENT ON TABLE organizations IS 'A company whose people use FutureSync together.';
COMMENT ON COLUMN organizations.seats IS 'How many members its subscription allows.';
COMMENT ON COLUMN organizations.branding IS 'Logo and colours.';
CREATE INDEX idx_organizations_created_by ON organizations (created_by);

CREATE TABLE organization_domains (
    domain VARCHAR(253) COLLATE "C" PRIMARY KEY CHECK (domain ~ '^[a-z0-9-]+(\.[a-z0-9-]+)+$'),
    organization_id UUID NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    auto_join BOOLEAN NOT NULL DEFAULT true,
    default_role organization_role NOT NULL DEFAULT 'member' CHECK (default_role <> 'owner'),
    verified_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now()
);
COMMENT ON TABLE organization_domains IS 'A domain whose verified addresses belong to an organisation.';
COMMENT ON COLUMN organization_domains.verified_at IS 'Since when it is known that the domain is the organisation''s; nobody joins before.';
CREATE INDEX idx_organization_domains_organization ON organization_domains (organization_id);

CREATE TABLE organization_members (
    organization_id UUID NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    role organization_role NOT NULL DEFAULT 'member',
    joined_by join_reason NOT NULL,
    invited_by UUID REFERENCES users (id) ON DELETE SET NULL,
    joined_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, user_id)
);
COMMENT ON TABLE organization_members IS 'Who belongs to an organisation, and as what.';
CREATE INDEX idx_organization_members_user ON organization_members (user_id);
CREATE INDEX idx_organization_members_invited_by ON organization_members (invited_by);

CREATE TABLE organization_invitations (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id UUID NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    email VARCHAR(255) COLLATE "C" NOT NULL CHECK (email = lower(email) AND email LIKE '%_@_%'),
    role organization_role NOT NULL DEFAULT 'member' CHECK (role <> 'owner'),
    token_hash VARCHAR(64) COLLATE "C" NOT NULL UNIQUE CHECK (token_hash ~ '^[0-9a-f]{64}$'),
    invited_by UUID REFERENCES users (id) ON DELETE SET NULL,
    status invitation_status NOT NULL DEFAULT 'pending',
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    expires_at TIMESTAMPTZ NOT NULL DEFAULT now() + INTERVAL '7 days',
    responded_at TIMESTAMPTZ
);
COMMENT ON TABLE organization_invitations IS 'An address that was asked to join.';
COMMENT ON COLUMN organization_invitations.token_hash IS 'SHA-256, in hex, of what the invitation''s link carries.';
CREATE UNIQUE INDEX organization_invitations_one_pending ON organization_invitations (organization_id, email)
    WHERE status = 'pending';
CREATE INDEX idx_organization_invitations_email ON organization_invitations (email) WHERE status = 'pending';
CREATE INDEX idx_organization_invitations_invited_by ON organization_invitations (invited_by);

CREATE TABLE teams (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id UUID NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name VARCHAR(255) COLLATE "C" NOT NULL CHECK (name <> ''),
    description TEXT,
    settings JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(settings) = 'object'),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    UNIQUE (organization_id, name),
    UNIQUE (organization_id, id)
);
COMMENT ON TABLE teams IS 'Members of an organisation who work together.';

CREATE TABLE team_members (
    team_id UUID NOT NULL,
    user_id UUID NOT NULL,
    organization_id UUID NOT NULL,
    is_lead BOOLEAN NOT NULL DEFAULT false,
    joined_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (team_id, user_id),
    CONSTRAINT team_members_team_id_fkey FOREIGN KEY (organization_id, team_id)
        REFERENCES teams (organization_id, id) ON DELETE CASCADE,
    -- Whoever leaves the organisation leaves its teams.
    CONSTRAINT team_members_member_fkey FOREIGN KEY (organization_id, user_id)
        REFERENCES organization_members (organization_id, user_id) ON DELETE CASCADE
);
COMMENT ON TABLE team_members IS 'A member of a team.';
CREATE INDEX idx_team_members_member ON team_members (organization_id, user_id);
CREATE INDEX idx_team_members_team ON team_members (organization_id, team_id);

CREATE TABLE shared_visions (
    organization_id UUID NOT NULL,
    vision_id UUID NOT NULL,
    user_id UUID NOT NULL,
    category vision_category NOT NULL,
    title VARCHAR(255) COLLATE "C" NOT NULL,
    description TEXT,
    actions_completed INTEGER NOT NULL DEFAULT 0 CHECK (actions_completed >= 0),
    shared_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    PRIMARY KEY (organization_id, vision_id),
    CONSTRAINT shared_visions_vision_id_fkey FOREIGN KEY (user_id, vision_id)
        REFERENCES visions (user_id, id) ON DELETE CASCADE,
    -- Whoever leaves the organisation takes what they shared with them.
    CONSTRAINT shared_visions_member_fkey FOREIGN KEY (organization_id, user_id)
        REFERENCES organization_members (organization_id, user_id) ON DELETE CASCADE
);
COMMENT ON TABLE shared_visions IS 'What members see of a vision that one of them shares. Triggers keep it equal to the vision.';
CREATE INDEX idx_shared_visions_member ON shared_visions (organization_id, user_id);
CREATE INDEX idx_shared_visions_vision ON shared_visions (user_id, vision_id);

CREATE TRIGGER organizations_touch BEFORE UPDATE ON organizations FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER organization_members_touch BEFORE UPDATE ON organization_members FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER teams_touch BEFORE UPDATE ON teams FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER shared_visions_touch BEFORE UPDATE ON shared_visions FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

-- ---------------------------------------------------------------- who is asking

-- A policy on organization_members that read organization_members would never end, so these read it
-- as their owner. They tell nobody more than that person's own memberships.
CREATE FUNCTION current_user_organizations() RETURNS SETOF UUID
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT m.organization_id FROM public.organization_members m
    JOIN public.organizations o ON o.id = m.organization_id AND o.deleted_at IS NULL
    WHERE m.user_id = NULLIF(current_setting('app.current_user_id', true), '')::UUID
$$;
COMMENT ON FUNCTION current_user_organizations() IS 'Organisations that whoever is asking belongs to.';

CREATE FUNCTION current_user_role_in(organization UUID) RETURNS organization_role
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT m.role FROM public.organization_members m
    WHERE m.organization_id = organization AND m.user_id = NULLIF(current_setting('app.current_user_id', true), '')::UUID
$$;
COMMENT ON FUNCTION current_user_role_in(UUID) IS 'The role that whoever is asking has in an organisation; null for none.';

CREATE FUNCTION current_user_email() RETURNS TEXT
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT u.email FROM public.users u
    WHERE u.id = NULLIF(current_setting('app.current_user_id', true), '')::UUID AND u.email_verified_at IS NOT NULL
$$;
COMMENT ON FUNCTION current_user_email() IS 'The verified address of whoever is asking.';

-- ---------------------------------------------------------------- row security

ALTER TABLE organizations ENABLE ROW LEVEL SECURITY;
-- Made by create_organization, ended by setting deleted_at.
CREATE POLICY organizations_members_read ON organizations FOR SELECT
    USING (id IN (SELECT current_user_organizations()));
CREATE POLICY organizations_managers_change ON organizations FOR UPDATE
    USING (current_user_role_in(id) IN ('owner', 'admin'));

ALTER TABLE organization_domains ENABLE ROW LEVEL SECURITY;
-- Writing is left to the server, which verifies that a domain is the organisation's.
CREATE POLICY organization_domains_members_read ON organization_domains FOR SELECT
    USING (organization_id IN (SELECT current_user_organizations()));

ALTER TABLE organization_members ENABLE ROW LEVEL SECURITY;
-- Nobody is made a member by writing a row: one founds, joins by domain, or accepts an invitation.
CREATE POLICY organization_members_members_read ON organization_members FOR SELECT
    USING (organization_id IN (SELECT current_user_organizations()));
-- An admin neither changes an owner nor makes one.
CREATE POLICY organization_members_managers_change ON organization_members FOR UPDATE
    USING (current_user_role_in(organization_id) = 'owner'
        OR (current_user_role_in(organization_id) = 'admin' AND role <> 'owner'));
CREATE POLICY organization_members_leave_or_remove ON organization_members FOR DELETE
    USING (user_id = NULLIF(current_setting('app.current_user_id', true), '')::UUID
        OR current_user_role_in(organization_id) = 'owner'
        OR (current_user_role_in(organization_id) = 'admin' AND role <> 'owner'));

ALTER TABLE organization_invitations ENABLE ROW LEVEL SECURITY;
CREATE POLICY organization_invitations_managers ON organization_invitations FOR ALL
    USING (current_user_role_in(organization_id) IN ('owner', 'admin'));
CREATE POLICY organization_invitations_invited_read ON organization_invitations FOR SELECT
    USING (email = current_user_email());

ALTER TABLE teams ENABLE ROW LEVEL SECURITY;
CREATE POLICY teams_members_read ON teams FOR SELECT
    USING (organization_id IN (SELECT current_user_organizations()));
CREATE POLICY teams_managers ON teams FOR ALL
    USING (current_user_role_in(organization_id) IN ('owner', 'admin'));

ALTER TABLE team_members ENABLE ROW LEVEL SECURITY;
CREATE POLICY team_members_members_read ON team_members FOR SELECT
    USING (organization_id IN (SELECT current_user_organizations()));
CREATE POLICY team_members_managers ON team_members FOR ALL
    USING (current_user_role_in(organization_id) IN ('owner', 'admin'));

ALTER TABLE shared_visions ENABLE ROW LEVEL SECURITY;
CREATE POLICY shared_visions_members_read ON shared_visions FOR SELECT
    USING (organization_id IN (SELECT current_user_organizations()));
CREATE POLICY shared_visions_share ON shared_visions FOR INSERT
    WITH CHECK (user_id = NULLIF(current_setting('app.current_user_id', true), '')::UUID
        AND organization_id IN (SELECT current_user_organizations()));
CREATE POLICY shared_visions_withdraw ON shared_visions FOR DELETE
    USING (user_id = NULLIF(current_setting('app.current_user_id', true), '')::UUID
        OR current_user_role_in(organization_id) IN ('owner', 'admin'));

-- ---------------------------------------------------------------- joining and leaving

CREATE FUNCTION create_organization(name TEXT, slug TEXT) RETURNS UUID
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    founder UUID := NULLIF(current_setting('app.current_user_id', true), '')::UUID;
    created UUID;
BEGIN
    IF founder IS NULL THEN
        RAISE EXCEPTION 'nobody is signed in' USING ERRCODE = 'insufficient_privilege';
    END IF;
    INSERT INTO public.organizations (name, slug, created_by) VALUES ($1, $2, founder) RETURNING id INTO created;
    INSERT INTO public.organization_members (organization_id, user_id, role, joined_by)
        VALUES (created, founder, 'owner', 'founder');
    RETURN created;
END $$;
COMMENT ON FUNCTION create_organization(TEXT, TEXT) IS 'Founds an organisation, with whoever is asking as its owner; returns its key.';

CREATE FUNCTION respond_to_invitation(token TEXT, accept BOOLEAN) RETURNS UUID
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    guest UUID := NULLIF(current_setting('app.current_user_id', true), '')::UUID;
    invitation public.organization_invitations%ROWTYPE;
BEGIN
    SELECT * INTO invitation FROM public.organization_invitations i
        WHERE i.token_hash = encode(sha256(convert_to(token, 'UTF8')), 'hex')
          AND i.status = 'pending' AND i.expires_at > now() AND i.email = public.current_user_email()
        FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no such invitation for this account, or it has expired'
            USING ERRCODE = 'no_data_found', HINT = 'ask for a new invitation to your verified address';
    END IF;
    UPDATE public.organization_invitations SET status = CASE WHEN accept THEN 'accepted' ELSE 'declined' END::public.invitation_status,
        responded_at = now() WHERE id = invitation.id;
    IF accept THEN
        INSERT INTO public.organization_members (organization_id, user_id, role, joined_by, invited_by)
            VALUES (invitation.organization_id, guest, invitation.role, 'invitation', invitation.invited_by)
            ON CONFLICT DO NOTHING;
    END IF;
    RETURN invitation.organization_id;
END $$;
COMMENT ON FUNCTION respond_to_invitation(TEXT, BOOLEAN) IS
    'Accepts or declines the invitation whose link carries this token; returns the organisation.';

-- A verified address of an organisation's verified domain makes a member, while seats are free.
CREATE FUNCTION join_by_domain() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Two who join at once would not see each other, and the last seat would be given twice.
    PERFORM 1 FROM public.organizations o JOIN public.organization_domains d ON d.organization_id = o.id
        WHERE d.domain = split_part(NEW.email, '@', 2) FOR UPDATE OF o;
    INSERT INTO public.organization_members (organization_id, user_id, role, joined_by)
        SELECT d.organization_id, NEW.id, d.default_role, 'domain'
        FROM public.organization_domains d JOIN public.organizations o ON o.id = d.organization_id
        WHERE d.domain = split_part(NEW.email, '@', 2) AND d.auto_join AND d.verified_at IS NOT NULL AND o.deleted_at IS NULL
          AND o.seats > (SELECT count(*) FROM public.organization_members m WHERE m.organization_id = o.id)
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER users_join_by_domain AFTER INSERT ON users
    FOR EACH ROW WHEN (NEW.email_verified_at IS NOT NULL AND NEW.deleted_at IS NULL) EXECUTE FUNCTION join_by_domain();
CREATE TRIGGER users_join_by_domain_later AFTER UPDATE OF email, email_verified_at ON users
    FOR EACH ROW WHEN (NEW.email_verified_at IS NOT NULL AND NEW.deleted_at IS NULL) EXECUTE FUNCTION join_by_domain();

CREATE FUNCTION keep_within_seats() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    allowed INTEGER;
BEGIN
    -- Two who join at once would not see each other.
    SELECT o.seats INTO allowed FROM public.organizations o WHERE o.id = NEW.organization_id FOR UPDATE;
    IF (SELECT count(*) FROM public.organization_members m WHERE m.organization_id = NEW.organization_id) > allowed THEN
        RAISE EXCEPTION 'the organisation has no seat left'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'organization_within_seats', SCHEMA = 'public',
                TABLE = 'organization_members', HINT = 'an owner can raise the number of seats';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER organization_members_within_seats AFTER INSERT ON organization_members
    FOR EACH ROW EXECUTE FUNCTION keep_within_seats();

-- An organisation keeps an owner. Where the last one's account is erased, whoever has been there
-- longest takes over, admins first.
CREATE FUNCTION keep_an_owner() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM 1 FROM public.organizations o WHERE o.id = OLD.organization_id AND o.deleted_at IS NULL FOR UPDATE;
    IF NOT FOUND OR EXISTS (SELECT 1 FROM public.organization_members m
            WHERE m.organization_id = OLD.organization_id AND m.role = 'owner') THEN
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT 1 FROM public.users u WHERE u.id = OLD.user_id) THEN
        RAISE EXCEPTION 'the organisation would be left without an owner'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'organization_keeps_an_owner', SCHEMA = 'public',
                TABLE = 'organization_members', HINT = 'make another member an owner first';
    END IF;
    UPDATE public.organization_members SET role = 'owner'
        WHERE (organization_id, user_id) IN (
            SELECT m.organization_id, m.user_id FROM public.organization_members m
            JOIN public.users u ON u.id = m.user_id
            WHERE m.organization_id = OLD.organization_id ORDER BY m.role, m.joined_at, m.user_id LIMIT 1);
    RETURN NULL;
END $$;
CREATE TRIGGER organization_members_owner_leaves AFTER DELETE ON organization_members
    FOR EACH ROW WHEN (OLD.role = 'owner') EXECUTE FUNCTION keep_an_owner();
CREATE TRIGGER organization_members_owner_steps_down AFTER UPDATE OF role ON organization_members
    FOR EACH ROW WHEN (OLD.role = 'owner' AND NEW.role <> 'owner') EXECUTE FUNCTION keep_an_owner();

-- ---------------------------------------------------------------- what is shared

CREATE FUNCTION fill_shared_vision() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    vision public.visions%ROWTYPE;
BEGIN
    SELECT * INTO vision FROM public.visions v WHERE v.user_id = NEW.user_id AND v.id = NEW.vision_id AND v.deleted_at IS NULL;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no such vision to share' USING ERRCODE = 'foreign_key_violation',
            CONSTRAINT = 'shared_visions_vision_id_fkey', SCHEMA = 'public', TABLE = 'shared_visions';
    END IF;
    NEW.category := vision.category;
    NEW.title := vision.title;
    NEW.description := vision.description;
    NEW.actions_completed := (SELECT count(*) FROM public.daily_actions a WHERE a.user_id = NEW.user_id
        AND a.vision_id = NEW.vision_id AND a.status = 'completed' AND a.deleted_at IS NULL);
    RETURN NEW;
END $$;
CREATE TRIGGER shared_visions_fill BEFORE INSERT ON shared_visions
    FOR EACH ROW EXECUTE FUNCTION fill_shared_vision();

CREATE FUNCTION follow_vision() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NEW.deleted_at IS NOT NULL THEN
        DELETE FROM public.shared_visions s WHERE s.user_id = NEW.user_id AND s.vision_id = NEW.id;
    ELSE
        UPDATE public.shared_visions s SET category = NEW.category, title = NEW.title, description = NEW.description
            WHERE s.user_id = NEW.user_id AND s.vision_id = NEW.id
              AND (s.category, s.title, s.description) IS DISTINCT FROM (NEW.category, NEW.title, NEW.description);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER visions_follow AFTER UPDATE OF category, title, description, deleted_at ON visions
    FOR EACH ROW EXECUTE FUNCTION follow_vision();
