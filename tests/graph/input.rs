//! What is not typed on the command line: standard input, an editor, a plan.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use insta::assert_snapshot;

use crate::world::{Answer, World, titles};

#[test]
fn a_description_comes_from_standard_input() {
    let world = World::new();
    let created = world.feed(&["task", "create", "A", "-d", "-", "--json"], "One line,\nand another.\n\n").json();
    assert_eq!(created["description"], "One line,\nand another.");
    let id = created["id"].as_str().unwrap();
    world.feed(&["task", "update", id, "--description", "-", "--acceptance", "no"], "New").ok();
    world.feed(&["task", "update", id, "--acceptance", "-"], "It works\n").ok();
    let shown = world.json(&["task", "show", id]);
    assert_eq!((&shown["description"], &shown["acceptance"]), (&"New".into(), &"It works".into()));
    let said = world.feed(&["task", "update", id, "-d", "-", "--acceptance", "-"], "x").refused(2);
    assert_snapshot!(said, @"Error: --acceptance - and --description -: standard input can be read once");
}

/// Runs with an editor that is a script of a shell.
fn with_editor(world: &World, args: &[&str], script: &str) -> Answer {
    let editor = world.path("editor.sh");
    fs::write(&editor, format!("#!/bin/sh\n{script}\n")).unwrap();
    fs::set_permissions(&editor, fs::Permissions::from_mode(0o755)).unwrap();
    let mut command = world.command(args);
    command.env("EDITOR", format!("{} extra", editor.display()));
    Answer::of(command.output().unwrap())
}

#[test]
fn a_task_is_written_in_the_editor() {
    let world = World::new();
    let script = "test \"$1\" = extra || exit 9; printf 'A title\\n\\n# Why\\nBecause.\\n' >\"$2\"";
    let created = with_editor(&world, &["task", "create", "--edit", "-p", "1", "--json"], script).json();
    assert_eq!((&created["title"], &created["description"]), (&"A title".into(), &"# Why\nBecause.".into()));
    let id = created["id"].as_str().unwrap();
    with_editor(&world, &["task", "update", id, "-e"], "sed -i 's/title/name/; s/Because/So/' \"$2\"").ok();
    let shown = world.json(&["task", "show", id]);
    assert_eq!((&shown["title"], &shown["description"]), (&"A name".into(), &"# Why\nSo.".into()));
    let before = world.bn(&["export"]).ok();
    let failed = with_editor(&world, &["task", "update", id, "--edit"], "exit 3").refused(1);
    assert!(failed.contains("failed (exit status: 3); nothing was changed"), "{failed}");
    let emptied = with_editor(&world, &["task", "create", "--edit"], ": >\"$2\"").refused(1);
    assert_eq!(emptied, "Error: the title is empty; nothing was changed\n");
    assert_eq!(world.bn(&["export"]).ok(), before);
}

#[test]
fn a_markdown_list_becomes_tasks_with_links() {
    let world = World::new();
    let known = world.task("Known", &[]);
    let plan = format!(
        "# The store\n\n- Store #db p1\n  All of it.\n\n  1. Schema ref:schema estimate:2h\n  2. Queries depends_on:{known}\n- [x] Decide\n- Manual depends_on:@schema\n"
    );
    let made = world.feed(&["plan", "--json"], &plan).json();
    assert_eq!(made["results"].as_array().unwrap().len(), 6, "{made}");
    assert_snapshot!(world.neutral(&world.bn(&["tree"]).ok()), @r"
    bn-A  Store (open), 0 of 2 done
    ├── bn-B  Schema (open)
    └── bn-C  Queries (blocked)
    ");
    assert_eq!(titles(&world.json(&["ready"])), ["Schema", "Known"]);
    let id = |title: &str| {
        let results = made["results"].as_array().unwrap();
        results.iter().find(|result| result["title"] == title).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let store = world.json(&["task", "show", &id("Store")]);
    assert_eq!((&store["description"], &store["tags"][0]), (&"All of it.".into(), &"db".into()));
    let links = world.json(&["link", "list", &id("Queries")])["links"].to_string();
    assert!(links.contains(&id("Schema")) && links.contains(&known) && links.contains(&id("Store")), "{links}");
    assert_eq!(world.json(&["task", "show", &id("Decide")])["status"], "done");
    assert_eq!(world.json(&["task", "show", &id("Manual")])["blocked"], true);
}

#[test]
fn a_plan_with_a_fault_makes_nothing_and_names_the_line() {
    let world = World::new();
    world.task("Known", &[]);
    let before = world.bn(&["export"]).ok();
    for (plan, said) in [
        ("- A\n- B due:soon\n", "Error: line 2: due: soon: not a time\n"),
        ("- A\n- B depends_on:bn-none\n", "Error: there is no task bn-none (line 2)\n"),
        ("- A ref:x\n- B ref:x\n", "Error: two tasks have the ref \"x\" (line 2)\n"),
        ("- A depends_on:@b\n- B ref:b\n", "Error: no earlier line has the ref \"b\" (line 1)\n"),
        ("- [x] A\n  - B\n", "(line 1)\n"),
        ("only words\n", "Error: the plan has no items"),
    ] {
        let refused = world.feed(&["plan"], plan).refused(1);
        assert!(refused.contains(said), "{plan:?}: {refused}");
    }
    let file = world.path("plan.md");
    fs::write(&file, "* A\n* A\n").unwrap();
    assert_eq!(world.bn(&["export"]).ok(), before);
    assert!(world.bn(&["plan", file.to_str().unwrap()]).ok().ends_with("2 operations done\n"));
    assert!(world.bn(&["plan", "/nowhere.md"]).refused(125).contains("cannot read /nowhere.md"));
}
