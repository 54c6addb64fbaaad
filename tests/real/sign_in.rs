//! A sign-in that is made once, and renewed by runs of its agent with tokens that work once.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};

use crate::machine::{Process, files_with, holds, processes};
use crate::screen::Screen;
use crate::world::{Answer, World, answer, image, wait_for};

const KEPT: &str = "home/.local/share/binnacle/logins/claude.json";

/// A world with a server that gives out tokens, and an agent program for it.
fn world() -> World {
    let world = World::new();
    world.shell("git -C repo worktree add -q ../agent-2 -b agent-2; mkdir server; echo 1 >server/number");
    fs::write(world.path("server/canary"), canary(&world)).unwrap();
    fs::write(world.path("server/claude"), include_str!("sign_in.sh")).unwrap();
    world.shell("chmod +x server/claude");
    world
}

fn canary(world: &World) -> String {
    world.unique("canary")
}

fn credential(world: &World, number: u32, expires: i64) -> String {
    let canary = canary(world);
    format!(
        "{{\"claudeAiOauth\":{{\"accessToken\":\"oat-{canary}-{number}\",\"refreshToken\":\"ort-{canary}-{number}\",\
         \"expiresAt\":{expires},\"scopes\":[\"user:inference\"]}}}}"
    )
}

/// Types a sign-in whose program writes this text into this file.
fn signs_in(world: &World, agent: &str, file: &str, text: &str) -> Screen {
    fs::write(world.path("code"), text).unwrap();
    let code = world.shell("base64 -w0 code; rm code");
    let writes =
        format!("read -p \"Paste the co\"\"de: \" code; umask 077; echo {code} | base64 -d >~/{file}; test $code = 7");
    let screen = Screen::of(world);
    screen.types(&format!("bn container login {agent} --tag {} -- sh -c '{writes}'; echo rc=$?", image()));
    screen.waits_for("Paste the code:");
    screen.types("7");
    screen
}

fn signed_in() -> World {
    let world = world();
    let later = now() + 3_600_000;
    let screen = signs_in(&world, "claude", ".claude/.credentials.json", &credential(&world, 1, later));
    screen.waits_for("rc=0");
    world
}

fn now() -> i64 {
    i64::try_from(std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_millis()).unwrap()
}

/// `bn container run` of the agent program, which does this.
fn line(world: &World, worktree: &str, name: &str, does: &str) -> Command {
    let mount = format!("{}:/server:rw", world.path("server").display());
    let (image, name, worktree) = (image(), world.name(name), format!("../{worktree}"));
    let path = "PATH=/server:/usr/local/bin:/usr/bin:/bin";
    world.bn_command(&[
        "container",
        "run",
        &worktree,
        "--tag",
        &image,
        "--name",
        &name,
        "--mount",
        &mount,
        "-e",
        path,
        "--agent",
        "claude",
        "--prompt",
        does,
    ])
}

fn run(world: &World, worktree: &str, name: &str, does: &str) -> Answer {
    answer(line(world, worktree, name, does).output().unwrap())
}

