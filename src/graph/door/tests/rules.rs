//! What a run may do, and which rule says no to the rest.

use super::*;
use crate::graph::model::link::LinkType;
use crate::graph::model::rights::{CHANGES_MAX, OPERATIONS_MAX, Used};
use crate::graph::model::task::{Change, Status};

fn refusal<T: std::fmt::Debug>(answer: Result<T, GraphError>) -> String {
    answer.unwrap_err().to_string()
}

fn close(task: &Task, force: bool) -> requests::Close {
    requests::Close { ids: vec![task.id.to_string()], status: Status::Done, reason: None, force }
}

fn link(a: &Task, link_type: LinkType, b: &Task) -> requests::Link {
    requests::Link { a: a.id.to_string(), link_type, b: b.id.to_string() }
}

fn update(task: &Task, change: Change) -> requests::Update {
    requests::Update { id: task.id.to_string(), change }
}

fn title(title: &str) -> Change {
    Change { title: Some(title.to_owned()), ..Change::default() }
}

fn note(task: &Task) -> requests::Note {
    requests::Note { id: task.id.to_string(), text: "mind the gap".to_owned() }
}

fn child(parent: &Task, title: &str) -> requests::Create {
    let parent = Some(parent.id.to_string());
    requests::Create { task: NewTask { title: title.to_owned(), parent, ..NewTask::default() } }
}

#[test]
fn what_another_live_session_holds_is_noted_on_and_not_changed() {
    let house = House::new();
    let (_one, _two) = (house.open("one", Scope::Everything), house.open("two", Scope::Everything));
    let held = house.ask("one", &create("Held")).unwrap();
    let free = house.here(&create("Free"));
    house.ask("one", &claim(&held)).unwrap();
    let before = serde_json::to_value(house.here(&requests::Show { id: held.id.to_string() }).detail.task).unwrap();
    let id = held.id.to_string();
    let forced = requests::Release { id: id.clone(), reason: None, force: true };
    let stolen = requests::Claim { id: id.clone(), force: true, stale_after: Some(0) };
    for refusal in [
        refusal(house.ask("two", &update(&held, title("Mine")))),
        refusal(house.ask("two", &close(&held, true))),
        refusal(house.ask("two", &forced)),
        refusal(house.ask("two", &link(&held, LinkType::DependsOn, &free))),
        refusal(house.ask("two", &link(&free, LinkType::Blocks, &held))),
        refusal(house.ask("two", &link(&held, LinkType::ParentOf, &free))),
        refusal(house.ask("two", &link(&free, LinkType::ParentOf, &held))),
        refusal(house.ask("two", &child(&held, "Below"))),
        refusal(house.ask("two", &update(&free, Change { parent: Some(id.clone()), ..Change::default() }))),
    ] {
        assert!(refusal.contains("the live session run-one holds it"), "{refusal}");
    }
    assert!(refusal(house.ask("two", &stolen)).contains("was claimed by one"));
    // In words of its own where nobody forces anything.
    assert!(matches!(house.ask("two", &close(&held, false)), Err(GraphError::Remote(told)) if told.exit_code == 4));
    let after = serde_json::to_value(house.here(&requests::Show { id: id.clone() }).detail.task).unwrap();
    assert_eq!(before, after);
    house.ask("two", &note(&held)).unwrap();
    house.ask("two", &link(&free, LinkType::DependsOn, &held)).unwrap();
    house.ask("two", &link(&free, LinkType::DiscoveredFrom, &held)).unwrap();
    // It is one's own to change, and anybody's once it is free.
    house.ask("one", &update(&held, title("Still held"))).unwrap();
    house.ask("one", &requests::Release { id, reason: None, force: false }).unwrap();
    house.ask("two", &update(&held, title("Anybody's"))).unwrap();
}

#[test]
fn what_a_live_run_has_closed_is_opened_by_no_other_run() {
    let house = House::new();
    let (_one, _two) = (house.open("one", Scope::Everything), house.open("two", Scope::Everything));
    let task = house.here(&create("Work"));
    house.ask("one", &claim(&task)).unwrap();
    house.ask("one", &close(&task, false)).unwrap();
    let reopen = requests::Reopen { id: task.id.to_string(), reason: None };
    assert!(refusal(house.ask("two", &reopen)).contains("the live session run-one holds it"));
    house.store().end_run("run-one", "it ended", now()).unwrap();
    house.ask("two", &reopen).unwrap();
}

