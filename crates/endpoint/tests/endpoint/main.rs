//! The endpoint against a real Postgres.
//!
//! Each test makes a database and roles of its own in the cluster that HAVERSACK_TEST_DATABASE_URL
//! names as superuser, and drops them. Most call the router directly; `process` and `poke` use real
//! processes and sockets.

mod another_history;
mod attach;
mod canary;
mod celebration;
mod changelog;
mod check;
mod commands;
mod conflicts;
mod expressions;
mod harness;
mod http;
mod introspected_rules;
mod introspection;
mod moved;
mod nothing_new;
mod odd_names;
mod organizational;
mod permissions;
mod poison;
mod poke;
mod policies;
mod policy_config;
mod policy_histories;
mod process;
mod pull;
mod push;
mod query;
mod query_groups;
mod query_operators;
mod query_refused;
mod query_words;
mod refusals;
mod revoked;
mod schema;
mod schemas;
mod second_schema;
mod sets;
mod slow;
mod supabase_style;
