//! Programs that are missing or sick: each its own error, exit code 125, nothing left behind.

use std::process::Command;

use crate::world::{WRITE_ID, World, answer};

fn run_fails(world: &World) -> String {
    let answer = world.bn(&["container", "run", "--", "true"]);
    assert_eq!(answer.code, 125, "{answer:?}");
    assert_eq!(answer.stdout, "");
    let left = world.files_below("home");
    assert!(left.iter().all(|path| path.file_name().unwrap() != "run.json"), "{left:?}");
    world.neutral(&answer.stderr)
}

#[test]
fn without_ctr_containerd_is_what_to_install() {
    let world = World::new();
    world.remove("ctr");
    insta::assert_snapshot!(run_fails(&world), @"
    Error: containerd not found
    hint: on Fedora/RHEL: sudo dnf install containerd buildah
    hint: on Debian/Ubuntu: sudo apt install containerd buildah
    hint: then: sudo systemctl enable --now containerd
    hint: see github.com/containerd/containerd
    ");
}

#[test]
fn without_buildah_a_build_says_what_to_install() {
    let world = World::new();
    world.remove("buildah");
    let answer = world.bn(&["container", "build"]);
    assert_eq!(answer.code, 125);
    insta::assert_snapshot!(answer.stderr, @"
    Error: buildah not found
    hint: on Fedora/RHEL: sudo dnf install containerd buildah
    hint: on Debian/Ubuntu: sudo apt install containerd buildah
    hint: then: sudo systemctl enable --now containerd
    hint: see github.com/containerd/containerd
    ");
}

#[test]
fn without_git_there_is_no_run() {
    let world = World::new();
    world.remove("git");
    insta::assert_snapshot!(run_fails(&world), @"
    Error: git not found
    hint: on Fedora/RHEL: sudo dnf install git
    hint: on Debian/Ubuntu: sudo apt install git
    ");
}

#[test]
fn a_containerd_that_does_not_run_is_to_be_started() {
    let world = World::new();
    std::fs::remove_file(world.path("containerd.sock")).unwrap();
    insta::assert_snapshot!(run_fails(&world), @"
    Error: containerd is not running: nothing listens at [WORLD]/containerd.sock
    hint: start it: sudo systemctl enable --now containerd
    hint: or, if it listens elsewhere: CONTAINERD_ADDRESS=/path/to/containerd.sock
    ");
}

#[test]
fn a_socket_that_nobody_listens_to_is_a_containerd_that_does_not_run() {
    let world = World::new();
    std::fs::remove_file(world.path("containerd.sock")).unwrap();
    drop(std::os::unix::net::UnixListener::bind(world.path("containerd.sock")).unwrap());
    insta::assert_snapshot!(run_fails(&world), @"
    Error: containerd is not running: nothing listens at [WORLD]/containerd.sock
    hint: start it: sudo systemctl enable --now containerd
    hint: or, if it listens elsewhere: CONTAINERD_ADDRESS=/path/to/containerd.sock
    ");
}

#[test]
fn a_containerd_that_answers_oddly_is_quoted() {
    let world = World::new();
    world.fake("ctr", "echo 'ctr: something is very wrong: unknown' >&2; exit 1");
    insta::assert_snapshot!(run_fails(&world), @"
    Error: containerd does not answer: something is very wrong
    hint: look at: sudo systemctl status containerd
    ");
}

#[test]
fn an_image_that_is_not_built_is_to_be_built() {
    let world = World::new();
    world.fake("ctr", "exit 0");
    insta::assert_snapshot!(run_fails(&world), @"
    Error: the image localhost/binnacle-self:latest is not built
    hint: build it: bn container build
    ");
}

/// buildah builds and pushes; containerd has no image until one is imported, and the first import loses a layer.
#[test]
fn an_import_that_lost_a_layer_to_containerds_clean_up_is_tried_again() {
    import_is_tried_again("failed to prepare extraction snapshot \"x\": parent snapshot y does not exist: not found");
    import_is_tried_again(
        "failed to extract layer y: failed to get reader from content store: content digest z: not found",
    );
}

fn import_is_tried_again(after: &str) {
    let world = World::new();
    world.fake("buildah", &format!(r#"case "$*" in build*) {WRITE_ID} ;; inspect*) echo '{{}}' ;; esac"#));
    world.fake("tar", "echo archive");
    let had = world.path("had-a-try");
    let imported = world.path("imported");
    world.fake(
        "ctr",
        &format!(
            r#"case "$*" in
  *"images import"*)
    while read -r _; do :; done
    if [ ! -e {had} ]; then
        : > {had}
        echo 'ctr: {after}' >&2
        exit 1
    fi
    : > {imported} ;;
  *"images ls -q name=="*,*) ;;
  *"images ls -q name=="*) [ ! -e {imported} ] || echo "${{10#name==}}" ;;
esac"#,
            had = had.display(),
            imported = imported.display()
        ),
    );
    let built = world.bn(&["container", "build", "--agent", "none"]);
    assert_eq!(built.code, 0, "{built:?}");
    assert_eq!(world.calls().matches(" images import -").count(), 2, "{}", world.calls());
    assert!(built.stdout.contains("localhost/binnacle-self:latest built"), "{built:?}");
}

/// buildah looks through all images for layers that it can use again, and ends where one of them goes meanwhile.
#[test]
fn a_build_beside_which_an_image_is_removed_is_tried_again() {
    let world = World::new();
    let had = world.path("had-a-try");
    let build = format!(
        r#"if [ ! -e {had} ]; then
        : > {had}
        echo 'Error: checking if cached image exists from a previous build: getting top layer info: layer not known' >&2
        exit 125
    fi
    {WRITE_ID}"#,
        had = had.display()
    );
    world.fake("buildah", &format!("case \"$*\" in build*) {build} ;; esac"));
    world.fake("ctr", r#"case "$*" in *"images ls -q name=="*) name=${*##*name==}; echo "${name%%,*}" ;; esac"#);
    let built = world.bn(&["container", "build", "--agent", "none"]);
    assert_eq!(built.code, 0, "{built:?}");
    assert_eq!(world.calls().matches("buildah build ").count(), 2, "{}", world.calls());
    assert!(built.stderr.contains("\nan image went while buildah looked at it: building again\n"), "{built:?}");
}

/// Under a user id of the test's own, which root alone can take, so that the kernel counts nobody else's processes.
#[test]
fn bn_does_with_one_process_more_and_says_so_without() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let world = World::new();
    let owner = "54323";
    let owned = Command::new("chown").args(["-R", owner]).arg(world.path("")).status().unwrap();
    assert!(owned.success());
    let build = |processes: &str| {
        let command = world.command(&["container", "build", "--dry-run"]);
        let mut bounded = Command::new("/usr/bin/setpriv");
        bounded.args(["--reuid", owner, "--regid", owner, "--clear-groups", "/usr/bin/prlimit"]);
        bounded.arg(format!("--nproc={processes}:{processes}")).arg(command.get_program()).args(command.get_args());
        bounded.current_dir(world.repo()).env_clear();
        bounded.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
        answer(&mut bounded)
    };
    assert_eq!(build("2").code, 0);
    let refused = build("1");
    assert_eq!(refused.code, 125, "{refused:?}");
    insta::assert_snapshot!(refused.stderr, @"
    Error: cannot start git
      caused by: Resource temporarily unavailable (os error 11)
    hint: you have as many processes as you may: `ulimit -u` and, with systemd, TasksMax of your session (systemctl status) say how many
    ");
}
