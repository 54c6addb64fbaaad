//! GitHub: the array that `gh issue list --json …` prints. Any fields may be asked for; number and title have to be among them.

use serde::Deserialize;
use serde_json::Value;

use crate::graph::error::GraphError;
use crate::graph::model::field_set::Fields;
use crate::graph::model::foreign::issue::{
    Comment, Issue, filled, fingerprint, notes, tag_of, title_and_rest, type_named, with_sections,
};
use crate::graph::model::task::{Priority, Status, TaskType};
use crate::graph::model::timestamp::Timestamp;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    number: u64,
    title: String,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    state: Option<String>,
    #[serde(default)]
    state_reason: Option<String>,
    #[serde(default)]
    labels: Option<Vec<Label>>,
    #[serde(default)]
    assignees: Option<Vec<User>>,
    #[serde(default)]
    author: Option<User>,
    #[serde(default)]
    milestone: Option<Milestone>,
    #[serde(default)]
    created_at: Option<Timestamp>,
    #[serde(default)]
    updated_at: Option<Timestamp>,
    #[serde(default)]
    closed_at: Option<Timestamp>,
    #[serde(default)]
    comments: Option<Vec<ListedComment>>,
    #[serde(default)]
    url: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Label {
    name: String,
}

#[derive(Debug, Deserialize)]
struct User {
    #[serde(default)]
    login: String,
}

#[derive(Debug, Deserialize)]
struct Milestone {
    title: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ListedComment {
    #[serde(default)]
    author: Option<User>,
    #[serde(default)]
    body: String,
    #[serde(default)]
    created_at: Option<Timestamp>,
}

pub fn parse(text: &str) -> Result<Vec<Issue>, GraphError> {
    let wrong = |error: serde_json::Error| GraphError::Line { line: error.line(), message: error.to_string() };
    let records: Vec<Value> = serde_json::from_str(text).map_err(wrong)?;
    let issues = records.into_iter().zip(1..).map(|(record, place): (Value, usize)| {
        let fingerprint = fingerprint(&record);
        let listed: Listed = serde_json::from_value(record)
            .map_err(|error| GraphError::Invalid(format!("issue {place} of the list: {error}")))?;
        Ok(issue(listed, fingerprint))
    });
    issues.collect()
}

fn issue(listed: Listed, fingerprint: String) -> Issue {
    let (title, rest) = title_and_rest(&listed.title);
    let labels: Vec<String> = listed.labels.unwrap_or_default().into_iter().map(|label| label.name).collect();
    let milestone = listed.milestone.map(|milestone| milestone.title);
    let sections =
        [("Title", rest.as_deref()), ("Milestone", milestone.as_deref()), ("Address", listed.url.as_deref())];
    let name = |user: User| filled(Some(user.login));
    let comments = listed.comments.unwrap_or_default().into_iter();
    let comments = comments.map(|comment| Comment {
        author: comment.author.and_then(name),
        at: comment.created_at,
        text: comment.body,
    });
    Issue {
        id: format!("#{}", listed.number),
        place: format!("#{}", listed.number),
        title,
        description: with_sections(&listed.body.unwrap_or_default().replace('\r', ""), &sections),
        task_type: task_type(&labels),
        priority: priority(&labels),
        status: status(listed.state.as_deref(), listed.state_reason.as_deref()),
        tags: labels.iter().filter_map(|label| tag_of(label)).collect(),
        assignee: listed.assignees.unwrap_or_default().into_iter().find_map(name),
        fields: Fields::default(),
        created_by: listed.author.and_then(name),
        created_at: listed.created_at,
        updated_at: listed.updated_at,
        closed_at: listed.closed_at,
        closed_reason: filled(listed.state_reason).map(|reason| reason.to_lowercase()),
        deleted_at: None,
        links: Vec::new(),
        notes: notes(comments, "github", listed.created_at),
        fingerprint,
    }
}

fn status(state: Option<&str>, reason: Option<&str>) -> Status {
    match (state.unwrap_or_default().to_ascii_uppercase().as_str(), reason) {
        ("CLOSED", Some("NOT_PLANNED" | "DUPLICATE" | "not_planned" | "duplicate")) => Status::Cancelled,
        ("CLOSED", _) => Status::Done,
        _ => Status::Open,
    }
}

/// From a label that is the name of a type.
fn task_type(labels: &[String]) -> TaskType {
    let types: Vec<TaskType> = labels
        .iter()
        .filter_map(|label| match label.to_ascii_lowercase().as_str() {
            "enhancement" => Some(TaskType::Feature),
            name => type_named(name),
        })
        .collect();
    // Of several the one that says most.
    let order = [TaskType::Bug, TaskType::Feature, TaskType::Epic, TaskType::Chore];
    order.into_iter().find(|kind| types.contains(kind)).unwrap_or_default()
}

/// From a label such as `P1` or `priority: high`.
fn priority(labels: &[String]) -> Priority {
    let number = labels.iter().find_map(|label| {
        let label = label.to_lowercase();
        match label.strip_prefix("priority").unwrap_or(&label).trim_matches([':', '/', '-', ' ']) {
            "p0" | "critical" | "urgent" => Some(0),
            "p1" | "high" => Some(1),
            "p2" | "medium" => Some(2),
            "p3" | "low" => Some(3),
            "p4" => Some(4),
            _ => None,
        }
    });
    number.and_then(|number| Priority::try_from(number).ok()).unwrap_or_default()
}
