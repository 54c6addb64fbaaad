//! Whoever is killed between a request to the graph and its answer: nothing that was acknowledged is lost, and nobody waits.

use std::time::{Duration, Instant};

use crate::point::Point;
use crate::running::MEET;
use crate::world::{World, wait_for};

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
        std::fs::write(world.path("agent-1/go"), "").unwrap();
        wait_for("the first answers", || world.path("agent-1/acknowledged-1").exists());
        std::thread::sleep(Duration::from_millis(50 + 150 * victim));
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

/// The owner dies at each step of a change. The agent is told, the host goes on, and the change is there once it was on the disk.
#[test]
fn of_an_owner_killed_at_any_step_of_a_change_all_or_nothing_of_it_stays() {
    let steps = Point::ALL.iter().filter(|point| (Point::RequestRead..=Point::AnswerSent).contains(point));
    for point in steps {
        let world = World::new();
        let name = world.job();
        // The answer is so long that it goes in pieces.
        let script = "for i in $(seq 600); do echo '{\"op\":\"create\",\"title\":\"Made '$i'\"}'; done >/tmp/batch; \
            bn batch /tmp/batch --json >said 2>errors; echo $? >code; sleep 99";
        // The first change is the owner's own, which registers the agent.
        let time = if *point == Point::ChangeMade { 2 } else { 1 };
        let running = world.start_doomed(&["--name", &name], script, &format!("{point:?}:{time}"));
        let ended = running.end();
        assert_eq!(ended.code, -1, "{point:?}: {ended:#?}");
        let asked = Instant::now();
        world.bn(&["task", "create", "Meanwhile"]).exits(0);
        assert!(asked.elapsed() < Duration::from_secs(5), "{point:?}: {:?}", asked.elapsed());
        wait_for(&format!("the agent to be told at {point:?}"), || world.shell("cat agent-1/code || true") != "");
        let (code, errors) = (world.shell("cat agent-1/code"), world.shell("cat agent-1/errors"));
        match point {
            Point::AnswerSent => assert_eq!((code.as_str(), errors.as_str()), ("0", "")),
            _ => {
                assert!(code == "125" && errors.contains("`bn log` shows what was done"), "{point:?}: {code} {errors}")
            }
        }
        world.bn(&["container", "merge", &name, "--yes"]);
        let tasks = world.bn(&["task", "list", "--all", "--limit", "0", "--json"]).exits(0).stdout;
        let made = tasks.matches("\"title\":\"Made").count();
        let expected = if *point >= Point::ChangeCommitted { 600 } else { 0 };
        assert_eq!(made, expected, "{point:?}");
        assert!(world.bn(&["doctor"]).exits(0).stdout.contains("The graph is sound"));
        world.assert_nothing_runs(&name);
    }
}

/// Two hundred that die after they have asked and before they are answered, and two hundred that die at any moment of it.
#[test]
fn clients_that_are_killed_before_their_answer_cost_no_change_and_nobody_waits_for_them() {
    let world = World::new();
    let script = format!(
        r#"{MEET}
        cat > /tmp/ask.pl <<'END'
use Socket; my $title = shift;
socket(my $s, AF_UNIX, SOCK_STREAM, 0) or die; connect($s, pack_sockaddr_un("/binnacle/graph.sock")) or die;
syswrite($s, qq({{"v":1,"bn":"0.1.0","do":"create","with":{{"task":{{"title":"$title"}}}}}}
)); kill 9, $$;
END
        begun=$(date +%s%N); bn task create Timed >/dev/null; took=$((($(date +%s%N) - begun) / 500000)); ((took < 999)) || took=999
        for i in $(seq 200); do
            perl /tmp/ask.pl "asked $i" & asked=$!
            if timeout -s KILL "$(printf 0.%03d $((RANDOM % took + 1)))" bn task create "made $i" --json >/tmp/made; then
                grep -o '"id":"bn-[a-z0-9]*' /tmp/made | head -1 >>acknowledged
            fi
            wait $asked
        done 2>/dev/null; touch done; {MEET}; bn task create 'After all'"#
    );
    let running = world.start(&["--name", &world.job()], &script);
    running.meet();
    std::fs::write(world.path("agent-1/go"), "").unwrap();
    let mut slowest = Duration::ZERO;
    let begun = Instant::now();
    while !world.path("agent-1/done").exists() && begun.elapsed() < Duration::from_secs(120) {
        let asked = Instant::now();
        world.bn(&["task", "create", "Meanwhile"]).exits(0);
        slowest = slowest.max(asked.elapsed());
    }
    assert!(slowest < Duration::from_secs(5), "{slowest:?}");
    running.meet();
    assert!(running.go_on().exits(0).stdout.contains("After all"));
    let acknowledged = world.shell("cat agent-1/acknowledged | cut -d'\"' -f4");
    let tasks = world.bn(&["task", "list", "--all", "--limit", "0", "--json"]).exits(0).stdout;
    assert!(acknowledged.lines().count() > 10, "{acknowledged}");
    acknowledged.lines().for_each(|id| assert!(tasks.contains(&format!("\"{id}\"")), "{id} was acknowledged"));
    // A line that came whole is carried out, whoever has gone meanwhile.
    assert_eq!(tasks.matches("\"title\":\"asked").count(), 200);
    assert!(world.bn(&["doctor"]).exits(0).stdout.contains("The graph is sound"));
}
