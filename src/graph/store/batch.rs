//! Many changes in one transaction.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use crate::graph::error::GraphError;
use crate::graph::model::id::TaskId;
use crate::graph::model::operation::{Operation, References};
use crate::graph::model::plan::Step;
use crate::graph::model::task::{NewTask, Status};
use crate::graph::store::{Claim, Closing, Writer};

/// What one operation did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    pub op: Cow<'static, str>,
    pub id: TaskId,
    pub title: String,
    pub status: Status,
    #[serde(rename = "ref")]
    pub reference: Option<String>,
}

impl Writer<'_> {
    /// All operations in their order. The first that fails is named, and nothing of the batch remains.
    pub fn batch(&self, operations: &[Operation]) -> Result<Vec<Outcome>, GraphError> {
        let mut names = References::default();
        let numbered = operations.iter().zip(1..);
        let outcomes = numbered.map(|(operation, number)| {
            let done = self.perform(operation, &mut names).and_then(|id| self.outcome(operation, &id));
            done.map_err(|source| GraphError::Operation { number, source: Box::new(source) })
        });
        outcomes.collect()
    }

    /// The same for the steps of a plan, of which the first that fails is named by its line.
    pub fn plan(&self, steps: &[Step]) -> Result<Vec<Outcome>, GraphError> {
        let mut names = References::default();
        let outcomes = steps.iter().map(|step| {
            let done = self.perform(&step.operation, &mut names).and_then(|id| self.outcome(&step.operation, &id));
            done.map_err(|source| GraphError::AtLine { line: step.line, source: Box::new(source) })
        });
        outcomes.collect()
    }

    fn outcome(&self, operation: &Operation, id: &TaskId) -> Result<Outcome, GraphError> {
        let task = self.named(id)?;
        let reference = if let Operation::Create(new) = operation { new.reference.clone() } else { None };
        Ok(Outcome { op: operation.name().into(), id: task.id, title: task.title, status: task.status, reference })
    }

    fn perform(&self, operation: &Operation, names: &mut References) -> Result<TaskId, GraphError> {
        let find = |typed: &str| self.resolve(&names.replace(typed)?);
        match operation {
            Operation::Create(new) => self.create_named(new, names),
            Operation::Update { id, set } => self.update(&find(id)?, set).map(|task| task.id),
            Operation::Claim { id, force } => {
                self.claim(&find(id)?, Claim { force: *force, take_over: None }).map(|task| task.id)
            }
            Operation::Release { id, reason, force } => {
                self.release(&find(id)?, reason.as_deref(), *force).map(|task| task.id)
            }
            Operation::Close { id, reason, force } => self.end(&find(id)?, Status::Done, reason, *force),
            Operation::Cancel { id, reason, force } => self.end(&find(id)?, Status::Cancelled, reason, *force),
            Operation::Reopen { id, reason } => self.reopen(&find(id)?, reason.as_deref()).map(|task| task.id),
            Operation::Note { id, text } => {
                let task = self.living(&find(id)?)?;
                self.note(&task.id, text).map(|()| task.id)
            }
            Operation::Delete { id, force } => self.delete(&find(id)?, *force).map(|task| task.id),
            Operation::Undelete { id } => self.undelete(&find(id)?).map(|task| task.id),
            Operation::Link { a, link_type, b } => {
                let a = find(a)?;
                self.link(&a, *link_type, &find(b)?).map(|_| a)
            }
            Operation::Unlink { a, link_type, b } => {
                let a = find(a)?;
                self.unlink(&a, *link_type, &find(b)?).map(|_| a)
            }
        }
    }

    fn create_named(&self, new: &NewTask, names: &mut References) -> Result<TaskId, GraphError> {
        let id = self.create(&names.replace_all(new)?)?;
        match &new.reference {
            Some(name) => names.add(name, &id).map(|()| id),
            None => Ok(id),
        }
    }

    fn end(&self, id: &TaskId, status: Status, reason: &Option<String>, force: bool) -> Result<TaskId, GraphError> {
        self.close(id, &Closing { status, reason: reason.clone(), force }).map(|closed| closed.task.id)
    }
}
