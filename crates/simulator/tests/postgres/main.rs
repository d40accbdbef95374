//! The model beside a real Postgres: `HAVERSACK_TEST_DATABASE_URL` is a superuser's URL.

mod database;
mod schema;
