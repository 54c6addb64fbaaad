//! A graph's folder as an agent may leave it that had the file and was told to do harm: whoever reads it afterwards gets an answer soon, and nothing else.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::world::{Answer, World};

/// Longer than anything here may take, on a machine with much else to do.
const SOON: Duration = Duration::from_secs(30);

/// What people type, reading and writing.
const COMMANDS: [&[&str]; 10] = [
    &["ready"],
    &["orient"],
    &["task", "list", "--all"],
    &["task", "create", "x"],
    &["search", "one"],
    &["blocked"],
    &["log"],
    &["export"],
    &["doctor"],
    &["agent", "list", "--all"],
];

/// A world with a task, and the path of its file.
fn one_task() -> (World, PathBuf) {
    let world = World::new();
    world.task("One", &[]);
    let file = world.graph().join("graph.db");
    (world, file)
}

/// The answer, which has to come soon: a command that hangs is killed.
fn soon(world: &World, args: &[&str]) -> Answer {
    let (answer, time) = soon_or_killed(world, args);
    assert!(time < SOON, "{args:?} took {time:?}");
    answer
}

fn soon_or_killed(world: &World, args: &[&str]) -> (Answer, Duration) {
    let begun = Instant::now();
    let command = world.command(args);
    let mut patient = Command::new("timeout");
    patient.args(["-s", "KILL", "40"]).arg(command.get_program()).args(command.get_args());
    patient.current_dir(world.repo()).env_clear().env("PATH", "/usr/bin:/bin").env("HOME", world.path("home"));
    (Answer::of(patient.output().unwrap()), begun.elapsed())
}

/// Each command says what is damaged, and what to do then.
fn assert_refused(world: &World, what: &str) {
    for args in COMMANDS {
        let said = soon(world, args).refused(125);
        assert!(said.contains(what) && said.contains("`bn restore`"), "{args:?}: {said}");
    }
}

#[test]
fn what_stands_beside_the_file_holds_nobody_and_is_not_followed() {
    let (world, file) = one_task();
    let treasure = world.path("treasure");
    for ending in ["-journal", "-wal", "-shm"] {
        let beside = file.with_file_name(format!("graph.db{ending}"));
        fs::write(&treasure, "the user's own").unwrap();
        assert!(Command::new("mkfifo").arg(&beside).status().unwrap().success());
        assert_refused(&world, &format!("graph.db{ending} "));
        fs::remove_file(&beside).unwrap();
        fs::create_dir(&beside).unwrap();
        assert_refused(&world, &format!("graph.db{ending} "));
        fs::remove_dir(&beside).unwrap();
        symlink(&treasure, &beside).unwrap();
        assert_refused(&world, &format!("graph.db{ending} "));
        fs::remove_file(&beside).unwrap();
        assert_eq!(fs::read_to_string(&treasure).unwrap(), "the user's own");
    }
    world.bn(&["ready"]).ok();
}

#[test]
fn a_planted_journal_does_not_come_back_over_a_restored_copy() {
    let (world, file) = one_task();
    world.bn(&["backup", "copy.db"]).ok();
    let journal = file.with_file_name("graph.db-journal");
    let pages = u32::try_from(fs::metadata(&file).unwrap().len() / 4096).unwrap();
    let header: Vec<u8> = [0, 1, pages, 512, 4096].iter().flat_map(|number: &u32| number.to_be_bytes()).collect();
    let magic = [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7];
    fs::write(&journal, [&magic[..], &header, &[0; 484]].concat()).unwrap();
    assert_refused(&world, "graph.db-journal ");
    assert!(journal.exists(), "nobody obeyed it");
    let repo = world.repo();
    let restored = world.json(&["restore", repo.join("copy.db").to_str().unwrap()]);
    let replaced = PathBuf::from(restored["replaced"].as_str().unwrap());
    assert!(replaced.join("graph.db-journal").exists() && !journal.exists());
    assert!(world.bn(&["ready"]).ok().contains("One"));
}

