//! sudo: used where it is needed, and only there.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;

use crate::world::{World, answer};

/// The uid of `nobody`: a user to whom the socket can be closed. Root can become one; a user is one already.
const NOBODY: u32 = 65534;

fn as_user(world: &World, args: &[&str]) -> crate::world::Answer {
    let mut command = world.command(args);
    if rustix::process::geteuid().is_root() {
        let status = std::process::Command::new("chown").args(["-R", "65534:65534"]).arg(world.path("")).status();
        assert!(status.unwrap().success());
        command.uid(NOBODY).gid(NOBODY);
    }
    answer(&mut command)
}

fn close_socket(world: &World) {
    let mode = fs::Permissions::from_mode(0o000);
    fs::set_permissions(world.path("containerd.sock"), mode).unwrap();
}

#[test]
fn a_socket_that_is_open_to_the_user_needs_no_sudo() {
    let world = World::new();
    let shown = as_user(&world, &["container", "build", "--dry-run"]);
    assert_eq!(shown.code, 0, "{shown:?}");
    assert!(!shown.stdout.contains("sudo"), "{}", shown.stdout);
}

#[test]
fn a_socket_that_is_closed_to_the_user_is_reached_through_sudo_with_its_address_as_an_argument() {
    let world = World::new();
    close_socket(&world);
    let shown = as_user(&world, &["container", "build", "--dry-run"]);
    assert_eq!(shown.code, 0, "{shown:?}");
    let shown = world.neutral(&shown.stdout);
    let beside_git: Vec<&str> = shown.lines().filter(|line| !line.contains(" git ")).collect();
    insta::assert_snapshot!(beside_git.join("\n"), @r#"
    # from bn's own definition
    sudo -n -- ctr --address [WORLD]/containerd.sock --connect-timeout 5s version
    sudo -n -- ctr --address [WORLD]/containerd.sock --connect-timeout 5s version
    buildah build --layers --format oci --isolation chroot --build-arg 'AGENTS=copilot' --tag localhost/binnacle-self:latest --iidfile '$FOLDER/image-id' --file '$FOLDER/context/Containerfile' '$FOLDER/context'
    sudo -n -- ctr --address [WORLD]/containerd.sock --namespace binnacle images ls -q 'name==localhost/binnacle-self:latest,labels."bn.image-id"==$IMAGE_ID'
    buildah inspect --type image localhost/binnacle-self:latest
    sudo -n -- ctr --address [WORLD]/containerd.sock --namespace binnacle images ls 'labels."bn.image-id"'
    (cd '$FOLDER' && buildah push --quiet --format oci localhost/binnacle-self:latest oci:image:localhost/binnacle-self:latest)
    tar --directory '$FOLDER/image' --create --file - . | sudo -n -- ctr --address [WORLD]/containerd.sock --namespace binnacle images import -
    sudo -n -- ctr --address [WORLD]/containerd.sock --namespace binnacle --connect-timeout 5s images ls -q 'name==localhost/binnacle-self:latest'
    sudo -n -- ctr --address [WORLD]/containerd.sock --namespace binnacle images label localhost/binnacle-self:latest 'bn.image-id=$IMAGE_ID'
    "#);
}

#[test]
fn a_sudo_that_refuses_is_named() {
    let world = World::new();
    close_socket(&world);
    world.fake("sudo", "echo 'sudo: a password is required' >&2; exit 1");
    let refused = as_user(&world, &["container", "run", "--", "true"]);
    assert_eq!(refused.code, 125, "{refused:?}");
    insta::assert_snapshot!(refused.stderr, @"
    Error: sudo refused to run ctr: sudo: a password is required
    hint: run `sudo -v` in this terminal, then the same command again
    hint: or let it not ask, in sudoers: NOPASSWD: /usr/bin/ctr
    ");
}

#[test]
fn where_there_is_no_sudo_it_says_so() {
    let world = World::new();
    close_socket(&world);
    world.remove("sudo");
    let refused = as_user(&world, &["container", "run", "--", "true"]);
    assert_eq!(refused.code, 125, "{refused:?}");
    insta::assert_snapshot!(refused.stderr, @"
    Error: sudo not found
    hint: on Fedora/RHEL: sudo dnf install sudo
    hint: on Debian/Ubuntu: sudo apt install sudo
    ");
}
