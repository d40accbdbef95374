//! Every answer beside that of a real Postgres: `HAVERSACK_TEST_DATABASE_URL` is a superuser's URL.
//!
//! `HAVERSACK_TEST_BUDGET` says how many random texts of each kind there are (256 by default), and
//! `PROPTEST_RNG_SEED` repeats a run. A difference is printed with the smallest texts that show it,
//! to be kept among the cases. `HAVERSACK_SHARED_DATA` is a folder with real texts.

mod cases;
mod checks;
mod server;
mod texts;

use checks::{
    Check, attempts, bits, english, pair_checks, text_checks, trigram_checks, vector_checks,
};
use haversack_text::{Config, Ctype, Error, Query, Trigrams, Vector, WEIGHTS};
use server::Server;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};
use texts::Draw;

fn variable(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

fn budget() -> usize {
    variable("HAVERSACK_TEST_BUDGET").unwrap_or(256) as usize
}

fn draw() -> Draw {
    let now = || {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap()
            .as_nanos() as u64
    };
    let seed = variable("PROPTEST_RNG_SEED").unwrap_or_else(now);
    println!("PROPTEST_RNG_SEED={seed}");
    Draw::new(seed)
}

/// Compares all rows, and makes the first difference as small as may be.
async fn compare(server: &Server, check: &Check, rows: &[Vec<String>]) {
    for rows in rows.chunks(500) {
        let answers = server.ask(check.sql, rows).await;
        for (row, theirs) in rows.iter().zip(answers) {
            let ours = (check.ours)(row);
            if ours != theirs {
                let row = shrink(server, check, row.clone()).await;
                let theirs = server.ask(check.sql, std::slice::from_ref(&row)).await;
                panic!(
                    "{} on {} with {:?}: of {row:?}\n  ours   {}\n  theirs {}",
                    check.name,
                    server.major,
                    server.ctype,
                    (check.ours)(&row),
                    theirs[0]
                );
            }
        }
    }
    println!(
        "{} {:?} {}: {} equal",
        server.major,
        server.ctype,
        check.name,
        rows.len()
    );
}

async fn shrink(server: &Server, check: &Check, mut row: Vec<String>) -> Vec<String> {
    'smaller: loop {
        let mut smaller = Vec::new();
        for (at, text) in row.iter().enumerate() {
            let letters: Vec<char> = text.chars().collect();
            for length in [letters.len() / 2, 8, 3, 1] {
                for start in 0..letters.len().saturating_sub(length.max(1) - 1) {
                    let rest = letters[..start].iter().chain(&letters[start + length..]);
                    let mut row = row.clone();
                    row[at] = rest.collect();
                    smaller.push(row);
                }
            }
        }
        smaller.retain(|other| other != &row);
        for smaller in smaller {
            // A smaller text may be refused where the check does not expect it.
            let Some(theirs) = server.try_ask(check.sql, &smaller).await else {
                continue;
            };
            if (check.ours)(&smaller) != theirs {
                row = smaller;
                continue 'smaller;
            }
        }
        return row;
    }
}

async fn compare_all(server: &Server, checks: Vec<Check>, rows: &[Vec<String>]) {
    for check in &checks {
        compare(server, check, rows).await;
    }
}

fn rows(mut one: impl FnMut() -> Vec<String>) -> Vec<Vec<String>> {
    (0..budget()).map(|_| one()).collect()
}

#[tokio::test]
async fn tokens_and_vectors_of_texts_are_those_of_postgres() {
    let mut draw = draw();
    for ctype in [Ctype::Unicode, Ctype::C] {
        let server = Server::new(ctype).await;
        compare_all(&server, text_checks(&server), &cases::texts()).await;
        let rows = rows(|| vec![texts::text(&mut draw)]);
        compare_all(&server, text_checks(&server), &rows).await;
        server.drop().await;
    }
}

/// The words of the system's dictionary, some to a text.
#[tokio::test]
async fn stems_of_words_are_those_of_postgres() {
    let mut draw = draw();
    let server = Server::new(Ctype::Unicode).await;
    let mut words: Vec<String> = (0..8 * budget()).map(|_| texts::word(&mut draw)).collect();
    match std::fs::read_to_string("/usr/share/dict/american-english") {
        Ok(known) => words.extend(known.lines().map(str::to_owned)),
        Err(_) => println!("skipped: there is no dictionary of the system's"),
    }
    let rows: Vec<_> = words.chunks(8).map(|some| vec![some.join(" ")]).collect();
    compare(&server, &text_checks(&server)[1], &rows).await;
    server.drop().await;
}

