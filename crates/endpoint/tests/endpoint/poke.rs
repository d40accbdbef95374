//! Sockets hear of changes within a second, whoever made them, and of nothing else.

use crate::harness::*;
use futures_util::{SinkExt, StreamExt};
use haversack_core::ErrorCode;
use haversack_core::protocol::{PokeClient, PokeServer};
use haversack_endpoint::{auth, poke};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

pub type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

pub async fn listen(endpoint: &Endpoint) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    poke::start(endpoint.state.clone()).await.unwrap();
    let router = endpoint.router.clone();
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("ws://{address}/v1/poke")
}

pub async fn open(url: &str, token: String) -> Socket {
    let (mut socket, _) = connect_async(url).await.unwrap();
    let hello = PokeClient::Hello {
        protocol: 1,
        token,
        replica: uuid::Uuid::new_v4().to_string(),
    };
    socket
        .send(Message::text(serde_json::to_string(&hello).unwrap()))
        .await
        .unwrap();
    socket
}

/// The next message, or none within the time.
pub async fn hear(socket: &mut Socket, within: Duration) -> Option<PokeServer> {
    let next = async {
        loop {
            match socket.next().await {
                Some(Ok(Message::Text(text))) => return Some(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    };
    tokio::time::timeout(within, next).await.ok().flatten()
}

const SOON: Duration = Duration::from_secs(1);
const LONG: Duration = Duration::from_secs(5);

#[tokio::test]
async fn changes_are_heard_by_those_they_concern() {
    let endpoint = Endpoint::organizational().await;
    let url = listen(&endpoint).await;
    let (mut ada, mut grace) = (open(&url, token("1")).await, open(&url, token("2")).await);
    for socket in [&mut ada, &mut grace] {
        match hear(socket, LONG).await {
            Some(PokeServer::Ready { epoch }) => assert!(!epoch.is_empty()),
            other => panic!("{other:?}"),
        }
        // What came before the socket was announced to nobody.
        assert_eq!(hear(socket, LONG).await, Some(PokeServer::Poke));
    }
    // As psql would.
    endpoint
        .sql("INSERT INTO events (user_id, title) VALUES (1, 'x')")
        .await;
    assert_eq!(hear(&mut ada, SOON).await, Some(PokeServer::Poke));
    // As a push would.
    let mut replica = endpoint.replica("1").await;
    replica.push_one(insert("events", &[("title", "y")])).await;
    assert_eq!(hear(&mut ada, SOON).await, Some(PokeServer::Poke));
    assert_eq!(hear(&mut grace, Duration::from_millis(300)).await, None);
    assert_eq!(
        hear(&mut ada, Duration::from_millis(300)).await,
        None,
        "a pull is no change"
    );
    // A late commit of an early transaction.
    let slow = endpoint.database.owner().await;
    slow.batch_execute("BEGIN; INSERT INTO events (user_id, title) VALUES (2, 'z')")
        .await
        .unwrap();
    endpoint
        .sql("INSERT INTO events (user_id, title) VALUES (1, 'between')")
        .await;
    assert_eq!(hear(&mut ada, SOON).await, Some(PokeServer::Poke));
    slow.batch_execute("COMMIT").await.unwrap();
    assert_eq!(hear(&mut grace, SOON).await, Some(PokeServer::Poke));
}

#[tokio::test]
async fn bad_hellos_are_told_why() {
    let endpoint = Endpoint::organizational().await;
    let url = listen(&endpoint).await;
    let mut socket = open(&url, "nonsense".into()).await;
    match hear(&mut socket, LONG).await {
        Some(PokeServer::Error(problem)) => assert_eq!(problem.code, ErrorCode::TokenInvalid),
        other => panic!("{other:?}"),
    }
    let (mut socket, _) = connect_async(&url).await.unwrap();
    socket.send(Message::text("{}")).await.unwrap();
    match hear(&mut socket, LONG).await {
        Some(PokeServer::Error(problem)) => assert_eq!(problem.code, ErrorCode::MalformedRequest),
        other => panic!("{other:?}"),
    }
    let mut request = url.into_client_request().unwrap();
    request
        .headers_mut()
        .insert("origin", "https://evil.example".parse().unwrap());
    match connect_async(request).await {
        Err(SocketError::Http(response)) => assert_eq!(response.status().as_u16(), 403),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_token_that_ends_ends_the_socket() {
    let endpoint = Endpoint::organizational().await;
    let url = listen(&endpoint).await;
    let short = auth::mint(SECRET, "sub", "1", Duration::from_secs(2)).unwrap();
    let mut socket = open(&url, short).await;
    assert!(matches!(
        hear(&mut socket, LONG).await,
        Some(PokeServer::Ready { .. })
    ));
    assert_eq!(hear(&mut socket, LONG).await, Some(PokeServer::Poke));
    match hear(&mut socket, LONG).await {
        Some(PokeServer::Error(problem)) => assert_eq!(problem.code, ErrorCode::TokenExpired),
        other => panic!("{other:?}"),
    }
    assert_eq!(hear(&mut socket, LONG).await, None, "closed");
}
