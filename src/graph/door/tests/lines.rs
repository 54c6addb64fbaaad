//! What is sent of a request: nothing that asks for nothing, and everything that asks for something.

use serde_json::{Value, json};

use super::{House, all, create};
use crate::graph::door::protocol::sent;
use crate::graph::model::field_set::FieldChanges;
use crate::graph::model::fields::FIELDS;
use crate::graph::model::operation::Operation;
use crate::graph::model::rights::Scope;
use crate::graph::model::task::{Change, NewTask};
use crate::graph::model::timestamp::Timestamp;
use crate::graph::queries::filter::{Filter, TIMES, TimeBound};
use crate::graph::requests;

fn fields(text: Value) -> NewTask {
    serde_json::from_value(text).unwrap()
}

/// A change that takes every field away.
fn nothing_left() -> Change {
    let mut fields = FieldChanges::default();
    FIELDS.iter().for_each(|field| fields.set(field, None));
    Change { fields, ..Change::default() }
}

#[test]
fn a_field_that_asks_for_nothing_is_not_sent() {
    assert_eq!(sent(&all()).unwrap(), json!({ "filter": { "sort": "best" }, "limit": 0 }));
    let change = requests::Update { id: "bn-1".to_owned(), change: Change::default() };
    assert_eq!(sent(&change).unwrap(), json!({ "id": "bn-1" }));
    assert_eq!(
        sent(&create("A")).unwrap(),
        json!({ "task": { "title": "A", "description": "", "type": "task", "priority": 2 } })
    );
}

#[test]
fn what_asks_for_something_is_sent_also_where_it_looks_like_nothing() {
    let task = fields(json!({ "title": "A", "metadata": { "a": null, "b": false, "c": [], "d": {} } }));
    let with = sent(&requests::Create { task: task.clone() }).unwrap();
    assert_eq!(with["task"]["metadata"], json!({ "a": null, "b": false, "c": [], "d": {} }));
    let batch = requests::Batch { operations: vec![Operation::Create(task)] };
    assert_eq!(sent(&batch).unwrap()["operations"][0]["metadata"]["b"], json!(false));
    let update = sent(&requests::Update { id: "bn-1".to_owned(), change: nothing_left() }).unwrap();
    assert!(FIELDS.iter().all(|field| update["change"].get(field.name) == Some(&Value::Null)), "{update}");
    // Every filter of a time, whichever side of it is wanted.
    for flag in &TIMES {
        let times = vec![TimeBound { of: flag.of, before: flag.before, at: Timestamp::from_micros(5) }];
        let list = requests::List { filter: Filter { times, ..Filter::default() }, limit: 1 };
        let with = sent(&list).unwrap();
        let understood: requests::List = serde_json::from_value(with).unwrap();
        assert_eq!(understood.filter.times, list.filter.times, "{}", flag.flag);
    }
}

#[test]
fn fields_are_set_and_taken_away_through_the_door() {
    let house = House::new();
    let _door = house.open("one", Scope::Everything);
    let full = json!({ "title": "A", "due": "2026-12-24", "estimate": 60, "metadata": { "a": [], "b": null } });
    let task = house.ask("one", &requests::Create { task: fields(full) }).unwrap();
    let metadata = serde_json::to_value(&task).unwrap()["metadata"].clone();
    assert_eq!(metadata, json!({ "a": [], "b": null }));
    let task = house.ask("one", &requests::Update { id: task.id.to_string(), change: nothing_left() }).unwrap();
    assert!(task.fields.iter().all(|(_, value)| value.is_none()), "{task:?}");
    let since = |before, at| {
        let times = vec![TimeBound { of: crate::graph::queries::filter::TimeOf::Created, before, at }];
        requests::List { filter: Filter { times, ..Filter::default() }, limit: 0 }
    };
    assert_eq!(house.ask("one", &since(false, Timestamp::from_micros(1))).unwrap().total, 1);
    assert_eq!(house.ask("one", &since(true, Timestamp::from_micros(1))).unwrap().total, 0);
}
