//! Two repositories of one user: whose runs a command speaks of.

use crate::running::MEET;
use crate::screen::Screen;
use crate::world::{Answer, World, image, wait_for};

const WORK: &str = "git commit -q --allow-empty -m work";

/// `bn container …` in the second repository, by the user of the first.
fn there(home: &World, other: &World, words: &[&str]) -> Answer {
    let mut command = other.bn_command(&[&["container"], words].concat());
    let command = command.env("HOME", home.path("home")).env("XDG_RUNTIME_DIR", home.path("run"));
    crate::world::answer(command.output().unwrap())
}

fn here(world: &World, words: &[&str]) -> Answer {
    world.bn(&[&["container"], words].concat())
}

/// A run that ends at once, named and in its own repository.
fn ran(world: &World, name: &str, script: &str) {
    let line = ["run", "--tag", &image(), "--name", name, "../agent-1", "--", "bash", "-c", script];
    here(world, &line);
}

#[test]
fn a_command_speaks_of_this_repository_alone_unless_told_otherwise() {
    let (world, other) = (World::new(), World::new());
    let (mine, theirs) = (world.job(), other.job());
    ran(&world, &mine, "true");
    let line = ["run", "--tag", &image(), "--name", &theirs, "../agent-1", "--", "true"];
    there(&world, &other, &line).exits(0);

    assert_eq!(here(&world, &["list", "--all", "--quiet"]).exits(0).stdout, format!("{mine}\n"));
    assert_eq!(there(&world, &other, &["list", "--all", "--quiet"]).exits(0).stdout, format!("{theirs}\n"));
    let both = here(&world, &["list", "--all", "--all-repositories"]).exits(0).stdout;
    let heads: Vec<&str> = both.lines().next().unwrap().split_whitespace().collect();
    assert_eq!(heads, ["NAME", "REPO", "STATUS", "TYPE", "BRANCH", "WORKTREE", "AGE", "OUTCOME"]);
    // Both folders are called `repo`: then whole paths tell them apart.
    for (name, repository) in [(&mine, world.path("repo")), (&theirs, other.path("repo"))] {
        let row = both.lines().find(|line| line.starts_with(name)).unwrap();
        assert_eq!(row.split_whitespace().nth(1), repository.to_str(), "{both}");
    }
    let row = world.row(&mine);
    assert_eq!(row["repository"].as_str(), world.path("repo").to_str());
    assert_eq!((&row["exit_code"], &row["state"], &row["age"].is_string()), (&0.into(), &"ended".into(), &true));
    assert!(row["ended_at"].as_str() > row["started_at"].as_str(), "{row:#?}");

    // A name works anywhere, and so does its beginning.
    assert_eq!(here(&world, &["logs", &theirs]).exits(0).stderr, "");
    assert_eq!(here(&world, &["logs", &theirs[..theirs.len() - 1]]).exits(0).stderr, "");
    let both = here(&world, &["logs", "job"]).exits(0);
    assert_eq!(both.stderr, "", "the one of this repository is meant");

    assert_eq!(here(&world, &["prune"]).exits(0).stdout, format!("forgot {mine}: exited (0), nothing to merge\n"));
    let empty = here(&world, &["list", "--all"]).exits(0);
    assert_eq!(empty.stderr, "there is 1 run in other repositories: bn container list --all --all-repositories\n");
    let pruned = here(&world, &["prune", "--all-repositories", "--json"]).exits(0);
    assert_eq!(pruned.stdout, format!("[\"{theirs}\"]\n"));
    assert_eq!(here(&world, &["prune"]).exits(0).stderr, "there is nothing to forget\n");
}

