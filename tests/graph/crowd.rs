//! Many processes at once, on the host and in mount namespaces of their own, as containers have them.

use std::collections::HashSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;
use std::thread;

use assert_cmd::cargo::cargo_bin;

use crate::world::{Answer, World};

/// `unshare` with a mount namespace of one's own, for root and for others.
pub fn namespace() -> Vec<&'static str> {
    if rustix::process::geteuid().is_root() { vec!["unshare", "-m"] } else { vec!["unshare", "-rm"] }
}

/// A root folder with nothing but `bn` and the graph at /binnacle: what a container sees.
pub fn container(world: &World) -> PathBuf {
    let root = world.path("container");
    for folder in ["binnacle", "dev"] {
        fs::create_dir_all(root.join(folder)).unwrap();
    }
    // The program is mounted there: a copy that is still open for writing while another test forks could not be executed.
    fs::write(root.join("bn"), "").unwrap();
    let mark = root.join("usr/local/lib/binnacle/container");
    fs::create_dir_all(mark.parent().unwrap()).unwrap();
    fs::write(mark, "").unwrap();
    root
}

/// Runs a shell script in such a container, where `bn` is `$bn`.
pub fn contained(world: &World, root: &std::path::Path, script: &str) -> Command {
    let words = namespace();
    let mut command = Command::new(words[0]);
    let (graph, root) = (world.graph(), root.display());
    let mounts = format!(
        "mount --rbind /dev '{root}/dev' && mount --bind '{}' '{root}/binnacle' && mount --bind '{}' '{root}/bn'",
        graph.display(),
        cargo_bin!("bn").display()
    );
    let setup = format!("{mounts} && bn=\"chroot {root} /bn\"; {script}");
    command.args(&words[1..]).args(["sh", "-c", &setup]).env_clear();
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("BN_CONTAINER_MODE", "true").current_dir(world.path(""));
    command
}

fn ids(answer: &Answer) -> Vec<String> {
    answer.stdout.split_whitespace().filter(|word| word.starts_with("bn-")).map(str::to_owned).collect()
}

#[test]
fn of_64_processes_with_50_creates_each_nothing_is_lost() {
    let world = World::in_memory();
    world.bn(&["ready"]).ok();
    let root = container(&world);
    let answers: Vec<Answer> = thread::scope(|scope| {
        let workers: Vec<_> = (0..64)
            .map(|worker| {
                let (world, root) = (&world, &root);
                scope.spawn(move || {
                    let script = format!("for n in $(seq 50); do $bn task create \"{worker} $n\" || exit 1; done");
                    let mut command = if worker % 2 == 0 {
                        contained(world, root, &script)
                    } else {
                        let mut shell = world.command(&[]);
                        let program = shell.get_program().to_owned();
                        shell = Command::new("sh");
                        shell.args(["-c", &script]).env("bn", program).env("HOME", world.path("home"));
                        shell.current_dir(world.repo());
                        shell
                    };
                    Answer::of(command.output().unwrap())
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().unwrap()).collect()
    });
    let mut acknowledged = HashSet::new();
    for answer in &answers {
        assert_eq!((answer.code, answer.stderr.as_str()), (0, ""), "{answer:?}");
        acknowledged.extend(ids(answer));
    }
    assert_eq!(acknowledged.len(), 64 * 50);
    let there: HashSet<String> = ids(&world.bn(&["task", "list", "--limit", "0"])).into_iter().collect();
    assert_eq!(there, acknowledged);
    assert_eq!(world.json(&["doctor"])["well"], true);
}

#[test]
fn of_500_ready_tasks_64_agents_claim_each_once() {
    let world = World::in_memory();
    let lines: String = (0..500).map(|n| format!("{{\"title\":\"Task {n}\"}}\n")).collect();
    world.feed(&["task", "create", "--stdin"], &lines).ok();
    let claimed: Vec<Vec<String>> = thread::scope(|scope| {
        let agents: Vec<_> = (0..64)
            .map(|agent| {
                scope.spawn({
                    let world = &world;
                    move || {
                        let name = format!("agent-{agent}");
                        let mut mine = Vec::new();
                        loop {
                            let answer = world.agent(&name, &["ready", "--claim", "--json"]);
                            if answer.code == 1 && answer.stderr.contains("nothing is ready") {
                                return mine;
                            }
                            mine.push(answer.json()["id"].as_str().unwrap().to_owned());
                        }
                    }
                })
            })
            .collect();
        agents.into_iter().map(|agent| agent.join().unwrap()).collect()
    });
    let all: Vec<&String> = claimed.iter().flatten().collect();
    assert_eq!(all.len(), 500);
    assert_eq!(all.iter().collect::<HashSet<_>>().len(), 500);
    let working = claimed.iter().filter(|mine| !mine.is_empty()).count();
    assert!(working > 32, "the tasks went to {working} of 64 agents only");
    assert_eq!(world.json(&["doctor"])["well"], true);
}

#[test]
fn of_64_claims_of_one_task_one_wins() {
    let world = World::new();
    let id = world.task("Wanted", &[]);
    let codes: Vec<i32> = thread::scope(|scope| {
        let claims: Vec<_> = (0..64)
            .map(|agent| {
                scope.spawn({
                    let (world, id) = (&world, &id);
                    move || world.agent(&format!("agent-{agent}"), &["task", "claim", id]).code
                })
            })
            .collect();
        claims.into_iter().map(|claim| claim.join().unwrap()).collect()
    });
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == 4).count(), 63, "{codes:?}");
}

#[test]
fn many_can_make_the_graph_at_once() {
    let world = World::new();
    let answers: Vec<Answer> = thread::scope(|scope| {
        let creators: Vec<_> = (0..16)
            .map(|n| {
                scope.spawn({
                    let world = &world;
                    move || world.bn(&["task", "create", &format!("Task {n}")])
                })
            })
            .collect();
        creators.into_iter().map(|creator| creator.join().unwrap()).collect()
    });
    assert!(answers.iter().all(|answer| answer.code == 0), "{answers:?}");
    assert_eq!(world.json(&["task", "list"])["total"], 16);
    let names: Vec<_> = fs::read_dir(world.graph()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["graph.db"], "no drafts are left");
}

#[test]
fn root_on_the_host_and_another_uid_in_the_container_write_by_turns() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let world = World::new();
    world.bn(&["ready"]).ok();
    let status = Command::new("chown").args(["-R", "65534:65534"]).arg(world.graph()).status().unwrap();
    assert!(status.success());
    fs::set_permissions(world.graph(), fs::Permissions::from_mode(0o2770)).unwrap();
    fs::set_permissions(world.path(""), fs::Permissions::from_mode(0o755)).unwrap();
    let root = container(&world);
    let as_nobody = |script: &str| {
        let drop_root = format!("bn=\"chroot --userspec=65534:65534 {} /bn\"", root.display());
        Answer::of(contained(&world, &root, &format!("{drop_root}; {script}")).output().unwrap())
    };
    for turn in 0..3 {
        world.bn(&["task", "create", &format!("by root {turn}")]).ok();
        as_nobody(&format!("$bn task create 'by the agent {turn}'")).ok();
    }
    // One of them holds the store open while the other one writes.
    let mut reader = world.command(&["batch"]);
    let mut waiting = reader.stdin(std::process::Stdio::piped()).spawn().unwrap();
    as_nobody("$bn task create 'meanwhile'").ok();
    drop(waiting.stdin.take());
    waiting.wait().unwrap();
    assert_eq!(world.json(&["task", "list"])["total"], 7);
    assert_eq!(as_nobody("$bn doctor --json").json()["well"], true);
}
