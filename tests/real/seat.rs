//! The operator's seat: what there is to see of runs, and what to type next.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime};

use serde_json::Value;

use crate::program;
use crate::running::MEET;
use crate::screen::Screen;
use crate::waiting;
use crate::world::{Answer, World, answer, image, wait_for};

// Those of two agents in the same second would be one and the same otherwise.
const COMMIT: &str = "echo work > work; git add work; git commit -qm work -m \"by $BN_AGENT_NAME\"";

/// A line that somebody types in the main checkout, with `bn` on their PATH.
fn types(world: &World, line: &str) -> Answer {
    let folder = program::bn().parent().unwrap().to_owned();
    let mut bash: Command = world.program("bash");
    bash.env("PATH", format!("{}:{}", folder.display(), std::env::var("PATH").unwrap()));
    answer(bash.args(["-c", line]).current_dir(world.path("repo")).output().unwrap())
}

/// A detached run of its own in a worktree of its own.
fn begin(world: &World, name: &str, script: &str) {
    world.git(&format!("worktree add -q ../{name} -b {name}"));
    let line = [
        "container",
        "run",
        "-d",
        "--tag",
        &image(),
        "--name",
        name,
        &format!("../{name}"),
        "--",
        "bash",
        "-c",
        script,
    ];
    world.bn(&line).exits(0);
}

fn waits(world: &World, names: &[&str]) {
    for name in names {
        drop(world.bn(&["container", "wait", name]));
    }
}

/// The commands that `list` gives for a run.
fn commands(row: &Value) -> Vec<String> {
    let next = row["wish"]["next"].as_array().unwrap_or_else(|| panic!("{row:#}"));
    next.iter().map(|step| step["command"].as_str().unwrap().to_owned()).collect()
}

/// Nothing was seen of the agent for an hour.
pub fn falls_silent(world: &World, name: &str) {
    let then = SystemTime::now() - Duration::from_secs(3600);
    let found = world.shell(&format!("find . -path '*/runs/{name}/log' -o -path '*/runs/{name}/git/logs/HEAD'"));
    for path in found.lines() {
        fs::File::options().append(true).open(world.path(path)).unwrap().set_modified(then).unwrap();
    }
}