#[test]
fn no_code_of_strangers_in_the_file_is_run() {
    let endless = "WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c) SELECT count(*) FROM c";
    for code in [
        format!("CREATE TRIGGER planted AFTER INSERT ON sessions BEGIN SELECT count(*) FROM ({endless}); END"),
        format!("CREATE TRIGGER planted AFTER INSERT ON tasks BEGIN SELECT count(*) FROM ({endless}); END"),
        format!(
            "DROP INDEX tasks_ready; ALTER TABLE tags RENAME TO t; CREATE VIEW tags AS SELECT * FROM t, ({endless})"
        ),
        "CREATE VIRTUAL TABLE planted USING fts5 (x)".to_owned(),
        "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = sql || ' ' WHERE name = 'tasks'".to_owned(),
    ] {
        let (world, file) = one_task();
        rusqlite::Connection::open(&file).unwrap().execute_batch(&code).unwrap();
        assert_refused(&world, "its tables are not the ones that bn makes");
    }
}

/// Everything that an agent may write, with all that a terminal obeys, and orders that only a model reads.
#[test]
fn nothing_that_a_terminal_obeys_or_nobody_sees_gets_through() {
    let (world, file) = one_task();
    let evil = "A\u{1b}]0;title\u{7}\u{1b}[2J\u{9b}31m\u{202e}B\rC\u{7f}\u{e0072}\u{e006d}\u{200b}\u{fe0f}";
    let conn = rusqlite::Connection::open(&file).unwrap();
    conn.execute_batch("PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF").unwrap();
    let change = |sql: &str| assert!(conn.execute(sql, [evil]).is_ok(), "{sql}");
    change("UPDATE meta SET value = ?1 WHERE key = 'project'");
    change("INSERT INTO sessions VALUES ('s-' || ?1, ?1, ?1, ?1, ?1, 1, 1, NULL, ?1, ?1)");
    change("UPDATE tasks SET title = ?1, description = ?1, assignee = ?1, created_by = ?1, closed_reason = ?1");
    change(
        "INSERT INTO tasks (id, title, created_by, created_at, updated_at, status, session, assignee) \
         VALUES ('bn-' || ?1, ?1, ?1, 1, 1, 'in_progress', 's-' || ?1, ?1)",
    );
    change("INSERT INTO tags SELECT id, ?1 FROM tasks");
    change(
        "INSERT INTO events (at, actor, session, task, other, kind, data) \
         SELECT 1, ?1, ?1, id, ?1, 'noted', json_object('text', ?1) FROM tasks",
    );
    let id = world.bn(&["ready", "--json"]).json()["tasks"][0]["id"].as_str().unwrap().to_owned();
    let of_one: [&[&str]; 4] =
        [&["task", "show", &id], &["graph", &id], &["graph", &id, "--dot"], &["task", "close", &id]];
    let clean = |args: &[&str]| {
        for more in [&[][..], &["--json"]] {
            let answer = soon(&world, &[args, more].concat());
            let said = answer.stdout + &answer.stderr;
            let evil = |letter: &char| *letter != '\n' && evil.contains(*letter) && !letter.is_ascii_graphic();
            assert_eq!(said.chars().find(evil), None, "{args:?}: {said:?}");
        }
    };
    COMMANDS.iter().chain(&of_one).for_each(|args| clean(args));
    // A word that bn does not know comes back in the error.
    change("UPDATE events SET kind = ?1");
    change("UPDATE tasks SET type = ?1");
    assert!(soon(&world, &["task", "list"]).stderr.contains("A\\u{1b}]0;title"));
    COMMANDS.iter().chain(&of_one).for_each(|args| clean(args));
}

#[test]
fn a_text_of_gigabytes_is_not_read() {
    let (world, file) = one_task();
    let conn = rusqlite::Connection::open(&file).unwrap();
    conn.execute("UPDATE tasks SET title = CAST(zeroblob(100000000) AS TEXT)", []).unwrap();
    for args in [&["ready"][..], &["task", "list"], &["export"]] {
        let answer = soon(&world, args);
        assert!(answer.code == 125 && answer.stderr.contains("longer than any that bn writes"), "{answer:?}");
    }
}
