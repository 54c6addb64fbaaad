//! Folders of this machine's that a run is given.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::running::MEET;
use crate::world::{World, answer, run_line};

const NO_SOCKET: &str = r#"perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "$ARGV[0]/sock", Listen => 1) or die "no socket in $ARGV[0]: $!\n"'"#;

/// A world with a folder to read and one to write.
fn world() -> World {
    let world = World::new();
    world.shell("mkdir home/read home/write; echo hello > home/read/file");
    world
}

#[test]
fn an_agent_reads_what_it_is_given_and_writes_where_it_may() {
    let world = world();
    let script = format!(
        "cat /read/file; echo x > /read/file; rm -f /read/file; touch /read/new; cp /read/file /write/copy; echo '#!/bin/true' > /write/run
         chmod 4755 /write/run; mknod /write/device b 1 1; {NO_SOCKET} /write; {NO_SOCKET} /tmp && echo a socket in /tmp; true"
    );
    let mounts = ["--name", &world.job(), "--mount", "~/read:/read", "--mount", "~/write:/write:rw"];
    let answer = world.agent(&mounts, &format!("exec 2>&1; {script}")).exits(0);
    assert!(answer.stdout.contains("hello\n") && answer.stdout.contains("a socket in /tmp\n"), "{answer:#?}");
    assert_eq!(answer.stdout.matches("Read-only file system").count(), 3, "{answer:#?}");
    assert!(answer.stdout.contains("no socket in /write: Permission denied"), "{answer:#?}");
    assert!(answer.stdout.contains("mknod: /write/device: Operation not permitted"), "{answer:#?}");
    assert_eq!(
        world.shell("cat home/read/file home/write/copy; ls home/read home/write"),
        "hello\nhello\nhome/read:\nfile\n\nhome/write:\ncopy\nrun"
    );
    let inspected = world.bn(&["container", "inspect", &world.job()]).exits(0);
    let record: serde_json::Value = serde_json::from_str(&inspected.stdout).unwrap();
    assert_eq!(record["record"]["spec"]["mounts"][1]["destination"], "/write");
    assert_eq!(record["record"]["spec"]["mounts"][1]["writable"], true);
}

#[test]
fn a_program_that_is_started_later_makes_no_socket_there_either() {
    let world = world();
    let running = world.start(&["--name", &world.job(), "--mount", "~/write:/mnt/a/write:rw"], MEET);
    running.meet();
    let line = format!("{NO_SOCKET} /mnt/a/write");
    let later = world.bn(&["container", "exec", &world.job(), "--", "bash", "-c", &line]);
    assert!(later.stderr.contains("no socket in /mnt/a/write: Permission denied"), "{later:#?}");
    running.go_on().exits(0);
}

#[test]
fn what_takes_the_place_of_a_folder_before_it_is_mounted_is_not_given() {
    let world = world();
    world.shell("mkdir home/.ssh shims; echo canary > home/.ssh/file");
    let root = world.root().display();
    let shim = format!(
        "#!/bin/bash\nif [[ \" $* \" == *' run '* ]]; then rm -rf {root}/home/read; ln -s {root}/home/.ssh {root}/home/read; fi\nexec {} \"$@\"\n",
        world.shell("command -v ctr")
    );
    fs::write(world.path("shims/ctr"), shim).unwrap();
    fs::set_permissions(world.path("shims/ctr"), fs::Permissions::from_mode(0o755)).unwrap();
    let path = format!("{root}/shims:{}", std::env::var("PATH").unwrap());
    let line = run_line("../agent-1", &["--name", &world.job(), "--mount", "~/read:/read"], "cat /read/file");
    let refused = answer(world.bn_command(&line).env("PATH", path).output().unwrap()).exits(125);
    let why = "mount /read: something else than what was asked for is mounted there";
    assert!(refused.stderr.contains(why) && !refused.stdout.contains("canary"), "{refused:#?}");
    world.assert_nothing_runs(&world.job());
}

#[test]
fn what_is_written_to_a_folder_of_the_users_counts() {
    let world = world();
    let script = "head -c 150M /dev/zero > /write/a; head -c 150M /dev/zero > /write/b; sleep 20";
    let line = ["--name", &world.job(), "--disk", "200m", "--mount", "~/write:/write:rw"];
    let ended = world.agent(&line, script).exits(137);
    assert!(ended.stderr.contains("out of disk"), "{ended:#?}");
}
