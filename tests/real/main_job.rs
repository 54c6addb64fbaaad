//! From a task to a commit on `main`.

use crate::world::{User, World};

const COMMIT: &str = "echo greeting > greeting && git add greeting && git commit -q -m 'Add a greeting'";

fn an_agent_finishes_a_task(world: &World, options: &[&str]) {
    world.bn(&["task", "create", "Add a greeting"]).exits(0);
    let script = format!(
        r#"set -e; id=$(bn ready --json | jq -r '.. | .id? // empty' | head -1); bn task claim "$id"; {COMMIT}; bn task close "$id"; bn goodbye done"#
    );
    world.agent(&[&["--name", &world.job()], options].concat(), &script).exits(0);
}

fn is_done(world: &World) {
    let row = world.row(&world.job());
    assert_eq!(row["outcome"], "merged", "{row}");
    assert_eq!(world.git("log -1 --format=%s main"), "Add a greeting");
    assert_eq!(world.git("status --porcelain"), "", "the main checkout is clean");
    assert_eq!(world.shell("cat repo/greeting"), "greeting");
    let tasks = world.tasks();
    assert!(tasks.contains(r#""status":"done""#), "{tasks}");
    assert_eq!(world.shell("find . ! -user \"$(id -u)\" | head"), "", "every file is the user's");
    world.assert_nothing_runs(&world.job());
}

#[test]
fn the_work_of_an_agent_is_on_main_afterwards() {
    let world = World::new();
    an_agent_finishes_a_task(&world, &[]);
    is_done(&world);
}

#[test]
fn a_user_with_sudo_gets_the_same() {
    let Some(world) = World::of_other(User::Passwordless) else { return };
    an_agent_finishes_a_task(&world, &[]);
    is_done(&world);
}

#[test]
fn a_run_that_names_no_worktree_says_which_checkout_it_takes() {
    let world = crate::world::World::new();
    let (image, job) = (crate::world::image(), world.job());
    let line = ["container", "run", "--tag", &image, "--name", &job, "--only", "@anthropic", "--", "true"];
    let answer = world.bn(&line).exits(0);
    let said = format!("no worktree is named: the run takes {} (main)\n", world.path("repo").display());
    assert!(answer.stderr.contains(&said), "{answer:#?}");
    let named = world.bn(&["container", "run", "--tag", &image, "../agent-1", "--", "true"]).exits(0);
    assert!(!named.stderr.contains("no worktree is named"), "{named:#?}");
}

/// The first of README's two commands, with a bn that is built already, as the users who have to ask for root: the
/// containerd that it starts through sudo gives its containers a core limit of 0.
#[test]
fn the_demo_for_a_user_whose_sudo_never_asks() {
    use crate::world::{User, World, answer};
    let Some(world) = World::of_other(User::Passwordless) else { return };
    let archive = std::env::var("BN_TEST_BASE_ARCHIVE").expect("BN_TEST_BASE_ARCHIVE: run scripts/test.sh");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/{scripts,container,Cargo.toml}");
    let copied = std::process::Command::new("bash")
        .args(["-c", &format!("cp -r {source} {0} && chmod -R a+rX {0}", world.root().display())])
        .status();
    assert!(copied.unwrap().success());
    let mut pull = world.program("buildah");
    pull.args(["pull", "--quiet", &format!("docker-archive:{archive}")]).env_remove("HOME").current_dir(world.root());
    answer(pull.output().unwrap()).exits(0);
    let bn = world.bn_command(&[] as &[&str]).get_args().last().unwrap().to_owned();
    let mut demo = world.program("bash");
    demo.arg("scripts/demo.sh").arg("--bn").arg(bn).current_dir(world.root());
    demo.env_remove("CONTAINERD_ADDRESS").env_remove("HOME").env("TMPDIR", world.root());
    let shown = answer(demo.output().unwrap()).exits(0);
    assert!(shown.stdout.contains("Hello from "), "{shown:#?}");
    assert!(shown.stdout.contains("Add a greeting (bn-"), "{shown:#?}");
}

/// What it reads first stands where it cannot write, and the graph knew it before.
#[test]
fn an_agent_is_registered_before_it_starts_and_its_session_ends_with_the_run() {
    let world = World::new();
    world.bn(&["task", "create", "Add a greeting"]).exits(0);
    let script = "echo ---; cat /run/binnacle/ctl/page; echo ---; bn log --limit 1; bn agent list";
    let answer = world.agent(&["--name", &world.job()], script).exits(0);
    let [shown, page, known] = answer.stdout.split("---\n").collect::<Vec<_>>()[..] else { panic!("{answer:#?}") };
    assert!(shown.contains("1 ready") && shown.contains("You are ") && shown == page, "{answer:#?}");
    assert!(known.contains(&format!("{}  session started", world.job())), "{answer:#?}");
    let ended = format!(": the run {} ended: nothing-to-merge\n", world.job());
    let log = world.bn(&["log"]).stdout;
    assert!(log.contains(&ended), "{log}");
    // After a set-up, which takes its time, it registers itself.
    let line = ["--name", &world.unique("set-up"), "--setup", "true"];
    let answer = world.agent(&line, "test ! -e /run/binnacle/ctl/page").exits(0);
    assert!(answer.stdout.contains("You are "), "{answer:#?}");
}
