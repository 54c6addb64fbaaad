//! The relay inside the container: listens on its loopback, and hands the listening sockets to the proxy on the host.

use std::io::{self, BufRead, BufReader};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::egress::descriptor::send;
use crate::egress::greeting::{Greeting, Word};
use crate::error::Explain;

/// How long to wait between two tries to reach a proxy that went away.
const RETRY_AFTER: Duration = Duration::from_millis(200);

/// Connections that wait to be accepted; the kernel caps it.
const BACKLOG: i32 = 4096;

#[derive(Debug, thiserror::Error)]
pub enum RelayError {
    #[error("cannot listen on {address}")]
    Listen { address: SocketAddr, source: io::Error },
    #[error("cannot reach the egress proxy at {path}")]
    Proxy { path: PathBuf, source: io::Error },
    #[error("the egress proxy did not take the socket for {address}")]
    Refused { address: SocketAddr },
}

impl Explain for RelayError {
    fn hints(&self) -> Vec<String> {
        match self {
            RelayError::Listen { source, .. } if source.kind() == io::ErrorKind::AddrInUse => {
                vec!["a relay runs already; there is nothing to do".to_owned()]
            }
            RelayError::Listen { .. } => Vec::new(),
            RelayError::Proxy { .. } | RelayError::Refused { .. } => {
                vec!["look at the run's egress log on the host".to_owned()]
            }
        }
    }
}

/// Listens, sends the listening socket to the proxy, and calls `ready` once. Then it goes on until it is killed: it opens the
/// ports that the proxy names, and sends its socket again to a proxy that was started anew.
pub fn run(socket: &Path, listen: SocketAddr, ready: impl FnOnce() -> io::Result<()>) -> Result<(), RelayError> {
    let mut words = send_listener(socket, listen, Greeting::Proxy)?;
    ready().map_err(|source| RelayError::Proxy { path: socket.to_owned(), source })?;
    loop {
        listen_for_more(socket, &mut words);
        words = loop {
            match send_listener(socket, listen, Greeting::Proxy) {
                Ok(words) => break words,
                Err(_) => std::thread::sleep(RETRY_AFTER),
            }
        };
    }
}

/// Opens the ports that the proxy names, until it is gone.
fn listen_for_more(socket: &Path, words: &mut BufReader<UnixStream>) {
    let mut line = String::new();
    while words.read_line(&mut line).is_ok_and(|count| count > 0) {
        if let Some(Word::Port(port)) = Word::parse(&line) {
            let loopback =
                [SocketAddr::from((Ipv4Addr::LOCALHOST, port)), SocketAddr::from((Ipv6Addr::LOCALHOST, port))];
            for address in loopback {
                // A port that something inside has taken, or that needs privileges, is reached through the proxy alone.
                drop(send_listener(socket, address, Greeting::Port(port)));
            }
        }
        line.clear();
    }
}

/// Listens and sends the socket; returns the connection on which the proxy goes on speaking.
///
/// The relay keeps no copy: when the proxy is gone, connections are refused at once and do not hang.
pub(super) fn send_listener(
    socket: &Path,
    address: SocketAddr,
    greeting: Greeting,
) -> Result<BufReader<UnixStream>, RelayError> {
    let failed = |source| RelayError::Listen { address, source };
    let listener = TcpListener::bind(address).map_err(failed)?;
    // The standard library's 128 are full at once when a package manager starts; whoever comes then waits for seconds.
    rustix::net::listen(&listener, BACKLOG).map_err(io::Error::from).map_err(failed)?;
    let lost = |source| RelayError::Proxy { path: socket.to_owned(), source };
    let stream = UnixStream::connect(socket).map_err(lost)?;
    send(&stream, greeting.line().as_bytes(), &listener).map_err(lost)?;
    let mut words = BufReader::new(stream);
    let mut line = String::new();
    words.read_line(&mut line).map_err(lost)?;
    match Word::parse(&line) {
        Some(Word::Ready) => Ok(words),
        _ => Err(RelayError::Refused { address }),
    }
}
