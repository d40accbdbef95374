//! A database of its own on the Postgres that the tests have.

use haversack_text::Ctype;
use std::sync::atomic::{AtomicU32, Ordering};
use tokio_postgres::{Client, NoTls};

static NEXT: AtomicU32 = AtomicU32::new(0);

/// What a text is made of or why it is refused, as text.
const ATTEMPT: &str =
    "CREATE FUNCTION attempt(what text, given text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN CASE what
        WHEN 'vector' THEN given::tsvector::text
        WHEN 'query' THEN given::tsquery::text
        WHEN 'operators' THEN to_tsquery('english', given)::text
        WHEN 'plain' THEN plainto_tsquery('english', given)::text
        WHEN 'phrase' THEN phraseto_tsquery('english', given)::text
        WHEN 'websearch' THEN websearch_to_tsquery('english', given)::text
    END;
EXCEPTION WHEN OTHERS THEN
    RETURN 'error ' || SQLSTATE;
END $$";

/// A database, which is dropped at the end of a test that succeeds.
pub struct Server {
    pub client: Client,
    pub major: u16,
    pub ctype: Ctype,
    admin: Client,
    name: String,
}

fn superuser_url() -> String {
    std::env::var("HAVERSACK_TEST_DATABASE_URL").unwrap_or_else(|_| {
        panic!("HAVERSACK_TEST_DATABASE_URL is not set: run `cargo xtask test rust`, which starts a Postgres")
    })
}

async fn connect(url: &str, database: Option<&str>) -> Client {
    let mut config: tokio_postgres::Config = url.parse().unwrap();
    if let Some(database) = database {
        config.dbname(database);
    }
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client
}

impl Server {
    pub async fn new(ctype: Ctype) -> Self {
        let url = superuser_url();
        let admin = connect(&url, None).await;
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = format!("haversack_text_{}_{number}", std::process::id());
        let locale = match ctype {
            Ctype::C => "C",
            Ctype::Unicode => "C.UTF-8",
        };
        let create = format!(
            "CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE 'C' LC_CTYPE '{locale}'"
        );
        admin.batch_execute(&create).await.unwrap();
        let client = connect(&url, Some(&name)).await;
        let set_up =
            format!("SET client_min_messages = error; CREATE EXTENSION pg_trgm; {ATTEMPT}");
        client.batch_execute(&set_up).await.unwrap();
        let version = client.query_one("SHOW server_version_num", &[]).await;
        let version: String = version.unwrap().get(0);
        let major = version.parse::<u32>().unwrap() / 10_000;
        Self {
            client,
            major: major as u16,
            ctype,
            admin,
            name,
        }
    }

    /// What an expression of `a`, `b` and `c` is for each of these rows of texts.
    pub async fn ask(&self, expression: &str, rows: &[Vec<String>]) -> Vec<String> {
        self.answers(expression, rows).await.unwrap()
    }

    /// The same for one row; `None` where it is refused.
    pub async fn try_ask(&self, expression: &str, row: &[String]) -> Option<String> {
        let answers = self.answers(expression, &[row.to_vec()]).await;
        answers.ok()?.pop()
    }

    async fn answers(
        &self,
        expression: &str,
        rows: &[Vec<String>],
    ) -> Result<Vec<String>, tokio_postgres::Error> {
        let column = |at: usize| -> Vec<&str> {
            let texts = rows.iter().map(|row| row.get(at).map_or("", |text| text));
            texts.collect()
        };
        let sql = format!(
            "SELECT ({expression})::text FROM unnest($1::text[], $2::text[], $3::text[]) \
             WITH ORDINALITY AS given(a, b, c, place) ORDER BY place"
        );
        let columns = [column(0), column(1), column(2)];
        let [a, b, c] = &columns;
        let answers = self.client.query(&sql, &[a, b, c]).await?;
        let answer =
            |row: &tokio_postgres::Row| row.get::<_, Option<String>>(0).unwrap_or_default();
        Ok(answers.iter().map(answer).collect())
    }

    pub async fn drop(self) {
        let Self {
            client,
            admin,
            name,
            ..
        } = self;
        drop(client);
        let sql = format!("DROP DATABASE {name} WITH (FORCE)");
        admin.batch_execute(&sql).await.unwrap();
    }
}
