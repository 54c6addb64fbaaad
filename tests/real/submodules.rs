//! Submodules, which the host's git enters by itself.

use crate::running::MEET;
use crate::world::World;

/// One that nobody has initialised is a folder, and no more than that for as long as the agent works.
#[test]
fn no_repository_can_be_made_where_the_hosts_git_would_enter_it() {
    let world = World::new();
    world.shell(
        "git -C agent-1 update-index --add --cacheinfo 160000,$(git -C repo rev-parse HEAD),vendor/lib \
         && git -C agent-1 commit -qm link",
    );
    let script = format!(
        "plant() {{ git init -q $1 && git -C $1 config core.fsmonitor 'touch canary; false' && echo planted in $1; }}
         plant vendor/lib; mv vendor aside && plant vendor/lib; rmdir vendor/lib && plant vendor/lib
         mkdir -p elsewhere && plant elsewhere && mv elsewhere/.git vendor/lib/.git && echo moved
         {MEET}"
    );
    let running = world.start(&[], &script);
    running.meet();
    world.shell("git -C agent-1 status; git -C agent-1 diff; git -C agent-1 add -n . 2> /dev/null || true");
    let answer = running.go_on();
    assert!(!answer.stdout.contains("planted in vendor") && !answer.stdout.contains("moved"), "{answer:#?}");
    assert!(answer.stdout.contains("planted in elsewhere"), "{answer:#?}");
    assert_eq!(world.shell("find agent-1 -name canary; ls -A agent-1/vendor/lib"), "");
}
