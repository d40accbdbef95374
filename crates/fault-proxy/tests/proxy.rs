//! What the proxy does to a server that answers each line in capitals, and keeps what it heard.

use haversack_fault_proxy::{Harm, Proxy, Weather};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};

const SOON: Duration = Duration::from_secs(5);
const WHILE: Duration = Duration::from_millis(150);

/// The lines that the server heard whole, in order.
type Heard = Arc<Mutex<Vec<String>>>;

async fn server() -> (Proxy, Heard) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::start(listener.local_addr().unwrap()).await.unwrap();
    let heard = Heard::default();
    let keep = heard.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let keep = keep.clone();
            tokio::spawn(async move {
                let (from, mut to) = stream.into_split();
                let mut from = BufReader::new(from);
                let mut line = String::new();
                // A line without its end is not one: it was cut.
                while from.read_line(&mut line).await.is_ok() && line.ends_with('\n') {
                    keep.lock().unwrap().push(line.trim_end().to_owned());
                    let answer = line.to_uppercase();
                    line.clear();
                    if to.write_all(answer.as_bytes()).await.is_err() {
                        return;
                    }
                }
            });
        }
    });
    (proxy, heard)
}

async fn connect(proxy: &Proxy) -> TcpStream {
    TcpStream::connect(proxy.address()).await.unwrap()
}

/// Says something and gives what comes back until the answer's end, or the connection's.
async fn ask(stream: &mut TcpStream, text: &str) -> String {
    // A connection that is being cut may refuse it.
    let _ = stream.write_all(text.as_bytes()).await;
    let mut answer = String::new();
    let read = async {
        let mut byte = [0];
        while !answer.ends_with('\n') && matches!(stream.read(&mut byte).await, Ok(1)) {
            answer.push(char::from(byte[0]));
        }
    };
    tokio::time::timeout(SOON, read).await.expect("an end");
    answer
}

#[tokio::test]
async fn in_fair_weather_everything_passes_unchanged() {
    let (proxy, heard) = server().await;
    let mut client = connect(&proxy).await;
    assert_eq!(ask(&mut client, "one\n").await, "ONE\n");
    // More than fits a piece.
    let long = "x".repeat(100_000);
    assert_eq!(ask(&mut client, &format!("{long}\n")).await.len(), 100_001);
    assert_eq!(*heard.lock().unwrap(), ["one".to_owned(), long]);
}

#[tokio::test]
async fn a_client_that_stops_speaking_still_hears_the_answer() {
    let (proxy, _) = server().await;
    let mut client = connect(&proxy).await;
    client.write_all(b"one\n").await.unwrap();
    client.shutdown().await.unwrap();
    let mut answer = String::new();
    client.read_to_string(&mut answer).await.unwrap();
    assert_eq!(answer, "ONE\n");
}

#[tokio::test]
async fn cutting_ends_what_is_open_and_not_what_comes() {
    let (proxy, _) = server().await;
    let mut client = connect(&proxy).await;
    assert_eq!(ask(&mut client, "one\n").await, "ONE\n");
    proxy.cut();
    assert_eq!(ask(&mut client, "two\n").await, "");
    assert_eq!(ask(&mut connect(&proxy).await, "three\n").await, "THREE\n");
}

#[tokio::test]
async fn a_cut_before_keeps_the_message_from_the_server_though_it_comes_in_pieces() {
    let (proxy, heard) = server().await;
    proxy.trap(b"commit\n", Harm::CutBefore);
    let mut client = connect(&proxy).await;
    client.set_nodelay(true).unwrap();
    assert_eq!(ask(&mut client, "begin\n").await, "BEGIN\n");
    client.write_all(b"com").await.unwrap();
    tokio::time::sleep(WHILE).await;
    assert_eq!(ask(&mut client, "mit\n").await, "");
    assert_eq!(proxy.sprung(), 1);
    tokio::time::sleep(WHILE).await;
    assert_eq!(*heard.lock().unwrap(), ["begin"]);
    assert_eq!(
        ask(&mut connect(&proxy).await, "commit\n").await,
        "COMMIT\n"
    );
}

