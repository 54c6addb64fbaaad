//! What breaks outside is broken inside, and never a clean end.

use crate::egress::proxy::tests::*;

fn assert_broken(stream: &mut TcpStream) {
    let (_, end) = read_rest(stream);
    assert_eq!(end.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
}

#[test]
fn a_tunnel_that_the_server_breaks_off() {
    let to = server(|mut stream| {
        stream.write_all(b"the first half").unwrap();
        thread::sleep(Duration::from_millis(100));
        reset(stream);
    });
    let world = World::open(&[to]);
    assert_broken(&mut world.tunnel(to));
}

#[test]
fn a_tunnel_that_the_server_breaks_off_after_the_client_has_finished() {
    let to = server(|mut stream| {
        drop(read_rest(&mut stream));
        stream.write_all(b"the first half").unwrap();
        thread::sleep(Duration::from_millis(100));
        reset(stream);
    });
    let world = World::open(&[to]);
    let mut client = world.tunnel(to);
    client.shutdown(std::net::Shutdown::Write).unwrap();
    assert_broken(&mut client);
}

#[test]
fn a_tunnel_that_the_client_breaks_off() {
    let (ended, end) = mpsc::channel();
    let to = server(move |mut stream| ended.send(read_rest(&mut stream).1).unwrap());
    let world = World::open(&[to]);
    let mut client = world.tunnel(to);
    client.write_all(b"half").unwrap();
    thread::sleep(Duration::from_millis(100));
    reset(client);
    assert_eq!(end.recv_timeout(SOON).unwrap().unwrap_err().kind(), io::ErrorKind::ConnectionReset);
}

#[test]
fn responses_that_end_too_early() {
    for head in ["Content-Length: 1000", "Transfer-Encoding: chunked"] {
        let to = server(move |mut stream| {
            read_head(&mut stream);
            stream.write_all(format!("HTTP/1.1 200 OK\r\n{head}\r\n\r\n5\r\nhello").as_bytes()).unwrap();
        });
        let world = World::open(&[to]);
        let mut client = world.client();
        ask(&mut client, &format!("GET http://localhost:{}/ HTTP/1.1\r\n\r\n", to.port()));
        assert_broken(&mut client);
    }
}

#[test]
fn a_response_without_a_length_that_is_broken_off() {
    let to = server(|mut stream| {
        read_head(&mut stream);
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\nhello").unwrap();
        thread::sleep(Duration::from_millis(100));
        reset(stream);
    });
    let world = World::open(&[to]);
    let mut client = world.client();
    ask(&mut client, &format!("GET http://localhost:{}/ HTTP/1.1\r\n\r\n", to.port()));
    assert_broken(&mut client);
}

#[test]
fn the_end_of_the_proxy_ends_everything() {
    let to = server(|mut stream| drop(read_rest(&mut stream)));
    let world = World::open(&[to]);
    let mut client = world.tunnel(to);
    let inside = world.inside;
    drop(world);
    drop(read_rest(&mut client));
    assert_eq!(TcpStream::connect(inside).unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
}
