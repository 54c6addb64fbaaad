//! kill -9 at any moment: what was acknowledged stays, what was not does no harm.

use std::collections::HashSet;
use std::io::{Read, Write};
use std::process::Stdio;
use std::time::Duration;

use crate::world::World;

/// Numbers that look random and are the same each time.
struct Dice(u64);

impl Dice {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// How long a write takes that nobody kills, in microseconds.
fn typical_write(world: &World) -> u64 {
    let began = std::time::Instant::now();
    (0..10).for_each(|n| drop(world.task(&format!("Warm {n}"), &[])));
    began.elapsed().as_micros() as u64 / 10
}

#[test]
fn of_500_writes_that_are_killed_at_random_none_is_half_done() {
    let world = World::in_memory();
    world.bn(&["ready"]).ok();
    let typical = typical_write(&world);
    let mut dice = Dice(7);
    let mut acknowledged = HashSet::new();
    let mut killed = 0;
    for round in 0..500 {
        // Every third write is a batch of twenty, so that there is a long transaction to be cut.
        let size = if round % 3 == 0 { 20 } else { 1 };
        let lines: String = (0..size).map(|n| format!("{{\"title\":\"{round}/{n}\"}}\n")).collect();
        let mut command = world.command(&["task", "create", "--stdin", "--json"]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(lines.as_bytes()).unwrap();
        std::thread::sleep(Duration::from_micros(dice.below(typical * 3 / 2)));
        child.kill().unwrap();
        let mut stdout = String::new();
        child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
        killed += usize::from(!child.wait().unwrap().success());
        if let Some(line) = stdout.strip_suffix('\n') {
            let answer: serde_json::Value = serde_json::from_str(line).unwrap();
            let results = answer["results"].as_array().unwrap();
            acknowledged.extend(results.iter().map(|result| result["id"].as_str().unwrap().to_owned()));
        }
        let checkup = world.bn(&["doctor", "--json"]).json();
        assert_eq!(checkup["well"], true, "after round {round}: {checkup}");
        let tasks = checkup["seen"]["tasks"].as_u64().unwrap() as usize;
        assert!(tasks >= acknowledged.len(), "after round {round}: {tasks} of {}", acknowledged.len());
    }
    let listed = world.json(&["task", "list", "--limit", "0"]);
    let there: Vec<(&str, &str)> = listed["tasks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|task| (task["id"].as_str().unwrap(), task["title"].as_str().unwrap()))
        .collect();
    let ids: HashSet<String> = there.iter().map(|(id, _)| (*id).to_owned()).collect();
    assert!(acknowledged.is_subset(&ids), "lost: {:?}", acknowledged.difference(&ids).collect::<Vec<_>>());
    for round in (0..500).step_by(3) {
        let prefix = format!("{round}/");
        let count = there.iter().filter(|(_, title)| title.starts_with(&prefix)).count();
        assert!(count == 0 || count == 20, "round {round} is there with {count} of its 20 tasks");
    }
    assert!((100..450).contains(&killed), "the dice are badly thrown: {killed} of 500 were killed before their end");
}