#[test]
fn prune_says_what_it_kept_and_why_and_what_ends_that() {
    let world = World::new();
    let name = world.job();
    world.run(&format!("{WORK}; exit 7")).exits(7);
    let kept = here(&world, &["prune"]).exits(0).stdout;
    let look = world.look();
    assert_eq!(
        kept,
        format!(
            "kept {name}: exited (7), and main does not have its work\n  look at it: {look}\n  merge it: bn container merge {name}\n  \
             or give it up, a copy is kept for 30 days: bn container discard {name}\n"
        )
    );
    // What it says works, both ways.
    assert!(world.shell(&look).contains("    work"));
    here(&world, &["discard", "--yes", &name]).exits(0);
    assert_eq!(here(&world, &["prune"]).exits(0).stderr, "there is nothing to forget\n");
    world.run(&format!("{WORK}; exit 7")).exits(7);
    world.bn(&["container", "merge", &world.job(), "--yes"]).exits(0);
    assert_eq!(here(&world, &["prune"]).exits(0).stdout, format!("forgot {name}: exited (7), merged into main\n"));
}

#[test]
fn prune_says_before_what_it_would_do_and_how_much_room_that_makes() {
    let world = World::new();
    let (gone, stays) = (world.name("gone"), world.name("stays"));
    ran(&world, &gone, "head -c 3000000 /dev/urandom | base64");
    ran(&world, &stays, &format!("{WORK}; exit 7"));
    let states = || world.shell("find home -path '*/runs/*' | sort; git -C repo for-each-ref");
    let before = states();
    let plan = here(&world, &["prune", "--dry-run"]).exits(0).stdout;
    assert!(plan.starts_with(&format!("would forget {gone}: exited (0), nothing to merge (4.")), "{plan}");
    assert!(plan.contains(&format!("would keep {stays}: exited (7), and main does not have its work\n")), "{plan}");
    assert!(plan.contains("room that this makes: 4.") && plan.ends_with(" MB\n"), "{plan}");
    let json = here(&world, &["prune", "--dry-run", "--json"]).exits(0).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(
        (&json["forget"][0]["name"], &json["keep"][0]["name"]),
        (&gone.clone().into(), &stays.into()),
        "{json:#}"
    );
    assert!(json["bytes"].as_u64() > Some(4_000_000), "{json:#}");
    assert_eq!(states(), before, "nothing is changed");
    here(&world, &["prune", "--dry-run", "--caches"]).exits(2);
    assert!(here(&world, &["prune"]).exits(0).stdout.starts_with(&format!("forgot {gone}: ")));
    let rest = here(&world, &["prune", "--dry-run"]).exits(0).stdout;
    assert!(!rest.contains("would forget") && !rest.contains("room"), "{rest}");
}

#[test]
fn short_names_and_missing_ones() {
    let world = World::new();
    world.git("worktree add -q ../agent-2 -b agent-2");
    let (one, two) = (world.name("one"), world.name("other"));
    let first = world.start(&["--name", &one], MEET);
    first.meet();
    let line =
        ["run", "-d", "--tag", &image(), "--name", &two, "../agent-2", "--", "bash", "-c", "touch ready; sleep 60"];
    here(&world, &line).exits(0);
    let asked = here(&world, &["stop"]).exits(2);
    assert_eq!(asked.stderr, format!("Error: which one? running: {one}, {two}. Or --all\n"));
    let both = here(&world, &["stop", "o"]).exits(125);
    assert_eq!(both.stderr, format!("Error: o could be several runs: {one}, {two}\nhint: type more of the name\n"));
    wait_for("the script", || world.path("agent-2/ready").exists());
    assert_eq!(here(&world, &["stop", "-t", "0", "ot", &two]).exits(0).stdout, format!("{two}\n"));
    let asked = here(&world, &["logs"]).exits(2);
    assert_eq!(asked.stderr, format!("Error: which one? there are: {one}, {two}\n"));
    first.go_on().exits(0);
}

#[test]
fn who_follows_a_log_learns_how_the_run_ended() {
    let world = World::new();
    world.run("echo out; exit 7").exits(7);
    let followed = here(&world, &["logs", "--follow", &world.job()]).exits(7);
    assert!(followed.stdout.contains("\nout\n"), "{followed:#?}");
    here(&world, &["logs", &world.job()]).exits(0);
    let json = here(&world, &["logs", "--json", "--follow", &world.job()]).exits(7).stdout;
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((json["name"].as_str(), json["log"].as_str()), (Some(world.job().as_str()), Some(&*followed.stdout)));
}

