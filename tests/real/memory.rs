//! What an agent program remembers of a worktree from one run to the next, and what an agent could make of the folder in which it does.

use std::fs;

use crate::screen::Screen;
use crate::world::{Answer, World, image};

/// A program that keeps its sessions where Claude Code does, and says how it was started.
const CLAUDE: &str = r#"#!/bin/bash
cd "$CLAUDE_CONFIG_DIR" || exit 9
echo "started with: $*"
mkdir -p projects/-workspace
case "$*" in
    *--continue*) echo "knows: $(cat projects/-workspace/*.jsonl)" ;;
    *) echo "$*" >>projects/-workspace/1.jsonl ;;
esac
grep -o '"hasTrustDialogAccepted": true' .claude.json
grep -o '"skipDangerousModePermissionPrompt": true' settings.json
cat CLAUDE.md skills/greet/SKILL.md 2>&1
true
"#;

/// A world whose worktree has the program.
fn world() -> World {
    let world = World::new();
    world.shell("mkdir agent-1/bin && echo bin > repo/.git/info/exclude");
    fs::write(world.path("agent-1/bin/claude"), CLAUDE).unwrap();
    world.shell("chmod +x agent-1/bin/claude");
    world
}

fn claude(world: &World, worktree: &str, name: &str, options: &[&str]) -> Answer {
    let (image, name) = (image(), world.name(name));
    let path = "PATH=/workspace/bin:/usr/local/bin:/usr/bin:/bin";
    let fixed = ["container", "run", "--tag", &image, "--name", &name, "--agent", "claude", "--env", path];
    world.bn(&[&fixed[..], options, &[worktree]].concat())
}

#[test]
fn an_agent_goes_on_with_the_last_session_of_its_worktree() {
    let world = world();
    let none = claude(&world, "../agent-1", "none", &["--continue"]).exits(2);
    assert!(none.stderr.contains("claude has no session of "), "{none:#?}");
    assert!(none.stderr.contains("hint: begin one: bn container run --agent claude "), "{none:#?}");

    let first = claude(&world, "../agent-1", "first", &["--prompt", "apples"]).exits(0);
    assert!(
        first
            .stdout
            .contains("started with: --dangerously-skip-permissions -p apples --output-format stream-json --verbose\n"),
        "{first:#?}"
    );
    for answered in ["\"hasTrustDialogAccepted\": true\n", "\"skipDangerousModePermissionPrompt\": true\n"] {
        assert!(first.stdout.contains(answered), "{first:#?}");
    }
    let again = claude(&world, "../agent-1", "again", &["--continue", "--prompt", "pears"]).exits(0);
    assert!(
        again
            .stdout
            .contains("--dangerously-skip-permissions --continue -p pears --output-format stream-json --verbose\n"),
        "{again:#?}"
    );
    assert!(
        again
            .stdout
            .contains("knows: --dangerously-skip-permissions -p apples --output-format stream-json --verbose\n"),
        "{again:#?}"
    );
    let mode = world.shell("stat -c %a home/.local/share/binnacle/agents/*/*/claude home/.local/share/binnacle/agents");
    assert_eq!(mode, "700\n700");
    assert_eq!(world.shell("git -C agent-1 status --porcelain"), "");

    let image = image();
    let line = ["container", "run", "--tag", &image, "--continue", "--agent", "codex", "../agent-1"];
    let other = world.bn(&line).exits(2);
    assert!(other.stderr.contains("hint: claude has one: bn container run --continue --agent claude "), "{other:#?}");
    claude(&world, "../agent-1", "fresh", &["--fresh", "--prompt", "plums"]).exits(0);
    let plums = claude(&world, "../agent-1", "plums", &["--continue", "--prompt", "x"]).exits(0);
    assert!(
        plums.stdout.contains("plums --output-format stream-json --verbose\n") && !plums.stdout.contains("apples"),
        "{plums:#?}"
    );
}

