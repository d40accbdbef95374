//! Random expressions: for a type, a column, a constant, or a function of more of them.

/// A small generator of random numbers (splitmix64), so that a seed says everything.
pub struct Random(u64);

/// Type, leaves, and what is made of other types: `$i` stands for an integer and so on.
const GRAMMAR: &[(char, &[&str], &[&str])] = &[
    (
        'b',
        &["b", "true", "false", "NULL::boolean"],
        &[
            "$i < $i",
            "$i = $i",
            "$i BETWEEN $i AND $i",
            "$i IN (1, 2, $i)",
            "$i IS NULL",
            "$n >= $n",
            "$n = $n",
            "$f < $f",
            "$f <> $f",
            "$x = $x",
            "$x < $x",
            "$x LIKE 'a%'",
            "$x LIKE '%b\\_c'",
            "$x ILIKE '_A%'",
            "$x ~ '^[a-z]+$'",
            "$x ~* 'ABC'",
            "$x !~ '\\d'",
            "$x IN ('a', 'abc', $x)",
            "starts_with($x, 'a')",
            "$b AND $b",
            "$b OR $b",
            "NOT $b",
            "$b IS TRUE",
            "$b IS NOT FALSE",
            "$b IS UNKNOWN",
            "$i IS DISTINCT FROM $i",
            "$x IS NOT DISTINCT FROM $x",
            "$d < $d",
            "$d = $t",
            "$t >= $t",
            "$v > $v",
            "$v = $v",
            "$j = $j",
            "$j < $j",
            "$j @> $j",
            "$j ? 'a'",
            "$a = $a",
            "$a < $a",
            "$a @> $a",
            "$a && $a",
            "$x = ANY ($a)",
            "$x <> ALL ($a)",
            "CASE WHEN $b THEN $b ELSE $b END",
            "COALESCE($b, $b)",
            "m > 'sad'",
            "m = ANY (ARRAY['ok', 'sad']::mood[])",
            "by < '\\x80'",
            "u = u",
            "($i, $x) < ($i, $x)",
            "isfinite($t)",
            "$j ?| $a",
            "($d, $d) OVERLAPS ($d, $d)",
            "($t, $v) OVERLAPS ($t, $t)",
            "$x LIKE $x",
            "$x LIKE $x ESCAPE 'a'",
            "n2 > 0",
            "n2 = 19.99",
            "n2 <= $n",
            "c = 'a'",
            "v = $x",
            "c < v",
        ],
    ),
    (
        'i',
        &["i2", "i4", "i8", "0", "1", "-7", "i4", "3", "NULL::integer"],
        &[
            "$i + $i",
            "$i - $i",
            "$i * $i",
            "$i / $i",
            "$i % $i",
            "- $i",
            "abs($i)",
            "length($x)",
            "octet_length($x)",
            "position('b' in $x)",
            "cardinality($a)",
            "array_length($a, 1)",
            "COALESCE($i, $i)",
            "NULLIF($i, $i)",
            "GREATEST($i, $i)",
            "LEAST($i, $i, 5)",
            "CASE $i WHEN 1 THEN $i WHEN 2 THEN 9 END",
            "CASE WHEN $b THEN $i ELSE $i END",
            "($n)::integer",
            "($f)::bigint",
            "($i)::smallint",
            "$i & $i",
            "$i | $i",
            "$i # $i",
            "~ $i",
            "$i << 3",
            "$i >> 2",
            "$d - $d",
            "num_nulls($i, $x, $b)",
            "array_position($a, $x)",
            "ascii($x)",
            "($b)::integer",
            "ia[1]",
            "width_bucket($n, $n, $n, 5)",
            "get_byte($y, $s)",
            "position($y in $y)",
            "length($y)",
            "jsonb_array_length($j)",
            "scale($n)",
        ],
    ),
    (
        'n',
        &[
            "n",
            "n2",
            "0.0",
            "1.5",
            "-2.25",
            "10::numeric",
            "'NaN'::numeric",
        ],
        &[
            "$n + $n",
            "$n - $n",
            "$n * $n",
            "$n / $n",
            "$n % $n",
            "- $n",
            "abs($n)",
            "round($n)",
            "round($n, 1)",
            "round($n, -1)",
            "trunc($n, 1)",
            "ceil($n)",
            "floor($n)",
            "sign($n)",
            "($i)::numeric",
            "($f)::numeric",
            "($n)::numeric(12,3)",
            "$n + $i",
            "COALESCE($n, 0)",
            "GREATEST($n, $n)",
            "extract(year from $d)",
            "extract(epoch from $v)",
            "extract(second from $t)",
            "trim_scale($n)",
            "sqrt(abs($n))",
            "gcd($n, $n)",
            "lcm($n, 6)",
        ],
    ),
    (
        'f',
        &["f4", "f8", "0.5::float8", "'-Infinity'::float8"],
        &[
            "$f + $f",
            "$f - $f",
            "$f * $f",
            "$f / $f",
            "- $f",
            "abs($f)",
            "round($f)",
            "floor($f)",
            "ceil($f)",
            "($n)::float8",
            "($i)::float8",
            "($f)::real",
            "date_part('dow', $t)",
        ],
    ),
    (
        'x',
        &["x", "v", "c::text", "'a'", "'B'", "''", "'é'", "NULL::text"],
        &[
            "$x || $x",
            "$x || $i",
            "lower($x)",
            "upper($x)",
            "btrim($x)",
            "ltrim($x, ' a')",
            "rtrim($x, 'c')",
            "substring($x from $s for 2)",
            "substr($x, $s)",
            "left($x, $s)",
            "right($x, $s)",
            "replace($x, 'a', $x)",
            "split_part($x, ',', 2)",
            "concat($x, $i, $b)",
            "concat_ws(',', $x, $n, $x)",
            "repeat($x, $s)",
            "lpad($x, 4, '*')",
            "rpad($x, 3)",
            "reverse($x)",
            "initcap($x)",
            "CASE WHEN $b THEN $x ELSE $x END",
            "COALESCE($x, $x)",
            "NULLIF($x, $x)",
            "GREATEST($x, $x)",
            "($i)::text",
            "($n)::text",
            "($f)::text",
            "($d)::text",
            "($t)::text",
            "($v)::text",
            "($b)::text",
            "($x)::varchar(3)",
            "$j ->> 'a'",
            "$j ->> 0",
            "$j #>> '{b,c,0}'",
            "jsonb_typeof($j)",
            "jsonb_pretty($j)",
            "md5($x)",
            "quote_literal($x)",
            "quote_nullable($x)",
            "quote_ident($x)",
            "format('%s, %L', $x, $i)",
            "array_dims($a)",
            "encode($y, 'hex')",
            "encode($y, 'base64')",
            "encode($y, 'escape')",
            "jr ->> 'a'",
            "jr #>> $a",
            "array_to_string($a, '-', '*')",
            "ta[$s]",
            "m::text",
            "translate($x, 'abc', 'xy')",
            "overlay($x placing 'zz' from 2)",
        ],
    ),
    ('s', &["0", "1", "2", "-1", "3"], &["i2 % 4"]),
    (
        'd',
        &["d", "'2024-01-31'::date", "'0002-02-28 BC'::date"],
        &[
            "$d + $s",
            "$d - $s",
            "($t)::date",
            "GREATEST($d, $d)",
            "COALESCE($d, $d)",
        ],
    ),
    (
        't',
        &["ts", "tz::timestamp", "'2023-03-31 01:02:03'::timestamp"],
        &[
            "$t + $v",
            "$t - $v",
            "$d + $v",
            "date_trunc('month', $t)",
            "date_trunc('week', $t)",
            "date_trunc('hour', $t)",
            "($d)::timestamp",
            "LEAST($t, $t)",
            "date_trunc('century', $t)",
            "date_bin('1 hour', $t, $t)",
            "make_timestamp(2024, 2, $s, 3, 4, 5.5)",
        ],
    ),
    (
        'v',
        &[
            "iv",
            "'1 day'::interval",
            "'-1 mon 2 days'::interval",
            "tm::interval",
        ],
        &[
            "$v + $v",
            "$v - $v",
            "$v * 1.5",
            "$v / 3",
            "- $v",
            "$v * $s",
            "GREATEST($v, $v)",
            "justify_hours($v)",
            "make_interval(days => $s, hours => $s)",
        ],
    ),
    (
        'y',
        &["by", "'\\x00ff41'::bytea", "x::bytea", "'\\x'::bytea"],
        &[
            "$y || $y",
            "substring($y from $s for 2)",
            "sha256($y)",
            "set_byte($y, $s, $i)",
            "decode($x, 'base64')",
            "overlay($y placing $y from $s)",
            "btrim($y, $y)",
            "COALESCE($y, $y)",
        ],
    ),
    (
        'j',
        &[
            "j",
            "'{\"a\": 1}'::jsonb",
            "'[1, \"a\"]'::jsonb",
            "'null'::jsonb",
        ],
        &[
            "$j -> 'a'",
            "$j -> 1",
            "$j #> '{b,c}'",
            "$j || $j",
            "$j - 'a'",
            "COALESCE($j, $j)",
            "$j #- '{b,c}'",
            "jsonb_set($j, '{a}', $j)",
            "jsonb_insert($j, '{0}', $j)",
            "jsonb_strip_nulls($j)",
            "jr::jsonb",
            "(jr -> 'a')::jsonb",
            "(jr #> $a)::jsonb",
        ],
    ),
    (
        'a',
        &["ta", "'{a,b}'::text[]", "ARRAY['x', NULL]"],
        &[
            "$a || $a",
            "array_append($a, $x)",
            "array_prepend($x, $a)",
            "array_remove($a, $x)",
            "string_to_array($x, $x)",
            "string_to_array($x, ',', $x)",
            "($a)[$s:$s]",
            "array_fill($x, ARRAY[$s])",
            "trim_array($a, $s)",
            "ARRAY[$x, $x]",
            "COALESCE($a, $a)",
        ],
    ),
];

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    pub fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    /// An expression of any type.
    pub fn expression(&mut self) -> String {
        let kind = GRAMMAR[self.below(GRAMMAR.len())].0;
        let depth = 1 + self.below(3);
        self.of(kind, depth)
    }

    fn of(&mut self, kind: char, depth: usize) -> String {
        let (_, leaves, made) = GRAMMAR.iter().find(|(k, ..)| *k == kind).expect("a type");
        if depth == 0 || self.below(8) == 0 {
            return leaves[self.below(leaves.len())].to_owned();
        }
        let mut out = String::new();
        let mut characters = made[self.below(made.len())].chars();
        while let Some(c) = characters.next() {
            match c {
                '$' if characters.clone().next().is_some_and(|k| {
                    k.is_ascii_lowercase() && !characters.as_str().starts_with("$'")
                }) =>
                {
                    let kind = characters.next().expect("a type");
                    let part = self.of(kind, depth - 1);
                    out.push_str(&format!("({part})"));
                }
                other => out.push(other),
            }
        }
        out
    }
}
