//! The entrypoint, started as `bn` starts it and by hand, in a real repository and with a real `bn` inside.

use std::fs;
use std::process::{Child, Command, Stdio};

use crate::world::{Answer, World, answer, containerd, image, patience, wait_for};

/// What an entrypoint needs to give up everything; the rest of containerd's set is not given.
const DROPPED: [&str; 10] = [
    "DAC_OVERRIDE",
    "FSETID",
    "FOWNER",
    "MKNOD",
    "NET_RAW",
    "SETFCAP",
    "NET_BIND_SERVICE",
    "SYS_CHROOT",
    "KILL",
    "AUDIT_WRITE",
];

/// A container that is started without `bn` outside.
struct Hand<'a> {
    world: &'a World,
    options: Vec<String>,
}

impl<'a> Hand<'a> {
    /// With the main checkout as its workspace, on the branch `work`.
    fn new(world: &'a World) -> Self {
        world.git("checkout -q -b work");
        Self { world, options: Vec::new() }.mount("repo", "/workspace", "rw")
    }

    /// With the folders by which a host's `bn` speaks to it.
    fn with_a_host(world: &'a World) -> Self {
        world.shell("mkdir status ctl && mkfifo ctl/go ctl/stop && printf 'SECRET=two\\nlines\\0' > env");
        let mut hand = Self::new(world).mount("status", "/run/binnacle/status", "rw");
        hand = hand.mount("ctl", "/run/binnacle/ctl", "ro").mount("env", "/run/secrets/env", "ro");
        let hand = hand.option("--with-ns", "cgroup:");
        hand.option("--mount", "type=cgroup,src=cgroup,dst=/sys/fs/cgroup,options=ro")
    }

    fn option(mut self, flag: &str, value: &str) -> Self {
        self.options.extend([flag.to_owned(), value.to_owned()]);
        self
    }

    fn mount(self, source: &str, inside: &str, mode: &str) -> Self {
        let source = self.world.path(source);
        let mount = format!("type=bind,src={},dst={inside},options=rbind:{mode}", source.display());
        self.option("--mount", &mount)
    }

    fn command(&self, command: &[&str]) -> Command {
        let id = format!("hand-{}", self.world.root().file_name().unwrap().to_str().unwrap().replace("bn-real-", ""));
        let mut ctr = Command::new("sudo");
        ctr.args(["-n", "ctr", "-a", &containerd(), "-n", "binnacle", "run", "--rm"]);
        for name in DROPPED {
            ctr.args(["--cap-drop", &format!("CAP_{name}")]);
        }
        ctr.args(&self.options).args([&image(), &id, "/usr/local/bin/binnacle-entrypoint"]).args(command);
        ctr.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        ctr
    }

    fn run(&self, script: &str) -> Answer {
        answer(self.command(&["bash", "-c", script]).output().unwrap())
    }

    /// Starts it, and says `word` at its gate.
    fn released(&self, word: &str, script: &str) -> Child {
        let child = self.command(&["bash", "-c", script]).spawn().unwrap();
        self.say("go", word);
        child
    }

    /// A line into one of the host's pipes; fails where nobody listens.
    fn say(&self, pipe: &str, line: &str) {
        let longest = patience(30).as_secs();
        self.world.shell(&format!("timeout {longest} bash -c \"echo '{line}' > ctl/{pipe}\""));
    }

    fn exit_file(&self) -> String {
        fs::read_to_string(self.world.path("status/exit")).unwrap()
    }
}

