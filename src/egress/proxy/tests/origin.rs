use crate::egress::origin::spec::Origin;
use crate::egress::proxy::tests::*;

const BASIC: &str = "Authorization: Basic bWU6dGhlLXRva2Vu\r\n";
const OLD: &str = "1111111111111111111111111111111111111111";
const NEW: &str = "2222222222222222222222222222222222222222";

/// A proxy with the endpoint of one repository.
struct Asked {
    _world: World,
    _listener: io::BufReader<std::os::unix::net::UnixStream>,
    inside: SocketAddr,
    /// How often the user's git was asked.
    asked: Arc<std::sync::atomic::AtomicUsize>,
}

impl Asked {
    fn new(server: SocketAddr) -> Self {
        let (inside, asked) = (free_port(), Arc::<std::sync::atomic::AtomicUsize>::default());
        let url = format!("http://127.0.0.1:{}/team/repo.git", server.port()).parse().unwrap();
        let origin = Origin { url, port: inside.port(), only: Some("refs/heads/agent".to_owned()) };
        let counted = Arc::clone(&asked);
        let ask = Arc::new(move || {
            counted.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
            Ok(("me".to_owned(), "the-token".to_owned()))
        });
        // Nothing but the endpoint is open.
        let world = World::with_origin(&["nothing.example"], OriginSpec { origin, ask });
        let socket = world.folder.path().join(SOCKET);
        let listener = relay::send_listener(&socket, inside, Greeting::Port(inside.port())).unwrap();
        Self { _world: world, _listener: listener, inside, asked }
    }

    fn answer(&self, request: &str) -> String {
        let mut client = client(self.inside);
        let host = format!("Host: 127.0.0.1:{}", self.inside.port());
        client.write_all(request.replace("HOST", &host).as_bytes()).unwrap();
        let mut text = String::new();
        drop(client.read_to_string(&mut text));
        text
    }

    fn count(&self) -> usize {
        self.asked.load(std::sync::atomic::Ordering::SeqCst)
    }
}

/// A server that answers all requests so, and passes on what it got.
fn answering(answer: &'static str) -> (SocketAddr, mpsc::Receiver<String>) {
    let (said, heard) = mpsc::channel();
    let address = server(move |mut stream| {
        let mut got = read_head(&mut stream);
        let mut body = [0; 4096];
        let wants = got.contains("Content-Length:") || got.contains("Transfer-Encoding:");
        let count = if wants { stream.read(&mut body).unwrap_or(0) } else { 0 };
        got.push_str(&String::from_utf8_lossy(&body[..count]));
        said.send(got).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
    });
    (address, heard)
}

const OK: &str = "HTTP/1.1 200 OK\r\nSet-Cookie: session=of-the-user\r\nContent-Length: 2\r\n\r\nok";
const REFS: &str = "/team/repo.git/info/refs?service=git-receive-pack";

#[test]
fn git_asks_the_one_repository_with_a_credential_that_it_does_not_have() {
    let (server, heard) = answering(OK);
    let asked = Asked::new(server);
    for _ in 0..2 {
        let answer = asked.answer(&format!(
            "GET {REFS} HTTP/1.1\r\nHOST\r\nGit-Protocol: version=2\r\nAuthorization: Basic eA==\r\nCookie: a=b\r\n\
             X-HTTP-Method-Override: DELETE\r\nX-Forwarded-For: 10.0.0.1\r\nConnection: close\r\n\r\n"
        ));
        assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\nok"), "{answer}");
        assert!(!answer.contains("Cookie") && !answer.contains("of-the-user"), "{answer}");
        let head = heard.recv_timeout(SOON).unwrap();
        assert!(head.starts_with(&format!("GET {REFS} HTTP/1.1\r\n")), "{head}");
        assert!(head.contains(BASIC) && head.matches("Authorization").count() == 1, "{head}");
        assert!(head.contains("Git-Protocol: version=2\r\n"), "{head}");
        assert!(!head.contains("Cookie") && !head.contains("Override") && !head.contains("Forwarded"), "{head}");
    }
    assert_eq!(asked.count(), 1, "the helper is asked once");
}

