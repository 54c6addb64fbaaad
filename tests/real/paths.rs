//! Checkouts whose paths hold what breaks careless programs.

use crate::world::World;

const COMMIT: &str = "set -e; echo theirs > greeting; git add greeting; git commit -q -m work";
/// Spaces, commas (mount options), quotes, colons, a backslash, a dollar, letters beyond ASCII.
const ODD: &str = "a b,c'd\"e:f\\g$HOME ä 日本";

#[test]
fn a_linked_worktree_with_an_odd_name() {
    let world = World::new();
    let odd = format!("../{ODD}");
    let add = world
        .program("git")
        .args(["-C", "repo", "worktree", "add", "-q", &odd, "-b", "odd"])
        .current_dir(world.root())
        .status();
    assert!(add.unwrap().success());
    world.run_in(&odd, COMMIT).exits(0);
    world.assert_on_main("work");
    assert_eq!(world.row(&world.job())["worktree"], world.path(ODD).to_str().unwrap());
    assert!(world.path(ODD).join("greeting").exists());
}

#[test]
fn a_line_break_in_a_worktrees_path_breaks_no_row_and_no_report() {
    let world = World::new();
    let add = ["-C", "repo", "worktree", "add", "-q", "../a\nb", "-b", "broken"];
    assert!(world.program("git").args(add).current_dir(world.root()).status().unwrap().success());
    let run = world.run_in("../a\nb", &format!("{COMMIT}; echo left > left")).exits(0);
    assert!(run.stderr.lines().all(|line| line != "b" && !line.starts_with("b ")), "{run:#?}");
    world.assert_on_main("work");
    let list = world.bn(&["container", "list", "--all"]).exits(0).stdout;
    assert_eq!(list.lines().count(), 2, "a heading and one row: {list}");
    assert!(list.contains(r"a\u{a}b"), "{list}");
}

#[test]
fn a_plain_checkout_with_an_odd_name_and_an_odd_branch() {
    let world = World::new();
    let branch = "feature/ünïcode,#1";
    let clone = world.program("git").args(["clone", "-q", "repo", ODD]).current_dir(world.root()).status();
    assert!(clone.unwrap().success());
    let git = |args: &[&str]| {
        let output = world.program("git").args(args).current_dir(world.path(ODD)).output().unwrap();
        crate::world::answer(output).exits(0).stdout
    };
    git(&["config", "user.name", "T"]);
    git(&["config", "user.email", "t@example.org"]);
    git(&["switch", "-q", "-c", branch]);
    world.run_in(world.path(ODD).to_str().unwrap(), COMMIT).exits(0);
    assert_eq!(git(&["log", "-1", "--format=%s", "main"]), "work\n");
    assert_eq!(git(&["status", "--porcelain"]), "");
}

#[test]
fn the_current_folder_is_the_default_even_below_its_top() {
    let world = World::new();
    world.shell("mkdir agent-1/below");
    let image = crate::world::image();
    let mut command =
        world.bn_command(&["container", "run", "--tag", &image, "--name", &world.job(), "--", "bash", "-c", COMMIT]);
    let answer = crate::world::answer(command.current_dir(world.path("agent-1/below")).output().unwrap());
    answer.exits(0);
    world.assert_on_main("work");
}

#[test]
fn what_names_the_hosts_path_is_told_before_the_agent_meets_it() {
    let world = World::new();
    world.shell("mkdir -p agent-1/.venv/bin && echo .venv > repo/.git/info/exclude");
    let tree = world.path("agent-1").canonicalize().unwrap();
    std::fs::write(tree.join(".venv/bin/activate"), format!("VIRTUAL_ENV={}/.venv\n", tree.display())).unwrap();
    let told = world.run("pwd").exits(0).stderr;
    assert!(
        told.contains(&format!(".venv is made for {}, which is /workspace in the container", tree.display())),
        "{told}"
    );
    assert!(told.contains("python3 -m venv --clear .venv"), "{told}");
}
