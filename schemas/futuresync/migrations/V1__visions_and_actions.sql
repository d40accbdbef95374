-- What a person wants to become, and does about it every day.
-- README.md beside this folder lists what the document leaves open, and how it is settled here.

-- Every policy here compares the owner with the setting app.current_user_id. NULLIF makes it NULL
-- where nobody is asking, so that no row is seen then, rather than an error raised. The expression is
-- spelt out rather than put into a function: the planner can then use the indexes that begin with
-- user_id, and Haversack can read from it which column names the owner. A foreign key ignores row
-- security, so those between rows of one user have the user_id in them.

CREATE TYPE user_role AS ENUM ('user', 'support', 'admin');
CREATE TYPE vision_category AS ENUM ('health', 'career', 'relationships', 'personal-growth');
CREATE TYPE action_status AS ENUM ('pending', 'in_progress', 'completed', 'skipped');
CREATE TYPE subscription_plan AS ENUM ('free', 'premium', 'team', 'enterprise');
CREATE TYPE subscription_status AS ENUM ('trialing', 'active', 'past_due', 'canceled', 'expired');
COMMENT ON TYPE vision_category IS 'The part of life that a vision is about.';

-- ---------------------------------------------------------------- users

CREATE TABLE users (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    email VARCHAR(255) COLLATE "C" NOT NULL UNIQUE,
    email_verified_at TIMESTAMPTZ,
    password_hash VARCHAR(255),
    name VARCHAR(255) COLLATE "C" NOT NULL CHECK (name <> ''),
    display_name VARCHAR(100) COLLATE "C",
    avatar_url TEXT,
    timezone VARCHAR(64) NOT NULL DEFAULT 'UTC' CHECK (timezone ~ '^[A-Za-z0-9_+/-]+$'),
    locale VARCHAR(35) NOT NULL DEFAULT 'en' CHECK (locale ~ '^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$'),
    role user_role NOT NULL DEFAULT 'user',
    onboarding_completed BOOLEAN NOT NULL DEFAULT false,
    trial_ends_at TIMESTAMPTZ,
    preferences JSONB NOT NULL DEFAULT '{}' CHECK (jsonb_typeof(preferences) = 'object'),
    last_login_at TIMESTAMPTZ,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    deleted_at TIMESTAMPTZ,
    -- Small letters, so that one address is one account and its domain can be compared.
    CONSTRAINT users_email_valid CHECK (email ~ '^[^@[:space:]]+@[a-z0-9.-]+\.[a-z]{2,}$' AND email = lower(email))
);
COMMENT ON TABLE users IS 'A person who signs in.';
COMMENT ON COLUMN users.password_hash IS 'Null for those who sign in by another service.';
COMMENT ON COLUMN users.timezone IS 'A name of the IANA database, such as Europe/Paris.';
COMMENT ON COLUMN users.locale IS 'A BCP 47 tag, such as pt-BR.';
COMMENT ON COLUMN users.deleted_at IS 'The account is closed; erasure follows.';
CREATE INDEX idx_users_active_email ON users (email) WHERE deleted_at IS NULL;
CREATE INDEX idx_users_created_at ON users (created_at);
CREATE INDEX idx_users_trial ON users (trial_ends_at) WHERE trial_ends_at IS NOT NULL AND deleted_at IS NULL;

CREATE TABLE oauth_accounts (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    provider VARCHAR(50) NOT NULL,
    subject VARCHAR(255) NOT NULL,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    UNIQUE (provider, subject)
);
COMMENT ON TABLE oauth_accounts IS 'Another service by which a user signs in.';
COMMENT ON COLUMN oauth_accounts.subject IS 'What that service calls the user.';
CREATE INDEX idx_oauth_accounts_user ON oauth_accounts (user_id);

CREATE TABLE subscriptions (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL UNIQUE REFERENCES users (id) ON DELETE CASCADE,
    plan subscription_plan NOT NULL DEFAULT 'free',
    status subscription_status NOT NULL DEFAULT 'active',
    provider VARCHAR(50),
    provider_subscription_id VARCHAR(255) UNIQUE,
    current_period_start TIMESTAMPTZ,
    current_period_end TIMESTAMPTZ,
    cancel_at_period_end BOOLEAN NOT NULL DEFAULT false,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT subscriptions_period_in_order CHECK (current_period_end > current_period_start)
);
COMMENT ON TABLE subscriptions IS 'What a user pays for; an organisation''s stands in organizations.';
CREATE INDEX idx_subscriptions_ending ON subscriptions (current_period_end) WHERE status IN ('trialing', 'active', 'past_due');

-- ---------------------------------------------------------------- visions

