//! Whatever is sent costs bounded memory and ends nothing but its own connection.

use std::sync::atomic::{AtomicU64, Ordering};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::egress::proxy::tests::*;

const MIB: u64 = 1024 * 1024;

/// This process's memory in bytes: the proxy, and a little for the clients.
fn memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

/// The proxy goes on for everybody else.
fn assert_alive(world: &World) {
    let answer = world.answer("CONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 403 "), "{answer}");
}

fn status(world: &World, request: &[u8]) -> String {
    let mut client = world.client();
    drop(client.write_all(request));
    drop(client.shutdown(std::net::Shutdown::Write));
    String::from_utf8_lossy(&read_rest(&mut client).0).chars().take("HTTP/1.1 400".len()).collect()
}

#[test]
fn bad_requests_are_answered() {
    let world = World::new(&[], &[]);
    for (request, expected) in [
        (b"\0\0\0\0".as_slice(), "HTTP/1.1 400"),
        (b"\x16\x03\x01\x02\x00\x01\x00", "HTTP/1.1 400"),
        (b"GET http://a\0b/ HTTP/1.1\r\n\r\n", "HTTP/1.1 400"),
        (b"GET http://a.example/ HTTP/1.1\r\nX: a\0b\r\n\r\n", "HTTP/1.1 400"),
        (b"GET http://a.example/ HTTP/1.1\r\nX", "HTTP/1.1 400"),
        (b"GET\r\n\r\n", "HTTP/1.1 400"),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "HTTP/1.1 400"),
        (b"CONNECT :443 HTTP/1.1\r\n\r\n", "HTTP/1.1 400"),
        (b"\r\n\r\nCONNECT 127.0.0.1:1 HTTP/1.1\r\n\r\n", "HTTP/1.1 403"),
        (b"", ""),
    ] {
        assert_eq!(status(&world, request), expected, "{}", String::from_utf8_lossy(request));
    }
    assert_eq!(
        status(&world, &[b"GET http://a.example/".as_slice(), &[b'a'; 100_000], b" HTTP/1.1\r\n\r\n"].concat()),
        "HTTP/1.1 431"
    );
    let fields = "X: y\r\n".repeat(1000);
    assert_eq!(status(&world, format!("GET http://a.example/ HTTP/1.1\r\n{fields}\r\n").as_bytes()), "HTTP/1.1 431");
    assert_alive(&world);
}

#[test]
fn noise_never_gets_anywhere() {
    let world = World::with(&[], &["nothing.example"], NextHops::default(), "");
    let mut runner = TestRunner::new(Config::with_cases(200));
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..2000),
        "(GET|CONNECT|POST) [ -~]{0,60} HTTP/1\\.[01]\r\n([ -~]{0,30}: [ -~]{0,30}\r\n){0,4}\r\n[ -~]{0,50}"
            .prop_map(String::into_bytes),
    ];
    let outcome = runner.run(&bytes, |bytes| {
        let status = status(&world, &bytes);
        prop_assert!(
            status.is_empty() || status.starts_with("HTTP/1.1 4") || status.starts_with("HTTP/1.1 50"),
            "{}",
            status
        );
        Ok(())
    });
    outcome.unwrap();
    assert_alive(&world);
}

#[test]
fn thousands_of_slow_clients_cost_little() {
    const CLIENTS: usize = 2000;
    let world = World::new(&[], &[]);
    assert_alive(&world);
    let before = memory();
    let mut clients: Vec<TcpStream> = (0..CLIENTS).map(|_| world.client()).collect();
    let line = [b"X: ".as_slice(), &[b'a'; 8000], b"\r\n"].concat();
    for client in &mut clients {
        client.write_all(b"GET http://a.example/ HTTP/1.1\r\n").unwrap();
        client.write_all(&line).unwrap();
    }
    assert_alive(&world);
    let used = memory().saturating_sub(before);
    assert!(used < 64 * MIB, "{} MiB for {CLIENTS} half heads of 8 kB", used / MIB);
    drop(clients);
    assert_alive(&world);
}

#[test]
fn hundreds_of_readers_that_rest_cost_little() {
    const CLIENTS: usize = 300;
    let taken = Arc::new(AtomicU64::new(0));
    let count = Arc::clone(&taken);
    let to = server(move |mut stream| {
        rustix::net::sockopt::set_socket_send_buffer_size(&stream, 16 * 1024).unwrap();
        stream.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
        let block = vec![b'x'; 16 * 1024];
        // As much as anybody takes: it lies in the proxy, or in the kernel on its behalf.
        while let Ok(written) = stream.write(&block) {
            count.fetch_add(written as u64, Ordering::Relaxed);
        }
    });
    let world = World::open(&[to]);
    let before = memory();
    let clients: Vec<TcpStream> = (0..CLIENTS).map(|_| world.tunnel(to)).collect();
    thread::sleep(Duration::from_secs(2));
    let used = memory().saturating_sub(before);
    // The test's own threads are in it too.
    assert!(used < 100 * MIB, "{} MiB", used / MIB);
    let kept = taken.load(Ordering::Relaxed);
    assert!(kept < 300 * MIB, "{} MiB for {CLIENTS} clients", kept / MIB);
    drop(clients);
    assert_alive(&world);
}

#[test]
fn too_many_connections_are_told_so_and_nobody_else_is_hurt() {
    let world = World::new(&[], &[]);
    let most = connections_max();
    let mut clients: Vec<TcpStream> = (0..most).map(|_| world.client()).collect();
    // Each is known to the proxy once it has an answer for the first byte; the last one stands for all.
    clients.last_mut().unwrap().write_all(b"G").unwrap();
    thread::sleep(Duration::from_millis(500));
    let mut one_more = world.client();
    assert!(read_head(&mut one_more).starts_with("HTTP/1.1 503 "));
    drop(clients);
    thread::sleep(Duration::from_millis(500));
    assert_alive(&world);
}
