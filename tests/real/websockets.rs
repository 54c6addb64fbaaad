//! A page that a program inside serves, with a websocket, on a port of this machine.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use crate::ports::led_to;
use crate::running::MEET;
use crate::world::{World, wait_for};

const SERVER: &str = include_str!("websocket.pl");

const PING: u8 = 9;
const PONG: u8 = 10;
const TEXT: u8 = 1;
const CLOSE: u8 = 8;

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream
}

fn page(address: &str) -> String {
    let mut text = String::new();
    let Ok(mut stream) = TcpStream::connect(address) else { return text };
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    // Reset, where nothing listens inside yet.
    stream.write_all(format!("GET / HTTP/1.1\r\nHost: {address}\r\n\r\n").as_bytes()).ok();
    stream.read_to_string(&mut text).ok();
    text
}

/// The head of the answer, up to its empty line.
fn upgrade(stream: &mut TcpStream, address: &str) -> String {
    let head = format!(
        "GET /live HTTP/1.1\r\nHost: {address}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    String::from_utf8(answer).unwrap()
}

/// A frame as a browser sends it: the text behind a mask.
fn frame(kind: u8, text: &[u8]) -> Vec<u8> {
    let length = match text.len() {
        short @ 0..126 => vec![0x80 | u8::try_from(short).unwrap()],
        middle @ 126..0x1_0000 => [&[0x80 | 126][..], &u16::try_from(middle).unwrap().to_be_bytes()].concat(),
        long => [&[0x80 | 127][..], &u64::try_from(long).unwrap().to_be_bytes()].concat(),
    };
    let mask = [0x37, 0xfa, 0x21, 0x3d];
    let masked: Vec<u8> = text.iter().zip(mask.iter().cycle()).map(|(byte, mask)| byte ^ mask).collect();
    [&[0x80 | kind][..], &length, &mask, &masked].concat()
}

/// The kind and the text of the next frame, as a server sends it.
fn read_frame(stream: &mut TcpStream) -> (u8, Vec<u8>) {
    let mut take = |count: usize| {
        let mut bytes = vec![0; count];
        stream.read_exact(&mut bytes).unwrap();
        bytes
    };
    let head = take(2);
    let length = match head[1] {
        126 => u64::from(u16::from_be_bytes(take(2).try_into().unwrap())),
        127 => u64::from_be_bytes(take(8).try_into().unwrap()),
        short => u64::from(short),
    };
    (head[0] & 15, take(usize::try_from(length).unwrap()))
}

#[test]
fn a_page_and_its_websocket_are_reached_from_this_machine() {
    let world = World::new();
    let name = world.job();
    std::fs::write(world.path("agent-1/serve.pl"), SERVER).unwrap();
    let script = format!("perl serve.pl 3000 & {MEET}");
    let running = world.start(&["--name", &name, "--publish", ":3000"], &script);
    running.meet();
    let address = &led_to(&world, &name, 3000)[0];
    wait_for("the page", || page(address).contains("<title>live</title>"));

    let mut sockets: Vec<TcpStream> = (0..3).map(|_| connect(address)).collect();
    for socket in &mut sockets {
        let answer = upgrade(socket, address);
        // RFC 6455 has this key and this answer.
        assert!(answer.starts_with("HTTP/1.1 101 ") && answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{answer}");
    }
    for text in ["grüße".into(), "m".repeat(300), "l".repeat(200_000)] {
        for socket in &mut sockets {
            socket.write_all(&frame(TEXT, text.as_bytes())).unwrap();
        }
        for socket in &mut sockets {
            assert!(read_frame(socket) == (TEXT, text.clone().into_bytes()), "{} bytes", text.len());
        }
    }
    // Silent for longer than anything of bn's waits, and alive all the same.
    std::thread::sleep(Duration::from_secs(5));
    let first = &mut sockets[0];
    first.write_all(&frame(PING, b"still there?")).unwrap();
    assert_eq!(read_frame(first), (PONG, b"still there?".to_vec()));
    first.write_all(&frame(CLOSE, &1000_u16.to_be_bytes())).unwrap();
    assert_eq!(read_frame(first), (CLOSE, 1000_u16.to_be_bytes().to_vec()));
    assert_eq!(first.read(&mut [0]).unwrap(), 0, "closed by the server, as it has to be");
    running.go_on().exits(0);
    assert_eq!(sockets[1].read(&mut [0]).unwrap_or(0), 0, "those that are open end with the run");
}
