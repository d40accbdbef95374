-- Conditions of rules.
v IN ('active', 'inactive', 'lost')
v NOT IN ('a', 'b')
x <> ''
i4 BETWEEN 1 AND 5
i4 NOT BETWEEN SYMMETRIC 5 AND 1
i4 >= 0 AND i4 <= 100
n2 >= 0
n2 > 19.99
n2 = 19.990
n2 < 0.005
n2 = n
n > i8
i2 < i8
i4 = i8
f4 = f8
f4 < n
x ~ '^#[0-9a-fA-F]{6}$'
v ~ '^#[0-9a-fA-F]{6}$'
x ~* '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+\.[A-Za-z]{2,}$'
x ~ '^\d{4}-\d{2}-\d{2}$'
x ~ '\s'
x ~ '^\s*\S+\s*$'
x ~ '\mabc\M'
x ~ '\yabc'
x ~ '[[:alpha:]]+[[:digit:]]'
x ~ '[^[:space:]a-c]'
x ~ '^.$'
x ~ 'a.c|^b'
x ~ '(?i)abc'
x ~ '***=a%b'
x ~ '(?=a)ab(?!d)'
x ~ '^[]a]'
x ~ '[a\-c]'
x ~ 'é|ü'
x ~* 'Ä'
x ~ '\u65e5'
x ~ '^$'
x !~ 'a'
x !~* 'A'
c ~ 'a    $'
x SIMILAR TO '(a|b)%'
x NOT SIMILAR TO '%_b_%'
x SIMILAR TO 'a!%%' ESCAPE '!'
x LIKE 'a%'
x LIKE '%c'
x LIKE '%b%'
x LIKE '_'
x LIKE '%a_%'
x LIKE 'a\\b'
x LIKE '%\%b\_%'
x LIKE 'a!%%' ESCAPE '!'
x LIKE '%' || v
x NOT LIKE '日%'
x ILIKE 'A%'
x ILIKE '%ABC%'
c LIKE 'a%'
c LIKE 'a'
x LIKE ANY (ARRAY['a%', '%c'])
x NOT LIKE ALL (ARRAY['a%', '%c'])
x ~ ANY (ARRAY['^a', 'c$'])
length(btrim(x)) > 0
trim(x) <> ''
length(trim(both from x || ' ')) > 1
trim(leading 'a' from x)
trim(trailing from coalesce(x, 'NULL'))
char_length(x) <= 5
length(c)
octet_length(c)
octet_length(x)
bit_length(v)
length(by)
c = 'a'
c = v
c = x
c < 'b'
c || 'x'
c::text = 'a'
v = x
v || c
x > v
b
NOT b
b IS TRUE
b IS NOT TRUE
b IS FALSE
b IS NOT FALSE
b IS UNKNOWN
b IS NOT UNKNOWN
b = true
b < true
b OR i4 > 0
b AND i4 / i2 > 0
i2 <> 0 AND i4 / i2 > 0
i4 IS NULL
x IS NOT NULL
(i4, x) IS NULL
(i4, x) IS NOT NULL
(i4, x) = (1, 'a')
(i4, x) <> (1, 'a')
(i4, i8) < (1, 2)
(i4, x) >= (5, 'b')
x IS DISTINCT FROM v
n IS NOT DISTINCT FROM n2
x IS DISTINCT FROM NULL
num_nonnulls(i4, x, b) = 1
num_nulls(i4, x, j, ta)
CASE WHEN i4 > 0 THEN x ELSE v END
CASE i4 WHEN 1 THEN 'one' WHEN 2 THEN 'two' END
CASE WHEN i4 = 0 THEN NULL ELSE 1 / i4 END
COALESCE(x, v, 'none')
COALESCE(n2, n, 0)
NULLIF(x, '')
NULLIF(i4, i2)
GREATEST(i4, i8, 3)
LEAST(x, v)
GREATEST(n, n2)
-- Casts.
i4::smallint
i8::integer
n::integer
n::bigint
n2::integer
n2::bigint
n::smallint
f8::integer
f8::bigint
f4::smallint
f8::numeric
f4::numeric
f8::numeric(10,2)
n::numeric(10,2)
n::numeric(5,-2)
n::float8
n::real
n2::real
f8::real
f4::float8
i8::real
i8::float8
i4::numeric(5,1)
i4::boolean
b::integer
b::text
x::integer
x::numeric
CASE WHEN x ~ '^\d{4}-\d\d-\d\d$' THEN x::date END
x::boolean
v::integer
x::varchar(3)
x::char(3)
i4::varchar(2)
x::jsonb
j::text
j::integer
j::numeric
j::boolean
u::text
x::uuid
d::text
d::timestamp
d::timestamptz
ts::date
tz::date
ts::time
ts::timestamptz
tz::timestamp
ts::text
tz::text
iv::text
iv::time
tm::interval
tm::text
m::text
x::mood
ta::text
ia::bigint[]
ia::text[]
na::integer[]
ta::varchar(2)[]
by::text
-- Numbers.
i4 + i2
i4 * i4
i8 - i4
i4 / i2
i4 % i2
i8 / -1
i2 * i2
- i4
- i8
abs(i4)
@ i2
i4 & 6
i4 | i2
i4 # 5
~ i8
i4 << 5
i2 << 9
i8 >> 3
i4 << 33
gcd(i4, 12)
lcm(i4, 4)
mod(i8, 5)
n + n2
n - n2
n * n2
n / n2
n % n2
n / 3
10.0 / n2
1 / n
2::numeric / 3
n2 / 7
round(n)
round(n2, 1)
round(n, -2)
trunc(n, 1)
trunc(n2)
ceil(n2)
floor(n2)
ceiling(n)
sign(n)
abs(n)
- n
scale(n)
min_scale(n2)
trim_scale(n)
div(n, 2)
mod(n2, 3)
n2 ^ 2
power(n2, 3)
1.5 ^ 4
2::numeric ^ -3
f8 + f4
f8 * f8
f8 / f8
f4 * f4
f4 + f4
f8 - 1.5
- f8
abs(f8)
round(f8)
trunc(f8)
ceil(f8)
floor(f8)
sign(f8)
sqrt(abs(f8))
i2 ^ 2
i2 ^ 3.0
f8 ^ 1
f8 ^ 0
2 ^ 10
2 ^ i4
2 ^ i2
power(2, i8)
n2 * i4 > 100
n2 * 0.19
-- Text.
x || v
x || i4
n || x
b || x
x || d
x || ta::text
lower(x)
upper(v)
initcap(x)
lower(v) = v
btrim(x)
trim(both 'a' from x)
ltrim(x, ' a')
rtrim(x, 'c')
substring(x from 2)
substring(x from 2 for 3)
substring(x from -1 for 3)
substring(x, i2, 2)
substr(x, 1, i4)
left(x, 2)
left(x, -1)
right(x, 2)
right(x, -2)
replace(x, 'a', 'bb')
replace(x, '', 'z')
translate(x, 'abc', 'x')
position('b' in x)
strpos(x, '')
starts_with(x, 'a')
x ^@ 'ab'
split_part(x, ',', 2)
split_part(x, ',', -1)
split_part(x, '', 1)
split_part(x, ',', 0)
concat(x, i4, b, NULL, d, n)
concat(c, '|')
concat_ws(',', x, NULL, v, i4)
concat_ws(v, x, x)
repeat(x, 2)
repeat(x, i2 % 3)
lpad(x, 5)
lpad(x, 5, 'xy')
rpad(x, 4, '')
reverse(x)
ascii(x)
chr(65)
chr(i4)
to_hex(i4)
to_hex(i8)
overlay(x placing 'zz' from 2)
overlay(x placing 'zz' from 2 for 1)
overlay(x placing 'zz' from i2 for 1)
-- Arrays.
ta[1]
ia[2]
ia[1][2]
ia[i4]
ta = ARRAY['a']
ta < ARRAY['b']
na = ARRAY[1]::numeric[]
ia > ARRAY[1,2]
i4 = ANY (ia)
i4 <> ALL (ia)
i8 = ANY (ia)
x = ANY (ta)
v = ANY (ta)
n = ANY (na)
i4 > ANY (ARRAY[1, NULL, 3])
i4 < ALL (ARRAY[1, NULL, 3])
x = ANY ('{}'::text[])
x = ANY (NULL::text[])
x IN ('a', NULL)
ta @> ARRAY['a']
ta <@ ARRAY['a','b']
ta && ARRAY['b','x']
ia @> '{}'
na @> ARRAY[1.0]
ARRAY[i4, i2]
ARRAY[x, v]
ARRAY[ia, ia]
ARRAY[n, i4]
ta || 'z'::text
ta || ARRAY['z']
'z'::text || ta
ia || ia
ia || 5
array_append(ia, 1)
array_prepend(1, ia)
array_cat(ta, ta)
array_remove(ta, 'a')
array_remove(ta, NULL)
array_replace(ta, 'a', 'z')
array_position(ta, 'b')
array_position(ia, 3, 2)
array_length(ta, 1)
array_length(ia, 2)
array_lower(ia, 1)
array_upper(ia, 1)
array_ndims(ia)
cardinality(ia)
cardinality(ta) <= 10
array_to_string(ta, ',')
array_to_string(ta, ',', '*')
array_to_string(ia, '-')
-- JSON.
j -> 'a'
j -> 'b' -> 'c'
j ->> 'a'
j -> 0
j -> -1
j ->> 1
j #> '{b,c,1}'
j #>> '{b,c,1,d}'
j @> '{"a": 1}'
j @> '[1]'
j @> '1'
j @> '[[1]]'
j <@ '{"a": 1, "b": 2}'
j ? 'a'
j ?| ARRAY['a', 'bb']
j ?& ARRAY['a', 'b']
j['a']
j['b']['c']
j = '{}'
j = '1.5'
j < '[]'
j > '{"a": 1}'
j IN ('1', '"a"', 'null')
j || '{"z": 1}'
j || '[3]'
j - 'a'
j - 0
j - ARRAY['a', 'bb']
-- SQL/JSON paths.
j @? '$'
j @@ '$'
jsonb_path_exists(j, '$')
jsonb_path_match(j, '$')
j @? '$.a'
j @@ '$.a'
jsonb_path_exists(j, '$.a')
j @? 'strict $.a'
j @@ 'strict $.a'
jsonb_path_exists(j, 'strict $.a')
j @? '$.a.b'
j @@ '$.a.b'
jsonb_path_exists(j, '$.a.b')
jsonb_path_match(j, '$.a.b')
j @? 'strict $.a.b'
j @@ 'strict $.a.b'
jsonb_path_exists(j, 'strict $.a.b')
j @? '$.*'
j @@ '$.*'
jsonb_path_exists(j, '$.*')
j @? 'strict $.*'
j @@ 'strict $.*'
jsonb_path_exists(j, 'strict $.*')
jsonb_path_match(j, 'strict $.*')
j @? '$[*]'
j @@ '$[*]'
jsonb_path_exists(j, '$[*]')
j @? 'strict $[*]'
j @@ 'strict $[*]'
jsonb_path_exists(j, 'strict $[*]')
j @? '$[0]'
j @@ '$[0]'
jsonb_path_exists(j, '$[0]')
jsonb_path_match(j, '$[0]')
j @? '$[1 to 2]'
j @@ '$[1 to 2]'
jsonb_path_exists(j, '$[1 to 2]')
j @? '$[last]'
j @@ '$[last]'
jsonb_path_exists(j, '$[last]')
j @? '$[last - 1, 0]'
j @@ '$[last - 1, 0]'
jsonb_path_exists(j, '$[last - 1, 0]')
jsonb_path_match(j, '$[last - 1, 0]')
j @? 'strict $[5]'
j @@ 'strict $[5]'
jsonb_path_exists(j, 'strict $[5]')
j @? '$.a[*]'
j @@ '$.a[*]'
jsonb_path_exists(j, '$.a[*]')
j @? '$.a.type()'
j @@ '$.a.type()'
jsonb_path_exists(j, '$.a.type()')
jsonb_path_match(j, '$.a.type()')
j @? '$.size()'
j @@ '$.size()'
jsonb_path_exists(j, '$.size()')
j @? 'strict $.size()'
j @@ 'strict $.size()'
jsonb_path_exists(j, 'strict $.size()')
j @? '$.type() == "object"'
j @@ '$.type() == "object"'
jsonb_path_exists(j, '$.type() == "object"')
jsonb_path_match(j, '$.type() == "object"')
j @? '$[*] ? (@ > 1)'
j @@ '$[*] ? (@ > 1)'
jsonb_path_exists(j, '$[*] ? (@ > 1)')
j @? '$.a ? (@ == 1)'
j @@ '$.a ? (@ == 1)'
jsonb_path_exists(j, '$.a ? (@ == 1)')
j @? '$.a ? (@ != null)'
j @@ '$.a ? (@ != null)'
jsonb_path_exists(j, '$.a ? (@ != null)')
jsonb_path_match(j, '$.a ? (@ != null)')
j @? '$.* ? (@ == null || @ == true)'
j @@ '$.* ? (@ == null || @ == true)'
jsonb_path_exists(j, '$.* ? (@ == null || @ == true)')
j @? '$.* ? (@ >= 1.50 && @ < 1e2)'
j @@ '$.* ? (@ >= 1.50 && @ < 1e2)'
jsonb_path_exists(j, '$.* ? (@ >= 1.50 && @ < 1e2)')
j @? '$ ? (@.a == "x" && (@.b == 1 || !(@.c > 2)))'
j @@ '$ ? (@.a == "x" && (@.b == 1 || !(@.c > 2)))'
jsonb_path_exists(j, '$ ? (@.a == "x" && (@.b == 1 || !(@.c > 2)))')
jsonb_path_match(j, '$ ? (@.a == "x" && (@.b == 1 || !(@.c > 2)))')
j @? '$ ? (exists (@.a))'
j @@ '$ ? (exists (@.a))'
jsonb_path_exists(j, '$ ? (exists (@.a))')
j @? '$ ? (!exists (@.zz))'
j @@ '$ ? (!exists (@.zz))'
jsonb_path_exists(j, '$ ? (!exists (@.zz))')
j @? 'strict $ ? (exists (@.zz))'
j @@ 'strict $ ? (exists (@.zz))'
jsonb_path_exists(j, 'strict $ ? (exists (@.zz))')
jsonb_path_match(j, 'strict $ ? (exists (@.zz))')
j @? '$.* ? (@ starts with "a")'
j @@ '$.* ? (@ starts with "a")'
jsonb_path_exists(j, '$.* ? (@ starts with "a")')
j @? '$.* ? (@ like_regex "^a.*b$")'
j @@ '$.* ? (@ like_regex "^a.*b$")'
jsonb_path_exists(j, '$.* ? (@ like_regex "^a.*b$")')
j @? '$.* ? (@ like_regex "a.b" flag "s")'
j @@ '$.* ? (@ like_regex "a.b" flag "s")'
jsonb_path_exists(j, '$.* ? (@ like_regex "a.b" flag "s")')
jsonb_path_match(j, '$.* ? (@ like_regex "a.b" flag "s")')
j @? '$.* ? (@ like_regex "^b" flag "m")'
j @@ '$.* ? (@ like_regex "^b" flag "m")'
jsonb_path_exists(j, '$.* ? (@ like_regex "^b" flag "m")')
j @? '$ ? ((@.a > 1) is unknown)'
j @@ '$ ? ((@.a > 1) is unknown)'
jsonb_path_exists(j, '$ ? ((@.a > 1) is unknown)')
j @? '$.a > 0'
j @@ '$.a > 0'
jsonb_path_exists(j, '$.a > 0')
jsonb_path_match(j, '$.a > 0')
j @? '$.a == $.b'
j @@ '$.a == $.b'
jsonb_path_exists(j, '$.a == $.b')
j @? 'strict $.a == 1'
j @@ 'strict $.a == 1'
jsonb_path_exists(j, 'strict $.a == 1')
j @? '$.b[*] ? (@.c == 1)'
j @@ '$.b[*] ? (@.c == 1)'
jsonb_path_exists(j, '$.b[*] ? (@.c == 1)')
jsonb_path_match(j, '$.b[*] ? (@.c == 1)')
j @? '$.a == 1 && $.b == 2 || $.c == 3'
j @@ '$.a == 1 && $.b == 2 || $.c == 3'
jsonb_path_exists(j, '$.a == 1 && $.b == 2 || $.c == 3')
j @? '$[*].a ? (@ <= -1)'
j @@ '$[*].a ? (@ <= -1)'
jsonb_path_exists(j, '$[*].a ? (@ <= -1)')
j @? '$.* ? (@ == "a\"\\b")'
j @@ '$.* ? (@ == "a\"\\b")'
jsonb_path_exists(j, '$.* ? (@ == "a\"\\b")')
jsonb_path_match(j, '$.* ? (@ == "a\"\\b")')
j @? '$."a b"'
j @@ '$."a b"'
jsonb_path_exists(j, '$."a b"')
j @? '!($.a == 1)'
j @@ '!($.a == 1)'
jsonb_path_exists(j, '!($.a == 1)')
j @? '$.a ? (@.b ? (@ > 1) == 2)'
j @@ '$.a ? (@.b ? (@ > 1) == 2)'
jsonb_path_exists(j, '$.a ? (@.b ? (@ > 1) == 2)')
jsonb_path_match(j, '$.a ? (@.b ? (@ > 1) == 2)')
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$.a' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$.a') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? 'strict $.a' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ 'strict $.a') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$.a.b' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$.a.b') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? 'strict $.a.b' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ 'strict $.a.b') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$.*' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$.*') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? 'strict $.*' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ 'strict $.*') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$[*]' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$[*]') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? 'strict $[*]' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ 'strict $[*]') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$[0]' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$[0]') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$[1 to 2]' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$[1 to 2]') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$[last]' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$[last]') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$[last - 1, 0]' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$[last - 1, 0]') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? 'strict $[5]' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ 'strict $[5]') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$.a[*]' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$.a[*]') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$.a.type()' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$.a.type()') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$.size()' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$.size()') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? 'strict $.size()' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ 'strict $.size()') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$.type() == "object"' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$.type() == "object"') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$[*] ? (@ > 1)' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$[*] ? (@ > 1)') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$.a ? (@ == 1)' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$.a ? (@ == 1)') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$.a ? (@ != null)' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$.a ? (@ != null)') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$.* ? (@ == null || @ == true)' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$.* ? (@ == null || @ == true)') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$.* ? (@ >= 1.50 && @ < 1e2)' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$.* ? (@ >= 1.50 && @ < 1e2)') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$ ? (@.a == "x" && (@.b == 1 || !(@.c > 2)))' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$ ? (@.a == "x" && (@.b == 1 || !(@.c > 2)))') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$ ? (exists (@.a))' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$ ? (exists (@.a))') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$ ? (!exists (@.zz))' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$ ? (!exists (@.zz))') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? 'strict $ ? (exists (@.zz))' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ 'strict $ ? (exists (@.zz))') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$.* ? (@ starts with "a")' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$.* ? (@ starts with "a")') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$.* ? (@ like_regex "^a.*b$")' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$.* ? (@ like_regex "^a.*b$")') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$.* ? (@ like_regex "a.b" flag "s")' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$.* ? (@ like_regex "a.b" flag "s")') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$.* ? (@ like_regex "^b" flag "m")' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$.* ? (@ like_regex "^b" flag "m")') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$ ? ((@.a > 1) is unknown)' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$ ? ((@.a > 1) is unknown)') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$.a > 0' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$.a > 0') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$.a == $.b' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$.a == $.b') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? 'strict $.a == 1' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ 'strict $.a == 1') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$.b[*] ? (@.c == 1)' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$.b[*] ? (@.c == 1)') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$.a == 1 && $.b == 2 || $.c == 3' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$.a == 1 && $.b == 2 || $.c == 3') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$[*].a ? (@ <= -1)' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$[*].a ? (@ <= -1)') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$.* ? (@ == "a\"\\b")' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$.* ? (@ == "a\"\\b")') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$."a b"' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$."a b"') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '!($.a == 1)' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '!($.a == 1)') IS TRUE
'{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @? '$.a ? (@.b ? (@ > 1) == 2)' AND i4 IS NOT NULL
('{"a":[1,2,{"b":null}],"b":[{"c":1},{"c":[1,2]}],"c":3}'::jsonb @@ '$.a ? (@.b ? (@ > 1) == 2)') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$.a' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$.a') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? 'strict $.a' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ 'strict $.a') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$.a.b' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$.a.b') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? 'strict $.a.b' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ 'strict $.a.b') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$.*' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$.*') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? 'strict $.*' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ 'strict $.*') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$[*]' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$[*]') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? 'strict $[*]' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ 'strict $[*]') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$[0]' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$[0]') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$[1 to 2]' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$[1 to 2]') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$[last]' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$[last]') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$[last - 1, 0]' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$[last - 1, 0]') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? 'strict $[5]' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ 'strict $[5]') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$.a[*]' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$.a[*]') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$.a.type()' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$.a.type()') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$.size()' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$.size()') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? 'strict $.size()' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ 'strict $.size()') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$.type() == "object"' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$.type() == "object"') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$[*] ? (@ > 1)' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$[*] ? (@ > 1)') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$.a ? (@ == 1)' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$.a ? (@ == 1)') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$.a ? (@ != null)' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$.a ? (@ != null)') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$.* ? (@ == null || @ == true)' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$.* ? (@ == null || @ == true)') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$.* ? (@ >= 1.50 && @ < 1e2)' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$.* ? (@ >= 1.50 && @ < 1e2)') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$ ? (@.a == "x" && (@.b == 1 || !(@.c > 2)))' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$ ? (@.a == "x" && (@.b == 1 || !(@.c > 2)))') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$ ? (exists (@.a))' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$ ? (exists (@.a))') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$ ? (!exists (@.zz))' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$ ? (!exists (@.zz))') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? 'strict $ ? (exists (@.zz))' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ 'strict $ ? (exists (@.zz))') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$.* ? (@ starts with "a")' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$.* ? (@ starts with "a")') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$.* ? (@ like_regex "^a.*b$")' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$.* ? (@ like_regex "^a.*b$")') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$.* ? (@ like_regex "a.b" flag "s")' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$.* ? (@ like_regex "a.b" flag "s")') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$.* ? (@ like_regex "^b" flag "m")' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$.* ? (@ like_regex "^b" flag "m")') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$ ? ((@.a > 1) is unknown)' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$ ? ((@.a > 1) is unknown)') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$.a > 0' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$.a > 0') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$.a == $.b' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$.a == $.b') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? 'strict $.a == 1' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ 'strict $.a == 1') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$.b[*] ? (@.c == 1)' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$.b[*] ? (@.c == 1)') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$.a == 1 && $.b == 2 || $.c == 3' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$.a == 1 && $.b == 2 || $.c == 3') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$[*].a ? (@ <= -1)' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$[*].a ? (@ <= -1)') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$.* ? (@ == "a\"\\b")' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$.* ? (@ == "a\"\\b")') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$."a b"' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$."a b"') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '!($.a == 1)' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '!($.a == 1)') IS TRUE
'[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @? '$.a ? (@.b ? (@ > 1) == 2)' AND i4 IS NOT NULL
('[{"a":-1},{"a":[-2,3]},4,"ab",null,true]'::jsonb @@ '$.a ? (@.b ? (@ > 1) == 2)') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$.a' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$.a') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? 'strict $.a' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ 'strict $.a') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$.a.b' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$.a.b') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? 'strict $.a.b' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ 'strict $.a.b') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$.*' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$.*') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? 'strict $.*' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ 'strict $.*') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$[*]' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$[*]') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? 'strict $[*]' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ 'strict $[*]') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$[0]' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$[0]') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$[1 to 2]' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$[1 to 2]') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$[last]' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$[last]') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$[last - 1, 0]' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$[last - 1, 0]') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? 'strict $[5]' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ 'strict $[5]') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$.a[*]' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$.a[*]') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$.a.type()' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$.a.type()') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$.size()' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$.size()') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? 'strict $.size()' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ 'strict $.size()') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$.type() == "object"' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$.type() == "object"') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$[*] ? (@ > 1)' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$[*] ? (@ > 1)') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$.a ? (@ == 1)' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$.a ? (@ == 1)') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$.a ? (@ != null)' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$.a ? (@ != null)') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$.* ? (@ == null || @ == true)' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$.* ? (@ == null || @ == true)') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$.* ? (@ >= 1.50 && @ < 1e2)' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$.* ? (@ >= 1.50 && @ < 1e2)') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$ ? (@.a == "x" && (@.b == 1 || !(@.c > 2)))' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$ ? (@.a == "x" && (@.b == 1 || !(@.c > 2)))') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$ ? (exists (@.a))' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$ ? (exists (@.a))') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$ ? (!exists (@.zz))' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$ ? (!exists (@.zz))') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? 'strict $ ? (exists (@.zz))' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ 'strict $ ? (exists (@.zz))') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$.* ? (@ starts with "a")' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$.* ? (@ starts with "a")') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$.* ? (@ like_regex "^a.*b$")' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$.* ? (@ like_regex "^a.*b$")') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$.* ? (@ like_regex "a.b" flag "s")' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$.* ? (@ like_regex "a.b" flag "s")') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$.* ? (@ like_regex "^b" flag "m")' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$.* ? (@ like_regex "^b" flag "m")') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$ ? ((@.a > 1) is unknown)' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$ ? ((@.a > 1) is unknown)') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$.a > 0' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$.a > 0') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$.a == $.b' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$.a == $.b') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? 'strict $.a == 1' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ 'strict $.a == 1') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$.b[*] ? (@.c == 1)' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$.b[*] ? (@.c == 1)') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$.a == 1 && $.b == 2 || $.c == 3' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$.a == 1 && $.b == 2 || $.c == 3') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$[*].a ? (@ <= -1)' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$[*].a ? (@ <= -1)') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$.* ? (@ == "a\"\\b")' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$.* ? (@ == "a\"\\b")') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$."a b"' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$."a b"') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '!($.a == 1)' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '!($.a == 1)') IS TRUE
'{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @? '$.a ? (@.b ? (@ > 1) == 2)' AND i4 IS NOT NULL
('{"a":1,"b":1,"c":"a\nb","d":"axb","a b":0}'::jsonb @@ '$.a ? (@.b ? (@ > 1) == 2)') IS TRUE
'1'::jsonb @? '$' AND i4 IS NOT NULL
('1'::jsonb @@ '$') IS TRUE
'1'::jsonb @? '$.a' AND i4 IS NOT NULL
('1'::jsonb @@ '$.a') IS TRUE
'1'::jsonb @? 'strict $.a' AND i4 IS NOT NULL
('1'::jsonb @@ 'strict $.a') IS TRUE
'1'::jsonb @? '$.a.b' AND i4 IS NOT NULL
('1'::jsonb @@ '$.a.b') IS TRUE
'1'::jsonb @? 'strict $.a.b' AND i4 IS NOT NULL
('1'::jsonb @@ 'strict $.a.b') IS TRUE
'1'::jsonb @? '$.*' AND i4 IS NOT NULL
('1'::jsonb @@ '$.*') IS TRUE
'1'::jsonb @? 'strict $.*' AND i4 IS NOT NULL
('1'::jsonb @@ 'strict $.*') IS TRUE
'1'::jsonb @? '$[*]' AND i4 IS NOT NULL
('1'::jsonb @@ '$[*]') IS TRUE
'1'::jsonb @? 'strict $[*]' AND i4 IS NOT NULL
('1'::jsonb @@ 'strict $[*]') IS TRUE
'1'::jsonb @? '$[0]' AND i4 IS NOT NULL
('1'::jsonb @@ '$[0]') IS TRUE
'1'::jsonb @? '$[1 to 2]' AND i4 IS NOT NULL
('1'::jsonb @@ '$[1 to 2]') IS TRUE
'1'::jsonb @? '$[last]' AND i4 IS NOT NULL
('1'::jsonb @@ '$[last]') IS TRUE
'1'::jsonb @? '$[last - 1, 0]' AND i4 IS NOT NULL
('1'::jsonb @@ '$[last - 1, 0]') IS TRUE
'1'::jsonb @? 'strict $[5]' AND i4 IS NOT NULL
('1'::jsonb @@ 'strict $[5]') IS TRUE
'1'::jsonb @? '$.a[*]' AND i4 IS NOT NULL
('1'::jsonb @@ '$.a[*]') IS TRUE
'1'::jsonb @? '$.a.type()' AND i4 IS NOT NULL
('1'::jsonb @@ '$.a.type()') IS TRUE
'1'::jsonb @? '$.size()' AND i4 IS NOT NULL
('1'::jsonb @@ '$.size()') IS TRUE
'1'::jsonb @? 'strict $.size()' AND i4 IS NOT NULL
('1'::jsonb @@ 'strict $.size()') IS TRUE
'1'::jsonb @? '$.type() == "object"' AND i4 IS NOT NULL
('1'::jsonb @@ '$.type() == "object"') IS TRUE
'1'::jsonb @? '$[*] ? (@ > 1)' AND i4 IS NOT NULL
('1'::jsonb @@ '$[*] ? (@ > 1)') IS TRUE
'1'::jsonb @? '$.a ? (@ == 1)' AND i4 IS NOT NULL
('1'::jsonb @@ '$.a ? (@ == 1)') IS TRUE
'1'::jsonb @? '$.a ? (@ != null)' AND i4 IS NOT NULL
('1'::jsonb @@ '$.a ? (@ != null)') IS TRUE
'1'::jsonb @? '$.* ? (@ == null || @ == true)' AND i4 IS NOT NULL
('1'::jsonb @@ '$.* ? (@ == null || @ == true)') IS TRUE
'1'::jsonb @? '$.* ? (@ >= 1.50 && @ < 1e2)' AND i4 IS NOT NULL
('1'::jsonb @@ '$.* ? (@ >= 1.50 && @ < 1e2)') IS TRUE
'1'::jsonb @? '$ ? (@.a == "x" && (@.b == 1 || !(@.c > 2)))' AND i4 IS NOT NULL
('1'::jsonb @@ '$ ? (@.a == "x" && (@.b == 1 || !(@.c > 2)))') IS TRUE
'1'::jsonb @? '$ ? (exists (@.a))' AND i4 IS NOT NULL
('1'::jsonb @@ '$ ? (exists (@.a))') IS TRUE
'1'::jsonb @? '$ ? (!exists (@.zz))' AND i4 IS NOT NULL
('1'::jsonb @@ '$ ? (!exists (@.zz))') IS TRUE
'1'::jsonb @? 'strict $ ? (exists (@.zz))' AND i4 IS NOT NULL
('1'::jsonb @@ 'strict $ ? (exists (@.zz))') IS TRUE
'1'::jsonb @? '$.* ? (@ starts with "a")' AND i4 IS NOT NULL
('1'::jsonb @@ '$.* ? (@ starts with "a")') IS TRUE
'1'::jsonb @? '$.* ? (@ like_regex "^a.*b$")' AND i4 IS NOT NULL
('1'::jsonb @@ '$.* ? (@ like_regex "^a.*b$")') IS TRUE
'1'::jsonb @? '$.* ? (@ like_regex "a.b" flag "s")' AND i4 IS NOT NULL
('1'::jsonb @@ '$.* ? (@ like_regex "a.b" flag "s")') IS TRUE
'1'::jsonb @? '$.* ? (@ like_regex "^b" flag "m")' AND i4 IS NOT NULL
('1'::jsonb @@ '$.* ? (@ like_regex "^b" flag "m")') IS TRUE
'1'::jsonb @? '$ ? ((@.a > 1) is unknown)' AND i4 IS NOT NULL
('1'::jsonb @@ '$ ? ((@.a > 1) is unknown)') IS TRUE
'1'::jsonb @? '$.a > 0' AND i4 IS NOT NULL
('1'::jsonb @@ '$.a > 0') IS TRUE
'1'::jsonb @? '$.a == $.b' AND i4 IS NOT NULL
('1'::jsonb @@ '$.a == $.b') IS TRUE
'1'::jsonb @? 'strict $.a == 1' AND i4 IS NOT NULL
('1'::jsonb @@ 'strict $.a == 1') IS TRUE
'1'::jsonb @? '$.b[*] ? (@.c == 1)' AND i4 IS NOT NULL
('1'::jsonb @@ '$.b[*] ? (@.c == 1)') IS TRUE
'1'::jsonb @? '$.a == 1 && $.b == 2 || $.c == 3' AND i4 IS NOT NULL
('1'::jsonb @@ '$.a == 1 && $.b == 2 || $.c == 3') IS TRUE
'1'::jsonb @? '$[*].a ? (@ <= -1)' AND i4 IS NOT NULL
('1'::jsonb @@ '$[*].a ? (@ <= -1)') IS TRUE
'1'::jsonb @? '$.* ? (@ == "a\"\\b")' AND i4 IS NOT NULL
('1'::jsonb @@ '$.* ? (@ == "a\"\\b")') IS TRUE
'1'::jsonb @? '$."a b"' AND i4 IS NOT NULL
('1'::jsonb @@ '$."a b"') IS TRUE
'1'::jsonb @? '!($.a == 1)' AND i4 IS NOT NULL
('1'::jsonb @@ '!($.a == 1)') IS TRUE
'1'::jsonb @? '$.a ? (@.b ? (@ > 1) == 2)' AND i4 IS NOT NULL
('1'::jsonb @@ '$.a ? (@.b ? (@ > 1) == 2)') IS TRUE
'"abc"'::jsonb @? '$' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$') IS TRUE
'"abc"'::jsonb @? '$.a' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$.a') IS TRUE
'"abc"'::jsonb @? 'strict $.a' AND i4 IS NOT NULL
('"abc"'::jsonb @@ 'strict $.a') IS TRUE
'"abc"'::jsonb @? '$.a.b' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$.a.b') IS TRUE
'"abc"'::jsonb @? 'strict $.a.b' AND i4 IS NOT NULL
('"abc"'::jsonb @@ 'strict $.a.b') IS TRUE
'"abc"'::jsonb @? '$.*' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$.*') IS TRUE
'"abc"'::jsonb @? 'strict $.*' AND i4 IS NOT NULL
('"abc"'::jsonb @@ 'strict $.*') IS TRUE
'"abc"'::jsonb @? '$[*]' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$[*]') IS TRUE
'"abc"'::jsonb @? 'strict $[*]' AND i4 IS NOT NULL
('"abc"'::jsonb @@ 'strict $[*]') IS TRUE
'"abc"'::jsonb @? '$[0]' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$[0]') IS TRUE
'"abc"'::jsonb @? '$[1 to 2]' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$[1 to 2]') IS TRUE
'"abc"'::jsonb @? '$[last]' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$[last]') IS TRUE
'"abc"'::jsonb @? '$[last - 1, 0]' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$[last - 1, 0]') IS TRUE
'"abc"'::jsonb @? 'strict $[5]' AND i4 IS NOT NULL
('"abc"'::jsonb @@ 'strict $[5]') IS TRUE
'"abc"'::jsonb @? '$.a[*]' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$.a[*]') IS TRUE
'"abc"'::jsonb @? '$.a.type()' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$.a.type()') IS TRUE
'"abc"'::jsonb @? '$.size()' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$.size()') IS TRUE
'"abc"'::jsonb @? 'strict $.size()' AND i4 IS NOT NULL
('"abc"'::jsonb @@ 'strict $.size()') IS TRUE
'"abc"'::jsonb @? '$.type() == "object"' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$.type() == "object"') IS TRUE
'"abc"'::jsonb @? '$[*] ? (@ > 1)' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$[*] ? (@ > 1)') IS TRUE
'"abc"'::jsonb @? '$.a ? (@ == 1)' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$.a ? (@ == 1)') IS TRUE
'"abc"'::jsonb @? '$.a ? (@ != null)' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$.a ? (@ != null)') IS TRUE
'"abc"'::jsonb @? '$.* ? (@ == null || @ == true)' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$.* ? (@ == null || @ == true)') IS TRUE
'"abc"'::jsonb @? '$.* ? (@ >= 1.50 && @ < 1e2)' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$.* ? (@ >= 1.50 && @ < 1e2)') IS TRUE
'"abc"'::jsonb @? '$ ? (@.a == "x" && (@.b == 1 || !(@.c > 2)))' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$ ? (@.a == "x" && (@.b == 1 || !(@.c > 2)))') IS TRUE
'"abc"'::jsonb @? '$ ? (exists (@.a))' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$ ? (exists (@.a))') IS TRUE
'"abc"'::jsonb @? '$ ? (!exists (@.zz))' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$ ? (!exists (@.zz))') IS TRUE
'"abc"'::jsonb @? 'strict $ ? (exists (@.zz))' AND i4 IS NOT NULL
('"abc"'::jsonb @@ 'strict $ ? (exists (@.zz))') IS TRUE
'"abc"'::jsonb @? '$.* ? (@ starts with "a")' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$.* ? (@ starts with "a")') IS TRUE
'"abc"'::jsonb @? '$.* ? (@ like_regex "^a.*b$")' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$.* ? (@ like_regex "^a.*b$")') IS TRUE
'"abc"'::jsonb @? '$.* ? (@ like_regex "a.b" flag "s")' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$.* ? (@ like_regex "a.b" flag "s")') IS TRUE
'"abc"'::jsonb @? '$.* ? (@ like_regex "^b" flag "m")' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$.* ? (@ like_regex "^b" flag "m")') IS TRUE
'"abc"'::jsonb @? '$ ? ((@.a > 1) is unknown)' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$ ? ((@.a > 1) is unknown)') IS TRUE
'"abc"'::jsonb @? '$.a > 0' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$.a > 0') IS TRUE
'"abc"'::jsonb @? '$.a == $.b' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$.a == $.b') IS TRUE
'"abc"'::jsonb @? 'strict $.a == 1' AND i4 IS NOT NULL
('"abc"'::jsonb @@ 'strict $.a == 1') IS TRUE
'"abc"'::jsonb @? '$.b[*] ? (@.c == 1)' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$.b[*] ? (@.c == 1)') IS TRUE
'"abc"'::jsonb @? '$.a == 1 && $.b == 2 || $.c == 3' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$.a == 1 && $.b == 2 || $.c == 3') IS TRUE
'"abc"'::jsonb @? '$[*].a ? (@ <= -1)' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$[*].a ? (@ <= -1)') IS TRUE
'"abc"'::jsonb @? '$.* ? (@ == "a\"\\b")' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$.* ? (@ == "a\"\\b")') IS TRUE
'"abc"'::jsonb @? '$."a b"' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$."a b"') IS TRUE
'"abc"'::jsonb @? '!($.a == 1)' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '!($.a == 1)') IS TRUE
'"abc"'::jsonb @? '$.a ? (@.b ? (@ > 1) == 2)' AND i4 IS NOT NULL
('"abc"'::jsonb @@ '$.a ? (@.b ? (@ > 1) == 2)') IS TRUE
'[]'::jsonb @? '$' AND i4 IS NOT NULL
('[]'::jsonb @@ '$') IS TRUE
'[]'::jsonb @? '$.a' AND i4 IS NOT NULL
('[]'::jsonb @@ '$.a') IS TRUE
'[]'::jsonb @? 'strict $.a' AND i4 IS NOT NULL
('[]'::jsonb @@ 'strict $.a') IS TRUE
'[]'::jsonb @? '$.a.b' AND i4 IS NOT NULL
('[]'::jsonb @@ '$.a.b') IS TRUE
'[]'::jsonb @? 'strict $.a.b' AND i4 IS NOT NULL
('[]'::jsonb @@ 'strict $.a.b') IS TRUE
'[]'::jsonb @? '$.*' AND i4 IS NOT NULL
('[]'::jsonb @@ '$.*') IS TRUE
'[]'::jsonb @? 'strict $.*' AND i4 IS NOT NULL
('[]'::jsonb @@ 'strict $.*') IS TRUE
'[]'::jsonb @? '$[*]' AND i4 IS NOT NULL
('[]'::jsonb @@ '$[*]') IS TRUE
'[]'::jsonb @? 'strict $[*]' AND i4 IS NOT NULL
('[]'::jsonb @@ 'strict $[*]') IS TRUE
'[]'::jsonb @? '$[0]' AND i4 IS NOT NULL
('[]'::jsonb @@ '$[0]') IS TRUE
'[]'::jsonb @? '$[1 to 2]' AND i4 IS NOT NULL
('[]'::jsonb @@ '$[1 to 2]') IS TRUE
'[]'::jsonb @? '$[last]' AND i4 IS NOT NULL
('[]'::jsonb @@ '$[last]') IS TRUE
'[]'::jsonb @? '$[last - 1, 0]' AND i4 IS NOT NULL
('[]'::jsonb @@ '$[last - 1, 0]') IS TRUE
'[]'::jsonb @? 'strict $[5]' AND i4 IS NOT NULL
('[]'::jsonb @@ 'strict $[5]') IS TRUE
'[]'::jsonb @? '$.a[*]' AND i4 IS NOT NULL
('[]'::jsonb @@ '$.a[*]') IS TRUE
'[]'::jsonb @? '$.a.type()' AND i4 IS NOT NULL
('[]'::jsonb @@ '$.a.type()') IS TRUE
'[]'::jsonb @? '$.size()' AND i4 IS NOT NULL
('[]'::jsonb @@ '$.size()') IS TRUE
'[]'::jsonb @? 'strict $.size()' AND i4 IS NOT NULL
('[]'::jsonb @@ 'strict $.size()') IS TRUE
'[]'::jsonb @? '$.type() == "object"' AND i4 IS NOT NULL
('[]'::jsonb @@ '$.type() == "object"') IS TRUE
'[]'::jsonb @? '$[*] ? (@ > 1)' AND i4 IS NOT NULL
('[]'::jsonb @@ '$[*] ? (@ > 1)') IS TRUE
'[]'::jsonb @? '$.a ? (@ == 1)' AND i4 IS NOT NULL
('[]'::jsonb @@ '$.a ? (@ == 1)') IS TRUE
'[]'::jsonb @? '$.a ? (@ != null)' AND i4 IS NOT NULL
('[]'::jsonb @@ '$.a ? (@ != null)') IS TRUE
'[]'::jsonb @? '$.* ? (@ == null || @ == true)' AND i4 IS NOT NULL
('[]'::jsonb @@ '$.* ? (@ == null || @ == true)') IS TRUE
'[]'::jsonb @? '$.* ? (@ >= 1.50 && @ < 1e2)' AND i4 IS NOT NULL
('[]'::jsonb @@ '$.* ? (@ >= 1.50 && @ < 1e2)') IS TRUE
'[]'::jsonb @? '$ ? (@.a == "x" && (@.b == 1 || !(@.c > 2)))' AND i4 IS NOT NULL
('[]'::jsonb @@ '$ ? (@.a == "x" && (@.b == 1 || !(@.c > 2)))') IS TRUE
'[]'::jsonb @? '$ ? (exists (@.a))' AND i4 IS NOT NULL
('[]'::jsonb @@ '$ ? (exists (@.a))') IS TRUE
'[]'::jsonb @? '$ ? (!exists (@.zz))' AND i4 IS NOT NULL
('[]'::jsonb @@ '$ ? (!exists (@.zz))') IS TRUE
'[]'::jsonb @? 'strict $ ? (exists (@.zz))' AND i4 IS NOT NULL
('[]'::jsonb @@ 'strict $ ? (exists (@.zz))') IS TRUE
'[]'::jsonb @? '$.* ? (@ starts with "a")' AND i4 IS NOT NULL
('[]'::jsonb @@ '$.* ? (@ starts with "a")') IS TRUE
'[]'::jsonb @? '$.* ? (@ like_regex "^a.*b$")' AND i4 IS NOT NULL
('[]'::jsonb @@ '$.* ? (@ like_regex "^a.*b$")') IS TRUE
'[]'::jsonb @? '$.* ? (@ like_regex "a.b" flag "s")' AND i4 IS NOT NULL
('[]'::jsonb @@ '$.* ? (@ like_regex "a.b" flag "s")') IS TRUE
'[]'::jsonb @? '$.* ? (@ like_regex "^b" flag "m")' AND i4 IS NOT NULL
('[]'::jsonb @@ '$.* ? (@ like_regex "^b" flag "m")') IS TRUE
'[]'::jsonb @? '$ ? ((@.a > 1) is unknown)' AND i4 IS NOT NULL
('[]'::jsonb @@ '$ ? ((@.a > 1) is unknown)') IS TRUE
'[]'::jsonb @? '$.a > 0' AND i4 IS NOT NULL
('[]'::jsonb @@ '$.a > 0') IS TRUE
'[]'::jsonb @? '$.a == $.b' AND i4 IS NOT NULL
('[]'::jsonb @@ '$.a == $.b') IS TRUE
'[]'::jsonb @? 'strict $.a == 1' AND i4 IS NOT NULL
('[]'::jsonb @@ 'strict $.a == 1') IS TRUE
'[]'::jsonb @? '$.b[*] ? (@.c == 1)' AND i4 IS NOT NULL
('[]'::jsonb @@ '$.b[*] ? (@.c == 1)') IS TRUE
'[]'::jsonb @? '$.a == 1 && $.b == 2 || $.c == 3' AND i4 IS NOT NULL
('[]'::jsonb @@ '$.a == 1 && $.b == 2 || $.c == 3') IS TRUE
'[]'::jsonb @? '$[*].a ? (@ <= -1)' AND i4 IS NOT NULL
('[]'::jsonb @@ '$[*].a ? (@ <= -1)') IS TRUE
'[]'::jsonb @? '$.* ? (@ == "a\"\\b")' AND i4 IS NOT NULL
('[]'::jsonb @@ '$.* ? (@ == "a\"\\b")') IS TRUE
'[]'::jsonb @? '$."a b"' AND i4 IS NOT NULL
('[]'::jsonb @@ '$."a b"') IS TRUE
'[]'::jsonb @? '!($.a == 1)' AND i4 IS NOT NULL
('[]'::jsonb @@ '!($.a == 1)') IS TRUE
'[]'::jsonb @? '$.a ? (@.b ? (@ > 1) == 2)' AND i4 IS NOT NULL
('[]'::jsonb @@ '$.a ? (@.b ? (@ > 1) == 2)') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$.a' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$.a') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? 'strict $.a' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ 'strict $.a') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$.a.b' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$.a.b') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? 'strict $.a.b' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ 'strict $.a.b') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$.*' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$.*') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? 'strict $.*' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ 'strict $.*') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$[*]' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$[*]') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? 'strict $[*]' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ 'strict $[*]') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$[0]' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$[0]') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$[1 to 2]' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$[1 to 2]') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$[last]' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$[last]') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$[last - 1, 0]' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$[last - 1, 0]') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? 'strict $[5]' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ 'strict $[5]') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$.a[*]' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$.a[*]') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$.a.type()' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$.a.type()') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$.size()' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$.size()') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? 'strict $.size()' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ 'strict $.size()') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$.type() == "object"' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$.type() == "object"') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$[*] ? (@ > 1)' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$[*] ? (@ > 1)') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$.a ? (@ == 1)' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$.a ? (@ == 1)') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$.a ? (@ != null)' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$.a ? (@ != null)') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$.* ? (@ == null || @ == true)' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$.* ? (@ == null || @ == true)') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$.* ? (@ >= 1.50 && @ < 1e2)' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$.* ? (@ >= 1.50 && @ < 1e2)') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$ ? (@.a == "x" && (@.b == 1 || !(@.c > 2)))' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$ ? (@.a == "x" && (@.b == 1 || !(@.c > 2)))') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$ ? (exists (@.a))' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$ ? (exists (@.a))') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$ ? (!exists (@.zz))' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$ ? (!exists (@.zz))') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? 'strict $ ? (exists (@.zz))' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ 'strict $ ? (exists (@.zz))') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$.* ? (@ starts with "a")' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$.* ? (@ starts with "a")') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$.* ? (@ like_regex "^a.*b$")' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$.* ? (@ like_regex "^a.*b$")') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$.* ? (@ like_regex "a.b" flag "s")' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$.* ? (@ like_regex "a.b" flag "s")') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$.* ? (@ like_regex "^b" flag "m")' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$.* ? (@ like_regex "^b" flag "m")') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$ ? ((@.a > 1) is unknown)' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$ ? ((@.a > 1) is unknown)') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$.a > 0' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$.a > 0') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$.a == $.b' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$.a == $.b') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? 'strict $.a == 1' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ 'strict $.a == 1') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$.b[*] ? (@.c == 1)' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$.b[*] ? (@.c == 1)') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$.a == 1 && $.b == 2 || $.c == 3' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$.a == 1 && $.b == 2 || $.c == 3') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$[*].a ? (@ <= -1)' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$[*].a ? (@ <= -1)') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$.* ? (@ == "a\"\\b")' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$.* ? (@ == "a\"\\b")') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$."a b"' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$."a b"') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '!($.a == 1)' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '!($.a == 1)') IS TRUE
'{"a":{"b":[1,2,3]}}'::jsonb @? '$.a ? (@.b ? (@ > 1) == 2)' AND i4 IS NOT NULL
('{"a":{"b":[1,2,3]}}'::jsonb @@ '$.a ? (@.b ? (@ > 1) == 2)') IS TRUE
jsonb_typeof(j)
jsonb_typeof(j) = 'object'
jsonb_array_length(j)
CASE WHEN jsonb_typeof(j) = 'array' THEN jsonb_array_length(j) END
(j ->> 'a')::integer
j #- '{a}'
j #- '{b,c,0}'
j #- '{b,c,-9}'
j #- '{b,c,x}'
j #- ta
jsonb_set(j, '{a}', '1')
jsonb_set(j, '{b,c,9}', '"z"')
jsonb_set(j, '{b,c,-9}', '"z"', true)
jsonb_set(j, '{zz}', '[1]', false)
jsonb_set(j, '{1}', 'null', false)
jsonb_set(j, ta, '{"a": 1}')
jsonb_set(j, ta, j, b)
jsonb_insert(j, '{0}', '"new"')
jsonb_insert(j, '{1}', '"new"', true)
jsonb_insert(j, '{-1}', '"new"', false)
jsonb_insert(j, '{zz}', '1')
jsonb_insert(j, '{a}', '1')
jsonb_strip_nulls(j)
jsonb_pretty(j)
jsonb_extract_path(j, 'b', 'c')
jsonb_extract_path_text(j, 'b', 'c', '0')
jsonb_extract_path(j, VARIADIC ta)
jsonb_object(ta)
jsonb_object(ta, ta)
jsonb_object('{{a,b},{c,NULL}}')
json_object(ta)
json_object(ta, ARRAY[x, v, 'q"'])
jsonb_exists(j, 'a')
jr -> 'a'
jr -> 'b' -> 'c'
jr ->> 'a'
jr ->> 'bb'
jr -> 0
jr -> -1
jr -> i2
jr ->> 1
jr -> x
jr #> '{b,c}'
jr #> '{}'
jr #>> '{}'
jr #> '{b,c,-1,d}'
jr #>> '{b,c,1,d}'
jr #>> '{1,a}'
jr #> ta
jr #> ARRAY['a', NULL]
json_typeof(jr)
json_array_length(jr)
json_strip_nulls(jr)
json_extract_path(jr, 'a')
json_extract_path_text(jr, 'b', 'd')
jr::jsonb
jr::jsonb::json
jr::text
j #> '{}'
j #>> '{}'
-- Times.
d + 7
d - 7
7 + d
d - '2000-01-01'::date
d + i4
d + iv
d - iv
d + tm
ts + iv
ts - iv
tz + '1 month'::interval
tz - iv
iv + ts
tm + iv
tm - iv
tm - '10:00'::time
iv + iv
iv - '1 month'
- iv
iv * 2.5
iv / 7
0.5::float8 * iv
iv > '1 day'
iv = '24:00:00'
iv = '30 days'
iv >= '0'::interval
d < ts
d = tz::date
d > tz
ts < tz
d >= '2000-01-01'
ts BETWEEN '1999-01-01' AND '2025-01-01'
tz > ts
ts - '2000-01-01'::timestamp > '1 day'
isfinite(d)
isfinite(ts)
isfinite(iv)
extract(year from d)
extract(month from d)
extract(day from d)
extract(dow from d)
extract(isodow from d)
extract(doy from d)
extract(week from d)
extract(isoyear from d)
extract(quarter from d)
extract(decade from d)
extract(century from d)
extract(millennium from d)
extract(epoch from d)
extract(hour from ts)
extract(minute from ts)
extract(second from ts)
extract(milliseconds from ts)
extract(microseconds from ts)
extract(epoch from ts)
extract(epoch from tz)
extract(year from tz)
extract(century from ts)
extract(hour from tm)
extract(epoch from tm)
extract(year from iv)
extract(month from iv)
extract(day from iv)
extract(hour from iv)
extract(second from iv)
extract(epoch from iv)
date_part('year', d)
date_part('dow', ts)
date_part('epoch', iv)
date_part('epoch', tz)
date_trunc('day', ts)
date_trunc('month', d)
date_trunc('year', tz)
date_trunc('week', ts)
date_trunc('quarter', ts)
date_trunc('decade', ts)
date_trunc('century', ts)
date_trunc('millennium', ts)
date_trunc('second', ts)
date_trunc('hour', iv)
date_trunc('year', iv)
make_date(i4, 2, 29)
make_date(2024, i4, 1)
make_time(12, i2, 30.5)
age('2024-02-29'::timestamp, '1999-03-31 12:00'::timestamp)
age(tz::timestamp, '2001-03-31 12:00'::timestamp)
justify_hours(iv)
justify_days(iv)
justify_interval(iv)
tz AT TIME ZONE 'UTC'
ts AT TIME ZONE 'UTC'
-- Enums, uuids, bytes.
m > 'sad'
m IN ('ok', 'happy')
m::text = 'ok'
u = 'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'
u < 'b0000000-0000-0000-0000-000000000000'
by = '\x00ff'
by < '\x80'
GREATEST(m, 'ok')
by || '\x01'
by || by
bit_length(by)
substring(by from 2)
substring(by from -1 for 3)
substring(by, i2, 2)
substring(by from 1 for i4)
substr(by, 2)
position('\xff' in by)
position('\x' in by)
position('\x0f' in by)
overlay(by placing '\xaaaa' from 2)
overlay(by placing '\xaaaa' from 1 for 3)
overlay(by placing by from i2)
overlay(by placing by from 5 for i4)
btrim(by, '\x00ef')
ltrim(by, '\xde00')
rtrim(by, '\xff')
get_byte(by, 0)
get_byte(by, i2)
set_byte(by, 1, i4)
get_bit(by, 9)
get_bit(by, i8)
set_bit(by, 3, 1)
set_bit(by, 3, i4)
bit_count(by)
md5(x)
md5(by)
md5(repeat(x, 40))
sha224(by)
sha256(by)
sha384(by)
sha512(by)
sha512(convert_to(repeat(x, 30), 'UTF8'))
convert_from(by, 'utf-8')
encode(by, 'hex')
encode(by, 'base64')
encode(convert_to(repeat(x, 30), 'UTF8'), 'BASE64')
encode(by, 'escape')
encode(by, x)
decode(x, 'hex')
decode(x, 'base64')
decode(x, 'escape')
decode(md5(x), 'hex')
decode('YWJj ZA==', 'base64')
decode('YQ==YQ==', 'base64')
decode(v || 'QUI=', 'base64')
decode('a\\b\101', 'escape')
x::bytea
('\x' || md5(x))::bytea
-- Escapes and quotes.
x LIKE v ESCAPE '!'
x LIKE '%' || v ESCAPE v
x LIKE x ESCAPE '\'
x LIKE v ESCAPE 'ab'
x LIKE v ESCAPE ''
x NOT LIKE 'a!%' ESCAPE '!'
x ILIKE v || '%' ESCAPE '%'
quote_literal(x)
quote_literal(i4)
quote_literal(d)
quote_nullable(x)
quote_nullable(n)
quote_ident(x)
quote_ident(v)
quote_ident('select')
quote_ident('json')
quote_ident('key')
quote_ident('a"b')
format('%s', x)
format('%s-%s: %L %%', x, i4, v)
format('%2$s %1$s %s', x, b, n)
format('%I = %L', 'Name', x)
format('none')
format(NULL, x)
string_to_array(x, ',')
string_to_array(x, '')
string_to_array(x, NULL)
string_to_array(x, ',', 'b')
string_to_array(x, v, '')
string_to_array(x, 'a', NULL)
+ i4
+ n2
(+ f8) > 0
-- Patterns.
x ~ v
v ~* x
x !~ ('^' || v)
x ~ '(a)\1'
x ~ '^(.)(.).*\2\1'
x ~ '(?x) a b c # and a comment'
x ~ '(?n)^new'
x SIMILAR TO v || '%'
x NOT SIMILAR TO v
x ~ '['
x ~ (v || '[')
x ~ ('a{2,1}' || v)
x ~ (v || '**')
x ~ (v || '*')
regexp_like(x, v)
regexp_like(x, 'A.C', 'i')
regexp_like(x, 'a', v)
substring(x from 'b(.)')
substring(x from 'b.*')
substring(x from '^(a|ab)(c|bcd)?')
substring(x from '(\d+)')
substring(x from 'a*?b')
substring(x from '(x)|b')
substring(x from v)
substring(x from '#"b#"%' for '#')
substring(x from '%#"b_#"%' for '#')
regexp_match(x, '(a)(b)?')
regexp_match(x, 'b+')
regexp_match(x, '(.)(.)', 'i')
regexp_match(x, '(A(B)|(C))', 'i')
regexp_match('abcd', '(?:a|ab)(?:c|bcd)?(d*)')
regexp_match('foobarbequebaz', '(b[^b]+)(b[^b]+)')
regexp_match('XY1234Z', 'Y*([0-9]{1,3})')
regexp_match('XY1234Z', 'Y*?([0-9]{1,3})')
regexp_match('abc01234xyz', '(.*)(\d+)(.*)')
regexp_match('abc01234xyz', '(.*?)(\d+)(.*)')
regexp_match('abc01234xyz', '(?:(.*?)(\d+)(.*)){1,1}')
regexp_match('ababab', '((a)(b)?)*')
regexp_match('aaab', '(a*?)(a*)b')
regexp_match('xaby', '((x)|(a)|(b))+')
regexp_match('abab', '(ab)\1')
regexp_match('', '(.*?)*')
regexp_match('a', '((?:\y)+)*')
regexp_match('abcabcab', '((.*?))*((^))(?<!a)\1')
regexp_match('abcabc', '^(.*)\1$')
regexp_match('aXbXc', '(?<=X)(.)')
regexp_replace(x, 'a', 'b')
regexp_replace(x, '[^0-9]', '', 'g')
regexp_replace(x, '\s+', ' ', 'g')
regexp_replace(x, '(.)(.)', '\2\1\\\&\x', 'g')
regexp_replace(x, 'B', '<\&>', 'gi')
regexp_replace(x, '', '-', 'g')
regexp_replace(x, 'b*', '-', 'g')
regexp_replace(x, '^|$', '|', 'g')
regexp_replace(x, '.', 'z', 2)
regexp_replace(x, '.', 'z', 1, 2)
regexp_replace(x, '[a-c]', 'z', 1, 0, 'i')
regexp_replace(x, 'a', v, i4)
regexp_replace(x, 'a', v, 1, i4)
regexp_replace(x, v, 'q')
regexp_replace(x, '\m.', '\&\&', 'g')
regexp_replace(x, '(?<=a)(b)|c', '[\1]', 'g')
regexp_replace(x, 'a', 'b', v)
regexp_count(x, 'a')
regexp_count(x, '')
regexp_count(x, '[a-z]', 2, 'i')
regexp_count(x, v, i4)
regexp_instr(x, 'b')
regexp_instr(x, '(b)(c)', 1, 1, 0, '', 2)
regexp_instr(x, '[a-c]', 1, 2, 1)
regexp_instr(x, '.', i4, 1)
regexp_instr(x, '.', 1, 1, i4)
regexp_instr(x, 'C', 1, 1, 0, 'i', i2)
regexp_substr(x, 'b.')
regexp_substr(x, '[a-c]', 2, 2)
regexp_substr(x, '(a)(b)', 1, 1, 'i', 2)
regexp_split_to_array(x, ',')
regexp_split_to_array(x, '')
regexp_split_to_array(x, '\s*')
regexp_split_to_array(x, 'B', 'i')
regexp_replace(x COLLATE "C.utf8", '\W', '', 'g')
regexp_replace(x COLLATE "C.utf8", '[[:upper:]]|ü', '_', 'g')
regexp_match(x COLLATE "C.utf8", '(Ä|N)([[:alpha:]]*)', 'i')
regexp_match(x COLLATE "C.utf8", '[à-ý]+', 'i')
regexp_replace((x || U&'\00a0\2028\00ab\0300') COLLATE "C.utf8", '[[:punct:]]', '_', 'g')
regexp_replace((x || U&'\00a0\2028\00ab\0300') COLLATE "C.utf8", '[^[:graph:]]', '_', 'g')
regexp_replace((x || U&'\00a0\2028\00ab\0085') COLLATE "C.utf8", '[[:cntrl:]]|[^[:print:]]', '_', 'g')
x COLLATE "C.utf8" ~ '[[:punct:]]$'
-- More arrays.
ia[1:2]
ia[2:]
ia[:2]
ia[:]
ia[1:2][2:2]
ia[1:1][2]
ia[i4:i8::integer]
ia[i4][i8::integer]
ia[3:1]
ia[0:5][0:5][1:1]
ta[2:3]
ta[NULL:2]
array_positions(ia, 1)
array_positions(ta, 'a')
array_positions(ta, NULL)
array_fill(x, ARRAY[2])
array_fill(i4, ARRAY[2, 3], ARRAY[0, 5])
array_fill(7, ia)
array_fill(n2, ARRAY[0])
array_fill(NULL::text, ARRAY[2])
array_fill(1, CASE WHEN b THEN ia END)
array_fill(1, ARRAY[i4])
array_fill(1, ARRAY[i2 % 3, 2], ia)
array_dims(ia)
array_dims(ta)
trim_array(ia, 1)
trim_array(ta, 2)
trim_array(ta, i2)
-- More numbers.
sqrt(n)
sqrt(n2)
|/ n
sqrt(abs(n2) / 7)
sqrt(2::numeric)
sqrt(0.00000000000000000002)
sqrt(123456789012345678901234567890.5)
sqrt(abs(n2) * 1000000000000)
gcd(n, 12)
gcd(n2, 4.5)
gcd(n2, n)
lcm(n2, 4)
lcm(n, 0)
lcm(n2, n)
factorial(5)
factorial(i8)
factorial(i2)
factorial(40)
width_bucket(n, 0, 10, 5)
width_bucket(n2, 10, 0.5, 7)
width_bucket(n2, -1, 20, i4)
width_bucket(n, n2, 5, 3)
width_bucket(n2, n, 0, 3)
width_bucket(0, n2, 0.0000000000000000001, 5)
degrees(f8)
radians(f8)
radians(i4)
pi() > f8
-- Casts as calls.
int4(n2)
int4(b)
int2(i4)
int8(f8)
float4(n)
float8(i8)
"numeric"(i4)
"numeric"(f8)
text(c)
text(b)
date(ts)
date(tz)
"time"(ts)
"timestamp"(d)
timestamptz(ts)
"interval"(tm)
bool(i4)
-- More times.
make_interval(days => i4)
make_interval(years => i2, secs => 1.5)
make_interval(i2, 1, 2, 3, 4, 5, 6.789)
make_interval(hours => i4, mins => i4, secs => f8)
make_interval(secs => f8)
make_interval(years => i4)
make_timestamp(2024, 2, 29, 12, i2, 30.5)
make_timestamp(i2, 1, 1, 0, 0, 0)
make_timestamp(2024, 1, 1, 24, 0, f8)
make_timestamptz(i4, 1, 1, 0, 0, 0)
date_bin('15 minutes', ts, '2001-01-01')
date_bin('1 day 00:00:01', tz, '2001-01-01 12:00Z')
date_bin(iv, ts, '2001-01-01')
date_bin('1 hour', '2001-01-01'::timestamp, ts)
(d, d + 3) OVERLAPS (d + i2, '2024-02-29'::date)
(ts, ts) OVERLAPS (ts, ts)
(ts, '1 day'::interval) OVERLAPS ('2024-02-29'::timestamp, iv)
(d, '1 day'::interval) OVERLAPS (d, iv)
(tm, tm) OVERLAPS ('10:00'::time, '13:00'::time)
(ts, NULL::timestamp) OVERLAPS ('2001-01-01'::timestamp, '2024-01-01'::timestamp)
(tz, ts) OVERLAPS (d, d)
-- Found by chance.
(NULL::integer, i4 / i2) < (1, 2)
(i8, i4 / i2) >= (i4, 1)
NULL::integer + i4 / i2
(i4 / i2 > 0) AND false
i4 / i2 > 0 OR true
round('NaN'::numeric + NULL::integer + i8::smallint, 1)
n ^ 0
n2 ^ -1
0::numeric ^ 2
NULL::text = ANY (ta)
NULL::text = ANY (ARRAY['a', 'b'])
COALESCE(i4, 1 / i2) & CASE 0 WHEN 1 THEN i8 WHEN 2 THEN 9 END
CASE WHEN true THEN i4 ELSE 1 / 0 END
x ~ '^[[:upper:]][[:lower:]]*$'
x ~ '[[:punct:]]'
x ~ '\w+'
x ~ '^\W*$'
x ~ '\D'
x ~ 'a{2,}|b{1}'
x ~ 'a{'
x ~ '(ab|cd)?(c)$'
x ~ '(?<=a)b'
x ~ '[^\s\w]'
x ~ '[[.a.][=b=]]'
x ~ '\x41'
x ~ '\.|\*|\('
x ~* '[a-c]x?'
x ~ '^(?:[^@]+)@(?:[^@]+)$'
-- Letters beyond ASCII.
lower(x COLLATE "C.utf8")
upper(v COLLATE "C.utf8")
x COLLATE "C.utf8" ILIKE 'ä%'
x COLLATE "C.utf8" ~* 'ÜN'
x COLLATE "C.utf8" ~ '^\w+$'
x COLLATE "C.utf8" ~ '^[[:upper:]]'
x COLLATE "C.utf8" ~ '^[[:lower:]]+$'
x COLLATE "C.utf8" ~ '\s[[:alpha:]]'
x COLLATE "C.utf8" < 'é'
-- In the order of rows both sides are computed, though one is NULL in itself.
ROW(d - '2000-01-01'::date, 1) < ROW(NULL::integer, 2)
ROW(1, i4 / 0) >= ROW(1, NULL::integer)
ROW(i4, 1) <= ROW(NULL::integer, 1 / i2)