fn begin(world: &World, worktree: &str, name: &str, does: &str) -> Child {
    line(world, worktree, name, does).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn kept(world: &World) -> String {
    fs::read_to_string(world.path(KEPT)).unwrap()
}

fn keeps(world: &World, number: u32) -> bool {
    kept(world).contains(&format!("\"ort-{}-{number}\"", canary(world)))
}

/// Nobody came with a token that was used before.
fn assert_nothing_is_spent(world: &World) {
    let refused = fs::read_to_string(world.path("server/refused")).unwrap_or_default();
    assert_eq!(refused, "", "{}", kept(world));
}

#[test]
fn a_sign_in_is_made_once_and_goes_to_runs_of_its_agent_alone() {
    let world = signed_in();
    let mode = |path: &str| fs::metadata(world.path(path)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(KEPT), mode("home/.local/share/binnacle/logins")), (0o600, 0o700));
    let only_there = || {
        let found = files_with(&canary(&world), &[world.root()]);
        let expected = [world.path("server/canary"), world.path(KEPT)].map(|path| path.display().to_string());
        assert!(found.len() == 2 && expected.iter().all(|path| found.contains(path)), "{found:?}");
    };
    only_there();
    assert!(world.bn(&["container", "list", "--all", "--all-repos"]).stdout.lines().count() <= 1);
    let listed = world.bn(&["container", "login", "--list"]).exits(0).stdout;
    assert!(
        listed.starts_with("claude: signed in since ") && listed.ends_with(", by a sign-in of its own\n"),
        "{listed}"
    );

    let one = run(&world, "agent-1", "one", "access; env; echo kept >~/.claude/note").exits(0);
    assert!(one.stdout.contains(&format!("oat-{}-1", canary(&world))) && !one.stderr.contains("warning"), "{one:#?}");
    assert!(!one.stdout.contains("ort-"), "in no variable: {one:#?}");
    for options in [&["--agent", "codex"][..], &["--agent", "copilot"], &[]] {
        let name = world.name("other");
        let mut words = vec!["container", "run", "../agent-2", "--no-merge", "--name", &name];
        let image = image();
        words.extend(["--tag", &image]);
        words.extend(options);
        if options.is_empty() {
            words.extend(["--", "sh", "-c", "grep -rsF canary- ~ /run/secrets; env"]);
        }
        let said = world.bn(&words);
        assert!(!format!("{said:?}").contains("canary"), "{said:#?}");
        world.bn(&["container", "discard", "--yes", &name]);
    }
    let inspected = world.bn(&["container", "inspect", &world.name("one")]).exits(0);
    assert!(!inspected.stdout.contains("canary-"), "{inspected:#?}");
    world.shell("rm -rf home/.local/state/binnacle/*/runs/*/log");
    only_there();

    world.bn(&["container", "logout", "claude"]).exits(0);
    assert!(!world.path(KEPT).exists());
    let none = run(&world, "agent-1", "none", "access; true").exits(0);
    for said in ["warning: no token for claude is set", "bn container login claude", "claude setup-token"] {
        assert!(none.stderr.contains(said), "{none:#?}");
    }
}

#[test]
fn a_sign_in_that_leaves_nothing_of_use_changes_nothing() {
    let world = signed_in();
    let before = kept(&world);
    for (text, why) in
        [("{}", "nobody is signed in there"), ("{\"claudeAiOauth\":{\"accessToken\":\"x\"}}", "a token is missing")]
    {
        let screen = signs_in(&world, "claude", ".claude/.credentials.json", text);
        screen.waits_for("rc=2");
        assert!(screen.text().contains(&format!("claude is not signed in: {why}")), "{}", screen.text());
    }
    let screen = Screen::of(&world);
    screen.types(&format!("bn container login claude --tag {}; echo rc=$?", image()));
    screen.waits_for("rc=2");
    assert!(
        screen.text().contains("claude is not in this image: bn container build --agent claude"),
        "{}",
        screen.text()
    );
    assert_eq!(kept(&world), before);
    let screen =
        signs_in(&world, "copilot", ".copilot/config.json", "// x\n{\"copilotTokens\":{\"github.com:ann\":\"gho_x\"}}");
    screen.waits_for("rc=0");
    assert!(screen.text().contains("copilot: signed in since "), "{}", screen.text());
    assert!(world.bn(&["container", "list", "--all", "--all-repos"]).stdout.lines().count() <= 1);
}

#[test]
fn two_runs_at_once_renew_a_sign_in_one_after_the_other() {
    let world = signed_in();
    let does = "touch /server/one; until_there go; renew; until_there end";
    let mut one = begin(&world, "agent-1", "one", does);
    wait_for("the first", || world.path("server/one").exists());
    assert!(world.bn(&["container", "login", "--list"]).stdout.contains(&format!("; {} renews it", world.name("one"))));
    let does = "[[ ! $(field refreshToken) ]] || exit 7; access; touch /server/two; until_has accessToken 2; touch /server/has-2
        until_has refreshToken 2; renew";
    let mut two = begin(&world, "agent-2", "two", does);
    wait_for("the second", || world.path("server/two").exists());
    world.shell("touch server/go");
    wait_for("the renewed sign-in on the host, while the run goes on", || keeps(&world, 2));
    wait_for("the renewed token in the other run", || world.path("server/has-2").exists());
    world.shell("touch server/end");
    assert!(one.wait().unwrap().success() && two.wait().unwrap().success());
    assert!(keeps(&world, 3), "{}", kept(&world));
    run(&world, "agent-1", "three", "renew").exits(0);
    assert!(keeps(&world, 4), "{}", kept(&world));
    assert_nothing_is_spent(&world);
}

