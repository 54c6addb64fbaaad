//! A token that `bn` was given is with its caller, with `bn` and with the agent, and nowhere else on the machine.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Child, Stdio};

use crate::machine::{Process, files_with, holds, processes, running};
use crate::world::{User, World, answer, containerd, ctr, image, wait_for};

/// The agent waits with its token in its environment, and never says it.
const SCRIPT: &str = "[[ $GH_TOKEN && $EXTRA ]] && echo has it; until [[ -e go-on ]]; do sleep 0.1; done; rm go-on";

/// Where scripts/test-users.sh has sudo write what it is told.
const SUDO_LOG: &str = "/var/log/bn-test-sudo.log";

struct Carrier {
    world: World,
    name: String,
    token: String,
    bn: Child,
}

impl Carrier {
    fn start(user: User, options: &[&str]) -> Self {
        let world = World::of(user);
        let (name, token) = (world.unique("secret"), world.unique("canary-token"));
        let image = image();
        let mut args = vec!["container", "run", "--tag", &image, "--name", &name, "--secret", "EXTRA", "../agent-1"];
        args.extend(options);
        args.extend(["--", "bash", "-c", SCRIPT]);
        let log = fs::File::create(world.path("spoken")).unwrap();
        let mut command = world.bn_command(&args);
        command
            .env("GH_TOKEN", &token)
            .env("EXTRA", format!("extra-{token}"))
            .env("BN_INITIAL_PROMPT", format!("prompt-{token}"));
        let bn = command.stdout(Stdio::from(log.try_clone().unwrap())).stderr(Stdio::from(log)).spawn().unwrap();
        let carrier = Self { world, name, token, bn };
        wait_for("the agent", || carrier.world.bn(&["container", "logs", &carrier.name]).stdout.contains("has it"));
        carrier
    }

    fn is_nowhere(&self) {
        let root = self.world.root();
        let containerd = Path::new(&containerd()).parent().unwrap().to_owned();
        let folders = [root, &containerd, Path::new("/run/containerd"), Path::new(SUDO_LOG)];
        let found = files_with(&self.token, &folders);
        assert!(found.is_empty(), "the token is in {found:?}");
        for process in processes() {
            assert!(!process.command.contains(&self.token), "the token is an argument of {}", process.command);
        }
        assert!(!ctr(&["containers", "info", &self.name]).contains(&self.token));
    }

    /// Processes that have the token in their environment.
    fn holders(&self) -> Vec<Process> {
        processes().into_iter().filter(|process| holds(&process.environment, &self.token)).collect()
    }

    fn only_those_who_may_hold_it(&self) {
        let holders = self.holders();
        let inside = |process: &Process| {
            let groups = fs::read_to_string(format!("/proc/{}/cgroup", process.pid));
            // One that is gone since it was seen can be asked no more.
            groups.map_or(true, |groups| groups.contains(&self.name))
        };
        // The control of this very search.
        let agents = holders.iter().filter(|process| inside(process)).count();
        assert!(agents > 0, "the search does not find the agent, who has it");
        for process in holders.iter().filter(|process| !inside(process)) {
            assert!(process.command.contains("/bn container "), "{} holds the token", process.command);
        }
    }

    fn end(mut self) {
        self.world.shell("touch agent-1/go-on");
        assert!(self.bn.wait().unwrap().success(), "{}", self.world.shell("cat spoken"));
        wait_for("the end", || {
            !["running", "collecting"].contains(&self.world.row(&self.name)["status"].as_str().unwrap())
        });
        self.is_nowhere();
        let left = self.holders();
        assert!(left.is_empty(), "{left:?}");
        self.world.assert_nothing_runs(&self.name);
    }
}

fn a_token_stays_where_it_belongs(user: User, options: &[&str]) {
    let carrier = Carrier::start(user, options);
    carrier.only_those_who_may_hold_it();
    carrier.is_nowhere();
    carrier.end();
}

#[test]
fn the_token_of_a_run() {
    a_token_stays_where_it_belongs(User::Me, &[]);
}

#[test]
fn the_token_of_a_detached_run() {
    a_token_stays_where_it_belongs(User::Me, &["--detach"]);
}

#[test]
fn the_token_of_a_run_through_sudo() {
    let carrier = Carrier::start(User::Passwordless, &[]);
    // Where another user tries it, that log is not kept: what the search of it is worth can only be shown for this one.
    if carrier.world.shell("id -un") == "bn-test-nopass" {
        let logged = files_with(&carrier.name, &[Path::new(SUDO_LOG)]);
        assert_eq!(logged, [SUDO_LOG], "sudo does not log what it is told: scripts/test-users.sh add");
    }
    carrier.only_those_who_may_hold_it();
    carrier.is_nowhere();
    carrier.end();
}

