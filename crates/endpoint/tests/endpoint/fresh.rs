//! A database of its own for a test, on the Postgres that the tests have.

use haversack_endpoint::database;
use haversack_endpoint::serve::Options;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio_postgres::Client;

pub const SECRET: &str = "0123456789abcdef0123456789abcdef";
pub const ORIGIN: &str = "http://localhost:5173";
pub const PASSWORD: &str = "test-password";

static NEXT: AtomicU32 = AtomicU32::new(0);

pub fn superuser_url() -> String {
    std::env::var("HAVERSACK_TEST_DATABASE_URL").unwrap_or_else(|_| {
        panic!("HAVERSACK_TEST_DATABASE_URL is not set: run `cargo xtask test rust`, which starts a Postgres")
    })
}

/// A database that is dropped, with its roles, when the value is.
pub struct Database {
    pub name: String,
    pub url: String,
    /// The superuser's URL, by which it was made.
    pub admin: String,
}

impl Database {
    pub async fn create() -> Self {
        Self::create_in(&superuser_url()).await
    }

    /// In the cluster that a superuser's URL names.
    pub async fn create_in(admin_url: &str) -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("haversack_test_{}_{number}", std::process::id());
        let admin = database::connect(admin_url, "HAVERSACK_TEST_DATABASE_URL")
            .await
            .unwrap();
        admin.batch_execute(&create(&name)).await.unwrap();
        let url = with_database(admin_url, &name);
        let admin = admin_url.to_owned();
        Self { name, url, admin }
    }

    pub async fn owner(&self) -> Client {
        database::connect(&self.url, "DATABASE_URL").await.unwrap()
    }

    /// The URL of the endpoint's role.
    pub fn login_url(&self) -> String {
        let login = format!("{}_haversack", self.name);
        haversack_endpoint::attach::login_url(&self.url, &login, Some(PASSWORD)).unwrap()
    }

    pub fn options(&self) -> Options {
        Options {
            database_url: self.login_url(),
            secret: Some(SECRET.into()),
            jwks: None,
            issuer: None,
            audience: None,
            listen: "127.0.0.1:0".parse().unwrap(),
            origins: vec![ORIGIN.into()],
            connections: 4,
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (name, admin) = (self.name.clone(), self.admin.clone());
        // A runtime of its own, since a test's is ending.
        let work = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async move {
                let Ok(admin) = database::connect(&admin, "HAVERSACK_TEST_DATABASE_URL").await
                else {
                    return;
                };
                let _ = admin
                    .batch_execute(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))
                    .await;
                for role in ["_haversack", "_haversack_user"] {
                    let _ = admin
                        .batch_execute(&format!("DROP ROLE IF EXISTS {name}{role}"))
                        .await;
                }
            });
        });
        let _ = work.join();
    }
}

/// A locale of the cluster's own would make text order differ between machines.
pub fn create(name: &str) -> String {
    format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE 'C'")
}

fn with_database(url: &str, name: &str) -> String {
    let (rest, query) = url
        .split_once('?')
        .map_or((url, String::new()), |(rest, q)| (rest, format!("?{q}")));
    let authority = rest.find("://").map_or(0, |at| at + 3);
    let end = rest[authority..]
        .find('/')
        .map_or(rest.len(), |at| authority + at);
    format!("{}/{name}{query}", &rest[..end])
}
