//! Disks that are full, or fill up.

use std::fs;
use std::process::Command;

use crate::input::assert_no_trace;
use crate::world::{User, World};

/// A file system of this size for the records and the graph, for as long as the test takes.
struct Small<'a>(&'a World);

impl<'a> Small<'a> {
    fn mount(world: &'a World, size: &str) -> Self {
        fs::create_dir_all(world.path("home/.local")).unwrap();
        let small = Self(world);
        assert!(small.does(&["mount", "-t", "tmpfs", "-o", &format!("size={size},mode=0777"), "tmpfs"]));
        small
    }

    fn grow(&self, size: &str) {
        assert!(self.does(&["mount", "-o", &format!("remount,size={size}")]));
    }

    fn does(&self, command: &[&str]) -> bool {
        let folder = self.0.path("home/.local");
        Command::new("sudo").arg("-n").args(command).arg(folder).status().unwrap().success()
    }
}

impl Drop for Small<'_> {
    fn drop(&mut self) {
        self.does(&["umount"]);
    }
}

#[test]
fn a_full_disk_is_said_and_leaves_nothing_behind() {
    let world = World::new();
    for size in ["4k", "16k", "64k"] {
        let _small = Small::mount(&world, size);
        let answer = world.run("true").exits(125);
        assert_eq!(answer.stderr.lines().filter(|line| line.starts_with("Error: ")).count(), 1, "{answer:#?}");
        // The graph, git or bn itself: whoever is the first to find no room says so.
        let said = ["No space left", "no space is left for the graph"];
        assert!(said.iter().any(|words| answer.stderr.contains(words)), "{answer:#?}");
        assert!(answer.stderr.contains("\nhint: "), "{answer:#?}");
        assert_no_trace(&world, &world.job());
    }
    world.run("true").exits(0);
}

#[test]
fn a_disk_that_fills_up_under_the_agent_costs_no_commit() {
    let world = World::new();
    let small = Small::mount(&world, "6m");
    let script =
        "git commit -q --allow-empty -m work; dd if=/dev/zero of=/run/binnacle/git/fill bs=64k status=none; true";
    // What it may write is more than there is, and it is faster than anybody looks.
    let answer = world.agent(&["--name", &world.job(), "--disk", "1g"], script).exits(125);
    // The graph, git and bn itself write there: whoever finds no room says so.
    let said = ["No space left on device", "no space is left for the graph"];
    assert!(said.iter().any(|words| answer.stderr.contains(words)), "{answer:#?}");
    let hints = ["hint: free some space", "the disk is full: make room", "hint: make room on that disk"];
    assert!(hints.iter().any(|hint| answer.stderr.contains(hint)), "{answer:#?}");
    let row = world.row(&world.job());
    assert!(["interrupted", "collect-failed"].contains(&row["status"].as_str().unwrap()));
    // The repository has room: whether the commit came as far as there is said as it is.
    let merged = row["outcome"] == "merged";
    world.assert_on_main(if merged { "work" } else { "first" });
    assert_eq!(answer.stderr.contains("what the agent committed is on main"), merged, "{answer:#?}");
    world.merge().exits(125);
    small.grow("60m");
    world.merge_all_the_same().exits(0);
    world.assert_on_main("work");
    world.assert_nothing_runs(&world.job());
}

/// Writes a mebibyte at a time, as the shell's line says, until it has tried to write four gibibytes.
fn writes(line: &str) -> String {
    format!("git commit -q --allow-empty -m work; for i in $(seq 4096); do {line}; done; echo never stopped")
}

#[test]
fn an_agent_cannot_eat_the_disk() {
    let world = World::of_other(User::Passwordless).unwrap_or_else(World::new);
    let mebibyte = "dd if=/dev/zero bs=1M count=1 status=none";
    // Who is not to be dumped is not to be looked at by others of the same uid.
    let hides = r#"perl -e 'syscall(157, 4, 0); for (1 .. 900) { open($f[$_], ">", "file"); unlink("file"); syswrite($f[$_], "x" x 1048576) } sleep 9'"#;
    let ways = [
        ("many", format!("{mebibyte} of=file-$i")),
        ("nested", format!("mkdir -p d && cd d && {mebibyte} of=file")),
        ("nameless", format!("exec {{fd}}> file; rm file; {mebibyte} >&$fd")),
        ("hidden", hides.to_owned()),
        ("closed", format!("mkdir -p c; chmod 300 c; {mebibyte} of=c/$i")),
        ("git", format!("{mebibyte} of=/run/binnacle/git/fill-$i")),
        ("graph", format!("{mebibyte} of=/binnacle/$i")),
        ("words", format!("{mebibyte} | tr '\\0' a")),
    ];
    for (way, line) in ways {
        let name = world.name(way);
        let options = ["--no-merge", "--name", &name, "--disk", "32m", "--graph", "files"];
        let answer = world.agent(&options, &writes(&line)).exits(137);
        assert!(answer.stderr.contains(&format!("{name}: out of disk, 1 commit is kept")), "{way}: {answer:#?}");
        assert!(answer.stderr.contains("more than its limit of 32 MiB; --disk gives it more"), "{way}: {answer:#?}");
        assert!(!answer.stdout.contains("never stopped"), "{way}");
        assert_eq!(world.row(&name)["status"], "out of disk");
        world.assert_nothing_runs(&name);
        // Its own copy of the log is among them.
        let taken = world.shell("chmod -R u+rwX agent-1; du -sm . | cut -f1");
        assert!(taken.trim().parse::<u32>().unwrap() < 2048, "{way}: {taken} MiB");
        world.bn(&["container", "merge", &name, "--yes"]).exits(0);
        world.shell("rm -rf agent-1/* home/.local/share/binnacle/*/[0-9]*");
    }
}

