//! What was once answered otherwise than by Postgres, or is easily.

fn one_each(texts: &[&str]) -> Vec<Vec<String>> {
    texts.iter().map(|text| vec![(*text).into()]).collect()
}

pub fn texts() -> Vec<Vec<String>> {
    one_each(&[
        "",
        "a",
        "a@b.cd/x",
        "<script <b x</script>y",
        "-0.0.1",
        "<x '\\>\\&",
        "<x '\\'\\' y>",
        "<x '\\a\\",
        "a@1e1.ei",
        "x <h '\\'",
        "x <h \"\\é",
        "x <h '\\' ",
        "a@b.da@b.at",
        "a@b.co.x@b.at",
    ])
}

pub fn queries() -> Vec<Vec<String>> {
    one_each(&[
        "",
        "()",
        "a",
        "a b",
        "the & a",
        "!!(a | b) <-> (c <-> d)",
        "a <-> the <-> b",
        "a or b",
        "d&OR é",
        "b:7385163878",
        "ab:63836,1,16387B",
        "a@b.da@b.at",
        "'a'b",
        "a:",
        "a:1A2B",
    ])
}

pub fn pairs() -> Vec<Vec<String>> {
    let pairs = [
        ("a:1A", "a:B"),
        ("a", "a:A"),
        ("a b", "!(a <-> b)"),
        ("ab", "a:* & a & b & c & d & e & ab"),
        ("a:1,2 ab", "a:* <-> a:*"),
    ];
    pairs
        .iter()
        .map(|(vector, query)| vec![(*vector).into(), (*query).into(), "0".into()])
        .collect()
}

/// Where positions end, the first that comes is kept.
pub fn vectors() -> Vec<Vec<String>> {
    vec![vec!["bc:16378 b:3".into(), "b:5,8,9B a:9B,2".into()]]
}