#[test]
fn a_run_that_waits_for_a_sign_in_shows_whom_it_waits_for() {
    let world = world();
    let ends = credential(&world, 1, now() + 20_000);
    signs_in(&world, "claude", ".claude/.credentials.json", &ends).waits_for("rc=0");
    let mut one = begin(&world, "agent-1", "one", "touch /server/one; until_there end");
    wait_for("the first", || world.path("server/one").exists());
    let second = line(&world, "agent-2", "two", "access");
    let words: Vec<&str> = second.get_args().map(|word| word.to_str().unwrap()).collect();
    let screen = Screen::of(&world);
    screen.types(&format!("bn {}; echo rc=$?", words.join(" ")));
    screen.waits_for(&format!("waiting for claude's sign-in, which {} has", world.name("one")));
    world.shell("touch server/end");
    assert!(one.wait().unwrap().success());
    screen.waits_for("rc=0");
    assert!(!screen.text().contains("waiting for claude's"), "{}", screen.text());
}

#[test]
fn a_killed_owner_costs_nobody_the_sign_in() {
    let world = signed_in();
    let does = "touch /server/one; until_there go; renew; touch /server/renewed; until_there end";
    let mut one = begin(&world, "agent-1", "one", does);
    wait_for("the first", || world.path("server/one").exists());
    one.kill().unwrap();
    one.wait().unwrap();
    world.shell("touch server/go");
    wait_for("the token that nobody has seen", || world.path("server/renewed").exists());
    assert!(keeps(&world, 1), "nobody has looked");
    // The agent of the first run may renew it at any moment, so this one may not.
    run(&world, "agent-2", "two", "[[ ! $(field refreshToken) ]] && [[ $(access) == *-2 ]]").exits(0);
    assert!(keeps(&world, 2));
    world.shell("touch server/end");
    wait_for("the end of the first", || world.row(&world.name("one"))["status"] == "interrupted");
    run(&world, "agent-2", "three", "renew").exits(0);
    assert!(keeps(&world, 3), "{}", kept(&world));
    world.bn(&["container", "merge", &world.name("one")]).exits(0);
    run(&world, "agent-1", "four", "renew").exits(0);
    assert!(keeps(&world, 4), "{}", kept(&world));
    assert_nothing_is_spent(&world);
}

#[test]
fn what_an_agent_makes_of_its_copy_harms_nobody_else() {
    let world = signed_in();
    fs::write(world.path("server/victim"), credential(&world, 9, now() + 7_200_000)).unwrap();
    for (name, does) in [
        ("link", "ln -sf /server/victim $CREDENTIAL"),
        ("pipe", "rm $CREDENTIAL; mkfifo $CREDENTIAL"),
        ("folder", "rm $CREDENTIAL; mkdir $CREDENTIAL; touch $CREDENTIAL/x; chmod 0 $CREDENTIAL"),
        ("huge", "head -c 1000000 /dev/zero >$CREDENTIAL"),
        ("garbage", "echo canary >$CREDENTIAL"),
        ("old", "credential -28000 >$CREDENTIAL"),
        ("future", "credential 40000000 >$CREDENTIAL"),
        ("gone", "rm $CREDENTIAL"),
    ] {
        // It begins with what the one before has left.
        run(&world, "agent-1", name, &format!("[[ $(field refreshToken) == *-1 ]] || exit 7; {does}")).exits(0);
        assert!(keeps(&world, 1), "{name}: {}", kept(&world));
    }
    assert_nothing_is_spent(&world);
}

