//! docs/json.md is true: every example has the shape of what the program prints.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::json_examples::{difference, examples};
use crate::json_schema::{agrees, definition};
use crate::verbs;
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

/// The definition of what a heading's command prints.
fn told_by(heading: &str) -> String {
    let words: Vec<&str> = heading.split(' ').skip(1).collect();
    if heading == "An error" { "error".to_owned() } else { definition(&words).unwrap() }
}

#[test]
fn every_example_is_as_the_schema_says() {
    for (heading, example) in examples(|_| true) {
        assert_eq!(agrees(&told_by(heading), &example), Ok(()), "{heading}");
    }
}

/// What an answer would be with one field less, one more, one of another name, or one of another type.
fn changed(answer: &Value) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    match answer {
        Value::Object(fields) => {
            for (name, value) in fields {
                let mut less = fields.clone();
                less.remove(name);
                let other = fields.iter().map(|(field, value)| match field == name {
                    true => (format!("{field}_2"), value.clone()),
                    false => (field.clone(), value.clone()),
                });
                let with = |value| fields.clone().into_iter().chain([(name.clone(), value)]).collect::<Value>();
                let wrong = if value.is_number() { serde_json::json!("x") } else { serde_json::json!(0.5) };
                all.push((format!("without {name}"), Value::Object(less)));
                all.push((format!("{name} has another name"), other.collect()));
                // What null stands for is not known here.
                all.extend((!value.is_null()).then(|| (format!("{name} is of another type"), with(wrong))));
                all.extend(changed(value).into_iter().map(|(how, value)| (format!("{name}: {how}"), with(value))));
            }
            let more = fields.clone().into_iter().chain([("another".to_owned(), Value::Null)]);
            all.push(("with another".to_owned(), more.collect()));
        }
        Value::Array(items) => {
            let first = items.first().map(changed).unwrap_or_default();
            all.extend(first.into_iter().map(|(how, value)| (how, Value::Array(vec![value]))));
        }
        _ => {}
    }
    all
}

#[test]
fn an_answer_that_differs_in_one_field_is_not_as_the_schema_says() {
    // Maps of the reader's own names, and an answer that is another one then.
    let free = ["data: ", "metadata: ", "record: ", "wall: ", "by_status: ", "by_type: ", "by_priority: ", "models: "];
    let mut tried = 0;
    for (heading, example) in examples(|heading| heading != "bn restore COPY") {
        for (how, other) in changed(&example) {
            let is_free = free.iter().any(|map| how.contains(map));
            assert!(is_free || agrees(&told_by(heading), &other).is_err(), "{heading}: {how}: {other}");
            tried += 1;
        }
    }
    assert!(tried > 1000, "{tried}");
}

/// The verbs that `--help` lists.
fn verbs(world: &World, path: &[&str]) -> Vec<String> {
    verbs::listed(&world.bn(&[path, &["--help"]].concat()).ok())
}

#[test]
fn the_schema_tells_of_every_command_that_answers() {
    // These hand the terminal on, print what a shell or an agent program reads, or say nothing.
    let silent = ["attach", "exec", "shell", "logout", "mcp", "completions", "man"];
    let world = World::new();
    for verb in verbs(&world, &[]) {
        let below = verbs(&world, &[verb.as_str()]);
        let groups = ["container", "task", "link", "agent"].contains(&verb.as_str());
        let whole = below.iter().map(|name| vec![verb.as_str(), name.as_str()]);
        for words in whole.chain((!groups).then(|| vec![verb.as_str()])) {
            let is_told = definition(&words) == Some(words.join("-"));
            assert_ne!(is_told, silent.contains(words.last().unwrap()), "{words:?}");
        }
    }
}
