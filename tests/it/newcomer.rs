//! What somebody does who meets `bn` for the first time, and what is answered: what happened, and what to type.

use std::fs;

use crate::world::{World, answer};

/// A line as it is typed, and everything that is answered to it. It changes nothing.
fn typed(world: &World, line: &str) -> String {
    let mut words = shlex::split(line).unwrap();
    assert_eq!(words.remove(0), "bn");
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let answer = answer(world.command(&words).env("GH_TOKEN", "canary"));
    assert_ne!(answer.code, 0, "{line}: {answer:?}");
    assert_eq!(answer.stdout, "", "{line}");
    assert_eq!(answer.stderr.lines().filter(|line| line.starts_with("Error: ")).count(), 1, "{line}: {answer:?}");
    assert!(!world.calls().contains(" run --detach"), "{line} ran something: {}", world.calls());
    assert_eq!(world.files_below("home"), Vec::<std::path::PathBuf>::new(), "{line}");
    world.neutral(&answer.stderr)
}

/// A line, and the exact answer.
#[track_caller]
fn is_answered(world: &World, line: &str, expected: &str) {
    assert_eq!(typed(world, line), expected, "{line}");
}

#[test]
fn a_command_that_is_called_otherwise() {
    let world = World::new();
    is_answered(
        &world,
        "bn run ../agent-1",
        "Error: there is no command `bn run`\nhint: you may mean: bn container run ../agent-1\n",
    );
    is_answered(
        &world,
        "bn create 'Fix the parser'",
        "Error: there is no command `bn create`\nhint: you may mean: bn task create 'Fix the parser'\n",
    );
    is_answered(
        &world,
        "bn done bn-4k2m",
        "Error: there is no command `bn done`\nhint: you may mean: bn task close bn-4k2m\n",
    );
}

#[test]
fn a_title_without_quotes() {
    is_answered(
        &World::new(),
        "bn task create Fix the parser --priority 1",
        "Error: `the` is one word too many: a title of several goes in quotes\n\
         hint: you may mean: bn task create 'Fix the parser' --priority 1\n",
    );
}

#[test]
fn a_folder_without_a_repository() {
    let world = World::new();
    fs::create_dir(world.path("plain")).unwrap();
    is_answered(
        &world,
        "bn -C ../plain container run",
        "Error: [WORLD]/plain is not in a git repository\n\
         hint: name a checkout: bn container run PATH\n\
         hint: or make this one: git init && git commit --allow-empty -m 'Begin'\n",
    );
    is_answered(
        &world,
        "bn -C ../plain task list",
        "Error: [WORLD]/plain is not in a git repository\nhint: cd into a repository, or make one with `git init`\n",
    );
}

#[test]
fn a_worktree_that_was_not_made_yet() {
    let world = World::new();
    is_answered(
        &world,
        "bn container run ../agent-1",
        "Error: there is no folder ../agent-1\n\
         hint: make it, and its branch: bn container run --create -b agent-1 ../agent-1\n",
    );
    is_answered(
        &world,
        "bn container run --create ../agent-1",
        "Error: `bn container run` needs --branch\n\
         hint: such as: bn container run --create --branch fix ../fix\n",
    );
    is_answered(
        &world,
        "bn container run --create -b agent-1",
        "Error: --create needs the path of the new worktree\n\
         hint: such as: bn container run --create -b agent-1 ../agent-1\n",
    );
}

#[test]
fn a_file_in_the_place_of_a_worktree() {
    let world = World::new();
    fs::write(world.path("repo/README.md"), "x").unwrap();
    is_answered(
        &world,
        "bn container run README.md",
        "Error: README.md is not a folder\nhint: name the checkout itself: bn container run PATH\n",
    );
}

#[test]
fn a_worktree_whose_path_is_no_text() {
    use std::os::unix::ffi::OsStrExt;
    let world = World::new();
    let path = world.path("").join(std::ffi::OsStr::from_bytes(b"c\xff"));
    let git = std::process::Command::new(which::which("git").unwrap())
        .args(["worktree", "add", "-q", "-b", "odd"])
        .arg(&path)
        .current_dir(world.repo())
        .status();
    assert!(git.unwrap().success());
    let refused =
        answer(world.command(&["container", "run"]).arg(&path).args(["--", "true"]).env("GH_TOKEN", "canary"));
    assert_eq!((refused.code, refused.stdout.as_str()), (125, ""), "{refused:?}");
    assert_eq!(
        world.neutral(&refused.stderr),
        "Error: the path [WORLD]/c\u{fffd} is not UTF-8, and bn cannot record it\n\
         hint: give it another name: git worktree move PATH NEWPATH\n\
         hint: a main checkout: mv PATH NEWPATH, then git worktree repair in it\n"
    );
    assert_eq!(world.files_below("home"), Vec::<std::path::PathBuf>::new());
}

