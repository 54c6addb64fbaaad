//! Real sockets on the loopback: a proxy, the relay's socket, and servers that a test makes.

mod abuse;
mod bench;
mod breaks;
mod listener;
mod models;
mod next_hop;
mod origin;
mod plain;
mod refusal;
mod tunnel;

use std::fs;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

use crate::egress::greeting::Greeting;
use crate::egress::proxy::*;
use crate::egress::relay;
use crate::egress::summary::Summary;
use crate::env::ProxyVariables;

/// Longer than anything on a loopback takes, shorter than a test's patience.
const SOON: Duration = Duration::from_secs(20);

/// A proxy with the relay's socket in front of it.
struct World {
    proxy: Proxy,
    /// Not the whole relay: in the one network namespace of a test it would listen on its own server's port.
    _relay: io::BufReader<std::os::unix::net::UnixStream>,
    folder: TempDir,
    inside: SocketAddr,
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

impl World {
    fn new(allow: &[&str], only: &[&str]) -> Self {
        Self::with(allow, only, NextHops::default(), "")
    }

    fn open(ports: &[SocketAddr]) -> Self {
        let rules: Vec<String> = ports.iter().map(|address| format!("localhost:{}", address.port())).collect();
        Self::new(&rules.iter().map(String::as_str).collect::<Vec<_>>(), &[])
    }

    fn with(allow: &[&str], only: &[&str], next_hops: NextHops, hosts: &str) -> Self {
        Self::asking((allow, only), next_hops, hosts, ModelSpec::default())
    }

    fn asking(rules: (&[&str], &[&str]), next_hops: NextHops, hosts: &str, models: ModelSpec) -> Self {
        Self::made(rules, hosts, |spec| ProxySpec { next_hops, models, ..spec })
    }

    fn with_origin(only: &[&str], origin: OriginSpec) -> Self {
        Self::made((&[], only), "", |spec| ProxySpec { origin: Some(origin), ..spec })
    }

    fn made((allow, only): (&[&str], &[&str]), hosts: &str, with: impl FnOnce(ProxySpec) -> ProxySpec) -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("hosts"), hosts).unwrap();
        fs::write(folder.path().join("resolv.conf"), "nameserver 127.0.0.1\noptions timeout:1 attempts:1\n").unwrap();
        let resolver = Resolver::new(&folder.path().join("hosts"), &folder.path().join("resolv.conf"));
        let spec = ProxySpec {
            folder: folder.path().to_owned(),
            policy: Policy::parse(&owned(allow), &owned(only)).unwrap(),
            live_rules: folder.path().join("rules"),
            next_hops: NextHops::default(),
            models: ModelSpec::default(),
            origin: None,
            run: "agent-1".into(),
            clock: crate::env::now,
        };
        let proxy = Proxy::start_with(with(spec), resolver).unwrap();
        let inside = free_port();
        let relay = relay::send_listener(&folder.path().join(SOCKET), inside, Greeting::Proxy).unwrap();
        Self { proxy, _relay: relay, folder, inside }
    }

    /// A client inside.
    fn client(&self) -> TcpStream {
        client(self.inside)
    }

    /// A client that has its tunnel.
    fn tunnel(&self, to: SocketAddr) -> TcpStream {
        let mut client = self.client();
        let answer = ask(&mut client, &format!("CONNECT localhost:{} HTTP/1.1\r\n\r\n", to.port()));
        assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
        client
    }

    /// What a client gets whose connection ends after the answer.
    fn answer(&self, request: &str) -> String {
        let mut client = self.client();
        client.write_all(request.as_bytes()).unwrap();
        let mut text = String::new();
        client.read_to_string(&mut text).unwrap();
        text
    }

    fn summary(&self) -> Summary {
        Summary::read(self.folder.path()).unwrap()
    }

    fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("egress.log")).unwrap()
    }
}

fn client(address: SocketAddr) -> TcpStream {
    let client = TcpStream::connect(address).unwrap();
    client.set_read_timeout(Some(SOON)).unwrap();
    client.set_write_timeout(Some(SOON)).unwrap();
    client
}

fn free_port() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

/// Returns once programs inside may connect.
fn start_relay(socket: &Path, inside: SocketAddr) {
    let (ready, is_ready) = mpsc::channel();
    let socket = socket.to_owned();
    thread::spawn(move || {
        relay::run(&socket, inside, || {
            ready.send(()).unwrap();
            Ok(())
        })
    });
    is_ready.recv_timeout(SOON).unwrap();
}

/// A server that does one thing with each of its connections.
fn server(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            stream.set_read_timeout(Some(SOON)).unwrap();
            let serve = Arc::clone(&serve);
            thread::spawn(move || serve(stream));
        }
    });
    address
}

/// Reads up to and including the empty line.
fn read_head(stream: &mut impl Read) -> String {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            other => panic!("{other:?} after {:?}", String::from_utf8_lossy(&head)),
        }
    }
    String::from_utf8(head).unwrap()
}

fn ask(client: &mut TcpStream, request: &str) -> String {
    client.write_all(request.as_bytes()).unwrap();
    read_head(client)
}

/// Breaks a connection off as a crashing machine or a full table does.
fn reset(stream: TcpStream) {
    rustix::net::sockopt::set_socket_linger(&stream, Some(Duration::ZERO)).unwrap();
}

/// Reads to the end: what came, and how it ended.
fn read_rest(stream: &mut TcpStream) -> (Vec<u8>, io::Result<()>) {
    let mut bytes = Vec::new();
    let end = stream.read_to_end(&mut bytes).map(drop);
    (bytes, end)
}
