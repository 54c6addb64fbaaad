//! The wall as the agent finds it, and what happens where it is lower than asked for.

use std::os::unix::fs::PermissionsExt;

use crate::world::World;

/// One `name: answer` line for each system call, from a program that every Debian has.
const CALLS: &str = r#"
use strict; use Errno;
my %calls = (
    'a unix socket' => [41, 1, 1, 0], 'tcp' => [41, 2, 1, 6], 'the routing table' => [41, 16, 3, 0],
    'vsock' => [41, 40, 1, 0], 'vsock, with more bits' => [41, 40 + (1 << 32), 1, 0], 'kernel crypto' => [41, 38, 5, 0],
    'netfilter' => [41, 16, 3, 12], 'sctp' => [41, 2, 1, 132], 'packets' => [41, 17, 3, 0],
    'a user namespace' => [272, 0x10000000], 'a mount' => [165, 0, 0, 0, 0, 0], 'io_uring' => [425, 1, 0], 'bpf' => [321, 0, 0, 0],
    'keys' => [250, 0, -3, 0], 'a terminal' => [16, 0, 0x5412, 0], 'a terminal, with more bits' => [16, 0, 0x5412 + (1 << 32), 0],
);
for my $name (sort keys %calls) {
    $! = 0;
    my $result = syscall($calls{$name}[0], map { $_ + 0 } @{$calls{$name}}[1 .. $#{$calls{$name}}]);
    print "$name: ", ($result >= 0 ? 'ok' : $!{EPERM} ? 'EPERM' : $!{ENOSYS} ? 'ENOSYS' : "$!"), "\n";
}
"#;

fn calls(world: &World, options: &[&str]) -> String {
    std::fs::write(world.path("agent-1/calls.pl"), CALLS).unwrap();
    world.agent(options, "perl calls.pl").exits(0).stdout
}

#[test]
fn system_calls_that_an_agent_has_no_business_with_are_refused() {
    let answers = calls(&World::new(), &["--no-merge"]);
    for allowed in ["a unix socket", "tcp", "the routing table"] {
        assert!(answers.contains(&format!("{allowed}: ok\n")), "{answers}");
    }
    let refused = [
        "vsock",
        "vsock, with more bits",
        "kernel crypto",
        "netfilter",
        "sctp",
        "packets",
        "a user namespace",
        "a mount",
        "bpf",
        "keys",
        "a terminal",
        "a terminal, with more bits",
    ];
    for call in refused {
        assert!(answers.contains(&format!("{call}: EPERM\n")), "{answers}");
    }
    assert!(answers.contains("io_uring: ENOSYS\n"), "{answers}");
}

#[test]
fn the_users_own_profile_stands_in_for_ours() {
    let world = World::new();
    let open = r#"{"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": []}"#;
    std::fs::write(world.path("open.json"), open).unwrap();
    let profile = world.path("open.json");
    let answers = calls(&world, &["--no-merge", "--seccomp-profile", profile.to_str().unwrap()]);
    assert!(answers.contains("netfilter: ok\n"), "the control: without our profile it works\n{answers}");
}

/// Whatever the host's version of control groups.
#[test]
fn a_container_sees_its_own_control_group_and_no_other() {
    let world = World::new();
    let look = "{ cut -d: -f3- /proc/self/cgroup | sort -u; grep -cx $$ /sys/fs/cgroup{,/pids}/cgroup.procs; \
                cat /sys/fs/cgroup/{pids/,}pids.max /sys/fs/cgroup/memory{/memory.limit_in_bytes,.max}; \
                find /sys/fs/cgroup -mindepth 1 -type d | grep -cE '[.](slice|service|scope)$|/binnacle'; } 2>/dev/null >found";
    world.agent(&["--no-merge", "--pids-limit", "321", "--memory", "128m"], &format!("{look}; true")).exits(0);
    let found = std::fs::read_to_string(world.path("agent-1/found")).unwrap();
    let lines: Vec<_> = found.lines().collect();
    assert_eq!(lines[0], "/", "{found}");
    assert!(lines[1].ends_with("cgroup.procs:1"), "the agent is in the group that it sees: {found}");
    assert_eq!(lines[2..], ["321", "134217728", "0"], "{found}");
}

/// What the kernel says of the agent, and what the doctor said before.
#[test]
fn apparmor_holds_a_container_where_the_kernel_has_it_and_elsewhere_the_doctor_says_so() {
    let world = World::new();
    world.agent(&["--no-merge"], "cat /proc/self/attr/current >profile 2>/dev/null; true").exits(0);
    let profile = world.shell("tr -d '\\0' <agent-1/profile");
    let doctor = world.bn(&["container", "doctor"]).stdout;
    let said = doctor.lines().find(|line| line.split_whitespace().nth(1) == Some("apparmor")).unwrap();
    match std::fs::read_to_string("/sys/module/apparmor/parameters/enabled").as_deref() {
        Ok("Y\n") => {
            assert_eq!(profile, "binnacle-default (enforce)");
            assert!(said.ends_with("on: containers get containerd's profile"), "{said}");
        }
        _ => assert!(said.ends_with("off on this machine: containers have no profile"), "{said}"),
    }
}

/// It hits its own limit, and neither the machine's nor that of bn, which is told of the end all the same.
#[test]
fn an_agent_that_forks_without_end_stops_nobody_but_itself() {
    let world = World::new();
    let script = "perl -e 'for (1..200) { my $p = fork; $e = \"$!\", last if !defined $p; $p or exec \"sleep\", 60; push @p, $p }
                  print @p . \" $e\"; kill 9, @p; wait for @p' >said; git commit -q --allow-empty -m work";
    world.agent(&["--pids-limit", "64", "--name", &world.job()], script).exits(0);
    let said = world.shell("head -c 999 agent-1/said");
    let (count, error) = said.split_once(' ').unwrap();
    assert!((20..64).contains(&count.parse().unwrap()), "{said}");
    assert_eq!(error, "Resource temporarily unavailable");
    world.assert_on_main("work");
    world.assert_nothing_runs(&world.job());
}

#[test]
fn nothing_is_left_of_root() {
    let world = World::new();
    let answer = world
        .agent(
            &["--no-merge"],
            "grep -E '^(Cap|NoNew|Seccomp:)' /proc/self/status; echo core $(prlimit --core --output=HARD --noheadings)",
        )
        .exits(0);
    let capabilities: Vec<_> = answer.stdout.lines().filter(|line| line.starts_with("Cap")).collect();
    assert_eq!(capabilities.len(), 5, "{answer:?}");
    assert!(capabilities.iter().all(|line| line.ends_with("\t0000000000000000")), "{capabilities:?}");
    assert!(core_limits().iter().any(|limit| answer.stdout.contains(&format!("\ncore {limit}\n"))), "{answer:?}");
    assert!(answer.stdout.contains("NoNewPrivs:\t1\n") && answer.stdout.contains("Seccomp:\t2\n"), "{answer:?}");
}

/// 1 stands for no dump at all. 0 does, too, where dumps go to files; who starts containerd through sudo may have that.
fn core_limits() -> &'static [u64] {
    let pattern = std::fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap();
    if pattern.starts_with(['|', '@']) { &[1] } else { &[1, 0] }
}

/// At 0, in place of 1, the kernel would give a crash to the host's program for dumps.
#[test]
fn an_agent_cannot_set_its_core_limit() {
    let world = World::new();
    let limits = "prlimit --core --output=SOFT,HARD --noheadings | xargs";
    let script = format!(
        "{limits}; ulimit -Sc 0 && {limits}; prlimit --core=0:0 --pid $$ && {limits}; ulimit -Sn 64; ulimit -Sn"
    );
    let answer = world.agent(&["--no-merge"], &script).exits(0);
    let unchanged = |limit: &u64| format!("\n{}64\n", format!("{limit} {limit}\n").repeat(3));
    assert!(core_limits().iter().any(|limit| answer.stdout.contains(&unchanged(limit))), "{answer:?}");
}

/// Puts a program first on a PATH of its own.
pub fn put(folder: &std::path::Path, name: &str, body: &str) {
    let path = folder.join(name);
    std::fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

/// sudo has a PATH of its own: what it starts is replaced in front of it.
pub const WITHOUT_RUNC: &str = r#"case " $* " in *" runc "*) exit 0 ;; esac; exec /usr/bin/sudo "$@""#;

/// A runc that says yes and sets nothing, through sudo too: the limits are off, and the agent must not get to run.
#[test]
fn a_wall_that_is_too_low_keeps_the_agent_from_starting() {
    for detached in [&["--detach"][..], &[]] {
        let world = World::new();
        let folder = world.path("bin");
        std::fs::create_dir(&folder).unwrap();
        put(&folder, "runc", "exit 0");
        put(&folder, "sudo", WITHOUT_RUNC);
        let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
        let image = crate::world::image();
        let run = ["container", "run", "--tag", &image, "../agent-1", "--name", "unwalled"];
        let mut command = world.bn_command(&[&run[..], detached, &["--", "touch", "/workspace/ran"]].concat());
        let answer = crate::world::answer(command.env("PATH", path).output().unwrap()).exits(125);
        let said = "Error: the agent was not started, because its container is not isolated as it should be: the limit of processes is \
                    off, not 4096";
        assert!(answer.stderr.contains(said), "{answer:?}");
        assert_eq!(world.row("unwalled")["status"], "start-failed");
        assert!(!world.path("agent-1/ran").exists(), "the agent ran");
        // It was registered while the container started.
        assert!(
            world.bn(&["log"]).stdout.contains(": the run unwalled was not started\n"),
            "{}",
            world.bn(&["log"]).stdout
        );
        assert_eq!(world.bn(&["agent", "list", "--json"]).stdout, "{\"agents\":[],\"total\":0}\n");
        world.assert_nothing_runs("unwalled");
    }
}

/// Debian 12's sudo gives its children a core limit of 0, and a containerd that was started through it hands that down.
#[test]
fn a_core_limit_of_0_is_no_lower_wall() {
    let world = World::new();
    let folder = world.path("bin");
    std::fs::create_dir(&folder).unwrap();
    put(&folder, "runc-without-dumps", "ulimit -c 0; exec runc \"$@\"");
    let runc = folder.join("runc-without-dumps");
    let with_it = format!(
        r#"for word; do
            shift
            set -- "$@" "$word"
            if [ "$word" = run ] && [ -z "$done" ]; then done=1; set -- "$@" --runc-binary {}; fi
        done
        "#,
        runc.display()
    );
    put(&folder, "ctr", &format!("{with_it} exec /usr/bin/ctr \"$@\""));
    put(&folder, "sudo", &format!(r#"case " $* " in *" ctr "*) {with_it} ;; esac; exec /usr/bin/sudo "$@""#));
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let script = ["bash", "-c", "ulimit -Hc; git commit -q --allow-empty -m work"];
    let run = ["container", "run", "--tag", &crate::world::image(), "../agent-1", "--name", &world.job(), "--"];
    let mut command = world.bn_command(&[&run[..], &script].concat());
    let answer = crate::world::answer(command.env("PATH", path).output().unwrap()).exits(0);
    assert!(answer.stdout.lines().any(|line| line == "0"), "the control: the limit is 0: {answer:?}");
    world.assert_on_main("work");
}
