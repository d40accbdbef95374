-- Streaks, totals and achievements, counted from completed actions.

CREATE TYPE achievement_tier AS ENUM ('bronze', 'silver', 'gold', 'platinum');

CREATE TABLE user_progress (
    user_id UUID PRIMARY KEY REFERENCES users (id) ON DELETE CASCADE,
    current_streak INTEGER NOT NULL DEFAULT 0 CHECK (current_streak >= 0),
    longest_streak INTEGER NOT NULL DEFAULT 0,
    total_days_completed INTEGER NOT NULL DEFAULT 0 CHECK (total_days_completed >= 0),
    total_actions_completed INTEGER NOT NULL DEFAULT 0 CHECK (total_actions_completed >= 0),
    total_time_invested_minutes BIGINT NOT NULL DEFAULT 0 CHECK (total_time_invested_minutes >= 0),
    last_completed_date DATE,
    updated_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT user_progress_longest_is_longest CHECK (longest_streak >= current_streak)
);
COMMENT ON TABLE user_progress IS 'What a user has completed, in numbers; made by triggers.';
COMMENT ON COLUMN user_progress.current_streak IS 'Days in a row that end on last_completed_date; see the view current_progress.';
COMMENT ON COLUMN user_progress.total_days_completed IS 'Days with at least one completed action.';
COMMENT ON COLUMN user_progress.total_time_invested_minutes IS 'Minutes of completed actions: actual ones, else estimated ones.';

CREATE TABLE achievements (
    id UUID PRIMARY KEY DEFAULT gen_random_uuid(),
    code VARCHAR(50) COLLATE "C" NOT NULL UNIQUE CHECK (code ~ '^[a-z][a-z0-9_]*$'),
    name VARCHAR(100) COLLATE "C" NOT NULL CHECK (name <> ''),
    description TEXT NOT NULL,
    icon VARCHAR(50) NOT NULL,
    color VARCHAR(7) NOT NULL CHECK (color ~ '^#[0-9a-f]{6}$'),
    tier achievement_tier NOT NULL,
    points INTEGER NOT NULL DEFAULT 10 CHECK (points >= 0),
    criteria JSONB NOT NULL CHECK (jsonb_typeof(criteria) = 'object'),
    prerequisite_id UUID REFERENCES achievements (id) ON DELETE SET NULL,
    is_active BOOLEAN NOT NULL DEFAULT true,
    sort_order INTEGER NOT NULL DEFAULT 0,
    created_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    CONSTRAINT achievements_not_their_own_prerequisite CHECK (prerequisite_id <> id)
);
COMMENT ON TABLE achievements IS 'What can be achieved; the same for everybody.';
COMMENT ON COLUMN achievements.criteria IS '{"metric": a column of user_progress, "at_least": n}, or {"all": […]} or {"any": […]} of such.';
COMMENT ON COLUMN achievements.prerequisite_id IS 'What has to be achieved before.';
CREATE INDEX idx_achievements_prerequisite ON achievements (prerequisite_id);
CREATE INDEX idx_achievements_active ON achievements (sort_order) WHERE is_active;

CREATE TABLE user_achievements (
    user_id UUID NOT NULL REFERENCES users (id) ON DELETE CASCADE,
    achievement_id UUID NOT NULL REFERENCES achievements (id) ON DELETE CASCADE,
    unlocked_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    seen_at TIMESTAMPTZ,
    PRIMARY KEY (user_id, achievement_id)
);
COMMENT ON TABLE user_achievements IS 'What a user has achieved. It stays, even if the numbers go down again.';
COMMENT ON COLUMN user_achievements.seen_at IS 'When the user was told.';
CREATE INDEX idx_user_achievements_achievement ON user_achievements (achievement_id);

-- ---------------------------------------------------------------- row security

ALTER TABLE achievements ENABLE ROW LEVEL SECURITY;
CREATE POLICY achievements_read_all ON achievements FOR SELECT USING (true);
-- Nobody writes progress; of an achievement, only that it was seen.
ALTER TABLE user_progress ENABLE ROW LEVEL SECURITY;
CREATE POLICY user_progress_read_own_data ON user_progress FOR SELECT
    USING (user_id = NULLIF(current_setting('app.current_user_id', true), '')::UUID);
ALTER TABLE user_achievements ENABLE ROW LEVEL SECURITY;
CREATE POLICY user_achievements_read_own_data ON user_achievements FOR SELECT
    USING (user_id = NULLIF(current_setting('app.current_user_id', true), '')::UUID);
CREATE POLICY user_achievements_change_own_data ON user_achievements FOR UPDATE
    USING (user_id = NULLIF(current_setting('app.current_user_id', true), '')::UUID);

-- ---------------------------------------------------------------- counting

