//! The browser's own things: clock, randomness, timers, locks, channels, requests. No decisions.
//!
//! Natively they are those of the simulated browser, in which the simulator runs the client.

pub mod channel;
#[cfg(target_arch = "wasm32")]
mod web;

#[cfg(not(target_arch = "wasm32"))]
pub use haversack_simulated_browser::{
    List, Value, channel as raw_channel, fetch, listener, locks, now_ms, random_bytes, random_unit,
    socket, timer, token_payload, value,
};
#[cfg(target_arch = "wasm32")]
pub use web::{
    channel as raw_channel, fetch, lend, listener, locks, now_ms, objects::thrown,
    objects::to_object, random_bytes, random_unit, socket, timer, token_payload, value,
    value::List, value::Value,
};

use haversack_core::json::Json;

/// A UUID, version 4, in its usual notation.
pub fn random_uuid() -> String {
    let mut b: [u8; 16] = random_bytes();
    b[6] = (b[6] & 0x0f) | 0x40;
    b[8] = (b[8] & 0x3f) | 0x80;
    let hex = haversack_core::schema::hex(&b);
    [
        &hex[..8],
        &hex[8..12],
        &hex[12..16],
        &hex[16..20],
        &hex[20..],
    ]
    .join("-")
}

/// A claim of a JSON Web Token, unverified: it names the local database, nothing more; the
/// endpoint verifies.
pub fn token_claim(token: &str, claim: &str) -> Option<String> {
    let claims = token_payload(token)?;
    match Json::parse(&claims).ok()?.get(claim)? {
        Json::Text(text) | Json::Number(text) => Some(text.clone().into_owned()),
        Json::Null | Json::Bool(_) | Json::List(_) | Json::Object(_) => None,
    }
}

#[cfg(all(test, target_arch = "wasm32"))]
mod tests {
    use super::*;
    use wasm_bindgen_test::{wasm_bindgen_test, wasm_bindgen_test_configure};

    wasm_bindgen_test_configure!(run_in_browser);

    /// `{"sub":"42","iat":1790000000,"name":"Jürgen ????>~🎒"}` as base64url, which has
    /// `-` and `_` and no padding.
    const PAYLOAD: &str =
        "eyJzdWIiOiI0MiIsImlhdCI6MTc5MDAwMDAwMCwibmFtZSI6IkrDvHJnZW4gPz8_Pz5-8J-OkiJ9";

    fn token(payload: &str) -> String {
        format!("eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.{payload}.c2lnbmF0dXJl")
    }

    #[wasm_bindgen_test]
    fn a_claim_is_read_from_base64url_and_utf_8() {
        let token = token(PAYLOAD);
        assert_eq!(token_claim(&token, "sub").as_deref(), Some("42"));
        assert_eq!(token_claim(&token, "iat").as_deref(), Some("1790000000"));
        assert_eq!(
            token_claim(&token, "name").as_deref(),
            Some("Jürgen ????>~🎒")
        );
        assert_eq!(token_claim(&token, "role"), None);
    }

    #[wasm_bindgen_test]
    fn what_is_no_token_has_no_claims() {
        let list = token("eyJzdWIiOlsiNDIiXX0");
        for text in ["", "a", "a.b", "a.!!.c", "a..c", "a.e30.c", &list] {
            assert_eq!(token_claim(text, "sub"), None, "{text}");
        }
    }

    #[wasm_bindgen_test]
    fn a_uuid_is_of_version_4_and_no_two_are_alike() {
        let (one, two) = (random_uuid(), random_uuid());
        assert_ne!(one, two);
        let lengths: Vec<usize> = one.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(&one[14..15], "4");
        assert!("89ab".contains(&one[19..20]), "{one}");
    }
}
