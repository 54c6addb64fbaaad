//! Others than `bn` die, or the ground is pulled away: the terminal's ctr, the container, its shim, the user's garbage
//! collection, a full disk.

use std::process::{Child, Command, Stdio};
use std::time::Duration;

use crate::machine::{kill, kill_pid, running, signal};
use crate::running::MEET;
use crate::scene::COMMIT;
use crate::world::{Answer, World, answer, image, wait_for};

const FOREVER: &str =
    "commit one; git switch -qc side; commit side; git switch -q agent-1; commit two; touch ready; sleep 300\n";

struct Going {
    world: World,
    name: String,
    bn: Child,
}

impl Going {
    /// A run whose agent has committed, and sleeps.
    fn start(terminal: bool) -> Self {
        let world = World::new();
        let name = world.unique("kill");
        let script = format!("{COMMIT}exec > >(tee commits); {FOREVER}");
        let image = image();
        let args = ["container", "run", "--tag", &image, "--name", &name, "../agent-1", "--", "bash", "-c", &script];
        let mut command = if terminal { in_a_terminal(&world, &args) } else { world.bn_command(&args) };
        let bn = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let going = Self { world, name, bn };
        wait_for("the agent", || going.world.path("agent-1/ready").exists());
        going
    }

    /// `bn` comes to an end by itself, with everything on the host.
    fn ends_with(mut self, outcomes: &[&str]) {
        self.bn.wait().unwrap();
        let row = self.world.row(&self.name);
        let outcome = row["outcome"].as_str().unwrap_or("none").to_owned();
        assert!(outcomes.contains(&outcome.as_str()), "{row}");
        self.world.bn(&["container", "merge", &self.name, "--yes"]).exits(0);
        self.has_everything();
    }

    fn has_everything(&self) {
        let said = self.world.shell("cat agent-1/commits");
        let commits: Vec<&str> = said.lines().filter_map(|line| line.strip_prefix("commit=")).collect();
        assert_eq!(commits.len(), 3, "{said}");
        commits.iter().for_each(|commit| drop(self.world.git(&format!("cat-file -e {commit}^{{commit}}"))));
        assert_eq!(self.world.git("log -1 --format=%s main"), "two");
        self.world.assert_nothing_runs(&self.name);
        assert!(running(&[&self.name]).is_empty());
    }
}

/// `script` gives the command a terminal of its own.
fn in_a_terminal(world: &World, args: &[&str]) -> Command {
    let inner = world.bn_command(args);
    let words = std::iter::once(inner.get_program()).chain(inner.get_args());
    let line = words.map(|word| format!("'{}'", word.to_str().unwrap().replace('\'', "'\\''"))).collect::<Vec<_>>();
    let mut command = world.program("script");
    command.args(["-qefc", &line.join(" "), "/dev/null"]).current_dir(world.path("repo"));
    command
}

#[test]
fn ctr_is_killed_in_the_terminal() {
    let going = Going::start(true);
    kill("ctr", &[" run ", "--tty", &going.name]);
    going.ends_with(&["stopped", "failed"]);
}

#[test]
fn bn_is_killed_in_the_terminal() {
    let going = Going::start(true);
    let words = ["/bn container run", going.name.as_str()];
    for found in running(&words).iter().filter(|found| !found.command.starts_with("script")) {
        kill_pid(found.pid);
    }
    let mut going = going;
    going.bn.wait().unwrap();
    let status = going.world.row(&going.name)["status"].as_str().unwrap().to_owned();
    assert!(["unowned", "interrupted"].contains(&status.as_str()), "{status}");
    let asked = going.world.bn(&["container", "stop"]).exits(2);
    assert_eq!(asked.stderr, format!("Error: which one? running: {} (interrupted). Or --all\n", going.name));
    going.world.bn(&["container", "merge", &going.name]).exits(0);
    going.has_everything();
}

#[test]
fn the_first_process_of_the_container_is_killed() {
    let going = Going::start(false);
    let pid = going.world.shell(&format!("jq .pid home/.local/state/binnacle/*/runs/{}/run.json", going.name));
    kill_pid(pid.parse().unwrap());
    going.ends_with(&["failed"]);
}

#[test]
fn the_shim_is_killed() {
    let going = Going::start(false);
    kill("containerd-shim-runc-v2", &["-id", &going.name]);
    going.ends_with(&["failed"]);
}

