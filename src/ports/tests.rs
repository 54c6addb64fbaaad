//! The door and the dialler on one loopback, and a container that hands over whatever it can.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use crate::egress::descriptor::send;
use crate::ports::published::Published;
use crate::ports::state::{Ports, Wish, add};
use crate::ports::words::{DIALLER, Dial, dialled};
use crate::ports::{Door, DoorSpec, dialler};

fn door(folder: &Path, inside: u16) -> Door {
    let published = Published { address: None, host_port: 0, port: inside };
    let first = vec![Wish { word: "first".to_owned(), published }];
    let (wishes, state) = (folder.join("wishes"), folder.join("state"));
    Door::open(DoorSpec { folder: folder.to_owned(), first, wishes, state }).unwrap()
}

fn client(door: &Door) -> TcpStream {
    let client = TcpStream::connect(door.first[0].addresses[0]).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    client
}

/// Answers every client with its own words, until they end.
fn echo() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut heard = Vec::new();
            drop(stream.read_to_end(&mut heard));
            drop(stream.write_all(&heard));
        }
    });
    port
}

#[test]
fn what_a_client_says_comes_back_also_after_it_has_said_all() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("ports.sock");
    std::thread::spawn(move || dialler::run(&socket));
    let port = echo();
    let door = door(folder.path(), port);
    let state = || Ports::read(&folder.path().join("state")).unwrap();
    while !state().dialler {
        std::thread::sleep(Duration::from_millis(10));
    }
    let much = vec![7; 1 << 20];
    let mut one = client(&door);
    one.write_all(&much).unwrap();
    one.shutdown(std::net::Shutdown::Write).unwrap();
    let mut heard = Vec::new();
    one.read_to_end(&mut heard).unwrap();
    assert!(heard == much, "{} bytes", heard.len());

    let published = Published { address: None, host_port: 0, port };
    add(&folder.path().join("wishes"), &Wish { word: "more".to_owned(), published }).unwrap();
    while state().ports.len() < 2 {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(state().open().count(), 2);
    let address = door.first[0].addresses[0];
    drop(door);
    assert!(TcpStream::connect(address).is_err() && !folder.path().join("state").exists());
}

/// What the host gets in the place of a connection; whoever asked is turned away, and nothing else is touched.
#[test]
fn only_a_tcp_connection_is_taken_from_inside() {
    let folder = tempfile::tempdir().unwrap();
    let door = door(folder.path(), 3000);
    let socket = folder.path().join("ports.sock");
    let reach = || UnixStream::connect(&socket).unwrap();
    let mut dialler = reach();
    dialler.write_all(DIALLER.as_bytes()).unwrap();
    // A later one is hung up on.
    let mut second = reach();
    std::thread::sleep(Duration::from_millis(200));
    second.write_all(DIALLER.as_bytes()).unwrap();
    assert_eq!(second.read(&mut [0]).unwrap(), 0);

    let file = std::fs::File::open("/dev/zero").unwrap();
    let (pipe, _writer) = std::io::pipe().unwrap();
    let (local, _peer) = UnixStream::pair().unwrap();
    let listening = TcpListener::bind("127.0.0.1:0").unwrap();
    let datagrams = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    datagrams.connect(datagrams.local_addr().unwrap()).unwrap();
    let hostile = [file.as_fd(), pipe.as_fd(), local.as_fd(), listening.as_fd(), datagrams.as_fd()];
    for descriptor in hostile {
        let mut turned_away = client(&door);
        let asked = asked(&mut dialler);
        assert_eq!(asked.port, 3000);
        send(&reach(), dialled(asked.client).as_bytes(), descriptor).unwrap();
        match turned_away.read(&mut [0]) {
            Ok(0) => {}
            Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => {}
            other => panic!("{descriptor:?}: {other:?}"),
        }
    }
    // An answer that nobody waits for is dropped, and the next client is served.
    send(&reach(), dialled(u64::MAX).as_bytes(), &local).unwrap();
    let mut served = client(&door);
    let asked = asked(&mut dialler);
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let inside = TcpStream::connect(server.local_addr().unwrap()).unwrap();
    send(&reach(), dialled(asked.client).as_bytes(), &inside).unwrap();
    server.accept().unwrap().0.write_all(b"x").unwrap();
    let mut heard = [0];
    served.read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"x");
}

fn asked(dialler: &mut UnixStream) -> Dial {
    let (mut line, mut byte) = (String::new(), [0]);
    while !line.ends_with('\n') {
        dialler.read_exact(&mut byte).unwrap();
        line.push(char::from(byte[0]));
    }
    Dial::parse(&line).unwrap()
}