/// Podman as container/README.md says, with limits that no machine refuses to give.
fn podman(world: &World, script: &str) -> Answer {
    let workspace = format!("{}:/workspace", world.path("repo").display());
    let mut podman = Command::new("podman");
    podman.args(["run", "--rm", "--network", "none", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024"]);
    podman.args(["--volume", &workspace, &image(), "bash", "-c", script]);
    answer(podman.stdin(Stdio::null()).output().unwrap())
}

fn finished(child: Child) -> Answer {
    answer(child.wait_with_output().unwrap())
}

const COMMIT: &str = "git -c user.name=a -c user.email=a@example.org commit -q --allow-empty -m work";

#[test]
fn by_hand_the_target_follows_the_work() {
    let world = World::new();
    let told = Hand::new(&world).run(&format!("bn ready; {COMMIT}")).exits(0).stderr;
    assert_eq!(world.git("log --format=%s main"), "work\nfirst", "{told}");
    assert!(told.contains("nothing is mounted at /binnacle"), "{told}");
}

#[test]
fn by_hand_podman_starts_it_too() {
    let world = World::new();
    world.git("checkout -q -b work");
    podman(&world, &format!("{COMMIT}; exit 7")).exits(7);
    assert_eq!(world.git("log --format=%s main"), "first");
    let answer = podman(&world, &format!("grep -E '^(Cap|NoNewPrivs)' /proc/self/status; {COMMIT}")).exits(0);
    assert_eq!(world.git("log --format=%s main"), "work\nwork\nfirst", "{answer:#?}");
    let powers = answer.stdout.lines().filter(|line| line.starts_with("Cap"));
    assert!(
        powers.clone().count() == 5 && powers.clone().all(|line| line.ends_with("\t0000000000000000")),
        "{answer:#?}"
    );
    assert!(answer.stdout.contains("NoNewPrivs:\t1"), "{answer:#?}");
}

#[test]
fn by_hand_a_failed_agent_moves_nothing() {
    let world = World::new();
    Hand::new(&world).run(&format!("{COMMIT}; exit 7")).exits(7);
    assert_eq!(world.git("log --format=%s main"), "first");
}

#[test]
fn by_hand_nothing_moves_where_it_is_not_wished() {
    let world = World::new();
    let told = Hand::new(&world).option("--env", "BN_NO_MERGE=1").run(COMMIT).exits(0).stderr;
    assert!(told.contains("not merged: BN_NO_MERGE is set"), "{told}");
    assert_eq!(world.git("log --format=%s main"), "first");
}

#[test]
fn by_hand_a_target_that_went_on_is_left_alone() {
    let world = World::new();
    let elsewhere = format!("git checkout -q main && {COMMIT} -m other && git checkout -q work");
    let told = Hand::new(&world).run(&format!("{COMMIT}; {elsewhere}")).exits(0).stderr;
    assert!(told.contains("commits ahead of main: 1, behind it: 1"), "{told}");
    assert_ne!(world.git("rev-parse main"), world.git("rev-parse work"));
}

#[test]
fn by_hand_a_target_that_is_checked_out_is_left_alone() {
    let world = World::new();
    let told = Hand::new(&world).run(&format!("git worktree add -q /tmp/main main; {COMMIT}")).exits(0).stderr;
    assert!(told.contains("not merged, for git's reason above: merge work on the host"), "{told}");
    assert_eq!(world.git("log --format=%s main"), "first");
}

#[test]
fn nothing_is_left_of_root() {
    let world = World::new();
    let script = "id -u; grep -E '^Cap|^NoNewPrivs' /proc/self/status | tr -d '\\n\\t'; touch mine";
    let uid = world.shell("id -u");
    let answer = Hand::new(&world).run(script).exits(0);
    let zero = "0000000000000000";
    let expected = format!("{uid}\nCapInh:{zero}CapPrm:{zero}CapEff:{zero}CapBnd:{zero}CapAmb:{zero}NoNewPrivs:1");
    assert!(answer.stdout.contains(&expected), "{answer:#?}");
    assert_eq!(world.shell("stat -c %u repo/mine"), uid);
}

#[test]
fn it_refuses_to_go_on_with_capabilities_that_cannot_be_dropped() {
    let world = World::new();
    let answer = Hand::new(&world).option("--cap-drop", "CAP_SETPCAP").run("echo it ran").exits(125);
    assert!(answer.stderr.contains("capabilities are left (Cap"), "{answer:#?}");
    assert_eq!(answer.stdout, "");
}

#[test]
fn the_agent_starts_when_the_host_says_go_and_never_else() {
    let world = World::new();
    let hand = Hand::with_a_host(&world);
    let refused = finished(hand.released("no", "echo it ran")).exits(125);
    // Where there is a host, both streams are one.
    assert!(refused.stdout.contains("the host did not let this container go (it said 'no')\n"), "{refused:#?}");
    assert!(refused.stderr.is_empty() && !refused.stdout.contains("it ran\n"), "{refused:#?}");
    assert!(world.path("status/started").exists());
    let ran = finished(hand.released("go", "echo \"$SECRET\"; exit 7")).exits(7);
    assert!(ran.stdout.contains("two\nlines\n"), "{ran:#?}");
    assert_eq!(hand.exit_file(), "code=7 oom=0\n");
}

#[test]
fn secrets_are_the_agents_alone() {
    let world = World::new();
    let hand = Hand::with_a_host(&world);
    let answer = finished(hand.released("go", "grep -c SECRET /proc/1/environ /proc/self/environ")).exits(0);
    assert!(answer.stdout.contains("/proc/1/environ:0\n/proc/self/environ:1\n"), "{answer:#?}");
}

#[test]
fn a_stop_leaves_the_agent_its_grace() {
    let world = World::new();
    let hand = Hand::with_a_host(&world);
    let script = "trap 'sleep 0.5; echo saved > saved; exit 0' TERM; touch waiting; sleep 60 & wait";
    let child = hand.released("go", script);
    wait_for("the agent", || world.path("repo/waiting").exists());
    hand.say("stop", "stop");
    finished(child).exits(143);
    assert_eq!(world.shell("cat repo/saved"), "saved");
    assert_eq!(hand.exit_file(), "code=143 oom=0\n");
}

#[test]
fn a_kill_for_want_of_memory_is_told_from_others() {
    let world = World::new();
    let hand = Hand::with_a_host(&world).option("--memory-limit", "100000000");
    finished(hand.released("go", "exec perl -e '$x = \"x\" x 300000000'")).exits(137);
    assert_eq!(hand.exit_file(), "code=137 oom=1\n");
    finished(hand.released("go", "kill -9 $$")).exits(137);
    assert_eq!(hand.exit_file(), "code=137 oom=0\n");
}

#[test]
fn what_reads_its_input_to_the_end_ends() {
    let world = World::new();
    Hand::new(&world).run("timeout 20 cat").exits(0);
}

#[test]
fn an_agent_that_the_image_lacks_is_named() {
    let world = World::new();
    let hand = Hand::new(&world).option("--env", "BN_AGENT=claude");
    let told = answer(hand.command(&[]).output().unwrap()).exits(125).stderr;
    assert!(told.contains("claude is not in this image: bn container build --agent claude"), "{told}");
}
