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

/// `lib`, which has `inner` in it, is in `repo` as `vendor/lib`, and initialised in `agent-1`.
fn with_submodules() -> World {
    let world = World::new();
    world.shell(
        "git config --global protocol.file.allow always; git config --global user.name Tester; git config --global user.email t@example.org
         for r in inner lib; do git init -q -b main $r; (cd $r; echo $r > f; git add f; git commit -qm first); done
         (cd lib; git submodule --quiet add ../inner inner; git submodule --quiet add ../inner never; git commit -qm links)
         (cd repo; git submodule --quiet add ../lib vendor/lib; git commit -qm link)
         cd agent-1; git merge -q --ff-only main; git submodule --quiet update --init; git -C vendor/lib submodule --quiet update --init inner",
    );
    world
}

#[test]
fn an_agent_works_in_submodules_and_what_it_commits_there_is_kept_and_named() {
    let world = with_submodules();
    let script = "set -e; git submodule status --recursive; [[ -z $(git status --short) ]]
        echo z > z; git add -A; git commit -qm z; git add .; git diff --exit-code; git submodule update
        echo deep > vendor/lib/inner/g; git -C vendor/lib/inner add -A; git -C vendor/lib/inner commit -qm deep
        echo lib > vendor/lib/g; git -C vendor/lib add -A; git -C vendor/lib commit -qm more; git -C vendor/lib fetch -q host
        git diff --submodule=log; git commit -qam bump; [[ -z $(git status --short) ]]";
    let answer = world.run(script).exits(3);
    assert!(answer.stdout.contains("vendor/lib/inner (heads/main)"), "{answer:#?}");
    let run = world.job();
    for kept in [
        "the submodule link vendor/lib is new or changed; its commit is there alone: git -C ",
        "kept with the run: 1 commit in the submodule vendor/lib: git -C ",
        "kept with the run: 1 commit in the submodule vendor/lib/inner: git -C ",
    ] {
        assert!(answer.stderr.contains(kept), "{kept}: {answer:#?}");
    }
    assert_eq!(
        world.shell("cd agent-1; git status --short; git -C vendor/lib status --short; cat vendor/lib/inner/g"),
        "deep"
    );
    let inspected = world.bn(&["container", "inspect", &run]).exits(0).stdout;
    assert!(inspected.contains("1 commit in the submodule vendor/lib\""), "{inspected}");
    world.bn(&["container", "merge", &run, "--accept-handoff"]).exits(0);
    world.assert_on_main("bump");
    let prune = || world.bn(&["container", "prune"]).exits(0).stdout;
    let kept = prune();
    assert!(kept.contains("nothing else has 1 commit in the submodule vendor/lib, 1 commit in the"), "{kept}");
    // What it says to type.
    for way in kept.lines().filter_map(|line| line.split_once(": git ").map(|(_, way)| format!("git {way}"))) {
        world.shell(&way);
    }
    assert_eq!(world.shell(&format!("git -C agent-1/vendor/lib log -1 --format=%s {run}")), "more");
    assert!(prune().starts_with(&format!("forgot {run}")));
    assert_eq!(world.shell("git -C agent-1/vendor/lib for-each-ref refs/binnacle"), "");
}

/// The worktree's git folder, with the submodule's repository in it, may be gone before anybody has looked.
#[test]
fn a_bundle_beside_the_run_outlives_the_worktree() {
    let world = with_submodules();
    world.run("cd vendor/lib; echo more > g; git add g; git commit -qm more").exits(0);
    world.git("worktree remove --force ../agent-1");
    let kept = world.bn(&["container", "prune"]).exits(0).stdout;
    let way = kept.lines().find_map(|line| line.split_once(": git ").map(|(_, way)| format!("git -C lib {way}")));
    world.shell(&way.unwrap_or_else(|| panic!("{kept}")));
    assert_eq!(world.shell("git -C lib log --all --format=%s | sort | head -1"), "first");
    assert!(world.shell("git -C lib log --all --format=%s").contains("more"));
    world.bn(&["container", "discard", "--yes", &world.job()]).exits(0);
    assert!(world.shell("ls home/.local/state/binnacle/*/discarded/*/modules/0").contains("commits.bundle"));
}

/// Whatever the agent writes into its own git folder of a submodule, or beside the submodule.
#[test]
fn no_git_of_the_hosts_obeys_what_an_agent_writes_for_a_submodule() {
    let world = with_submodules();
    let canary = world.path("canary");
    let tool = format!("touch {}; false", canary.display());
    let script = format!(
        "plant() {{ git config --file $1/config core.fsmonitor '{tool}'; git config --file $1/config core.hooksPath /workspace/hooks
             echo /workspace/fake/objects >> $1/objects/info/alternates; }}
         mkdir -p hooks fake/objects; printf '#!/bin/sh\\n{tool}\\n' | tee hooks/post-index-change > hooks/post-checkout; chmod +x hooks/*
         for g in /run/binnacle/modules/*/git; do plant $g; cp hooks/* $g/hooks; done
         git config --file .gitmodules submodule.vendor/lib.ignore none
         cd vendor/lib; echo x >> f; git commit -qam x
         for f in .git inner/.git; do rm -f $f; echo 'gitdir: /workspace/fake' > $f; mv fake $f; done
         (cd ..; mv lib away; mv inner away); mv inner away
         git init -q never && git -C never config core.fsmonitor '{tool}' && echo planted; mkdir never/.git; rmdir never; echo tried
         cd ../..; {MEET}"
    );
    let running = world.start(&["--name", &world.job()], &script);
    running.meet();
    let look = "git -C agent-1 status; git -C agent-1 diff; git -C agent-1 submodule status --recursive; git -C agent-1/vendor/lib status";
    world.shell(look);
    assert!(!canary.exists(), "during the run");
    let answer = running.go_on();
    assert!(answer.stdout.contains("tried") && !answer.stdout.contains("planted"), "{answer:#?}");
    world.shell(look);
    assert!(!canary.exists(), "after the run");
    assert_eq!(world.shell("git -C agent-1/vendor/lib log -1 --format=%s"), "x");
}
