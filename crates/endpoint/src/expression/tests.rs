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
    ] {
        if let Err(reason) = compile(sql, &scope()) {
            panic!("{sql}: {reason}");
        }
    }
}
