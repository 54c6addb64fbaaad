//! Work that its target has moved away from, landed in one command.

use crate::running::MEET;
use crate::world::World;

const OURS: &str = "cd repo && echo ours > ours && git add ours && git commit -q -m ours";

/// A run whose target has moved on, and the task that it closed.
fn diverged(world: &World, work: &str, meanwhile: &str) -> String {
    let told = world.bn(&["task", "create", "--json", "Work"]).exits(0).stdout;
    let task = serde_json::from_str::<serde_json::Value>(&told).unwrap()["id"].as_str().unwrap().to_owned();
    let running =
        world.start(&["--name", &world.job()], &format!("bn task claim {task}; {work}; bn task close {task}; {MEET}"));
    running.meet();
    world.shell(meanwhile);
    running.go_on().exits(3);
    assert_eq!((world.outcome(), status(world, &task)), ("diverged".to_owned(), "open".to_owned()));
    task
}

fn status(world: &World, id: &str) -> String {
    let told = world.bn(&["task", "show", "--json", id]).exits(0).stdout;
    serde_json::from_str::<serde_json::Value>(&told).unwrap()["status"].as_str().unwrap().to_owned()
}

fn next(world: &World) -> String {
    let row = world.row(&world.job());
    let steps = row["wish"]["next"].as_array().unwrap().clone();
    let ways = ["merge it", "settle it yourself"];
    let step = steps.iter().find(|step| ways.iter().any(|way| step["what"] == *way)).unwrap();
    step["command"].as_str().unwrap().to_owned()
}

/// Types it, as it was printed.
fn type_it(world: &World, line: &str) -> crate::world::Answer {
    let bn = world.bn_command(&["x"]).get_program().to_owned();
    let folder = std::path::Path::new(&bn).parent().unwrap().to_owned();
    let path = format!("{}:{}", folder.display(), std::env::var("PATH").unwrap());
    let mut command = world.program("bash");
    command.env("PATH", path).args(["-c", line]).current_dir(world.path("repo"));
    crate::world::answer(command.output().unwrap())
}

/// Its task is closed, and nothing of it is left to care for.
fn assert_landed(world: &World, task: &str) {
    assert_eq!((world.outcome(), status(world, task)), ("merged".to_owned(), "done".to_owned()));
    let pruned = world.bn(&["container", "prune"]).exits(0).stdout;
    assert!(pruned.starts_with(&format!("forgot {}", world.job())), "{pruned}");
    assert!(world.list().is_empty());
}

#[test]
fn the_hint_for_work_that_diverged_works_as_it_is_typed() {
    let world = World::new();
    let task = diverged(&world, "echo work > work && git add work && git commit -q -m work", OURS);
    assert_eq!(next(&world), format!("bn container merge {} --rebase", world.job()));
    let answer = type_it(&world, &next(&world)).exits(0);
    assert!(answer.stdout.contains("merged into main (1 commit)"), "{answer:?}");
    assert_eq!(world.git("log --format=%s main"), "work\nours\nfirst");
    assert_landed(&world, &task);
}

#[test]
fn a_conflict_is_named_and_its_hints_lead_to_the_end_as_they_are_typed() {
    let world = World::new();
    let theirs = "echo theirs > file && git commit -qam theirs";
    let task = diverged(&world, theirs, "cd repo && echo ours > file && git commit -qam ours");
    let before = world
        .shell("git -C repo status --porcelain; git -C agent-1 status --porcelain; git -C repo rev-parse main agent-1");
    let answer = world.bn(&["container", "merge", &world.job(), "--rebase"]).exits(3);
    assert!(answer.stdout.contains("1 commit is kept; main has changed the same: file (line 1)"), "{answer:?}");
    let after = world
        .shell("git -C repo status --porcelain; git -C agent-1 status --porcelain; git -C repo rev-parse main agent-1");
    assert_eq!(after, before);
    let by_hand = next(&world);
    assert!(by_hand.starts_with("git -C ") && by_hand.contains(" rebase main && bn container merge "), "{by_hand}");
    assert_ne!(type_it(&world, &by_hand).code, 0);
    let go_on = next(&world);
    assert!(go_on.contains(" rebase --continue && bn container merge "), "{go_on}");
    world.shell("cd agent-1 && echo both > file && git add file");
    type_it(&world, &format!("export GIT_EDITOR=true; {go_on}")).exits(0);
    world.assert_on_main("theirs");
    assert_landed(&world, &task);
}

#[test]
fn a_squash_lands_with_a_message_of_the_users_and_settles_the_run() {
    let world = World::new();
    let two = "echo a > a; git add a; git commit -q -m a -m 'Task: bn-none'; echo b > b; git add b; git commit -q -m b";
    let task = diverged(&world, two, OURS);
    let told = world.bn(&["container", "merge", &world.job(), "--squash", "-m", "Add both"]).exits(0).stdout;
    assert!(told.contains("reset --keep main"), "{told}");
    assert_eq!(world.git("log --format=%B -1 main"), "Add both\n\nTask: bn-none");
    assert_eq!(world.shell("ls repo"), "a\nb\nfile\nours");
    assert_landed(&world, &task);
    let reset = told.lines().find_map(|line| line.split_once("bring it to main: ")).unwrap().1.to_owned();
    type_it(&world, &reset).exits(0);
    assert_eq!(world.shell("git -C agent-1 log --format=%s -1; git -C agent-1 status --porcelain"), "Add both");
}