#[test]
fn what_a_killed_sign_in_has_left_goes_with_the_next_one_or_by_prune() {
    let world = World::new();
    world.shell("touch pid");
    let secret = canary(&world);
    let begins = |screen: &Screen| {
        // Two pieces, so that the words are nowhere but in what the container printed and wrote.
        let does = format!(
            "umask 077; echo {}\"\"{} >~/.codex/auth.json; echo is \"\"there; sleep 1000",
            &secret[..9],
            &secret[9..]
        );
        let pid = world.path("pid");
        screen.types(&format!(
            "sh -c 'echo $$ >{}; exec bn container login codex --tag {} -- sh -c '\\''{does}'\\'; echo rc=$?",
            pid.display(),
            image()
        ));
        screen.waits_for("is there");
    };
    let left = || world.list().into_iter().find(|row| row["name"].as_str().unwrap().starts_with("sign-in-codex-"));
    let stage = |row: &serde_json::Value| std::path::PathBuf::from(row["worktree"].as_str().unwrap());
    let killed = || {
        let screen = Screen::of(&world);
        begins(&screen);
        assert!(left().is_none(), "one that goes on is nobody else's business");
        world.shell("kill -9 $(cat pid)");
        screen.waits_for("rc=137");
        let row = left().unwrap();
        assert_eq!(row["wish"]["why"], "bn was killed before codex was signed in");
        assert_eq!(row["wish"]["next"][0]["command"], "bn container login codex");
        assert!(!files_with(&secret, &[world.root()]).is_empty() && stage(&row).exists(), "the control");
        row
    };
    let assert_gone = |row: &serde_json::Value| {
        assert!(left().is_none() && !stage(row).parent().unwrap().exists());
        world.assert_nothing_runs(row["name"].as_str().unwrap());
        assert_eq!(files_with(&secret, &[world.root()]), Vec::<String>::new());
    };

    let row = killed();
    signs_in(&world, "copilot", ".copilot/config.json", "{}").waits_for("rc=2");
    assert_gone(&row);
    let row = killed();
    let name = row["name"].as_str().unwrap();
    let dry = world.bn(&["container", "prune", "--dry-run"]).exits(0);
    assert!(dry.stdout.contains(&format!("would forget {name}: bn was killed before it had signed in")), "{dry:#?}");
    let pruned = world.bn(&["container", "prune"]).exits(0);
    assert!(pruned.stdout.contains(&format!("forgot {name}: bn was killed before it had signed in\n")), "{pruned:#?}");
    assert_gone(&row);
}

/// The words in files of the container, or in what its processes have.
fn inside(world: &World, name: &str, word: &str) -> String {
    // The search is not to find itself.
    let pattern = word.replacen('-', "[-]", 1);
    let search = format!(
        "grep -rlsa --devices=skip --exclude-dir=proc --exclude-dir=sys --exclude-dir=server -e '{pattern}' /
         cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline 2>/dev/null | grep -qa -e '{pattern}' && echo a process; true"
    );
    world.bn(&["container", "exec", name, "--", "sh", "-c", &search]).exits(0).stdout
}

#[test]
fn a_key_and_a_sign_in_are_nowhere_else_while_a_run_goes_on_and_after_it_was_told_of() {
    let world = signed_in();
    let (key, name, told) = (world.unique("canary-key"), world.name("one"), world.path("told"));
    let token = format!("ort-{}-1", canary(&world));
    let mut begun = line(&world, "agent-1", "one", "touch /server/there; until_there end");
    begun.args(["--detach", &format!("--notify=env >>{}", told.display())]).env("OPENAI_API_KEY", &key);
    answer(begun.output().unwrap()).exits(0);
    wait_for("the agent", || world.path("server/there").exists());
    let socket = crate::world::containerd();
    let containerd = std::path::Path::new(&socket).parent().unwrap();
    let files = |word: &str| files_with(word, &[world.root(), std::path::Path::new("/run/containerd")]);
    let held = || {
        let holds = |found: &Process| {
            [&key, &token].iter().any(|word| found.command.contains(word.as_str()) || holds(&found.environment, word))
        };
        processes().into_iter().filter(holds).map(|found| found.command).collect::<Vec<_>>()
    };
    assert_eq!(inside(&world, &name, &key), "");
    assert_eq!(inside(&world, &name, &token), "/home/agent/.claude/.credentials.json\n", "by design, and the control");
    assert_eq!(files(&key), Vec::<String>::new());
    let kept = world.path(KEPT).display().to_string();
    let copies = files(&token);
    assert!(copies.len() == 2 && copies.contains(&kept), "{copies:?}");
    assert_eq!(held(), Vec::<String>::new());
    world.shell("touch server/end");
    wait_for("the word of its end", || fs::read_to_string(&told).is_ok_and(|told| told.contains("BN_OUTCOME=")));
    assert_eq!((files(&key), files(&token)), (Vec::new(), vec![kept]));
    assert_eq!(files_with(&format!("{key}\n{token}"), &[containerd]), Vec::<String>::new());
    assert_eq!(held(), Vec::<String>::new());
}
