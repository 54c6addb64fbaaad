//! Asks the name servers, over UDP, and over TCP where the answer is too long for that.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::egress::dns::LookupError;
use crate::egress::dns::config::ResolvConf;
use crate::egress::dns::message::{Answer, NO_ERROR, NO_SUCH_NAME, Record, answer, query};
use crate::egress::stream::{Stream, read_exact, write_all};

/// Answers over UDP without EDNS are no longer than 512 bytes; some servers do not know.
const DATAGRAM_MAX: usize = 4096;

pub async fn resolve(config: &ResolvConf, name: &str) -> Result<Vec<IpAddr>, LookupError> {
    let mut outcome = Err(LookupError::NoSuchName);
    for candidate in config.candidates(name) {
        outcome = both(config, &candidate).await;
        if !matches!(outcome, Err(LookupError::NoSuchName)) {
            return outcome;
        }
    }
    outcome
}

/// Both families at once. One that answers is enough.
async fn both(config: &ResolvConf, name: &str) -> Result<Vec<IpAddr>, LookupError> {
    let (v6, v4) = tokio::join!(ask_all(config, name, Record::Aaaa), ask_all(config, name, Record::A));
    match (v6, v4) {
        (Ok(mut v6), Ok(v4)) => {
            v6.extend(v4);
            if v6.is_empty() { Err(LookupError::NoSuchName) } else { Ok(v6) }
        }
        (Ok(found), Err(error)) | (Err(error), Ok(found)) => {
            if found.is_empty() {
                Err(error)
            } else {
                Ok(found)
            }
        }
        (Err(_), Err(error)) => Err(error),
    }
}

async fn ask_all(config: &ResolvConf, name: &str, record: Record) -> Result<Vec<IpAddr>, LookupError> {
    let mut last = LookupError::NoServer;
    for _ in 0..config.attempts {
        for server in &config.servers {
            match ask(*server, name, record, config.timeout).await {
                Ok(answer) if answer.code == NO_ERROR => return Ok(answer.addresses),
                Ok(answer) if answer.code == NO_SUCH_NAME => return Err(LookupError::NoSuchName),
                Ok(answer) => last = LookupError::Server { server: server.ip(), code: answer.code },
                Err(source) => last = LookupError::Silence { server: server.ip(), source },
            }
        }
    }
    Err(last)
}

async fn ask(server: SocketAddr, name: &str, record: Record, limit: Duration) -> io::Result<Answer> {
    let mut random = [0; 2];
    getrandom::fill(&mut random).map_err(io::Error::other)?;
    let id = u16::from_be_bytes(random);
    let message = query(id, name, record);
    let late = |_| io::Error::from(io::ErrorKind::TimedOut);
    let read = |bytes: &[u8]| answer(bytes, id, name, record);
    let short = timeout(limit, over_udp(server, &message, read)).await.map_err(late)??;
    if !short.truncated {
        return Ok(short);
    }
    timeout(limit, over_tcp(server, &message, read)).await.map_err(late)?
}

/// The socket is connected, so that nobody but the server can answer; what answers another question is passed over.
async fn over_udp(server: SocketAddr, message: &[u8], read: impl Fn(&[u8]) -> Option<Answer>) -> io::Result<Answer> {
    let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    socket.send(message).await?;
    let mut buffer = vec![0; DATAGRAM_MAX];
    loop {
        let length = socket.recv(&mut buffer).await?;
        if let Some(answer) = read(&buffer[..length]) {
            return Ok(answer);
        }
    }
}

async fn over_tcp(server: SocketAddr, message: &[u8], read: impl Fn(&[u8]) -> Option<Answer>) -> io::Result<Answer> {
    let stream = Stream::from(TcpStream::connect(server).await?);
    let length = u16::try_from(message.len()).map_err(io::Error::other)?;
    write_all(&stream, &[&length.to_be_bytes(), message].concat()).await?;
    let mut length = [0; 2];
    read_exact(&stream, &mut length).await?;
    let mut buffer = vec![0; u16::from_be_bytes(length).into()];
    read_exact(&stream, &mut buffer).await?;
    read(&buffer).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))
}

#[cfg(test)]
mod tests;
