//! beads: one JSON object per line, with the links among an issue's own fields.

use serde::Deserialize;
use serde_json::Value;

use crate::graph::error::GraphError;
use crate::graph::model::event::Note;
use crate::graph::model::foreign::issue::{Issue, fingerprint, tag_of, title_and_rest, with_sections};
use crate::graph::model::link::LinkType;
use crate::graph::model::task::{Priority, Status, TaskType};
use crate::graph::model::timestamp::Timestamp;

/// What is read of a line; there is more in some.
#[derive(Debug, Deserialize)]
struct Bead {
    id: String,
    title: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    design: Option<String>,
    #[serde(default)]
    acceptance_criteria: Option<String>,
    #[serde(default)]
    notes: Option<String>,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    priority: Option<i64>,
    #[serde(default)]
    issue_type: Option<String>,
    #[serde(default)]
    assignee: Option<String>,
    #[serde(default)]
    created_by: Option<String>,
    #[serde(default)]
    created_at: Option<Timestamp>,
    #[serde(default)]
    updated_at: Option<Timestamp>,
    #[serde(default)]
    closed_at: Option<Timestamp>,
    #[serde(default)]
    close_reason: Option<String>,
    #[serde(default)]
    deleted_at: Option<Timestamp>,
    #[serde(default)]
    external_ref: Option<String>,
    #[serde(default)]
    labels: Option<Vec<String>>,
    #[serde(default)]
    dependencies: Option<Vec<Dependency>>,
    #[serde(default)]
    comments: Option<Vec<Comment>>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    depends_on_id: String,
    #[serde(default, rename = "type")]
    kind: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Comment {
    #[serde(default)]
    author: Option<String>,
    text: String,
    #[serde(default)]
    created_at: Option<Timestamp>,
}

pub fn parse(text: &str) -> Result<Vec<Issue>, GraphError> {
    let mut issues = Vec::new();
    for (index, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |error: serde_json::Error| GraphError::Line { line: index + 1, message: error.to_string() };
        let record: Value = serde_json::from_str(line).map_err(wrong)?;
        // A newer export has other things beside the issues.
        if record.get("_type").and_then(Value::as_str).is_some_and(|kind| kind != "issue") {
            continue;
        }
        let fingerprint = fingerprint(&record);
        issues.push(issue(serde_json::from_value(record).map_err(wrong)?, index + 1, fingerprint));
    }
    Ok(issues)
}

fn issue(bead: Bead, line: usize, fingerprint: String) -> Issue {
    let (title, rest) = title_and_rest(&bead.title);
    let sections = [
        ("Title", rest.as_deref()),
        ("Design", bead.design.as_deref()),
        ("Acceptance criteria", bead.acceptance_criteria.as_deref()),
        ("Notes", bead.notes.as_deref()),
        ("External reference", bead.external_ref.as_deref()),
    ];
    let (task_type, other_type) = task_type(bead.issue_type.as_deref());
    let labels = bead.labels.unwrap_or_default();
    let tags = labels.iter().map(String::as_str).chain(other_type).filter_map(tag_of);
    let is_deleted = bead.status.as_deref() == Some("tombstone");
    let at = bead.updated_at.or(bead.created_at);
    let comments = bead.comments.unwrap_or_default().into_iter();
    let created = bead.created_at.unwrap_or(Timestamp::from_micros(0));
    let dependencies = bead.dependencies.unwrap_or_default().into_iter();
    Issue {
        place: format!("line {line}"),
        title,
        description: with_sections(bead.description.as_deref().unwrap_or_default(), &sections),
        task_type,
        priority: bead
            .priority
            .and_then(|number| u8::try_from(number.clamp(0, 4)).ok())
            .and_then(priority)
            .unwrap_or_default(),
        status: if bead.status.as_deref() == Some("closed") { Status::Done } else { Status::Open },
        tags: tags.collect(),
        assignee: bead.assignee.filter(|name| !name.trim().is_empty()),
        created_by: bead.created_by.filter(|name| !name.trim().is_empty()),
        created_at: bead.created_at,
        updated_at: bead.updated_at,
        closed_at: bead.closed_at,
        closed_reason: bead.close_reason.filter(|reason| !reason.is_empty()),
        deleted_at: bead.deleted_at.or(at).filter(|_| is_deleted),
        links: dependencies.map(|other| (link_type(other.kind.as_deref()), other.depends_on_id)).collect(),
        notes: comments
            .map(|comment| Note {
                at: comment.created_at.unwrap_or(created),
                author: comment.author.unwrap_or_else(|| "beads".to_owned()),
                text: comment.text,
            })
            .collect(),
        id: bead.id,
        fingerprint,
    }
}

fn priority(number: u8) -> Option<Priority> {
    Priority::try_from(number).ok()
}

/// A type that the graph does not have becomes a tag.
fn task_type(kind: Option<&str>) -> (TaskType, Option<&str>) {
    match kind {
        Some("bug") => (TaskType::Bug, None),
        Some("feature") => (TaskType::Feature, None),
        Some("chore") => (TaskType::Chore, None),
        Some("epic") => (TaskType::Epic, None),
        Some("task" | "") | None => (TaskType::Task, None),
        Some(other) => (TaskType::Task, Some(other)),
    }
}

/// How the issue stands to the one that it names.
fn link_type(kind: Option<&str>) -> LinkType {
    match kind {
        Some("blocks") | None => LinkType::DependsOn,
        Some("parent-child") => LinkType::ChildOf,
        Some("discovered-from") => LinkType::DiscoveredFrom,
        Some("duplicates") => LinkType::Duplicates,
        Some(_) => LinkType::RelatedTo,
    }
}
