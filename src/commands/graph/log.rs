//! `bn log`: who changed what, and when.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::cli::graph::LogArgs;
use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::commands::graph::render;
use crate::error::Failure;
use crate::graph::model::event::{Event, EventKind};
use crate::graph::model::text::line;
use crate::graph::requests;
use crate::graph::store::{HOST, Logged};

pub fn run(args: &LogArgs, context: &Context) -> Result<(), Failure> {
    let graph = Graph::open(context)?;
    let logged = graph.ask(&requests::Log { id: args.id.clone(), run: args.run.clone(), limit: args.limit })?;
    Ok(context.output.print(&Log { logged })?)
}

#[derive(Serialize)]
struct Log {
    #[serde(flatten)]
    logged: Logged,
}

impl fmt::Display for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for event in &self.logged.events {
            write!(f, "{}  {}  {}", event.at.short(), line(&event.actor, 40), event.kind.as_str().replace('_', " "))?;
            subject(f, event)?;
            writeln!(f)?;
        }
        if self.logged.more { writeln!(f, "and older ones: --limit 0 shows all") } else { Ok(()) }
    }
}

/// What the event is about, and what it says.
pub fn subject(f: &mut fmt::Formatter<'_>, event: &Event) -> fmt::Result {
    match (&event.task, &event.other, &event.session) {
        (Some(task), Some(other), _) => {
            let link = event.data.get("type").and_then(Value::as_str).unwrap_or("linked to");
            return write!(f, " {task} {} {other}", line(link, 20));
        }
        (Some(task), None, _) if event.kind == EventKind::Reopened => return reopened(f, task, event),
        (Some(task), None, _) => write!(f, " {task}")?,
        (None, _, Some(session)) => write!(f, " {}", line(session, 40))?,
        (None, _, None) => {}
    }
    let details = event.data.iter().filter_map(|(field, value)| detail(field, value));
    let details: Vec<String> = details.collect();
    if details.is_empty() { Ok(()) } else { write!(f, ": {}", details.join(", ")) }
}

/// What `bn` opens again by itself was closed in a run whose work is not where it was to go.
fn reopened(f: &mut fmt::Formatter<'_>, task: &impl fmt::Display, event: &Event) -> fmt::Result {
    write!(f, " {task}")?;
    let Some(by) = event.data.get("closed_by").and_then(Value::as_str).map(|by| line(by, 40)) else { return Ok(()) };
    match event.actor == HOST && event.session.is_none() {
        true => write!(f, ", which the run {by} had closed: its work has not landed"),
        false => write!(f, ", which {by} had closed"),
    }
}

/// A field as a person reads it: what was and what is, or just what is.
fn detail(field: &str, value: &Value) -> Option<String> {
    match (field, value) {
        (_, Value::Null) => None,
        ("title" | "text" | "reason" | "summary" | "status", Value::String(text)) => Some(line(text, 100)),
        ("description", Value::Array(_)) => Some("description".to_owned()),
        (_, Value::Array(pair)) if pair.len() == 2 => {
            Some(format!("{field} {} -> {}", plain(&pair[0]), plain(&pair[1])))
        }
        ("commit", Value::String(commit)) => Some(render::commit(commit)),
        ("session" | "from_session" | "meant_for" | "was", _) => None,
        _ => Some(format!("{field} {}", plain(value))),
    }
}

fn plain(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => line(text, 60),
        other => line(&other.to_string(), 60),
    }
}
