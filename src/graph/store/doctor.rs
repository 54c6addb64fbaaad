//! Is the graph sound? Looks at everything, and mends what can be put right without losing anything.

use std::borrow::Cow;
use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::graph::error::GraphError;
use crate::graph::model::id::TaskId;
use crate::graph::model::session::Actor;
use crate::graph::model::timestamp::Timestamp;
use crate::graph::queries::checks;
use crate::graph::store::export::Exported;
use crate::graph::store::set_aside::BadRow;
use crate::graph::store::{ALL_ROWS, FILE, Reader, Store, Writer, copy_state, lost, sql_error, word_index};

/// How many ids a finding names.
const NAMED: usize = 5;

/// What the doctor saw.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Checkup {
    pub findings: Vec<Finding>,
    pub seen: Seen,
    /// Where the rows are that were set aside.
    #[serde(rename = "set_aside")]
    pub kept: Option<PathBuf>,
}

/// How much was read, row by row.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seen(pub Exported);

impl std::fmt::Display for Seen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// One thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    pub check: Cow<'static, str>,
    pub message: String,
    pub mendable: bool,
    pub mended: bool,
}

impl Checkup {
    /// Nothing is wrong, or nothing is wrong any more.
    pub fn is_well(&self) -> bool {
        self.findings.iter().all(|finding| finding.mended)
    }
}

impl Store {
    /// Checks everything; with `fix`, mends what can be mended.
    pub fn checkup(&self, actor: &Actor, now: Timestamp, fix: bool) -> Result<Checkup, GraphError> {
        let (mut findings, seen) = self.examine()?;
        if fix && findings.iter().any(|finding| finding.mendable) {
            let broken: Vec<&str> = findings.iter().filter(|found| found.mendable).map(|found| &*found.check).collect();
            let kept = self.write(actor, now, |writer| {
                let kept = if broken.iter().any(|check| ROWS.contains(check)) {
                    writer.set_aside(self.backups.as_deref().unwrap_or(&self.folder))?
                } else {
                    None
                };
                broken.iter().try_for_each(|check| writer.mend(check)).map(|()| kept)
            })?;
            if broken.contains(&"permissions") {
                self.mend_permissions()?;
            }
            let (left, _) = self.examine()?;
            findings.iter_mut().for_each(|found| found.mended = !left.iter().any(|still| still.check == found.check));
            return Ok(Checkup { findings, seen, kept });
        }
        Ok(Checkup { findings, seen, kept: None })
    }

    fn examine(&self) -> Result<(Vec<Finding>, Seen), GraphError> {
        self.budget.grant(ALL_ROWS);
        let damage = pages(&self.conn).map_err(|error| sql_error::locate(error, &self.folder))?;
        // What SQLite says of single values is said of their rows by name.
        let (values, damage): (Vec<Finding>, Vec<Finding>) = damage.into_iter().partition(is_about_a_value);
        if !damage.is_empty() {
            return Ok((damage, Seen::default()));
        }
        let bad = self.read_all(|reader| reader.bad_rows())?;
        if bad.is_empty() && !values.is_empty() {
            return Ok((values, Seen::default()));
        }
        let seen = self.read_all(|reader| reader.export(&mut std::io::sink()))?;
        // They are told of by the findings.
        drop(self.unread());
        let mut findings = self.read_all(|reader| reader.contradictions())?;
        findings.extend(bad.iter().map(bad_row));
        findings.extend(self.loss()?);
        findings.extend(self.permissions());
        Ok((findings, Seen(seen)))
    }

    /// bn takes no task out of a graph.
    fn loss(&self) -> Result<Option<Finding>, GraphError> {
        let Some(backups) = &self.backups else { return Ok(None) };
        let now = copy_state::tasks(&self.conn)?;
        let fullest = lost::fullest(backups)?.filter(|(_, tasks)| *tasks > now);
        Ok(fullest.map(|(copy, tasks)| {
            let message = format!("the graph has {now} tasks, and the copy {} has {tasks}", copy.name);
            finding("loss", message, false)
        }))
    }

    /// Both for the owner and the group: the host and the containers write to the same files.
    fn permissions(&self) -> Option<Finding> {
        let wanted = self.wanted_modes();
        let wrong =
            wanted.iter().find(|(path, mode)| fs::metadata(path).is_ok_and(|found| found.mode() & mode != *mode));
        wrong.map(|(path, _)| finding("permissions", format!("{} is not writable for its group", path.display()), true))
    }

    fn wanted_modes(&self) -> [(&Path, u32); 2] {
        // The file's path is kept beside the connection by SQLite itself; it is the one that was opened.
        let file = self.conn.path().map_or(self.folder.as_path(), Path::new);
        [(self.folder.as_path(), 0o770), (file, 0o660)]
    }

