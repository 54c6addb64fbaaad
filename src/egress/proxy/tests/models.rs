use crate::egress::model::endpoint::{Endpoint, PLACEHOLDER};
use crate::egress::model::key::Key;
use crate::egress::model::tally::Counts;
use crate::egress::proxy::tests::*;

const KEY: &str = "sk-the-key-itself";

/// A model that answers with the head it got, its lines joined by `~`, and says how many tokens that took.
fn model() -> SocketAddr {
    server(|mut stream| {
        let head = read_head(&mut stream);
        let length =
            head.lines().find_map(|line| line.strip_prefix("Content-Length: ")).unwrap_or("0").parse().unwrap();
        stream.read_exact(&mut vec![0; length]).unwrap();
        let body = format!("{}\n{{\"usage\":{{\"input_tokens\":5,\"output_tokens\":2}}}}", head.replace("\r\n", "~"));
        let length = body.len();
        stream.write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n{body}").as_bytes()).unwrap();
    })
}

/// A proxy with the endpoint of one model, and where programs inside find it.
struct Asked {
    world: World,
    _listener: io::BufReader<std::os::unix::net::UnixStream>,
    inside: SocketAddr,
    tally: TempDir,
}

impl Asked {
    fn new(name: &str, server: SocketAddr, path: &str) -> Self {
        Self::with_key_of("", name, server, path)
    }

    /// The key was in this variable, or in the usual one.
    fn with_key_of(variable: &str, name: &str, server: SocketAddr, path: &str) -> Self {
        let (tally, inside) = (tempfile::tempdir().unwrap(), free_port());
        let url = format!("http://127.0.0.1:{}{path}", server.port()).parse().unwrap();
        let endpoint = Endpoint { name: name.to_owned(), url, port: inside.port(), variable: variable.to_owned() };
        let models = ModelSpec { endpoints: vec![(endpoint, Key::new(KEY).unwrap())], tally: tally.path().to_owned() };
        // Nothing but the endpoint is open.
        let world = World::asking((&[], &["nothing.example"]), NextHops::default(), "", models);
        let socket = world.folder.path().join(SOCKET);
        let listener = relay::send_listener(&socket, inside, Greeting::Port(inside.port())).unwrap();
        Self { world, _listener: listener, inside, tally }
    }

    fn anthropic() -> Self {
        Self::new("anthropic", model(), "")
    }

