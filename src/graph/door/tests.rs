//! The door, from both sides; and clients that mean harm.

mod abuse;
mod lines;
mod rules;

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use serde_json::{Value, json};

use crate::graph::door::{Client, Door, DoorSpec};
use crate::graph::error::GraphError;
use crate::graph::model::rights::{Rights, RunRights, Scope};
use crate::graph::model::session::{Actor, Identity};
use crate::graph::model::task::{NewTask, Task};
use crate::graph::model::timestamp::Timestamp;
use crate::graph::requests::{self, At, Request};
use crate::graph::store::{Site, Store};

/// A graph, and the door to it for some runs.
struct House {
    folder: tempfile::TempDir,
}

impl House {
    fn new() -> Self {
        let house = Self { folder: tempfile::tempdir().unwrap() };
        std::fs::create_dir(house.folder.path().join("graph")).unwrap();
        house
    }

    fn site(&self) -> Site {
        Site::new(self.folder.path().join("graph"), uid(), rustix::process::getgid().as_raw())
    }

    fn store(&self) -> Store {
        Store::open(&self.site()).unwrap()
    }

    fn socket(&self, run: &str) -> PathBuf {
        self.folder.path().join(run).join("graph.sock")
    }

    /// The door for one run, whose agent bears its name.
    fn open(&self, run: &str, scope: Scope) -> Door {
        self.open_with(run, RunRights { scope, used: Arc::default() })
    }

    fn open_with(&self, run: &str, rights: RunRights) -> Door {
        let folder = self.folder.path().join(run);
        std::fs::create_dir_all(&folder).unwrap();
        let rights = Rights::Run(rights);
        let actor = Actor { rights, ..actor(run, &format!("run-{run}"), Some(run)) };
        let answers = self.folder.path().to_owned();
        let clock = now;
        Door::open(DoorSpec { folder, answers, site: self.site(), actor, uid: uid(), clock }).unwrap()
    }

    fn client(&self, run: &str) -> Client {
        Client { socket: self.socket(run), label: run.to_owned(), agent_type: None }
    }

    fn ask<R: Request>(&self, run: &str, request: &R) -> Result<R::Answer, GraphError> {
        self.client(run).ask(request).map(|(answer, _)| answer)
    }

    /// As the person, on the host.
    fn here<R: Request>(&self, request: &R) -> R::Answer {
        let person = actor("ann", "s-ann", None);
        let at = At { store: &self.store(), actor: &person, now: now() };
        request.perform(&at).unwrap()
    }

    fn connect(&self, run: &str) -> UnixStream {
        UnixStream::connect(self.socket(run)).unwrap()
    }

    /// One line in, one line out.
    fn line(&self, run: &str, line: &str) -> Value {
        let mut stream = self.connect(run);
        stream.write_all(line.as_bytes()).unwrap();
        stream.write_all(b"\n").unwrap();
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer).unwrap();
        serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{error}: {answer}"))
    }
}

/// Later with each question, as a clock is.
fn now() -> Timestamp {
    static MICROSECONDS: AtomicI64 = AtomicI64::new(1_000_000);
    Timestamp::from_micros(MICROSECONDS.fetch_add(1_000, Ordering::Relaxed))
}

fn uid() -> u32 {
    rustix::process::getuid().as_raw()
}

fn actor(name: &str, id: &str, container: Option<&str>) -> Actor {
    Actor {
        name: name.to_owned(),
        identity: Identity::Given(id.to_owned()),
        agent_type: None,
        container: container.map(str::to_owned),
        label: None,
        rights: Rights::All,
    }
}

fn create(title: &str) -> requests::Create {
    requests::Create { task: NewTask { title: title.to_owned(), ..NewTask::default() } }
}

fn claim(task: &Task) -> requests::Claim {
    requests::Claim { id: task.id.to_string(), force: false, stale_after: None }
}

fn all() -> requests::List {
    requests::List { filter: Default::default(), limit: 0 }
}

#[test]
fn what_is_asked_through_the_door_is_answered_as_it_is_without() {
    let house = House::new();
    let _door = house.open("one", Scope::Everything);
    let first = house.ask("one", &create("First")).unwrap();
    let second = house.here(&create("Second"));
    let inside = serde_json::to_value(house.ask("one", &all()).unwrap()).unwrap();
    assert_eq!(inside, serde_json::to_value(house.here(&all())).unwrap());
    assert_eq!(inside["total"], 2);
    let show = requests::Show { id: first.id.to_string() };
    assert_eq!(house.ask("one", &show).unwrap().detail.task, house.here(&show).detail.task);
    // An error is the same one: its words, its hints, its exit code.
    let unknown = requests::Show { id: "zzzz".to_owned() };
    let told = house.ask("one", &unknown).unwrap_err();
    let at = At { store: &house.store(), actor: &actor("ann", "s-ann", None), now: Timestamp::from_micros(1) };
    let said = unknown.perform(&at).unwrap_err();
    use crate::error::Explain;
    assert_eq!((told.to_string(), told.hints(), told.exit_code()), (said.to_string(), said.hints(), said.exit_code()));
    let (mut there, mut here) = (Vec::new(), Vec::new());
    house.client("one").export(&mut there).unwrap();
    house.store().read_all(|reader| reader.export(&mut here)).unwrap();
    assert_eq!(String::from_utf8(there), String::from_utf8(here));
    assert_ne!(first.id, second.id);
}

