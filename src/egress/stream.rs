//! A byte stream that can end in two ways: finished, or broken off.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::net::{Shutdown, sockopt};
use tokio::io::Interest;
use tokio::net::{TcpStream, UnixStream};

/// After this long without a byte the other machine is asked whether it is still there.
const KEEPALIVE: Duration = Duration::from_secs(60);
const KEEPALIVE_PROBES: u32 = 4;

/// TCP, or a local socket.
#[derive(Debug)]
pub enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl From<TcpStream> for Stream {
    /// Whole buffers are written here, so nothing is gained by waiting for more; and a peer that vanished is noticed.
    fn from(stream: TcpStream) -> Self {
        let fd = stream.as_fd();
        // A socket that takes none of these still works.
        let _ = sockopt::set_tcp_nodelay(fd, true);
        let _ = sockopt::set_socket_keepalive(fd, true);
        let _ = sockopt::set_tcp_keepidle(fd, KEEPALIVE);
        let _ = sockopt::set_tcp_keepintvl(fd, KEEPALIVE);
        let _ = sockopt::set_tcp_keepcnt(fd, KEEPALIVE_PROBES);
        Stream::Tcp(stream)
    }
}

impl From<UnixStream> for Stream {
    fn from(stream: UnixStream) -> Self {
        Stream::Unix(stream)
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Stream::Tcp(stream) => stream.as_fd(),
            Stream::Unix(stream) => stream.as_fd(),
        }
    }
}

impl Stream {
    pub async fn readable(&self) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.readable().await,
            Stream::Unix(stream) => stream.readable().await,
        }
    }

    async fn writable(&self) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.writable().await,
            Stream::Unix(stream) => stream.writable().await,
        }
    }

    /// What is there now: `None` where that is nothing yet, 0 at the end.
    pub fn try_read(&self, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        pending(match self {
            Stream::Tcp(stream) => stream.try_read(buffer),
            Stream::Unix(stream) => stream.try_read(buffer),
        })
    }

    /// As much as there is room for now.
    pub fn try_write(&self, bytes: &[u8]) -> io::Result<usize> {
        let written = pending(match self {
            Stream::Tcp(stream) => stream.try_write(bytes),
            Stream::Unix(stream) => stream.try_write(bytes),
        });
        written.map(Option::unwrap_or_default)
    }

    /// Returns once the connection is known to be broken; never while it is not.
    pub async fn broken(&self) {
        let error = match self {
            Stream::Tcp(stream) => stream.ready(Interest::ERROR).await,
            Stream::Unix(stream) => stream.ready(Interest::ERROR).await,
        };
        drop(error);
    }

    /// Returns once the peer has ended, or said something that nobody expects.
    pub async fn ended(&self) {
        let mut byte = [0];
        while let (Ok(()), Ok(None)) = (self.readable().await, self.try_read(&mut byte)) {}
    }

    /// Says that nothing more will come. The other direction stays open.
    pub fn finish(&self) {
        // A peer that is gone already needs no goodbye; whoever reads from it learns how it went.
        let _ = rustix::net::shutdown(self, Shutdown::Write);
    }

    /// Limits what the kernel keeps for it, each way, in bytes.
    pub fn limit_buffers(&self, bytes: usize) {
        // The kernel doubles the number. One that grants less does what is meant.
        let _ = sockopt::set_socket_recv_buffer_size(self, bytes / 2);
        let _ = sockopt::set_socket_send_buffer_size(self, bytes / 2);
    }

    /// Breaks it off, so that the peer sees an error and not an end. A local socket knows no such thing: it is closed.
    pub fn abort(self) {
        if let Stream::Tcp(stream) = &self {
            let _ = sockopt::set_socket_linger(stream, Some(Duration::ZERO));
        }
    }
}

fn pending(outcome: io::Result<usize>) -> io::Result<Option<usize>> {
    match outcome {
        Ok(count) => Ok(Some(count)),
        Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Writes everything, however slow the reader is.
pub async fn write_all(stream: &Stream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        let written = stream.try_write(bytes)?;
        bytes = &bytes[written..];
        if !bytes.is_empty() {
            stream.writable().await?;
        }
    }
    Ok(())
}

/// Fills the buffer, or fails.
pub async fn read_exact(stream: &Stream, mut buffer: &mut [u8]) -> io::Result<()> {
    while !buffer.is_empty() {
        stream.readable().await?;
        match stream.try_read(buffer)? {
            Some(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Some(count) => buffer = &mut buffer[count..],
            None => {}
        }
    }
    Ok(())
}