/// The one who looks while `bn` works: every program that it starts notes its environment.
#[test]
fn no_program_that_bn_starts_gets_the_token() {
    let world = World::of(User::Passwordless);
    let token = world.unique("canary-token");
    world.shell("mkdir bin");
    for program in ["git", "sudo", "runc", "ctr"] {
        let real = world.shell(&format!("command -v {program}"));
        let path = world.path("bin").join(program);
        fs::write(&path, format!("#!/bin/bash\ntr '\\0' '\\n' < /proc/$$/environ >> {0}/environments; echo \"$0 $*\" >> {0}/commands\nexec {real} \"$@\"\n", world.root().display())).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let image = image();
    let name = world.unique("secret");
    let mut command = world.bn_command(&[
        "container",
        "run",
        "--tag",
        &image,
        "--name",
        &name,
        "--secret",
        "EXTRA",
        "../agent-1",
        "--",
        "bash",
        "-c",
        "[[ $GH_TOKEN && $EXTRA ]]",
    ]);
    let path = format!("{}:{}", world.path("bin").display(), std::env::var("PATH").unwrap());
    let status = command
        .env("PATH", path)
        .env("GH_TOKEN", &token)
        .env("EXTRA", &token)
        .env("HARMLESS", "seen")
        .status()
        .unwrap();
    assert!(status.success());
    let environments = world.shell("cat environments commands");
    assert!(environments.contains("HARMLESS=seen"), "nothing was noted");
    assert!(environments.contains("containers ls"), "nothing was noted");
    assert!(!environments.contains(&token));
}

#[test]
fn a_dry_run_names_secrets_and_does_not_say_them() {
    let world = World::new();
    let image = image();
    let mut command = world.bn_command(&[
        "container",
        "run",
        "--dry-run",
        "--tag",
        &image,
        "--secret",
        "EXTRA",
        "../agent-1",
        "--",
        "true",
    ]);
    let output = command.env("GH_TOKEN", "canary-of-a-dry-run").env("EXTRA", "canary-of-a-dry-run").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("GH_TOKEN") && said.contains("EXTRA"), "{said}");
    assert!(!said.contains("canary-of-a-dry-run"), "{said}");
    assert!(running(&["canary-of-a-dry-run"]).is_empty());
}

/// `bn` dies with the secrets on the disk; whatever the user types next, and in whatever repository, takes them away.
#[test]
fn any_next_command_anywhere_removes_what_a_killed_bn_left() {
    let world = World::new();
    world.shell("git init -q -b main other && cd other && git -c user.name=T -c user.email=t@example.org commit -q --allow-empty -m first && git worktree add -q ../other-1");
    let secrets = |job: &str| world.path("run/binnacle").join(job).join("env");
    let image = image();
    let next: [&[&str]; 6] = [
        &["allow-sets"],
        &["doctor"],
        &["list"],
        &["prune"],
        &["run", "--dry-run", "--tag", &image, "../other-1", "--", "true"],
        &["run", "--tag", &image, "../other-1", "--", "true"],
    ];
    for (number, args) in next.into_iter().enumerate() {
        let job = world.name(&format!("killed-{number}"));
        let branch = format!("killed-{number}");
        world.shell(&format!("cd repo && git worktree add -q ../{branch} -b {branch}"));
        let worktree = format!("../{branch}");
        let doomed = ["container", "run", "--tag", &image, "--name", &job, &worktree, "--", "true"];
        let mut doomed = world.bn_command(&doomed);
        doomed.env("GH_TOKEN", "canary-of-the-killed").env("BN_FAILPOINT", "SecretsWritten");
        drop(answer(doomed.output().unwrap()));
        assert!(secrets(&job).exists(), "the control: bn was killed with the secrets on the disk");
        let mut command = world.bn_command(&[&["container"], args].concat());
        drop(answer(command.current_dir(world.path("other")).output().unwrap()));
        assert!(!secrets(&job).exists(), "after bn container {args:?}");
    }
}

/// What the search is worth: it finds a token that is passed the wrong way.
#[test]
fn the_search_finds_a_token_that_is_passed_as_an_argument() {
    let world = World::new();
    let (name, token) = (world.unique("control"), world.unique("canary-token"));
    let (variable, image) = (format!("GH_TOKEN={token}"), image());
    ctr(&["run", "-d", "--null-io", "--env", &variable, &image, &name, "sleep", "60"]);
    let info = ctr(&["containers", "info", &name]);
    let containerd = Path::new(&containerd()).parent().unwrap().to_owned();
    let found = files_with(&token, &[&containerd]);
    ctr(&["tasks", "rm", "-f", &name]);
    ctr(&["containers", "rm", &name]);
    assert!(info.contains(&token));
    assert!(found.iter().any(|path| path.ends_with("meta.db")), "{found:?}");
    assert!(found.iter().any(|path| path.ends_with("config.json")), "{found:?}");
}
