//! What an agent leaves where the host's programs come past: none of it is run, followed or printed as it is.

use crate::running::MEET;
use crate::world::{User, World, answer, image};

/// A program called git that leaves a canary, and does what git does.
const IMPOSTOR: &str = "printf '#!/bin/sh\\ntouch %s\\nexec /usr/bin/git \"$@\"\\n' $CANARY > BIN/git; chmod +x BIN/git; git commit -q --allow-empty -m work";

/// Runs an agent that puts a git into `bin`, with that folder, as PATH has it, before all others.
fn with_on_path(entry: &str, worktree: &str, bin: &str) -> (World, String) {
    let world = World::new();
    world.shell(&format!("mkdir -p repo/.git/info; echo {bin} >> repo/.git/info/exclude"));
    let canary = world.path("canary");
    let script =
        format!("mkdir -p {bin}; {}", IMPOSTOR.replace("BIN", bin)).replace("$CANARY", canary.to_str().unwrap());
    let path = format!("{}:{}", entry.replace("ROOT", world.root().to_str().unwrap()), std::env::var("PATH").unwrap());
    let (image, job) = (image(), world.job());
    let args = ["container", "run", "--tag", &image, "--name", &job, worktree, "--", "bash", "-c", &script];
    let answered = answer(world.bn_command(&args).env("PATH", &path).output().unwrap()).exits(0);
    assert_eq!(world.outcome(), "merged", "{answered:#?}");
    assert!(!canary.exists(), "a program of the agent's was run: {answered:#?}");
    // What the user's own shell does with such a PATH shows that the impostor is one.
    world.shell(&format!("cd repo; cd {worktree}; PATH={path} git status > /dev/null"));
    assert!(canary.exists());
    (world, answered.stderr)
}

#[test]
fn a_program_in_a_folder_of_the_tree_that_is_on_path_is_not_run() {
    let (_world, said) = with_on_path("ROOT/repo/.venv/bin", ".", ".venv/bin");
    assert!(said.contains("/repo/.venv/bin\", where an agent can put programs"), "{said}");
}

#[test]
fn a_program_in_a_folder_that_path_names_relatively_is_not_run() {
    let (_world, said) = with_on_path("./bin", "../agent-1", "bin");
    assert!(said.contains("\"./bin\", where an agent can put programs"), "{said}");
}

#[test]
fn folders_that_can_be_listed_and_not_entered_hide_no_repository_and_keep_no_work_back() {
    let Some(world) = World::of_other(User::Passwordless) else { return };
    let answered =
        world.run("git commit -q --allow-empty -m work; mkdir -p x/.git y/sub/.git; chmod 0444 x y").exits(0);
    world.assert_on_main("work");
    assert!(answered.stderr.contains("y/sub/.git.binnacle"), "{answered:#?}");
    assert_eq!(world.shell("find agent-1 -mindepth 2 -name .git"), "");
}

#[test]
fn names_that_steer_a_terminal_are_printed_as_escapes() {
    let world = World::new();
    let script = r#"e=$(printf '\033]0;evil\007\302\2332J'); mkdir .vscode; echo x > ".vscode/$e"; git branch "b$(printf '\302\233')"; mkdir -p "d$e/.git" "c$e/.envrc"; touch Makefile; git add .vscode Makefile; git commit -q -m "$e""#;
    let refused = world.run(script).exits(3);
    for args in
        [&["container", "list", "--all"][..], &["container", "inspect", &world.job()], &["--json", "container", "list"]]
    {
        let answered = world.bn(args);
        for text in [answered.stdout, answered.stderr] {
            assert!(!text.chars().any(|letter| letter.is_control() && !"\n\t".contains(letter)), "{text:?}");
        }
    }
    assert!(refused.stderr.contains("\\u{1b}]0;evil\\u{7}\\u{9b}2J"), "{refused:#?}");
    // The log is the agent's own word, up to where its program ended.
    let said = refused.stderr.rsplit("has ended.").next().unwrap_or_default();
    assert!(!said.chars().any(|letter| letter.is_control() && !"\n\t".contains(letter)), "{refused:#?}");
}

#[test]
fn what_the_users_programs_would_obey_is_named_though_it_is_in_no_commit() {
    let world = World::new();
    world.shell(
        "cd agent-1; mkdir -p tools/ed; echo x > tools/ed/tasks.json; echo was > .tool-versions; echo was > .nvim.lua; \
         echo same > .exrc; git add .; git commit -qm more; echo mine > .envrc; echo '.*' > ../repo/.git/info/exclude; git -C ../repo merge -q agent-1",
    );
    let script = "mv tools/ed .vscode; mkdir -p a/.claude; echo x > a/.claude/settings.json; \
        ln -s /etc/passwd .mcp.json; touch .exrc; git switch -q -c other; git rm -q --cached .tool-versions; rm .tool-versions; \
        git switch -q -f agent-1; rm -r tools; echo now > .nvim.lua; echo y > file; git commit -qm work -- file";
    let said = world.run(script).exits(0).stderr;
    world.assert_on_main("work");
    let listed = world.bn(&["container", "inspect", &world.job()]).exits(0).stdout;
    let record: serde_json::Value = serde_json::from_str(&listed).unwrap();
    let found = record["record"]["handed_over"].as_array().unwrap();
    let left = found.iter().filter(|file| file["uncommitted"] == true).map(|file| file["path"].as_str().unwrap());
    let left: Vec<&str> = left.collect();
    // Not what the user had, nor what is as it is committed.
    assert_eq!(left, [".mcp.json", ".nvim.lua", ".vscode/tasks.json", "a/.claude/settings.json"], "{said}");
    assert!(
        said.contains(
            "left uncommitted in the worktree, where your tools obey them without asking: .mcp.json (agents: "
        ),
        "{said}"
    );
}

