//! Settings in files: which one counts, where it came from, and what a project may not do alone.

use std::fs;
use std::os::unix::fs::symlink;

use crate::world::{Answer, World, answer};

const PROJECT: &str = ".binnacle/config.toml";

fn world() -> World {
    let world = World::new();
    world.git(&["config", "user.name", "T"]);
    world.git(&["config", "user.email", "t@example.org"]);
    world
}

fn commit(world: &World, text: &str) {
    fs::create_dir_all(world.repo().join(".binnacle")).unwrap();
    fs::write(world.repo().join(PROJECT), text).unwrap();
    world.git(&["add", PROJECT]);
    world.git(&["commit", "--quiet", "-m", "settings"]);
}

fn of_user(world: &World, text: &str) {
    let folder = world.path("home/.config/binnacle");
    fs::create_dir_all(&folder).unwrap();
    fs::write(folder.join("config.toml"), text).unwrap();
}

/// What a dry run says.
fn run(world: &World, words: &[&str]) -> Answer {
    let shown = world.bn(&[&["container", "run", "--dry-run", "--name", "job"], words, &["--", "true"]].concat());
    assert!(!shown.stderr.contains("panicked"), "{shown:?}");
    shown
}

/// A run that is no rehearsal, off a terminal.
fn refused(world: &World) -> String {
    let refused = world.bn(&["container", "run", "--name", "job", "--", "true"]);
    assert_eq!(refused.code, 125, "{refused:?}");
    assert!(!world.calls().contains(" run --rm"), "{}", world.calls());
    world.neutral(&refused.stderr)
}

fn settings(world: &World) -> serde_json::Value {
    let shown = world.bn(&["config", "--json"]);
    assert_eq!(shown.code, 0, "{shown:?}");
    serde_json::from_str(&shown.stdout).unwrap()
}

fn one<'a>(settings: &'a serde_json::Value, key: &str) -> &'a serde_json::Value {
    settings["settings"].as_array().unwrap().iter().find(|row| row["key"] == key).unwrap()
}

#[test]
fn a_flag_wins_over_a_variable_over_the_user_over_the_project_over_the_default() {
    let world = world();
    let processes = |words: &[&str]| {
        let shown = run(&world, words).stdout;
        shown.lines().find(|line| line.starts_with("# limits: ")).unwrap().split(", ").nth(2).unwrap().to_owned()
    };
    assert_eq!(processes(&[]), "4096 processes");
    commit(&world, "pids-limit = 1000\ntype = \"planner\"\n");
    assert_eq!(processes(&[]), "1000 processes");
    of_user(&world, "pids-limit = 500\ntype = \"buddy\"\n");
    assert_eq!(processes(&[]), "500 processes");
    assert_eq!(processes(&["--pids-limit", "100"]), "100 processes");
    let role = |variables: &[(&str, &str)], words: &[&str]| {
        let mut command = world.command(&[&["container", "run", "--dry-run"], words, &["--", "true"]].concat());
        answer(command.envs(variables.iter().copied())).stdout.split("BN_AGENT_TYPE=").nth(1).unwrap()[..6].to_owned()
    };
    assert_eq!(role(&[], &[]), "buddy'");
    assert_eq!(role(&[("BN_AGENT_TYPE", "worker")], &[]), "worker");
    assert_eq!(role(&[("BN_AGENT_TYPE", "worker")], &["--type", "planner"]), "planne");
    fs::remove_file(world.path("home/.config/binnacle/config.toml")).unwrap();
    assert_eq!(role(&[], &[]), "planne");
}

