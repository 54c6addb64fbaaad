use crate::egress::proxy::tests::*;

/// Another proxy: keeps the heads it is sent, and answers.
fn other_proxy(answer: &'static str) -> (SocketAddr, mpsc::Receiver<String>) {
    let (heads, seen) = mpsc::channel();
    let address = server(move |mut stream| {
        heads.send(read_head(&mut stream)).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
    });
    (address, seen)
}

fn world(proxy: SocketAddr, by_name: bool) -> World {
    let url = Some(format!("http://user:pass@{proxy}"));
    let hops = NextHops::new(&ProxyVariables { https: url.clone(), http: url, no: None }, by_name).unwrap();
    World::with(&["10.0.0.7"], &[], hops, "93.184.216.34 example.com\n10.0.0.9 db.corp\n")
}

#[test]
fn the_next_proxy_is_given_the_checked_address() {
    let (proxy, seen) = other_proxy("HTTP/1.1 200 OK\r\n\r\nhello from far");
    let world = world(proxy, false);
    let answer = world.answer("CONNECT example.com:443 HTTP/1.1\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("hello from far"), "{answer}");
    assert_eq!(
        seen.recv_timeout(SOON).unwrap(),
        "CONNECT 93.184.216.34:443 HTTP/1.1\r\nHost: 93.184.216.34:443\r\nProxy-Authorization: Basic dXNlcjpwYXNz\r\n\r\n"
    );
    assert!(world.answer("CONNECT db.corp:443 HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 403 "));
    assert!(seen.try_recv().is_err(), "what is refused never reaches it");
    assert!(!world.log().contains("dXNlcjpwYXNz"));
}

#[test]
fn by_name_only_when_asked() {
    let (proxy, seen) = other_proxy("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
    let world = world(proxy, true);
    assert!(world.answer("CONNECT unknown.example:443 HTTP/1.1\r\n\r\n").starts_with("HTTP/1.1 200 "));
    assert!(seen.recv_timeout(SOON).unwrap().starts_with("CONNECT unknown.example:443 HTTP/1.1\r\n"));
    let answer = world.answer("GET http://unknown.example/x HTTP/1.1\r\nConnection: close\r\n\r\n");
    assert!(answer.ends_with("ok"), "{answer}");
    let head = seen.recv_timeout(SOON).unwrap();
    assert!(
        head.starts_with(
            "GET http://unknown.example:80/x HTTP/1.1\r\nHost: unknown.example\r\nProxy-Authorization: Basic "
        ),
        "{head}"
    );
    for closed in ["169.254.169.254:80", "10.0.0.8:80", "metadata.google.internal:80", "localhost:80", "127.0.0.1:80"] {
        let answer = world.answer(&format!("CONNECT {closed} HTTP/1.1\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 403 "), "{closed}: {answer}");
    }
}

#[test]
fn a_next_proxy_that_says_no_is_named() {
    let (proxy, _seen) = other_proxy("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    let answer = world(proxy, false).answer("CONNECT example.com:443 HTTP/1.1\r\n\r\n");
    assert!(answer.contains(&format!("next proxy {proxy}: it answered 407")), "{answer}");
}
