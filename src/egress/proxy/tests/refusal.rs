use crate::egress::live_rules::add;
use crate::egress::proxy::tests::*;

#[test]
fn a_refusal_names_the_flag_and_keeps_secrets_out_of_the_log() {
    let world = World::with(&[], &[], NextHops::default(), "10.0.0.7 db.corp\n");
    let answer =
        world.answer("GET http://db.corp/secret-path?token=hunter2 HTTP/1.1\r\nAuthorization: hunter2\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{answer}");
    assert!(
        answer.ends_with(
            "\r\n\r\nbn: refused: db.corp:80 (10.0.0.7): private address; to open it, on the host: --allow db.corp:80, \
             or now: bn container allow agent-1 db.corp:80\n"
        ),
        "{answer}"
    );
    let answer = world.answer("CONNECT 169.254.169.254:80 HTTP/1.1\r\n\r\n");
    assert!(
        answer.ends_with("bn: refused: 169.254.169.254:80: cloud metadata address; no flag opens it\n"),
        "{answer}"
    );
    assert!(!world.log().contains("hunter2") && !world.log().contains("secret-path"));
    assert_eq!(world.summary().flags(), ["--allow db.corp:80"]);
}

#[test]
fn every_way_to_write_a_closed_address_is_closed() {
    let to = server(|mut stream| drop(stream.write_all(b"HTTP/1.1 200 OK\r\n\r\ncanary")));
    let hosts = "127.0.0.1 evil.example\n169.254.169.254 cloud.example\n::ffff:127.0.0.1 mapped.example\n0.0.0.0 zero.example\n";
    let world = World::with(
        &["evil.example", "cloud.example", "mapped.example", "zero.example"],
        &[],
        NextHops::default(),
        hosts,
    );
    for host in [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "127.0.0.1",
        "127.0.0.1.",
        "127.1",
        "0x7f.1",
        "0177.0.0.1",
        "2130706433",
        "0",
        "0.0.0.0",
        "[::1]",
        "[::]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[::127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "evil.example",
        "mapped.example",
        "zero.example",
        "foo.localhost",
    ] {
        for request in [
            format!("CONNECT {host}:{} HTTP/1.1\r\n\r\n", to.port()),
            format!("GET http://{host}:{}/ HTTP/1.1\r\n\r\n", to.port()),
        ] {
            let answer = world.answer(&request);
            assert!(answer.starts_with("HTTP/1.1 403 "), "{request}: {answer}");
        }
    }
    for host in [
        "cloud.example",
        "169.254.169.254",
        "[fd00:ec2::254]",
        "metadata.google.internal",
        "100.100.100.200",
        "168.63.129.16",
    ] {
        let answer = world.answer(&format!("CONNECT {host}:80 HTTP/1.1\r\n\r\n"));
        assert!(answer.starts_with("HTTP/1.1 403 ") && answer.contains("no flag opens it"), "{host}: {answer}");
    }
    for host in
        ["[fe80::1%25eth0]", "[::1%lo]", "127.0.0.1%00.example.com", "a b", "1.2.3.4.5", "127.0.0.1\0.example.com"]
    {
        let answer = world.answer(&format!("CONNECT {host}:{} HTTP/1.1\r\n\r\n", to.port()));
        assert!(answer.starts_with("HTTP/1.1 400 "), "{host}: {answer}");
    }
}

#[test]
fn a_name_that_moves_is_judged_where_it_is() {
    let to = server(|mut stream| drop(stream.write_all(b"HTTP/1.1 200 OK\r\n\r\ncanary")));
    let world = World::with(&["10.0.0.0/8"], &[], NextHops::default(), "93.184.216.34 moving.example\n");
    fs::write(world.folder.path().join("hosts"), "127.0.0.1 moving.example\n").unwrap();
    let answer = world.answer(&format!("GET http://moving.example:{}/ HTTP/1.1\r\n\r\n", to.port()));
    assert!(answer.starts_with("HTTP/1.1 403 ") && !answer.contains("canary"), "{answer}");
}

#[test]
fn the_host_adds_rules_to_a_live_run() {
    let to = server(|mut stream| {
        read_head(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nhello").unwrap();
    });
    let world = World::new(&[], &[]);
    let request = format!("GET http://localhost:{}/ HTTP/1.1\r\n\r\n", to.port());
    assert!(world.answer(&request).starts_with("HTTP/1.1 403 "));
    add(&world.folder.path().join("rules"), &Policy::default(), &[format!("localhost:{}", to.port())]).unwrap();
    assert!(world.answer(&request).ends_with("hello"));
}

#[test]
fn an_allowlist_says_so() {
    let world = World::with(&[], &["github.com"], NextHops::default(), "93.184.216.34 example.com\n");
    let answer = world.answer("CONNECT example.com:443 HTTP/1.1\r\n\r\n");
    assert!(
        answer.contains(
            "refused: example.com:443: not on the allowlist; to open it, on the host: --allow example.com:443"
        ),
        "{answer}"
    );
}

#[test]
fn what_cannot_be_reached_is_no_refusal() {
    let closed = free_port();
    let world = World::open(&[closed]);
    let answer = world.answer(&format!("CONNECT localhost:{} HTTP/1.1\r\n\r\n", closed.port()));
    assert!(answer.starts_with("HTTP/1.1 502 ") && answer.contains("connection refused"), "{answer}");
    let answer = world.answer("CONNECT nosuch.example:443 HTTP/1.1\r\n\r\n");
    assert!(answer.starts_with("HTTP/1.1 502 ") && answer.contains("cannot look up nosuch.example:443"), "{answer}");
    assert!(world.summary().is_empty());
}