/// The kernel says that the agent has ended before its last words have come through the shim.
#[test]
fn a_shim_that_is_late_loses_no_words() {
    let world = World::new();
    let job = world.job();
    let run = world.start(&["--name", &job], &format!("{MEET}; echo the last words"));
    run.meet();
    let shim = |what| signal(what, "containerd-shim-runc-v2", &["-id", &job]);
    let pid = world.shell(&format!("jq -j .pid home/.local/state/binnacle/*/runs/{job}/run.json"));
    shim("STOP");
    world.shell("touch agent-1/go");
    // Nobody has asked yet how it ended, so something is left of it.
    wait_for("its end", || world.shell(&format!("cat /proc/{pid}/stat")).contains(") Z "));
    std::thread::sleep(Duration::from_secs(1));
    shim("CONT");
    let answer = run.end().exits(0);
    assert!(answer.stdout.ends_with("\nthe last words\n"), "{answer:#?}");
    let stamped = world.bn(&["container", "logs", &job, "--timestamps"]).exits(0).stdout;
    assert!(stamped.contains(" the last words\n"), "{stamped}");
}

/// The agent borrows the host's objects; the user deletes and collects what it borrows.
#[test]
fn the_user_collects_garbage_in_the_middle() {
    let world = World::new();
    let name = world.unique("gc");
    world.shell("cd repo && git update-ref refs/heads/topic $(git commit-tree -m topic -p HEAD HEAD^{tree})");
    let script = format!(
        "{COMMIT}commit one; touch ready; until [[ -e go-on ]]; do sleep 0.1; done; rm go-on ready\n\
         git log -1 --format=%s topic; git merge -q -m merged topic; commit two; git gc -q --prune=now; git fsck"
    );
    let image = image();
    let args =
        ["container", "run", "--detach", "--tag", &image, "--name", &name, "../agent-1", "--", "bash", "-c", &script];
    world.bn(&args).exits(0);
    wait_for("the agent", || world.path("agent-1/ready").exists());
    world.shell(
        "cd repo && git branch -qD topic && git reflog expire --expire=now --expire-unreachable=now --all && git gc -q --prune=now \
         && git repack -qad && git prune --expire=now && cd .. && touch agent-1/go-on",
    );
    wait_for("the end", || world.row(&name)["status"] == "exited (0)");
    assert_eq!(world.row(&name)["outcome"], "merged");
    assert_eq!(world.git("log -1 --format=%s main"), "two");
    world.git("fsck --no-dangling");
    world.assert_nothing_runs(&name);
}

/// A file system of its own for the runs, which goes with its value.
struct Small(std::path::PathBuf);

impl Small {
    fn new(world: &World) -> Self {
        let path = world.path("home/.local/state");
        world.shell("mkdir -p home/.local/state");
        root(&["mount", "-t", "tmpfs", "-o", "size=4m,mode=0777", "tmpfs", path.to_str().unwrap()]).exits(0);
        Self(path)
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        root(&["umount", "-l", self.0.to_str().unwrap()]);
    }
}

fn root(args: &[&str]) -> Answer {
    answer(Command::new("sudo").arg("-n").args(args).output().unwrap())
}

#[test]
fn the_disk_is_full_in_the_middle() {
    let world = World::new();
    let _small = Small::new(&world);
    let name = world.unique("full");
    let image = image();
    let script = format!(
        "{COMMIT}exec > >(tee commits); commit one; touch ready; until [[ -e go-on ]]; do sleep 0.1; done; rm go-on ready; sleep 0.2"
    );
    let args =
        ["container", "run", "--detach", "--tag", &image, "--name", &name, "../agent-1", "--", "bash", "-c", &script];
    world.bn(&args).exits(0);
    wait_for("the agent", || world.path("agent-1/ready").exists());
    world.shell("dd if=/dev/zero of=home/.local/state/filler bs=4k 2>/dev/null || true; touch agent-1/go-on");
    wait_for("the owner's end", || {
        world.row(&name)["status"] != "running" && world.row(&name)["status"] != "collecting"
    });
    let refused = world.bn(&["container", "merge", &name]);
    assert_ne!(refused.code, 0, "{refused:?}");
    assert!(refused.stderr.contains("disk is full") || refused.stderr.contains("No space left"), "{refused:?}");
    world.shell("rm home/.local/state/filler");
    world.bn(&["container", "merge", &name, "--yes"]).exits(0);
    assert_eq!(world.git("log -1 --format=%s main"), "one");
    world.git(&format!("cat-file -e {}", world.shell("sed -n 's/^commit=//p' agent-1/commits")));
    world.assert_nothing_runs(&name);
}
