//! The dialler inside the container: connects to programs on the loopback in there, and hands the sockets to the host.

use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::egress::descriptor::send;
use crate::ports::words::{DIALLER, Dial, dialled};

/// How long to wait between two tries to reach a host that went away.
const RETRY_AFTER: Duration = Duration::from_millis(200);
/// How long a program may take to accept. It is on the same machine: only a full queue takes any time.
const PATIENCE: Duration = Duration::from_secs(5);
/// Connections that are being made at once.
const AT_ONCE: usize = 64;
const STACK: usize = 128 << 10;

/// Does what the host asks for, until it is killed.
pub fn run(socket: &Path) -> ! {
    let busy = Arc::new(AtomicUsize::new(0));
    loop {
        // The host may not be there yet, or may be gone.
        drop(serve(socket, &busy));
        std::thread::sleep(RETRY_AFTER);
    }
}

fn serve(socket: &Path, busy: &Arc<AtomicUsize>) -> io::Result<()> {
    let mut stream = UnixStream::connect(socket)?;
    stream.write_all(DIALLER.as_bytes())?;
    for line in LinesWithEnd(BufReader::new(stream)) {
        let Some(dial) = Dial::parse(&line?) else { continue };
        let (socket, own) = (socket.to_owned(), Arc::clone(busy));
        if own.fetch_add(1, Ordering::Relaxed) >= AT_ONCE {
            own.fetch_sub(1, Ordering::Relaxed);
            answer(&socket, dial.client, None)?;
            continue;
        }
        let connect = move || {
            // The host that does not hear the answer stops waiting for it.
            drop(answer(&socket, dial.client, connect(dial.port)));
            own.fetch_sub(1, Ordering::Relaxed);
        };
        if std::thread::Builder::new().stack_size(STACK).spawn(connect).is_err() {
            busy.fetch_sub(1, Ordering::Relaxed);
        }
    }
    Ok(())
}

/// Whatever listens there: many servers take one family alone.
fn connect(port: u16) -> Option<TcpStream> {
    let loopback = [SocketAddr::from((Ipv4Addr::LOCALHOST, port)), SocketAddr::from((Ipv6Addr::LOCALHOST, port))];
    loopback.iter().find_map(|address| TcpStream::connect_timeout(address, PATIENCE).ok())
}

fn answer(socket: &PathBuf, client: u64, connected: Option<TcpStream>) -> io::Result<()> {
    let mut stream = UnixStream::connect(socket)?;
    let line = dialled(client);
    match connected {
        Some(connected) => send(&stream, line.as_bytes(), &connected),
        None => stream.write_all(line.as_bytes()),
    }
}

struct LinesWithEnd(BufReader<UnixStream>);

impl Iterator for LinesWithEnd {
    type Item = io::Result<String>;

    fn next(&mut self) -> Option<Self::Item> {
        let mut line = String::new();
        match self.0.read_line(&mut line) {
            Ok(0) => None,
            Ok(_) => Some(Ok(line)),
            Err(error) => Some(Err(error)),
        }
    }
}
