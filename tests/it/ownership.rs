//! Checkouts in which an agent could write nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::world::World;

fn refused(world: &World) -> String {
    let answer = world.bn(&["container", "run", "--", "true"]);
    assert_eq!((answer.code, answer.stdout.as_str()), (2, ""), "{answer:?}");
    assert_eq!(world.calls(), "", "something was run");
    assert_eq!(world.files_below("home/.local"), Vec::<std::path::PathBuf>::new());
    world.neutral(&answer.stderr)
}

#[test]
fn root_in_another_users_repository_is_told_whose_it_is() {
    // Nobody else can give a folder away.
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let world = World::new();
    fs::write(world.path("home/.gitconfig"), "[safe]\n\tdirectory = *\n").unwrap();
    for (owner, name, login) in [("65534:65534", "nobody", "nobody"), ("54321:54321", "54321", "'#54321'")] {
        assert!(Command::new("chown").args(["-R", owner]).arg(world.repo()).status().unwrap().success());
        let uid = &owner[..5];
        assert_eq!(
            refused(&world),
            format!(
                "Error: [WORLD]/repo belongs to {name} (uid {uid}): the agent works as root (uid 0) without a capability, and cannot write there\n\
                 hint: run it as its owner: sudo -u {login} bn container run [WORLD]/repo …\n"
            )
        );
    }
}

#[test]
fn a_checkout_that_its_owner_closed_is_opened_first() {
    let world = World::new();
    fs::set_permissions(world.repo(), fs::Permissions::from_mode(0o555)).unwrap();
    let said = refused(&world);
    assert!(said.starts_with("Error: [WORLD]/repo is not writable for its owner, "), "{said}");
    assert!(said.ends_with("\nhint: chmod u+rwx [WORLD]/repo\n"), "{said}");
    fs::set_permissions(world.repo(), fs::Permissions::from_mode(0o755)).unwrap();
}
