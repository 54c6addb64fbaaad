//! docs/json.md is true of what `bn container` prints.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::build::{Image, least, own_store};
use crate::events::Heard;
use crate::json_examples::{difference, examples};
use crate::world::{Answer, World, answer, image};

/// What has an example and was not asked for yet.
struct Told(BTreeMap<&'static str, Value>);

impl Told {
    #[track_caller]
    fn compare(&mut self, heading: &str, answer: &Answer) -> Value {
        let example = self.0.remove(heading).unwrap_or_else(|| panic!("{heading} is not in the document"));
        let real = answer.stdout.lines().last().unwrap_or_else(|| panic!("{heading}: {answer:#?}"));
        let real = serde_json::from_str(real).unwrap();
        assert_eq!(difference(heading, &example, &real), None);
        real
    }
}

#[test]
fn every_example_of_the_container_commands_has_the_shape_of_the_real_answer() {
    let world = World::new();
    let mut told = Told(examples(|heading| heading.starts_with("bn container ")));
    let script = "echo all: > Makefile; git add .; git commit -q -m work; git tag -a v1 -m one; echo kept > ~/.npm/x
        curl -s http://10.0.0.1/; exit 7";
    let (one, two, three) = (world.name("one"), world.name("two"), world.name("three"));
    let bn = |words: &[&str]| world.bn(&[&["container"], words, &["--json"]].concat());
    world.bn(&["task", "create", "Write the schema"]).exits(0);
    told.compare("bn container run --dry-run", &world.agent(&["--json", "--dry-run", "--name", &one], "true"));
    let working = "bn ready --claim; touch ready; sleep 100";
    let detached = world.agent(&["--json", "--detach", "--name", &two], working).exits(0);
    told.compare("bn container run --detach", &detached);
    crate::world::wait_for("the agent's claim", || world.path("agent-1/ready").exists());
    told.compare("bn container port NAME PORT", &bn(&["port", &two, "3000"]));
    told.compare("bn container list", &bn(&["list"]));
    told.compare("bn container tell NAME TEXT", &bn(&["tell", &two, "Keep the old names"]));
    // The tests' own image has no server, and root's agents could not start it: `ssh.rs` tries what it prints.
    let ssh = told.0.remove("bn container ssh-config NAME").unwrap();
    assert_eq!(ssh["host"], "bn-agent-2");
    told.compare("bn container allow NAME HOST", &bn(&["allow", &two, "example.org:443"]));
    let closed = bn(&["allow", &two, "--check", "10.0.0.1:80"]).exits(1);
    told.compare("bn container allow NAME --check HOST", &closed);
    std::fs::write(world.path("token"), "sk-ant-oat01-x").unwrap();
    let mut login = world.bn_command(&["container", "login", "claude", "--json"]);
    let login = login.stdin(std::fs::File::open(world.path("token")).unwrap()).output().unwrap();
    told.compare("bn container login", &answer(login).exits(0));
    told.compare("bn container allow-sets", &bn(&["allow-sets"]));
    told.compare("bn container pause NAME", &bn(&["pause", &two]));
    told.compare("bn container stats", &bn(&["stats"]));
    told.compare("bn container stop NAME", &bn(&["stop", &two]));
    assert_eq!(told.compare("bn container prune", &bn(&["prune"])), serde_json::json!([two]));
    let heard = Heard::begin(&world, &["--json"]);
    let run = world.agent(&["--json", "--name", &one], script).exits(7);
    told.compare("bn container run", &run);
    let ended = heard.until(|line| line.contains("\"event\":\"ended\""));
    told.compare("bn container events", &Answer { stdout: ended, stderr: String::new(), code: 0 });
    told.compare("bn container list --all", &bn(&["list", "--all"]));
    told.compare("bn container wait NAME", &bn(&["wait", &one]));
    told.compare("bn container logs NAME", &bn(&["logs", &one]));
    let inspected = bn(&["inspect", &one]);
    let inspected: Value = serde_json::from_str(&inspected.stdout).unwrap();
    let shown = told.0.remove("bn container inspect NAME").unwrap();
    assert!(shown.as_object().unwrap().keys().eq(inspected.as_object().unwrap().keys()), "{inspected}");
    told.compare("bn container discard NAME", &bn(&["discard", "--yes", &one]));
    world.agent(&["--no-merge", "--name", &three], "echo theirs > file; git commit -qam theirs").exits(0);
    world.shell("cd repo; echo ours > file; git commit -qam ours");
    std::fs::write(world.path("agent-1/loose"), "later\n").unwrap();
    told.compare("bn container diff NAME", &bn(&["diff", &three]));
    told.compare("bn container log NAME", &bn(&["log", &three]));
    std::fs::remove_file(world.path("agent-1/loose")).unwrap();
    let merged = bn(&["merge", &three, "--rebase"]);
    assert_eq!(told.compare("bn container merge NAME", &merged)["conflicts"][0]["lines"], serde_json::json!([[1, 1]]));
    told.compare("bn container prune --caches", &bn(&["prune", "--caches"]));
    let image = image();
    // The program is not in the image; its folder is there all the same.
    world.git("worktree add -q ../agent-9 -b agent-9");
    bn(&["run", "--tag", &image, "--name", &world.name("nine"), "../agent-9", "--", "claude"]);
    told.compare("bn container prune --dry-run", &bn(&["prune", "--dry-run"]));
    told.compare("bn container prune --agents", &bn(&["prune", "--agents"]));
    told.compare("bn container doctor", &bn(&["doctor"]));
    let built = Image::of(&world);
    told.compare("bn container build", &built.build_with(&least(), &["--json"]));
    // What was built is written down where buildah's store is.
    let mut images = world.bn_command(&["container", "prune", "--images", "--dry-run", "--json"]);
    told.compare("bn container prune --images", &answer(own_store(&mut images).output().unwrap()));
    crate::pruned::create(&world, "fix").exits(0);
    told.compare("bn container prune --worktrees", &bn(&["prune", "--worktrees"]));
    assert!(told.0.is_empty(), "not checked: {:?}", told.0.keys());
}
