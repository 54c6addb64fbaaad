//! Which of the agent's commits are taken over, and under which names.

use std::collections::{BTreeMap, BTreeSet};

use crate::git::collect::collected::TakenRef;
use crate::git::collect::refs::{Head, PrivateRefs};
use crate::git::host::GitError;
use crate::git::host::refs::RefMap;
use crate::git::private::RunGit;
use crate::sanitize;

/// More changed refs than this are not taken over.
const MOST_REFS: usize = if cfg!(test) { 500 } else { 10_000 };
/// So many of them are named one by one.
pub const MOST_NOTES: usize = 20;
/// Below this name they are offered to git's fetch.
pub const OFFERED: &str = "refs/take/";
/// The agent's starting branch, or its HEAD where it started without one.
pub const WORK: &str = "work";
/// Commits that only reflogs name, as the parents of one commit.
pub const HISTORY: &str = "history";

/// A commit to take over.
#[derive(Clone, Debug)]
pub struct WantedRef {
    /// Below refs/binnacle/runs/NAME/.
    pub place: String,
    /// As the agent named it.
    pub name: String,
    pub id: String,
    pub done: bool,
}

/// The ref under which git's fetch finds what is to go to `place`: the starting branch apart from all others.
pub fn offered(place: &str) -> String {
    let folder = if place == WORK { "" } else { "more/" };
    format!("{OFFERED}{folder}{place}")
}

impl WantedRef {
    pub fn offered(&self) -> String {
        offered(&self.place)
    }
}

/// What is taken over.
#[derive(Debug)]
pub struct Plan {
    pub wanted: Vec<WantedRef>,
    pub logged: BTreeSet<String>,
    pub notes: Vec<String>,
    /// Nothing had to be left behind.
    pub complete: bool,
    /// Why the starting branch cannot be read.
    pub lost: Option<String>,
    head: Head,
    /// The commit that HEAD leads to, directly or through a branch.
    head_commit: Option<String>,
    starting: Option<Vec<u8>>,
}

/// Compares the agent's refs with what they were at the start.
pub fn plan(run: &RunGit, found: PrivateRefs) -> Result<Plan, GitError> {
    let is_compared = !found.refs.is_empty() || !found.worktrees.is_empty();
    let start = if is_compared { run.start_refs()? } else { RefMap::new() };
    let none_left = (found.is_empty() && matches!(found.head, Head::Branch(_)))
        .then(|| "it holds neither branches nor commits any more".to_owned());
    let starting = run.checkout.branch_ref().map(String::into_bytes);
    let head_commit = match &found.head {
        Head::Commit(id) => Some(id.clone()),
        Head::Branch(name) => found.find(name),
    };
    let by_name = run.checkout.branch_ref().and_then(|branch| found.find(branch.as_bytes()));
    let lost = found.broken.or(none_left);
    let work = match &starting {
        // What was packed long ago is not what the agent made of it.
        Some(_) if lost.is_some() => None,
        Some(_) => by_name,
        None => head_commit.clone(),
    };
    let mut plan = Plan {
        wanted: Vec::new(),
        logged: found.logged,
        complete: found.skipped.is_empty(),
        lost,
        notes: found.skipped,
        head: found.head,
        head_commit,
        starting,
    };
    match (work, run.checkout.branch.as_deref()) {
        (Some(id), branch) => plan.add(WORK.to_owned(), branch.unwrap_or("HEAD").to_owned(), id),
        (None, _) if plan.lost.is_some() => plan.complete = false,
        (None, branch) => plan.notes.push(format!("the agent deleted its branch {}", branch.unwrap_or("HEAD"))),
    }
    // Where it started without a branch, that is the work.
    if let (Head::Commit(_), Some(id), Some(_)) = (&plan.head, plan.head_commit.clone(), &plan.starting) {
        plan.add("HEAD".to_owned(), "HEAD".to_owned(), id);
    }
    plan.add_refs(&found.refs, &start);
    for (number, id) in found.stash.iter().take(1000).enumerate() {
        plan.add(format!("stash/{number}"), format!("stash@{{{number}}}"), id.clone());
    }
    for (number, (name, id)) in found.worktrees.iter().take(1000).enumerate() {
        let known = id == run.base() || start.values().any(|shown| shown == id);
        if !known && plan.wanted.iter().all(|wanted| wanted.id != *id) {
            plan.add(format!("worktrees/{}", number + 1), sanitize::name(name), id.clone());
        }
    }
    Ok(plan)
}

