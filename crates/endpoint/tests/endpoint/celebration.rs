//! What the celebration schema's own SQL promises: its catalog (C1, C3), views (C2), constraints (C4),
//! and row security by client and site with an audit trail (C7).

use crate::harness::*;
use crate::schemas::generate;
use haversack_endpoint::seed;
use std::path::{Path, PathBuf};

/// Owner of the first client; a manager of the second; a viewer of one site of the first.
const ADA: &str = "ada00000-0000-4000-8000-000000000001";
const GRACE: &str = "9ace0000-0000-4000-8000-000000000002";
const JOAN: &str = "10a00000-0000-4000-8000-000000000003";
/// Staff: one who may write, one who may not.
const ROOT: &str = "ad000000-0000-4000-8000-000000000001";
const AUDITOR: &str = "ad000000-0000-4000-8000-000000000002";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/celebration")
}

async fn seeded() -> Endpoint {
    let endpoint = Endpoint::new(&folder()).await;
    let mut owner = endpoint.database.owner().await;
    seed::seed(&mut owner, &generate(&folder()).0)
        .await
        .unwrap();
    endpoint
}

/// Runs a statement as a user, and gives how many rows it concerned or the SQLSTATE of its refusal.
async fn as_user(endpoint: &mut Endpoint, user: &str, sql: &str) -> Result<u64, String> {
    let role = format!("{}_haversack_user", endpoint.database.name);
    let transaction = endpoint.owner.transaction().await.unwrap();
    transaction
        .batch_execute(&format!(
            "SET LOCAL app.current_user_id = '{user}'; SET LOCAL ROLE {role}"
        ))
        .await
        .unwrap();
    match transaction.execute(sql, &[]).await {
        Ok(count) => {
            transaction.commit().await.unwrap();
            Ok(count)
        }
        Err(e) => {
            let db = e.as_db_error().unwrap_or_else(|| panic!("{sql}: {e}"));
            Err(db.code().code().to_owned())
        }
    }
}

#[tokio::test]
async fn everything_is_commented_indexed_and_kept_up() {
    let endpoint = Endpoint::new(&folder()).await;
    let silent = "pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND a.attnum > 0
          AND c.relname <> 'schema_migrations'
          AND (col_description(c.oid, a.attnum) IS NULL OR obj_description(c.oid, 'pg_class') IS NULL)";
    assert_eq!(endpoint.count(silent).await, 0);
    let indexes = endpoint
        .count("pg_indexes WHERE schemaname = 'public'")
        .await;
    assert!(indexes > 50, "{indexes} indexes");
    let stale = "information_schema.columns c
        WHERE c.table_schema = 'public' AND c.column_name = 'updated_at'
          AND c.table_name IN (SELECT relname FROM pg_class WHERE relkind = 'r')
          AND NOT EXISTS (SELECT FROM pg_trigger t WHERE t.tgname = format('update_%s_updated_at', c.table_name))";
    assert_eq!(endpoint.count(stale).await, 0);
    assert_eq!(
        endpoint.count("schema_versions").await,
        endpoint.count("schema_migrations").await
    );
    for (sql, index) in [
        (
            "SELECT FROM products WHERE name % 'waknut lamp'",
            "idx_products_name_trgm",
        ),
        (
            "SELECT FROM clients WHERE name ILIKE '%corn%'",
            "idx_clients_name_trgm",
        ),
        (
            "SELECT FROM orders WHERE order_number = 'ORD-1'",
            "idx_orders_order_number",
        ),
        (
            "SELECT FROM orders WHERE client_id = '00000000-0000-8000-8000-000000000000' ORDER BY created_at DESC LIMIT 9",
            "idx_orders_client_created",
        ),
        (
            "SELECT FROM products WHERE category = 'Home' AND price < 50 ORDER BY price",
            "idx_products_category_price",
        ),
    ] {
        endpoint.sql("SET enable_seqscan = off").await;
        let plan = endpoint.owner.query(&format!("EXPLAIN {sql}"), &[]).await;
        let plan: Vec<String> = plan.unwrap().iter().map(|row| row.get(0)).collect();
        let plan = plan.join("\n");
        assert!(plan.contains(index), "{sql}: {plan}");
    }
}

