//! The run that somebody wants to look into, and the look.

use std::time::Duration;

use crate::commands::Context;
use crate::commands::container::find::{Runs, any};
use crate::error::{Failure, Usage};
use crate::git::collect::look::{Look, Work};
use crate::git::collect::lying::{self, Lying};
use crate::git::host::{Git, refs};
use crate::git::private::{RunGit, kept_git};
use crate::process::Runner;
use crate::run::record::census::Seen;
use crate::run::record::state::Outcome;
use crate::sanitize;

/// How long git may take for one step of a comparison.
const PATIENCE: Duration = Duration::from_secs(60);

/// A run, and what there is to see of its work.
pub struct Looking {
    pub seen: Seen,
    pub git: Git,
    pub look: Look,
    /// What lies in its worktree, where that is still as the run left it.
    pub lying: Option<Lying>,
}

/// Finds the run and looks into it. Notes for the person who watches are printed.
pub fn look(name: Option<&str>, context: &Context) -> Result<Looking, Failure> {
    let seen = Runs::read(context)?.named_or_asked(name, "there are", any)?;
    let name = seen.record.name().to_owned();
    let prepared = seen.git().ok_or_else(|| {
        Usage::new(format!("{name} has no work to look at: it never came so far as to have a repository"))
            .hint(format!("what became of it: bn container inspect {name}"))
    })?;
    if !kept_git::has_its_source(&prepared) {
        let repository = sanitize::path(&prepared.checkout.main_worktree);
        return Err(Usage::new(format!("the repository of {name} is gone, or another one is there now: {repository}"))
            .hint(format!("to give the run up, a copy is kept: bn container discard {name}"))
            .into());
    }
    let git = Git::new(Runner::new(&context.env));
    let ended = seen.record.collected.as_ref().filter(|work| work.complete || !prepared.private().exists());
    let merged = seen.record.outcome == Some(Outcome::Merged);
    let work = ended.map_or(Work::Live, |work| Work::Ended { head: &work.head, merged });
    let look = Look::take(&git, &prepared, work, PATIENCE)?;
    let lying = match ended.is_none() || is_as_left(&git, &prepared, &look) {
        true => lying::read(&git, &prepared, &look)?,
        false => None,
    };
    tell(&name, ended.is_some(), &prepared, lying.as_ref(), context);
    Ok(Looking { seen, git, look, lying })
}

/// Whether the worktree has the run's last commit checked out: what lies there then belongs to it.
fn is_as_left(git: &Git, prepared: &RunGit, look: &Look) -> bool {
    let git_dir = &prepared.checkout.git_dir;
    git_dir.is_dir() && refs::commit(git, git_dir, "HEAD").is_ok_and(|head| head.as_ref() == Some(&look.head))
}

fn tell(name: &str, ended: bool, prepared: &RunGit, lying: Option<&Lying>, context: &Context) {
    let worktree = sanitize::path(&prepared.checkout.worktree);
    match lying {
        None if ended && prepared.checkout.worktree.exists() => context.output.note(format_args!(
            "{worktree} has another commit checked out than {name} left there: its uncommitted files are not looked at"
        )),
        None => context.output.note(format_args!("{worktree} is gone, and what {name} left uncommitted with it")),
        Some(lying) if !lying.left_out.is_empty() => {
            let names: Vec<String> = lying.left_out.iter().take(3).map(|path| sanitize::path(path)).collect();
            let (count, names) = (lying.left_out.len(), names.join(", "));
            context.output.note(format_args!("too large to be looked at, {count} in all: {names}"));
        }
        Some(_) => {}
    }
}

impl Looking {
    pub fn name(&self) -> &str {
        self.seen.record.name()
    }

    /// What is committed, and what lies in the worktree beside it: from where to where.
    pub fn spans(&self) -> [Option<(&str, &str)>; 2] {
        let look = &self.look;
        let lying = self.lying.as_ref().map(|lying| (look.checked_out.as_str(), lying.tree.as_str()));
        [Some((look.base.as_str(), look.head.as_str())), lying]
    }
}
