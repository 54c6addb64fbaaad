//! What a shell is given: completions, asked for by a real bash, and manual pages.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use crate::verbs;
use crate::world::{World, answer};

/// What bash offers for the last of these words.
fn offered(world: &World, words: &[&str]) -> BTreeSet<String> {
    let line = r#"
        source <(bn completions bash)
        COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_TYPE=9
        _clap_complete_bn bn "${COMP_WORDS[COMP_CWORD]}" 2>/dev/null
        printf '%s\n' "${COMPREPLY[@]}""#;
    let mut bash = Command::new("/bin/bash");
    let ours = world.command(&[] as &[&str]);
    let folder = std::path::Path::new(ours.get_program()).parent().unwrap().to_owned();
    bash.env_clear().current_dir(world.repo());
    for (key, value) in ours.get_envs() {
        bash.env(key, value.unwrap_or_default());
    }
    bash.env("PATH", format!("{}:{}:/usr/bin:/bin", folder.display(), world.path("bin").display()));
    let answer = answer(bash.args(["-c", line, "bash"]).args(words));
    assert_eq!((answer.code, answer.stderr.as_str()), (0, ""), "{words:?}: {answer:?}");
    answer.stdout.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn a_shell_is_offered_verbs_flags_branches_and_tasks() {
    let world = World::new();
    let created = answer(&mut world.command(&["task", "create", "First", "--json"]));
    let task: serde_json::Value = serde_json::from_str(&created.stdout).unwrap();
    let id = task["id"].as_str().unwrap();
    for branch in ["feature/x", "a;touch-canary", "$(touch-canary)"] {
        world.git(&["branch", branch]);
    }
    let all = |words: &[&str]| offered(&world, words).into_iter().collect::<Vec<_>>();
    assert_eq!(all(&["bn", "container", "lo"]), ["log", "login", "logout", "logs"]);
    assert_eq!(all(&["bn", "container", "run", "--cp"]), ["--cpus"]);
    assert_eq!(all(&["bn", "task", "show", "b"]), [id]);
    assert_eq!(all(&["bn", "task", "create", "x", "--parent", ""]), [id]);
    // A shell would obey the others.
    assert_eq!(all(&["bn", "container", "run", "--merge-target", ""]), ["feature/x", "main"]);
    let verbs = offered(&world, &["bn", "container", ""]);
    assert!(["supervise", "own", "restrict", "enclose"].iter().all(|hidden| !verbs.contains(*hidden)), "{verbs:?}");
}

#[test]
fn where_nothing_can_be_found_out_nothing_is_said() {
    let world = World::new();
    fs::remove_dir_all(world.repo().join(".git")).unwrap();
    assert_eq!(offered(&world, &["bn", "task", "show", "b"]), BTreeSet::new());
    assert_eq!(offered(&world, &["bn", "container", "run", "--merge-target", "m"]), BTreeSet::new());
}

/// The verbs that `--help` lists.
fn verbs(world: &World, path: &[&str]) -> Vec<String> {
    verbs::listed(&answer(&mut world.command(&[path, &["--help"]].concat())).stdout)
}

#[test]
fn every_verb_has_a_manual_page() {
    let world = World::new();
    let folder = world.path("man");
    let made = answer(&mut world.command(&["man", folder.to_str().unwrap()]));
    assert_eq!((made.code, made.stdout.as_str(), made.stderr.as_str()), (0, "", ""));
    let mut expected: BTreeSet<String> = ["bn.1".to_owned()].into();
    for verb in verbs(&world, &[]) {
        expected.insert(format!("bn-{verb}.1"));
        expected.extend(verbs(&world, &[verb.as_str()]).into_iter().map(|below| format!("bn-{verb}-{below}.1")));
    }
    assert!(expected.contains("bn-container-run.1") && expected.contains("bn-ready.1"), "{expected:?}");
    let pages = fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert_eq!(pages.collect::<BTreeSet<_>>(), expected);
    let page = fs::read_to_string(folder.join("bn-container-run.1")).unwrap();
    assert!(page.contains("Bytes that it may write to disk") && page.contains("bn container run \\-d"), "{page}");
}

#[test]
fn a_folder_for_manual_pages_that_cannot_be_made_is_named() {
    let world = World::new();
    fs::write(world.path("file"), "").unwrap();
    let folder = world.path("file/man");
    let refused = answer(&mut world.command(&["man", folder.to_str().unwrap()]));
    assert_eq!(refused.code, 125, "{refused:?}");
    assert!(
        refused.stderr.starts_with(&format!("Error: cannot write manual pages into {}\n", folder.display())),
        "{refused:?}"
    );
}