#[test]
fn what_to_do_about_each_of_five_runs_is_plain_from_the_list() {
    let world = World::new();
    let [fails, hangs, diverges, fine, lost] =
        ["fails", "hangs", "diverges", "fine", "lost"].map(|what| world.name(what));
    let task = world.bn(&["task", "create", "Add a greeting", "--json"]).exits(0).stdout;
    let task: Value = serde_json::from_str(&task).unwrap();
    let claim = format!("bn task claim {}; ", task["id"].as_str().unwrap());
    begin(&world, &fails, &format!("{COMMIT}; exit 7"));
    begin(&world, &diverges, &format!("until [ -e go ]; do sleep 0.05; done; rm go; {COMMIT}"));
    begin(&world, &hangs, &format!("{claim} {COMMIT}; echo more > more; touch ready; sleep 600"));
    world.git("commit -q --allow-empty -m ahead");
    fs::write(world.path(&diverges).join("go"), "").unwrap();
    begin(&world, &fine, "true");
    waits(&world, &[&fails, &diverges, &fine]);
    let killed = world.start(&["--name", &lost], MEET);
    killed.meet();
    drop(killed);
    wait_for("the agent that hangs", || world.path(&hangs).join("ready").exists());

    let row = |name: &str| world.row(name);
    assert_eq!((&row(&hangs)["wish"], &row(&fine)["wish"]), (&Value::Null, &Value::Null));
    let working = row(&hangs);
    assert_eq!((working["commits"].as_u64(), working["files"].as_u64()), (Some(1), Some(3)), "{working:#}");
    assert_eq!(working["tasks"][0]["title"], "Add a greeting");
    assert!(working["memory"].as_u64() > Some(0) && working["cpu_percent"].is_number(), "{working:#}");
    falls_silent(&world, &hangs);
    // The graph has seen it since.
    assert_eq!(row(&hangs)["wish"], Value::Null);
    let listed = world.bn(&["container", "list"]).exits(0).stdout;
    assert!(!listed.contains(&fine) && listed.contains("Add a greeting"), "{listed}");
    for said in [
        format!("{fails}: the agent failed (7), 1 commit is kept\n"),
        format!("{diverges}: 1 commit is kept; main has moved on by 1\n"),
        format!("{lost}: bn was killed, and its agent goes on without it\n"),
        format!("  merge it                 bn container merge {fails}\n"),
        format!("  let the agent try again  bn container retry {fails}\n"),
    ] {
        assert!(listed.contains(&said), "{said}: {listed}");
    }
    assert_eq!(world.bn(&["container", "list", "-q"]).exits(0).stdout.lines().count(), 2);

    // On a screen of 80 columns nothing of the table wraps.
    let screen = Screen::of(&world);
    screen.resizes(80, 40);
    screen.types("clear; bn container list --all; echo done=$?");
    screen.waits_for("done=0");
    let text = screen.text();
    let table: Vec<&str> = text.lines().skip_while(|line| !line.starts_with("NAME")).take(6).collect();
    assert!(table.iter().all(|line| line.chars().count() <= 80) && table[5].contains("unowned"), "{text}");
    drop(screen);
    let colored = |variables: &[(&str, &str)]| {
        let mut command = world.bn_command(&["container", "list"]);
        answer(command.envs(variables.iter().copied()).output().unwrap()).exits(0).stdout
    };
    assert!(colored(&[("CLICOLOR_FORCE", "1")]).contains("\u{1b}[31mexited (7)\u{1b}[m"));
    assert!(!colored(&[("CLICOLOR_FORCE", "1"), ("NO_COLOR", "1")]).contains('\u{1b}'));

    // What it says works as it is typed.
    let next = commands(&row(&fails));
    assert!(types(&world, &next[0]).exits(0).stdout.contains("+work\n"));
    types(&world, &format!("{} --yes", next[3])).exits(0);
    types(&world, &commands(&row(&diverges))[1]).exits(0);
    assert_eq!(row(&diverges)["outcome"], "merged");
    let next = commands(&row(&lost));
    types(&world, &next[1]).exits(0);
    types(&world, &format!("bn container stop -t 0 {hangs}")).exits(0);
    assert_eq!(commands(&row(&hangs))[0], format!("bn container diff {hangs}"));
}

