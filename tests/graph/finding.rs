//! Lists, search, log: finding things again.

use insta::assert_snapshot;

use crate::world::{World, titles};

#[test]
fn filters_combine() {
    let world = World::new();
    world.task("ui bug", &["--tag", "ui", "--type", "bug", "-p", "1"]);
    world.task("ui and db", &["--tag", "ui", "--tag", "db", "-p", "3"]);
    let done = world.task("db chore", &["--tag", "db", "--type", "chore", "--assignee", "ann"]);
    world.bn(&["task", "close", &done]).ok();
    let list = |args: &[&str]| titles(&world.json(&[&["task", "list"], args].concat()));
    assert_eq!(list(&[]), ["ui bug", "ui and db"]);
    assert_eq!(list(&["--all"]), ["ui bug", "db chore", "ui and db"]);
    assert_eq!(list(&["--tag", "ui", "--tag", "db"]), ["ui and db"]);
    assert_eq!(list(&["--all", "--tag", "db", "--type", "chore", "--assignee", "ann"]), ["db chore"]);
    assert_eq!(list(&["--priority", "1", "--priority", "3", "--sort", "title"]), ["ui and db", "ui bug"]);
    assert_eq!(list(&["--sort", "created", "--reverse"]), ["ui bug", "ui and db"]);
    assert_eq!(list(&["--status", "done"]), ["db chore"]);
    assert_eq!(list(&["--status", "done", "--status", "open", "--unassigned"]), ["ui bug", "ui and db"]);
    assert!(world.bn(&["task", "list", "--priority", "7"]).refused(2).contains("0 to 4"));
}

/// The same flags, with the same meaning, wherever tasks are chosen.
#[test]
fn every_list_takes_the_same_filters() {
    let world = World::new();
    let parent = world.task("Parent", &["-p", "4"]);
    world.task("one", &["--tag", "ui", "-p", "0", "-d", "The parser is slow", "--due", "2030-01-02"]);
    world.task("two", &["--tag", "db", "-p", "1", "--due", "2030-06-01"]);
    world.task("three", &["--tag", "ui", "--tag", "old", "-p", "3", "--parent", &parent]);
    let noted = world.task("four", &["-p", "4"]);
    world.bn(&["task", "note", &noted, "parser"]).ok();
    let cases: [(&[&str], &[&str]); 14] = [
        (&["--any-tag", "ui", "--any-tag", "db"], &["one", "two", "three"]),
        (&["--any-tag", "#UI", "--not-tag", "old"], &["one"]),
        (&["--tag", "ui", "--tag", "old"], &["three"]),
        (&["--not-tag", "ui", "--not-tag", "db", "--priority", "4"], &["four"]),
        (&["--priority", "0-1"], &["one", "two"]),
        (&["--priority", "P0", "--priority", "3-3"], &["one", "three"]),
        (&["--text", "PARSERS slow"], &["one"]),
        (&["--text", "parser fast"], &[]),
        (&["--text", "slow pars"], &["one"]),
        (&["--text", "!!"], &[]),
        (&["--due-before", "2030-06-01"], &["one"]),
        (&["--due-after", "2030-06-01", "--created-after", "1h ago", "--updated-before", "tomorrow"], &["two"]),
        (&["--created-before", "1h ago"], &[]),
        (&["--parent", &parent], &["three"]),
    ];
    for (flags, wanted) in cases {
        for command in [&["ready"][..], &["task", "list", "--status", "ready"]] {
            assert_eq!(titles(&world.json(&[command, flags].concat())), wanted, "{command:?} {flags:?}");
        }
        let explained = world.json(&[&["ready", "--explain"], flags].concat());
        assert_eq!(titles(&explained), wanted, "{flags:?}");
        assert_eq!(explained["blocked"]["total"], 0, "{flags:?}");
    }
    // What is not ready is told by the same conditions.
    let waits = world.task("waits", &["--tag", "ui", "-p", "0", "--depends-on", &parent]);
    world.task("later", &["--tag", "ui", "-p", "0", "--defer-until", "1d"]);
    let explained = world.json(&["ready", "--explain", "--any-tag", "ui", "-p", "0"]);
    assert_eq!(titles(&explained["blocked"]), ["waits"]);
    assert_eq!(titles(&explained["deferred"]), ["later"]);
    assert_eq!(titles(&world.json(&["blocked", "--not-tag", "ui"])), [""; 0]);
    world.bn(&["task", "cancel", &waits]).ok();
    assert_eq!(titles(&world.json(&["task", "list", "-s", "cancelled", "--closed-after", "1m ago"])), ["waits"]);
    assert_eq!(world.agent("ann", &["ready", "--claim", "--tag", "db", "--json"]).json()["title"], "two");
    for (flags, said) in [
        (["--priority", "3-1"], "P1 comes before P3"),
        (["--priority", "0-9"], "0 to 4"),
        (["--due-before", "soon"], "--due-before soon: not a time"),
        (["--any-tag", "two words"], "is not a tag"),
    ] {
        for command in [&["ready"][..], &["blocked"], &["task", "list"]] {
            assert!(world.bn(&[command, &flags].concat()).refused(2).contains(said), "{command:?} {flags:?}");
        }
    }
    assert!(world.bn(&["ready", "--parent", "nope"]).refused(1).contains("there is no task nope"));
}

