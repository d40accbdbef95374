//! The model beside a real Postgres: `HAVERSACK_TEST_DATABASE_URL` is a superuser's URL.

mod answer;
mod client;
mod database;
mod draw;
mod history;
mod same;
mod schema;
mod sql;
