//! Clients that mean harm: nobody else waits, and nothing is changed by halves.

use std::io::Read;
use std::thread;
use std::time::{Duration, Instant};

use super::*;
use crate::graph::door::dispatch::{self, Failed};

const NOTE: &str = r#"{"v":1,"bn":"0.1.0","do":"create","with":{"task":{"title":"by halves"}}}"#;

#[test]
fn a_request_that_is_cut_off_changes_nothing() {
    let house = House::new();
    let _door = house.open("one", Scope::Everything);
    for length in 0..=NOTE.len() {
        let mut stream = house.connect("one");
        stream.write_all(&NOTE.as_bytes()[..length]).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert_eq!(answer, "", "after {length} bytes");
    }
    assert_eq!(house.here(&all()).total, 0);
}

#[test]
fn two_hundred_clients_that_die_between_request_and_answer_hold_up_nobody() {
    let house = House::new();
    let door = house.open("one", Scope::Everything);
    for _ in 0..200 {
        house.connect("one").write_all(format!("{NOTE}\n").as_bytes()).unwrap();
    }
    let asked = Instant::now();
    house.ask("one", &create("After all")).unwrap();
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    drop(door);
    // Each was carried out whole, or not at all; and nothing is carried out any more.
    let made = house.here(&all()).total;
    let log = house.here(&requests::Log { id: None, run: None, limit: 0 });
    assert_eq!(log.events.iter().filter(|event| event.task.is_some()).count() as u64, made);
    let checkup = house.store().checkup(&actor("ann", "s-ann", None), now(), false).unwrap();
    // The test's own folder is not one that bn made.
    let wrong: Vec<_> = checkup.findings.iter().filter(|finding| finding.check != "permissions").collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// A list that nobody hears takes as long as any other; a change that was asked for is made.
#[test]
fn what_only_asks_is_left_undone_once_nobody_is_there_to_hear_it() {
    let house = House::new();
    let (store, ann) = (house.store(), actor("ann", "s-ann", None));
    let done = |line: &str, gone: bool| {
        let at = At { store: &store, actor: &ann, now: now() };
        dispatch::perform(&serde_json::from_str(line).unwrap(), &at, &mut Vec::new(), &|| gone)
    };
    let list = r#"{"v":1,"bn":"0.1.0","do":"list","with":{"limit":0}}"#;
    assert!(matches!(done(list, true), Err(Failed::Unheard)));
    assert!(done(list, false).is_ok() && done(NOTE, true).is_ok());
    assert_eq!(house.here(&all()).total, 1);
}

#[test]
fn what_is_no_request_is_answered_and_changes_nothing() {
    let house = House::new();
    let _door = house.open("one", Scope::Everything);
    let deep = format!(r#"{{"v":1,"bn":"x","do":"batch","with":{}{}}}"#, "[".repeat(5000), "]".repeat(5000));
    for garbage in [
        "",
        "null",
        "[]",
        "{}",
        "GET / HTTP/1.1",
        "\u{0}\u{1b}[2J",
        "{\"v\":1}",
        "{\"v\":-1,\"bn\":\"x\"}",
        "\"v\"",
        &deep,
        r#"{"v":1,"bn":"0.1.0","do":"create","with":{"task":{"title":7}}}"#,
        r#"{"v":1,"bn":"0.1.0","do":"list","with":{"limit":18446744073709551616}}"#,
        r#"{"v":1,"bn":"0.1.0","do":"close","with":{"ids":["bn-1"],"status":"landing"}}"#,
    ] {
        let answer = house.line("one", garbage);
        assert!(answer["error"]["message"].is_string(), "{garbage:.80}: {answer}");
    }
    let mut stream = house.connect("one");
    stream.write_all(b"{\"v\":1,\"bn\":\"\xff\xfe\"}\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.contains("not UTF-8"), "{answer}");
    assert_eq!(house.here(&all()).total, 0);
}

#[test]
fn a_line_of_a_hundred_megabytes_is_cut_short() {
    let house = House::new();
    let _door = house.open("one", Scope::Everything);
    let lines: Vec<_> = (0..20)
        .map(|_| {
            let mut stream = house.connect("one");
            thread::spawn(move || {
                let piece = vec![b'x'; 1 << 20];
                let sent = (0..100).take_while(|_| stream.write_all(&piece).is_ok()).count();
                let mut answer = String::new();
                drop(stream.read_to_string(&mut answer));
                (sent, answer)
            })
        })
        .collect();
    for line in lines {
        let (sent, answer) = line.join().unwrap();
        assert!(sent < 100, "{sent} MiB were taken");
        assert!(answer.is_empty() || answer.contains("1024 KiB"), "{answer}");
    }
    house.ask("one", &create("It goes on")).unwrap();
}

#[test]
fn ten_thousand_connections_hold_up_no_other_run() {
    let house = House::new();
    let (_one, _two) = (house.open("one", Scope::Everything), house.open("two", Scope::Everything));
    rustix::process::setrlimit(
        rustix::process::Resource::Nofile,
        rustix::process::Rlimit {
            current: Some(12_000),
            ..rustix::process::getrlimit(rustix::process::Resource::Nofile)
        },
    )
    .ok();
    let mut idle = Vec::new();
    let began = Instant::now();
    while idle.len() < 10_000 && began.elapsed() < Duration::from_secs(20) {
        match connect_now(&house.socket("one")) {
            Some(stream) => idle.push(stream),
            // The kernel's queue is full: whoever comes now waits.
            None => break,
        }
    }
    assert!(idle.len() >= 64, "{}", idle.len());
    for _ in 0..20 {
        let asked = Instant::now();
        house.ask("two", &create("Meanwhile")).unwrap();
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    }
    // Its own agent waits until the idle ones are sent away, and no longer.
    let asked = Instant::now();
    drop(idle);
    house.ask("one", &create("After all")).unwrap();
    assert!(asked.elapsed() < Duration::from_secs(30), "{:?}", asked.elapsed());
}

/// Without waiting where the queue is full.
fn connect_now(path: &std::path::Path) -> Option<UnixStream> {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, connect, socket_with};
    let socket = socket_with(AddressFamily::UNIX, SocketType::STREAM, SocketFlags::NONBLOCK, None).ok()?;
    connect(&socket, &SocketAddrUnix::new(path).unwrap()).ok()?;
    Some(socket.into())
}

/// A graph of which every list is long.
fn many(house: &House, count: usize) {
    let operations: Vec<Value> = (0..count)
        .map(|number| json!({ "op": "create", "title": format!("Task {number} {}", "x".repeat(200)), "tags": ["a", "b"] }))
        .collect();
    house.here(&requests::Batch { operations: serde_json::from_value(json!(operations)).unwrap() });
}

#[test]
fn sixty_four_clients_that_never_read_are_sent_away() {
    let house = House::new();
    many(&house, 4_000);
    let (_one, _two) = (house.open("one", Scope::Everything), house.open("two", Scope::Everything));
    house.ask("one", &all()).unwrap();
    let deaf: Vec<UnixStream> = (0..64)
        .map(|number| {
            let mut stream = house.connect("one");
            let name = if number % 2 == 0 { "export" } else { "list" };
            let with = if number % 2 == 0 { "{}" } else { r#"{"limit":0}"# };
            stream
                .write_all(format!("{{\"v\":1,\"bn\":\"0.1.0\",\"do\":\"{name}\",\"with\":{with}}}\n").as_bytes())
                .unwrap();
            stream
        })
        .collect();
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(6) {
        let asked = Instant::now();
        house.ask("two", &create("Meanwhile")).unwrap();
        assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
        thread::sleep(Duration::from_millis(100));
    }
    let asked = Instant::now();
    house.ask("one", &create("After all")).unwrap();
    assert!(asked.elapsed() < Duration::from_secs(30), "{:?}", asked.elapsed());
    drop(deaf);
}

#[test]
fn an_answer_that_would_fill_the_memory_is_refused_and_an_export_is_not() {
    let house = House::new();
    many(&house, 12_000);
    let _door = house.open("one", Scope::Everything);
    let error = house.ask("one", &all()).map(|listed| listed.total).unwrap_err().to_string();
    assert!(error.contains("larger than 4 MiB"), "{error}");
    let listed = house.ask("one", &requests::List { limit: 1000, ..all() }).unwrap();
    assert_eq!((listed.tasks.len(), listed.total), (1000, 10_000));
    let mut text = std::io::sink();
    let (counts, _) = house.client("one").export(&mut text).unwrap();
    assert_eq!(counts.tasks, 12_000);
}

/// The socket's folder is read-only in the container; on the host nobody connects to what lies there.
#[test]
fn a_socket_in_its_place_gets_nothing_from_the_owner() {
    let house = House::new();
    let _door = house.open("one", Scope::Everything);
    let kept = house.folder.path().join("one/kept.sock");
    std::fs::rename(house.socket("one"), &kept).unwrap();
    let planted = std::os::unix::net::UnixListener::bind(house.socket("one")).unwrap();
    planted.set_nonblocking(true).unwrap();
    let client = Client { socket: kept, ..house.client("one") };
    client.ask(&create("Still here")).unwrap();
    thread::sleep(Duration::from_millis(200));
    assert!(planted.accept().is_err());
}

#[test]
fn a_user_of_another_uid_is_not_answered() {
    let house = House::new();
    let folder = house.folder.path().join("other");
    std::fs::create_dir(&folder).unwrap();
    let rights = Rights::Run(RunRights { scope: Scope::Everything, used: Arc::default() });
    let spec = DoorSpec {
        folder,
        answers: house.folder.path().to_owned(),
        site: house.site(),
        actor: Actor { rights, ..actor("other", "run-other", Some("other")) },
        uid: uid() + 1,
        clock: || Timestamp::from_micros(1),
    };
    let _door = Door::open(spec).unwrap();
    let error = house.ask("other", &all()).map(|listed| listed.total).unwrap_err();
    assert!(matches!(error, GraphError::CutOff { .. } | GraphError::OwnerGone { .. }), "{error}");
}

#[test]
fn of_many_clients_at_once_each_gets_its_own_answer() {
    let house = House::new();
    let doors: Vec<Door> = (0..8).map(|run| house.open(&format!("r{run}"), Scope::Everything)).collect();
    let writers: Vec<_> = (0..64)
        .map(|number| {
            let client = house.client(&format!("r{}", number % 8));
            thread::spawn(move || {
                (0..10).map(|turn| client.ask(&create(&format!("{number}-{turn}"))).unwrap().0.id).collect::<Vec<_>>()
            })
        })
        .collect();
    let mut ids: Vec<_> = writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect();
    ids.sort();
    ids.dedup();
    assert_eq!((ids.len(), house.here(&all()).tasks.len()), (640, 640));
    drop(doors);
    let log = house.here(&requests::Log { id: None, run: None, limit: 0 });
    assert!(log.events.iter().all(|event| event.session == Some(format!("run-{}", event.actor))));
}

#[test]
fn a_door_that_closes_finishes_what_was_begun_and_carries_out_nothing_after_it() {
    let house = House::new();
    let door = house.open("one", Scope::Everything);
    let client = house.client("one");
    let writer = thread::spawn(move || (0..).map_while(|turn| client.ask(&create(&format!("{turn}"))).ok()).count());
    thread::sleep(Duration::from_millis(300));
    drop(door);
    let counted = house.here(&all()).total;
    let acknowledged = writer.join().unwrap() as u64;
    assert_eq!(house.here(&all()).total, counted);
    // What was answered is there; of the last one the answer may not have come.
    assert!(acknowledged > 0 && (acknowledged..=acknowledged + 1).contains(&counted), "{acknowledged}, {counted}");
}
