//! The runs there are, those of one repository, and one by its name.

use crate::commands::Context;
use crate::container::name::answers_to;
use crate::data_dir::{DataDir, RepoId};
use crate::error::{Failure, Usage};
use crate::git::host::discover;
use crate::run::record::RunError;
use crate::run::record::census::{Seen, all};
use crate::run::record::unreadable::Unreadable;

/// So many names are offered where one is missing or unknown.
const MOST_OFFERED: usize = 10;

/// All runs of all repositories, seen from where somebody stands.
pub struct Runs {
    /// Oldest first.
    seen: Vec<Seen>,
    unreadable: Vec<Unreadable>,
    /// The repository that one stands in.
    here: Option<RepoId>,
}

impl Runs {
    /// Records that cannot be read are named, and left out.
    pub fn read(context: &Context) -> Result<Self, Failure> {
        let data = DataDir::resolve(&context.env)?;
        let census = all(data.repositories())?;
        for run in &census.unreadable {
            if let RunError::Newer { .. } = run.error {
                context.output.note(format_args!("left out: {}", run.error));
                continue;
            }
            let name = run.name();
            context.output.note(format_args!("left out: {}; give it up: bn container discard {name}", run.error));
        }
        let here = discover::main_worktree(&context.env.directory).ok().map(|main| RepoId::of(&main));
        Ok(Self { seen: census.runs, unreadable: census.unreadable, here })
    }

    /// Whether what is shown is of several repositories.
    pub fn spans_repositories(&self, all_repositories: bool) -> bool {
        all_repositories || self.here.is_none()
    }

    /// Where no name is given: those of this repository; all where that is asked for, and where one stands in none.
    pub fn to_look_at(&self, all_repositories: bool) -> Vec<Seen> {
        let spans = self.spans_repositories(all_repositories);
        self.seen.iter().filter(|run| spans || self.is_here(run)).cloned().collect()
    }

    /// The same for a command that changes them: of all repositories only those that were asked for.
    pub fn to_change(&self, all_repositories: bool, verb: &str) -> Result<Vec<Seen>, Usage> {
        match self.spans_repositories(all_repositories) && !all_repositories {
            true => Err(Usage::new("this folder is in no git repository, so bn cannot tell which runs are meant")
                .hint(format!("cd into one, or: bn container {verb} --all-repositories"))),
            false => Ok(self.to_look_at(all_repositories)),
        }
    }

    /// How many of these are of other repositories than this one.
    pub fn elsewhere(&self, which: impl Fn(&Seen) -> bool) -> usize {
        self.seen.iter().filter(|run| !self.is_here(run) && which(run)).count()
    }

    /// The run that was named, of whatever repository: one of this repository goes first, a whole name before a short one, and
    /// the newest of several with that name. `which` says what may be offered where there is no such run.
    pub fn named(&self, name: &str, which: impl Fn(&Seen) -> bool) -> Result<Seen, RunError> {
        let whole = |run: &&Seen| run.record.name() == name;
        let newest_first = || self.seen.iter().rev();
        if let Some(run) =
            newest_first().filter(|run| self.is_here(run)).find(whole).or_else(|| newest_first().find(whole))
        {
            return Ok(run.clone());
        }
        let mut found: Vec<&Seen> = newest_first().filter(|run| answers_to(run.record.name(), name)).collect();
        // A short name means one for which the command makes sense, if there is any, and one of this repository.
        narrow(&mut found, |run| which(run));
        narrow(&mut found, |run| self.is_here(run));
        let mut names: Vec<String> = found.iter().map(|run| run.record.name().to_owned()).collect();
        names.sort();
        names.dedup();
        match (names.as_slice(), found.first()) {
            ([_], Some(run)) => Ok((*run).clone()),
            ([], _) => {
                let fitting = self.offered(|run| which(run));
                let known = if fitting.is_empty() { self.offered(any) } else { fitting };
                Err(RunError::Unknown { name: name.to_owned(), known })
            }
            _ => Err(RunError::Ambiguous { name: name.to_owned(), names }),
        }
    }

    /// Whether a run of this very name is known anywhere: names are the machine's.
    pub fn has(&self, name: &str) -> bool {
        self.unreadable(name).is_some() || self.seen.iter().any(|run| run.record.name() == name)
    }

    /// The run of that name whose record cannot be read, where no other run has the name.
    pub fn unreadable(&self, name: &str) -> Option<&Unreadable> {
        let unread = self.unreadable.iter().find(|run| run.name() == name);
        unread.filter(|_| self.seen.iter().all(|run| run.record.name() != name))
    }

    /// The run that was named, or else the question which one is meant, of those that `what` tells.
    pub fn named_or_asked(
        &self,
        name: Option<&str>,
        what: &str,
        which: impl Fn(&Seen) -> bool,
    ) -> Result<Seen, Failure> {
        match name {
            Some(name) => Ok(self.named(name, which)?),
            None => Err(self.which_one(what, which).into()),
        }
    }

    /// `which one? running: a, b`
    pub fn which_one(&self, what: &str, which: impl Fn(&Seen) -> bool) -> Usage {
        match self.offered(|run| which(run) && (self.here.is_none() || self.is_here(run))).as_slice() {
            [] if self.here.is_some() => Usage::new(format!("which one? {what}: none in this repository"))
                .hint("those of all repositories: bn container list --all --all-repositories"),
            [] => Usage::new(format!("which one? {what}: none")),
            names => Usage::new(format!("which one? {what}: {}", names.join(", "))),
        }
    }

    /// The newest names, and how many more there are.
    fn offered(&self, which: impl Fn(&Seen) -> bool) -> Vec<String> {
        let names: Vec<String> = self.seen.iter().filter(|run| which(run)).map(offer).collect();
        let more = names.len().saturating_sub(MOST_OFFERED);
        let shown = names.into_iter().skip(more);
        shown.chain((more > 0).then(|| format!("and {more} older ones"))).collect()
    }

    /// What a sign-in has left is of no repository of the user's.
    fn is_here(&self, run: &Seen) -> bool {
        self.here.as_ref() == Some(&run.record.spec.repo()) || run.is_left_sign_in()
    }
}

/// The name of a run, and that nobody works at it any more where that is so.
fn offer(run: &Seen) -> String {
    let interrupted = !run.owned && run.record.state.is_open();
    format!("{}{}", run.record.name(), if interrupted { " (interrupted)" } else { "" })
}

/// Keeps those that fit, where any does.
fn narrow(found: &mut Vec<&Seen>, fits: impl Fn(&Seen) -> bool) {
    if found.iter().any(|run| fits(run)) {
        found.retain(|run| fits(run));
    }
}

/// For verbs that work on any run.
pub fn any(_: &Seen) -> bool {
    true
}

/// Whether somebody could stop it.
pub fn is_stoppable(run: &Seen) -> bool {
    run.owned || run.record.state.is_open() || run.record.needs_sudo
}
