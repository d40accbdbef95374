//! The Haversack endpoint: what stands between a Postgres database and its replicas.