#[tokio::test]
async fn an_answer_is_lost_only_after_the_server_has_given_it() {
    let (proxy, heard) = server().await;
    proxy.trap(b"commit", Harm::CutAnswerAfter(0));
    let mut client = connect(&proxy).await;
    assert_eq!(ask(&mut client, "begin\n").await, "BEGIN\n");
    assert_eq!(ask(&mut client, "commit\n").await, "");
    assert_eq!(*heard.lock().unwrap(), ["begin", "commit"]);
    // Once only.
    assert_eq!(
        ask(&mut connect(&proxy).await, "commit\n").await,
        "COMMIT\n"
    );
}

#[tokio::test]
async fn an_answer_is_cut_short_at_the_byte() {
    let (proxy, _) = server().await;
    for bytes in [1, 3, 6] {
        proxy.trap(b"commit", Harm::CutAnswerAfter(bytes));
        let answer = ask(&mut connect(&proxy).await, "commit\n").await;
        assert_eq!(answer, "COMMIT\n"[..bytes]);
    }
}

#[tokio::test]
async fn half_open_connections_hear_nothing_until_it_is_over() {
    let (proxy, heard) = server().await;
    let mut old = connect(&proxy).await;
    assert_eq!(ask(&mut old, "one\n").await, "ONE\n");
    proxy.set_weather(Weather::Stall);
    let mut new = connect(&proxy).await;
    old.write_all(b"two\n").await.unwrap();
    new.write_all(b"three\n").await.unwrap();
    let mut byte = [0];
    for stream in [&mut old, &mut new] {
        let heard = tokio::time::timeout(WHILE, stream.read(&mut byte)).await;
        assert!(heard.is_err(), "open and silent: {heard:?}");
    }
    assert_eq!(*heard.lock().unwrap(), ["one"]);
    proxy.heal();
    assert_eq!(ask(&mut old, "").await, "TWO\n");
    assert_eq!(ask(&mut new, "").await, "THREE\n");
}

#[tokio::test]
async fn what_is_delayed_arrives_later() {
    let (proxy, _) = server().await;
    proxy.set_weather(Weather::Delay(WHILE));
    let mut client = connect(&proxy).await;
    let start = std::time::Instant::now();
    assert_eq!(ask(&mut client, "one\n").await, "ONE\n");
    assert!(start.elapsed() >= 2 * WHILE, "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_request_arrives_twice_and_is_answered_once() {
    let (proxy, heard) = server().await;
    proxy.set_weather(Weather::Duplicate);
    let mut client = connect(&proxy).await;
    assert_eq!(ask(&mut client, "one\n").await, "ONE\n");
    client.shutdown().await.unwrap();
    let mut rest = String::new();
    client.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, "");
    tokio::time::sleep(WHILE).await;
    assert_eq!(*heard.lock().unwrap(), ["one", "one"]);
}

#[tokio::test]
async fn refused_connections_end_at_once_and_open_ones_go_on() {
    let (proxy, heard) = server().await;
    let mut old = connect(&proxy).await;
    assert_eq!(ask(&mut old, "one\n").await, "ONE\n");
    proxy.set_weather(Weather::Refuse);
    assert_eq!(ask(&mut connect(&proxy).await, "two\n").await, "");
    assert_eq!(ask(&mut old, "three\n").await, "THREE\n");
    assert_eq!(*heard.lock().unwrap(), ["one", "three"]);
}

#[tokio::test]
async fn new_connections_go_to_the_new_target() {
    let (proxy, _) = server().await;
    let (other, heard) = server().await;
    proxy.set_target(other.address());
    assert_eq!(ask(&mut connect(&proxy).await, "one\n").await, "ONE\n");
    assert_eq!(*heard.lock().unwrap(), ["one"]);
}