/// A value of each key, and what a dry run then says that it does not say without.
const EFFECTS: [(&str, &str, &str); 43] = [
    ("agent", "\"codex\"", "BN_AGENT=codex"),
    ("prompt", "\"Fix the test\"", ""),
    ("type", "\"planner\"", "BN_AGENT_TYPE=planner"),
    ("env.COLOR", "\"blue\"", "# passed as a file: COLOR"),
    ("secret", "[\"THEIRS\"]", "# passed as a file: THEIRS"),
    ("no-hooks", "true", ""),
    ("no-cache", "true", "!dst=/caches,"),
    ("mount", "[\"/usr/bin/env:/data\"]", "dst=/data,options=bind:rprivate:ro"),
    ("with-settings", "true", "--with-settings: ~/.copilot has none that come along"),
    ("tag", "\"v7\"", "localhost/binnacle-self:v7"),
    ("detach", "true", "container supervise"),
    ("notify", "\"true\"", ""),
    ("merge-target", "\"topic\"", "merging into topic"),
    ("no-merge", "true", ""),
    ("check", "\"make lint\"", "# before it merges: make lint, with the network none, for 30m at most"),
    ("check-network", "\"egress\"", ""),
    ("check-timeout", "\"5m\"", ""),
    ("cpus", "1.5", "# limits: 1.5 CPUs"),
    ("memory", "\"64m\"", ", 64 MiB of memory"),
    ("pids-limit", "100", ", 100 processes"),
    ("disk", "\"99m\"", ", 99 MiB of disk"),
    ("timeout", "\"2h\"", ""),
    ("seccomp-profile", "\"/nowhere/profile.json\"", "Error: cannot read /nowhere/profile.json"),
    ("graph", "\"files\"", "!dst=/binnacle,options=bind:rprivate:ro"),
    ("network", "\"none\"", "the agent reaches nothing but itself"),
    ("publish", "[3000]", ""),
    ("keys", "\"inside\"", ""),
    ("model-endpoint", "[\"lab=https://lab.example/v1\"]", "Error: --model-endpoint lab: its key is not set here"),
    ("devcontainer", "true", "localhost/binnacle-self:devcontainer-"),
    ("push", "\"branch\"", "Error: --push: this repository has no remote named origin"),
    ("allow", "[\"db.corp:5432\"]", "all public hosts, and db.corp:5432"),
    ("only", "[\"@github\"]", "the agent reaches @github;"),
    ("setup", "\"npm ci\"", "BN_SETUP=npm ci"),
    ("ssh", "true", "Error: --ssh: SSH cannot use the proxy"),
    // A merge has no dry run: tests/real/shapes.rs has one whose shape is configured.
    ("merge.rebase", "true", ""),
    ("merge.squash", "true", ""),
    ("merge.wait", "true", ""),
    ("build.tag", "\"v7\"", "--tag localhost/binnacle-self:v7"),
    ("build.devcontainer", "true", "localhost/binnacle-self:devcontainer-"),
    ("build.file", "\"/dev/null\"", "# from /dev/null"),
    ("build.base-image", "\"localhost/base:1\"", "--build-arg 'BASE_IMAGE=localhost/base:1'"),
    ("build.agent", "[\"claude\", \"codex\"]", "--build-arg 'AGENTS=claude codex'"),
    ("build.package", "[\"jq\"]", "--build-arg 'PACKAGES=jq'"),
];

#[test]
fn every_key_stands_in_either_file_and_does_what_its_flag_does() {
    let world = world();
    world.git(&["branch", "topic"]);
    fs::write(world.path("repo/.devcontainer.json"), "{\"image\": \"localhost/base:1\"}").unwrap();
    world.git(&["add", ".devcontainer.json"]);
    world.git(&["commit", "-qm", "Describe the container"]);
    let all = settings(&world);
    let keys = all["settings"].as_array().unwrap().iter().map(|row| row["key"].as_str().unwrap());
    let untried: Vec<&str> = keys
        .filter(|key| {
            !EFFECTS.iter().any(|(name, ..)| name.strip_prefix("env.").map_or(name == key, |_| *key == "env"))
        })
        .collect();
    assert_eq!(untried, ["detach-on-hangup", "upstream-by-name"], "they need a terminal, and a proxy of the host's");
    let said = |key: &str| {
        let words = match key {
            _ if key.starts_with("build.") => &["build", "--dry-run"][..],
            "agent" | "with-settings" => &["run", "--dry-run", "--name", "job"],
            _ => &["run", "--dry-run", "--name", "job", "--", "true"],
        };
        let mut command = world.command(&[&["container"], words].concat());
        let shown = answer(command.env("THEIRS", "x"));
        format!("{}{}", shown.stdout, shown.stderr)
    };
    let (plain, plain_build) = (said("run"), said("build.none"));
    for (key, value, effect) in EFFECTS {
        let text = format!("{key} = {value}\n");
        commit(&world, &format!("# {key}\n"));
        of_user(&world, &text);
        let told = settings(&world);
        let row = one(&told, key);
        assert_eq!((&row["from"], row["place"].as_str().unwrap().ends_with("/config.toml:1")), (&"user".into(), true));
        let has =
            |shown: &str| effect.strip_prefix('!').map_or_else(|| shown.contains(effect), |not| !shown.contains(not));
        let shown = said(key);
        let plain = if key.starts_with("build.") { &plain_build } else { &plain };
        assert!(has(&shown) && (effect.is_empty() || !has(plain)), "{text}: {shown}");
        of_user(&world, "");
        commit(&world, &text);
        let told = settings(&world);
        let row = one(&told, key);
        assert_eq!(
            (row["from"].as_str(), row["place"].as_str()),
            (Some("project"), Some("main:.binnacle/config.toml:1"))
        );
        let shown = said(key);
        let named = shown.contains(&format!("from the project's configuration: {key}\n"));
        assert!(has(&shown) && named != key.starts_with("merge."), "{text}: {shown}");
    }
}

