//! Accepts connections and speaks HTTP on each, until the endpoint ends.
//!
//! **Invariant.** A client that says nothing, or says it byte by byte, holds no connection for longer than
//! [`HEAD_TIMEOUT`]; bodies and sockets have limits of their own, in [`crate::router`] and [`crate::poke`].

use crate::state::{State, ended};
use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

/// How long the head of a request may take to arrive, from the connection's beginning or from the end of the
/// answer before on: so it is also how long a connection may be idle.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(20);
/// When no more connections can be open, the next is tried so much later.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// Serves until the endpoint ends and what it was asked until then is answered.
pub async fn serve(listener: TcpListener, app: Router, state: Arc<State>) {
    let mut ending = state.ending.subscribe();
    // Every connection holds one end; when the last is gone, the other hears of it.
    let (open, mut all_closed) = mpsc::channel::<()>(1);
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = ended(&mut ending) => break,
        };
        match accepted {
            Ok((stream, _)) => {
                let connection = connection(stream, app.clone(), state.clone(), open.clone());
                tokio::spawn(connection);
            }
            // One that went away before it was accepted is no concern of the others.
            Err(e) if went_away(e.kind()) => {}
            Err(e) => {
                tracing::error!("no connection can be accepted: {e}");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop((listener, open));
    all_closed.recv().await;
}

fn went_away(kind: ErrorKind) -> bool {
    matches!(
        kind,
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset
    )
}

async fn connection(stream: TcpStream, app: Router, state: Arc<State>, _open: mpsc::Sender<()>) {
    // An answer ends in a short write; without this it would wait for the acknowledgement of the
    // write before, which the other side delays by up to 40 ms.
    if let Err(e) = stream.set_nodelay(true) {
        tracing::debug!("TCP_NODELAY can't be set: {e}");
    }
    let serving = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIMEOUT)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(app))
        .with_upgrades();
    let mut serving = std::pin::pin!(serving);
    let mut ending = state.ending.subscribe();
    let outcome = tokio::select! {
        outcome = serving.as_mut() => outcome,
        () = ended(&mut ending) => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(e) = outcome {
        tracing::debug!("a connection ended: {e}");
    }
}
