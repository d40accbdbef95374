-- [[Names]] in a note's snapshot become links to the notes of that title, or topics where there is
-- no such note. A name that is taken out of the text takes its link or topic with it; links made by
-- hand stay.

CREATE FUNCTION bracketed_names(snapshot JSONB) RETURNS TEXT[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    SELECT COALESCE(array_agg(DISTINCT name), '{}') FROM (
        SELECT btrim(found[1]) COLLATE "C" AS name
        FROM jsonb_path_query(snapshot, 'strict $.**') AS part,
             regexp_matches(part #>> '{}', '\[\[([^][]+)\]\]', 'g') AS found
        WHERE jsonb_typeof(part) = 'string') n
    WHERE name <> '' AND length(name) <= 500
$$;
COMMENT ON FUNCTION bracketed_names(JSONB) IS 'What stands between [[ and ]] in the texts of a snapshot, without repetition.';

CREATE FUNCTION topic_slug(label TEXT) RETURNS TEXT
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, pg_temp AS $$
    -- ASCII alone, so that it is the same whatever the locale; other letters are told apart by a hash.
    SELECT btrim(concat_ws('-',
        NULLIF(btrim(regexp_replace(lower(label COLLATE "C"), '[^a-z0-9]+', '-', 'g'), '-'), ''),
        CASE WHEN octet_length(label) > length(label) OR label !~ '[A-Za-z0-9]' THEN left(md5(label), 8) END), '-')
$$;
COMMENT ON FUNCTION topic_slug(TEXT) IS 'A topic''s label in a form for addresses.';

CREATE FUNCTION extract_references() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    names TEXT[] := public.bracketed_names(NEW.blocksuite_snapshot);
    name TEXT;
    target UUID;
    topic UUID;
BEGIN
    DELETE FROM public.note_links l WHERE l.user_id = NEW.user_id AND l.source_note_id = NEW.id
        AND l.mention IS NOT NULL AND l.mention <> ALL (names);
    IF TG_OP = 'UPDATE' THEN
        DELETE FROM public.note_topics n USING public.topics t
            WHERE n.user_id = NEW.user_id AND n.note_id = NEW.id AND t.id = n.topic_id
              AND t.slug IN (SELECT public.topic_slug(gone) FROM unnest(public.bracketed_names(OLD.blocksuite_snapshot)) gone)
              AND t.slug NOT IN (SELECT public.topic_slug(kept) FROM unnest(names) kept);
    END IF;
    FOREACH name IN ARRAY names LOOP
        SELECT n.id INTO target FROM public.notes n
            WHERE n.user_id = NEW.user_id AND n.title = name AND n.id <> NEW.id
            ORDER BY n.is_archived, n.created_at, n.id LIMIT 1;
        IF FOUND THEN
            INSERT INTO public.note_links (id, user_id, source_note_id, target_note_id, mention)
                VALUES (public.derived_uuid(NEW.id || '/links/' || target), NEW.user_id, NEW.id, target, name)
                ON CONFLICT DO NOTHING;
        ELSIF length(name) <= 200 AND name IS DISTINCT FROM NEW.title THEN
            INSERT INTO public.topics (id, user_id, label, slug)
                VALUES (public.derived_uuid(NEW.user_id || '/topics/' || public.topic_slug(name)), NEW.user_id, name, public.topic_slug(name))
                ON CONFLICT DO NOTHING;
            SELECT t.id INTO topic FROM public.topics t WHERE t.user_id = NEW.user_id AND t.slug = public.topic_slug(name);
            INSERT INTO public.note_topics (note_id, topic_id, user_id) VALUES (NEW.id, topic, NEW.user_id)
                ON CONFLICT DO NOTHING;
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
CREATE TRIGGER notes_references AFTER INSERT ON notes
    FOR EACH ROW WHEN (NEW.blocksuite_snapshot IS NOT NULL) EXECUTE FUNCTION extract_references();
CREATE TRIGGER notes_references_changed AFTER UPDATE OF blocksuite_snapshot ON notes
    FOR EACH ROW WHEN (NEW.blocksuite_snapshot IS DISTINCT FROM OLD.blocksuite_snapshot)
    EXECUTE FUNCTION extract_references();

-- A note that gets a title takes over where others had named it before it was there.
CREATE FUNCTION claim_references() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    WITH claimed AS (
        DELETE FROM public.note_topics nt USING public.topics t, public.notes n
        WHERE t.user_id = NEW.user_id AND t.slug = public.topic_slug(NEW.title)
          AND nt.user_id = NEW.user_id AND nt.topic_id = t.id
          AND n.id = nt.note_id AND n.id <> NEW.id AND NEW.title = ANY (public.bracketed_names(n.blocksuite_snapshot))
        RETURNING nt.note_id)
    INSERT INTO public.note_links (id, user_id, source_note_id, target_note_id, mention)
        SELECT public.derived_uuid(c.note_id || '/links/' || NEW.id), NEW.user_id, c.note_id, NEW.id, NEW.title FROM claimed c
        ON CONFLICT DO NOTHING;
    RETURN NULL;
END $$;
CREATE TRIGGER notes_claim AFTER INSERT ON notes
    FOR EACH ROW WHEN (NEW.title <> '') EXECUTE FUNCTION claim_references();
CREATE TRIGGER notes_claim_changed AFTER UPDATE OF title ON notes
    FOR EACH ROW WHEN (NEW.title <> '' AND NEW.title IS DISTINCT FROM OLD.title) EXECUTE FUNCTION claim_references();
