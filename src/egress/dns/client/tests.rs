use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::egress::dns::client::*;
use crate::egress::dns::message::tests::reply;

/// A name server that knows `big.example` (over TCP only), `four.example`, and nothing else.
async fn serve(udp: UdpSocket, tcp: tokio::net::TcpListener, asked: Arc<AtomicUsize>) {
    let answer = |query: &[u8], tcp: bool| {
        asked.fetch_add(1, Ordering::Relaxed);
        let text = String::from_utf8_lossy(&query[12..]).into_owned();
        let wants_v4 = query[query.len() - 3] == 1;
        match text {
            _ if text.contains("big") && !tcp => reply(query, 0, true, &[]),
            _ if text.contains("four") && !wants_v4 => reply(query, 0, false, &[]),
            _ if text.contains("big") || text.contains("four") => match wants_v4 {
                true => reply(query, 0, false, &["192.0.2.7".parse().unwrap()]),
                false => reply(query, 0, false, &["2001:db8::7".parse().unwrap()]),
            },
            _ if text.contains("broken") => reply(query, 2, false, &[]),
            _ => reply(query, 3, false, &[]),
        }
    };
    let mut buffer = vec![0; 512];
    loop {
        tokio::select! {
            Ok((length, from)) = udp.recv_from(&mut buffer) => {
                udp.send_to(b"noise that answers nothing", from).await.unwrap();
                udp.send_to(&answer(&buffer[..length], false), from).await.unwrap();
            }
            Ok((socket, _)) = tcp.accept() => {
                let stream = Stream::from(socket);
                let mut length = [0; 2];
                read_exact(&stream, &mut length).await.unwrap();
                let mut query = vec![0; u16::from_be_bytes(length).into()];
                read_exact(&stream, &mut query).await.unwrap();
                let reply = answer(&query, true);
                let length = u16::try_from(reply.len()).unwrap().to_be_bytes();
                write_all(&stream, &[&length, reply.as_slice()].concat()).await.unwrap();
            }
        }
    }
}

/// One port for both protocols: a port that is free for TCP may be taken for UDP.
async fn sockets() -> (UdpSocket, tokio::net::TcpListener) {
    loop {
        let tcp = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        match UdpSocket::bind(tcp.local_addr().unwrap()).await {
            Ok(udp) => return (udp, tcp),
            Err(error) => assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse),
        }
    }
}

async fn with_server(name: &str) -> (Result<Vec<IpAddr>, LookupError>, usize) {
    let (udp, tcp) = sockets().await;
    let address = tcp.local_addr().unwrap();
    let asked = Arc::new(AtomicUsize::new(0));
    let server = tokio::spawn(serve(udp, tcp, Arc::clone(&asked)));
    let mut config = ResolvConf::parse("search lab.example\noptions timeout:2 attempts:1\n");
    config.servers = vec![address];
    let outcome = resolve(&config, name).await;
    server.abort();
    (outcome, asked.load(Ordering::Relaxed))
}

#[tokio::test]
async fn both_families_are_asked_and_long_answers_come_over_tcp() {
    let (found, _) = with_server("big.example").await;
    assert_eq!(found.unwrap(), ["2001:db8::7", "192.0.2.7"].map(|text| text.parse::<IpAddr>().unwrap()));
    let (found, _) = with_server("four.example").await;
    assert_eq!(found.unwrap(), ["192.0.2.7".parse::<IpAddr>().unwrap()]);
}

#[tokio::test]
async fn a_name_that_is_nowhere_is_looked_for_in_the_search_list_too() {
    let (found, asked) = with_server("nosuch.example").await;
    assert!(matches!(found, Err(LookupError::NoSuchName)));
    assert_eq!(asked, 4);
    let (found, _) = with_server("broken.example").await;
    assert!(matches!(found, Err(LookupError::Server { code: 2, .. })), "{found:?}");
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named() {
    let mut config = ResolvConf::parse("options timeout:1 attempts:1\n");
    config.servers = vec!["127.0.0.1:1".parse().unwrap()];
    let error = resolve(&config, "a.example").await.unwrap_err();
    assert_eq!(error.to_string(), "the name server 127.0.0.1 does not answer");
}
