//! Texts at the edges of what Postgres reads, each with what it prints or the SQLSTATE of its refusal.

use crate::schema::Type;
use crate::value::{self, parse, to_text};

fn read(kind: &Type, text: &str) -> String {
    match parse(kind, text) {
        Ok(value) => to_text(kind, &value).unwrap_or_default(),
        Err(error) => error.details.sqlstate.clone().unwrap_or_default(),
    }
}

fn check(sql: &str, cases: &[(&str, &str)]) {
    let kind = Type::Opaque { sql: sql.into() };
    for (text, expected) in cases {
        assert_eq!(read(&kind, text), *expected, "{sql} {text:?}");
    }
}

#[test]
fn an_inet_may_end_in_a_point_and_leave_out_octets() {
    let cases = [
        ("10.0.0.1", "10.0.0.1/32"),
        ("1.2.3.4.", "1.2.3.4/32"),
        ("1.2./16", "1.2.0.0/16"),
        ("10.1/16", "10.1.0.0/16"),
        ("10.1/24", "22P02"),
        ("10", "22P02"),
        ("1.2.3.4/4294967296", "1.2.3.4/0"),
        ("1.2.3.4/4294967295", "1.2.3.4/32"),
        ("1.2.3.4/4294967294", "22P02"),
        ("0xa/8", "22P02"),
        (" 1.2.3.4", "22P02"),
    ];
    check("inet", &cases);
}

#[test]
fn two_colons_leave_out_words_and_an_address_at_the_end_octets() {
    let cases = [
        ("::", "::/128"),
        ("0::1.2.3", "::1.2.3.0/128"),
        ("::1..2", "::1.0.2.0/128"),
        ("0::1.2.3.", "22P02"),
        ("0::1.2.3./128", "::1.2.3.0/128"),
        ("::01.2.3.4", "22P02"),
        ("::1.2.3.4.5", "22P02"),
        ("::1:/128", "::1/128"),
        ("1:2:3:4:5:6:7:8:/128", "1:2:3:4:5:6:7:8/128"),
        ("1:2:3:4:5:6:7:8:", "22P02"),
        ("1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0/128"),
        ("1:2:3:4:5:6:7::8", "22P02"),
        ("1::2::3", "22P02"),
        ("::1/01", "22P02"),
    ];
    check("inet", &cases);
}

#[test]
fn a_cidr_is_hexadecimal_too_and_has_no_bits_beside_its_network() {
    let cases = [
        ("0xa", "160.0.0.0/16"),
        ("0xa/8", "160.0.0.0/8"),
        ("0XC0A80101", "192.168.1.1/32"),
        ("0xC0A8010101", "22P02"),
        ("0x", "22P02"),
        ("10", "10.0.0.0/8"),
        ("224", "224.0.0.0/4"),
        ("192.1", "192.1.0.0/24"),
        ("1.2.", "22P02"),
        ("10.0.0.1/8", "22P02"),
        ("10/24", "10.0.0.0/24"),
    ];
    check("cidr", &cases);
}

#[test]
fn a_macaddr_is_what_sscanf_reads() {
    let cases = [
        ("8:0:2b:1:2:3", "08:00:2b:01:02:03"),
        ("008:0000:2b:1:2:3", "08:00:2b:01:02:03"),
        ("0800-2b01-0203", "08:00:2b:01:02:03"),
        ("08002b:010203", "08:00:2b:01:02:03"),
        ("1 2 3 4 5 6 ", "01:02:03:04:05:06"),
        ("0x:-0:+a:0xb: c:d", "00:00:0a:0b:0c:0d"),
        ("100000001:0:0:0:0:0", "01:00:00:00:00:00"),
        ("100:0:0:0:0:0", "22003"),
        ("-1:0:0:0:0:0", "22003"),
        ("10000000000000001:0:0:0:0:0", "22003"),
        ("1:2:3:4:5:6 7", "22P02"),
        ("\u{a0}1:2:3:4:5:6", "22P02"),
    ];
    check("macaddr", &cases);
}

#[test]
fn times_with_a_zone_are_read_as_decode_time_does() {
    let cases = [
        ("1:2:3+1:2:3", "01:02:03+01:02:03"),
        ("12:30.5 utc", "00:12:30.5+00"),
        ("10:00+053", "10:00:00+00:53"),
        ("24:00-15:59:59", "24:00:00-15:59:59"),
        ("23:59:60.5", "22008"),
        ("10:00+16", "22009"),
        ("\u{a0}10:00", "22007"),
    ];
    check("time with time zone", &cases);
}

#[test]
fn an_array_prints_an_address_without_the_length_of_a_whole_one() {
    let inet = Type::Opaque { sql: "inet".into() };
    let of = |kind: &Type| Type::Array {
        of: Box::new(kind.clone()),
    };
    let texts = read(&of(&inet), "{1.2.3.4/32,1.2.3.4/8,::1/128,::/32}");
    assert_eq!(texts, "{1.2.3.4,1.2.3.4/8,::1,::/32}");
    // As an element it is what it is as a value: with the length.
    let items = value::array_values(&inet, &texts).unwrap();
    assert_eq!(items[0], parse(&inet, "1.2.3.4").unwrap());
    let cidr = Type::Opaque { sql: "cidr".into() };
    assert_eq!(read(&of(&cidr), "{1.2.3.4}"), "{1.2.3.4/32}");
}