    fn mend_permissions(&self) -> Result<(), GraphError> {
        for (path, mode) in self.wanted_modes() {
            let failed = |source| GraphError::File { verb: "change the mode of", path: path.to_owned(), source };
            let found = fs::metadata(path).map_err(failed)?;
            fs::set_permissions(path, Permissions::from_mode(found.mode() & 0o7777 | mode)).map_err(failed)?;
        }
        Ok(())
    }
}

fn finding(check: &'static str, message: String, mendable: bool) -> Finding {
    Finding { check: check.into(), message, mendable, mended: false }
}

/// The checks of single rows: what cannot be read, and what names something that is not there.
const ROWS: [&str; 2] = ["rows", "references"];

fn bad_row(row: &BadRow) -> Finding {
    let (check, message) = match row.dangling {
        true => ("references", format!("{} cannot be used: {}", row.name, row.problem)),
        false => ("rows", format!("{} cannot be read: {}", row.name, row.problem)),
    };
    finding(check, message, true)
}

fn is_about_a_value(finding: &Finding) -> bool {
    finding.message.contains("constraint failed in") || finding.message.contains(" value in ")
}

/// SQLite's own look at every page and every index, the full-text one too.
fn pages(conn: &Connection) -> Result<Vec<Finding>, GraphError> {
    let mut statement = conn.prepare("PRAGMA integrity_check(20)")?;
    let answers = statement.query_map([], |row| row.get::<_, String>(0))?.collect::<Result<Vec<_>, _>>()?;
    let mut findings = Vec::new();
    for answer in answers.into_iter().filter(|answer| answer != "ok") {
        let check = if answer.contains("words") { "search" } else { "pages" };
        findings.push(finding(check, format!("{FILE}: {answer}"), check == "search"));
    }
    Ok(findings)
}

impl Reader<'_> {
    fn contradictions(&self) -> Result<Vec<Finding>, GraphError> {
        let mut findings = Vec::new();
        let mut look = |check, what: &str, wrong: Vec<TaskId>, mendable| {
            if !wrong.is_empty() {
                findings.push(finding(check, format!("{what}: {}", some(&wrong)), mendable));
            }
        };
        look("counts", "counts of links are wrong", self.wrong(checks::WRONG_COUNTS)?, true);
        look("ranks", "effective priorities are wrong", self.wrong(&checks::wrong_ranks())?, true);
        look("states", "status and dates contradict each other", self.wrong(checks::CONTRADICTIONS)?, true);
        look("claims", "claims belong to sessions that are over", self.wrong(checks::LOST_CLAIMS)?, true);
        look("cycles", "links make a cycle", self.any_cycle()?.unwrap_or_default(), false);
        let wrong: u64 = self.conn.query_row(&checks::wrong_totals(), [], |row| row.get(0))?;
        if wrong > 0 {
            findings.push(finding("totals", format!("{wrong} of the counts that `bn stats` shows are wrong"), true));
        }
        let unindexed: u64 = self.conn.query_row(checks::UNINDEXED, [], |row| row.get(0))?;
        if unindexed > 0 {
            findings.push(finding("search", format!("search does not find {unindexed} of the tasks"), true));
        }
        Ok(findings)
    }

    fn wrong(&self, sql: &str) -> Result<Vec<TaskId>, GraphError> {
        let mut statement = self.conn.prepare(sql)?;
        self.all(&mut statement, [], "task", |row| row.get(0))
    }
}

impl Writer<'_> {
    fn mend(&self, check: &str) -> Result<(), GraphError> {
        match check {
            // What hung on a row that is gone.
            check if ROWS.contains(&check) => {
                ["counts", "ranks", "states", "claims", "totals"].iter().try_for_each(|check| self.mend(check))?
            }
            "counts" => self.conn.execute_batch(checks::MEND_COUNTS)?,
            "ranks" => self.conn.execute_batch(&checks::mend_ranks())?,
            "states" => self.conn.execute_batch(checks::MEND_CONTRADICTIONS)?,
            "totals" => self.conn.execute_batch(&checks::mend_totals())?,
            "search" => {
                self.conn.execute_batch(checks::REINDEX)?;
                word_index::index_all(self.conn)?;
            }
            "claims" => {
                let lost = self.wrong(checks::LOST_CLAIMS)?;
                lost.iter().try_for_each(|id| self.unclaim(id, Some("its session is over (bn doctor)")))?;
            }
            _ => {}
        }
        Ok(())
    }
}

fn some(ids: &[TaskId]) -> String {
    let named: Vec<String> = ids.iter().take(NAMED).map(TaskId::to_string).collect();
    let more = ids.len().saturating_sub(NAMED);
    if more == 0 { named.join(", ") } else { format!("{} and {more} more", named.join(", ")) }
}