CREATE FUNCTION criteria_met(criteria JSONB, facts JSONB) RETURNS BOOLEAN
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF jsonb_typeof(criteria -> 'all') = 'array' THEN
        RETURN (SELECT COALESCE(bool_and(public.criteria_met(part, facts)), false) FROM jsonb_array_elements(criteria -> 'all') part);
    ELSIF jsonb_typeof(criteria -> 'any') = 'array' THEN
        RETURN (SELECT COALESCE(bool_or(public.criteria_met(part, facts)), false) FROM jsonb_array_elements(criteria -> 'any') part);
    ELSIF jsonb_typeof(criteria -> 'at_least') = 'number' AND jsonb_typeof(facts -> (criteria ->> 'metric')) = 'number' THEN
        RETURN (facts ->> (criteria ->> 'metric'))::numeric >= (criteria ->> 'at_least')::numeric;
    END IF;
    -- What is not understood is not achieved.
    RETURN false;
END $$;
COMMENT ON FUNCTION criteria_met(JSONB, JSONB) IS 'Do these numbers meet an achievement''s criteria?';

-- Counts anew rather than up and down: actions are completed late, taken back, moved and deleted in
-- any order, and one user's are few.
CREATE FUNCTION refresh_user_progress(target UUID) RETURNS VOID
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    facts JSONB;
BEGIN
    -- One at a time for each user; and where the user has just been deleted, nothing is to be done.
    PERFORM 1 FROM public.user_progress p WHERE p.user_id = target FOR UPDATE;
    IF NOT FOUND THEN RETURN; END IF;
    WITH completed AS (
        SELECT a.action_date, COALESCE(a.actual_time_minutes, a.estimated_time_minutes) AS minutes
        FROM public.daily_actions a
        WHERE a.user_id = target AND a.status = 'completed' AND a.deleted_at IS NULL),
    days AS (SELECT DISTINCT action_date FROM completed),
    -- Days in a row have the same difference to their place in the order.
    runs AS (
        SELECT max(action_date) AS last_day, count(*)::integer AS length
        FROM (SELECT action_date, action_date - (row_number() OVER (ORDER BY action_date))::integer AS run FROM days) d
        GROUP BY run),
    numbers AS (
        SELECT COALESCE((SELECT length FROM runs ORDER BY last_day DESC LIMIT 1), 0) AS current_streak,
               COALESCE((SELECT max(length) FROM runs), 0) AS longest_streak,
               (SELECT count(*)::integer FROM days) AS total_days_completed,
               count(*)::integer AS total_actions_completed,
               COALESCE(sum(minutes), 0) AS total_time_invested_minutes,
               max(action_date) AS last_completed_date
        FROM completed)
    UPDATE public.user_progress p SET current_streak = n.current_streak, longest_streak = n.longest_streak,
            total_days_completed = n.total_days_completed, total_actions_completed = n.total_actions_completed,
            total_time_invested_minutes = n.total_time_invested_minutes, last_completed_date = n.last_completed_date,
            updated_at = now()
        FROM numbers n WHERE p.user_id = target
          AND (p.current_streak, p.longest_streak, p.total_days_completed, p.total_actions_completed, p.total_time_invested_minutes, p.last_completed_date)
              IS DISTINCT FROM (n.current_streak, n.longest_streak, n.total_days_completed, n.total_actions_completed, n.total_time_invested_minutes, n.last_completed_date);
    IF NOT FOUND THEN RETURN; END IF;
    SELECT to_jsonb(p) INTO facts FROM public.user_progress p WHERE p.user_id = target;
    -- One may be another's prerequisite.
    LOOP
        INSERT INTO public.user_achievements (user_id, achievement_id)
            SELECT target, a.id FROM public.achievements a
            WHERE a.is_active AND public.criteria_met(a.criteria, facts)
              AND NOT EXISTS (SELECT 1 FROM public.user_achievements u WHERE u.user_id = target AND u.achievement_id = a.id)
              AND (a.prerequisite_id IS NULL OR EXISTS (
                  SELECT 1 FROM public.user_achievements u WHERE u.user_id = target AND u.achievement_id = a.prerequisite_id))
            ON CONFLICT DO NOTHING;
        EXIT WHEN NOT FOUND;
    END LOOP;
END $$;
COMMENT ON FUNCTION refresh_user_progress(UUID) IS 'Counts a user''s progress anew and unlocks what it achieves.';
REVOKE ALL ON FUNCTION refresh_user_progress(UUID) FROM PUBLIC;

-- Once per statement and user, however many actions it touches.
CREATE FUNCTION count_progress() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    affected RECORD;
BEGIN
    IF TG_OP = 'INSERT' THEN
        FOR affected IN SELECT DISTINCT n.user_id FROM new_actions n WHERE n.status = 'completed' ORDER BY 1 LOOP
            PERFORM public.refresh_user_progress(affected.user_id);
        END LOOP;
    ELSIF TG_OP = 'DELETE' THEN
        FOR affected IN SELECT DISTINCT o.user_id FROM old_actions o WHERE o.status = 'completed' ORDER BY 1 LOOP
            PERFORM public.refresh_user_progress(affected.user_id);
        END LOOP;
    ELSE
        FOR affected IN SELECT o.user_id FROM old_actions o WHERE o.status = 'completed'
                  UNION SELECT n.user_id FROM new_actions n WHERE n.status = 'completed' ORDER BY 1 LOOP
            PERFORM public.refresh_user_progress(affected.user_id);
        END LOOP;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER daily_actions_inserted AFTER INSERT ON daily_actions
    REFERENCING NEW TABLE AS new_actions FOR EACH STATEMENT EXECUTE FUNCTION count_progress();
