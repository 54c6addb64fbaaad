use std::net::Shutdown;

use crate::egress::proxy::tests::*;

fn echo() -> SocketAddr {
    server(|mut stream| {
        let mut back = stream.try_clone().unwrap();
        drop(io::copy(&mut stream, &mut back));
        drop(back.shutdown(Shutdown::Write));
    })
}

#[test]
fn bytes_go_both_ways_and_what_was_sent_too_early_is_not_lost() {
    let to = echo();
    let world = World::open(&[to]);
    let mut client = world.client();
    let request = format!("CONNECT localhost:{} HTTP/1.1\r\nUser-Agent: x\r\n\r\nearly", to.port());
    assert!(ask(&mut client, &request).starts_with("HTTP/1.1 200 "));
    client.write_all(b" and late").unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_rest(&mut client).0, b"early and late");
    assert!(world.log().contains(&format!("allowed localhost:{} 127.0.0.1 connected", to.port())), "{}", world.log());
}

#[test]
fn a_client_that_has_said_everything_still_gets_its_answer() {
    let to = server(|mut stream| {
        let (all, end) = read_rest(&mut stream);
        end.unwrap();
        thread::sleep(Duration::from_millis(100));
        stream.write_all(format!("{} bytes", all.len()).as_bytes()).unwrap();
    });
    let world = World::open(&[to]);
    let mut client = world.tunnel(to);
    client.write_all(&[b'x'; 100_000]).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert_eq!(read_rest(&mut client).0, b"100000 bytes");
}

#[test]
fn a_server_that_has_said_everything_still_listens() {
    let (heard, hears) = mpsc::channel();
    let to = server(move |mut stream| {
        stream.write_all(b"bye").unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        heard.send(read_rest(&mut stream).0).unwrap();
    });
    let world = World::open(&[to]);
    let mut client = world.tunnel(to);
    assert_eq!(read_rest(&mut client).0, b"bye");
    client.write_all(b"one more thing").unwrap();
    drop(client);
    assert_eq!(hears.recv_timeout(SOON).unwrap(), b"one more thing");
}

#[test]
fn a_slow_reader_gets_every_byte_and_costs_little() {
    const SIZE: usize = 64 * 1024 * 1024;
    let to = server(|mut stream| {
        let block: Vec<u8> = (0..=255).cycle().take(1024 * 1024).collect();
        for _ in 0..SIZE / block.len() {
            stream.write_all(&block).unwrap();
        }
    });
    let world = World::open(&[to]);
    let mut client = world.tunnel(to);
    thread::sleep(Duration::from_millis(300));
    let mut block = vec![0; 64 * 1024];
    let (mut count, mut sum) = (0_usize, 0_u64);
    loop {
        match client.read(&mut block).unwrap() {
            0 => break,
            read => {
                count += read;
                sum += block[..read].iter().map(|byte| u64::from(*byte)).sum::<u64>();
            }
        }
        if count < 1024 * 1024 {
            thread::sleep(Duration::from_millis(1));
        }
    }
    assert_eq!((count, sum), (SIZE, (SIZE / 256 * (255 * 256 / 2)) as u64));
}

#[test]
fn a_stream_that_rests_is_not_cut() {
    let to = echo();
    let world = World::open(&[to]);
    let mut client = world.tunnel(to);
    let mut byte = [0];
    for _ in 0..3 {
        thread::sleep(Duration::from_millis(700));
        client.write_all(b"x").unwrap();
        client.read_exact(&mut byte).unwrap();
    }
}

#[test]
fn a_hundred_at_once() {
    let to = echo();
    let world = World::open(&[to]);
    let clients: Vec<_> = (0..100_u8)
        .map(|number| {
            let mut client = world.tunnel(to);
            thread::spawn(move || {
                let data = vec![number; 300_000];
                let mut sender = client.try_clone().unwrap();
                let copy = data.clone();
                let sending = thread::spawn(move || {
                    sender.write_all(&copy).unwrap();
                    sender.shutdown(Shutdown::Write).unwrap();
                });
                assert!(read_rest(&mut client).0 == data);
                sending.join().unwrap();
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join().unwrap());
}