/// One fails, one hangs, one diverges, one waits for an answer, one is fine: by one line each, as the list gives it, all are done with.
#[test]
fn each_of_five_runs_is_seen_to_by_one_line_of_the_list() {
    let world = World::new();
    let [fails, hangs, diverges, fine] = ["fails", "hangs", "diverges", "fine"].map(|what| world.name(what));
    begin(&world, &fails, &format!("{COMMIT}; exit 7"));
    begin(&world, &diverges, "echo a > file; git commit -qam a; touch ready; until [ -e go ]; do sleep 0.05; done");
    begin(&world, &hangs, "touch ready; sleep 600");
    for name in [&diverges, &hangs] {
        wait_for("the agents", || world.path(name).join("ready").exists());
    }
    world.shell("cd repo && echo b > file && git commit -qam b");
    fs::write(world.path(&diverges).join("go"), "").unwrap();
    begin(&world, &fine, "echo fine > fine; git add fine; git commit -qm fine");
    let asks = waiting::begin(&world, "claude", waiting::ASKS);
    waits(&world, &[&fails, &diverges, &fine]);
    falls_silent(&world, &hangs);
    waiting::since(&world, &asks, 12);

    // On the smallest terminal: nothing but a command, which has a line of its own then, is wider.
    let screen = Screen::of(&world);
    screen.resizes(80, 24);
    screen.types("clear; bn container list; echo done=$?");
    screen.waits_for("done=0");
    let text = screen.text();
    let is_command = |line: &str| line.starts_with("    bn ") || line.starts_with("    git ");
    let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > 80 && !is_command(line)).collect();
    assert!(wide.is_empty(), "{wide:#?}");
    let (table, below) = text.split_once("\n\n").unwrap();
    assert!(table.contains("DOING") && table.contains("AskUserQ"), "{text}");
    for (name, why) in [
        (&fails, "the agent failed (7), 1 commit is kept"),
        (&hangs, "it has printed, committed and noted nothing for 1 hour"),
        (&diverges, "1 commit is kept; main has moved on by 1; both changed file"),
        (&asks, "it asks, and nobody can answer: Which"),
    ] {
        let below = below.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(below.contains(&format!("{name}: {why}")), "{name}: {text}");
    }
    assert!(!text.contains(&*fine), "{text}");
    screen.types("clear; bn container top");
    screen.waits_for("4 to look at (n: the next)");
    screen.waits_for(&format!("! {hangs}"));
    screen.presses("n");
    screen.waits_for(&format!("   settle it yourself        git -C {}", world.path(&diverges).display()));
    screen.presses("q");
    drop(screen);

    let step = |name: &str, what: &str| {
        let row = world.row(name);
        let steps = row["wish"]["next"].as_array().unwrap_or_else(|| panic!("{row:#}")).clone();
        let step = steps.iter().find(|step| step["what"] == what).unwrap_or_else(|| panic!("{row:#}"));
        step["command"].as_str().unwrap().to_owned()
    };
    // A conflict is not for a command alone: the agent that made it comes before the person.
    assert_eq!(commands(&world.row(&diverges))[1], format!("bn container retry {diverges}"));
    types(&world, &step(&fails, "let the agent try again")).exits(0);
    types(&world, &step(&hangs, "end it")).exits(0);
    types(&world, &step(&diverges, "let the agent try again")).exits(0);
    types(&world, &step(&asks, "try again, answered")).exits(0);
    let again = format!("{asks}-retry");
    let prompt = world.bn(&["container", "inspect", &again]).exits(0).stdout;
    assert!(prompt.contains("YOUR ANSWER"), "{prompt}");
    for name in [&fails, &diverges, &asks] {
        world.bn(&["container", "stop", "-t", "0", &format!("{name}-retry")]);
        assert_eq!(world.row(name)["wish"], Value::Null, "its next try says what there is to do");
    }
    assert_eq!(world.row(&hangs)["status"], "stopped");
    assert_eq!(world.row(&fine)["outcome"], "merged");
}

#[test]
fn a_run_that_is_silent_is_named_and_stats_say_what_it_uses() {
    let world = World::new();
    let hangs = world.name("hangs");
    begin(&world, &hangs, "touch ready; sleep 600");
    wait_for("the agent", || world.path(&hangs).join("ready").exists());
    falls_silent(&world, &hangs);
    let listed = world.bn(&["container", "list"]).exits(0).stdout;
    assert!(listed.contains(&format!("{hangs}: it has printed, committed and noted nothing for 1 hour\n")), "{listed}");
    assert!(listed.contains(&format!("  end it               bn container stop {hangs}\n")), "{listed}");
    let stats: Value = serde_json::from_str(&world.bn(&["container", "stats", "--json"]).exits(0).stdout).unwrap();
    assert_eq!(stats[0]["name"], *hangs);
    assert!(stats[0]["memory"].as_u64() > Some(1 << 16) && stats[0]["processes"].as_u64() >= Some(3), "{stats:#}");
    let shown = world.bn(&["container", "stats", &hangs]).exits(0).stdout;
    assert!(shown.starts_with("NAME") && shown.contains("4096"), "{shown}");
    world.bn(&["container", "stop", "-t", "0", &hangs]).exits(0);
    assert_eq!(world.bn(&["container", "stats"]).exits(0).stderr, "no container runs\n");
    let ended = world.bn(&["container", "stats", &hangs]);
    assert!(ended.code != 0 && ended.stderr.contains("has no running container, and uses nothing"), "{ended:#?}");
}

