use proptest::prelude::*;

use crate::egress::http::head::*;

fn request(text: &str) -> Result<Request, u16> {
    Request::parse(text.as_bytes()).map_err(|reply| reply.status)
}

#[test]
fn requests_name_whom_they_are_for() {
    let target = |text: &str| request(&format!("{text} HTTP/1.1\r\n\r\n")).map(|request| request.target);
    let authority = |text: &str| Authority::parse(text, None).unwrap();
    assert_eq!(target("CONNECT a.example:443"), Ok(Target::Tunnel(authority("a.example:443"))));
    assert_eq!(target("GET http://A.example/x?y"), Ok(Target::Plain(authority("a.example:80"), "/x?y".into())));
    assert_eq!(target("GET HTTP://a.example:81?y"), Ok(Target::Plain(authority("a.example:81"), "/?y".into())));
    assert_eq!(target("GET http://[::1]:81"), Ok(Target::Plain(authority("[::1]:81"), "/".into())));
    for (bad, status) in [
        ("CONNECT a.example", 400),
        ("CONNECT a.example:443/x", 400),
        ("CONNECT http://a.example:443", 400),
        ("GET /x", 400),
        ("GET https://a.example/", 400),
        ("GET ftp://a.example/", 501),
        ("GET http://u@a.example/", 400),
        ("GET http://a%2eexample/", 400),
        ("GET http://", 400),
        ("OPTIONS *", 400),
    ] {
        assert_eq!(target(bad), Err(status), "{bad}");
    }
}

#[test]
fn what_frames_a_message_goes_on_whatever_the_message_says() {
    let named = "Connection: content-length, Transfer-Encoding, X\r\nX: y\r\n";
    for framing in ["Content-Length: 5", "Transfer-Encoding: chunked"] {
        let text = format!("POST http://a.example/ HTTP/1.1\r\n{named}{framing}\r\n\r\n");
        let request = request(&text).unwrap();
        for head in [request.for_server(), request.for_proxy(None)] {
            let head = String::from_utf8(head).unwrap();
            assert!(head.contains(framing) && !head.contains("X: y"), "{head}");
        }
    }
}

#[test]
fn a_request_that_servers_would_read_differently_is_refused() {
    for fields in [
        "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n",
        "Content-Length: 1\r\nContent-Length: 2\r\n",
        "Content-Length: +1\r\n",
        "Content-Length:\r\n",
        "Content-Length: 99999999999999999999\r\n",
        "X: a\0b\r\n",
        "X y: z\r\n",
        " X: folded\r\n",
    ] {
        assert_eq!(
            request(&format!("POST http://a.example/ HTTP/1.1\r\n{fields}\r\n")).unwrap_err(),
            400,
            "{fields:?}"
        );
    }
    for fields in [
        "Transfer-Encoding: gzip\r\n",
        "Transfer-Encoding: chunked, chunked\r\n",
        "Transfer-Encoding: chunked, gzip\r\n",
    ] {
        assert_eq!(
            request(&format!("POST http://a.example/ HTTP/1.1\r\n{fields}\r\n")).unwrap_err(),
            501,
            "{fields:?}"
        );
    }
    assert_eq!(request("GET http://a.example/ HTTP/2.0\r\n\r\n").unwrap_err(), 400);
    assert_eq!(request(&format!("GET http://a.example/ HTTP/1.1\r\n{}\r\n", "a: b\r\n".repeat(200))).unwrap_err(), 431);
}

#[test]
fn what_concerns_the_connection_stays_behind() {
    let request = request(
        "POST http://a.example:8080/x HTTP/1.1\r\nHost: other.example\r\nProxy-Authorization: secret\r\nProxy-Connection: keep-alive\r\n\
         Connection: X-Mine\r\nX-Mine: 1\r\nX-Yours: 2\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n",
    )
    .unwrap();
    let text = String::from_utf8(request.for_server()).unwrap();
    assert_eq!(
        text,
        "POST /x HTTP/1.1\r\nHost: a.example:8080\r\nX-Yours: 2\r\nExpect: 100-continue\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"
    );
    assert!(
        String::from_utf8(request.for_proxy(Some("Basic x")))
            .unwrap()
            .starts_with("POST http://a.example:8080/x HTTP/1.1\r\n")
    );
    assert!(request.keeps_alive());
}

#[test]
fn upgrades_are_passed_on() {
    let request =
        request("GET http://a.example/ HTTP/1.1\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\n")
            .unwrap();
    assert!(String::from_utf8(request.for_server()).unwrap().contains("Connection: upgrade\r\nUpgrade: websocket\r\n"));
    let response =
        Response::parse(b"HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", false).unwrap();
    assert!(String::from_utf8(response.for_client(true)).unwrap().contains("Upgrade: websocket"));
}

#[test]
fn responses_say_where_they_end() {
    let framing = |text: &str, head| Response::parse(text.as_bytes(), head).map(|response| response.framing);
    assert_eq!(framing("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false), Ok(Framing::Length(5)));
    assert_eq!(framing("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true), Ok(Framing::None));
    assert_eq!(framing("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false), Ok(Framing::None));
    assert_eq!(framing("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", false), Ok(Framing::Chunked));
    assert_eq!(framing("HTTP/1.0 200 OK\r\n\r\n", false), Ok(Framing::UntilClose));
    assert!(framing("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", false).is_err());
    assert!(framing("SSH-2.0-OpenSSH\r\n\r\n", false).is_err());
}

proptest! {
    #[test]
    fn the_end_of_a_head_is_found_wherever_reading_stopped(text in "[a\\r\\n]{0,40}", at in 0_usize..40) {
        let bytes = text.as_bytes();
        let whole = length(bytes, 0);
        if let Some(found) = whole && at < found {
            prop_assert_eq!(length(&bytes[..at], 0), None);
            prop_assert_eq!(length(bytes, at), whole);
        }
    }

    #[test]
    fn any_bytes_are_answered_and_never_written_on_unread(bytes: Vec<u8>) {
        drop(Request::parse(&bytes));
        drop(Response::parse(&bytes, false));
    }

    #[test]
    fn no_field_smuggles_a_line(value in "\\PC{0,30}") {
        if let Ok(request) = request(&format!("GET http://a.example/ HTTP/1.1\r\nX: {value}\r\n\r\n")) {
            let written = request.for_server();
            prop_assert_eq!(written.windows(2).filter(|pair| pair == b"\r\n").count(), 5);
        }
    }
}