#[tokio::test]
async fn views_answer_under_the_readers_row_security() {
    let mut endpoint = seeded().await;
    let role = format!("{}_haversack_user", endpoint.database.name);
    endpoint
        .sql(&format!(
            "GRANT SELECT ON active_products_view, site_products_view, orders_summary_view TO {role}"
        ))
        .await;
    let rows = async |endpoint: &mut Endpoint, user: &str, view: &str| {
        as_user(endpoint, user, &format!("SELECT FROM {view}"))
            .await
            .unwrap()
    };
    for (user, sites) in [(ADA, 2), (JOAN, 1), (GRACE, 2)] {
        assert_eq!(
            rows(&mut endpoint, user, "orders_summary_view").await,
            150 * sites
        );
    }
    let count = async |endpoint: &Endpoint, sql: &str| endpoint.count(sql).await as u64;
    let everywhere = count(&endpoint, "site_products_view").await;
    let expected = count(
        &endpoint,
        "sites s JOIN products p ON p.catalog_id = s.catalog_id AND p.status = 'active'
         WHERE NOT EXISTS (SELECT FROM site_product_exclusions e WHERE e.site_id = s.id AND e.product_id = p.id)",
    )
    .await;
    assert_eq!(everywhere, expected);
    let all = count(&endpoint, "sites s JOIN products p USING (catalog_id)").await;
    assert!(0 < everywhere && everywhere < all);
    let (ada, grace) = (
        rows(&mut endpoint, ADA, "site_products_view").await,
        rows(&mut endpoint, GRACE, "site_products_view").await,
    );
    assert!(ada > 0 && grace > 0 && ada + grace < everywhere);
    assert_eq!(
        rows(&mut endpoint, ROOT, "site_products_view").await,
        everywhere
    );
    // A draft's products are not offered.
    assert_eq!(
        count(
            &endpoint,
            "active_products_view WHERE catalog_status = 'draft'"
        )
        .await,
        0
    );
    endpoint
        .sql("UPDATE catalogs SET status = 'active' WHERE type = 'dropship'")
        .await;
    assert!(
        count(
            &endpoint,
            "active_products_view WHERE catalog_type = 'dropship'"
        )
        .await
            > 0
    );
}

#[tokio::test]
async fn constraints_refuse_what_the_document_says() {
    let mut endpoint = seeded().await;
    let site = "(SELECT id FROM sites WHERE slug = 'acorn-ten')";
    for (sql, state, constraint) in [
        (
            "UPDATE clients SET status = 'gone'",
            "23514",
            "clients_status_check",
        ),
        (
            "UPDATE clients SET contact_email = 'nobody'",
            "23514",
            "clients_contact_email_check",
        ),
        (
            "UPDATE clients SET contract_end = contract_start",
            "23514",
            "clients_contract_dates",
        ),
        (
            "UPDATE clients SET client_code = 'acorn'",
            "23505",
            "idx_clients_client_code",
        ),
        (
            "UPDATE sites SET slug = 'Acorn Ten'",
            "23514",
            "sites_slug_check",
        ),
        (
            "UPDATE sites SET slug = 'acorn-ten'",
            "23505",
            "idx_sites_slug",
        ),
        (
            "UPDATE sites SET end_date = start_date - 1",
            "23514",
            "sites_dates",
        ),
        (
            "INSERT INTO sites (client_id, name, slug) VALUES (gen_random_uuid(), 'x', 'x')",
            "23503",
            "sites_client_id_fkey",
        ),
        (
            "UPDATE catalogs SET type = 'shop'",
            "23514",
            "catalogs_type_check",
        ),
        (
            "UPDATE products SET price = -0.01",
            "23514",
            "products_price_check",
        ),
        (
            "UPDATE products SET sku = 'one'",
            "23505",
            "products_catalog_sku_unique",
        ),
        ("UPDATE products SET is_active = true", "428C9", ""),
        (
            "UPDATE employees SET employee_id = 'one'",
            "23505",
            "employees_site_employee_unique",
        ),
        (
            "UPDATE employees SET employee_id = NULL, email = NULL, serial_card_number = NULL",
            "23514",
            "employees_can_be_validated",
        ),
        (
            "UPDATE orders SET status = 'lost'",
            "23514",
            "orders_status_check",
        ),
        (
            "UPDATE orders SET order_number = 'one'",
            "23505",
            "idx_orders_order_number",
        ),
        (
            "UPDATE orders SET total_amount = -1",
            "23514",
            "orders_total_amount_check",
        ),
        (
            "UPDATE orders SET site_id = {site}",
            "23503",
            "orders_employee_of_site",
        ),
        (
            "UPDATE orders SET employee_id = NULL, site_id = {site}",
            "23503",
            "orders_site_of_client",
        ),
        (
            "UPDATE orders SET shipped_at = now(), delivered_at = now() - interval '1 s'",
            "23514",
            "orders_delivered_after_shipped",
        ),
        (
            "INSERT INTO site_product_exclusions (site_id, product_id) SELECT site_id, product_id FROM site_product_exclusions",
            "23505",
            "site_product_exclusions_once",
        ),
        (
            "INSERT INTO client_members (user_id, client_id, email) SELECT user_id, client_id, email FROM client_members",
            "23505",
            "client_members_once",
        ),
        (
            "UPDATE admin_users SET role = 'king'",
            "23514",
            "admin_users_role_check",
        ),
        (
            "UPDATE audit_logs SET status = 'maybe'",
            "23514",
            "audit_logs_status_check",
        ),
    ] {
        let sql = sql.replace("{site}", site);
        let transaction = endpoint.owner.transaction().await.unwrap();
        let error = transaction.execute(&sql, &[]).await.expect_err(&sql);
        let db = error.as_db_error().unwrap();
        assert_eq!(
            (db.code().code(), db.constraint().unwrap_or_default()),
            (state, constraint),
            "{sql}"
        );
    }
    // The counter of products follows every way in which they come and go.
    for sql in [
        "DELETE FROM products WHERE category = 'Home'",
        "UPDATE products SET catalog_id = (SELECT id FROM catalogs WHERE type = 'manual') WHERE category = 'Outdoor' AND catalog_id = (SELECT id FROM catalogs WHERE type = 'erp') AND NOT EXISTS (SELECT FROM products p WHERE p.sku = products.sku AND p.catalog_id = (SELECT id FROM catalogs WHERE type = 'manual'))",
        "INSERT INTO products (catalog_id, sku, name) SELECT id, 'new', 'New' FROM catalogs",
    ] {
        endpoint.sql(sql).await;
        let wrong = "catalogs c WHERE total_products <> (SELECT count(*) FROM products p WHERE p.catalog_id = c.id)";
        assert_eq!(endpoint.count(wrong).await, 0, "{sql}");
    }
}