#[test]
fn the_agents_command_without_two_dashes() {
    let world = World::new();
    world.fake("make", "exit 0");
    is_answered(
        &world,
        "bn container run make test",
        "Error: `test` is one word too many: the command goes after --\n\
         hint: you may mean: bn container run -- make test\n",
    );
    is_answered(
        &world,
        "bn container run make",
        "Error: there is no folder make\n\
         hint: to run it in the agent's place: bn container run -- make\n\
         hint: make it, and its branch: bn container run --create -b make make\n",
    );
    is_answered(
        &world,
        "bn container run make -j 4",
        "Error: `bn container run` has no flag -j\n\
         hint: if it belongs to the agent's command, that goes after --: bn container run -- make -j 4\n",
    );
}

#[test]
fn flags_and_values_of_other_programs() {
    let world = World::new();
    is_answered(
        &world,
        "bn container run --rm -it",
        "Error: `bn container run` has no flag --rm\nhint: leave it out: every container is removed when its run ends\n",
    );
    is_answered(
        &world,
        "bn container run --network bridge",
        "Error: --network bridge: not one of egress, host, none\n",
    );
    is_answered(
        &world,
        "bn container run --agent gemini",
        "Error: --agent gemini: not one of copilot, claude, codex\n",
    );
}

#[test]
fn sizes_and_times_without_a_unit() {
    let world = World::new();
    is_answered(
        &world,
        "bn container run --memory 8",
        "Error: --memory 8: an agent needs at least 16m\nhint: such as --memory 8g\n",
    );
    is_answered(
        &world,
        "bn container run --timeout 30",
        "Error: --timeout 30: not a length of time\nhint: such as --timeout 90s, 30m or 2h\n",
    );
}

#[test]
fn a_containerd_that_was_not_started() {
    let world = World::new();
    fs::remove_file(world.path("containerd.sock")).unwrap();
    is_answered(
        &world,
        "bn container run",
        "Error: containerd is not running: nothing listens at [WORLD]/containerd.sock\n\
         hint: start it: sudo systemctl enable --now containerd\n\
         hint: or, if it listens elsewhere: CONTAINERD_ADDRESS=/path/to/containerd.sock\n",
    );
}

#[test]
fn an_image_that_was_not_built() {
    let world = World::new();
    world.fake("ctr", "exit 0");
    is_answered(
        &world,
        "bn container run --tag v2",
        "Error: the image localhost/binnacle-self:v2 is not built\nhint: build it: bn container build --tag v2\n",
    );
}

#[test]
fn a_name_that_is_taken_and_one_that_is_none() {
    let world = World::new();
    world.fake("ctr", r#"case "$*" in *"images ls -q name=="*) echo "${10#name==}" ;; *containers*) echo job ;; esac"#);
    is_answered(
        &world,
        "bn container run --name job",
        "Error: job is a container of another run\nhint: choose another with --name\n",
    );
    is_answered(
        &world,
        "bn container run --name 'my job'",
        "Error: 'my job' is not a legal name\n\
         hint: letters and digits, joined by single '.', '_' or '-', at most 76 characters, such as agent-1\n",
    );
    is_answered(
        &world,
        "bn container logs job",
        "Error: no run is called job\nhint: look for it: bn container list --all\n",
    );
}

#[test]
fn what_is_given_to_the_agent_and_not_there() {
    let world = World::new();
    is_answered(
        &world,
        "bn container run --secret NPM_TOKEN",
        "Error: --secret NPM_TOKEN: it is not set here, or empty\nhint: set it first: export NPM_TOKEN=VALUE\n",
    );
    is_answered(
        &world,
        "bn container run --env BN_AGENT_NAME=job",
        "Error: BN_AGENT_NAME is set by bn itself\nhint: use --name NAME\n",
    );
    is_answered(
        &world,
        "bn container run --merge-target develop",
        "Error: there is no branch develop\nhint: the branches are: main\n",
    );
}
