//! What a run may be given of this machine, and what it is refused.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use crate::world::{Answer, World};

fn run(world: &World, mounts: &[&str]) -> Answer {
    let flags = mounts.iter().flat_map(|mount| ["--mount", mount]).collect::<Vec<_>>();
    let shown = world.bn(&[&["container", "run", "--dry-run", "--name", "job"], &flags[..], &["--", "true"]].concat());
    assert!(!shown.stderr.contains("panicked"), "{shown:?}");
    shown
}

#[track_caller]
fn refused(world: &World, mount: &str, why: &str) {
    let shown = run(world, &[mount]);
    assert_ne!(shown.code, 0, "{mount}: {shown:?}");
    let said = world.neutral(&shown.stderr);
    assert!(said.starts_with("Error: ") && said.contains(why), "{mount}: {said}");
}

fn world() -> World {
    let world = World::new();
    for folder in ["home/data/inner", "home/.ssh", "home/.config/gh", "home/bin", "srv/plain", "srv/holds/.git/refs"] {
        fs::create_dir_all(world.path(folder)).unwrap();
    }
    fs::create_dir_all(world.path("srv/holds/.git/objects")).unwrap();
    fs::write(world.path("srv/holds/.git/HEAD"), "ref: refs/heads/main\n").unwrap();
    fs::write(world.path("home/.gitconfig"), "").unwrap();
    world
}

#[test]
fn what_is_given_is_read_only_unless_it_says_otherwise() {
    let world = world();
    let shown = run(&world, &["~/data:/data", "../srv/plain:/plain:rw", "~/.gitconfig:/home/agent/.gitconfig"]);
    assert_eq!(shown.code, 0, "{shown:?}");
    let (said, text) = (world.neutral(&shown.stderr), world.neutral(&shown.stdout));
    assert!(said.contains("mounted: [WORLD]/home/data at /data, read-only\n"), "{said}");
    assert!(said.contains("mounted: [WORLD]/srv/plain at /plain, which the agent may write to\n"), "{said}");
    for mount in [
        "type=bind,src=[WORLD]/home/data,dst=/data,options=bind:rprivate:ro:nosuid:nodev",
        "type=bind,src=[WORLD]/srv/plain,dst=/plain,options=bind:rprivate:rw:nosuid:nodev",
        "dst=/home/agent/.gitconfig,options=bind:rprivate:ro:",
        "BN_SHARED=/plain",
    ] {
        assert!(text.contains(mount), "{mount}: {text}");
    }
    // Without a place inside it is where it is outside.
    let shown = run(&world, &["../srv/plain"]);
    assert!(world.neutral(&shown.stdout).contains("src=[WORLD]/srv/plain,dst=[WORLD]/srv/plain,"), "{shown:?}");
}

#[test]
fn what_this_machine_obeys_is_not_written_by_an_agent() {
    let world = world();
    let obeys = "this machine obeys what is written to ";
    for (source, why) in [
        (".", "(a git repository)"),
        (".git", "(a git repository)"),
        ("..", ""),
        ("~/bin", "(a folder of programs)"),
        ("~/.local", ""),
        ("/etc", ""),
        ("/etc/ssl/certs", "(a folder of the system)"),
        ("/usr/share", "(a folder of the system)"),
        ("/opt", "(a folder of the system)"),
        ("/var/lib", ""),
        ("/tmp", ""),
        ("/home", ""),
    ] {
        fs::create_dir_all(world.path("home/.local")).unwrap();
        refused(&world, &format!("{source}:/data:rw"), why);
    }
    refused(&world, ".:/data:rw", obeys);
    refused(&world, "~/.gitconfig:/data:rw", "is a file, and a folder alone can be written to");
    refused(&world, "../srv/holds:/data:rw", obeys);
    refused(&world, "../srv:/data:rw", "[WORLD]/srv/holds/.git is a git repository");
    symlink(world.path("repo"), world.path("home/link")).unwrap();
    refused(&world, "~/link:/data:rw", "[WORLD]/repo (a git repository)");
    assert_eq!(run(&world, &["../srv/holds:/data"]).code, 0);
}