#[test]
fn a_build_takes_the_definition_of_the_branch_that_the_work_goes_to() {
    let world = world();
    world.git(&["switch", "-qc", "topic"]);
    fs::create_dir_all(world.path("repo/.binnacle")).unwrap();
    fs::write(world.path("repo/.binnacle/Containerfile"), "FROM scratch\n").unwrap();
    world.git(&["add", ".binnacle"]);
    world.git(&["commit", "-qm", "Define the image"]);
    world.git(&["switch", "-q", "main"]);
    let shown = || answer(&mut world.command(&["container", "build", "--dry-run"])).stdout;
    assert!(shown().starts_with("# from bn's own definition\n"), "{}", shown());
    of_user(&world, "merge-target = \"topic\"\n");
    assert!(shown().starts_with("# from .binnacle/Containerfile as committed on topic\n"), "{}", shown());
    of_user(&world, "merge-target = \"none\"\n");
    let refused = answer(&mut world.command(&["container", "build", "--dry-run"]));
    assert!(refused.code != 0 && refused.stderr.contains("none"), "{refused:?}");
}

#[test]
fn what_a_flag_says_stands_whole_in_the_place_of_what_files_say() {
    let world = world();
    commit(&world, "allow = [\"a.corp\"]\nno-cache = true\n[env]\nA = \"1\"\nB = \"2\"\n");
    of_user(&world, "allow = [\"b.corp\", \"c.corp\"]\n");
    assert!(run(&world, &[]).stdout.contains("all public hosts, and b.corp, c.corp;"));
    assert!(run(&world, &["--allow", "d.corp"]).stdout.contains("all public hosts, and d.corp;"));
    assert!(run(&world, &["--network", "none"]).stdout.contains("the agent reaches nothing but itself"));
    assert!(!run(&world, &[]).stdout.contains("dst=/caches,"));
    assert!(run(&world, &["--no-cache=false"]).stdout.contains("dst=/caches,"));
    assert!(run(&world, &["-e", "B=3"]).stdout.contains("# passed as a file: B, A, BN_INITIAL_PROMPT"));
    of_user(&world, "allow = []\n");
    assert!(run(&world, &[]).stdout.contains("the agent reaches all public hosts;"));
}

#[test]
fn the_project_s_file_is_the_one_that_the_target_has() {
    let world = world();
    commit(&world, "pids-limit = 1000\n");
    world.git(&["worktree", "add", "--quiet", "../a1", "-b", "agent-1"]);
    let file = world.path("a1").join(PROJECT);
    fs::write(&file, "pids-limit = 3000\nnetwork = \"host\"\n").unwrap();
    let shown = run(&world, &["../a1"]);
    assert!(shown.stdout.contains("1000 processes"), "{shown:?}");
    let git = |words: &[&str]| world.git(&[&["-C", "../a1"], words].concat());
    git(&["commit", "--quiet", "-a", "-m", "more"]);
    assert!(run(&world, &["../a1"]).stdout.contains("1000 processes"));
    let said = world.bn(&["-C", "../a1", "config", "pids-limit"]);
    assert_eq!(said.stdout, "KEY          VALUE   FROM\npids-limit   1000    main:.binnacle/config.toml:1\n");
    assert!(said.stderr.contains("runs take what is committed on main\n"), "{said:?}");
    // A link in its place leads nowhere.
    fs::remove_file(world.repo().join(PROJECT)).unwrap();
    symlink("/etc/passwd", world.repo().join(PROJECT)).unwrap();
    world.git(&["commit", "--quiet", "-a", "-m", "link"]);
    assert!(run(&world, &[]).stdout.contains("4096 processes"));
}

