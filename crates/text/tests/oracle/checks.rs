//! What both compute.

use crate::server::Server;
use haversack_text::{Config, Ctype, Error, Language, Query, Trigrams, Vector, WEIGHTS, Weight};

pub type Ours = Box<dyn Fn(&[String]) -> String>;

/// A thing that both compute of up to three texts.
pub struct Check {
    pub name: &'static str,
    pub sql: &'static str,
    pub ours: Ours,
}

fn or_error<T: ToString>(result: Result<T, Error>) -> String {
    result.map_or_else(
        |error| format!("error {}", error.sqlstate()),
        |it| it.to_string(),
    )
}

pub fn bits(number: f32) -> String {
    format!("\\x{:08x}", number.to_bits())
}

pub fn english(server: &Server) -> Config {
    Config {
        language: Language::English,
        major: server.major,
        ctype: server.ctype,
    }
}

/// What is made of a text.
pub fn text_checks(server: &Server) -> Vec<Check> {
    let english = english(server);
    let simple = Config {
        language: Language::Simple,
        ..english
    };
    let tokens: Ours = Box::new(move |row| {
        let text = &row[0];
        let token = |token: haversack_text::Token| {
            format!("{} {}", token.kind as u8, &text[token.start..token.end])
        };
        english
            .tokens(text)
            .map(token)
            .collect::<Vec<_>>()
            .join("\u{2}")
    });
    vec![
        Check {
            name: "tokens",
            sql: "(SELECT string_agg(tokid || ' ' || token, E'\\x02' ORDER BY place) \
                   FROM ts_parse('default', a) WITH ORDINALITY AS parsed(tokid, token, place))",
            ours: tokens,
        },
        Check {
            name: "to_tsvector, english",
            sql: "to_tsvector('english', a)",
            ours: Box::new(move |row| or_error(Vector::of(&english, &row[0]))),
        },
        Check {
            name: "to_tsvector, simple",
            sql: "to_tsvector('simple', a)",
            ours: Box::new(move |row| or_error(Vector::of(&simple, &row[0]))),
        },
    ]
}

pub fn attempts(server: &Server) -> Vec<Check> {
    let config = english(server);
    let check = |name, sql, ours| Check { name, sql, ours };
    vec![
        check(
            "vector",
            "attempt('vector', a)",
            Box::new(move |row: &[String]| or_error(Vector::parse(&config, &row[0]))) as Ours,
        ),
        check(
            "query",
            "attempt('query', a)",
            Box::new(move |row| or_error(Query::parse(&config, &row[0]))),
        ),
        check(
            "operators",
            "attempt('operators', a)",
            Box::new(move |row| or_error(Query::operators(&config, &row[0]))),
        ),
        check(
            "plain",
            "attempt('plain', a)",
            Box::new(move |row| or_error(Query::plain(&config, &row[0]))),
        ),
        check(
            "phrase",
            "attempt('phrase', a)",
            Box::new(move |row| or_error(Query::phrase(&config, &row[0]))),
        ),
        check(
            "websearch",
            "attempt('websearch', a)",
            Box::new(move |row| or_error(Query::websearch(&config, &row[0]))),
        ),
    ]
}

/// Where all is ASCII, any will do.
const PLAIN: Config = Config {
    language: Language::Simple,
    major: 15,
    ctype: Ctype::Unicode,
};

/// A vector, a query and flags.
pub fn pair_checks() -> Vec<Check> {
    fn parsed(row: &[String]) -> (Vector, Query, u32) {
        (
            Vector::parse(&PLAIN, &row[0]).unwrap(),
            Query::parse(&PLAIN, &row[1]).unwrap(),
            row[2].parse().unwrap(),
        )
    }
    let check = |name, sql, ours| Check { name, sql, ours };
    vec![
        check(
            "@@",
            "a::tsvector @@ b::tsquery",
            Box::new(|row: &[String]| {
                let (vector, query, _) = parsed(row);
                let matches = haversack_text::matches(&vector, &query);
                assert!(!matches || may_match(&vector, &query), "{row:?}");
                matches.to_string()
            }) as Ours,
        ),
        check(
            "ts_rank",
            "float4send(ts_rank(a::tsvector, b::tsquery, c::int))",
            Box::new(|row| {
                let (vector, query, flags) = parsed(row);
                bits(haversack_text::rank(&WEIGHTS, &vector, &query, flags))
            }),
        ),
        check(
            "ts_rank_cd",
            "float4send(ts_rank_cd(a::tsvector, b::tsquery, c::int))",
            Box::new(|row| {
                let (vector, query, flags) = parsed(row);
                bits(haversack_text::rank_cd(&WEIGHTS, &vector, &query, flags))
            }),
        ),
    ]
}

/// Does an index say that a vector may match?
fn may_match(vector: &Vector, query: &Query) -> bool {
    query.needs().iter().all(|group| {
        group.iter().any(|operand| {
            vector.iter().any(|lexeme| match operand.prefix {
                true => lexeme.text.starts_with(operand.text),
                false => lexeme.text == operand.text,
            })
        })
    })
}

pub fn vector_checks() -> Vec<Check> {
    let sql = "(a::tsvector || b::tsvector)::text || strip(a::tsvector)::text \
               || setweight(b::tsvector, 'B')::text || length(a::tsvector)";
    let ours: Ours = Box::new(|row| {
        let [a, b] = [0, 1].map(|at| Vector::parse(&PLAIN, &row[at]).unwrap());
        let both = a.concat(&b).unwrap();
        format!(
            "{both}{}{}{}",
            a.strip(),
            b.set_weight(Weight::B),
            a.length()
        )
    });
    vec![Check {
        name: "vectors",
        sql,
        ours,
    }]
}

pub fn trigram_checks(server: &Server) -> Vec<Check> {
    let ctype = server.ctype;
    type Compare = fn(&Trigrams, &Trigrams) -> String;
    let check = |name, sql, of: Compare| Check {
        name,
        sql,
        ours: Box::new(move |row: &[String]| {
            of(&Trigrams::of(ctype, &row[0]), &Trigrams::of(ctype, &row[1]))
        }),
    };
    vec![
        check("show_trgm", "array_to_string(show_trgm(a), ',')", |a, _| {
            a.show().collect::<Vec<_>>().join(",")
        }),
        check(
            "similarity",
            "float4send(similarity(a, b)) || (a % b)::text",
            |a, b| bits(a.similarity(b)) + &a.is_similar(b).to_string(),
        ),
        check(
            "word_similarity",
            "float4send(word_similarity(a, b)) || (a <% b)::text",
            |a, b| bits(a.word_similarity(b)) + &a.is_word_similar(b).to_string(),
        ),
        check(
            "strict_word_similarity",
            "float4send(strict_word_similarity(a, b)) || (a <<% b)::text",
            |a, b| bits(a.strict_word_similarity(b)) + &a.is_strictly_word_similar(b).to_string(),
        ),
    ]
}
