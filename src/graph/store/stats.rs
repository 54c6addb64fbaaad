//! Counts of all tasks, and tasks that seem to say the same.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::graph::error::GraphError;
use crate::graph::model::task::{Named, Priority, Status, TaskType};
use crate::graph::model::timestamp::Timestamp;
use crate::graph::queries::{search, stats};
use crate::graph::store::{Reader, rows};

/// How many tags are counted.
const TAGS: usize = 10;

/// How far back `created` and `closed` go.
const LATELY: Duration = Duration::from_secs(7 * 86_400);

/// How much there is of everything. Deleted tasks do not count.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Stats {
    pub tasks: u64,
    pub by_status: BTreeMap<String, u64>,
    /// Of the unfinished ones.
    pub by_type: BTreeMap<String, u64>,
    /// Of the unfinished ones: `0` to `4`.
    pub by_priority: BTreeMap<String, u64>,
    /// Unfinished, and due before now.
    pub overdue: u64,
    /// How long the unfinished ones will take, where they say so. Seconds.
    pub estimate: u64,
    /// In the last seven days.
    pub created: u64,
    /// In the last seven days.
    pub closed: u64,
    /// The most frequent tags of the unfinished ones.
    pub tags: Vec<TagCount>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TagCount {
    pub tag: String,
    pub tasks: u64,
}

/// Tasks that seem to say the same.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Duplicates {
    /// Each group by age, and the groups by the age of their oldest.
    pub groups: Vec<Vec<Named>>,
    pub total: u64,
}

/// Tasks of one status, type and priority.
struct Kind {
    status: Status,
    task_type: TaskType,
    priority: Priority,
    tasks: u64,
    estimate: u64,
}

fn kind(row: &rusqlite::Row) -> rusqlite::Result<Kind> {
    Ok(Kind {
        status: row.get("status")?,
        task_type: row.get("type")?,
        priority: row.get("priority")?,
        tasks: row.get("tasks")?,
        estimate: row.get("estimate")?,
    })
}

impl Stats {
    /// Every status, type and priority is counted, also where there is none of it.
    fn new() -> Self {
        let zeros = |names: Vec<String>| names.into_iter().map(|name| (name, 0)).collect();
        Self {
            by_status: zeros(Status::value_variants().iter().map(ToString::to_string).collect()),
            by_type: zeros(TaskType::value_variants().iter().map(|kind| kind.as_str().to_owned()).collect()),
            by_priority: zeros((0..=4).map(|number: u8| number.to_string()).collect()),
            ..Self::default()
        }
    }

    fn add(&mut self, kind: &Kind) {
        self.tasks += kind.tasks;
        *self.by_status.entry(kind.status.to_string()).or_default() += kind.tasks;
        if !matches!(kind.status, Status::Done | Status::Cancelled) {
            self.estimate += kind.estimate;
            *self.by_type.entry(kind.task_type.as_str().to_owned()).or_default() += kind.tasks;
            *self.by_priority.entry(u8::from(kind.priority).to_string()).or_default() += kind.tasks;
        }
    }
}

impl Reader<'_> {
    /// Counts all tasks.
    pub fn stats(&self, now: Timestamp) -> Result<Stats, GraphError> {
        let mut found = Stats::new();
        let mut statement = self.conn.prepare(stats::BY_KIND)?;
        for kind in self.all(&mut statement, [], "tasks of the status", kind)? {
            found.add(&kind);
        }
        (found.created, found.closed, found.overdue) =
            self.conn.query_row(stats::LATELY, (now.before(LATELY), now), |row| {
                Ok((row.get(0)?, row.get(1)?, row.get(2)?))
            })?;
        let tag = |row: &rusqlite::Row| Ok(TagCount { tag: row.get("tag")?, tasks: row.get("tasks")? });
        found.tags = self.all(&mut self.conn.prepare(stats::TAGS)?, [TAGS], "the tag", tag)?;
        Ok(found)
    }

    /// The unfinished tasks whose titles are made of the same words, whatever their order. 0 is no limit.
    pub fn duplicates(&self, limit: usize) -> Result<Duplicates, GraphError> {
        let titles = self.all(&mut self.conn.prepare(stats::SAME_TITLES)?, [], "task", rows::named)?;
        let mut places: HashMap<Vec<String>, usize> = HashMap::new();
        let mut groups: Vec<Vec<Named>> = Vec::new();
        for task in titles {
            let place = *places.entry(search::title_words(&task.title)).or_insert(groups.len());
            match groups.get_mut(place) {
                Some(group) => group.push(task),
                None => groups.push(vec![task]),
            }
        }
        groups.retain(|group| group.len() > 1);
        let total = groups.len() as u64;
        groups.truncate(if limit == 0 { usize::MAX } else { limit });
        Ok(Duplicates { groups, total })
    }
}
