//! `--dry-run` prints what would be done, and does none of it.

use crate::world::{World, answer};

#[test]
fn the_commands_of_a_run_are_printed_and_not_run() {
    let world = World::new();
    let line = ["container", "run", "--dry-run", "--name", "job", "--memory", "1g", "--cpus", "1", "--", "make", "a b"];
    let mut command = world.command(&line);
    let shown = answer(command.env("GH_TOKEN", "canary-4711"));
    assert_eq!(shown.code, 0, "{shown:?}");
    let text = world.neutral(&shown.stdout);
    assert!(text.starts_with("# run job on localhost/binnacle-self:latest, merging into main\n"), "{text}");
    assert!(text.contains("GH_TOKEN") && !text.contains("canary-4711"), "{text}");
    let run = text.lines().find(|line| line.contains(" run --detach ")).unwrap();
    assert!(run.starts_with("ctr --address [WORLD]/containerd.sock --namespace binnacle run "), "{run}");
    assert!(
        run.contains("--memory-limit 1073741824") && run.ends_with("job /usr/local/bin/binnacle-entrypoint make 'a b'"),
        "{run}"
    );
    assert!(!world.calls().contains(" run --detach"), "{}", world.calls());
    assert_eq!(world.files_below("home"), Vec::<std::path::PathBuf>::new());
}

#[test]
fn the_commands_of_a_build_are_printed_and_not_run() {
    let world = World::new();
    let line =
        ["container", "build", "--dry-run", "--tag", "v0.5.0", "--agent", "claude", "--agent", "codex", "--no-cache"];
    let shown = world.bn(&line);
    assert_eq!(shown.code, 0, "{shown:?}");
    let build = shown.stdout.lines().find(|line| line.starts_with("buildah build ")).unwrap();
    assert!(build.contains("--no-cache") && build.contains("--tag localhost/binnacle-self:v0.5.0"), "{build}");
    assert!(build.contains("'AGENTS=claude codex'"), "{build}");
    assert!(!world.calls().contains("buildah"), "{}", world.calls());
}