CREATE TABLE visions (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    category vision_category NOT NULL,
    title VARCHAR(255) COLLATE "C" NOT NULL CHECK (title <> ''),
    description TEXT,
    priority INTEGER NOT NULL DEFAULT 3 CHECK (priority BETWEEN 1 AND 5),
    time_allocation_minutes INTEGER NOT NULL DEFAULT 30 CHECK (time_allocation_minutes BETWEEN 0 AND 1440),
    target_date DATE,
    ai_analysis_id UUID,
    search_vector tsvector GENERATED ALWAYS AS
        (to_tsvector('english'::regconfig, title || ' ' || COALESCE(description, ''))) STORED,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    deleted_at TIMESTAMPTZ,
    UNIQUE (user_id, id)
);
COMMENT ON TABLE visions IS 'What a user wants to have become in five years.';
COMMENT ON COLUMN visions.priority IS '1 is lowest, 5 is highest.';
COMMENT ON COLUMN visions.time_allocation_minutes IS 'Time for it, per day.';
COMMENT ON COLUMN visions.ai_analysis_id IS 'The analysis that actions are made from.';
CREATE INDEX idx_visions_user ON visions (user_id, priority DESC, created_at) WHERE deleted_at IS NULL;
CREATE INDEX idx_visions_category ON visions (user_id, category) WHERE deleted_at IS NULL;
CREATE INDEX idx_visions_analysis ON visions (user_id, ai_analysis_id);
CREATE INDEX idx_visions_search ON visions USING GIN (search_vector) WHERE deleted_at IS NULL;