    /// What a client is answered, whose request ends the connection; `HOST` stands for the endpoint's own.
    fn answer(&self, request: &str) -> String {
        let mut client = client(self.inside);
        let request = request.replace("HOST", &format!("Host: {}\r\nConnection: close", self.inside));
        client.write_all(request.as_bytes()).unwrap();
        let (bytes, _) = read_rest(&mut client);
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[test]
fn the_key_is_added_and_what_the_client_took_for_it_is_dropped() {
    for (name, variable, sent, arrives) in [
        ("anthropic", "", format!("x-api-key: {PLACEHOLDER}"), format!("x-api-key: {KEY}")),
        (
            "anthropic",
            "CLAUDE_CODE_OAUTH_TOKEN",
            format!("x-api-key: {PLACEHOLDER}"),
            format!("Authorization: Bearer {KEY}"),
        ),
        ("anthropic", "", format!("Authorization: Bearer {PLACEHOLDER}"), format!("x-api-key: {KEY}")),
        (
            "openai",
            "CODEX_API_KEY",
            format!("Authorization: Bearer {PLACEHOLDER}\r\nX-API-Key: mine"),
            format!("Authorization: Bearer {KEY}"),
        ),
        ("lab", "LAB_API_KEY", format!("Api-Key: {PLACEHOLDER}"), format!("api-key: {KEY}")),
        ("lab", "", "Connection: x-api-key, authorization, close".to_owned(), format!("Authorization: Bearer {KEY}")),
    ] {
        let asked = Asked::with_key_of(variable, name, model(), "/team");
        let answer = asked.answer(&format!(
            "POST /team/v1/x?y=z HTTP/1.1\r\nHOST\r\n{sent}\r\nX: y\r\nContent-Length: 2\r\n\r\n{{}}"
        ));
        assert!(answer.contains("POST /team/v1/x?y=z HTTP/1.1~Host: 127.0.0.1:"), "{answer}");
        assert!(answer.contains(&format!("~{arrives}~")) && answer.contains("~X: y~"), "{answer}");
        assert!(!answer.contains(PLACEHOLDER) && !answer.contains("mine"), "{answer}");
        assert_eq!(answer.matches(KEY).count(), 1, "{answer}");
        assert!(!asked.world.log().contains(KEY), "{}", asked.world.log());
    }
}

#[test]
fn an_answer_can_be_read_whatever_the_client_would_unpack() {
    let answer = Asked::anthropic().answer("GET /v1/models HTTP/1.1\r\nHOST\r\nAccept-Encoding: gzip, br\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && !answer.contains("gzip"), "{answer}");
}

#[test]
fn nothing_but_the_one_server_is_reached_by_an_endpoint() {
    let other = model();
    let asked = Asked::new("anthropic", model(), "/team");
    let port = other.port();
    for (request, status) in [
        (format!("GET http://127.0.0.1:{port}/team/ HTTP/1.1\r\nHOST\r\n\r\n"), 403),
        (format!("CONNECT 127.0.0.1:{port} HTTP/1.1\r\nHOST\r\n\r\n"), 501),
        ("TRACE /team/ HTTP/1.1\r\nHOST\r\n\r\n".to_owned(), 501),
        (format!("GET /team/ HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n"), 403),
        ("GET /team/ HTTP/1.1\r\nHost: evil.example\r\n\r\n".to_owned(), 403),
        ("GET /team/ HTTP/1.1\r\nHOST\r\nHost: evil.example\r\n\r\n".to_owned(), 403),
        ("GET /team/ HTTP/1.1\r\n\r\n".to_owned(), 403),
        ("GET /team/../admin HTTP/1.1\r\nHOST\r\n\r\n".to_owned(), 403),
        ("GET /other HTTP/1.1\r\nHOST\r\n\r\n".to_owned(), 403),
        ("GET @evil.example/ HTTP/1.1\r\nHOST\r\n\r\n".to_owned(), 403),
        (
            "POST /team/ HTTP/1.1\r\nHOST\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                .to_owned(),
            400,
        ),
        ("POST /team/ HTTP/1.1\r\nHOST\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd".to_owned(), 400),
        ("GET /team/ HTTP/1.1\r\nHOST\r\nX: a\rb\r\n\r\n".to_owned(), 400),
        ("GET /team/ HTTP/1.1\r\nHOST\r\n folded: y\r\n\r\n".to_owned(), 400),
        (format!("GET /team/ HTTP/1.1\r\nHOST\r\nX: {}\r\n\r\n", "a".repeat(40_000)), 431),
        (format!("GET /team/{} HTTP/1.1\r\nHOST\r\n\r\n", "a".repeat(40_000)), 431),
    ] {
        let answer = asked.answer(&request);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{request:.80?}: {answer:.200}");
    }
    assert_eq!(Counts::read(asked.tally.path()).unwrap(), Counts::default(), "none of them was passed on");
}

#[test]
fn a_second_request_cannot_hide_in_the_body_of_the_first() {
    let (said, heard) = mpsc::channel();
    let server = server(move |mut stream| {
        let head = read_head(&mut stream);
        let mut body = [0; 40];
        let count = stream.read(&mut body).unwrap();
        said.send((head, String::from_utf8_lossy(&body[..count]).into_owned())).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").unwrap();
    });
    let asked = Asked::new("anthropic", server, "");
    let hidden = "GET /v1/hidden HTTP/1.1\r\nHost: x\r\n\r\n";
    asked.answer(&format!("POST /v1/x HTTP/1.1\r\nHOST\r\nContent-Length: 4\r\n\r\nabcd{hidden}"));
    let (head, body) = heard.recv_timeout(SOON).unwrap();
    assert!(head.starts_with("POST /v1/x ") && head.contains(KEY), "{head}");
    assert_eq!(body, "abcd");
    assert!(heard.recv_timeout(Duration::from_millis(300)).is_err(), "the hidden one was passed on");
}

#[test]
fn events_pass_as_they_come_and_are_counted() {
    let (go_on, may) = mpsc::channel::<()>();
    let may = std::sync::Mutex::new(may);
    let server = server(move |mut stream| {
        read_head(&mut stream);
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        for event in [
            "data: {\"usage\":{\"input_to",
            "kens\":31,\"output_tokens\":1}}\n\n",
            "data: {\"usage\":{\"output_tokens\":64}}\n\n",
        ] {
            stream.write_all(format!("{:x}\r\n{event}\r\n", event.len()).as_bytes()).unwrap();
            may.lock().unwrap().recv_timeout(SOON).unwrap();
        }
        stream.write_all(b"0\r\n\r\n").unwrap();
    });
    let asked = Asked::new("openai", server, "");
    let mut client = client(asked.inside);
    ask(&mut client, &format!("POST /v1/responses HTTP/1.1\r\nHost: localhost:{}\r\n\r\n", asked.inside.port()));
    for part in ["input_to", "tokens\":1}", "tokens\":64}"] {
        let mut seen = String::new();
        while !seen.contains(part) {
            let mut bytes = [0; 512];
            let count = client.read(&mut bytes).unwrap();
            seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
        go_on.send(()).unwrap();
    }
    let deadline = std::time::Instant::now() + SOON;
    let counts = || Counts::read(asked.tally.path()).unwrap().to_string();
    while counts() != "openai: 1 request, 31 tokens in, 64 out" {
        assert!(std::time::Instant::now() < deadline, "{}", counts());
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_websocket_is_a_tunnel_to_the_model() {
    let server = server(|mut stream| {
        let head = read_head(&mut stream);
        assert!(head.contains("Upgrade: websocket") && head.contains(KEY) && !head.contains("deflate"), "{head}");
        stream
            .write_all(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
            .unwrap();
        let mut word = [0; 4];
        for _ in 0..2 {
            stream.read_exact(&mut word).unwrap();
            stream.write_all(br#"{"usage":{"input_tokens":3,"output_tokens":4}}"#).unwrap();
        }
    });
    let asked = Asked::new("openai", server, "");
    let mut client = client(asked.inside);
    let request = format!(
        "GET /v1/responses HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
        asked.inside
    );
    assert!(ask(&mut client, &request).starts_with("HTTP/1.1 101 "));
    for _ in 0..2 {
        client.write_all(b"ping").unwrap();
        client.read_exact(&mut [0; 46]).unwrap();
    }
    drop(client);
    let deadline = std::time::Instant::now() + SOON;
    let counts = || Counts::read(asked.tally.path()).unwrap().to_string();
    while counts() != "openai: 1 request, 6 tokens in, 8 out" {
        assert!(std::time::Instant::now() < deadline, "{}", counts());
        thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_model_that_cannot_be_reached_is_named_without_its_key() {
    let gone = free_port();
    let answer = Asked::new("anthropic", gone, "").answer("GET /v1/models HTTP/1.1\r\nHOST\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 502 ") && answer.contains(&format!("cannot reach {gone}")), "{answer}");
    assert!(!answer.contains(KEY));
}
