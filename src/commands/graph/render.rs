//! How tasks look to people.

use std::fmt;

use crate::graph::model::fields::FieldValue;
use crate::graph::model::link::Neighbour;
use crate::graph::model::task::{Brief, Status, Task};
use crate::graph::model::text::line;
use crate::graph::queries::counts::ENOUGH;
use crate::graph::store::Listed;

/// The longest title in a list.
const TITLE: usize = 72;

/// One task on one line: id, priority, state where it is not plainly open, title, and what else is worth the room.
pub fn brief(f: &mut fmt::Formatter<'_>, task: &Brief) -> fmt::Result {
    write!(f, "{:<8} {} {} {}", task.id, task.priority, mark(task), line(&task.title, TITLE))?;
    if task.task_type.as_str() != "task" {
        write!(f, "  [{}]", task.task_type.as_str())?;
    }
    for tag in &task.tags {
        write!(f, " #{}", line(tag, 64))?;
    }
    if let Some(name) = &task.assignee {
        write!(f, "  @{}", line(name, 40))?;
    }
    if task.status == Status::Open || task.status == Status::InProgress {
        planned(f, task)?;
    }
    if task.unblocks > 0 && task.status == Status::Open {
        write!(f, "  blocks {}", task.unblocks)?;
    }
    if task.status == Status::Landing {
        write!(f, "  ({})", task.status.words())?;
    }
    writeln!(f)
}

/// What a task's fields say about when it is to be worked on, and by whose urgency it is ordered.
fn planned(f: &mut fmt::Formatter<'_>, task: &Brief) -> fmt::Result {
    if task.effective_priority < task.priority {
        write!(f, "  ({} by its parent)", task.effective_priority)?;
    }
    for (field, value) in task.fields.iter() {
        match value {
            Some(FieldValue::Time(time)) => write!(f, "  {} {}", field.label(), time.day())?,
            Some(value) => write!(f, "  {} {}", field.label(), line(&value.to_string(), 40))?,
            None => {}
        }
    }
    Ok(())
}

/// ○ open, ● in progress, ◌ blocked, ◐ closed and waiting to land, ✓ done, ✗ cancelled.
fn mark(task: &Brief) -> char {
    match task.status {
        Status::Open if task.blocked => '◌',
        Status::Open => '○',
        Status::InProgress => '●',
        Status::Landing => '◐',
        Status::Done => '✓',
        Status::Cancelled => '✗',
    }
}

/// A list, and how much of it is not shown.
pub fn list(f: &mut fmt::Formatter<'_>, listed: &Listed, more: &str) -> fmt::Result {
    listed.tasks.iter().try_for_each(|task| brief(f, task))?;
    and_more(f, listed.total, listed.tasks.len(), more)
}

/// "and N more" of a total, with what shows them.
pub fn and_more(f: &mut fmt::Formatter<'_>, total: u64, shown: usize, how: &str) -> fmt::Result {
    match total.saturating_sub(shown as u64) {
        0 => Ok(()),
        hidden => writeln!(f, "and {hidden}{} more: {how}", plus(total)),
    }
}

/// A number that was counted, or the one at which counting ended.
pub fn counted(number: u64) -> String {
    format!("{number}{}", plus(number))
}

fn plus(number: u64) -> &'static str {
    if number >= ENOUGH { "+" } else { "" }
}

/// A task's id and title, as an answer to a change of it.
pub fn named(task: &Task) -> String {
    format!("{}  {}", task.id, line(&task.title, TITLE))
}

/// A task's links, one per line.
pub fn links(f: &mut fmt::Formatter<'_>, links: &[Neighbour]) -> fmt::Result {
    links.iter().try_for_each(|link| {
        let state = if link.deleted { "deleted" } else { link.status.words() };
        writeln!(f, "{:<15} {}  {} ({state})", link.relation, link.id, line(&link.title, 60))
    })
}

/// A commit's id, shortened.
pub fn commit(id: &str) -> String {
    id.chars().filter(char::is_ascii_hexdigit).take(12).collect()
}
