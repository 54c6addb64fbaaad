//! What a run starts, held against what its dry run said that it would.

use crate::build::{Image, least};
use crate::world::{World, image};

/// What cannot be known before: the numbers of processes, the ids of what is made on the way, and what is deleted in the end.
const COMES_INTO_BEING: &[&str] = &[
    "nsenter ",
    "prlimit ",
    " update-ref -m binnacle refs/binnacle/runs/",
    " commit-tree -m 'uncommitted files before a run' ",
    " update-ref --stdin)",
    " rev-list --stdin)",
    " rev-parse --verify --quiet --end-of-options refs/heads/main'^{commit}')",
    // The copy of the user's files is compared with where they are.
    " diff-tree -r -z --raw ",
    " ls-tree -r -z --full-tree refs/heads/main)",
    " ls-files --stage -z)",
    " hash-object --no-filters --stdin-paths)",
    " cat-file --batch-command --buffer)",
    // How often these are asked is a matter of time.
    " tasks ls",
    " for-each-ref '--format=%(objectname) %(refname) %(symref)' refs/heads refs/tags)",
];

/// The commands of a dry run: all, or those before a step.
fn planned(world: &World, options: &[&str], script: &str, until: &str) -> Vec<String> {
    let name = world.job();
    let dry = world.agent(&[&["--dry-run", "--json", "--name", &name], options].concat(), script).exits(0);
    let dry: serde_json::Value = serde_json::from_str(&dry.stdout).unwrap();
    let steps = dry["steps"].as_array().unwrap().iter();
    let steps = steps.take_while(|step| !step["step"].as_str().unwrap().starts_with(until));
    let commands = steps.flat_map(|step| step["commands"].as_array().unwrap());
    commands.map(|command| neutral(command.as_str().unwrap())).collect()
}

/// The commands of a run, as `-v` names them.
fn started(world: &World, options: &[&str], script: &str) -> Vec<String> {
    let name = world.job();
    let run = world.agent(&[&["--verbose", "--name", &name], options].concat(), script).exits(0);
    timed(&run.stderr).map(neutral).collect()
}

/// The commands that `-v` named.
fn timed(stderr: &str) -> impl Iterator<Item = &str> {
    let timed = stderr.lines().filter_map(|line| line.strip_suffix(" s")?.rsplit_once("  # "));
    timed.filter(|(_, seconds)| seconds.parse::<f64>().is_ok()).map(|(line, _)| line)
}

/// The agent's session has a new name in every run.
fn neutral(line: &str) -> String {
    let mut parts = line.split("=run-");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |line, part| format!("{line}=run-{}", part.get(10..).unwrap_or(part)))
}

/// Those that were started and not planned. Asserts that all that were planned were started, in that order.
#[track_caller]
fn unplanned(planned: &[String], started: &[String]) -> Vec<String> {
    let mut planned = planned.iter().peekable();
    let more = started.iter().filter(|line| planned.next_if_eq(line).is_none()).cloned().collect();
    assert_eq!(planned.next(), None, "planned, and not started; started were: {started:#?}");
    more
}

/// Everything of the world's: the names, sizes and times of all files.
fn files(world: &World) -> String {
    world.shell("find . -path ./home/.cache -prune -o -printf '%p %s %T@ %m\\n' | sort")
}

/// Asserts that a run without work starts what its dry run names, and that the dry run changes nothing.
#[track_caller]
fn assert_all_is_planned(world: &World) {
    let before = files(world);
    let planned = planned(world, &[], "true", "-");
    assert_eq!(files(world), before);
    let started = started(world, &[], "true");
    let sizes = format!("{} planned, {} started", planned.len(), started.len());
    assert!(planned.len() > 12 && started.len() < planned.len() + 30, "{sizes}");
    for line in unplanned(&planned, &started) {
        assert!(COMES_INTO_BEING.iter().any(|known| line.contains(known)), "{line}");
    }
}

#[test]
fn a_dry_run_names_what_the_run_starts_and_changes_nothing() {
    let world = World::new();
    world.shell("git -C repo tag -am 'The first' v1 && echo mine > agent-1/mine && mkfifo agent-1/pipe");
    assert_all_is_planned(&world);
}

#[test]
fn a_dry_run_names_what_the_run_starts_where_nothing_is_uncommitted() {
    let world = World::new();
    assert_all_is_planned(&world);
}

#[test]
fn whatever_the_agent_does_a_run_starts_what_was_planned_up_to_its_end() {
    let world = World::new();
    let script = "echo a > a && git add a && git commit -qm a";
    let planned = planned(&world, &[], script, "finish");
    let started = started(&world, &[], script);
    let gone = started.iter().position(|line| line.contains(" containers rm ")).unwrap();
    // Where the kernel does not say how the agent ended, containerd is asked.
    let before: Vec<String> = started[..gone].iter().filter(|line| !line.contains(" tasks rm ")).cloned().collect();
    for line in unplanned(&planned, &before) {
        assert!(COMES_INTO_BEING.iter().any(|known| line.contains(known)), "{line}");
    }
    assert!(started[gone..].iter().any(|line| line.contains(" merge --quiet --ff-only ")), "{started:#?}");
    world.assert_on_main("a");
}

