//! A recorded wall, and every way in which it could be lower.

use std::path::PathBuf;

use crate::container::ctr::{ContainerSpec, Streams};
use crate::container::limits::Limits;
use crate::container::mount::{Mount, Tmpfs};
use crate::container::wall::cgroup::GroupLimits;
use crate::container::wall::differences::*;
use crate::container::wall::{HostFacts, Identity, mountinfo, status};

const WORKTREE: Identity = Identity { device: 65024, inode: 7 };
const MEMORY: u64 = 256 << 20;
const DISK: u64 = 1 << 30;

fn spec() -> ContainerSpec {
    let home = Tmpfs { uid: 1001, gid: 1001, mode: 0o700, size: 1 << 20 };
    ContainerSpec {
        id: "a".into(),
        image: "localhost/x:1".into(),
        repo: "0123456789abcdef".into(),
        session: "run-1".into(),
        mounts: vec![
            Mount::read_write("/tmp/wall/ws", "/workspace"),
            Mount::read_only("/tmp/wall", "/wall"),
            Mount::tmpfs("/home/agent", home),
            Mount::cgroup(),
        ],
        env: Vec::new(),
        args: Vec::new(),
        limits: Limits { cpus: 1.5, memory: MEMORY + 100, pids: 4096, open_files: 65536, disk: DISK },
        host_network: false,
        hostname: None,
        seccomp: Some("/r/seccomp.json".into()),
        apparmor: None,
        rlimit_flag: false,
        pid_file: "/r/pid".into(),
        streams: Streams::Log("/r/log".into()),
    }
}

fn expected_of(spec: &ContainerSpec) -> Expected {
    Expected::of(spec, 1001, 1001, |path| (path == Path::new("/tmp/wall/ws")).then_some(WORKTREE))
}

fn expected() -> Expected {
    expected_of(&spec())
}

fn mounts(text: &str) -> Vec<MountPoint> {
    let mut mounts = mountinfo::parse(text.as_bytes()).unwrap();
    mounts
        .iter_mut()
        .filter(|mount| mount.destination == Path::new("/workspace"))
        .for_each(|mount| mount.identity = Some(WORKTREE));
    mounts
}

fn good() -> Wall {
    let (memory, pids, millicpus) = (Limit::At(MEMORY), Limit::At(4096), Limit::At(1500));
    Wall {
        processes: vec![status::parse(status::tests::STATUS, status::tests::LIMITS).unwrap()],
        namespaces: ["cgroup", "ipc", "mnt", "net", "pid", "uts"].map(str::to_owned).to_vec(),
        interfaces: vec!["lo".into()],
        mounts: mounts(mountinfo::tests::RECORDED),
        devices: ["full", "null", "random", "tty", "urandom", "zero"].map(str::to_owned).to_vec(),
        limits: GroupLimits { pids, memory, memory_and_swap: memory, millicpus },
        apparmor: None,
        host: HostFacts {
            maskable: ["/proc/keys", "/proc/sys", "/sys/firmware"].map(PathBuf::from).to_vec(),
            swap: true,
            dumps_to_program: true,
        },
    }
}

/// The one complaint about a wall that was changed in one way.
fn complaint(change: impl FnOnce(&mut Wall)) -> String {
    let mut wall = good();
    change(&mut wall);
    let found = differences(&wall, &expected());
    assert_eq!(found.len(), 1, "{found:?}");
    found.into_iter().next().unwrap()
}

/// The same for a change in the recorded mounts.
fn mount_complaint(from: &str, to: &str) -> String {
    assert!(mountinfo::tests::RECORDED.contains(from), "{from}");
    complaint(|wall| wall.mounts = mounts(&mountinfo::tests::RECORDED.replace(from, to)))
}

#[test]
fn a_wall_as_it_should_be() {
    assert_eq!(differences(&good(), &expected()), Vec::<String>::new());
}