#[test]
fn what_the_image_gives_to_the_agent_is_counted_too() {
    let world = World::of_other(User::Passwordless).unwrap_or_else(World::new);
    let name = world.job();
    let script =
        format!("{}; {}", crate::running::MEET, writes("dd if=/dev/zero bs=1M count=1 status=none of=/srv/$i"));
    let running = world.start(&["--name", &name, "--no-merge", "--disk", "32m"], &script);
    running.meet();
    let record = world.shell(&format!("cat home/.local/state/binnacle/*/runs/{name}/run.json"));
    let record: serde_json::Value = serde_json::from_str(&record).unwrap();
    let given = format!("/proc/{}/root/srv", record["pid"]);
    let opened = Command::new("sudo").args(["-n", "chmod", "1777", &given]).status().unwrap();
    assert!(opened.success());
    let answer = running.go_on().exits(137);
    assert!(answer.stderr.contains("more than its limit of 32 MiB"), "{answer:#?}");
}

#[test]
fn no_single_file_is_larger_than_the_disk_that_a_run_may_use() {
    let world = World::new();
    let script =
        "dd if=/dev/zero of=big bs=1M seek=15 count=64 status=none; truncate -s 1g sparse; stat -c %s big sparse";
    let answer = world.agent(&["--name", &world.job(), "--disk", "16m"], script).exits(0);
    assert!(
        answer.stdout.contains("File size limit exceeded") || answer.stdout.contains("File too large"),
        "{answer:#?}"
    );
    assert!(answer.stdout.contains("\n16777216\n0\n"), "{answer:#?}");
}

#[test]
fn no_room_is_taken_without_writing() {
    let world = World::new();
    let script = r#"perl -e 'open(F, ">", "file"); syswrite(F, "x" x 1048576);
        for (0, 1, 16, 17, 3) { $! = 0; syscall(285, fileno(F), $_, 0, 1 << 30); print "mode $_: $!\n" }
        for (0x40305828, 0x4030582a, 0x40305839) { $! = 0; $room = pack("ssx4qqlLx16", 0, 0, 0, 1 << 30, 0, 0); ioctl(F, $_, $room); print "$!\n" }';
        stat -c 'blocks %b' file; fallocate -x -l 1m by-writing && stat -c %s by-writing"#;
    let answer = world.agent(&["--name", &world.job(), "--disk", "2g"], script).exits(0);
    let refused = "Operation not supported";
    let expected = format!("mode 0: {refused}\nmode 1: {refused}\nmode 16: {refused}\nmode 17: {refused}\nmode 3: \n");
    assert!(answer.stdout.contains(&expected), "{answer:#?}");
    assert!(
        answer.stdout.contains(&format!("{}blocks 0\n1048576\n", "Operation not permitted\n".repeat(3))),
        "{answer:#?}"
    );
}

#[test]
fn a_disk_that_somebody_else_fills_up_ends_the_run_while_there_is_room() {
    let world = World::new();
    let small = Small::mount(&world, "40m");
    let name = world.job();
    let script = format!("git commit -q --allow-empty -m work; {}; sleep 60", crate::running::MEET);
    let running = world.start(&["--name", &name, "--no-merge", "--disk", "1g"], &script);
    running.meet();
    world.shell("head -c 38000000 /dev/zero > home/.local/filler");
    let answer = running.go_on().exits(137);
    assert!(answer.stderr.contains("less than an eighth of the disk"), "{answer:#?}");
    assert!(answer.stderr.contains("1 commit is kept"), "{answer:#?}");
    drop(small);
}

#[test]
fn what_others_write_is_not_the_run_s() {
    let world = World::new();
    let running = world.start(&["--name", &world.job(), "--disk", "16m"], crate::running::MEET);
    running.meet();
    world.shell("head -c 100000000 /dev/zero > beside; sync beside; sleep 3");
    running.go_on().exits(0);
}
