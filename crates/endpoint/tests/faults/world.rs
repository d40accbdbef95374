//! A Postgres, two endpoints before it, and a fault proxy on every way.

use crate::cluster::Cluster;
use crate::harness::{Database, organizational};
use crate::server::Server;
use haversack_core::schema::Schema;
use haversack_endpoint::compiled::Compiled;
use haversack_endpoint::config::Config;
use haversack_endpoint::database;
use haversack_fault_proxy::Proxy;
use std::net::SocketAddr;
use tokio_postgres::Client;

// Every write of a title, as Postgres committed it. Not served: of another schema.
const AUDIT: &str = "
CREATE SCHEMA audit;
CREATE TABLE audit.writes (n bigint GENERATED ALWAYS AS IDENTITY, event_id integer, title text);
CREATE FUNCTION audit.note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
BEGIN
    INSERT INTO audit.writes (event_id, title)
    SELECT coalesce(NEW.event_id, OLD.event_id), NEW.title;
    RETURN NULL;
END $$;
CREATE TRIGGER audit AFTER INSERT OR UPDATE OR DELETE ON events
FOR EACH ROW EXECUTE FUNCTION audit.note();";

/// Dropped in this order: what asks before what is asked.
pub struct World {
    pub servers: Vec<Server>,
    /// Before each endpoint.
    pub doors: Vec<Proxy>,
    /// Between the endpoints and Postgres.
    pub to_postgres: Proxy,
    pub schema: Schema,
    pub database: Database,
    pub cluster: Cluster,
}

/// The schema as an endpoint would serve it now.
async fn read_schema(database: &Database, config: &Config) -> Schema {
    let mut login = database::connect(&database.login_url(), "the login")
        .await
        .unwrap();
    Compiled::read(&mut login, config)
        .await
        .unwrap()
        .schema
        .clone()
}

impl World {
    pub async fn new(endpoints: usize) -> Self {
        let cluster = Cluster::start().await;
        let database = Database::create_in(&cluster.url()).await;
        let config = database.set_up(&organizational()).await;
        let owner = database.owner().await;
        owner.batch_execute(AUDIT).await.unwrap();
        let schema = read_schema(&database, &config).await;
        let target = SocketAddr::from(([127, 0, 0, 1], cluster.port()));
        let to_postgres = Proxy::start(target).await.unwrap();
        let mut world = Self {
            servers: Vec::new(),
            doors: Vec::new(),
            to_postgres,
            schema,
            database,
            cluster,
        };
        for _ in 0..endpoints {
            let server = Server::start(&world.url());
            world
                .doors
                .push(Proxy::start(server.address).await.unwrap());
            world.servers.push(server);
        }
        world
    }

    /// The endpoints' URL of Postgres, by way of the proxy.
    fn url(&self) -> String {
        let direct = format!("127.0.0.1:{}/", self.cluster.port());
        let proxied = format!("{}/", self.to_postgres.address());
        let url = self.database.login_url();
        assert!(url.contains(&direct), "{direct}");
        url.replace(&direct, &proxied)
    }

    /// `kill -9` of an endpoint, and another in its place.
    pub fn replace_server(&mut self, at: usize) {
        self.servers[at].kill();
        self.servers[at] = Server::start(&self.url());
        self.doors[at].set_target(self.servers[at].address);
    }

    /// `kill -9` of Postgres, and up again.
    pub async fn replace_postgres(&mut self) {
        self.cluster.kill();
        self.cluster.up().await;
    }

    /// The schema's fingerprint now.
    pub async fn fingerprint(&self) -> String {
        let config = Config::read(&organizational()).unwrap();
        read_schema(&self.database, &config).await.fingerprint
    }

    pub fn heal(&self) {
        self.to_postgres.heal();
        self.doors.iter().for_each(Proxy::heal);
    }

    pub async fn owner(&self) -> Client {
        self.database.owner().await
    }

    /// New users, by their ids.
    pub async fn users(&self, count: usize) -> Vec<String> {
        let owner = self.owner().await;
        let mut users = Vec::new();
        for _ in 0..count {
            let name = uuid::Uuid::new_v4();
            let sql = format!(
                "INSERT INTO users (username, email, password_hash)
                 VALUES ('{name}', '{name}@example.org', 'canary') RETURNING user_id::text"
            );
            users.push(owner.query_one(&sql, &[]).await.unwrap().get(0));
        }
        users
    }
}
