//! Listed expressions: what rules are made of, and every failure that chance has found.

/// Expressions that the client has to evaluate, one a line.
pub const LISTED: &str = include_str!("listed.sql");

/// Expressions for the server alone, and a part of the reason.
pub const SERVER_ONLY: &[(&str, &str)] = &[
    (
        "allowed(x)",
        "it calls the function allowed, which is the database's own",
    ),
    ("secret = 'a'", "it reads secret, which is private"),
    ("random() < 1", "it calls the function random"),
    ("x ~ x", "no constant"),
    ("x ~ '(a)\\1'", "refers back to a group"),
    (
        "ts AT TIME ZONE 'Europe/Berlin'",
        "it asks for the time zone Europe/Berlin",
    ),
    (
        "current_setting('other.setting')",
        "it asks for the setting other.setting",
    ),
    (
        "sin(f8)",
        "it calls the function sin, which the client has not",
    ),
];