-- Ranges.
ri @> i4
ri @> 3
i4 <@ ri
ri @> ri
ri <@ '[0,10)'::int4range
ri && '[3,8]'::int4range
ri << '[6,9)'::int4range
ri >> '[1,2)'::int4range
ri &< '[2,6)'::int4range
ri &> '[2,6)'::int4range
ri -|- '[5,7)'::int4range
ri * '[2,4)'::int4range
ri + '[2,4)'::int4range
ri - '[2,4)'::int4range
rn - '(2,4]'::numrange
range_merge(ri, '[20,30)'::int4range)
lower(ri)
upper(ri)
upper(rd) - lower(rd)
isempty(rn)
NOT isempty(rt) AND lower(rt) < upper(rt)
lower_inc(rn)
upper_inc(rn)
lower_inf(rd)
upper_inf(rt)
ri = '[1,4]'::int4range
ri < '[2,3)'::int4range
rn = '[1.00,5)'::numrange
rn >= '[1,1]'::numrange
rd > '[2024-01-01,2024-02-01]'::daterange
rn @> n
rn @> i4::numeric
rd @> d
rd @> '2024-02-29'::date
rt @> ts
rt && tsrange(ts, ts, '[]')
int4range(i4, 5)
int4range(i4, 100, '[]')
numrange(n, n, '(]')
numrange(n, n, x)
daterange(d, d + 1)
daterange(d, NULL, '[]')
tsrange(ts, '2030-01-01')
ri::text
rt::text
x::int4range
('[' || i4::text || ',9)')::int4range
COALESCE(rd, 'empty'::daterange)
ri IN ('[1,5)'::int4range, 'empty'::int4range)
GREATEST(rn, '[2,3)'::numrange)
tstzrange(tz, NULL) @> '2024-01-01 00:00+00'::timestamptz
-- Network addresses.
nt << '10.0.0.0/8'::inet
nt <<= '10.0.0.0/8'::inet
nt >> '10.0.0.1'::inet
nt >>= nc
nt && nc
nt = nc
nt < '10.1.0.0/16'::inet
nc < nc
nt BETWEEN '10.0.0.0' AND '10.255.255.255'
family(nt) = 4
masklen(nt)
host(nt)
network(nt)
netmask(nt)
hostmask(nt)
broadcast(nt)
set_masklen(nt, 24)
set_masklen(nc, 24)
set_masklen(nt, i4)
inet_same_family(nt, nc)
inet_merge(nt, nc)
nt::cidr
nc::inet
nt::text
nc::text LIKE '10.%'
x::inet
'10.1.2.3/16'::inet = nt
~ nt
nt & nc
nt | nc
nt + 5
nt - i8
nt - '10.0.0.0'::inet
-- Bit strings.
bi & B'00001111'
bi | bi
bi # B'11111111'
~ bv
bi << 3
bi >> i2
bi & bv
bi = B'10101010'
bv < B'1010'
bv || bi
position(B'' in bv)
position(bv in bv)
length(bv)
bit_length(bv)
octet_length(bv)
get_bit(bi, 3) = 1
get_bit(bv, i4)
set_bit(bi, 0, 1)
bit_count(bv)
substring(bv from 2 for 3)
substring(bv from 3)
position(B'101' in bv)
bi::integer
bv::bit(4)
bi::varbit(3)
bv::bit(64)::bigint
i4::bit(8)
i8::bit(70)
bi::text
x::bit(4)
-- Times with a zone, addresses of network cards.
zt < '10:00:00+00'::timetz
zt = '10:00:00+01'::timetz
zt::time
zt::text
extract(hour from zt)
extract(second from zt)
extract(epoch from zt)
extract(timezone from zt)
ma > '08:00:2b:00:00:00'::macaddr
trunc(ma)
~ ma
ma & '0f:0f:0f:0f:0f:0f'::macaddr
ma::text
-- The same by the names of the functions, and what prints anything.
range_union(ri, '[1,9)'::int4range)
range_intersect(rn, '[1,9)'::numrange)
range_minus(ri, '[1,3)'::int4range)
range_contains_elem(ri, i4)
elem_contained_by_range(d, rd)
inetnot(nt)
inetand(nt, nc)
inetor(nt, nc)
inetpl(nt, i8)
int8pl_inet(i8, nt)
inetmi_int8(nt, 7)
inetmi(nt, '10.0.0.0'::inet)
abbrev(nt)
bitand(bi, bi)
bitor(bi, B'00001111')
bitxor(bi, B'11111111')
bitnot(bv)
bitshiftleft(bi, 3)
bitshiftright(bi, i2)
bitcat(bv, bi)
macaddr_not(ma)
macaddr_and(ma, '0f:0f:0f:0f:0f:0f'::macaddr)
macaddr_or(ma, ma)
concat(nt, nc, ma)
concat_ws(',', ri, nt, bv, zt)
format('%s', nt)
ARRAY[nt]
(ARRAY[nt])[1]::text
nt = ANY (ARRAY[nt, '::1'::inet])
array_to_string(ARRAY[nt, '1.2.3.4/8'::inet], ',')
ARRAY[nc]