#[test]
fn processes_that_kept_something() {
    let process = "process 7971 (tini): ";
    let cases: [(&str, fn(&mut Process)); 15] = [
        ("uid is [0, 0, 0, 0], not 1001", |process| process.uids = vec![0; 4]),
        ("uid is [1001, 1001, 0, 1001], not 1001", |process| process.uids[2] = 0),
        ("gid is [0, 1001, 1001, 1001], not 1001", |process| process.gids[0] = 0),
        ("it is in the groups [27]", |process| process.groups = vec![27, 1001]),
        ("the inheritable capabilities are 0x1, not 0", |process| process.capabilities.inheritable = 1),
        ("the permitted capabilities are 0x1, not 0", |process| process.capabilities.permitted = 1),
        ("the effective capabilities are 0x1, not 0", |process| process.capabilities.effective = 1),
        ("the bounding capabilities are 0xc1, not 0", |process| process.capabilities.bounding = 0xc1),
        ("the ambient capabilities are 0x1, not 0", |process| process.capabilities.ambient = 1),
        ("its crash would be given to a program of the host", |process| process.core_dump = None),
        (
            "its crash would be given to a program of the host, for its core limit is 0 (was containerd started through sudo?)",
            |process| process.core_dump = Some(0),
        ),
        ("it may write a file larger than 1073741824 bytes", |process| process.file_size = None),
        ("it may write a file larger than 1073741824 bytes", |process| process.file_size = Some(DISK + 1)),
        ("no_new_privs is off", |process| process.no_new_privs = false),
        ("no filter of system calls is on", |process| process.seccomp = 0),
    ];
    for (what, change) in cases {
        assert_eq!(complaint(|wall| change(&mut wall.processes[0])), format!("{process}{what}"));
    }
    assert_eq!(complaint(|wall| wall.processes.clear()), "no process of the container can be seen");
}

#[test]
fn a_second_process_counts_like_the_first() {
    let root = |wall: &mut Wall| {
        let mut other = wall.processes[0].clone();
        (other.pid, other.name) = (8000, "sh".into());
        other.uids = vec![0; 4];
        wall.processes.push(other);
    };
    assert_eq!(complaint(root), "process 8000 (sh): uid is [0, 0, 0, 0], not 1001");
}

#[test]
fn namespaces_and_network() {
    for kind in NAMESPACES {
        let without = |wall: &mut Wall| wall.namespaces.retain(|name| name != kind);
        assert_eq!(complaint(without), format!("the {kind} namespace is the host's"));
    }
    assert_eq!(complaint(|wall| wall.namespaces.retain(|name| name != "net")), "the network is the host's");
    assert_eq!(complaint(|wall| wall.interfaces.push("eth0".into())), "there is a network interface eth0");
}

#[test]
fn the_hosts_network_where_it_was_asked_for() {
    let expected = expected_of(&ContainerSpec { host_network: true, ..spec() });
    let mut wall = good();
    wall.namespaces.retain(|name| name != "net");
    wall.interfaces.push("eth0".into());
    let hosts = "200 153 254:0 /etc/hosts /etc/hosts ro,relatime - ext4 /dev/vda rw\n";
    wall.mounts = mounts(&format!("{}{hosts}", mountinfo::tests::RECORDED));
    assert_eq!(differences(&wall, &expected), Vec::<String>::new());
    assert_eq!(differences(&wall, &self::expected()).len(), 3);
}

#[test]
fn mounts_that_are_not_as_asked_for() {
    let cases = [
        ("/wall ro,nosuid,nodev", "/wall rw,nosuid,nodev", "mount /wall: it can be written"),
        ("/wall ro,nosuid,nodev", "/wall ro,nodev", "mount /wall: it lacks nosuid"),
        ("/workspace rw,nosuid,nodev", "/workspace rw,nosuid", "mount /workspace: it lacks nodev"),
        (
            "/sys ro,nosuid,nodev,noexec,relatime - sysfs sysfs ro",
            "/sys rw,nosuid,nodev,noexec - sysfs sysfs rw",
            "mount /sys: sysfs can be written",
        ),
        (
            "/home/agent rw,nosuid,nodev,relatime - tmpfs",
            "/home/agent rw,nosuid,nodev - ext4",
            "mount /home/agent: it is ext4",
        ),
        (
            "/workspace rw,nosuid,nodev,relatime -",
            "/workspace rw,nosuid,nodev,relatime shared:7 -",
            "mount /workspace: mounts made in it would appear on the host",
        ),
        (
            "/workspace rw,nosuid,nodev,relatime -",
            "/workspace rw,nosuid,nodev,relatime master:7 -",
            "mount /workspace: what the host mounts later appears in it",
        ),
        (
            "/sys/fs/cgroup/pids ro,nosuid",
            "/sys/fs/cgroup/pids rw,nosuid",
            "mount /sys/fs/cgroup/pids: cgroup can be written",
        ),
        (
            "0:36 /binnacle/a /sys/fs/cgroup/pids",
            "0:36 /binnacle /sys/fs/cgroup/pids",
            "mount /sys/fs/cgroup/pids: it shows the control groups of others",
        ),
        (
            "155 153 0:69 / /dev rw,nosuid - tmpfs",
            "155 153 0:5 / /dev rw,nosuid - devtmpfs",
            "mount /dev: nobody asked for it (/ of devtmpfs)",
        ),
        (
            "130 154 0:68 /sys /proc/sys ro,",
            "130 154 0:68 /sys /proc/sys rw,",
            "mount /proc/sys: nobody asked for it (/sys of proc)",
        ),
    ];
    for (from, to, what) in cases {
        assert_eq!(mount_complaint(from, to), what);
    }
}

