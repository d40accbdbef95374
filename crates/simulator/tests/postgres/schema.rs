//! `schema/schema.json` is what an endpoint says of `schema/schema.sql`.

use crate::database::Database;
use haversack_core::schema::Schema;

/// Where it is to be written anew: `HAVERSACK_WRITE_SCHEMA=1`.
const WRITE: &str = "HAVERSACK_WRITE_SCHEMA";
/// The version of Postgres that it was written for: its number is all that others differ in.
const SERVER: u16 = 15;

#[tokio::test]
async fn the_json_is_what_an_endpoint_says_of_the_sql() {
    let database = Database::create().await;
    let found = database.schema();
    let found = Schema::new(
        SERVER,
        found.identity,
        found.limits,
        found.tables,
        found.views,
    )
    .unwrap()
    .with_letters(found.letters);
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("schema/schema.json");
    if std::env::var_os(WRITE).is_some() {
        let json = serde_json::to_string_pretty(&found).unwrap();
        std::fs::write(&path, format!("{json}\n")).unwrap();
    }
    let kept = Schema::from_json(&std::fs::read_to_string(&path).unwrap());
    assert_eq!(kept.ok(), Some(found), "run this test with {WRITE}=1");
}
