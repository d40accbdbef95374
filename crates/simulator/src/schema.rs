//! The schema of the simulated applications: `schema/schema.sql`, as an endpoint describes it.

use haversack_core::schema::Schema;

/// Its text, as a page has it.
pub(crate) const JSON: &str = include_str!("../schema/schema.json");

/// The schema as an endpoint serves it. That it is what Postgres has is held by a test.
///
/// # Panics
/// Where `schema/schema.json` is not a schema.
pub fn schema() -> Schema {
    match Schema::from_json(JSON) {
        Ok(schema) => schema,
        Err(error) => panic!("schema.json is not a schema: {error:?}"),
    }
}