#[test]
fn mounts_too_many_and_too_few() {
    let last = "134 159 0:79 / /sys/firmware ro,relatime - tmpfs tmpfs ro\n";
    let more = |line: &str| mount_complaint(last, &format!("{last}{line}"));
    assert_eq!(more("300 153 254:0 / /mnt ro - ext4 /dev/vda rw\n"), "mount /mnt: nobody asked for it (/ of ext4)");
    let docker = more("300 160 0:9 /docker.sock /run/docker.sock rw - tmpfs tmpfs rw\n");
    assert_eq!(docker, "mount /run/docker.sock: nobody asked for it (/docker.sock of tmpfs)");
    let nested = more("300 161 0:9 / /workspace/x rw - fuse.sshfs host rw\n");
    assert_eq!(nested, "mount /workspace/x: nobody asked for it (/ of fuse.sshfs)");
    assert_eq!(
        complaint(|wall| wall.mounts.retain(|mount| mount.destination != Path::new("/wall"))),
        "mount /wall: it is missing"
    );
}

#[test]
fn a_mount_that_its_parent_hides_does_not_count() {
    let mut spec = spec();
    spec.mounts.push(Mount::read_only("/r/dotgit", "/workspace/.git"));
    let check = |parent: u32| {
        let line = format!("300 {parent} 254:0 /r/dotgit /workspace/.git ro,nosuid,nodev - ext4 /dev/vda rw\n");
        let wall = Wall { mounts: mounts(&format!("{}{line}", mountinfo::tests::RECORDED)), ..good() };
        differences(&wall, &expected_of(&spec))
    };
    assert_eq!(check(161), Vec::<String>::new());
    assert_eq!(check(153), ["mount /workspace/.git: it is missing"]);
}

#[test]
fn another_folder_in_the_place_of_the_worktree() {
    let swapped = |wall: &mut Wall| {
        let mount = wall.mounts.iter_mut().find(|mount| mount.destination == Path::new("/workspace")).unwrap();
        mount.identity = Some(Identity { inode: 8, ..WORKTREE });
    };
    assert_eq!(complaint(swapped), "mount /workspace: something else than what was asked for is mounted there");
}

#[test]
fn what_the_kernel_shows_of_the_host() {
    let keys = "132 154 0:69 /null /proc/keys rw,nosuid - tmpfs tmpfs rw,size=65536k,mode=755\n";
    assert_eq!(mount_complaint(keys, ""), "/proc/keys is neither hidden nor read-only");
    assert_eq!(complaint(|wall| wall.devices.push("kvm".into())), "there is a device /dev/kvm");
}

#[test]
fn limits_that_do_not_hold() {
    let unlimited = Limit::Unlimited;
    assert_eq!(complaint(|wall| wall.limits.pids = unlimited), "the limit of processes is off, not 4096");
    let more = complaint(|wall| wall.limits.memory = Limit::At(MEMORY + PAGE));
    assert_eq!(more, "the limit of memory is 268439552, not 268435456");
    assert_eq!(
        complaint(|wall| wall.limits.millicpus = Limit::At(1502)),
        "the limit of CPUs in thousandths is 1502, not 1500"
    );
    let swap = complaint(|wall| wall.limits.memory_and_swap = unlimited);
    assert_eq!(swap, "the limit of memory and swap is off, not 268435456");
    let unknown = complaint(|wall| wall.limits.memory_and_swap = Limit::Unknown);
    assert_eq!(unknown, "the limit of memory and swap is unknown to this kernel, not 268435456");
    assert_eq!(
        complaint(|wall| wall.limits.millicpus = unlimited),
        "the limit of CPUs in thousandths is off, not 1500"
    );
    let mut without_swap = good();
    (without_swap.host.swap, without_swap.limits.memory_and_swap) = (false, Limit::Unknown);
    assert_eq!(differences(&without_swap, &expected()), Vec::<String>::new());
}