#[test]
fn keys_sockets_and_what_bn_keeps_are_given_to_no_agent() {
    let world = world();
    fs::create_dir_all(world.path("home/.local/share/binnacle/agents")).unwrap();
    let no = "no agent gets ";
    for source in [
        "~",
        "~/",
        "/",
        "~/.ssh",
        "~/.config",
        "~/.config/gh",
        "~/.local/share/binnacle",
        "~/.local",
        "..",
        "/proc/self",
        "/run",
        "/dev",
        "/dev/null",
        "/etc",
        "/etc/shadow",
    ] {
        for mode in ["ro", "rw"] {
            let why = if source == "/dev/null" { "" } else { no };
            refused(&world, &format!("{source}:/data:{mode}"), if mode == "ro" { why } else { "" });
        }
    }
    refused(&world, "~:/data", "no agent gets [WORLD]/home (your whole home)");
    refused(&world, "~/.ssh:/data", "no agent gets [WORLD]/home/.ssh (keys and secrets of yours)");
    symlink(world.path("home/.ssh"), world.path("home/keys")).unwrap();
    refused(&world, "~/keys:/data", "no agent gets [WORLD]/home/.ssh");
    let _listens = UnixListener::bind(world.path("home/data/inner/sock")).unwrap();
    refused(&world, "~/data:/data", "a program listens at [WORLD]/home/data/inner/sock");
    refused(&world, "~/data/inner/sock:/data", "is neither a folder nor a file");
}

#[test]
fn a_wrong_mount_says_what_is_wrong() {
    let world = world();
    refused(&world, "~/nothing:/data", "there is no [WORLD]/home/nothing\nhint: mkdir -p ");
    refused(&world, "~/data:/workspace/data", "/workspace/data would cover /workspace of the container");
    refused(&world, "~/data:/etc", "/etc would cover /etc of the container");
    refused(&world, "~/data:/tmp/x:rw", "what can be written is not mounted in /tmp");
    refused(&world, "~/data:x", "x is no absolute path in the container");
    refused(&world, "/etc/ssl/certs", "/etc/ssl/certs would cover /etc of the container");
    let twice = run(&world, &["~/data:/data", "../srv/plain:/data/x"]);
    assert!(twice.stderr.contains("/data/x and /data would be one in the other"), "{twice:?}");
}

#[test]
fn a_project_gives_its_agents_nothing_of_the_machine_unasked() {
    let world = world();
    world.git(&["config", "user.name", "T"]);
    world.git(&["config", "user.email", "t@example.org"]);
    fs::create_dir_all(world.repo().join(".binnacle")).unwrap();
    let settings = |text: &str| {
        fs::write(world.repo().join(".binnacle/config.toml"), text).unwrap();
        world.git(&["add", ".binnacle/config.toml"]);
        world.git(&["commit", "--quiet", "-m", "settings"]);
    };
    for source in ["~/", "/", "~/.ssh", "~/data"] {
        settings(&format!("mount = [\"{source}:/data\"]\n"));
        let asked = world.bn(&["container", "run", "--name", "job", "--", "true"]);
        assert_eq!(asked.code, 125, "{asked:?}");
        let named = format!("mount = [\"{source}:/data\"] (main:.binnacle/config.toml:1)");
        assert!(asked.stderr.contains(&named) && asked.stderr.contains("bn config trust"), "{asked:?}");
        assert_eq!(world.bn(&["config", "trust"]).code, 0);
        let trusted = run(&world, &[]);
        match source {
            "~/data" => assert!(trusted.stdout.contains("dst=/data,"), "{trusted:?}"),
            _ => assert!(trusted.code != 0 && trusted.stderr.contains("no agent gets "), "{trusted:?}"),
        }
    }
    settings("mount = [\"data:/data\"]\n");
    let refused = run(&world, &[]);
    assert!(refused.stderr.contains("the path of a mount in a configuration begins with / or ~/"), "{refused:?}");
}
