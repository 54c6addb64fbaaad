//! The graph as an agent has it: its owner answers, by rules, whoever asks.

use std::time::{Duration, Instant};

use crate::running::MEET;
use crate::world::{World, patience};

#[test]
fn every_network_has_the_graph() {
    for network in ["none", "host", "egress"] {
        let world = World::new();
        let answer =
            world.agent(&["--name", &world.job(), "--network", network], "ls /binnacle; bn task create Found").exits(0);
        assert!(answer.stdout.contains("graph.sock\nCreated bn-"), "{network}: {answer:#?}");
        assert!(world.tasks().contains("Found"), "{network}");
    }
}

#[test]
fn what_a_run_may_not_change_is_refused_by_a_rule_and_its_changes_are_found_by_its_name() {
    let world = World::new();
    let id = |title: &str| {
        let told = world.bn(&["task", "create", "--json", title]).exits(0).stdout;
        serde_json::from_str::<serde_json::Value>(&told).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let (root, other) = (id("Root"), id("Other"));
    world.bn(&["task", "claim", &other]).exits(0);
    let script = format!(
        "bn task delete {root} --force; bn task update {other} --title Mine; bn task close {other} --force; bn import /dev/null; \
         bn doctor --fix; bn backup /tmp/x; BN_AGENT_NAME=bn BN_AGENT_ID=run-of-another bn task note {root} forged"
    );
    let name = world.name("first");
    let said = world.agent(&["--name", &name, "--no-merge"], &script).exits(0).stdout;
    for rule in [
        "a run cannot delete or undelete a task",
        "holds it, and a run cannot change the task of another session",
        "a run cannot do this",
    ] {
        assert!(said.contains(rule), "{rule}: {said}");
    }
    let log = world.bn(&["log", "--run", &name]).exits(0).stdout;
    assert!(log.contains(&format!("{name}  noted {root}: forged, as bn")), "{log}");
    assert!(log.lines().all(|line| line.contains(&name)), "{log}");
    assert!(world.bn(&["log", "--run", "nobody"]).exits(1).stderr.contains("there is no run in the graph nobody"));

    let script = format!("bn task note {root} x; bn orient; bn task list");
    let reader = world.name("reader");
    let answer = world.agent(&["--name", &reader, "--no-merge", "--graph", "read-only"], &script).exits(0);
    assert!(answer.stdout.contains("(--graph read-only)") && answer.stdout.contains("Other"), "{answer:#?}");
    let part = world.name("part");
    let script = format!("bn task note {other} x; bn task create Below --parent {root} && bn task note {root} y");
    let answer = world.agent(&["--name", &part, "--no-merge", "--graph", &root], &script).exits(0);
    assert!(answer.stdout.contains(&format!("(--graph {root})")) && answer.stdout.contains("Noted on"), "{answer:#?}");
    let unknown = world.agent(&["--name", &world.name("x"), "--graph", "bn-none"], "true").exits(1);
    assert!(unknown.stderr.contains("there is no task bn-none"), "{unknown:#?}");
    assert_eq!(world.list().len(), 3);
}

/// The trailers of commits are an agent's own words: what they name is looked up whole, within the run's rules.
#[test]
fn a_task_shows_the_commits_whose_trailers_name_it() {
    let world = World::new();
    let id = |title: &str| {
        let told = world.bn(&["task", "create", "--json", title]).exits(0).stdout;
        serde_json::from_str::<serde_json::Value>(&told).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let (one, other) = (id("One"), id("Other"));
    let script = format!(
        "git config user.name A; git config user.email a@example.org; commit() {{ git commit -q --allow-empty -m \"$1\" -m \"$2\"; }}
        commit First 'Task: {one}'; commit Both 'Reviewed-by: x
task: {one}, {other}'; commit $'Evil \\e]0;x\\a\\u202e' $'Task: {other} \\e[2J bn- b bn-none '; commit Plain 'Task {one} in the text'
        commit Many \"Task: $(yes bn-none | head -3000 | tr '\\n' ' ') {one}\"; git rev-parse HEAD~4 >first"
    );
    let name = world.name("first");
    let ended = world.agent(&["--name", &name], &script).exits(0);
    assert!(!ended.stderr.contains("were not told"), "{ended:#?}");
    let shown = world.bn(&["task", "show", &one]).exits(0).stdout;
    let first = world.shell("cut -c1-12 agent-1/first");
    assert!(shown.contains(&format!("commit {first}  First  ({name})")) && shown.contains("  Both  ("), "{shown}");
    assert_eq!(shown.matches("\ncommit ").count(), 2, "{shown}");
    let json = world.bn(&["task", "show", &other, "--json"]).exits(0).stdout;
    let commits = serde_json::from_str::<serde_json::Value>(&json).unwrap()["commits"].clone();
    assert_eq!(commits.as_array().unwrap().len(), 2, "{commits:#}");
    assert!(commits[0]["title"].as_str().unwrap().starts_with("Evil") && !json.contains('\u{1b}'), "{commits:#}");
    assert!(world.bn(&["log", "--run", &name]).exits(0).stdout.contains(&format!("committed {one}: {first}, First")));
    // What is merged again is told once, and a run that may change nothing names nothing.
    world.bn(&["container", "merge", &name, "--yes"]);
    let reader = world.name("reader");
    let script = format!(
        "git config user.name A; git config user.email a@example.org; git commit -q --allow-empty -m Third -m 'Task: {one}'"
    );
    world.agent(&["--name", &reader, "--graph", "read-only"], &script).exits(0);
    let shown = world.bn(&["task", "show", &one]).exits(0).stdout;
    assert_eq!(shown.matches("\ncommit ").count(), 2, "{shown}");
    assert!(world.bn(&["doctor"]).exits(0).stdout.contains("The graph is sound"));
}

/// What stands between an agent and the owner: a socket in a folder that is read-only, and no file that could be locked.
#[test]
fn an_agent_can_replace_neither_the_socket_nor_its_folder_and_has_nothing_to_lock() {
    let world = World::new();
    world.bn(&["task", "create", "Stays"]).exits(0);
    let attempts = [
        "touch /binnacle/x",
        "mkdir /binnacle/d",
        "ln -s /tmp /binnacle/l",
        "chmod 777 /binnacle",
        "rm -f /binnacle/graph.sock",
        "mv /binnacle/graph.sock /binnacle/y",
        "cp /bin/true /binnacle/graph.sock",
        "mv /tmp/planted /binnacle/graph.sock",
        "mv /binnacle /moved",
        "rmdir /binnacle",
        "umount /binnacle",
        "mount -t tmpfs none /binnacle",
        "mount --bind /tmp /binnacle",
        "unshare -Urm mount --bind /tmp /binnacle",
        "flock -n /binnacle/graph.sock true",
        "test -e /binnacle/graph.db",
    ];
    let plant =
        r#"perl -MSocket -e 'socket(my $s, AF_UNIX, SOCK_STREAM, 0); bind($s, pack_sockaddr_un("/tmp/planted"))'"#;
    let tries: String = attempts.iter().map(|attempt| format!("{attempt} && echo 'done: {attempt}'\n")).collect();
    let script = format!("{plant}; test -S /tmp/planted || exit 9; {tries} ls /binnacle; bn task create 'Goes on'");
    let answer = world.run(&script).exits(0);
    assert!(!answer.stdout.contains("done: ") && answer.stdout.contains("graph.sock\nCreated bn-"), "{answer:#?}");
    let tasks = world.tasks();
    assert!(tasks.contains("Stays") && tasks.contains("Goes on"), "{tasks}");
}

/// Sixty-four clients that never read, garbage, lines without an end, and connections without a word.
#[test]
fn clients_that_mean_harm_cost_the_owner_little_memory_and_others_no_time() {
    let world = World::new();
    let tasks: String = (0..6000)
        .map(|number| {
            format!("{{\"op\":\"create\",\"title\":\"Task {number} {}\",\"tags\":[\"a\"]}}\n", "x".repeat(150))
        })
        .collect();
    std::fs::write(world.path("batch"), tasks).unwrap();
    world.bn(&["batch", world.path("batch").to_str().unwrap()]).exits(0);
    let script = format!(
        r#"{MEET}
        cat > /tmp/harm.pl <<'END'
use Socket; use Fcntl; $SIG{{PIPE}} = 'IGNORE';
sub to {{ socket(my $s, AF_UNIX, SOCK_STREAM, 0) or die; connect($s, pack_sockaddr_un("/binnacle/graph.sock")) or return; return $s }}
for my $n (1 .. 64) {{ my $s = to() or next; push @s, $s;
  syswrite($s, $n % 2 ? qq({{"v":1,"bn":"0.1.0","do":"export","with":{{}}}}\n) : qq({{"v":1,"bn":"0.1.0","do":"list","with":{{"limit":5000}}}}\n)) }}
sleep 4; @s = ();
for my $n (1 .. 20) {{ my $s = to() or next; push @s, $s; fcntl($s, F_SETFL, O_NONBLOCK); syswrite($s, "x" x 1048000) for 1 .. 100; }}
@s = ();
for my $n (1 .. 30000) {{ my $s = to() or last; push @s, $s; last if @s > 1000; syswrite($s, "garbage\n") if $n % 3 }}
END
        timeout 9 perl /tmp/harm.pl & timeout 9 perl /tmp/harm.pl & wait; touch done; {MEET}; bn task create 'After all'"#
    );
    let running = world.start(&["--name", &world.job()], &script);
    running.meet();
    let owner = running.pid();
    let memory = || {
        let status = std::fs::read_to_string(format!("/proc/{owner}/status")).unwrap();
        let of = |field: &str| {
            let line = status.lines().find(|line| line.starts_with(field)).unwrap();
            line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
        };
        of("RssAnon:") >> 10
    };
    std::fs::write(world.path("agent-1/go"), "").unwrap();
    let (mut most, mut slowest) = (0, Duration::ZERO);
    let begun = Instant::now();
    while !world.path("agent-1/done").exists() && begun.elapsed() < Duration::from_secs(30) {
        most = most.max(memory());
        let asked = Instant::now();
        world.bn(&["task", "create", "Meanwhile"]).exits(0);
        slowest = slowest.max(asked.elapsed());
    }
    assert!(most < 30, "{most} MiB");
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    running.meet();
    // What they have asked for, the owner does not work through any more.
    let asked = Instant::now();
    assert!(running.go_on().exits(0).stdout.contains("After all"));
    assert!(asked.elapsed() < patience(20), "{:?}", asked.elapsed());
}
