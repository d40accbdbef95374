//! Connections: accepts them and carries their bytes, one task each.

use crate::shared::Shared;
use crate::{Harm, Weather};
use std::io;
use std::sync::Arc;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Bytes carried at a time.
const PIECE_BYTES: usize = 16 * 1024;

pub(crate) async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            // Out of file descriptors, say: the next may do better.
            tokio::task::yield_now().await;
            continue;
        };
        let weather = *shared.weather.borrow();
        if weather == Weather::Refuse {
            continue;
        }
        tokio::spawn(connection(
            client,
            shared.clone(),
            weather == Weather::Duplicate,
        ));
    }
}

/// Carries one connection to its end. Whatever breaks ends it on both sides, since dropping the
/// streams closes them.
async fn connection(client: TcpStream, shared: Arc<Shared>, duplicate: bool) {
    let mut cuts = shared.cuts.subscribe();
    let carry = async {
        fair(&mut shared.weather.subscribe()).await;
        let server = TcpStream::connect(shared.target()).await?;
        let twin = if duplicate {
            Some(twin(&shared).await?)
        } else {
            None
        };
        client.set_nodelay(true)?;
        server.set_nodelay(true)?;
        let (from_client, to_client) = client.into_split();
        let (from_server, to_server) = server.into_split();
        // How much of the answer may still pass, once a trap was sprung.
        let (allow, allowed) = watch::channel(None);
        tokio::select! {
            // Cutting both ways at once is what a trap means; an ordered end is passed on.
            harm = upstream(from_client, to_server, twin, &shared, allow) => harm?,
            answer = downstream(from_server, to_client, &shared, allowed) => answer?,
        }
        io::Result::Ok(())
    };
    tokio::select! {
        _ = carry => {}
        _ = cuts.changed() => {}
    }
}

/// A second connection to the server, whose answers are read and thrown away.
async fn twin(shared: &Shared) -> io::Result<OwnedWriteHalf> {
    let (mut from_server, to_server) = TcpStream::connect(shared.target()).await?.into_split();
    let mut cuts = shared.cuts.subscribe();
    tokio::spawn(async move {
        let mut piece = vec![0; PIECE_BYTES];
        let drain = async { while matches!(from_server.read(&mut piece).await, Ok(1..)) {} };
        tokio::select! {
            () = drain => {}
            _ = cuts.changed() => {}
        }
    });
    Ok(to_server)
}

/// Client to server. Ends when the connection is to be cut; a client that has said all it has to
/// say still hears the answer.
async fn upstream(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    mut twin: Option<OwnedWriteHalf>,
    shared: &Shared,
    allow: watch::Sender<Option<usize>>,
) -> io::Result<()> {
    let mut weather = shared.weather.subscribe();
    // The end of what was forwarded, in which a trap's bytes may have begun.
    let mut seen: Vec<u8> = Vec::new();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let count = read(&mut from, &mut piece, &mut weather).await?;
        if count == 0 {
            to.shutdown().await?;
            if let Some(twin) = &mut twin {
                let _ = twin.shutdown().await;
            }
            return std::future::pending().await;
        }
        let old = seen.len();
        seen.extend_from_slice(&piece[..count]);
        match shared.spring(&seen, old) {
            Some((Harm::CutBefore, last)) => return to.write_all(&seen[old..last]).await,
            Some((Harm::CutAnswerAfter(bytes), _)) => {
                allow.send_replace(Some(bytes));
            }
            None => {}
        }
        to.write_all(&piece[..count]).await?;
        if let Some(twin) = &mut twin {
            // The twin's end is not the client's.
            let _ = twin.write_all(&piece[..count]).await;
        }
        let keep = shared.longest().saturating_sub(1);
        seen.drain(..seen.len().saturating_sub(keep));
    }
}

/// Server to client. Ends with the server's last byte, or with the last one that may pass.
async fn downstream(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    shared: &Shared,
    allowed: watch::Receiver<Option<usize>>,
) -> io::Result<()> {
    let mut weather = shared.weather.subscribe();
    let mut passed = 0;
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let count = read(&mut from, &mut piece, &mut weather).await?;
        if count == 0 {
            return to.shutdown().await;
        }
        let left = allowed.borrow().map(|bytes| bytes.saturating_sub(passed));
        match left {
            Some(left) if count > left => return to.write_all(&piece[..left]).await,
            Some(_) => passed += count,
            None => {}
        }
        to.write_all(&piece[..count]).await?;
    }
}

/// The next bytes, once the weather lets them pass.
async fn read(
    from: &mut (impl AsyncRead + Unpin),
    piece: &mut [u8],
    weather: &mut watch::Receiver<Weather>,
) -> io::Result<usize> {
    let count = from.read(piece).await?;
    let now = *weather.borrow_and_update();
    if let Weather::Delay(wait) = now {
        tokio::time::sleep(wait).await;
    }
    fair(weather).await;
    Ok(count)
}

/// Waits out a stall.
async fn fair(weather: &mut watch::Receiver<Weather>) {
    // The sender lives as long as the connection.
    let _ = weather.wait_for(|now| *now != Weather::Stall).await;
}
