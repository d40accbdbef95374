//! The words that `quote_ident` puts into quotes: all of SQL's but the unreserved ones.

const SINCE_15: &str = "all analyse analyze and any array as asc asymmetric authorization between bigint \
     binary bit boolean both case cast char character check coalesce collate collation \
     column concurrently constraint create cross current_catalog current_date \
     current_role current_schema current_time current_timestamp current_user dec decimal \
     default deferrable desc distinct do else end except exists extract false fetch \
     float for foreign freeze from full grant greatest group grouping having ilike in \
     initially inner inout int integer intersect interval into is isnull join lateral \
     leading least left like limit localtime localtimestamp national natural nchar none \
     normalize not notnull null nullif numeric offset on only or order out outer \
     overlaps overlay placing position precision primary real references returning right \
     row select session_user setof similar smallint some substring symmetric table \
     tablesample then time timestamp to trailing treat trim true union unique user using \
     values varchar variadic verbose when where window with xmlattributes xmlconcat \
     xmlelement xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize \
     xmltable";
const SINCE_16: &str = " json_array json_arrayagg json_object json_objectagg system_user";
const SINCE_17: &str = " json json_exists json_query json_scalar json_serialize json_table \
     json_value merge_action";

/// The words of a server's version, with blanks between.
pub(super) fn keywords(server: u16) -> String {
    let mut out = String::from(SINCE_15);
    for (since, words) in [(16, SINCE_16), (17, SINCE_17)] {
        if server >= since {
            out.push_str(words);
        }
    }
    out
}
