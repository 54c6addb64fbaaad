//! What a run wrote since a time, and when it wrote it.

use crate::running::MEET;
use crate::world::World;

#[test]
fn logs_since_a_time_and_with_the_time_of_each_line() {
    let world = World::new();
    let job = world.job();
    let logs = |words: &[&str]| world.bn(&[&["container", "logs", &job], words].concat());
    let script = format!("echo one; echo two; {MEET}; printf three; sleep 1; echo -more; echo four");
    let run = world.start(&["--name", &job], &script);
    run.meet();
    crate::world::wait_for("the times of the first lines", || logs(&["--since", "1h"]).stdout.contains("two\n"));
    std::thread::sleep(std::time::Duration::from_millis(1100));
    let between = world.shell("date -u +%Y-%m-%dT%H:%M:%S.%3NZ").trim().to_owned();
    assert_eq!(logs(&["--since", &between]).exits(0).stdout, "");
    run.go_on().exits(0);
    let later = logs(&["--since", &between]).exits(0).stdout;
    assert!(later.starts_with("three-more\nfour\n"), "{later}");
    let stamped = logs(&["--since", &between, "--timestamps"]).exits(0).stdout;
    let lines: Vec<(&str, &str)> = stamped.lines().map(|line| line.split_once(' ').unwrap()).collect();
    assert_eq!((lines[0].1, lines[1].1), ("three-more", "four"), "{stamped}");
    assert!(lines.iter().all(|(time, _)| *time > between.as_str() && time.ends_with('Z')), "{between}: {stamped}");
    assert!(lines[1].0 > lines[0].0, "{stamped}");
    let all = logs(&["-t"]).exits(0).stdout;
    let two = all.lines().find(|line| line.ends_with(" two")).unwrap();
    assert!(two < between.as_str(), "{all}");
    assert_eq!(logs(&["--since", "1h", "-n", "1"]).exits(0).stdout, logs(&["-n", "1"]).stdout);
    assert_eq!(logs(&["--since", "1h"]).exits(0).stdout, logs(&[]).stdout);
    let wrong = logs(&["--since", "soon"]).exits(2);
    assert!(wrong.stderr.contains("--since soon: not a time"), "{wrong:#?}");
    world.shell("find home -path '*/runs/*' -name log.times -delete");
    let unknown = logs(&["--since", "1h"]).exits(2);
    assert!(unknown.stderr.contains(&format!("when {job} wrote what is in its log is not known")), "{unknown:#?}");
}
