-- What is asked often, as views, and what the database keeps up by itself: times of change, counts,
-- and the audit trail.

INSERT INTO schema_versions (version, description) VALUES (2, 'Views and triggers');

-- ---------------------------------------------------------------- views

-- security_invoker: the reader's row security applies, not that of the views' owner.

-- A catalogue that is being synced, or whose last sync failed, still has its products.
CREATE VIEW active_products_view WITH (security_invoker = true) AS
SELECT p.id, p.catalog_id, p.sku, p.name, p.description, p.price, p.currency, p.category, p.brand,
       p.image_url, p.attributes, p.tags, p.stock_quantity, p.available_from, p.available_until,
       p.status, p.created_at, p.updated_at,
       c.name AS catalog_name, c.type AS catalog_type, c.status AS catalog_status
FROM products p
JOIN catalogs c ON c.id = p.catalog_id
WHERE p.is_active AND c.status NOT IN ('draft', 'inactive');

CREATE VIEW site_products_view WITH (security_invoker = true) AS
SELECT s.id AS site_id, s.name AS site_name, s.slug AS site_slug, s.client_id,
       p.id AS product_id, p.catalog_id, p.sku, p.name, p.description, p.price, p.currency,
       p.category, p.brand, p.image_url, p.stock_quantity
FROM sites s
JOIN catalogs c ON c.id = s.catalog_id
JOIN products p ON p.catalog_id = c.id
LEFT JOIN site_product_exclusions e ON e.site_id = s.id AND e.product_id = p.id
WHERE p.is_active AND c.status NOT IN ('draft', 'inactive') AND e.id IS NULL;

CREATE VIEW orders_summary_view WITH (security_invoker = true) AS
SELECT o.id, o.order_number, o.status, o.total_amount, o.currency, o.customer_name, o.customer_email,
       o.shipping_address, o.items, o.tracking_number, o.shipped_at, o.delivered_at,
       o.created_at, o.updated_at,
       o.client_id, c.name AS client_name, c.client_code,
       o.site_id, s.name AS site_name, s.slug AS site_slug,
       o.product_id, p.name AS product_name, p.sku AS product_sku, p.category AS product_category,
       o.employee_id, e.employee_id AS employee_number, e.first_name AS employee_first_name,
       e.last_name AS employee_last_name
FROM orders o
JOIN clients c ON c.id = o.client_id
JOIN sites s ON s.id = o.site_id
LEFT JOIN products p ON p.id = o.product_id
LEFT JOIN employees e ON e.id = o.employee_id;

-- ---------------------------------------------------------------- times of change

CREATE FUNCTION update_updated_at_column() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
    NEW.updated_at := CURRENT_TIMESTAMP;
    RETURN NEW;
END $$;

DO $$
DECLARE touched text;
BEGIN
    FOREACH touched IN ARRAY ARRAY['clients', 'catalogs', 'products', 'sites', 'site_product_exclusions',
                                   'employees', 'orders', 'admin_users', 'client_members'] LOOP
        EXECUTE format('CREATE TRIGGER %I BEFORE UPDATE ON %I
            FOR EACH ROW EXECUTE FUNCTION update_updated_at_column()',
            'update_' || touched || '_updated_at', touched);
    END LOOP;
END $$;

-- ---------------------------------------------------------------- counts

-- Once per statement, so that an import of a thousand products changes its catalogue once. As the
-- tables' owner: whoever may write products need not be allowed to write catalogues.
CREATE FUNCTION count_products() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        UPDATE catalogs c SET total_products = total_products + n.more
        FROM (SELECT catalog_id, count(*) AS more FROM new_rows GROUP BY catalog_id) n
        WHERE c.id = n.catalog_id;
    ELSIF TG_OP = 'DELETE' THEN
        UPDATE catalogs c SET total_products = total_products - o.fewer
        FROM (SELECT catalog_id, count(*) AS fewer FROM old_rows GROUP BY catalog_id) o
        WHERE c.id = o.catalog_id;
    ELSE
        UPDATE catalogs c SET total_products = total_products + d.difference
        FROM (SELECT catalog_id, sum(change) AS difference
              FROM (SELECT catalog_id, 1 AS change FROM new_rows
                    UNION ALL SELECT catalog_id, -1 FROM old_rows) moved
              GROUP BY catalog_id HAVING sum(change) <> 0) d
        WHERE c.id = d.catalog_id;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER products_counted_insert AFTER INSERT ON products
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION count_products();
CREATE TRIGGER products_counted_update AFTER UPDATE ON products
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION count_products();
CREATE TRIGGER products_counted_delete AFTER DELETE ON products
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION count_products();

-- ---------------------------------------------------------------- audit trail

-- Who did what to which row, and when. It is written in the same transaction, so what is here has
-- happened; a failure is recorded by the application that saw it. What the tables' owner does
-- (importing, migrating) is nobody's action. As the tables' owner: nobody else writes the trail.
CREATE FUNCTION log_audit() RETURNS TRIGGER
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    -- Secrets, and what the database keeps up by itself.
    hidden constant text[] := ARRAY['password_hash', 'source', 'integration_config', 'updated_at',
                                    'total_products'];
    actor uuid := NULLIF(current_setting('app.current_user_id', true), '')::uuid;
    old_row jsonb := CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) - hidden END;
    new_row jsonb := CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) - hidden END;
    row_of jsonb := COALESCE(new_row, old_row);
    site uuid := CASE TG_TABLE_NAME WHEN 'sites' THEN row_of ->> 'id' ELSE row_of ->> 'site_id' END;
    client uuid := CASE TG_TABLE_NAME WHEN 'clients' THEN row_of ->> 'id' ELSE row_of ->> 'client_id' END;
    changed jsonb;
BEGIN
    IF actor IS NULL THEN
        RETURN NULL;
    END IF;
    IF TG_OP = 'UPDATE' THEN
        SELECT jsonb_object_agg(n.key, jsonb_build_array(old_row -> n.key, n.value)) INTO changed
            FROM jsonb_each(new_row) n WHERE n.value IS DISTINCT FROM old_row -> n.key;
        IF changed IS NULL THEN
            RETURN NULL;
        END IF;
    ELSIF TG_OP = 'DELETE' THEN
        changed := old_row;
    END IF;
    IF client IS NULL THEN
        client := (SELECT s.client_id FROM sites s WHERE s.id = site);
    END IF;
    INSERT INTO audit_logs (action, entity_type, entity_id, user_id, client_id, site_id, details)
    VALUES (lower(TG_OP), TG_TABLE_NAME, (row_of ->> 'id')::uuid, actor, client, site,
            COALESCE(changed, '{}'));
    RETURN NULL;
END $$;

DO $$
DECLARE logged text;
BEGIN
    FOREACH logged IN ARRAY ARRAY['clients', 'catalogs', 'products', 'sites', 'site_product_exclusions',
                                  'employees', 'orders', 'admin_users', 'client_members'] LOOP
        EXECUTE format('CREATE TRIGGER %I AFTER INSERT OR UPDATE OR DELETE ON %I
            FOR EACH ROW EXECUTE FUNCTION log_audit()', logged || '_audit', logged);
    END LOOP;
END $$;
