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
const PATIENCE_EACH: Duration = Duration::from_secs(10);
const PATIENCE: Duration = Duration::from_secs(30);

/// The first connection that stands.
pub async fn connect(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let late = || io::Error::from(io::ErrorKind::TimedOut);
    tokio::time::timeout(PATIENCE, race(addresses)).await.unwrap_or_else(|_| Err(late()))
}

async fn race(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut waiting = addresses.iter().copied();
    let mut attempts = JoinSet::new();
    let mut last = io::Error::from(io::ErrorKind::AddrNotAvailable);
    loop {
        if attempts.len() < TRIED_AT_ONCE
            && let Some(address) = waiting.next()
        {
            attempts.spawn(tokio::time::timeout(PATIENCE_EACH, TcpStream::connect(address)));
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

    #[tokio::test]
    async fn an_address_that_refuses_is_passed_over() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let good = listener.local_addr().unwrap();
        let closed = SocketAddr::from(([127, 0, 0, 1], 1));
        assert_eq!(connect(&[closed, good]).await.unwrap().peer_addr().unwrap(), good);
        assert_eq!(connect(&[closed]).await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        assert!(connect(&[]).await.is_err());
    }

    /// A listener whose queue is full answers nothing, as a firewall does.
    #[tokio::test]
    async fn addresses_that_answer_nothing_are_tried_a_few_at_a_time() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        rustix::net::listen(&listener, 0).unwrap();
        let silent = listener.local_addr().unwrap();
        let _filling: Vec<_> = (0..4)
            .map(|_| {
                let socket = tokio::net::TcpSocket::new_v4().unwrap();
                tokio::spawn(socket.connect(silent))
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(200)).await;
        let open = || waiting_for(silent.port());
        let before = open();
        let attempt = tokio::spawn(async move { connect(&[silent; 50]).await });
        let mut most = 0;
        for _ in 0..40 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            // Those that fill the queue may be given up meanwhile.
            most = most.max(open().saturating_sub(before));
        }
        assert!((1..=TRIED_AT_ONCE).contains(&most), "{most} more");
        attempt.abort();
    }

    /// How many connections to this port wait for an answer.
    fn waiting_for(port: u16) -> usize {
        let remote = format!(":{port:04X}");
        let table = std::fs::read_to_string("/proc/self/net/tcp").unwrap();
        let syn_sent = |line: &&str| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            fields.get(2).is_some_and(|address| address.ends_with(&remote)) && fields.get(3) == Some(&"02")
        };
        table.lines().filter(syn_sent).count()
    }
}