#[test]
fn search_ranks_titles_before_descriptions_before_notes() {
    let world = World::new();
    let noted = world.task("third", &[]);
    world.bn(&["task", "note", &noted, "it was the tokenizer after all"]).ok();
    world.task("second", &["-d", "A long story about tokenizers that ends well."]);
    world.task("First: the tokenizer", &[]);
    world.task("nothing", &[]);
    let found = world.json(&["search", "tokenizer"]);
    assert_eq!(titles(&found), ["First: the tokenizer", "second", "third"]);
    assert_eq!(found["tasks"][2]["snippet"], "it was the tokenizer after all");
    assert_eq!(titles(&world.json(&["search", "token"])).len(), 3);
    assert_eq!(titles(&world.json(&["search", "tokeni"])).len(), 3, "the beginning of a word is enough");
    assert_eq!(titles(&world.json(&["search", "tokenizer", "story"])), ["second"]);
    assert_eq!(titles(&world.json(&["search", "\"story OR", "(well*"])), ["second"]);
    assert_snapshot!(world.bn(&["search", "--", "-"]).ok(), @"No task has these words.");
}

#[test]
fn search_follows_what_changes() {
    let world = World::new();
    let id = world.task("apples", &[]);
    world.bn(&["task", "update", &id, "--title", "pears"]).ok();
    world.bn(&["task", "note", &id, "cherries"]).ok();
    assert_eq!(world.json(&["search", "apples"])["total"], 0);
    assert_eq!(world.json(&["search", "pears", "cherries"])["total"], 1);
    world.bn(&["task", "delete", &id]).ok();
    assert_eq!(world.json(&["search", "pears"])["total"], 0);
}