CREATE TRIGGER daily_actions_updated AFTER UPDATE ON daily_actions
    REFERENCING OLD TABLE AS old_actions NEW TABLE AS new_actions FOR EACH STATEMENT EXECUTE FUNCTION count_progress();
CREATE TRIGGER daily_actions_deleted AFTER DELETE ON daily_actions
    REFERENCING OLD TABLE AS old_actions FOR EACH STATEMENT EXECUTE FUNCTION count_progress();

-- What members see of a shared vision's progress.
CREATE FUNCTION count_shared_vision() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE public.shared_visions s SET actions_completed = n.completed
        FROM (SELECT x.user_id, x.vision_id, (SELECT count(*)::integer FROM public.daily_actions a
                  WHERE a.user_id = x.user_id AND a.vision_id = x.vision_id AND a.status = 'completed' AND a.deleted_at IS NULL) AS completed
              FROM public.shared_visions x
              WHERE x.user_id = COALESCE(NEW.user_id, OLD.user_id) AND x.vision_id IN (NEW.vision_id, OLD.vision_id)) n
        WHERE s.user_id = n.user_id AND s.vision_id = n.vision_id AND s.actions_completed <> n.completed;
    RETURN NULL;
END $$;
CREATE TRIGGER daily_actions_shared AFTER INSERT OR DELETE OR UPDATE OF status, vision_id, deleted_at ON daily_actions
    FOR EACH ROW EXECUTE FUNCTION count_shared_vision();

CREATE FUNCTION begin_progress() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO public.user_progress (user_id) VALUES (NEW.id);
    RETURN NULL;
END $$;
CREATE TRIGGER users_begin_progress AFTER INSERT ON users FOR EACH ROW EXECUTE FUNCTION begin_progress();

CREATE VIEW current_progress WITH (security_invoker = true) AS
    SELECT user_id, CASE WHEN last_completed_date >= CURRENT_DATE - 1 THEN current_streak ELSE 0 END AS current_streak,
           longest_streak, total_days_completed, total_actions_completed, total_time_invested_minutes, last_completed_date
    FROM user_progress;
COMMENT ON VIEW current_progress IS 'Progress as of today: a streak is over when a whole day has passed without a completed action.';

-- ---------------------------------------------------------------- what there is to achieve

INSERT INTO achievements (id, code, name, description, icon, color, tier, points, sort_order, criteria, prerequisite_id) VALUES
    ('5e000000-0000-4000-8000-000000000001', 'first_step', 'First step', 'Complete an action.', 'footprints', '#b45309', 'bronze', 10, 1, '{"metric": "total_actions_completed", "at_least": 1}', NULL),
    ('5e000000-0000-4000-8000-000000000002', 'three_in_a_row', 'Three in a row', 'Complete actions on three days in a row.', 'flame', '#b45309', 'bronze', 20, 2, '{"metric": "longest_streak", "at_least": 3}', '5e000000-0000-4000-8000-000000000001'),
    ('5e000000-0000-4000-8000-000000000003', 'full_week', 'Full week', 'Complete actions on seven days in a row.', 'calendar', '#64748b', 'silver', 50, 3, '{"metric": "longest_streak", "at_least": 7}', '5e000000-0000-4000-8000-000000000002'),
    ('5e000000-0000-4000-8000-000000000004', 'full_month', 'Full month', 'Complete actions on thirty days in a row.', 'trophy', '#ca8a04', 'gold', 200, 4, '{"metric": "longest_streak", "at_least": 30}', '5e000000-0000-4000-8000-000000000003'),
    ('5e000000-0000-4000-8000-000000000005', 'hundred_actions', 'A hundred actions', 'Complete a hundred actions.', 'layers', '#64748b', 'silver', 100, 5, '{"metric": "total_actions_completed", "at_least": 100}', '5e000000-0000-4000-8000-000000000001'),
    ('5e000000-0000-4000-8000-000000000006', 'ten_hours', 'Ten hours', 'Invest ten hours in your visions.', 'clock', '#b45309', 'bronze', 30, 6, '{"metric": "total_time_invested_minutes", "at_least": 600}', NULL),
    ('5e000000-0000-4000-8000-000000000007', 'steady', 'Steady', 'Complete actions on fifty days, or for a hundred hours.', 'anchor', '#ca8a04', 'gold', 150, 7, '{"any": [{"metric": "total_days_completed", "at_least": 50}, {"metric": "total_time_invested_minutes", "at_least": 6000}]}', NULL),
    ('5e000000-0000-4000-8000-000000000008', 'transformed', 'Transformed', 'A thousand actions on three hundred days.', 'star', '#7c3aed', 'platinum', 1000, 8, '{"all": [{"metric": "total_actions_completed", "at_least": 1000}, {"metric": "total_days_completed", "at_least": 300}]}', '5e000000-0000-4000-8000-000000000004');