#[test]
fn a_shape_that_the_project_configures_counts_where_no_flag_says_otherwise() {
    let world = World::new();
    world.shell("mkdir repo/.binnacle; printf '[merge]\\nsquash = true\\n' >repo/.binnacle/config.toml");
    world.git("add .binnacle");
    world.git("commit -q -m settings");
    let two = "echo a > a; git add a; git commit -q -m a; echo b > b; git add b; git commit -q -m b";
    world.agent(&["--name", &world.job(), "--no-merge"], two).exits(0);
    let merged = world.bn(&["container", "merge", &world.job()]).exits(0);
    assert!(merged.stderr.contains("from the project's configuration: merge.squash\n"), "{merged:#?}");
    assert_eq!(world.git("rev-list --count main~1..main"), "1");
    assert_eq!(world.shell("ls repo"), "a\nb\nfile");
    let second = world.name("second");
    world.shell("git -C agent-1 reset -q --hard main");
    let more =
        "for i in 1 2; do git commit -q --allow-empty -m $i; echo $i > $i; git add $i; git commit -q -m m$i; done";
    world.agent(&["--name", &second, "--no-merge"], more).exits(0);
    world.bn(&["container", "merge", &second, "--squash=false"]).exits(0);
    assert_eq!(world.git("log --format=%s -1 main"), "m2");
}

/// It may want a check, which a merge must not do without by itself.
#[test]
fn a_configuration_that_nobody_can_read_keeps_no_finished_work_where_it_is() {
    let world = World::new();
    let work = |name: &str, check: &[&str]| {
        let made = format!("echo {name} > {name}; git add {name}; git commit -qm {name}");
        world.agent(&[&["--name", name, "--no-merge"], check].concat(), &made).exits(0);
    };
    let (without, with, mine) = (world.name("without"), world.name("with"), "home/.config/binnacle/config.toml");
    work(&without, &[]);
    world.shell(
        "mkdir -p home/.config/binnacle; mkdir repo/.binnacle; echo \"chekc = 'false'\" >repo/.binnacle/config.toml",
    );
    world.git("add .binnacle");
    world.git("commit -q -m settings");
    let merge = |words: &[&str]| world.bn(&[&["container", "merge"], words].concat());
    let refused = merge(&[&without, "--rebase"]).exits(2);
    let hint =
        format!("hint: whether it wants a check is not known; without one: bn container merge {without} --no-check\n");
    for said in ["main:.binnacle/config.toml:1: there is no key chekc\n", "hint: you may mean: check\n", &hint] {
        assert!(refused.stderr.contains(said), "{refused:#?}");
    }
    world.assert_on_main("settings");
    let taken = merge(&[&without, "--rebase", "--no-check"]).exits(0);
    assert!(taken.stderr.contains("no key chekc; this merge takes nothing from configurations\n"), "{taken:#?}");
    world.assert_on_main(&without);

    world.git("rm -q .binnacle/config.toml");
    world.git("commit -q -m mended");
    world.shell("git -C agent-1 reset -q --hard main");
    work(&with, &["--check", "test -e file"]);
    world.shell(&format!("echo 'merge.rebase = maybe' >{mine}"));
    let checked = merge(&[&with]).exits(0);
    assert!(checked.stderr.contains("this merge takes nothing from configurations\n"), "{checked:#?}");
    assert!(checked.stderr.contains("the check passed"), "{checked:#?}");
    world.assert_on_main(&with);
}

#[test]
fn a_branch_that_is_named_gets_the_work_and_is_the_target_then() {
    let world = World::new();
    world.shell("git -C repo branch release");
    world.agent(&["--name", &world.job(), "--no-merge"], "echo w > w; git add w; git commit -qm work").exits(0);
    let merge = |branch: &str| world.bn(&["container", "merge", &world.job(), "--into", branch]);
    let unknown = merge("nowhere").exits(125);
    assert!(unknown.stderr.contains("there is no branch nowhere") && unknown.stderr.contains("release"), "{unknown:?}");
    let own = merge("agent-1").exits(2);
    assert!(own.stderr.contains("that is the branch on which"), "{own:?}");
    merge("release").exits(0);
    assert_eq!(world.git("log --format=%s -1 release"), "work");
    world.assert_on_main("first");
    assert_eq!(world.row(&world.job())["target"], "release");
    let late = merge("main").exits(2);
    assert!(late.stderr.contains("is merged into release already"), "{late:?}");
    world.bn(&["container", "prune"]).exits(0);
}

#[test]
fn a_run_waits_for_its_turn_where_it_is_told_to() {
    let world = World::new();
    world.agent(&["--name", &world.job(), "--no-merge"], "echo w > w; git add w; git commit -qm work").exits(0);
    let door = world.shell("find home -path '*/runs/*' -name run.json | head -1 | xargs dirname | xargs dirname");
    let door = world.path(door.trim_start_matches("./")).join(".merge");
    let other = std::fs::File::open(&door).unwrap();
    other.lock().unwrap();
    let busy = world.merge().exits(3);
    assert!(busy.stdout.contains("target-busy") && busy.stdout.contains("--wait"), "{busy:?}");
    world.assert_on_main("first");
    let mut waiting = world.bn_command(&["container", "merge", &world.job(), "--wait"]).spawn().unwrap();
    std::thread::sleep(std::time::Duration::from_secs(1));
    assert!(waiting.try_wait().unwrap().is_none());
    drop(other);
    assert!(waiting.wait().unwrap().success());
    world.assert_on_main("work");
}