#[tokio::test]
async fn clients_and_sites_are_kept_apart_and_the_trail_tells_who() {
    let mut endpoint = seeded().await;
    let hire = |slug: &str, number: &str| {
        format!(
            "INSERT INTO employees (site_id, employee_id) SELECT id, '{number}' FROM sites WHERE slug = '{slug}'"
        )
    };
    let acorn = hire("acorn-ten", "N1");
    // Joan sees the site, but only to look; Grace does not see it at all, so there is nothing to insert.
    let refused = Err("42501".to_owned());
    assert_eq!(as_user(&mut endpoint, JOAN, &acorn).await, refused);
    assert_eq!(as_user(&mut endpoint, AUDITOR, &acorn).await, refused);
    assert_eq!(as_user(&mut endpoint, GRACE, &acorn).await, Ok(0));
    let site = endpoint
        .value("SELECT id FROM sites WHERE slug = 'acorn-ten'")
        .await
        .unwrap();
    let by_key = format!("INSERT INTO employees (site_id, employee_id) VALUES ('{site}', 'N2')");
    assert_eq!(as_user(&mut endpoint, GRACE, &by_key).await, refused);
    assert_eq!(as_user(&mut endpoint, ADA, &acorn).await, Ok(1));
    assert_eq!(
        as_user(&mut endpoint, ADA, "UPDATE sites SET name = name || '!'").await,
        Ok(2)
    );
    assert_eq!(
        as_user(&mut endpoint, ADA, "UPDATE products SET price = 0").await,
        Ok(0),
        "catalogues are the platform's"
    );
    assert_eq!(
        as_user(&mut endpoint, ROOT, "UPDATE products SET price = 0").await,
        Ok(240)
    );
    assert_eq!(
        as_user(&mut endpoint, ADA, "DELETE FROM audit_logs").await,
        refused
    );
    let trail = |who: &str, what: &str| {
        format!("audit_logs WHERE user_id = '{who}' AND {what} AND status = 'success'")
    };
    let renamed = "entity_type = 'sites' AND details -> 'name' ->> 1 LIKE '%!'";
    for (who, what, count) in [
        (
            ADA,
            "entity_type = 'employees' AND action = 'insert' AND client_id IS NOT NULL",
            1,
        ),
        (ADA, renamed, 2),
        (ROOT, "entity_type = 'products' AND details ? 'price'", 240),
        (GRACE, "true", 0),
    ] {
        assert_eq!(
            endpoint.count(&trail(who, what)).await,
            count,
            "{who} {what}"
        );
    }
    let one_sites = |user| (user, "SELECT FROM sites");
    for ((user, sql), rows) in [
        (one_sites(JOAN), 1),
        (one_sites(ADA), 2),
        (one_sites(ROOT), 5),
    ] {
        assert_eq!(as_user(&mut endpoint, user, sql).await, Ok(rows));
    }
    endpoint
        .sql("UPDATE client_members SET status = 'inactive'; UPDATE admin_users SET status = 'suspended'")
        .await;
    for user in [ADA, JOAN, ROOT] {
        assert_eq!(
            as_user(&mut endpoint, user, "SELECT id FROM sites").await,
            Ok(0)
        );
        assert_eq!(
            as_user(&mut endpoint, user, "SELECT id FROM products").await,
            Ok(0)
        );
    }
}
