//! Stores that cannot be used: a clear error that says what to do, and never an empty list in their place.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;

use insta::assert_snapshot;

use crate::crowd::{contained, container, namespace};
use crate::world::{Answer, World};

/// A world with three tasks, and the path of its file.
fn three_tasks() -> (World, PathBuf) {
    let world = World::new();
    for title in ["One", "Two", "Three"] {
        world.task(title, &[]);
    }
    let file = world.graph().join("graph.db");
    (world, file)
}

fn neutral(world: &World, answer: Answer) -> String {
    let graph = world.graph().to_string_lossy().into_owned();
    answer.refused(125).replace(&graph, "[GRAPH]").replace(env!("CARGO_PKG_VERSION"), "[VERSION]")
}

#[test]
fn a_graph_of_a_newer_version_is_left_alone() {
    let (world, file) = three_tasks();
    rusqlite::Connection::open(&file).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let before = fs::read(&file).unwrap();
    assert_snapshot!(neutral(&world, world.bn(&["ready"])), @r"
    Error: the graph [GRAPH]/graph.db was written by a newer bn: it has format 99, and this one ([VERSION]) knows 4
    hint: update this bn; in a container: build the image again with `bn container build`
    ");
    assert_eq!(world.bn(&["task", "create", "x"]).code, 125);
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn what_is_no_graph_is_not_taken_for_one() {
    let (world, file) = three_tasks();
    let whole = fs::read(&file).unwrap();
    fs::write(&file, "").unwrap();
    assert_snapshot!(neutral(&world, world.bn(&["ready"])), @r"
    Error: the graph [GRAPH]/graph.db is damaged: it is empty
    hint: copy the whole folder [GRAPH] to another place before anything else
    hint: then, on the host, `bn restore` lists the copies there are and puts one back; it keeps what it replaces
    ");
    fs::write(&file, "This is no database, and it never was one.").unwrap();
    assert_snapshot!(neutral(&world, world.bn(&["ready"])), @r"
    Error: the graph [GRAPH]/graph.db is damaged: file is not a database
    hint: copy the whole folder [GRAPH] to another place before anything else
    hint: then, on the host, `bn restore` lists the copies there are and puts one back; it keeps what it replaces
    ");
    assert_eq!(world.bn(&["task", "create", "x"]).code, 125);
    fs::remove_file(&file).unwrap();
    rusqlite::Connection::open(&file).unwrap().execute_batch("CREATE TABLE t (x)").unwrap();
    assert_snapshot!(neutral(&world, world.bn(&["ready"])), @r"
    Error: the graph [GRAPH]/graph.db is damaged: it is another program's database
    hint: copy the whole folder [GRAPH] to another place before anything else
    hint: then, on the host, `bn restore` lists the copies there are and puts one back; it keeps what it replaces
    ");
    fs::remove_file(&file).unwrap();
    fs::write(world.path("elsewhere"), &whole).unwrap();
    symlink(world.path("elsewhere"), &file).unwrap();
    assert_snapshot!(neutral(&world, world.bn(&["ready"])), @r"
    Error: the graph [GRAPH]/graph.db is damaged: it is not a regular file
    hint: copy the whole folder [GRAPH] to another place before anything else
    hint: then, on the host, `bn restore` lists the copies there are and puts one back; it keeps what it replaces
    ");
    fs::remove_file(&file).unwrap();
    fs::write(file.with_file_name("graph.db-wal"), &whole).unwrap();
    assert_snapshot!(neutral(&world, world.bn(&["ready"])), @r"
    Error: the graph [GRAPH]/graph.db is damaged: the file is gone, but its log [GRAPH]/graph.db-wal is there
    hint: copy the whole folder [GRAPH] to another place before anything else
    hint: then, on the host, `bn restore` lists the copies there are and puts one back; it keeps what it replaces
    ");
}

#[test]
fn whichever_page_is_damaged_no_task_is_missing_without_a_word() {
    let (world, file) = three_tasks();
    let whole = fs::read(&file).unwrap();
    let right = world.bn(&["task", "list", "--sort", "title"]).ok();
    let mut errors = 0;
    for page in 0..whole.len() / 4096 {
        for fill in [0_u8, 0xff] {
            let mut damaged = whole.clone();
            damaged[page * 4096..(page + 1) * 4096].fill(fill);
            fs::write(&file, &damaged).unwrap();
            let answer = world.bn(&["task", "list", "--sort", "title"]);
            if answer.code == 0 {
                assert_eq!(answer.stdout, right, "page {page}");
                continue;
            }
            errors += 1;
            let says = answer.refused(125);
            assert!(says.contains("is damaged: ") && says.contains("hint: "), "page {page}: {says}");
        }
    }
    assert!(errors >= 4, "{errors}");
    fs::write(&file, &whole[..whole.len() / 2]).unwrap();
    let cut = world.bn(&["task", "list"]).refused(125);
    assert!(cut.contains("is damaged: "), "{cut}");
}

#[test]
fn doctor_finds_what_does_not_fit_and_mends_it() {
    let (world, file) = three_tasks();
    let waiting = world.task("Waiting", &["--depends-on", &world.task("Dependency", &[])]);
    world.agent("ann", &["task", "claim", &world.task("Claimed", &[])]).ok();
    let db = rusqlite::Connection::open(&file).unwrap();
    db.execute_batch("UPDATE tasks SET waits_for = 7 WHERE title = 'Waiting'").unwrap();
    db.execute_batch("UPDATE sessions SET ended_at = 1, end_reason = 'lost'").unwrap();
    db.execute_batch("DELETE FROM words WHERE rowid = 1").unwrap();
    db.execute_batch("UPDATE tasks SET closed_at = 1 WHERE title = 'One'").unwrap();
    drop(db);
    let found = world.bn(&["doctor"]);
    assert_eq!(found.code, 1);
    assert_snapshot!(world.neutral(&found.stdout), @r"
    ✗ counts of links are wrong: bn-A (`bn doctor --fix` mends it)
    ✗ status and dates contradict each other: bn-B (`bn doctor --fix` mends it)
    ✗ claims belong to sessions that are over: bn-C (`bn doctor --fix` mends it)
    ✗ search does not find 1 of the tasks (`bn doctor --fix` mends it)
      The graph is [WORLD]/home/.local/share/binnacle/HASH, host mode (no container of bn's).
    ");
    assert_snapshot!(world.neutral(&world.bn(&["doctor", "--fix"]).ok()), @r"
    ✗ counts of links are wrong: bn-A (mended)
    ✗ status and dates contradict each other: bn-B (mended)
    ✗ claims belong to sessions that are over: bn-C (mended)
    ✗ search does not find 1 of the tasks (mended)
      The graph is [WORLD]/home/.local/share/binnacle/HASH, host mode (no container of bn's).
    ");
    assert_eq!(world.json(&["doctor"])["well"], true);
    assert_eq!(world.json(&["task", "show", &waiting])["waits_for"], 1);
    assert_eq!(world.json(&["search", "one"])["total"], 1);
    assert_eq!(world.json(&["task", "list", "--status", "in_progress"])["total"], 0);
}

/// Runs a script in a mount namespace of its own, with a home on a small disk.
fn on_a_small_disk(world: &World, script: &str) -> String {
    let disk = world.path("disk");
    fs::create_dir(&disk).unwrap();
    let words = namespace();
    let setup = format!(
        "set -e; mount -t tmpfs -o size=2m tmpfs '{}'; export XDG_DATA_HOME='{}'; {script}",
        disk.display(),
        disk.display()
    );
    let mut command = Command::new(words[0]);
    command.args(&words[1..]).args(["sh", "-c", &setup]).current_dir(world.repo()).env_clear();
    command.env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin").env("HOME", world.path("home"));
    command.env("bn", assert_cmd::cargo::cargo_bin!("bn"));
    Answer::of(command.output().unwrap()).ok()
}

#[test]
fn a_full_disk_is_said_loses_nothing_and_is_got_over() {
    let world = World::new();
    let script = r#"
        head -c 300000 /dev/zero > "$XDG_DATA_HOME/filler"
        text=$(head -c 20000 /dev/zero | tr '\0' x)
        created=0
        while "$bn" task create "Task $created" -d "$text" > answer 2> error; do created=$((created + 1)); done || true
        echo "last answer: $(cat answer)"
        sed "s|$XDG_DATA_HOME|DISK|; s|[0-9a-f]\{16\}|HASH|" error
        "$bn" task create one -d "$text" > /dev/null 2>&1 || echo "exit code $?"
        test "$("$bn" task list --limit 0 --json | tr ',' '\n' | grep -c '"title"')" = "$created"
        "$bn" doctor > /dev/null && echo sound
        rm "$XDG_DATA_HOME/filler"
        "$bn" task create again > /dev/null && "$bn" doctor > /dev/null && echo "goes on"
    "#;
    assert_snapshot!(on_a_small_disk(&world, script), @r"
    last answer: 
    Error: no space is left for the graph in DISK/binnacle/HASH; nothing was written
    hint: make room on that disk, and try again
    exit code 125
    sound
    goes on
    ");
}

#[test]
fn a_read_only_graph_is_said_to_be_one() {
    let world = World::new();
    let script = r#"
        "$bn" task create "Here" > /dev/null
        mount -o remount,bind,ro "$XDG_DATA_HOME"
        for command in ready "task create x" doctor; do
          "$bn" $command > answer 2> error || echo "exit code $?"
          cat answer
          sed "s|$XDG_DATA_HOME|DISK|; s|[0-9a-f]\{16\}|HASH|; s|uid [0-9]*|uid N|" error
        done
    "#;
    assert_snapshot!(on_a_small_disk(&world, script), @r"
    exit code 125
    Error: the graph cannot be written: DISK/binnacle/HASH/graph.db is read-only for uid N
    hint: make it writable for you: `ls -la DISK/binnacle/HASH/graph.db` shows whose it is; mounted read-only it cannot be used
    exit code 125
    Error: the graph cannot be written: DISK/binnacle/HASH/graph.db is read-only for uid N
    hint: make it writable for you: `ls -la DISK/binnacle/HASH/graph.db` shows whose it is; mounted read-only it cannot be used
    exit code 125
    Error: the graph cannot be written: DISK/binnacle/HASH/graph.db is read-only for uid N
    hint: make it writable for you: `ls -la DISK/binnacle/HASH/graph.db` shows whose it is; mounted read-only it cannot be used
    ");
}

#[test]
fn without_its_mount_a_container_has_no_graph() {
    let world = World::new();
    world.bn(&["ready"]).ok();
    let root = container(&world);
    let script = format!("umount '{0}' && rmdir '{0}' && $bn ready", root.join("binnacle").display());
    let answer = Answer::of(contained(&world, &root, &script).output().unwrap());
    assert_snapshot!(answer.refused(125), @r"
    Error: the graph's folder is not mounted at /binnacle
    hint: start the container with `bn container run`, which mounts the graph at /binnacle
    ");
}

/// A variable that was left set must not make a person's tasks seem gone, nor put anything at /binnacle.
#[test]
fn a_word_alone_makes_no_container() {
    let world = World::new();
    let id = world.task("Mine", &[]);
    for args in [&["ready"][..], &["orient"], &["doctor"], &["container", "list"]] {
        let answer = Answer::of(world.command(args).env("BN_CONTAINER_MODE", "1").output().unwrap());
        assert_eq!(answer.code, 0, "{answer:?}");
        assert_eq!(answer.stderr, "BN_CONTAINER_MODE is set, but this is no container of bn's: it changes nothing\n");
        assert!(args[0] == "container" || args[0] == "doctor" || answer.stdout.contains(&id), "{answer:?}");
    }
    assert!(!std::path::Path::new("/binnacle").exists());
}

/// A folder of that name may be anybody's. In a root of its own, where it can be made.
#[test]
fn a_folder_alone_makes_no_container() {
    let world = World::new();
    world.bn(&["ready"]).ok();
    let root = container(&world);
    fs::remove_file(root.join("usr/local/lib/binnacle/container")).unwrap();
    let answer = Answer::of(contained(&world, &root, "HOME=/home $bn ready").output().unwrap());
    assert!(answer.stderr.starts_with("BN_CONTAINER_MODE is set, but"), "{answer:?}");
    let answer =
        Answer::of(contained(&world, &root, "unset BN_CONTAINER_MODE; HOME=/home $bn ready").output().unwrap());
    assert!(answer.stderr.starts_with("there is a folder /binnacle, but"), "{answer:?}");
}

#[test]
fn what_works_on_the_host_says_so_in_a_container() {
    let world = World::new();
    world.bn(&["ready"]).ok();
    let root = container(&world);
    let refused = |line: &str| {
        let answer = Answer::of(contained(&world, &root, &format!("$bn {line}")).output().unwrap());
        answer.refused(2)
    };
    let run = refused("container run");
    assert_snapshot!(run, @r"
    Error: `bn container` works on the host, and this is one of its containers (BN_CONTAINER_MODE is set, and this is an image of bn's)
    hint: the task graph is here, too: bn orient
    ");
    for verb in ["list", "prune", "doctor", "allow-sets", "own folder"] {
        assert_eq!(refused(&format!("container {verb}")), run, "{verb}");
    }
    assert_eq!(refused("config"), run.replace("`bn container`", "`bn config`"));
    let answer = Answer::of(contained(&world, &root, "$bn orient; $bn doctor").output().unwrap());
    let said = "/binnacle, container mode (BN_CONTAINER_MODE is set, and this is an image of bn's).\n";
    assert_eq!(answer.ok().matches(said).count(), 2);
}

#[test]
fn a_damaged_graph_is_replaced_by_a_copy_and_kept() {
    let (world, file) = three_tasks();
    let copies = world.path("home/.local/share/binnacle/backups").join(world.graph().file_name().unwrap());
    fs::create_dir_all(&copies).unwrap();
    world.bn(&["backup", copies.join("copy.db").to_str().unwrap()]).ok();
    let whole = world.bn(&["export"]).ok();
    fs::write(&file, "no longer a database").unwrap();
    let restored = world.json(&["restore", "copy.db"]);
    assert_eq!(world.bn(&["export"]).ok(), whole);
    world.bn(&["task", "create", "it goes on"]).ok();
    let replaced = PathBuf::from(restored["replaced"].as_str().unwrap());
    let kept = if replaced.is_dir() { replaced.join("graph.db") } else { replaced };
    assert_eq!(fs::read_to_string(kept).unwrap(), "no longer a database");
}
