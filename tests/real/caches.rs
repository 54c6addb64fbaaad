//! What package managers keep from one run to the next, and what an agent could make of the folder in which they do.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::registry::Registry;
use crate::running::MEET;
use crate::world::{User, World};

/// The repository's caches on the host.
fn folder(world: &World) -> String {
    world.shell("echo home/.local/share/binnacle/caches/*")
}

#[test]
fn what_is_installed_a_second_time_needs_no_network() {
    let world = World::new();
    let registry = Registry::new(&world);
    let url = &registry.url;
    registry.run(&world, "maker", &[], &format!("bash packages.sh registry {url}")).exits(0);
    let again = |steps: &str| format!("bash again.sh {url} /workspace/registry/ca.pem {steps}");
    let open = ["--allow", registry.host.as_str()];
    registry.run(&world, "first", &open, &again("first")).exits(0);
    let second = registry.run(&world, "second", &["--network", "none"], &again("with_npm with_cargo")).exits(0);
    for manager in ["npm", "cargo"] {
        assert!(second.stdout.contains(&format!("hello from {manager}\n")), "{second:#?}");
    }
    for step in ["with_npm", "with_cargo"] {
        let clean = registry.run(&world, &step.replace('_', "-"), &["--network", "none", "--no-cache"], &again(step));
        assert_ne!(clean.code, 0, "a clean room: {clean:#?}");
    }
    // pip asks the index each time, and for no file.
    world.shell("rm requests");
    registry.run(&world, "third", &open, &again("with_pip")).exits(0);
    assert_eq!(world.shell("cat requests"), "/simple/greeting/");
    // With the set-up of the documentation it asks nobody.
    registry.run(&world, "wheels", &open, &again("pip_offline")).exits(0);
    let offline = registry.run(&world, "offline", &["--network", "none"], &again("pip_offline")).exits(0);
    assert!(offline.stdout.contains("hello from pip\n"), "{offline:#?}");
}

#[test]
fn programs_that_ask_the_list_of_users_for_the_home_find_the_caches_there() {
    // Root is in the image's list, with a home of its own; an ordinary user may not be.
    for world in std::iter::once(World::new()).chain(World::of_other(User::Passwordless)) {
        let script = "cd \"$(perl -e 'print((getpwuid($<))[7])')\" && pwd && readlink .m2/repository .gradle/caches go/pkg/mod \
                      && test -s .m2/settings.xml && wc -l < /etc/passwd";
        let answer = world.run(script).exits(0);
        let found = "/caches/maven\n/caches/gradle\n/caches/go\n";
        assert!(answer.stdout.contains(&format!("/home/agent\n{found}")), "{answer:#?}");
    }
}

#[test]
fn caches_are_the_users_alone_are_shown_and_can_be_emptied() {
    let world = World::new();
    let none = world.bn(&["container", "prune", "--caches"]).exits(0);
    assert_eq!(none.stderr, "there are no caches\n");
    let script = "head -c 3000000 /dev/zero > ~/.npm/some; chmod 777 /caches; readlink ~/.cargo/registry; touch ~/.cargo/config.toml";
    let kept = world.agent(&["--name", &world.name("one")], script).exits(0);
    assert!(kept.stdout.contains("/caches/cargo-registry\n"), "{kept:#?}");
    let folder = folder(&world);
    assert_eq!(
        world.shell(&format!("stat -c %a home/.local/share/binnacle/caches; find {folder} -name config.toml")),
        "700"
    );
    world.agent(&["--name", &world.name("two")], "test -s ~/.npm/some").exits(0);
    assert_eq!(world.shell(&format!("stat -c %a {folder}")), "700");
    world.agent(&["--name", &world.name("clean"), "--no-cache"], "test ! -e ~/.npm -a ! -e /caches").exits(0);

    let pruned = world.bn(&["container", "prune"]).exits(0);
    assert!(pruned.stderr.contains("caches are kept (3.1 MB): bn container prune --caches\n"), "{pruned:#?}");
    let running = world.start(&["--name", &world.job()], MEET);
    running.meet();
    let in_use = world.bn(&["container", "prune", "--caches"]).exits(0);
    assert!(in_use.stdout.contains(&format!("in use by the run {}\n", world.job())), "{in_use:#?}");
    running.go_on().exits(0);
    let emptied = world.bn(&["container", "prune", "--caches"]).exits(0);
    assert!(emptied.stdout.starts_with("emptied ") && emptied.stdout.contains(": 3.1 MB\n"), "{emptied:#?}");
    assert!(!world.path(&folder).exists());
}

#[test]
fn what_an_agent_plants_among_the_caches_reaches_nothing_outside_them() {
    let world = World::new();
    world.shell("mkdir outside; echo canary > outside/canary; echo canary > canary");
    let outside = world.path("outside");
    let plant = format!(
        "cd /caches; rm -rf npm pip uv; ln -s {outside} npm; mkfifo pip; ln -s /workspace uv; ln -s {outside} another
         git init -q .; git -C . config core.fsmonitor 'touch {root}/owned'; mkdir go/.git; truncate -s 100G huge
         echo 'touch {root}/owned' > .envrc; ln /workspace/file hard 2>&1
         perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => \"/caches/sock\", Listen => 1) or die \"no socket: $!\\n\"' 2>&1
         mknod device b 1 1 2>&1; chmod 000 go; true",
        outside = outside.display(),
        root = world.root().display(),
    );
    let planted = world.agent(&["--name", &world.name("one")], &plant).exits(0);
    for refused in ["no socket: Permission denied", "Invalid cross-device link", "Operation not permitted"] {
        assert!(planted.stdout.contains(refused), "{refused}: {planted:#?}");
    }
    let script = "test -d ~/.npm/ && test ! -L /caches/npm && echo kept > ~/.npm/x && echo kept > ~/.cache/pip/x && ls ~/go/pkg/mod/";
    world.agent(&["--name", &world.name("two")], script).exits(0);
    world.shell("cd agent-1 && git status && git diff; cd ../repo && git status");
    world.bn(&["container", "prune", "--caches"]).exits(0);
    assert_eq!(world.shell("cat outside/canary canary; ls outside"), "canary\ncanary\ncanary");
    assert!(!world.path("owned").exists());
    assert_eq!(fs::read_dir(world.path("home/.local/share/binnacle/caches")).unwrap().count(), 0);
}

#[test]
fn caches_that_nobody_can_measure_are_emptied_and_what_a_run_writes_there_counts() {
    let world = World::new();
    let deep =
        "cd ~/.npm; for i in $(seq 300); do mkdir d; cd -P d; done; git -C /workspace commit -q --allow-empty -m work";
    let answer = world.agent(&["--name", &world.name("deep")], deep).exits(0);
    assert!(answer.stderr.contains("caches were emptied: the size could not be measured"), "{answer:#?}");
    assert!(!world.path(&folder(&world)).join("npm").exists());
    let much = "head -c 300M /dev/zero > ~/.npm/a; head -c 300M /dev/zero > ~/.npm/b; sleep 100";
    let answer = world.agent(&["--name", &world.name("much"), "--disk", "400m"], much).exits(137);
    assert!(answer.stderr.contains("out of disk"), "{answer:#?}");
    let mode = fs::metadata(world.path("home/.local/share/binnacle/caches")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}