#[test]
fn a_project_does_not_lower_the_wall_alone() {
    let world = world();
    commit(&world, "# for the database\nallow = [\"db.corp:5432\"]\ntimeout = \"2h\"\nsecret = [\"KEY\"]\n");
    insta::assert_snapshot!(refused(&world), @r#"
    Error: the project's settings lower the wall, and nobody has confirmed that: allow = ["db.corp:5432"] (main:.binnacle/config.toml:2); secret = ["KEY"] (main:.binnacle/config.toml:4)
    hint: if that is what you want: bn config trust
    hint: a flag of the same name says otherwise for one run, your own configuration for all
    "#);
    let told = settings(&world);
    assert_eq!(
        (&one(&told, "allow")["confirmed"], &one(&told, "timeout")["confirmed"]),
        (&false.into(), &serde_json::Value::Null)
    );
    let trusted = world.bn(&["config", "trust"]);
    insta::assert_snapshot!(trusted.stdout, @r#"
    confirmed, until it changes:
      allow = ["db.corp:5432"]  (main:.binnacle/config.toml:2)
      secret = ["KEY"]  (main:.binnacle/config.toml:4)
    "#);
    assert_eq!(one(&settings(&world), "allow")["confirmed"], true);
    // The next reason not to start.
    assert!(refused_later(&world).contains("Error: --secret KEY: it is not set here"));
    // A comment changes nothing, a value does.
    commit(&world, "allow = [\"db.corp:5432\"] # the database\nsecret = [\"KEY\"]\n");
    assert!(refused_later(&world).contains("Error: --secret KEY: it is not set here"));
    commit(&world, "allow = [\"db.corp:5432\", \"localhost:22\"]\nsecret = [\"KEY\"]\n");
    let again = refused(&world);
    assert!(again.contains("localhost:22") && !again.contains("secret ="), "{again}");
    // Who says otherwise has nothing to confirm.
    of_user(&world, "allow = []\n");
    assert!(refused_later(&world).contains("Error: --secret KEY: it is not set here"));
    assert_eq!(world.bn(&["config", "trust", "--forget"]).code, 0);
    assert!(refused(&world).contains("secret = [\"KEY\"]"));
}

#[test]
fn a_project_does_not_lead_the_keys_of_models_elsewhere_alone() {
    let world = world();
    commit(&world, "[env]\nRAILS_ENV = \"test\"\nANTHROPIC_BASE_URL = \"https://evil.example\"\n");
    let said = refused(&world);
    let wanted = "confirmed that: env.ANTHROPIC_BASE_URL = \"https://evil.example\" (main:.binnacle/config.toml:3)\n";
    assert!(said.contains(wanted), "{said}");
    assert_eq!(world.bn(&["config", "trust"]).code, 0);
    commit(&world, "[env]\nANTHROPIC_BASE_URL = \"https://worse.example\"\n");
    assert!(refused(&world).contains("https://worse.example"));
}

fn refused_later(world: &World) -> String {
    let refused = world.bn(&["container", "run", "--name", "job", "--", "true"]);
    assert_eq!(refused.code, 2, "{refused:?}");
    refused.stderr
}

#[test]
fn what_is_wrong_in_a_file_is_named_with_its_line() {
    let world = world();
    commit(&world, "timeout = \"2h\"\nmemroy = \"8g\"\n");
    insta::assert_snapshot!(refused(&world), @r"
    Error: main:.binnacle/config.toml:2: there is no key memroy
    hint: you may mean: memory
    ");
    commit(&world, "timeout = 2\n");
    insta::assert_snapshot!(refused(&world), @r#"
    Error: main:.binnacle/config.toml:1: timeout takes a text, and this is a number
    hint: such as: timeout = "…"
    "#);
    commit(&world, "");
    of_user(&world, "cpus = \"many\"\n");
    insta::assert_snapshot!(refused(&world), @r#"
    Error: [WORLD]/home/.config/binnacle/config.toml:1: cpus = "many": not a number of CPUs
    hint: such as 2 or 0.5
    "#);
    of_user(&world, &"#".repeat(1 << 20));
    insta::assert_snapshot!(refused(&world), @r"Error: [WORLD]/home/.config/binnacle/config.toml has 1048576 bytes, more than a configuration may have (262144)");
    let unknown = world.bn(&["config", "memroy"]);
    assert_eq!(
        (unknown.code, unknown.stderr.as_str()),
        (2, "Error: there is no key memroy\nhint: you may mean: bn config memory\n")
    );
}

/// A home that is a repository, or a link into one.
#[test]
fn settings_that_an_agent_could_write_are_not_taken() {
    let world = world();
    fs::create_dir_all(world.path("home/.config/binnacle")).unwrap();
    fs::write(world.repo().join("mine.toml"), "network = \"host\"\n").unwrap();
    symlink(world.repo().join("mine.toml"), world.path("home/.config/binnacle/config.toml")).unwrap();
    let said = refused(&world);
    assert!(
        said.contains("/config.toml is where an agent can write ([WORLD]/repo): it could give itself any setting\n"),
        "{said}"
    );
    assert_eq!(world.bn(&["config"]).code, 125);
}