#[test]
fn the_environment_that_an_agent_program_writes_down_stays_in_its_container() {
    let world = world();
    let script = "#!/bin/bash\nmkdir -p ~/.claude/shell-snapshots; cd ~/.claude; env >shell-snapshots/1.sh; env >seen\ngrep -c SAID=canary shell-snapshots/1.sh\n";
    fs::write(world.path("agent-1/bin/claude"), script).unwrap();
    let ran = claude(&world, "../agent-1", "one", &["-e", "SAID=canary", "--prompt", "x"]).exits(0);
    assert!(ran.stdout.contains("\n1\n"), "{ran:#?}");
    let found = world.shell("cd home/.local/share/binnacle/agents/*/*/claude && grep -rl SAID=canary .");
    assert_eq!(found, "./seen", "what is written elsewhere is found");
}

#[test]
fn another_worktree_and_one_that_takes_its_place_know_nothing() {
    let world = world();
    claude(&world, "../agent-1", "first", &["--prompt", "apples"]).exits(0);
    world.git("worktree add -q ../agent-2 -b agent-2; cp -r agent-1/bin agent-2");
    claude(&world, "../agent-2", "other", &["--continue"]).exits(2);
    let others = world.agent(&["--name", &world.name("look")], "ls -A ~").exits(0);
    assert!(!others.stdout.contains(".claude"), "a command is no agent: {others:#?}");

    world.bn(&["container", "discard", "--yes", &world.name("first")]).exits(0);
    claude(&world, "../agent-1", "kept", &["--continue", "--prompt", "x"]).exits(0);
    world.git("worktree move ../agent-1 ../agent-3");
    claude(&world, "../agent-3", "moved", &["--continue", "--prompt", "x"]).exits(0);
    world.git(
        "worktree remove --force ../agent-3; git -C repo worktree add -q ../agent-1 agent-1; cp -r agent-2/bin agent-1",
    );
    claude(&world, "../agent-1", "place", &["--continue"]).exits(2);
    claude(&world, "../agent-1", "anew", &["--prompt", "pears"]).exits(0);
    world.git("worktree remove --force ../agent-1");
    let pruned = world.bn(&["container", "prune"]).exits(0);
    let said = format!("forgot what agents remember of {}: that worktree is gone", world.path("agent-1").display());
    assert!(pruned.stderr.contains(&said), "{pruned:#?}");
    assert_eq!(world.shell("ls home/.local/share/binnacle/agents/*"), "");
}

/// `claude --resume ID` is not what one types here.
#[test]
fn the_last_line_after_an_agents_own_screen_says_how_to_go_on_with_its_session() {
    let world = world();
    let path = "PATH=/workspace/bin:/usr/local/bin:/usr/bin:/bin";
    let says = |name: &str, options: &str| {
        let (screen, image, name) = (Screen::of(&world), image(), world.name(name));
        let typed = format!("bn container run ../agent-1 --agent claude --tag {image} --env {path} --name {name}");
        screen.types(&format!("{typed} {options}; echo rc=$?"));
        screen.waits_for("rc=0");
        screen.text()
    };
    let line = format!(
        "to go on with this session: bn container run ../agent-1 --agent claude --tag {} --continue\nrc=0",
        image()
    );
    let first = says("one", "");
    assert!(first.contains(&line), "{first}");
    let again = says("two", "--continue");
    assert!(
        again.contains("started with: --dangerously-skip-permissions --resume=1") && again.contains(&line),
        "{again}"
    );
    let other = claude(&world, "../agent-1", "alone", &["--prompt", "x"]).exits(0);
    assert!(!other.stderr.contains("to go on with"), "nobody sat in front of it: {other:#?}");
}