impl Plan {
    /// Whether all is as it was: then no object of the agent's has to be looked at.
    pub fn brings_nothing(&self, base: &str) -> bool {
        let unmoved = |wanted: &[WantedRef]| matches!(wanted, [only] if only.place == WORK && only.id == base);
        self.lost.is_none() && self.complete && unmoved(&self.wanted) && self.logged.iter().all(|id| id == base)
    }

    /// All that is named of the agent's.
    pub fn ids(&self) -> BTreeSet<&str> {
        self.wanted.iter().map(|wanted| wanted.id.as_str()).chain(self.logged.iter().map(String::as_str)).collect()
    }

    pub fn add(&mut self, place: String, name: String, id: String) {
        self.wanted.push(WantedRef { place, name, id, done: false });
    }

    /// Branches, tags and the like that differ from what they were. What the agent fetched is not its own.
    fn add_refs(&mut self, refs: &RefMap, start: &RefMap) {
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        for (name, id) in refs {
            let own =
                !name.starts_with(b"refs/remotes/") && name != b"refs/stash" && Some(name) != self.starting.as_ref();
            if !own || start.get(name) == Some(id) {
                continue;
            }
            if self.wanted.len() >= MOST_REFS {
                self.notes.push(format!("the agent changed more than {MOST_REFS} refs; the rest was not taken over"));
                self.complete = false;
                return;
            }
            let (folder, short) = kind(name);
            let number = numbers.entry(folder).or_default();
            *number += 1;
            let place = format!("{folder}/{number}");
            self.add(place, sanitize::name(short), id.clone());
        }
    }

    /// As packed refs for the folder that git fetches from.
    pub fn refs(&self) -> RefMap {
        self.wanted.iter().map(|wanted| (wanted.offered().into_bytes(), wanted.id.clone())).collect()
    }

    fn wanted(&self, place: &str) -> Option<&WantedRef> {
        self.wanted.iter().find(|wanted| wanted.place == place && wanted.done)
    }

    /// The starting branch's commit, taken over.
    pub fn work(&self) -> Option<&str> {
        self.wanted(WORK).map(|wanted| wanted.id.as_str())
    }

    /// Where the agent ended if not on its starting branch, for people.
    pub fn ended_on(&self) -> Option<String> {
        match (&self.head, &self.starting) {
            (Head::Branch(name), starting) if Some(name) != starting.as_ref() => Some(sanitize::name(kind(name).1)),
            (Head::Commit(id), Some(_)) => Some(id.clone()),
            _ => None,
        }
    }

    /// The commit whose files the agent left in the worktree, if it is not that of the starting branch and it is here.
    pub fn ended_at(&self) -> Option<&str> {
        self.ended_on()?;
        let id = self.head_commit.as_deref()?;
        Some(id)
    }

    pub fn taken(&self, run: &RunGit) -> Vec<TakenRef> {
        let done = self.wanted.iter().filter(|wanted| wanted.done);
        done.map(|wanted| TakenRef {
            name: wanted.name.clone(),
            reference: run.reference(&wanted.place),
            id: wanted.id.clone(),
        })
        .collect()
    }
}

/// The folder for refs of this kind, and the name without what all of them share.
fn kind(name: &[u8]) -> (&'static str, &[u8]) {
    for (prefix, folder) in [(&b"refs/heads/"[..], "heads"), (b"refs/tags/", "tags"), (b"refs/", "other")] {
        if let Some(short) = name.strip_prefix(prefix) {
            return (folder, short);
        }
    }
    ("other", name)
}
