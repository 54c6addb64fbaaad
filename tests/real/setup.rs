//! The command that makes a worktree ready, and every other key of a configuration, in runs as they are.

use std::fs;

use serde_json::Value;

use crate::running::MEET;
use crate::world::{World, image};

/// Commits the project's settings on main.
fn settings(world: &World, text: &str) {
    fs::create_dir_all(world.path("repo/.binnacle")).unwrap();
    fs::write(world.path("repo/.binnacle/config.toml"), text).unwrap();
    world.git("add .binnacle && git -C repo commit -q -m settings");
}

#[test]
fn what_a_project_sets_up_is_there_before_the_agent() {
    let world = World::new();
    settings(
        &world,
        "setup = \"id -u > ready; pwd >> ready; grep -c CapEff:.0000000000000000 /proc/self/status >> ready; sleep 1\"\n",
    );
    let ran = world.run("cat ready; env | grep BN_SETUP; true").exits(0);
    let uid = world.shell("id -u");
    assert!(ran.stdout.contains(&format!("{uid}\n/workspace\n1\n")) && !ran.stdout.contains("BN_SETUP"), "{ran:#?}");
    assert!(
        ran.stdout.contains("binnacle: set-up: id -u > ready; ") && ran.stdout.contains("binnacle: the set-up took "),
        "{ran:#?}"
    );
    // The file that an agent writes is not the one that counts.
    fs::create_dir_all(world.path("agent-1/.binnacle")).unwrap();
    fs::write(world.path("agent-1/.binnacle/config.toml"), "setup = \"echo planted\"\n").unwrap();
    let again = world.agent(&["--name", &world.name("again")], "true").exits(0);
    assert!(again.stdout.contains("set-up: id -u") && !again.stdout.contains("planted"), "{again:#?}");
    let none = world.agent(&["--name", &world.name("other"), "--setup", "echo mine"], "true").exits(0);
    assert!(
        none.stdout.contains("set-up: echo mine\n")
            && none.stdout.contains("\nmine\n")
            && !none.stdout.contains("id -u"),
        "{none:#?}"
    );
}

#[test]
fn a_set_up_that_fails_ends_the_run_before_the_agent() {
    let world = World::new();
    let line = ["--name", &world.job(), "--setup", "echo trying\n(exit 3)\ntouch reached"];
    let failed = world.agent(&line, "echo the agent; git commit -q --allow-empty -m work").exits(3);
    assert!(
        failed.stdout.contains("trying\n") && failed.stdout.contains("binnacle: the set-up failed (3) after "),
        "{failed:#?}"
    );
    assert!(!world.path("agent-1/reached").exists() && !failed.stdout.contains("the agent\n"), "{failed:#?}");
    let job = world.job();
    let next = format!("what it printed: bn container logs {job}; try it by hand: bn container run --shell ");
    assert!(failed.stderr.contains("the set-up failed (3), and the agent was not started"), "{failed:#?}");
    assert!(failed.stderr.contains(&next), "{failed:#?}");
    assert!(world.bn(&["container", "logs", &job]).exits(0).stdout.contains("trying\n"));
    assert_eq!(world.row(&job)["status"], "set-up failed (3)");
    world.assert_on_main("first");
    world.assert_nothing_runs(&job);
}

#[test]
fn a_run_is_stopped_while_it_is_set_up() {
    let world = World::new();
    let running = world.start(&["--name", &world.job(), "--setup", MEET], "echo the agent");
    running.meet();
    world.bn(&["container", "stop", &world.job()]).exits(0);
    let ended = running.end();
    assert!(!ended.stdout.contains("the agent\n"), "{ended:#?}");
    assert_eq!(world.row(&world.job())["status"], "stopped");
}

/// What stands in the configuration is what the run was, by its record, its wall and what its agent sees.
#[test]
fn every_key_counts_in_a_run() {
    let world = World::new();
    world.shell("mkdir -p home/.config/binnacle home/data && echo mine > home/data/file");
    world.git("branch topic");
    let profile = concat!(env!("CARGO_MANIFEST_DIR"), "/container/seccomp.json");
    let text = format!(
        "agent = \"claude\"\nprompt = \"p\"\ntype = \"planner\"\nsecret = [\"THEIRS\"]\nsetup = \"touch /tmp/ready\"\nno-hooks = true\nno-cache = true
         with-settings = true\nmount = [\"~/data:/data\"]\ntag = \"{}\"\ndetach = false\nmerge-target = \"topic\"\nno-merge = true\ncpus = 0.5\nmemory = \"300m\"
         pids-limit = 200\ndisk = \"1g\"\ntimeout = \"9m\"\nseccomp-profile = \"{profile}\"\ngraph = \"read-only\"\nnetwork = \"egress\"\npublish = [\":3000\"]
         allow = [\"db.corp:5432\"]\nonly = [\"@github\"]\nssh = false\nupstream-by-name = false\n[env]\nCOLOR = \"blue\"\n",
        image()
    );
    fs::write(world.path("home/.config/binnacle/config.toml"), text).unwrap();
    let script =
        "echo $COLOR $THEIRS $BN_AGENT_TYPE $BN_INITIAL_PROMPT; cat /data/file; ls /tmp/ready; test ! -e /caches";
    let line = ["container", "run", "../agent-1", "--name", &world.job(), "--", "bash", "-c", script];
    let mut command = world.bn_command(&line);
    let ran = crate::world::answer(command.env("THEIRS", "theirs").output().unwrap()).exits(0);
    assert!(ran.stdout.contains("blue theirs planner p\nmine\n/tmp/ready\n"), "{ran:#?}");
    let inspected: Value =
        serde_json::from_str(&world.bn(&["container", "inspect", &world.job()]).exits(0).stdout).unwrap();
    let spec = &inspected["record"]["spec"];
    let expected = serde_json::json!({
        "agent": "claude", "agent_type": "planner", "setup": "touch /tmp/ready", "caches": null, "image": image(), "detached": false,
        "mode": "no-merge", "timeout_seconds": 540, "graph_access": "read-only",
    });
    for (key, value) in expected.as_object().unwrap() {
        assert_eq!(&spec[key], value, "{key}: {spec:#}");
    }
    assert_eq!(spec["target"]["branch"], "topic");
    assert_eq!(spec["mounts"][0]["destination"], "/data");
    let limits = &spec["limits"];
    assert_eq!((&limits["cpus"], &limits["memory"], &limits["pids"]), (&0.5.into(), &(300 << 20).into(), &200.into()));
    assert_eq!(limits["disk"], 1 << 30);
    assert_eq!(spec["network"]["only"], serde_json::json!(["@github"]));
    assert_eq!(spec["network"]["allow"], serde_json::json!(["db.corp:5432"]));
    assert_eq!(spec["publish"][0]["port"], 3000);
}
