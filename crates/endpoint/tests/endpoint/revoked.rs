//! Tokens that are revoked before they expire (R7).

use crate::harness::*;
use crate::poke::{hear, listen, open};
use haversack_core::ErrorCode;
use haversack_core::protocol::PokeServer;
use haversack_endpoint::auth::revoked;
use haversack_endpoint::config::Config;
use std::path::Path;
use std::time::Duration;

const LONG: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_revoked_token_is_refused_and_another_of_the_same_user_is_not() {
    let endpoint = Endpoint::organizational().await;
    let mut ada = endpoint.replica("1").await;
    ada.token = named_token("1", "first");
    ada.pull().await;
    endpoint
        .sql("SELECT haversack.revoke('first', now() + interval '1 hour')")
        .await;
    let mutation = ada.mutation(vec![insert("events", &[("title", "x")])]);
    let mut request = ada.request(vec![mutation]);
    let refused = ada.send(&request).await.unwrap_err();
    assert_eq!(
        (refused.code, refused.status),
        (ErrorCode::TokenRevoked, 401)
    );
    assert_eq!(endpoint.count("events").await, 0, "nothing was done");
    ada.token = named_token("1", "second");
    request = ada.request(request.mutations);
    ada.sync(&request).await;
    assert_eq!(endpoint.count("events").await, 1);
}

#[tokio::test]
async fn what_has_expired_is_forgotten() {
    let endpoint = Endpoint::organizational().await;
    endpoint
        .sql(
            "SELECT haversack.revoke('old', now() - interval '1 day'),
                    haversack.revoke('new', now() + interval '1 day'),
                    haversack.revoke('new', now() - interval '2 days')",
        )
        .await;
    haversack_endpoint::serve::maintain_once(&endpoint.state)
        .await
        .unwrap();
    let left = endpoint
        .value("SELECT string_agg(jti, ',') FROM haversack.revocations")
        .await;
    assert_eq!(
        left.as_deref(),
        Some("new"),
        "an earlier end does not shorten a later one"
    );
}

#[tokio::test]
async fn revocation_closes_the_socket_and_opens_no_other() {
    let endpoint = Endpoint::organizational().await;
    let url = listen(&endpoint).await;
    let watching = tokio::spawn(revoked::keep_watching(endpoint.state.clone()));
    let (mut ada, mut other) = (
        open(&url, named_token("1", "first")).await,
        open(&url, named_token("1", "second")).await,
    );
    for socket in [&mut ada, &mut other] {
        assert!(matches!(
            hear(socket, LONG).await,
            Some(PokeServer::Ready { .. })
        ));
        assert_eq!(hear(socket, LONG).await, Some(PokeServer::Poke));
    }
    endpoint
        .sql("SELECT haversack.revoke('first', now() + interval '1 hour')")
        .await;
    match hear(&mut ada, LONG).await {
        Some(PokeServer::Error(problem)) => assert_eq!(problem.code, ErrorCode::TokenRevoked),
        other => panic!("{other:?}"),
    }
    assert_eq!(hear(&mut ada, LONG).await, None, "closed");
    match hear(&mut open(&url, named_token("1", "first")).await, LONG).await {
        Some(PokeServer::Error(problem)) => assert_eq!(problem.code, ErrorCode::TokenRevoked),
        other => panic!("{other:?}"),
    }
    assert_eq!(
        hear(&mut other, Duration::from_millis(300)).await,
        None,
        "still open"
    );
    watching.abort();
}

#[tokio::test]
async fn the_applications_own_list_counts_too() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/objects");
    let endpoint = Endpoint::new(&folder).await;
    let user = "00000000-0000-4000-8000-000000000001";
    let mut ada = endpoint.new_replica(user);
    ada.token = named_token(user, "mine");
    let request = ada.request(vec![]);
    assert!(ada.send(&request).await.is_ok());
    endpoint
        .sql(&format!(
            "INSERT INTO token_blacklist (jti, user_id, expires_at) VALUES ('mine', '{user}', now() + interval '1 hour')"
        ))
        .await;
    assert_eq!(
        ada.send(&request).await.unwrap_err().code,
        ErrorCode::TokenRevoked
    );
    ada.token = token(user);
    assert!(
        ada.send(&request).await.is_ok(),
        "one without a name can't be revoked"
    );
}

#[tokio::test]
async fn a_list_that_is_not_there_is_named() {
    let database = Database::create().await;
    let mut owner = database.owner().await;
    owner
        .batch_execute(
            "CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE gone (token text, n int, u uuid);",
        )
        .await
        .unwrap();
    let attach = async |owner: &mut tokio_postgres::Client, list: &str| {
        let config = format!("[identity]\nrevoked = '{list}'\n[tables.t]\nwritable = false");
        let config = Config::parse(&config, "haversack.toml").unwrap();
        let password = haversack_endpoint::attach::Password::Set(PASSWORD.into());
        haversack_endpoint::attach::attach(owner, &config, &password).await
    };
    for (list, word) in [
        ("gone.tokens", "did you mean"),
        ("nowhere.jti", "no table nowhere"),
        ("gone", "table.column"),
        ("gone.n", "text"),
    ] {
        let error = attach(&mut owner, list).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::ConfigInvalid);
        let hint = error.details.hint.clone().unwrap_or_default();
        assert!(
            error.message.contains(list) && hint.contains(word),
            "{error} {hint}"
        );
    }
    for list in ["gone.token", "public.gone.u"] {
        attach(&mut owner, list).await.unwrap();
        owner
            .batch_execute(
                "SELECT haversack.revoked(ARRAY['x', '6ba7b810-9dad-11d1-80b4-00c04fd430c8'])",
            )
            .await
            .unwrap();
    }
}
