//! Connects to whichever of several addresses answers first.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::task::JoinSet;

/// A host with a broken IPv6 answers nothing at all: after this long the next address is tried beside it (RFC 8305).
const STAGGER: Duration = Duration::from_millis(250);
/// Attempts under way at once. A name may have hundreds of addresses that answer nothing, and descriptors are not endless.
pub const TRIED_AT_ONCE: usize = 3;
/// Until one attempt, and until all are given up.
const TIMEOUT_EACH: Duration = Duration::from_secs(10);
const TIMEOUT: Duration = Duration::from_secs(30);

/// The first connection that stands.
pub async fn connect(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let late = || io::Error::from(io::ErrorKind::TimedOut);
    tokio::time::timeout(TIMEOUT, race(addresses, TcpStream::connect)).await.unwrap_or_else(|_| Err(late()))
}

async fn race<T, F>(addresses: &[SocketAddr], connect: impl Fn(SocketAddr) -> F) -> io::Result<T>
where
    T: Send + 'static,
    F: Future<Output = io::Result<T>> + Send + 'static,
{
    let mut waiting = addresses.iter().copied();
    let mut attempts = JoinSet::new();
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        if attempts.len() < TRIED_AT_ONCE
            && let Some(address) = waiting.next()
        {
            attempts.spawn(tokio::time::timeout(TIMEOUT_EACH, connect(address)));
        }
        if attempts.is_empty() {
            return Err(last);
        }
        let more = waiting.len() > 0 && attempts.len() < TRIED_AT_ONCE;
        tokio::select! {
            Some(done) = attempts.join_next() => match done.map_err(io::Error::other)? {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => last = error,
                Err(_) => last = io::ErrorKind::TimedOut.into(),
            },
            () = tokio::time::sleep(STAGGER), if more => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicUsize, Ordering};

    #[tokio::test]
    async fn an_address_that_refuses_is_passed_over() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        let closed = SocketAddr::from(([127, 0, 0, 1], 1));
        assert_eq!(connect(&[closed, good]).await.unwrap().peer_addr().unwrap(), good);
        assert_eq!(connect(&[closed]).await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        assert!(connect(&[]).await.is_err());
    }

    #[tokio::test]
    async fn addresses_that_answer_nothing_are_tried_a_few_at_a_time() {
        static UNDER_WAY: AtomicUsize = AtomicUsize::new(0);
        let silent = |_| {
            UNDER_WAY.fetch_add(1, Ordering::Relaxed);
            std::future::pending::<io::Result<()>>()
        };
        let nowhere = SocketAddr::from(([192, 0, 2, 1], 1));
        let late = tokio::time::timeout(STAGGER * 8, race(&[nowhere; 50], silent)).await;
        assert!(late.is_err());
        assert_eq!(UNDER_WAY.load(Ordering::Relaxed), TRIED_AT_ONCE);
    }
}
