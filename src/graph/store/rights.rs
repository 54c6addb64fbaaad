//! The rules that hold for a run, asked before each change. A change that was not asked for is refused where it is recorded.

use crate::graph::error::GraphError;
use crate::graph::model::event::Event;
use crate::graph::model::id::TaskId;
use crate::graph::model::link::{Link, LinkType};
use crate::graph::model::rights::{Rights, Rule, RunRights, Scope};
use crate::graph::model::session::STALE_AFTER;
use crate::graph::model::task::{Status, Task};
use crate::graph::queries;
use crate::graph::store::Writer;

impl Writer<'_> {
    /// Refuses a change of a task that lies outside of the run's rules, or that another live session holds.
    pub(super) fn allow_change(&self, task: &Task) -> Result<(), GraphError> {
        let Some(rights) = self.run_rights()? else { return Ok(()) };
        if self.is_allowed(&task.id) {
            return Ok(());
        }
        self.within(rights, &task.id)?;
        if let Some(holder) = self.other_holder(task)? {
            return Err(refused(&task.id, Rule::Held(holder)));
        }
        self.set_allowed(&task.id);
        Ok(())
    }

    /// A claim of what is free. What somebody holds is looked at where it is taken over.
    pub(super) fn allow_claim(&self, id: &TaskId) -> Result<(), GraphError> {
        let Some(rights) = self.run_rights()? else { return Ok(()) };
        self.within(rights, id)
    }

    /// A note is a change that others' tasks take, too.
    pub(super) fn allow_note(&self, id: &TaskId) -> Result<(), GraphError> {
        let Some(rights) = self.run_rights()? else { return Ok(()) };
        self.within(rights, id)?;
        self.set_allowed(id);
        Ok(())
    }

    /// A new task, which has to be below something where a run may change a part alone.
    pub(super) fn allow_new(&self, parent: Option<&str>) -> Result<(), GraphError> {
        let Some(rights) = self.run_rights()? else { return Ok(()) };
        let refuse = |rule| Err(GraphError::Refused { what: "no task can be created".to_owned(), rule });
        match (&rights.scope, parent) {
            (Scope::Everything, _) => Ok(()),
            (Scope::Nothing, _) => refuse(Rule::ReadOnly),
            (Scope::Below(root), None) => refuse(Rule::Below(root.clone())),
            (Scope::Below(_), Some(parent)) => self.within(rights, &self.resolve(parent)?),
        }
    }

    /// What waits is changed by what it waits for, and a parent and its child by each other. The other links change the task that
    /// says so.
    pub(super) fn allow_link(&self, link: &Link) -> Result<(), GraphError> {
        let Some(rights) = self.run_rights()? else { return Ok(()) };
        match link.link_type {
            LinkType::ParentOf => {
                self.allow_change(&self.task(&link.source)?)?;
                self.allow_change(&self.task(&link.target)?)
            }
            // It has no direction: it is at home at either of its ends.
            LinkType::RelatedTo => {
                self.within(rights, &link.source).or_else(|_| self.within(rights, &link.target))?;
                self.set_allowed(&link.source);
                Ok(())
            }
            _ => self.allow_change(&self.task(&link.source)?),
        }
    }

    pub(super) fn allow_delete(&self, id: &TaskId) -> Result<(), GraphError> {
        match self.run_rights()? {
            None => Ok(()),
            Some(_) => Err(refused(id, Rule::Delete)),
        }
    }

    /// The last words of a run that may only read are a change, too.
    pub(super) fn allow_words(&self) -> Result<(), GraphError> {
        match self.run_rights()? {
            Some(RunRights { scope: Scope::Nothing, .. }) => {
                let what = "no summary can be left".to_owned();
                Err(GraphError::Refused { what, rule: Rule::ReadOnly })
            }
            _ => Ok(()),
        }
    }

    /// What this transaction has made, or holds.
    pub(super) fn set_allowed(&self, id: &TaskId) {
        if matches!(self.actor.rights, Rights::Run(_)) {
            self.allowed.borrow_mut().insert(id.clone());
        }
    }

    /// The last gate: every change is recorded.
    pub(super) fn count(&self, event: &Event) -> Result<(), GraphError> {
        let Rights::Run(rights) = &self.actor.rights else { return Ok(()) };
        if let Some(id) = event.task.as_ref().filter(|id| !self.is_allowed(id)) {
            return Err(refused(id, Rule::Unasked));
        }
        let counted = rights.used.change();
        counted.map_err(|rule| GraphError::Refused { what: "nothing more can be changed".to_owned(), rule })
    }

    /// Where a claim of the best task is to look.
    pub(super) fn scope_root(&self) -> Option<TaskId> {
        match &self.actor.rights {
            Rights::Run(RunRights { scope: Scope::Below(root), .. }) => Some(root.clone()),
            _ => None,
        }
    }

    /// The rules, where there are any. What a run changes bears its session, so that it can be found again.
    fn run_rights(&self) -> Result<Option<&RunRights>, GraphError> {
        let Rights::Run(rights) = &self.actor.rights else { return Ok(None) };
        if self.session.borrow().is_none() {
            self.start_session()?;
        }
        Ok(Some(rights))
    }

    fn is_allowed(&self, id: &TaskId) -> bool {
        self.allowed.borrow().contains(id)
    }

    fn within(&self, rights: &RunRights, id: &TaskId) -> Result<(), GraphError> {
        match &rights.scope {
            Scope::Everything => Ok(()),
            Scope::Nothing => Err(refused(id, Rule::ReadOnly)),
            Scope::Below(_) if self.is_allowed(id) => Ok(()),
            Scope::Below(root) if self.is_below(id, root)? => Ok(()),
            Scope::Below(root) => Err(refused(id, Rule::Below(root.clone()))),
        }
    }

    fn is_below(&self, id: &TaskId, root: &TaskId) -> Result<bool, GraphError> {
        let mut statement = self.conn.prepare_cached(queries::links::IS_BELOW)?;
        Ok(statement.query_row((id, root), |row| row.get(0))?)
    }

    /// The live session that holds a task, if it is another one: with its claim, or by having closed what has not landed yet.
    fn other_holder(&self, task: &Task) -> Result<Option<String>, GraphError> {
        let holder = match task.status {
            Status::InProgress => task.session.as_ref(),
            Status::Landing => task.lands_with.as_ref(),
            Status::Open | Status::Done | Status::Cancelled => None,
        };
        let Some(holder) = holder.filter(|holder| Some(*holder) != self.session_id().as_ref()) else { return Ok(None) };
        let now = self.clock.get();
        let session = self.session_if_readable(holder)?;
        Ok(session.filter(|session| !session.is_stale(now, STALE_AFTER)).map(|session| session.id))
    }
}

fn refused(id: &TaskId, rule: Rule) -> GraphError {
    GraphError::Refused { what: format!("{id} cannot be changed"), rule }
}
