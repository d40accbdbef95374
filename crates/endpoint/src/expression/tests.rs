use super::*;

fn scope() -> Scope {
    let column = |kind| ScopeColumn {
        kind,
        ..ScopeColumn::default()
    };
    Scope {
        columns: [
            ("title", Type::Text),
            ("status", Type::Varchar { length: Some(20) }),
            ("priority", Type::Int4),
        ]
        .into_iter()
        .map(|(name, kind)| (name.to_owned(), column(kind)))
        .collect(),
        server: 15,
        collation: "C.UTF-8".into(),
        identity: "app.current_user_id".into(),
        ..Scope::default()
    }
}

#[test]
fn the_normal_form_compiles() {
    for sql in [
        "CHECK (((status)::text = ANY ((ARRAY['active'::character varying, 'lost'::character varying])::text[])))",
        "CHECK (((priority >= 1) AND (priority <= 5)))",
        "CHECK ((title <> ''::text)) NOT VALID",
        "((title ~ '^#[0-9a-fA-F]{6}$'::text))",
        "((length(btrim(title)) > 0))",
        "CHECK ((TRIM(BOTH FROM title) <> ''::text))",
        "CHECK ((TRIM(LEADING FROM COALESCE(title, 'NULL'::text)) <> ''::text))",
    ] {
        if let Err(reason) = compile(sql, &scope()) {
            panic!("{sql}: {reason}");
        }
    }
}

#[test]
fn a_rule_that_draws_at_random_is_the_server_s() {
    let reason = compile("(random() < (1)::double precision)", &scope()).expect_err("a CHECK");
    assert!(reason.contains("only the server can draw"), "{reason}");
}

#[test]
fn defaults_are_what_they_are() {
    use haversack_core::schema::ColumnDefault as D;
    let text = Type::Text;
    let shape = |sql: &str, kind: &Type| match default_of(sql, kind, &scope()) {
        None => "none".to_owned(),
        Some(D::Constant { text }) => format!("constant {text}"),
        Some(D::Now) => "now".into(),
        Some(D::Uuid) => "uuid".into(),
        Some(D::Sequence { .. }) => "sequence".into(),
        Some(D::Expression { random, expr, .. }) => format!(
            "expression{}{}",
            if random { " random" } else { "" },
            if expr.has("identity") {
                " identity"
            } else {
                ""
            }
        ),
        Some(D::ServerOnly { reason, .. }) => reason,
    };
    for (sql, kind, expected) in [
        (
            "('rec_'::text || replace((gen_random_uuid())::text, '-'::text, ''::text))",
            &text,
            "expression random",
        ),
        (
            "(now() + '30 days'::interval)",
            &Type::Timestamptz,
            "expression",
        ),
        ("(CURRENT_DATE + 7)", &Type::Date, "expression"),
        ("CURRENT_DATE", &Type::Date, "now"),
        ("CURRENT_TIMESTAMP", &Type::Timestamp, "now"),
        ("gen_random_uuid()", &Type::Uuid, "uuid"),
        ("(gen_random_uuid())::text", &text, "expression random"),
        ("(1 + 2)", &Type::Int4, "constant 3"),
        (
            "0",
            &Type::Numeric {
                precision: Some(10),
                scale: Some(2),
            },
            "constant 0.00",
        ),
        ("NULL::text", &text, "none"),
        (
            "(NULLIF(current_setting('app.current_user_id'::text, true), ''::text))::integer",
            &Type::Int4,
            "expression identity",
        ),
        (
            "lpad((floor((random() * (1000)::double precision)))::text, 3, '0'::text)",
            &text,
            "expression random",
        ),
        (
            "make_slug('a'::text)",
            &text,
            "it calls the function make_slug, which the client has not",
        ),
    ] {
        assert_eq!(shape(sql, kind), expected, "{sql}");
    }
}

#[test]
fn a_value_too_long_for_its_column_is_refused() {
    let kind = Type::Varchar { length: Some(3) };
    let expr = compile_to("upper(title)", &kind, &scope()).expect("it compiles");
    assert_eq!(expr.text.as_deref(), Some("assign"));
    let expr = compile_to("(title)::character varying(3)", &kind, &scope()).expect("it compiles");
    assert_eq!(expr.op, "cast");
}

#[test]
fn the_docs_list_what_is_evaluated() {
    let docs = include_str!("../../../../docs/check.md");
    let (_, section) = docs
        .split_once("## What of an expression a client evaluates")
        .expect("a section about expressions");
    let (listed, _) = section
        .split_once("What is left to the server")
        .expect("an end of the list");
    let words: Vec<&str> = listed.split('`').skip(1).step_by(2).collect();
    for name in super::signatures::names() {
        assert!(words.contains(&name), "docs/check.md lacks `{name}`");
    }
    let function = |word: &&&str| word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    for word in words.iter().filter(function) {
        // With some number of arguments it is known, whatever is wrong with them.
        let known = (0..5).any(|count| {
            let sql = format!("{word}({})", vec!["NULL::text"; count].join(", "));
            match compile(&sql, &scope()) {
                Ok(_) => true,
                Err(reason) => !reason.contains("which the client has not"),
            }
        });
        assert!(known, "docs/check.md lists `{word}`, which is unknown");
    }
}