/// Each conference's texts, and queries of some of their words.
#[tokio::test]
async fn real_texts_are_read_as_by_postgres() {
    let Some(texts) = conferences() else {
        println!("skipped: conferences.json.gz is not among the shared data");
        return;
    };
    let mut draw = draw();
    let server = Server::new(Ctype::Unicode).await;
    let rows: Vec<_> = texts
        .into_iter()
        .take(8 * budget())
        .map(|text| vec![text])
        .collect();
    compare_all(&server, text_checks(&server), &rows).await;
    let config = english(&server);
    let queries: Vec<_> = rows
        .iter()
        .map(|row| {
            let words: Vec<&str> = rows[draw.below(rows.len())][0].split(' ').collect();
            let start = draw.below(words.len());
            let end = words.len().min(start + 1 + draw.below(4));
            vec![row[0].clone(), words[start..end].join(" ")]
        })
        .collect();
    let check = Check {
        name: "searches",
        sql: "(to_tsvector('english', a) @@ websearch_to_tsquery('english', b)) \
              || ' ' || float4send(ts_rank(to_tsvector('english', a), plainto_tsquery('english', b))) \
              || ' ' || float4send(ts_rank_cd(to_tsvector('english', a), phraseto_tsquery('english', b))) \
              || ' ' || float4send(word_similarity(b, a))",
        ours: Box::new(move |row| {
            let vector = Vector::of(&config, &row[0]).unwrap();
            let query =
                |make: fn(&Config, &str) -> Result<Query, Error>| make(&config, &row[1]).unwrap();
            let rank = haversack_text::rank(&WEIGHTS, &vector, &query(Query::plain), 0);
            let cover = haversack_text::rank_cd(&WEIGHTS, &vector, &query(Query::phrase), 0);
            let trigrams = |at: usize| Trigrams::of(config.ctype, &row[at]);
            let similarity = trigrams(1).word_similarity(&trigrams(0));
            let is = haversack_text::matches(&vector, &query(Query::websearch));
            format!("{is} {} {} {}", bits(rank), bits(cover), bits(similarity))
        }),
    };
    compare(&server, &check, &queries).await;
    server.drop().await;
}

fn conferences() -> Option<Vec<String>> {
    let folder = std::env::var_os("HAVERSACK_SHARED_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let file = std::fs::File::open(folder.join("conferences.json.gz")).ok()?;
    let file = flate2::read::GzDecoder::new(file);
    let all: Vec<serde_json::Value> = serde_json::from_reader(file).unwrap();
    let text = |conference: &serde_json::Value| {
        let fields = conference
            .as_object()
            .into_iter()
            .flat_map(|fields| fields.values());
        let field = |value: &serde_json::Value| match value.as_str() {
            Some(text) => text.to_owned(),
            None => value.to_string(),
        };
        fields.map(field).collect::<Vec<_>>().join(" ")
    };
    Some(all.iter().map(text).collect())
}

#[tokio::test]
async fn text_forms_and_queries_are_those_of_postgres() {
    let mut draw = draw();
    for ctype in [Ctype::Unicode, Ctype::C] {
        let server = Server::new(ctype).await;
        compare_all(&server, attempts(&server), &cases::queries()).await;
        let rows = rows(|| match draw.below(4) {
            0 => vec![texts::text(&mut draw)],
            1 => vec![texts::query(&mut draw, 3)],
            _ => vec![texts::loose_query(&mut draw)],
        });
        compare_all(&server, attempts(&server), &rows).await;
        server.drop().await;
    }
}

#[tokio::test]
async fn matches_and_ranks_are_those_of_postgres() {
    let mut draw = draw();
    let server = Server::new(Ctype::Unicode).await;
    compare_all(&server, pair_checks(), &cases::pairs()).await;
    let pairs = rows(|| {
        let flags = if draw.chance(2) { 0 } else { draw.below(64) };
        vec![
            texts::vector(&mut draw),
            texts::query(&mut draw, 4),
            flags.to_string(),
        ]
    });
    compare_all(&server, pair_checks(), &pairs).await;
    let vectors = rows(|| vec![texts::vector(&mut draw), texts::vector(&mut draw)]);
    compare_all(&server, vector_checks(), &cases::vectors()).await;
    compare_all(&server, vector_checks(), &vectors).await;
    server.drop().await;
}

#[tokio::test]
async fn similarities_are_those_of_postgres() {
    let mut draw = draw();
    for ctype in [Ctype::Unicode, Ctype::C] {
        let server = Server::new(ctype).await;
        let rows = rows(|| {
            let text = texts::text(&mut draw);
            let other = match draw.below(3) {
                0 => texts::text(&mut draw),
                1 => text.chars().filter(|_| !draw.chance(4)).collect(),
                _ => format!(
                    "{} {text} {}",
                    texts::word(&mut draw),
                    texts::text(&mut draw)
                ),
            };
            vec![text, other]
        });
        compare_all(&server, trigram_checks(&server), &rows).await;
        server.drop().await;
    }
}