#[test]
fn what_agents_remember_is_counted_and_emptied() {
    let world = world();
    let much = "#!/bin/bash\nhead -c 3000000 /dev/zero >\"$CLAUDE_CONFIG_DIR/some\"\n";
    fs::write(world.path("agent-1/bin/claude"), much).unwrap();
    assert_eq!(world.bn(&["container", "prune", "--agents"]).exits(0).stderr, "agents remember nothing\n");
    claude(&world, "../agent-1", "one", &[]).exits(0);
    let pruned = world.bn(&["container", "prune"]).exits(0);
    let said = "what agents remember of worktrees is kept (3.0 MB): bn container prune --agents\n";
    assert!(pruned.stderr.contains(said), "{pruned:#?}");
    let emptied = world.bn(&["container", "prune", "--agents"]).exits(0);
    let said = format!("forgot what agents remember of {}: 3.0 MB\n", world.path("agent-1").display());
    assert_eq!(emptied.stdout, said);
    assert_eq!(world.shell("ls home/.local/share/binnacle/agents/*"), "");
}

#[test]
fn what_an_agent_plants_in_its_folder_reaches_nothing_outside_it() {
    let world = world();
    world.shell("mkdir outside; echo canary > outside/canary");
    let plant = format!(
        "#!/bin/bash\ncd ~/.claude; rm -rf .claude.json settings.json projects; ln -s {outside} projects; mkfifo .claude.json
         mkdir settings.json; ln -s {outside}/canary history.jsonl; mkfifo worktree.json; ln -s {outside} ../.claude-2 2>&1
         git init -q .; git config core.fsmonitor 'touch {root}/owned'; echo 'touch {root}/owned' > .envrc; truncate -s 100G huge
         mknod device b 1 1 2>&1; ls -la ..; touch ../../agent-1; chmod 000 .git; rmdir ~/.claude; mv ~/.claude ~/x; true\n",
        outside = world.path("outside").display(),
        root = world.root().display(),
    );
    fs::write(world.path("agent-1/bin/claude"), plant).unwrap();
    claude(&world, "../agent-1", "plant", &[]).exits(0);
    claude(&world, "../agent-1", "linked", &["--continue"]).exits(2);
    fs::write(world.path("agent-1/bin/claude"), CLAUDE.replace("mkdir -p", "rm -f projects; mkdir -p")).unwrap();
    world.shell("mkdir -p home/.claude; echo mine > home/.claude/CLAUDE.md");
    let after = claude(&world, "../agent-1", "after", &["--prompt", "x", "--with-settings"]).exits(0);
    for answered in ["\"hasTrustDialogAccepted\": true\n", "\"skipDangerousModePermissionPrompt\": true\n", "mine\n"] {
        assert!(after.stdout.contains(answered), "{after:#?}");
    }
    world.bn(&["container", "prune", "--agents"]).exits(0);
    assert_eq!(world.shell("cat outside/canary; ls outside"), "canary\ncanary");
    assert!(!world.path("owned").exists());
}

#[test]
fn the_users_settings_come_along_as_copies_and_keys_do_not() {
    let world = world();
    world.shell(
        "mkdir -p home/.claude/skills/greet; cd home/.claude; echo be brief > CLAUDE.md; echo say hello > skills/greet/SKILL.md
         echo '{\"env\":{\"MY_TOKEN\":\"canary-key\"}}' > settings.json; echo '{\"secret\":1}' > .credentials.json",
    );
    let without = claude(&world, "../agent-1", "without", &["--prompt", "x"]).exits(0);
    assert!(!without.stdout.contains("be brief"), "{without:#?}");
    let with = claude(&world, "../agent-1", "with", &["--prompt", "x", "--with-settings"]).exits(0);
    assert!(with.stdout.contains("be brief\nsay hello\n"), "{with:#?}");
    assert!(
        with.stderr.contains("copies of your settings come along from ~/.claude: CLAUDE.md, skills\n"),
        "{with:#?}"
    );
    assert!(
        with.stderr.contains("left out ~/.claude/settings.json: it seems to have a key in it, in line 1\n"),
        "{with:#?}"
    );
    assert_eq!(world.shell("grep -rl canary-key home run || true"), "home/.claude/settings.json");
    assert_eq!(
        world.shell("cat home/.claude/CLAUDE.md; find home/.local -name .credentials.json; ls -A run/binnacle"),
        "be brief"
    );
}