#[test]
fn what_is_stricter_than_asked_for_is_no_difference() {
    let stricter: [(&str, fn(&mut Wall)); 9] = [
        ("no dump, where dumps go to files", |wall| {
            wall.host.dumps_to_program = false;
            wall.processes[0].core_dump = Some(0);
        }),
        ("smaller files", |wall| wall.processes[0].file_size = Some(0)),
        ("seccomp's strict mode", |wall| wall.processes[0].seccomp = 1),
        ("fewer processes", |wall| wall.limits.pids = Limit::At(7)),
        ("less memory", |wall| wall.limits.memory = Limit::At(MEMORY / 2)),
        ("less memory and swap", |wall| wall.limits.memory_and_swap = Limit::At(MEMORY / 2)),
        ("less of a CPU", |wall| wall.limits.millicpus = Limit::At(500)),
        ("more namespaces", |wall| wall.namespaces.push("user".to_owned())),
        ("no network interface, no device", |wall| {
            wall.interfaces.clear();
            wall.devices.clear();
        }),
    ];
    for (what, change) in stricter {
        let mut wall = good();
        change(&mut wall);
        assert_eq!(differences(&wall, &expected()), Vec::<String>::new(), "{what}");
    }
    let options = [
        ("/workspace rw,nosuid,nodev,", "/workspace ro,nosuid,nodev,noexec,"),
        ("/home/agent rw,nosuid,nodev,", "/home/agent rw,nosuid,nodev,noexec,"),
    ];
    for (asked, stricter) in options {
        assert!(mountinfo::tests::RECORDED.contains(asked), "{asked}");
        let wall = Wall { mounts: mounts(&mountinfo::tests::RECORDED.replace(asked, stricter)), ..good() };
        assert_eq!(differences(&wall, &expected()), Vec::<String>::new(), "{stricter}");
    }
}

#[test]
fn a_host_that_gives_dumps_to_a_program() {
    for program in ["|/usr/share/apport/apport -p%p", "@/run/dumps.socket", "@@/run/dumps.socket"] {
        assert!(HostFacts::is_program(program), "{program}");
    }
    assert!(!HostFacts::is_program("core") && !HostFacts::is_program("/var/core/%p"));
}

#[test]
fn apparmor_where_it_was_asked_for() {
    let expected = expected_of(&ContainerSpec { apparmor: Some("bn-default".into()), ..spec() });
    let with = |text: Option<&str>| {
        let wall = Wall { apparmor: text.map(str::to_owned), ..good() };
        differences(&wall, &expected)
    };
    assert_eq!(with(Some("bn-default (enforce)")), Vec::<String>::new());
    assert_eq!(with(Some("bn-default (kill)")), Vec::<String>::new());
    assert_eq!(with(Some("bn-default//&lxd (enforce)")), Vec::<String>::new());
    for lower in ["bn-default (complain)", "bn-default//&lxd (mixed)", "bn-default-too (enforce)"] {
        assert_eq!(with(Some(lower)), [format!("the AppArmor profile is {lower}, not bn-default (enforce)")]);
    }
    assert_eq!(with(Some("unconfined")), ["the AppArmor profile is unconfined, not bn-default (enforce)"]);
    assert_eq!(with(None), ["the AppArmor profile is absent, not bn-default (enforce)"]);
}

#[test]
fn a_wall_as_json() {
    let json = serde_json::to_value(good()).unwrap();
    assert_eq!(json["limits"]["pids"], 4096);
    assert_eq!(json["processes"][0]["capabilities"]["bounding"], 0);
    let mut open = good();
    open.limits.pids = Limit::Unlimited;
    assert_eq!(serde_json::to_value(open).unwrap()["limits"]["pids"], "unlimited");
}
