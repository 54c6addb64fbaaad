//! What is told of runs as it happens.

use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};

use serde_json::Value;

use crate::world::{World, patience, wait_for};

/// `bn container events`, and the lines that it prints.
pub struct Heard {
    child: Child,
    lines: Receiver<String>,
}

impl Heard {
    /// Returns once it watches: it has told of a run that has nothing else to tell.
    pub fn begin(world: &World, args: &[&str]) -> Self {
        let mut command = world.bn_command(&[&["container", "events"], args].concat());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let (send, lines) = channel();
        std::thread::spawn(move || stdout.lines().map_while(Result::ok).try_for_each(|line| send.send(line)));
        // What is there when it begins is no event.
        std::thread::sleep(patience(1));
        Self { child, lines }
    }

    /// The first line like this one.
    #[track_caller]
    pub fn until(&self, is_it: impl Fn(&str) -> bool) -> String {
        let mut heard = Vec::new();
        loop {
            match self.lines.recv_timeout(patience(30)) {
                Ok(line) if is_it(&line) => return line,
                Ok(line) => heard.push(line),
                Err(error) => panic!("{error}: {heard:#?}"),
            }
        }
    }
}

impl Drop for Heard {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

#[test]
fn what_befalls_runs_is_told_as_it_happens() {
    let world = World::new();
    let job = world.job();
    let heard = Heard::begin(&world, &["--json"]);
    let next = |event: &str| -> Value {
        let line = heard.until(|line| line.contains(&format!("\"name\":\"{job}\"")));
        let told: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(told["event"], event, "{told:#}");
        told
    };
    let script = "touch ready; until [ -e go ]; do sleep 0.05; done; curl -s http://10.0.0.1/; \
        until [ -e end ]; do sleep 0.05; done; rm ready go end; git commit -q --allow-empty -m work; exit 3";
    world.agent(&["--detach", "--name", &job], script).exits(0);
    next("started");
    wait_for("the agent", || world.path("agent-1/ready").exists());
    world.bn(&["container", "pause", &job]).exits(0);
    next("paused");
    world.bn(&["container", "resume", &job]).exits(0);
    next("resumed");
    std::fs::write(world.path("agent-1/go"), "").unwrap();
    assert_eq!(next("refused")["host"], "10.0.0.1:80");
    std::fs::write(world.path("agent-1/end"), "").unwrap();
    let ended = next("ended");
    assert_eq!((ended["exit_code"].as_u64(), ended["outcome"].as_str()), (Some(3), Some("failed")), "{ended:#}");
    assert_eq!(ended["text"], "ended: the agent failed (3), 1 commit is kept");
    world.merge_all_the_same().exits(0);
    next("merged");
    world.bn(&["container", "discard", "--yes", &job]).exits(0);
    next("discarded");
}

#[test]
fn a_run_that_is_killed_or_forgotten_is_told_of_and_no_word_of_it_moves_the_terminal() {
    let world = World::new();
    let (job, done) = (world.job(), world.name("done"));
    let heard = Heard::begin(&world, &[]);
    world.git("commit -q --allow-empty -m \"$(printf 'x\\033]0;evil\\007')\"");
    world.agent(&["--name", &done], "exit 0").exits(0);
    let says = |text: &str| heard.until(|line| line.contains(text));
    let line = says(&format!("  {done}  ended: "));
    assert!(line.as_bytes()[2] == b':' && !line.contains('\u{1b}'), "{line}");
    world.bn(&["container", "prune"]).exits(0);
    says(&format!("  {done}  forgotten"));
    let run = world.start(&["--name", &job], "touch ready; sleep 600");
    run.meet();
    world.shell(&format!("kill -9 {}", run.pid()));
    says(&format!("  {job}  interrupted"));
    world.bn(&["container", "stop", "-t", "0", &job]).exits(0);
    says(&format!("  {job}  ended: "));
}

#[test]
fn it_ends_with_its_reader_and_refuses_a_run_that_is_not_there() {
    let world = World::new();
    let mut command = world.bn_command(&["container", "events"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    wait_for("its end", || child.try_wait().unwrap().is_some());
    let refused = world.bn(&["container", "events", "nobody"]);
    assert!(refused.code == 125 && refused.stderr.starts_with("Error: no run is called nobody\n"), "{refused:#?}");
}
