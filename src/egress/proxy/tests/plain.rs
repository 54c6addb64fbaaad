use crate::egress::proxy::tests::*;

/// Answers each connection's request with what came in, in the framing that the path names.
fn mirror() -> SocketAddr {
    server(|mut stream| {
        let head = read_head(&mut stream);
        let path = head.split(' ').nth(1).unwrap().to_owned();
        let length =
            head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).map_or(0, |text| text.parse().unwrap());
        if head.contains("Expect: 100-continue") {
            stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").unwrap();
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body).unwrap();
        let body = format!("{}|{}", head.replace("\r\n", "~"), String::from_utf8(body).unwrap());
        let answer = match path.as_str() {
            "/chunked" => {
                format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n", body.len())
            }
            "/close" => format!("HTTP/1.1 200 OK\r\n\r\n{body}"),
            "/nothing" => "HTTP/1.1 204 No Content\r\n\r\n".to_owned(),
            _ => format!("HTTP/1.1 200 OK\r\nKeep-Alive: timeout=5\r\nContent-Length: {}\r\n\r\n{body}", body.len()),
        };
        stream.write_all(answer.as_bytes()).unwrap();
    })
}

fn body(client: &mut TcpStream, head: &str) -> String {
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).expect(head).parse().unwrap();
    let mut body = vec![0; length];
    client.read_exact(&mut body).unwrap();
    String::from_utf8(body).unwrap()
}

#[test]
fn one_connection_serves_many_requests_to_many_servers() {
    let (one, two) = (mirror(), mirror());
    let world = World::open(&[one, two]);
    let mut client = world.client();
    for to in [one, two, one] {
        let request = format!("GET http://localhost:{}/x?q=1 HTTP/1.1\r\nHost: other.example\r\n\r\n", to.port());
        let head = ask(&mut client, &request);
        assert!(head.contains("Connection: keep-alive\r\n") && !head.contains("timeout=5"), "{head}");
        let expected = format!("GET /x?q=1 HTTP/1.1~Host: localhost:{}~Connection: close~~|", to.port());
        assert_eq!(body(&mut client, &head), expected);
    }
}

#[test]
fn requests_may_follow_each_other_without_waiting() {
    let to = mirror();
    let world = World::open(&[to]);
    let mut client = world.client();
    let one = format!("POST http://localhost:{}/ HTTP/1.1\r\nContent-Length: 3\r\n\r\none", to.port());
    client.write_all(one.repeat(3).as_bytes()).unwrap();
    for _ in 0..3 {
        let head = read_head(&mut client);
        assert!(body(&mut client, &head).ends_with("|one"));
    }
}

#[test]
fn every_framing_gets_through() {
    let to = mirror();
    let world = World::open(&[to]);
    let chunked =
        world.answer(&format!("GET http://localhost:{}/chunked HTTP/1.1\r\nConnection: close\r\n\r\n", to.port()));
    assert!(chunked.contains("Transfer-Encoding: chunked\r\n") && chunked.ends_with("\r\n0\r\n\r\n"), "{chunked}");
    let close = world.answer(&format!("GET http://localhost:{}/close HTTP/1.1\r\n\r\n", to.port()));
    assert!(close.contains("Connection: close\r\n") && close.ends_with("~|"), "{close}");
    let old = world.answer(&format!("GET http://localhost:{}/ HTTP/1.0\r\n\r\n", to.port()));
    assert!(old.contains("|") && old.contains("GET / HTTP/1.0~"), "{old}");
    let mut client = world.client();
    for _ in 0..2 {
        let head = ask(&mut client, &format!("GET http://localhost:{}/nothing HTTP/1.1\r\n\r\n", to.port()));
        assert!(head.starts_with("HTTP/1.1 204 "), "{head}");
    }
}

#[test]
fn a_client_may_wait_for_the_server_s_word_before_it_sends() {
    let to = mirror();
    let world = World::open(&[to]);
    let mut client = world.client();
    let request =
        format!("PUT http://localhost:{}/ HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n", to.port());
    assert!(ask(&mut client, &request).starts_with("HTTP/1.1 100 "));
    let head = ask(&mut client, "late");
    assert!(body(&mut client, &head).ends_with("|late"));
}

#[test]
fn a_server_may_answer_before_it_has_heard_everything() {
    let to = server(|mut stream| {
        read_head(&mut stream);
        stream.write_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno").unwrap();
        thread::sleep(Duration::from_millis(300));
    });
    let world = World::open(&[to]);
    let mut client = world.client();
    let request = format!("POST http://localhost:{}/ HTTP/1.1\r\nContent-Length: 1000000\r\n\r\nsome", to.port());
    let head = ask(&mut client, &request);
    assert!(head.starts_with("HTTP/1.1 413 "), "{head}");
    assert_eq!(body(&mut client, &head), "no");
}

#[test]
fn an_early_answer_survives_what_the_client_still_sends() {
    let to = server(|mut stream| {
        read_head(&mut stream);
        stream.write_all(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno").unwrap();
    });
    let world = World::open(&[to]);
    let mut client = world.client();
    client
        .write_all(
            format!("POST http://localhost:{}/ HTTP/1.1\r\nContent-Length: 500000\r\n\r\n", to.port()).as_bytes(),
        )
        .unwrap();
    for _ in 0..5 {
        thread::sleep(Duration::from_millis(50));
        client.write_all(&[b'x'; 100_000]).unwrap();
    }
    let answer = read_head(&mut client);
    assert!(answer.starts_with("HTTP/1.1 413 "), "{answer}");
}

#[test]
fn an_upgrade_turns_into_a_tunnel() {
    let to = server(|mut stream| {
        let head = read_head(&mut stream);
        assert!(head.contains("Upgrade: echo\r\n"), "{head}");
        stream
            .write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\n\r\nhi ")
            .unwrap();
        let mut word = [0; 5];
        stream.read_exact(&mut word).unwrap();
        stream.write_all(&word).unwrap();
    });
    let world = World::open(&[to]);
    let mut client = world.client();
    let request =
        format!("GET http://localhost:{}/ HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n", to.port());
    assert!(ask(&mut client, &request).contains("Upgrade: echo\r\n"));
    client.write_all(b"there").unwrap();
    assert_eq!(read_rest(&mut client).0, b"hi there");
}

#[test]
fn an_answer_arrives_piece_by_piece() {
    let to = server(|mut stream| {
        read_head(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap();
        let mut go = [0];
        stream.write_all(b"1\r\na\r\n").unwrap();
        stream.read_exact(&mut go).unwrap_err();
    });
    let world = World::open(&[to]);
    let mut client = world.client();
    ask(&mut client, &format!("GET http://localhost:{}/ HTTP/1.1\r\n\r\n", to.port()));
    let mut piece = [0; 6];
    client.read_exact(&mut piece).unwrap();
    assert_eq!(&piece, b"1\r\na\r\n");
}
