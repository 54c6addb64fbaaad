//! docs/json.md is true: every example has the shape of what the program prints.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::json_examples::{difference, examples};
use crate::world::World;

/// A world in which every list of the document has something in it.
struct Scene {
    world: World,
    examples: BTreeMap<&'static str, Value>,
}

impl Scene {
    fn compare(&mut self, heading: &str, real: &Value) {
        let example = self.examples.remove(heading).unwrap_or_else(|| panic!("{heading} is not in the document"));
        assert_eq!(difference(heading, &example, real), None);
    }

    fn check(&mut self, heading: &str, args: &[&str]) -> Value {
        let real = self.world.agent("ann", &[args, &["--json"]].concat()).json();
        self.compare(heading, &real);
        real
    }
}

#[test]
fn every_example_has_the_shape_of_the_real_answer() {
    let world = World::new();
    let schema = world.task("Write the schema", &["--tag", "db", "-p", "1"]);
    let queries = world.task("Write the queries", &["--tag", "db", "--depends-on", &schema, "-d", "all of them"]);
    let manual = world.task("Write the manual", &["--blocks", &world.task("Release", &[])]);
    world.agent("bob", &["task", "claim", &world.task("Logo", &[])]).ok();
    world.agent("bob", &["task", "note", &queries, "half of them"]).ok();
    world.agent("eve", &["task", "close", &world.task("Decide", &[]), "-r", "done"]).ok();
    world.agent("eve", &["goodbye", "so long"]).ok();
    let file = |name: &str| world.path(name).to_string_lossy().into_owned();
    let (export, copy) = (file("graph.jsonl"), file("copy.db"));
    let mut scene = Scene { world, examples: examples(|heading| !heading.starts_with("bn container ")) };

    scene.check("bn config", &["config"]);
    scene.check("bn orient", &["orient"]);
    scene.check("bn orient --instructions", &["orient", "--instructions"]);
    scene.check("bn ready", &["ready"]);
    scene.check("bn task list", &["task", "list", "--tag", "db"]);
    scene.check("bn task claim ID", &["task", "claim", &schema]);
    scene.check("bn task create TITLE", &["task", "create", "Draw", "--tag", "doc"]);
    scene.check("bn ready --claim", &["ready", "--claim"]);
    scene.check("bn task show ID", &["task", "show", &queries]);
    scene.check("bn blocked", &["blocked"]);
    scene.check("bn search WORDS", &["search", "queries"]);
    scene.check("bn log ID", &["log", &schema]);
    scene.check("bn graph ID", &["graph", &queries]);
    let store = scene.world.task("Store", &["--type", "epic"]);
    scene.world.bn(&["link", "add", &store, &queries, "-t", "parent_of"]).ok();
    scene.world.task("all, decide!", &[]);
    scene.world.task("decide ALL", &[]);
    scene.world.agent("ann", &["task", "update", &store, "-p", "1"]).ok();
    scene.check("bn undo", &["undo"]);
    scene.check("bn tree", &["tree"]);
    scene.check("bn stats", &["stats"]);
    scene.check("bn stale", &["stale", "--for", "0s"]);
    scene.check("bn duplicates", &["duplicates"]);
    scene.check("bn link add A B", &["link", "add", &schema, &manual, "-t", "related_to"]);
    scene.check("bn link list ID", &["link", "list", &schema]);
    scene.check("bn agent list", &["agent", "list"]);
    let batch = "{\"op\":\"create\",\"title\":\"Index\",\"ref\":\"index\"}\n";
    let answer = scene.world.feed(&["batch", "--json"], batch).json();
    scene.compare("bn batch", &answer);
    scene.check("bn task close ID", &["task", "close", &schema]);
    scene.check("bn export FILE", &["export", &export]);
    scene.check("bn import FILE", &["import", &export]);
    scene.check("bn backup FILE", &["backup", &copy]);
    rusqlite::Connection::open(scene.world.graph().join("graph.db"))
        .unwrap()
        .execute_batch("UPDATE tasks SET unblocks = 9 WHERE title = 'Release'")
        .unwrap();
    let sick = scene.world.bn(&["doctor", "--json"]);
    scene.compare("bn doctor", &serde_json::from_str(&sick.stdout).unwrap());
    let farewell = scene.check("bn goodbye SUMMARY", &["goodbye", "done"]);
    assert!(!farewell["released"].as_array().unwrap().is_empty());
    let copies = scene.world.path("home/.local/share/binnacle/backups").join(scene.world.graph().file_name().unwrap());
    std::fs::create_dir_all(&copies).unwrap();
    scene.world.bn(&["backup", copies.join("copy.db").to_str().unwrap()]).ok();
    scene.check("bn restore", &["restore"]);
    scene.check("bn restore COPY", &["restore", "copy.db"]);
    let error = scene.world.bn(&["task", "show", "nope", "--json"]).refused(1);
    scene.compare("An error", &serde_json::from_str(&error).unwrap());
    assert!(scene.examples.is_empty(), "not checked: {:?}", scene.examples.keys());
}

/// What the document says in words: other commands that answer in the same shape.
#[test]
fn commands_that_are_said_to_answer_alike_do() {
    let world = World::new();
    let id = world.task("Write the schema", &["--depends-on", &world.task("Decide", &[])]);
    let told = examples(|_| true);
    let same = |heading: &str, args: &[&str]| {
        let real = world.agent("ann", &[args, &["--json"]].concat()).json();
        assert_eq!(difference(&args.join(" "), &told[heading], &real), None);
    };
    same("bn task claim ID", &["task", "claim", &id, "--force"]);
    let agent = world.json(&["show", "s-ann"]);
    assert_eq!(difference("show", &told["bn agent list"]["agents"][0], &agent), None);
    for change in
        [&["note", &id, "hm"][..], &["update", &id, "-p", "0"], &["release", &id], &["delete", &id], &["undelete", &id]]
    {
        same("bn task claim ID", &[&["task"], change].concat());
    }
    same(
        "bn link add A B",
        &["link", "rm", &id, world.json(&["task", "list", "-t", "task"])["tasks"][1]["id"].as_str().unwrap()],
    );
    assert_eq!(world.json(&["show", &id]), world.json(&["task", "show", &id]));
    let cancelled = world.agent("ann", &["task", "cancel", &id, "--json"]).json();
    assert_eq!(cancelled["closed"][0]["status"], "cancelled");
    same("bn task claim ID", &["task", "reopen", &id]);
    let created = world.feed(&["task", "create", "--stdin", "--json"], "{\"title\":\"A\"}\n").json();
    assert_eq!(difference("create --stdin", &told["bn batch"], &created), None);
}