/// Each takes 2 to 3 ms after the agent has ended. A fetch into a repository starts six by itself.
#[test]
fn one_commit_lands_with_few_programs_of_git() {
    let world = World::new();
    let started = started(&world, &[], "git commit -q --allow-empty -m a");
    let gone = started.iter().position(|line| line.contains(" containers rm ")).unwrap();
    let is_git = |line: &&String| line.contains(" git --no-optional-locks ");
    let programs: Vec<&String> = started[gone..].iter().filter(is_git).collect();
    assert!(programs.iter().any(|line| line.contains(" merge --quiet --ff-only ")), "{programs:#?}");
    assert!(programs.len() <= 13 && !programs.iter().any(|line| line.contains(" fetch --quiet ")), "{programs:#?}");
}

#[test]
fn a_dry_run_names_what_makes_the_worktree_and_makes_none() {
    let world = World::new();
    let (job, image) = (world.job(), image());
    let line = ["container", "run", "--create", "-b", "fix", "../fix", "--tag", &image, "--name", &job];
    let run = |more: &[&str]| world.bn(&[&line[..], more, &["--", "true"]].concat()).exits(0);
    let before = (files(&world), world.git("show-ref"));
    let dry = run(&["--dry-run", "--json", "--mount", "/opt", "--memory", "1g"]).stdout;
    assert_eq!((files(&world), world.git("show-ref")), before);
    let dry: serde_json::Value = serde_json::from_str(&dry).unwrap();
    assert_eq!((&dry["memory"], &dry["target"]), (&(1 << 30).into(), &"main".into()));
    let steps = dry["steps"].as_array().unwrap();
    assert!(steps.last().unwrap()["step"].as_str().unwrap().ends_with(": bn container run --dry-run ../fix"));
    let planned = steps[..2].iter().flat_map(|step| step["commands"].as_array().unwrap());
    let planned: Vec<String> = planned.map(|command| command.as_str().unwrap().to_owned()).collect();
    assert!(planned.last().unwrap().ends_with("/repo/../fix refs/heads/main)"), "{planned:#?}");
    let run = run(&["--verbose"]);
    let started: Vec<String> = timed(&run.stderr).map(str::to_owned).collect();
    let (first, rest) = started.split_at(planned.len());
    assert_eq!(first, planned);
    assert!(rest.len() > 12 && world.path("fix/file").exists(), "{started:#?}");
}

#[test]
fn what_is_named_can_be_pasted_into_a_shell() {
    let world = World::new();
    world.shell("mv agent-1 \"a b'c\" && git -C repo worktree repair \"../a b'c\"");
    let dry = world.bn(&["container", "run", "--dry-run", "../a b'c", "--", "true"]).exits(0);
    let reads = |line: &&str| {
        [" rev-parse ", " config --list", " worktree list", "'--count=1'", " rev-list "]
            .iter()
            .any(|word| line.contains(word))
    };
    let lines: Vec<&str> = dry.stdout.lines().take_while(|line| !line.starts_with("# start")).filter(reads).collect();
    assert!(lines.len() > 1, "{lines:#?}");
    for line in lines.iter().filter(|line| !line.contains("refs/binnacle")) {
        world.shell(&format!("{line} > /dev/null"));
    }
}

/// A build that changes nothing by then: the folder, the container and the image have got their names.
#[test]
fn a_dry_run_of_a_build_names_what_the_build_starts() {
    let world = World::new();
    let built = Image::of(&world);
    let dry = built.build_with(&least(), &["--dry-run", "--json"]).exits(0);
    let dry: serde_json::Value = serde_json::from_str(&dry.stdout).unwrap();
    let planned: Vec<&str> = dry["commands"].as_array().unwrap().iter().map(|line| line.as_str().unwrap()).collect();
    assert!(!built.is_in_containerd());
    let real = built.build_with(&least(), &["--verbose"]).exits(0);
    // A pipe is two programs.
    let planned = planned.iter().flat_map(|line| line.split(" | ")).map(verb);
    // Which of the image's layers containerd has is known only then.
    let looked = |line: &&str| line.contains(" content get ") || line.contains(" images check ");
    let started = timed(&real.stderr).filter(|line| !looked(line)).map(verb);
    assert_eq!(planned.collect::<Vec<_>>(), started.collect::<Vec<_>>());
}

/// The program of a line, and what it is to do.
fn verb(line: &str) -> String {
    let plain = ["(cd ", "sudo -n -- "].iter().fold(line, |line, start| line.strip_prefix(start).unwrap_or(line));
    let plain = plain.split_once(" && ").map_or(plain, |(_, command)| command);
    let words = plain.split_whitespace().filter(|word| word.chars().all(|letter| letter.is_ascii_lowercase()));
    words.take(3).collect::<Vec<_>>().join(" ")
}
