//! beads: one JSON object per line, with the links among an issue's own fields.

use std::convert::Infallible;

use serde::Deserialize;
use serde_json::{Value, json};

use crate::graph::error::GraphError;
use crate::graph::model::field_set::Fields;
use crate::graph::model::foreign::issue::{
    Comment, Issue, filled, fingerprint, notes, tag_of, title_and_rest, type_named, with_sections,
};
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
    due_at: Option<Timestamp>,
    #[serde(default)]
    defer_until: Option<Timestamp>,
    #[serde(default)]
    estimated_minutes: Option<u64>,
    #[serde(default)]
    labels: Option<Vec<String>>,
    #[serde(default)]
    dependencies: Option<Vec<Dependency>>,
    #[serde(default)]
    comments: Option<Vec<BeadComment>>,
}

#[derive(Debug, Deserialize)]
struct Dependency {
    depends_on_id: String,
    #[serde(default, rename = "type")]
    kind: Option<String>,
}

#[derive(Debug, Deserialize)]
struct BeadComment {
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
    let sections = [("Title", rest.as_deref()), ("Design", bead.design.as_deref()), ("Notes", bead.notes.as_deref())];
    let fields = fields(&bead);
    let (task_type, other_type) = task_type(bead.issue_type.as_deref());
    let labels = bead.labels.unwrap_or_default();
    let tags = labels.iter().map(String::as_str).chain(other_type).filter_map(tag_of);
    let is_deleted = bead.status.as_deref() == Some("tombstone");
    let at = bead.updated_at.or(bead.created_at);
    let comments = bead.comments.unwrap_or_default().into_iter();
    let comments =
        comments.map(|comment| Comment { author: comment.author, at: comment.created_at, text: comment.text });
    let dependencies = bead.dependencies.unwrap_or_default().into_iter();
    Issue {
        place: format!("line {line}"),
        title,
        description: with_sections(bead.description.as_deref().unwrap_or_default(), &sections),
        task_type,
        priority: priority(bead.priority),
        status: if bead.status.as_deref() == Some("closed") { Status::Done } else { Status::Open },
        tags: tags.collect(),
        assignee: filled(bead.assignee),
        fields,
        created_by: filled(bead.created_by),
        created_at: bead.created_at,
        updated_at: bead.updated_at,
        closed_at: bead.closed_at,
        closed_reason: filled(bead.close_reason),
        deleted_at: bead.deleted_at.or(at).filter(|_| is_deleted),
        links: dependencies.map(|other| (link_type(other.kind.as_deref()), other.depends_on_id)).collect(),
        notes: notes(comments, "beads", bead.created_at),
        id: bead.id,
        fingerprint,
    }
}

/// The optional fields under the graph's names. A value that the graph does not keep is left out.
fn fields(bead: &Bead) -> Fields {
    let of = |name: &str| match name {
        "due" => json!(bead.due_at),
        "defer_until" => json!(bead.defer_until),
        "estimate" => json!(bead.estimated_minutes.map(|minutes| minutes.saturating_mul(60))),
        "external_ref" => json!(bead.external_ref),
        "acceptance" => json!(bead.acceptance_criteria),
        _ => Value::Null,
    };
    let kept = Fields::try_new(|field| Ok::<_, Infallible>(field.read_json(of(field.name)).unwrap_or_default()));
    kept.unwrap_or_default()
}

fn priority(number: Option<i64>) -> Priority {
    let number = number.and_then(|number| u8::try_from(number.clamp(0, 4)).ok());
    number.and_then(|number| Priority::try_from(number).ok()).unwrap_or_default()
}

/// A type that the graph does not have becomes a tag.
fn task_type(kind: Option<&str>) -> (TaskType, Option<&str>) {
    match kind.filter(|kind| !kind.is_empty()) {
        None => (TaskType::Task, None),
        Some(kind) => type_named(kind).map_or((TaskType::Task, Some(kind)), |known| (known, None)),
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
