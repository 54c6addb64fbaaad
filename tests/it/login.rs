//! A token that is given once, for all later runs of its agent.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use crate::world::{Answer, World, answer};

fn world() -> World {
    let world = World::new();
    world.git(&["config", "user.name", "T"]);
    world.git(&["config", "user.email", "t@example.org"]);
    world
}

fn login(world: &World, agent: &str, token: &str) -> Answer {
    fs::write(world.path("token"), token).unwrap();
    let stdin = Stdio::from(fs::File::open(world.path("token")).unwrap());
    let said = answer(world.command(&["container", "login", agent]).stdin(stdin));
    fs::remove_file(world.path("token")).unwrap();
    said
}

fn dry_run(world: &World, words: &[&str]) -> Answer {
    world.bn(&[&["container", "run", "--dry-run"], words].concat())
}

#[test]
fn a_token_is_given_once_and_goes_to_runs_of_its_agent_alone() {
    let world = world();
    let said = login(&world, "claude", "sk-ant-oat01-canary\n");
    assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{said:?}");
    assert!(
        said.stdout.starts_with("claude: signed in since ") && said.stdout.ends_with(", by CLAUDE_CODE_OAUTH_TOKEN\n"),
        "{said:?}"
    );
    let folder = world.path("home/.local/share/binnacle/logins");
    let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&folder), mode(&folder.join("claude.json"))), (0o700, 0o600));

    let own = dry_run(&world, &["--agent", "claude"]);
    let outside = "# its key stays outside: anthropic (https://api.anthropic.com)\n";
    assert!(own.stdout.contains(outside) && !own.stdout.contains("# passed as a file: CLAUDE"), "{own:?}");
    assert!(!own.stderr.contains("warning"), "{own:?}");
    let by_name = dry_run(&world, &["--", "/usr/bin/claude", "-p", "x"]);
    assert!(by_name.stdout.contains(outside), "{by_name:?}");
    let inside = dry_run(&world, &["--agent", "claude", "--keys", "inside"]);
    assert!(inside.stdout.contains("# passed as a file: CLAUDE_CODE_OAUTH_TOKEN, "), "{inside:?}");
    for words in [&["--agent", "codex"][..], &["--", "true"]] {
        let other = dry_run(&world, words);
        assert!(!other.stdout.contains("CLAUDE_CODE_OAUTH_TOKEN") && !other.stdout.contains(outside), "{other:?}");
    }
    for said in [own, by_name, inside, world.bn(&["container", "login", "--list", "--json"])] {
        assert!(!format!("{said:?}").contains("canary"), "{said:?}");
    }
    let mut command = world.command(&["container", "run", "--dry-run", "--agent", "claude"]);
    let here = answer(command.env("ANTHROPIC_API_KEY", "mine"));
    assert!(!here.stdout.contains("CLAUDE_CODE_OAUTH_TOKEN"), "what the shell has counts more: {here:?}");
    let both = answer(command.env("CLAUDE_CODE_OAUTH_TOKEN", "sk-ant-oat01-canary"));
    assert!(!both.stdout.contains("CLAUDE_CODE_OAUTH_TOKEN"), "the key of the interface counts more: {both:?}");

    let out = world.bn(&["container", "logout", "claude"]);
    assert!(out.stderr.contains("claude is signed out here"), "{out:?}");
    assert!(!folder.join("claude.json").exists());
    assert!(dry_run(&world, &["--agent", "claude"]).stderr.contains("bn container login claude"));
    let again = world.bn(&["container", "logout", "claude"]);
    assert_eq!(again.stderr, "Error: claude is not signed in\nhint: who is: bn container login --list\n");
}

#[test]
fn a_key_of_an_api_that_was_given_once_stays_outside() {
    let world = world();
    assert_eq!(login(&world, "codex", "sk-proj-canary").code, 0);
    let said = dry_run(&world, &["--agent", "codex"]);
    assert!(said.stdout.contains("# its key stays outside: openai (https://api.openai.com/v1)\n"), "{said:?}");
    assert!(said.stdout.contains("OPENAI_BASE_URL=http://127.0.0.1:3129/v1"), "{said:?}");
    assert!(!format!("{said:?}").contains("canary"), "{said:?}");
}

#[test]
fn a_rehearsal_takes_the_token_that_renews_from_nobody() {
    let world = world();
    let folder = world.path("home/.local/share/binnacle/logins");
    fs::create_dir_all(&folder).unwrap();
    let kept = r#"{"credential":{"agent":"claude","parts":{"claudeAiOauth":{"accessToken":"canary","refreshToken":"canary",
        "expiresAt":1,"scopes":[]}}},"since":"2026-11-27T00:00:00Z","renewed":"2026-11-27T00:00:00Z","holder":null}"#;
    fs::write(folder.join("claude.json"), kept).unwrap();
    let said = dry_run(&world, &["--agent", "claude"]);
    assert!(said.stdout.contains("it holds a copy of its sign-in itself") && said.stderr.is_empty(), "{said:?}");
    assert!(!format!("{said:?}").contains("canary"), "{said:?}");
    assert_eq!(fs::read_to_string(folder.join("claude.json")).unwrap(), kept);
    assert!(!dry_run(&world, &["--agent", "codex"]).stdout.contains("sign-in"));
    let listed = world.bn(&["container", "login", "--list"]);
    assert_eq!(listed.stdout, "claude: signed in since 2026-11-27, by a sign-in of its own, renewed on 2026-11-27\n");
}

#[test]
fn a_sign_in_needs_a_terminal() {
    let world = world();
    let said = world.bn(&["container", "login", "codex", "--", "codex", "login", "--device-auth"]);
    assert_eq!(
        (said.code, said.stderr.as_str()),
        (2, "Error: a sign-in needs a terminal on standard input and output\n")
    );
}

#[test]
fn what_is_no_token_is_kept_nowhere_and_not_repeated() {
    let world = world();
    for text in ["", "\n", "two canaries", "{\"canary\": 1}\n{}"] {
        let said = login(&world, "claude", text);
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.stderr.starts_with("Error: that is no token for claude: a token is one word\n"), "{said:?}");
        assert!(!said.stderr.contains("canar"), "{said:?}");
    }
    assert!(!world.path("home/.local/share/binnacle/logins").exists());
    let none = world.bn(&["container", "login", "--list"]);
    assert_eq!(none.stderr, "no agent is signed in: bn container login claude, codex or copilot\n");
    assert_eq!(world.bn(&["container", "login"]).code, 2);
}
