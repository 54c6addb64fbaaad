//! Parents, their children, and how far those are.

use crate::graph::error::GraphError;
use crate::graph::model::id::TaskId;
use crate::graph::model::outline::{Branch, Outline, Progress};
use crate::graph::model::task::{Brief, Task};
use crate::graph::queries::{outline, tasks};
use crate::graph::store::{Reader, rows};

/// How many tasks a drawing holds.
const NODES: usize = 200;

/// How deep a drawing goes. Links make no cycle, but others can write to the file.
const DEPTH: usize = 50;

impl Reader<'_> {
    /// What is below a task, or below every unfinished one that has children and no parent.
    pub fn outline(&self, root: Option<&str>) -> Result<Outline, GraphError> {
        let roots = match root {
            Some(typed) => vec![self.living(&self.resolve(typed)?)?],
            None => self.roots()?,
        };
        let mut left = NODES;
        let mut grown = Vec::new();
        let mut more = false;
        for root in roots {
            match self.branch(root, DEPTH, &mut left, &mut more)? {
                Some(branch) => grown.push(branch),
                None => break,
            }
        }
        Ok(Outline { roots: grown, more })
    }

    /// How far a task's children are. `None` where it has none.
    pub fn progress(&self, id: &TaskId) -> Result<Option<Progress>, GraphError> {
        let mut statement = self.conn.prepare_cached(outline::PROGRESS)?;
        let read = |row: &rusqlite::Row| Ok(Progress { done: row.get("done")?, total: row.get("total")? });
        let progress = statement.query_row([id], read)?;
        Ok((progress.total > 0).then_some(progress))
    }

    fn roots(&self) -> Result<Vec<Task>, GraphError> {
        let sql = format!("{} {}", tasks::select(), outline::ROOTS);
        self.all(&mut self.conn.prepare(&sql)?, [NODES + 1], "task", rows::task)
    }

    /// `None` where the drawing is full.
    fn branch(
        &self,
        task: Task,
        depth: usize,
        left: &mut usize,
        more: &mut bool,
    ) -> Result<Option<Branch>, GraphError> {
        if *left == 0 || depth == 0 {
            *more = true;
            return Ok(None);
        }
        *left -= 1;
        let mut branch = Branch { progress: self.progress(&task.id)?, task: Brief::from(task), children: Vec::new() };
        if branch.progress.is_none() {
            return Ok(Some(branch));
        }
        let sql = format!("{} {}", tasks::select(), outline::CHILDREN);
        let children =
            self.all(&mut *self.conn.prepare_cached(&sql)?, (branch.task.id.as_str(), *left + 1), "task", rows::task)?;
        for child in children {
            match self.branch(child, depth - 1, left, more)? {
                Some(child) => branch.children.push(child),
                None => break,
            }
        }
        Ok(Some(branch))
    }
}