#[test]
fn who_waits_for_runs_learns_of_each_end_and_exits_as_they_did() {
    let world = World::new();
    world.git("worktree add -q ../agent-2 -b agent-2");
    let (one, two) = (world.name("one"), world.name("two"));
    let until = |file: &str| format!("until [ -e {file} ]; do sleep 0.05; done; rm {file}");
    let start = |name: &str, worktree: &str, script: &str| {
        let line = ["run", "-d", "--tag", &image(), "--name", name, worktree, "--", "bash", "-c", script];
        here(&world, &line).exits(0);
    };
    start(&one, "../agent-1", &format!("{}; git commit -q --allow-empty -m work", until("go")));
    start(&two, "../agent-2", &format!("{}; exit 7", until("go")));
    let asked = here(&world, &["wait"]).exits(2).stderr;
    assert!(
        asked.contains(&one) && asked.contains("hint: all of this repository: bn container wait --all\n"),
        "{asked}"
    );
    let early = here(&world, &["wait", "--all", "--timeout", "1s"]).exits(124);
    assert_eq!((early.stdout.as_str(), early.stderr.contains(&two)), ("", true), "{early:#?}");
    world.shell("touch agent-2/go");
    let first = here(&world, &["wait", "--any", &one, &two]).exits(7);
    assert_eq!(first.stdout, format!("{two}: the agent failed (7), nothing to merge\n"));
    world.shell("touch agent-1/go");
    let both = here(&world, &["wait", "--json", &one, &two]).exits(7).stdout;
    let ends: Vec<serde_json::Value> = both.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let code = |name: &str| ends.iter().find(|end| end["name"] == name).unwrap()["exit_code"].as_u64();
    assert_eq!((code(&one), code(&two)), (Some(0), Some(7)), "{both}");
    assert_eq!(here(&world, &["wait", &one]).exits(0).stdout, format!("{one}: merged into main (1 commit)\n"));
    assert_eq!(here(&world, &["wait", "--all"]).exits(0).stdout, "");
}

#[test]
fn a_list_fits_the_terminal_and_a_pipe_gets_all_of_it() {
    let world = World::new();
    let name = format!("binnacle-self-1764157000-{}", world.name("").trim_start_matches('-').to_lowercase());
    ran(&world, &name, &format!("{WORK}; exit 7"));
    let screen = Screen::of(&world);
    screen.resizes(80, 24);
    screen.types("clear; bn container list --all; echo done=$?");
    screen.waits_for("done=0");
    let text = screen.text();
    let heads = text.lines().find(|line| line.starts_with("NAME")).unwrap();
    assert_eq!(
        heads.split_whitespace().collect::<Vec<_>>(),
        ["NAME", "STATUS", "BRANCH", "AGE", "COMMITS", "OUTCOME"],
        "{text}"
    );
    let row = text.lines().find(|line| line.starts_with("binnacle-self")).unwrap();
    assert!(row.contains("exited (7)") && row.ends_with(" failed"), "{text}");
    let piped = here(&world, &["list", "--all"]).exits(0).stdout;
    assert!(piped.contains(world.path("agent-1").to_str().unwrap()), "{piped}");
}

#[test]
fn a_path_with_a_line_in_it_breaks_no_row() {
    let world = World::new();
    world.git("worktree add -q $'../two\\nlines' -b two");
    let line = ["run", "--tag", &image(), "--name", &world.job(), "../two\nlines", "--", "true"];
    here(&world, &line).exits(0);
    let listed = here(&world, &["list", "--all"]).exits(0).stdout;
    assert_eq!(listed.lines().count(), 2, "{listed}");
    assert!(listed.contains("/two\\u{a}lines"), "{listed}");
}