#[test]
fn what_an_agent_has_made_is_seen_while_it_works_and_afterwards() {
    let world = World::new();
    let job = world.job();
    let script = format!(
        "printf '* -diff\\n' > .gitattributes; git config diff.external 'touch /workspace/ran'; e=$(printf '\\033]0;evil\\007'); \
         echo \"a$e\" > \"f$e\"; git add .; git commit -qm \"sub$e\"; echo lies > lies; {MEET}; {COMMIT}"
    );
    let run = world.start(&["--name", &job], &script);
    run.meet();
    let clean = |text: &str| assert!(!text.contains("\u{1b}]") && !text.contains('\u{7}'), "{text:?}");
    let diff = world.bn(&["container", "diff", &job]).exits(0).stdout;
    assert!(
        diff.contains(&format!("1 commit by {job}, against main:\n")) && diff.contains("+a\u{1b}]0;evil"),
        "{diff}"
    );
    assert!(diff.contains(&format!("Not committed by {job}:\n")) && diff.contains("+lies\n"), "{diff}");
    let stat = world.bn(&["container", "diff", "--stat", &job]).exits(0).stdout;
    assert!(stat.contains("lies") && stat.contains("2 files changed, 2 insertions(+)"), "{stat}");
    let log = world.bn(&["container", "log", &job]).exits(0).stdout;
    clean(&log);
    assert!(
        log.starts_with("2 files are not committed: bn container diff") && log.contains(" sub\\u{1b}]0;evil"),
        "{log}"
    );
    let json: Value = serde_json::from_str(&world.bn(&["container", "diff", "--json", &job]).exits(0).stdout).unwrap();
    assert_eq!(
        (json["commits"].as_u64(), json["uncommitted"][0]["path"].as_str()),
        (Some(1), Some("lies")),
        "{json:#}"
    );

    // On a terminal it goes through the pager, as text.
    let screen = Screen::of(&world);
    screen.types(&format!("PAGER=\"sed -u 's/^/paged: /'\" bn container diff {job}; echo done=$?"));
    screen.waits_for("done=0");
    let text = screen.text();
    assert!(text.contains("paged: +a\\u{1b}]0;evil\\u{7}") && screen.title() != "evil", "{text}");
    screen.types(&format!("clear; LESS= bn container diff {job}"));
    screen.waits_for("(END)");
    screen.presses("C-c");
    // A key that comes while less answers Ctrl-C may be lost to it.
    let mut pressed = Instant::now() - Duration::from_secs(9);
    wait_for("the shell's prompt", || {
        let back = screen.text().ends_with('$');
        if !back && pressed.elapsed() > Duration::from_secs(2) {
            screen.presses("q");
            pressed = Instant::now();
        }
        back
    });
    screen.presses("C-u");
    screen.types("echo back=$?");
    screen.waits_for("back=0");
    drop(screen);

    run.go_on().exits(0);
    let log = world.bn(&["container", "log", &job]).exits(0).stdout;
    assert!(log.contains(" work\n") && log.contains("sub\\u{1b}"), "{log}");
    assert!(world.bn(&["container", "diff", &job]).exits(0).stdout.contains("+work\n"));
    // As a patch it is what it was.
    world.git("checkout -q --detach HEAD~2");
    world.shell(&format!("cd repo && {} container diff {job} | git apply --index", program::bn().display()));
    assert!(!world.path("agent-1/ran").exists());
    world.git("checkout -qf main");
    world.git("worktree remove --force ../agent-1");
    let gone = world.bn(&["container", "diff", &job]).exits(0);
    assert!(gone.stderr.contains("is gone, and what") && gone.stdout.contains("+work\n"), "{gone:#?}");
}