#[test]
fn no_other_repository_and_nothing_but_git_is_asked() {
    let (server, heard) = answering(OK);
    let asked = Asked::new(server);
    for request in [
        "GET /team/repo.git/../other.git/info/refs?service=git-upload-pack HTTP/1.1\r\nHOST\r\n\r\n",
        "GET /team/%2e%2e/other.git/info/refs?service=git-upload-pack HTTP/1.1\r\nHOST\r\n\r\n",
        "GET /team/other.git/info/refs?service=git-upload-pack HTTP/1.1\r\nHOST\r\n\r\n",
        "GET /team/repo.git/info/refs HTTP/1.1\r\nHOST\r\n\r\n",
        "GET /api/v4/user HTTP/1.1\r\nHOST\r\n\r\n",
        "POST /team/repo.git/info/lfs/objects/batch HTTP/1.1\r\nHOST\r\nContent-Length: 0\r\n\r\n",
        "DELETE /team/repo.git/git-receive-pack HTTP/1.1\r\nHOST\r\n\r\n",
        "GET http://evil.example/team/repo.git/info/refs?service=git-upload-pack HTTP/1.1\r\nHOST\r\n\r\n",
        "CONNECT 127.0.0.1:1 HTTP/1.1\r\nHOST\r\n\r\n",
        "GET /team/repo.git/info/refs?service=git-upload-pack HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "GET /team/repo.git/info/refs?service=git-upload-pack HTTP/1.1\r\n\r\n",
    ] {
        let answer = asked.answer(request);
        assert!(answer.starts_with("HTTP/1.1 403 "), "{request}: {answer}");
    }
    let lfs = asked.answer("POST /team/repo.git/info/lfs/objects/batch HTTP/1.1\r\nHOST\r\nContent-Length: 0\r\n\r\n");
    let (head, body) = lfs.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("Content-Type: application/vnd.git-lfs+json\r\n"), "{head}");
    assert!(body.starts_with("{\"message\":\"bn: files of Git LFS do not go through this endpoint: "), "{body}");
    assert!(heard.try_recv().is_err() && asked.count() == 0, "none of them went out, and no helper was asked");
}

#[test]
fn the_credential_goes_by_no_redirect() {
    let (elsewhere, heard_there) = answering(OK);
    let location = format!(
        "HTTP/1.1 301 Moved\r\nLocation: http://127.0.0.1:{}{REFS}\r\nContent-Length: 0\r\n\r\n",
        elsewhere.port()
    );
    let (server, heard) = answering(location.leak());
    let asked = Asked::new(server);
    let answer = asked.answer(&format!("GET {REFS} HTTP/1.1\r\nHOST\r\n\r\n"));
    assert!(answer.starts_with("HTTP/1.1 403 ") && !answer.contains("Location:"), "{answer}");
    assert!(answer.contains("git remote set-url origin http://127.0.0.1:"), "{answer}");
    assert!(heard.try_recv().is_ok() && heard_there.try_recv().is_err());
}

#[test]
fn a_credential_that_is_refused_is_asked_for_anew_and_no_question_reaches_the_agent() {
    let (server, _heard) =
        answering("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n");
    let asked = Asked::new(server);
    for count in 1..=2 {
        let answer = asked.answer(&format!("GET {REFS} HTTP/1.1\r\nHOST\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 403 ") && !answer.contains("WWW-Authenticate"), "{answer}");
        assert!(answer.contains("does not take the credential"), "{answer}");
        assert_eq!(asked.count(), count);
    }
}

#[test]
fn a_push_of_another_branch_does_not_reach_the_server_whole() {
    let line = |text: String| format!("{:04x}{text}", text.len() + 4);
    let own = line(format!("{OLD} {NEW} refs/heads/agent\0 report-status"));
    let main = line(format!("{OLD} {NEW} refs/heads/main"));
    let send = |asked: &Asked, lines: &[&String]| {
        let body = format!("{}0000PACK", lines.iter().map(|line| line.as_str()).collect::<String>());
        let chunks: String = body
            .as_bytes()
            .chunks(11)
            .map(|chunk| format!("{:x}\r\n{}\r\n", chunk.len(), String::from_utf8_lossy(chunk)))
            .collect();
        asked.answer(&format!(
            "POST /team/repo.git/git-receive-pack HTTP/1.1\r\nHOST\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n"
        ))
    };
    let (server, heard) = answering(OK);
    let asked = Asked::new(server);
    assert!(send(&asked, &[&own]).starts_with("HTTP/1.1 200 "));
    assert!(heard.recv_timeout(SOON).unwrap().contains("PACK"));
    for lines in [vec![&main], vec![&own, &main]] {
        let answer = send(&asked, &lines);
        assert!(
            answer.starts_with("HTTP/1.1 200 OK\r\nContent-Type: application/x-git-receive-pack-result"),
            "{answer}"
        );
        assert!(
            answer.contains("\u{3}bn: this run may push refs/heads/agent alone, and not refs/heads/main"),
            "{answer}"
        );
        let got = heard.recv_timeout(SOON).unwrap();
        assert!(!got.contains("refs/heads/main") && !got.contains("0000PACK"), "{got}");
    }
}