/// After `npm ci` there are hundreds: they are counted, and by name in the record alone.
#[test]
fn files_that_installed_packages_brought_are_counted_in_one_line() {
    let world = World::new();
    world.shell("cd agent-1; printf 'node_modules\n.venv\n' > .gitignore; git add .; git commit -qm ignore; git -C ../repo merge -q agent-1");
    let script = "mkdir -p .venv/lib; touch .venv/lib/x.pth .mcp.json; \
        for i in 1 2 3; do mkdir -p node_modules/p$i; touch node_modules/p$i/flake.nix node_modules/p$i/.envrc; done";
    let said = world.run(script).exits(0).stderr;
    let counted =
        format!("  7 more that packages installed in .venv, node_modules: bn container inspect {}\n", world.job());
    assert!(said.contains(&counted), "{said}");
    assert!(said.contains("obey them without asking: .mcp.json (agents: ") && !said.contains("flake.nix"), "{said}");
    let record = world.bn(&["container", "inspect", &world.job()]).exits(0).stdout;
    assert!((1..=3).all(|i| record.contains(&format!("\"node_modules/p{i}/flake.nix\""))), "{record}");
}

#[test]
fn a_script_of_the_tree_to_which_a_hook_of_the_users_is_a_link_is_held_back() {
    let world = World::new();
    world.shell(
        "cd repo; mkdir scripts; printf '#!/bin/sh\\n' > scripts/check.sh; chmod +x scripts/check.sh; git add .; git commit -qm scripts; \
         ln -s ../../scripts/check.sh .git/hooks/pre-commit; git -C ../agent-1 merge -q main",
    );
    let canary = world.path("canary");
    let script = format!("echo 'touch {}' >> scripts/check.sh; git commit -qam work", canary.display());
    let refused = world.run(&script).exits(3);
    assert!(refused.stderr.contains("scripts/check.sh (git: your hooks)"), "{refused:#?}");
    world.git("commit -q --allow-empty -m mine");
    assert!(!canary.exists());
    // Whoever takes it gets what it does.
    world.git("reset -q --hard HEAD~");
    world.bn(&["container", "merge", &world.job(), "--accept-handoff"]).exits(0);
    world.git("commit -q --allow-empty -m mine");
    assert!(canary.exists());
}

#[test]
fn a_change_behind_a_link_with_a_name_that_programs_obey_is_held_back() {
    let world = World::new();
    world.shell(
        "cd repo; mkdir -p tools/ed; echo x > tools/ed/tasks.json; ln -s tools/ed .vscode; git add .; git commit -qm links; \
         git -C ../agent-1 merge -q main",
    );
    let refused = world.run("echo y > tools/ed/tasks.json; git commit -qam work").exits(3);
    assert!(refused.stderr.contains("tools/ed/tasks.json (editors: "), "{refused:#?}");
}

#[test]
fn no_agent_works_in_a_checkout_inside_the_worktree_of_another() {
    let world = World::new();
    let first = world.start(&["--name", &world.job()], MEET);
    first.meet();
    world.git("worktree add -q ../agent-1/inner -b inner");
    let refused = world
        .bn(&["container", "run", "--tag", &image(), "--name", &world.name("second"), "../agent-1/inner", "--", "true"])
        .exits(125);
    assert!(refused.stderr.contains("agent-1 "), "{refused:#?}");
    first.go_on().exits(0);
}

#[test]
fn a_library_in_the_tree_is_loaded_by_nothing_that_bn_starts() {
    let world = World::new();
    let canary = world.path("canary");
    // What git is linked with; the agent's has nothing of it but a start.
    let name = world.shell("ldd /usr/bin/git | sed -n 's/^\\s*\\(libz[^ ]*\\) .*/\\1/p'");
    let source = format!(
        "#include <fcntl.h>\n#include <unistd.h>\n__attribute__((constructor)) static void start(void) {{ close(open(\"{}\", O_CREAT, 0600)); }}\n",
        canary.display()
    );
    std::fs::write(world.path("start.c"), source).unwrap();
    world.shell(&format!("cc -shared -fPIC -o agent-1/{name} start.c"));
    let (image, job) = (image(), world.job());
    let args = [
        "container",
        "run",
        "--tag",
        &image,
        "--name",
        &job,
        "../agent-1",
        "--",
        "git",
        "commit",
        "-q",
        "--allow-empty",
        "-m",
        "work",
    ];
    let answered = answer(world.bn_command(&args).env("LD_LIBRARY_PATH", ":/usr/local/lib").output().unwrap()).exits(0);
    assert!(!canary.exists(), "{answered:#?}");
    world.shell("cd agent-1; LD_LIBRARY_PATH=:/usr/local/lib git status > /dev/null 2>&1 || true");
    assert!(canary.exists(), "the control shows nothing");
}