CREATE TABLE ai_analyses (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    vision_id UUID NOT NULL,
    model VARCHAR(100) NOT NULL,
    summary TEXT NOT NULL,
    insights JSONB NOT NULL DEFAULT '[]' CHECK (jsonb_typeof(insights) = 'array'),
    confidence NUMERIC(4,3) CHECK (confidence BETWEEN 0 AND 1),
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    UNIQUE (user_id, id),
    CONSTRAINT ai_analyses_vision_id_fkey FOREIGN KEY (user_id, vision_id)
        REFERENCES visions (user_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE ai_analyses IS 'What a model made of a vision.';
CREATE INDEX idx_ai_analyses_vision ON ai_analyses (user_id, vision_id, created_at DESC);

-- Each refers to the other, so this one waits for the end of the transaction.
ALTER TABLE visions ADD CONSTRAINT visions_ai_analysis_id_fkey FOREIGN KEY (user_id, ai_analysis_id)
    REFERENCES ai_analyses (user_id, id) ON DELETE SET NULL (ai_analysis_id) DEFERRABLE INITIALLY DEFERRED;

-- ---------------------------------------------------------------- actions

CREATE TABLE daily_actions (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    vision_id UUID NOT NULL,
    action_date DATE NOT NULL DEFAULT CURRENT_DATE,
    description TEXT NOT NULL CHECK (description <> ''),
    estimated_time_minutes INTEGER NOT NULL DEFAULT 15 CHECK (estimated_time_minutes BETWEEN 1 AND 1440),
    actual_time_minutes INTEGER CHECK (actual_time_minutes >= 0),
    status action_status NOT NULL DEFAULT 'pending',
    ai_generated BOOLEAN NOT NULL DEFAULT false,
    ai_reasoning TEXT,
    notes TEXT,
    started_at TIMESTAMPTZ,
    completed_at TIMESTAMPTZ,
    search_vector tsvector GENERATED ALWAYS AS
        (to_tsvector('english'::regconfig, description || ' ' || COALESCE(notes, ''))) STORED,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    deleted_at TIMESTAMPTZ,
    UNIQUE (user_id, id),
    CONSTRAINT daily_actions_vision_id_fkey FOREIGN KEY (user_id, vision_id)
        REFERENCES visions (user_id, id) ON DELETE CASCADE
);
COMMENT ON TABLE daily_actions IS 'A small thing to do on a day, for a vision.';
COMMENT ON COLUMN daily_actions.action_date IS 'The day it is for, in the user''s own reckoning; streaks count these days.';
COMMENT ON COLUMN daily_actions.actual_time_minutes IS 'Minutes spent: the sum of its time entries where it has any.';
COMMENT ON COLUMN daily_actions.ai_reasoning IS 'Why the model proposes it.';
COMMENT ON COLUMN daily_actions.completed_at IS 'Set when the status becomes completed, and cleared when it is so no more.';
CREATE INDEX idx_daily_actions_day ON daily_actions (user_id, action_date DESC, status) WHERE deleted_at IS NULL;
CREATE INDEX idx_daily_actions_vision ON daily_actions (user_id, vision_id, action_date);
CREATE INDEX idx_daily_actions_open ON daily_actions (user_id, action_date)
    WHERE deleted_at IS NULL AND status IN ('pending', 'in_progress');
CREATE INDEX idx_daily_actions_completed ON daily_actions (user_id, action_date)
    WHERE deleted_at IS NULL AND status = 'completed';
CREATE INDEX idx_daily_actions_search ON daily_actions USING GIN (search_vector) WHERE deleted_at IS NULL;

CREATE TABLE time_entries (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    action_id UUID NOT NULL,
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    ended_at TIMESTAMPTZ,
    minutes INTEGER GENERATED ALWAYS AS ((EXTRACT(EPOCH FROM ended_at - started_at) / 60)::integer) STORED,
    note TEXT,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT time_entries_action_id_fkey FOREIGN KEY (user_id, action_id)
        REFERENCES daily_actions (user_id, id) ON DELETE CASCADE,
    CONSTRAINT time_entries_in_order CHECK (ended_at >= started_at)
);
COMMENT ON TABLE time_entries IS 'A stretch of time spent on an action.';
COMMENT ON COLUMN time_entries.ended_at IS 'Null while the clock is running.';
CREATE INDEX idx_time_entries_action ON time_entries (user_id, action_id);
CREATE UNIQUE INDEX time_entries_one_running ON time_entries (user_id) WHERE ended_at IS NULL;

-- ---------------------------------------------------------------- row security

ALTER TABLE users ENABLE ROW LEVEL SECURITY;
-- Not FOR ALL: an account is neither made nor ended by writing a row.
CREATE POLICY users_read_own_data ON users FOR SELECT
    USING (id = NULLIF(current_setting('app.current_user_id', true), '')::UUID);
CREATE POLICY users_change_own_data ON users FOR UPDATE
    USING (id = NULLIF(current_setting('app.current_user_id', true), '')::UUID);

DO $$
DECLARE owned text;
BEGIN
    FOREACH owned IN ARRAY ARRAY['oauth_accounts', 'subscriptions', 'visions', 'ai_analyses', 'daily_actions',
                                 'time_entries'] LOOP
        EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY', owned);
        EXECUTE format('CREATE POLICY %I ON %I FOR ALL USING '
            '(user_id = NULLIF(current_setting(''app.current_user_id'', true), '''')::UUID)',
            owned || '_own_data', owned);
    END LOOP;
END $$;

-- ---------------------------------------------------------------- triggers

CREATE FUNCTION touch_updated_at() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := now();
    RETURN NEW;
END $$;
CREATE TRIGGER users_touch BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER subscriptions_touch BEFORE UPDATE ON subscriptions FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER visions_touch BEFORE UPDATE ON visions FOR EACH ROW EXECUTE FUNCTION touch_updated_at();
CREATE TRIGGER daily_actions_touch BEFORE UPDATE ON daily_actions FOR EACH ROW EXECUTE FUNCTION touch_updated_at();

CREATE FUNCTION note_when_completed() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status IN ('in_progress', 'completed') THEN
        NEW.started_at := COALESCE(NEW.started_at, now());
    END IF;
    NEW.completed_at := CASE WHEN NEW.status = 'completed' THEN COALESCE(NEW.completed_at, now()) END;
    RETURN NEW;
END $$;
CREATE TRIGGER daily_actions_completed BEFORE INSERT OR UPDATE ON daily_actions
    FOR EACH ROW EXECUTE FUNCTION note_when_completed();

-- Runs as its owner, because whoever tracks time may not be allowed to change actions.
CREATE FUNCTION sum_time_entries() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE public.daily_actions a SET actual_time_minutes = s.total
        FROM (SELECT c.user_id, c.action_id, sum(e.minutes)::integer AS total
              FROM (SELECT OLD.user_id, OLD.action_id WHERE TG_OP <> 'INSERT'
                    UNION SELECT NEW.user_id, NEW.action_id WHERE TG_OP <> 'DELETE') c
              LEFT JOIN public.time_entries e ON e.user_id = c.user_id AND e.action_id = c.action_id
              GROUP BY c.user_id, c.action_id) s
        WHERE a.user_id = s.user_id AND a.id = s.action_id AND a.actual_time_minutes IS DISTINCT FROM s.total;
    RETURN NULL;
END $$;
CREATE TRIGGER time_entries_sum AFTER INSERT OR UPDATE OR DELETE ON time_entries
    FOR EACH ROW EXECUTE FUNCTION sum_time_entries();

-- ---------------------------------------------------------------- what is not deleted

-- Without search_vector, which clients can't read: a view needs the right to every column it names.
CREATE VIEW active_visions WITH (security_invoker = true) AS
    SELECT id, user_id, category, title, description, priority, time_allocation_minutes, target_date,
           ai_analysis_id, created_at, updated_at
    FROM visions WHERE deleted_at IS NULL;
COMMENT ON VIEW active_visions IS 'Visions that are not deleted.';
CREATE VIEW active_daily_actions WITH (security_invoker = true) AS
    SELECT a.id, a.user_id, a.vision_id, a.action_date, a.description, a.estimated_time_minutes,
           a.actual_time_minutes, a.status, a.ai_generated, a.ai_reasoning, a.notes, a.started_at,
           a.completed_at, a.created_at, a.updated_at
    FROM daily_actions a JOIN visions v ON v.user_id = a.user_id AND v.id = a.vision_id
    WHERE a.deleted_at IS NULL AND v.deleted_at IS NULL;
COMMENT ON VIEW active_daily_actions IS 'Actions that are not deleted, of visions that are not.';
