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
fn what_the_agent_gets_is_said() {
    let world = World::new();
    let said = |more: &[&str]| {
        let line = [
            &["container", "run", "--dry-run", "--name", "job", "--memory", "1g", "--cpus", "1", "--disk", "2g"],
            more,
        ];
        let shown = answer(world.command(&line.concat()).env("GH_TOKEN", "canary-4711"));
        assert_eq!(shown.code, 0, "{shown:?}");
        let lines = shown.stdout.lines().filter(|line| line.starts_with("# limits") || line.starts_with("# the agent"));
        lines.collect::<Vec<_>>().join("\n")
    };
    insta::assert_snapshot!(said(&[]), @"
    # limits: 1 CPUs, 1024 MiB of memory and no swap, 4096 processes, 2048 MiB of disk
    # the agent reaches all public hosts; it holds GH_TOKEN itself and can send that anywhere; --only limits where
    ");
    insta::assert_snapshot!(said(&["--pids-limit", "99", "--only", "@github", "--allow", "localhost:80"]), @"
    # limits: 1 CPUs, 1024 MiB of memory and no swap, 99 processes, 2048 MiB of disk
    # the agent reaches @github, localhost:80; it holds GH_TOKEN itself
    ");
    insta::assert_snapshot!(said(&["--network", "none"]), @"
    # limits: 1 CPUs, 1024 MiB of memory and no swap, 4096 processes, 2048 MiB of disk
    # the agent reaches nothing but itself; it holds GH_TOKEN itself
    ");
}

#[test]
fn every_mount_is_shown_git_s_among_them() {
    let world = World::new();
    let shown = world.bn(&["container", "run", "--dry-run", "--name", "job"]);
    let mounts = [
        "dst=/workspace,",
        "dst=/workspace/.git,",
        "dst=/run/binnacle/host,",
        "/.git/objects,options=bind:rprivate:ro",
    ];
    for mount in mounts {
        assert!(shown.stdout.contains(mount), "{mount}: {shown:?}");
    }
}

#[test]
fn a_worktree_that_would_be_made_is_named_and_not_made() {
    let world = World::new();
    let before = (world.files_below("repo"), world.files_below("home"));
    let dry = |words: &[&str]| {
        world
            .bn(&[&["container", "run", "--dry-run", "--name", "job", "--cpus", "1", "--memory", "1g"], words].concat())
    };
    let shown = dry(&["--create", "-b", "fix/it", "../new/fix", "--", "true"]);
    assert_eq!(shown.code, 0, "{shown:?}");
    let text = world.neutral(&shown.stdout);
    assert!(
        text.starts_with("# run job on localhost/binnacle-self:latest, merging into main\n# limits: 1 CPUs, "),
        "{text}"
    );
    let (_, steps) = text.split_once("# create: ").unwrap();
    let (create, rest) = steps.split_once("# resolve: ").unwrap();
    assert!(create.starts_with("make the worktree and its branch fix/it\n"), "{text}");
    let add = " worktree add -q --no-track -b fix/it -- [WORLD]/repo/../new/fix refs/heads/main";
    assert!(create.lines().any(|line| line.contains(add)), "{text}");
    assert!(rest.ends_with("this names their commands: bn container run --dry-run ../new/fix\n"), "{text}");
    assert_eq!((world.files_below("repo"), world.files_below("home")), before);
    assert!(!world.path("new").exists());
    for (words, why) in [
        (["-b", "main", "../fix"], "branch main exists already"),
        (["-b", "a..b", "../fix"], "a..b is not a legal branch name"),
        (["-b", "fix", "../home"], "home exists already"),
    ] {
        let refused = dry(&[&["--create"], &words[..]].concat());
        assert!(refused.code != 0 && refused.stderr.contains(why), "{refused:?}");
    }
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

/// What is looked at between the build and the import is named, too, and all in its order.
#[test]
fn the_checks_of_a_build_are_among_its_commands() {
    let world = World::new();
    let definition = world.path("Definition");
    std::fs::write(&definition, "FROM scratch\n").unwrap();
    let own = ["buildah build", "images ls -q", "buildah inspect", "buildah push", "tar ", "images label"];
    let foreign = ["buildah build", "buildah inspect", "buildah from", "buildah run", "buildah rm", "buildah push"];
    for (more, steps) in [(&[][..], &own[..]), (&["--file", definition.to_str().unwrap()], &foreign)] {
        let shown = world.bn(&[&["container", "build", "--dry-run"], more].concat());
        assert_eq!(shown.code, 0, "{shown:?}");
        let places: Vec<_> = steps.iter().map(|step| shown.stdout.find(step)).collect();
        assert!(places.iter().all(Option::is_some) && places.is_sorted(), "{shown:?}");
        assert_eq!(shown.stdout.contains("buildah from"), !more.is_empty(), "{shown:?}");
    }
    let calls = world.calls();
    assert!(!calls.contains("buildah") && !calls.contains("tar"), "{calls}");
    assert_eq!(world.files_below("home"), Vec::<std::path::PathBuf>::new());
}

#[test]
fn every_program_is_named_as_it_starts_where_that_is_wanted() {
    let world = World::new();
    let named = |line: &[&str], log: Option<&str>| {
        let mut command = world.command(line);
        answer(command.envs(log.map(|log| ("BN_LOG", log)))).stderr
    };
    for (line, log) in [(&["-v", "container", "doctor"][..], None), (&["container", "doctor"], Some("commands"))] {
        let stderr = named(line, log);
        let first = stderr.lines().next().unwrap();
        assert!(first.contains("--version  # 0.") && first.ends_with(" s"), "{stderr}");
    }
    assert_eq!(named(&["container", "doctor"], Some("")), "");
    insta::assert_snapshot!(named(&["container", "doctor"], Some("all")), @"
    Error: BN_LOG=all: bn knows only `commands`
    hint: BN_LOG=commands names each program as it starts, as -v does
    ");
}
