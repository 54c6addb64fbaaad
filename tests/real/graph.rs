//! The graph as an agent has it: its owner answers, and says the same as outside.

use std::time::{Duration, Instant};

use crate::running::MEET;
use crate::world::{World, wait_for};

/// Verbs in an order, each with what it prints and how it ends. `$first` and `$second` are the first tasks.
const VERBS: &str = r#"
say() { echo "\$ $*"; "$@"; echo "= $?"; }
first=$(bn task create 'First' -p 1 --tag db --json | grep -o '"id":"bn-[a-z0-9]*' | head -1 | cut -d'"' -f4)
second=$(bn task create 'Second' --depends-on $first --json | grep -o '"id":"bn-[a-z0-9]*' | head -1 | cut -d'"' -f4)
say bn ready
say bn ready --explain
say bn blocked --json
say bn task create
say bn task create 'Third' --parent $second -d 'Two
lines'
say bn task list --all --sort created
say bn task list --tag db --json
say bn task show $second
say bn task show $second --json
say bn task update $first --title 'First of all' --add-tag ui
say bn task note $first 'mind the index'
say bn link add $second $first --type discovered_from
say bn link list $first
say bn link add $first $second --type depends_on
say bn graph $second
say bn search index
say bn task claim $second
say bn task claim $first
say bn task claim $first
say bn task release $first --reason 'not now'
say bn task close nothing
say bn task close $second
say bn task cancel $first --reason 'never'
say bn task reopen $first
printf '{"op":"create","title":"A","ref":"a"}\n{"op":"note","id":"@a","text":"hello"}\n' > /tmp/batch
say bn batch /tmp/batch
printf '{"op":"create","title":"B"}\n{"op":"note","id":"@b","text":"hello"}\n' > /tmp/batch
say bn batch /tmp/batch
say bn task show bn-none --json
say bn show $first
say bn log
say bn log $second --json
say bn agent list
say bn export
say bn doctor --json
say bn task list --limit 1
"#;

/// Names for what differs from run to run.
fn neutral(text: &str) -> String {
    let mut ids: Vec<String> = Vec::new();
    let mut neutral = String::new();
    for word in text.split_inclusive(|letter: char| !letter.is_ascii_alphanumeric() && !"-:.".contains(letter)) {
        let bare = word.trim_end_matches(|letter: char| !letter.is_ascii_alphanumeric());
        let is_time = bare.len() >= 9 && (bare.contains("-11-") || bare.contains(':')) || bare.starts_with("20");
        let is_age =
            bare.len() > 1 && bare.ends_with('s') && bare[..bare.len() - 1].bytes().all(|byte| byte.is_ascii_digit());
        let is_id = (bare.starts_with("bn-") && bare != "bn-none" && bare.len() > 5)
            || bare.starts_with("run-")
            || bare.starts_with("job-");
        match (is_time, is_age, is_id) {
            (true, ..) => neutral.push_str(&word.replace(bare, "[TIME]")),
            (_, true, _) => neutral.push_str(&word.replace(bare, "[AGE]")),
            (_, _, true) => {
                let number = ids.iter().position(|id| id == bare).unwrap_or_else(|| {
                    ids.push(bare.to_owned());
                    ids.len() - 1
                });
                neutral.push_str(&word.replace(bare, &format!("[ID {number}]")));
            }
            _ => neutral.push_str(word),
        }
    }
    neutral
}

/// The same verbs through the owner and on the mounted file, as the same agent.
#[test]
fn every_verb_prints_the_same_bytes_through_the_owner_as_on_the_file() {
    let print = |access: &str| {
        let world = World::new();
        let answer =
            world.agent(&["--name", &world.job(), "--no-merge", "--graph", access], &format!("exec 2>&1; {VERBS}"));
        neutral(&answer.exits(0).stdout)
    };
    let (asked, opened) = (print("agent"), print("files"));
    assert!(asked.matches("\n= 0\n").count() > 20 && asked.contains("Error: that would close a cycle"), "{asked}");
    assert!(asked == opened, "--- asked\n{asked}\n--- opened\n{opened}");
}

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

#[test]
fn an_agent_whose_owner_was_killed_is_told_within_a_second_and_nothing_acknowledged_is_lost() {
    let world = World::new();
    let name = world.job();
    let script = format!(
        "bn task create Before; {MEET}; sleep 0.2; begun=$(date +%s%N); bn ready >out 2>&1; echo $? $((($(date +%s%N) - begun) / 1000000)) >took; sleep 99"
    );
    let running = world.start(&["--name", &name], &script);
    running.meet();
    rustix::process::kill_process(
        rustix::process::Pid::from_raw(running.pid()).unwrap(),
        rustix::process::Signal::KILL,
    )
    .unwrap();
    running.go_on();
    let took = world.path("agent-1/took");
    wait_for("the agent to have asked", || took.exists());
    let (took, said) = (world.shell("sleep 0.2; cat agent-1/took"), world.shell("cat agent-1/out"));
    let (code, milliseconds) = took.split_once(' ').unwrap();
    assert!(code == "125" && milliseconds.trim().parse::<u64>().unwrap() < 1000, "{took}: {said}");
    assert!(said.contains("the owner of this run has ended") && said.contains("bn container merge"), "{said}");
    world.bn(&["container", "merge", &name, "--yes"]);
    assert!(world.tasks().contains("Before"));
    world.assert_nothing_runs(&name);
}

/// Each answer is written down in the worktree before the next request: what stands there has to be in the graph.
#[test]
fn of_writes_whose_container_or_owner_is_killed_none_that_was_acknowledged_is_lost() {
    for victim in 0..6 {
        let world = World::new();
        let name = world.job();
        let script = format!(
            "{MEET}; for w in 1 2 3 4; do (for i in $(seq 500); do bn task create \"made $w $i\" --json >/tmp/$w && grep -o '\"id\":\"bn-[a-z0-9]*' /tmp/$w | head -1 >>acknowledged-$w; done) & done; wait"
        );
        let running = world.start(&["--name", &name], &script);
        running.meet();
        let pid = running.pid();
        let waited = Duration::from_millis(400 + 150 * victim);
        std::fs::write(world.path("agent-1/go"), "").unwrap();
        std::thread::sleep(waited);
        match victim % 2 {
            0 => drop(rustix::process::kill_process(
                rustix::process::Pid::from_raw(pid).unwrap(),
                rustix::process::Signal::KILL,
            )),
            _ => drop(crate::world::ctr(&["tasks", "kill", "--signal", "KILL", &name])),
        }
        running.end();
        world.bn(&["container", "merge", &name, "--yes"]);
        let acknowledged = world.shell("cat agent-1/acknowledged-* | cut -d'\"' -f4");
        let tasks = world.bn(&["task", "list", "--all", "--limit", "0", "--json"]).exits(0).stdout;
        assert!(!acknowledged.is_empty());
        acknowledged.lines().for_each(|id| assert!(tasks.contains(&format!("\"{id}\"")), "{id} was acknowledged"));
        assert!(world.bn(&["doctor"]).exits(0).stdout.contains("The graph is sound"));
    }
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
    assert!(running.go_on().exits(0).stdout.contains("After all"));
}
