//! The bundle of a run that is given up: one file with all of its commits, from which git can fetch.

use std::collections::BTreeSet;
use std::path::Path;

use crate::git::collect::{fetch, plan, refs, run_refs, take};
use crate::git::host::git::refused;
use crate::git::host::refs::{RefMap, commit, packed};
use crate::git::host::{Git, GitError};
use crate::git::private::run_git::REPOSITORY;
use crate::git::private::{RunGit, bare};
use crate::process::Cmd;
use crate::untrusted::remove;

/// Whose commits go into a bundle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// The refs of the run, and what was never taken over from the agent's repository.
    All,
    /// The refs of the run alone.
    Taken,
}

/// Writes a bundle of the commits that neither the run's base nor its target has. Returns false where there are none.
///
/// Nothing is checked: objects that git refused to take over are in the bundle as the agent made them.
pub fn create(git: &Git, run: &RunGit, source: Source, to: &Path) -> Result<bool, GitError> {
    let made = make_repository(git, run, source).and_then(|()| write(git, run, to));
    remove::folder(&run.taken())?;
    made
}

/// Writes a bundle of the refs of a run of which only the folder is known.
pub fn create_of_refs(git: &Git, folder: &Path, to: &Path) -> Result<bool, GitError> {
    let in_kept = || git.in_dir(&folder.join(REPOSITORY));
    let start = in_kept().args(["for-each-ref", "--format=%(refname)", "refs/shown", "refs/binnacle/runs/*/old"]);
    let start = git.read("list the run's refs", &start)?.text();
    let known = start.lines().map(|name| format!("^{name}"));
    let known: Vec<String> = ["--glob=refs/binnacle/runs/".to_owned()].into_iter().chain(known).collect();
    bundle_in(git, &in_kept, &known, to)
}

/// Makes a repository that has all of these commits and borrows every other object from the host's.
fn make_repository(git: &Git, run: &RunGit, source: Source) -> Result<(), GitError> {
    let kept = run_refs::all(git, run)?;
    let mut named: RefMap = kept.into_iter().map(|kept| (kept.reference.into_bytes(), kept.id)).collect();
    if source == Source::All && run.private().exists() {
        take::objects(run, &run.taken())?;
        let found = refs::of(run);
        let hostile = |error: std::io::Error| GitError::Hostile { path: run.private(), reason: error.to_string() };
        for wanted in plan::plan(run, found.map_err(hostile)?)?.wanted {
            named.entry(run.reference(&wanted.place).into_bytes()).or_insert(wanted.id);
        }
    } else {
        take::skeleton(run, &run.taken())?;
    }
    let ids: BTreeSet<&str> = named.values().map(String::as_str).collect();
    let kinds = fetch::kinds(git, run, &ids)?;
    named.retain(|_, id| kinds.get(id).is_some_and(|kind| kind == "commit" || kind == "tag"));
    bare::write(&run.taken(), "packed-refs", &packed(&named).0)
}

fn write(git: &Git, run: &RunGit, to: &Path) -> Result<bool, GitError> {
    let mut known = vec!["--all".to_owned(), "--not".to_owned(), run.base().to_owned()];
    known.extend(commit(git, &run.checkout.common_dir, &run.target.reference())?);
    bundle_in(git, &|| fetch::limited(git.in_dir(&run.taken())), &known, to)
}

fn bundle_in(git: &Git, in_it: &impl Fn() -> Cmd, known: &[String], to: &Path) -> Result<bool, GitError> {
    let answer = |cmd| git.capture_within(&cmd, &[], fetch::TIME_LIMIT);
    let count = answer(in_it().args(["rev-list", "--max-count=1"]).args(known))?;
    if count.success() && count.text().is_empty() {
        return Ok(false);
    }
    let made = answer(in_it().args(["bundle", "create", "--quiet"]).arg(to).args(known))?;
    if made.success() { Ok(true) } else { Err(refused("write the bundle", &made)) }
}