#[test]
fn a_run_deletes_nothing() {
    let house = House::new();
    let _one = house.open("one", Scope::Everything);
    let task = house.ask("one", &create("Mine")).unwrap();
    let id = task.id.to_string();
    let delete = requests::Delete { id: id.clone(), force: true };
    assert!(refusal(house.ask("one", &delete)).contains("a run cannot delete"));
    let batch = serde_json::from_value(json!([{ "op": "note", "id": id, "text": "x" }, { "op": "delete", "id": id }]));
    let batch = requests::Batch { operations: batch.unwrap() };
    assert!(refusal(house.ask("one", &batch)).contains("operation 2: "));
    assert!(house.here(&requests::Show { id: id.clone() }).detail.notes.is_empty());
    house.here(&delete);
    assert!(refusal(house.ask("one", &requests::Undelete { id })).contains("a run cannot delete or undelete a task"));
    for name in ["import", "restore", "backup", "mend"] {
        let answer = house.line("one", &format!(r#"{{"v":1,"bn":"0.1.0","do":"{name}","with":{{}}}}"#));
        assert!(answer["error"]["message"].as_str().unwrap().contains("does not know"), "{answer}");
    }
}

#[test]
fn a_run_that_may_read_changes_nothing() {
    let house = House::new();
    let _one = house.open("one", Scope::Nothing);
    let task = house.here(&create("Theirs"));
    let (id, now) = (task.id.to_string(), house.here(&create("Other")));
    for refusal in [
        refusal(house.ask("one", &create("Mine"))),
        refusal(house.ask("one", &note(&task))),
        refusal(house.ask("one", &claim(&task))),
        refusal(house.ask("one", &requests::ClaimBest { filter: crate::graph::queries::filter::Filter::ready() })),
        refusal(house.ask("one", &update(&task, title("Mine")))),
        refusal(house.ask("one", &close(&task, true))),
        refusal(house.ask("one", &link(&task, LinkType::RelatedTo, &now))),
        refusal(house.ask("one", &requests::Goodbye { summary: "I was here".to_owned() })),
    ] {
        assert!(refusal.contains("--graph read-only"), "{refusal}");
    }
    // It is there all the same, and says so.
    house.ask("one", &requests::Orient {}).unwrap();
    house.ask("one", &requests::Goodbye { summary: String::new() }).unwrap();
    assert_eq!(house.ask("one", &requests::Show { id }).unwrap().detail.notes.len(), 0);
    assert_eq!(house.ask("one", &all()).unwrap().total, 2);
}

#[test]
fn a_run_for_a_part_changes_that_part_and_reads_the_rest() {
    let house = House::new();
    let root = house.here(&create("Part"));
    let below = house.here(&child(&root, "Below"));
    let deep = house.here(&child(&below, "Deep"));
    let outside = house.here(&create("Outside"));
    let _one = house.open("one", Scope::Below(root.id.clone()));
    let rule = format!("--graph {}", root.id);
    for refusal in [
        refusal(house.ask("one", &create("Anywhere"))),
        refusal(house.ask("one", &child(&outside, "There"))),
        refusal(house.ask("one", &note(&outside))),
        refusal(house.ask("one", &claim(&outside))),
        refusal(house.ask("one", &link(&outside, LinkType::DependsOn, &deep))),
        refusal(house.ask("one", &link(&deep, LinkType::ParentOf, &outside))),
        refusal(house.ask("one", &update(&deep, Change { parent: Some(outside.id.to_string()), ..Change::default() }))),
    ] {
        assert!(refusal.contains(&rule), "{refusal}");
    }
    let made = house.ask("one", &child(&deep, "Deeper")).unwrap();
    house.ask("one", &note(&root)).unwrap();
    house.ask("one", &link(&below, LinkType::DependsOn, &outside)).unwrap();
    // The best of its part, though a better one lies outside.
    house.here(&requests::Create {
        task: NewTask { title: "Urgent".to_owned(), priority: 0.try_into().unwrap(), ..NewTask::default() },
    });
    let best = requests::ClaimBest { filter: crate::graph::queries::filter::Filter::ready() };
    assert_eq!(house.ask("one", &best).unwrap().detail.task.id, made.id);
}

#[test]
fn a_run_makes_so_many_changes_and_no_more() {
    let house = House::new();
    let used = Arc::new(Used::default());
    (3..CHANGES_MAX).for_each(|_| used.change().unwrap());
    let _one = house.open_with("one", RunRights { scope: Scope::Everything, used });
    // The task and its session are two changes.
    let task = house.ask("one", &create("Mine")).unwrap();
    house.ask("one", &note(&task)).unwrap();
    assert!(
        refusal(house.ask("one", &note(&task))).contains("a run may make 20000 changes, and this run has made them")
    );
    // The person, and other runs, go on.
    let _two = house.open("two", Scope::Everything);
    house.ask("two", &note(&task)).unwrap();
    assert_eq!(house.here(&requests::Show { id: task.id.to_string() }).detail.notes.len(), 2);
    let one = json!({ "op": "note", "id": task.id, "text": "x" });
    let long = json!({ "operations": vec![one; OPERATIONS_MAX + 1] });
    let long: requests::Batch = serde_json::from_value(long).unwrap();
    assert!(refusal(house.ask("two", &long)).contains("2000 operations in one batch"));
}

#[test]
fn a_run_brings_so_many_bytes_and_no_more() {
    let house = House::new();
    let _one = house.open("one", Scope::Everything);
    let task = house.ask("one", &create("Mine")).unwrap();
    let long = |letters: usize| update(&task, Change { description: Some("x".repeat(letters)), ..Change::default() });
    assert!(refusal(house.ask("one", &long(1 << 20))).contains("a request to the graph may have 1024 KiB"));
    let more = (0..40).map(|_| house.ask("one", &long(1_000_000))).take_while(Result::is_ok).count();
    assert!((30..36).contains(&more), "{more}");
    assert!(refusal(house.ask("one", &long(1_000_000))).contains("a run may write 32 MiB of changes"));
    house.ask("one", &requests::Show { id: task.id.to_string() }).unwrap();
}
