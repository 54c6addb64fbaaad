use std::io::IoSlice;
use std::mem::MaybeUninit;
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;

use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags};

use crate::egress::live_rules::add;
use crate::egress::proxy::tests::*;

fn offer(world: &World, descriptor: impl AsFd) -> String {
    let mut stream = UnixStream::connect(world.folder.path().join(SOCKET)).unwrap();
    stream.set_read_timeout(Some(SOON)).unwrap();
    let descriptors = [descriptor.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    assert!(ancillary.push(SendAncillaryMessage::ScmRights(&descriptors)));
    let line = Greeting::Proxy.line();
    rustix::net::sendmsg(&stream, &[IoSlice::new(line.as_bytes())], &mut ancillary, SendFlags::empty()).unwrap();
    let mut answer = [0; 6];
    drop(stream.read_exact(&mut answer));
    String::from_utf8(answer.to_vec()).unwrap()
}

#[test]
fn only_listening_tcp_sockets_are_taken() {
    let world = World::new(&[], &[]);
    assert_eq!(offer(&world, TcpListener::bind("127.0.0.1:0").unwrap()), "ready\n");
    assert_eq!(offer(&world, TcpListener::bind("[::1]:0").unwrap()), "ready\n");
    let nothing = "\0".repeat(6);
    let unix = std::os::unix::net::UnixListener::bind(world.folder.path().join("other")).unwrap();
    assert_eq!(offer(&world, unix), nothing);
    assert_eq!(offer(&world, std::net::UdpSocket::bind("127.0.0.1:0").unwrap()), nothing);
    assert_eq!(offer(&world, world.client()), nothing);
    assert_eq!(offer(&world, fs::File::open("/dev/zero").unwrap()), nothing);
    assert!(world.log().contains("not a listening TCP socket"));
}

#[test]
fn a_socket_that_is_shut_by_its_maker_is_let_go() {
    let world = World::new(&[], &[]);
    let listeners: Vec<TcpListener> = (0..crate::egress::proxy::listener::LISTENERS_MAX - 1)
        .map(|_| TcpListener::bind("127.0.0.1:0").unwrap())
        .collect();
    for listener in &listeners {
        assert_eq!(offer(&world, listener), "ready\n");
    }
    let one_more = TcpListener::bind("127.0.0.1:0").unwrap();
    assert_eq!(offer(&world, &one_more), "\0".repeat(6));
    rustix::net::shutdown(&listeners[0], rustix::net::Shutdown::Both).unwrap();
    thread::sleep(Duration::from_millis(300));
    assert_eq!(offer(&world, &one_more), "ready\n");
}

#[test]
fn a_client_may_use_the_socket_itself() {
    let world = World::new(&[], &[]);
    let mut client = UnixStream::connect(world.folder.path().join(SOCKET)).unwrap();
    client.write_all(b"CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n").unwrap();
    assert!(read_head(&mut client).starts_with("HTTP/1.1 403 "));
}

/// A listener on the IPv6 loopback, with its port. The kernel gives such a port's IPv4 twin to any other test that asks for
/// a free one, so this takes one from below the ports that it gives away (`ip_local_port_range`).
fn server_that_no_test_beside_this_shadows() -> (TcpListener, u16) {
    let start = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    (start..32_000)
        .filter(|port| TcpListener::bind(("127.0.0.1", *port)).is_ok())
        .find_map(|port| Some((TcpListener::bind(("::1", port)).ok()?, port)))
        .unwrap()
}

/// The first connection that stands is the one that is used: a server may not outlive one that only tried the door.
fn client_once_it_listens(address: SocketAddr) -> TcpStream {
    let started = std::time::Instant::now();
    while started.elapsed() < SOON {
        if let Ok(stream) = TcpStream::connect(address) {
            stream.set_read_timeout(Some(SOON)).unwrap();
            return stream;
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("nothing listens at {address}");
}

/// Both ends are in one network namespace here, so the server has the IPv6 loopback and the relay the IPv4 one.
#[test]
fn a_loopback_port_that_is_opened_comes_up_inside() {
    let (listener, port) = server_that_no_test_beside_this_shadows();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            stream.write_all(b"no HTTP at all").unwrap();
        }
    });
    let world = World::new(&[], &[]);
    start_relay(&world.folder.path().join(SOCKET), free_port());
    let inside = SocketAddr::from(([127, 0, 0, 1], port));
    assert!(TcpStream::connect(inside).is_err());
    add(&world.folder.path().join("rules"), &Policy::default(), &[format!("localhost:{port}")]).unwrap();
    assert_eq!(read_rest(&mut client_once_it_listens(inside)).0, b"no HTTP at all");
}

#[test]
fn the_relay_comes_back_after_the_proxy() {
    let World { proxy, folder, .. } = World::new(&[], &[]);
    let inside = free_port();
    start_relay(&folder.path().join(SOCKET), inside);
    drop(proxy);
    let spec = ProxySpec {
        folder: folder.path().to_owned(),
        policy: Policy::default(),
        live_rules: folder.path().join("rules"),
        models: ModelSpec::default(),
        origin: None,
        next_hops: NextHops::default(),
        run: "agent-1".into(),
        clock: crate::env::now,
    };
    let _again = Proxy::start(spec).unwrap();
    let mut stream = client_once_it_listens(inside);
    assert!(ask(&mut stream, "CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 403 "));
}