#[test]
fn every_change_is_in_the_log() {
    let world = World::new();
    let (a, b) = (world.task("A", &[]), world.task("B", &[]));
    world.agent("ann", &["orient"]).ok();
    world.agent("ann", &["task", "claim", &a]).ok();
    world.agent("ann", &["task", "update", &a, "--title", "A2", "-p", "0"]).ok();
    world.agent("ann", &["link", "add", &b, &a]).ok();
    world.agent("ann", &["task", "note", &a, "hm"]).ok();
    world.agent("ann", &["task", "close", &a, "-r", "fine"]).ok();
    world.agent("ann", &["task", "reopen", &a]).ok();
    world.agent("ann", &["task", "delete", &b]).ok();
    world.agent("ann", &["goodbye", "bye"]).ok();
    let kinds = |log: serde_json::Value| -> Vec<String> {
        let events = log["events"].as_array().unwrap().iter();
        events.map(|event| event["kind"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(
        kinds(world.json(&["log", &a])),
        ["reopened", "closed", "noted", "linked", "updated", "claimed", "created"]
    );
    assert_eq!(kinds(world.json(&["log", &b])), ["deleted", "linked", "created"]);
    assert_eq!(kinds(world.json(&["log", "s-ann"])).len(), 9);
    assert_eq!(kinds(world.json(&["log", "--limit", "2"])), ["session_ended", "deleted"]);
    let updated = &world.json(&["log", &a])["events"][4];
    assert_eq!((&updated["actor"], &updated["session"]), (&"ann".into(), &"s-ann".into()));
    assert_eq!(updated["data"], serde_json::json!({ "title": ["A", "A2"], "priority": [2, 0] }));
    let shown = world.bn(&["log", &a]).ok();
    assert!(shown.contains(&format!("ann  reopened {a}, which ann had closed\n")), "{shown}");
    assert!(shown.contains("ann  updated ") && shown.contains("priority 2 -> 0"), "{shown}");
    assert_snapshot!(world.bn(&["log", "nobody"]).refused(1), @r"
    Error: there is no task or session nobody
    hint: `bn agent list --all` shows the sessions there are
    ");
}

#[test]
fn show_takes_anything_that_has_an_id() {
    let world = World::new();
    let id = world.task("A task", &[]);
    world.agent("ann", &["task", "claim", &id]).ok();
    assert_eq!(world.json(&["show", &id])["title"], "A task");
    let session = world.json(&["show", "s-ann"]);
    assert_eq!((&session["name"], &session["tasks"][0]["id"]), (&"ann".into(), &id.as_str().into()));
    assert_snapshot!(world.bn(&["show", "what"]).refused(1), @r"
    Error: there is no task or session what
    hint: `bn agent list --all` shows the sessions there are
    ");
}

#[test]
fn the_list_of_agents_says_who_is_on_what() {
    let world = World::new();
    assert_snapshot!(world.bn(&["agent", "list"]).ok(), @"No session is open. `bn agent list --all` also shows those that ended.");
    let id = world.task("A task", &[]);
    world.agent("ann", &["orient", "--type", "planner"]).ok();
    world.agent("ann", &["task", "claim", &id]).ok();
    world.agent("bob", &["orient"]).ok();
    world.agent("bob", &["goodbye", "gone fishing"]).ok();
    assert_snapshot!(world.neutral(&world.bn(&["agent", "list"]).ok()), @r"
    s-ann          ann (planner), here for [AGE]
        works on bn-A  A task
    ");
    assert_eq!(world.json(&["agent", "list"])["total"], 1);
    assert_eq!(world.json(&["agent", "list", "--all"])["total"], 2);
    assert_snapshot!(world.neutral(&world.bn(&["show", "s-bob"]).ok()), @r"
    s-bob          bob (worker), was here for [AGE], ended [AGE] ago: goodbye

      gone fishing
    ");
}

#[test]
fn orient_fits_on_a_page_whatever_the_size_of_the_graph() {
    let world = World::in_memory();
    let many: String =
        (0..300).map(|n| format!("{{\"title\":\"{}\",\"tags\":[\"t\"]}}\n", format!("{n} ").repeat(40))).collect();
    world.feed(&["task", "create", "--stdin"], &many).ok();
    for n in 0..24 {
        let agent = format!("agent-{n}");
        let taken = world.agent(&agent, &["ready", "--claim", "--json"]).json();
        if n % 2 == 0 {
            let reason = "because ".repeat(100);
            world.agent(&agent, &["task", "close", taken["id"].as_str().unwrap(), "--reason", &reason]).ok();
            world.agent(&agent, &["goodbye", &"many words\n".repeat(200)]).ok();
        }
    }
    let page = world.bn(&["orient"]).ok();
    assert!(page.lines().count() <= 60, "{} lines", page.lines().count());
    assert!(page.len() < 6000, "{} bytes", page.len());
    let json = world.bn(&["orient", "--json"]).ok();
    assert!(json.len() < 32_000, "{} bytes", json.len());
}

#[test]
fn what_is_very_much_is_counted_to_ten_thousand() {
    let world = World::in_memory();
    let lines: String = (0..10_050).map(|n| format!("{{\"title\":\"Task {n}\"}}\n")).collect();
    world.feed(&["task", "create", "--stdin", "--json"], &lines).ok();
    for command in [&["ready"][..], &["task", "list"], &["search", "task"]] {
        assert_eq!(world.json(command)["total"], 10_000, "{command:?}");
    }
    assert!(world.bn(&["ready"]).ok().ends_with("and 9990+ more: bn ready --limit 0\n"));
    assert!(world.bn(&["orient"]).ok().contains("10000+ ready"));
    assert_eq!(titles(&world.json(&["search", "task", "--limit", "0"])).len(), 10_050);
    assert_eq!(titles(&world.json(&["search", "17"])), ["Task 17"]);
}

#[test]
fn words_in_scripts_without_spaces_are_found_wherever_they_stand() {
    let world = World::new();
    let latin_beside = world.task("用SQLite存储任务数据", &[]);
    let inside = world.task("データベースの移行を計画する", &["-d", "ログイン画面"]);
    let korean = world.task("로그인데이터베이스를 옮긴다", &[]);
    let thai = world.task("แก้ไขฐานข้อมูลผู้ใช้", &[]);
    world.bn(&["task", "note", &thai, "见数据库设计"]).ok();
    let found = |words: &str| {
        let found = world.json(&["search", words]);
        let ids = found["tasks"].as_array().unwrap().iter().map(|task| task["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    for (words, task) in [
        ("sqlite", &latin_beside),
        ("存储", &latin_beside),
        ("任务", &latin_beside),
        ("移行", &inside),
        ("データベース移行", &inside),
        ("画面", &inside),
        ("데이터", &korean),
        ("ข้อมูล", &thai),
        ("设计", &thai),
    ] {
        assert_eq!(found(words), [task.as_str()], "{words}");
    }
    world.bn(&["task", "update", &latin_beside, "--title", "任务存在文件里"]).ok();
    assert_eq!((found("sqlite"), found("文件")), (Vec::new(), vec![latin_beside.clone()]));
    world.bn(&["task", "delete", &latin_beside]).ok();
    assert!(found("文件").is_empty());
    world.bn(&["task", "undelete", &latin_beside]).ok();
    assert_eq!(found("文件"), [latin_beside]);
    assert_eq!(world.json(&["doctor"])["well"], true);
    let other = World::new();
    other.feed(&["import"], &world.bn(&["export"]).ok()).ok();
    assert_eq!(other.json(&["search", "设计"])["total"], 1);
}

/// A letter that is wrong, missing or one too many, or two that are swapped.
#[test]
fn a_mistyped_id_is_answered_with_the_one_that_was_meant() {
    let world = World::new();
    let id = world.task("Wanted", &[]);
    let letters: Vec<char> = id.chars().collect();
    let swapped = |mut letters: Vec<char>| {
        letters.swap(5, 6);
        letters.into_iter().collect::<String>()
    };
    let wrong = format!("{}-", &id[..6]);
    for typed in [wrong, format!("{id}x"), swapped(letters)].iter().filter(|typed| **typed != id) {
        for verb in [&["task", "show"][..], &["task", "close"], &["show"], &["log"]] {
            let said = world.bn(&[verb, &[typed]].concat()).refused(1);
            assert!(
                said.contains("there is no task ") && said.contains(&format!("hint: you may mean: {id}")),
                "{said}"
            );
        }
    }
    assert!(!world.bn(&["task", "show", "bn-0000000"]).refused(1).contains("you may mean"));
}