#[test]
fn who_speaks_is_what_the_owner_says() {
    let house = House::new();
    let _door = house.open("one", Scope::Everything);
    let forged = Client { label: "ann".to_owned(), agent_type: Some("planner".to_owned()), ..house.client("one") };
    let (task, _) = forged.ask(&create("Mine")).unwrap();
    assert_eq!(task.created_by, "one");
    forged.ask(&requests::Note { id: task.id.to_string(), text: "hello".to_owned() }).unwrap();
    let log = house.here(&requests::Log { id: None, run: None, limit: 0 });
    assert!(log.events.iter().all(|event| event.actor == "one" && event.session.as_deref() == Some("run-one")));
    assert_eq!(log.events[0].data["as"], "ann");
    // A line of one's own with another's session in it is no line of the protocol.
    let answer =
        house.line("one", r#"{"v":1,"bn":"0.1.0","do":"create","with":{"task":{"title":"x"}},"session":"s-ann"}"#);
    assert!(answer["error"]["message"].as_str().unwrap().contains("unknown field `session`"), "{answer}");
    assert_eq!(house.here(&all()).total, 1);
}

#[test]
fn versions_that_do_not_know_each_other_say_both() {
    let house = House::new();
    let _door = house.open("one", Scope::Everything);
    // What both know works, whatever they are called; a newer request is named with both versions.
    let ready = house.line("one", r#"{"v":1,"bn":"0.0.1","do":"ready","with":{"limit":5}}"#);
    assert_eq!(ready["ok"]["total"], 0, "{ready}");
    for (line, what) in [
        (r#"{"v":2,"bn":"9.9.9","ask":"ready"}"#, "the first knows version 1 of the protocol, the other speaks 2"),
        (r#"{"v":1,"bn":"9.9.9","do":"foresee","with":{}}"#, "the request \"foresee\""),
        (r#"{"v":1,"bn":"9.9.9","do":"ready","with":{"limit":5,"moon":true}}"#, "unknown field `moon`"),
        (r#"{"v":1,"bn":"9.9.9","do":"list","with":{"limit":5,"filter":{"moon":1}}}"#, "unknown field `moon`"),
        (r#"{"v":1,"bn":"9.9.9","do":"ready","with":{"limit":5},"moon":true}"#, "unknown field `moon`"),
    ] {
        let answer = house.line("one", line);
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains(what), "{message}");
        assert!(
            message.contains("bn 9.9.9 in this container") && message.contains("bn 0.1.0 on the host"),
            "{message}"
        );
        assert_eq!(answer["error"]["exit_code"], 125);
    }
}

/// A newer host, or an older one, or something else that listens.
#[test]
fn an_answer_that_is_not_understood_is_an_error_with_both_versions() {
    for (answer, wanted) in [
        (r#"{"v":2,"bn":"9.9.9","yes":{}}"#, "bn 9.9.9 on the host and bn 0.1.0 in this container"),
        (r#"{"v":1,"bn":"9.9.9","ok":{"tasks":[{"id":"bn-1"}],"total":1}}"#, "a part of the answer: missing field"),
        (r#"{"v":1,"bn":"9.9.9","ok":{"tasks":[],"total":0},"moon":1}"#, "unknown field `moon`"),
        (r#"{"v":1,"bn":"9.9.9"}"#, "the answer says nothing"),
        ("SSH-2.0", "bn ? on the host"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("graph.sock");
        let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
        let served = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            BufReader::new(stream.try_clone().unwrap()).read_line(&mut String::new()).unwrap();
            stream.write_all(format!("{answer}\n").as_bytes()).unwrap();
        });
        let client = Client { socket, label: "one".to_owned(), agent_type: None };
        let error = client.ask(&all()).map(|(listed, _)| listed.total).unwrap_err();
        assert!(error.to_string().contains(wanted), "{error}");
        served.join().unwrap();
    }
}

#[test]
fn an_owner_that_is_gone_is_said_at_once() {
    let house = House::new();
    let door = house.open("one", Scope::Everything);
    house.ask("one", &create("First")).unwrap();
    let waiting = house.connect("one");
    let began = std::time::Instant::now();
    drop(door);
    let error = house.ask("one", &all()).map(|listed| listed.total).unwrap_err();
    assert!(matches!(error, GraphError::OwnerGone { .. }), "{error}");
    drop(waiting);
    assert!(began.elapsed() < std::time::Duration::from_secs(1));
}

/// The one list of what can be asked is the folder of the requests.
#[test]
fn every_request_there_is_passes_the_door() {
    let house = House::new();
    let _door = house.open("one", Scope::Everything);
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/graph/requests");
    let texts = std::fs::read_dir(folder).unwrap().map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    let names = texts.flat_map(|text| {
        let names = text.split("const NAME: &'static str = \"").skip(1);
        names.map(|rest| rest[..rest.find('"').unwrap()].to_owned()).collect::<Vec<_>>()
    });
    let names: Vec<String> = names.collect();
    assert!(names.len() > 25, "{names:?}");
    for name in names {
        let answer = house.line("one", &format!(r#"{{"v":1,"bn":"0.1.0","do":"{name}","with":{{}}}}"#));
        let error = answer["error"]["message"].as_str().unwrap_or_default();
        assert!(!error.contains(&format!("the request \"{name}\"")), "{error}");
    }
}
