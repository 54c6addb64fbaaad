//! `bn task show`: everything about one task.

use std::fmt;

use serde::Serialize;

use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::commands::graph::render;
use crate::error::Failure;
use crate::graph::model::fields::{FieldValue, Kind};
use crate::graph::model::task::Status;
use crate::graph::model::text::{block, line};
use crate::graph::model::timestamp::Timestamp;
use crate::graph::requests::{self, Show};
use crate::graph::store::Detail;

pub fn run(typed: &str, context: &Context) -> Result<(), Failure> {
    let graph = Graph::open(context)?;
    let shown = graph.ask(&Show { id: typed.to_owned() })?;
    Ok(context.output.print(&Shown::new(shown, graph.now))?)
}

/// A task as `show` prints it.
#[derive(Serialize)]
pub struct Shown {
    #[serde(flatten)]
    detail: Detail,
    /// The name of the run whose landing closes it.
    #[serde(skip)]
    run: Option<String>,
    #[serde(skip)]
    now: Timestamp,
}

impl Shown {
    pub fn new(shown: requests::Shown, now: Timestamp) -> Self {
        Self { detail: shown.detail, run: shown.run, now }
    }

    /// The one word for people.
    fn state(&self) -> &'static str {
        let task = &self.detail.task;
        match task.state() {
            "open" if task.is_deferred(self.now) => "deferred",
            state => state,
        }
    }

    fn head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let task = &self.detail.task;
        writeln!(f, "{}  {}", task.id, line(&task.title, 300))?;
        write!(f, "{} · {}", self.state(), task.priority)?;
        if task.effective_priority < task.priority {
            write!(f, " ({} by its parent)", task.effective_priority)?;
        }
        write!(f, " · {}", task.task_type.as_str())?;
        for tag in &task.tags {
            write!(f, " · #{}", line(tag, 64))?;
        }
        writeln!(f, " · created {} ago by {}", task.created_at.age(self.now), line(&task.created_by, 60))
    }

    /// The optional fields that the task has: the short ones first, then the texts.
    fn fields(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (field, value) in self.detail.task.fields.iter() {
            match value {
                Some(FieldValue::Time(time)) => {
                    writeln!(f, "{} {} ({})", field.label(), time.short(), time.distance(self.now))?;
                }
                Some(value) if field.kind != Kind::Text => {
                    writeln!(f, "{} {}", field.label(), line(&value.to_string(), 1000))?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn texts(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (field, value) in self.detail.task.fields.iter() {
            if let (Kind::Text, Some(value)) = (field.kind, value) {
                write!(f, "\n{}:\n{}", field.label(), block(&value.to_string(), "  "))?;
            }
        }
        Ok(())
    }

    fn hands(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let task = &self.detail.task;
        if let (Some(name), Some(at)) = (&task.assignee, task.claimed_at) {
            writeln!(f, "claimed {} ago by {}", at.age(self.now), line(name, 60))?;
        } else if let Some(name) = &task.assignee {
            writeln!(f, "meant for {}", line(name, 60))?;
        }
        if let (Some(name), Some(at)) = (&task.closed_by, task.closed_at) {
            let reason = task.closed_reason.as_deref().map(|reason| format!(": {}", line(reason, 200)));
            writeln!(f, "closed {} ago by {}{}", at.age(self.now), line(name, 60), reason.unwrap_or_default())?;
        }
        self.landing(f)
    }
}

impl Shown {
    /// What has to happen before it is done, or what closes it all the same.
    fn landing(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = &self.detail.task.id;
        let Some(run) = self.run.as_deref().map(|run| line(run, 80)) else { return Ok(()) };
        match self.detail.task.status {
            Status::Landing => writeln!(
                f,
                "done once the work of the run {run} has landed: `bn container merge {run}` brings it; where it has come by \
                 another way: `bn task close {id}`"
            ),
            Status::Open | Status::InProgress => {
                writeln!(f, "the run {run} had closed it: `bn container merge {run}` brings its work, and closes it")
            }
            Status::Done | Status::Cancelled => Ok(()),
        }
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.head(f)?;
        self.fields(f)?;
        self.hands(f)?;
        if let Some(progress) = self.detail.progress {
            writeln!(f, "children: {progress}")?;
        }
        for commit in &self.detail.commits {
            let (id, title) = (render::commit(&commit.commit), line(&commit.title, 100));
            writeln!(f, "commit {id}  {title}  ({})", line(&commit.run, 60))?;
        }
        if !self.detail.imported_from.is_empty() {
            writeln!(f, "imported from {}", line(&self.detail.imported_from.join(", "), 200))?;
        }
        if !self.detail.task.description.is_empty() {
            write!(f, "\n{}", block(&self.detail.task.description, "  "))?;
        }
        self.texts(f)?;
        if !self.detail.links.is_empty() {
            writeln!(f)?;
        }
        render::links(f, &self.detail.links)?;
        for note in &self.detail.notes {
            writeln!(f, "\n{}, {} ago", line(&note.author, 60), note.at.age(self.now))?;
            write!(f, "{}", block(&note.text, "  "))?;
        }
        Ok(())
    }
}
