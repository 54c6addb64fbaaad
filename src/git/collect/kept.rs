//! What a run keeps that is nowhere else: refs, the copy of the user's uncommitted files, what could not be taken over.

use crate::git::collect::collected::{Collected, Kept, TakenRef};
use crate::git::collect::plan::WORK;
use crate::git::collect::run_refs::{self, KeptRef};
use crate::git::collect::submodules;

use crate::git::host::{Git, GitError, copies, refs, snapshot};
use crate::git::private::{RunGit, kept_git};
use crate::process::Cmd;
use crate::sanitize;

/// So many files are named.
const MOST_NAMED: usize = 3;

/// Everything that is lost if the run is forgotten: `unmerged`, its refs whose commits the target lacks, and more.
pub fn all(
    git: &Git,
    run: &RunGit,
    unmerged: &[KeptRef],
    collected: Option<&Collected>,
) -> Result<Vec<Kept>, GitError> {
    let mut kept = Vec::new();
    for (number, inner) in run.submodules().iter().enumerate() {
        let work = collected.and_then(|work| work.submodules.get(number));
        kept.extend(in_submodule(git, inner, work)?);
    }
    if kept_git::can_be_asked(git, run) {
        kept.extend(one(git, run, unmerged, collected)?);
    }
    Ok(kept)
}

/// What is lost of a submodule if the run is forgotten. Its work has no target: only the run has it until a ref does.
fn in_submodule(git: &Git, run: &RunGit, work: Option<&Collected>) -> Result<Vec<Kept>, GitError> {
    let path = submodules::path(run);
    let bundle = submodules::bundle(run);
    if !run.checkout.common_dir.exists() {
        let what = format!("what the agent committed in the submodule {path}, whose repository is gone");
        let get = Cmd::new("git").arg("fetch").arg(&bundle).args(["refs/binnacle/*:refs/binnacle/*"]).to_string();
        return Ok(bundle
            .exists()
            .then(|| Kept { what, place: bundle.display().to_string(), get })
            .into_iter()
            .collect());
    }
    let kept = one(git, run, &run_refs::unmerged(git, run)?, work)?;
    Ok(kept
        .into_iter()
        .map(|kept| match kept.is_work() {
            true => {
                let count = work.map_or(0, Collected::own_commits);
                let commits = if count == 1 { "1 commit".to_owned() } else { format!("{count} commits") };
                Kept {
                    what: format!("{commits} in the submodule {path}"),
                    get: branch(run, &run.run, &kept.place),
                    ..kept
                }
            }
            false => Kept { what: format!("{} in the submodule {path}", kept.what), ..kept },
        })
        .map(|kept| Kept { place: format!("{} of {}", kept.place, run.checkout.worktree.display()), ..kept })
        .collect())
}

/// What to type to have a branch of that name at a ref of the run.
fn branch(run: &RunGit, name: &str, reference: &str) -> String {
    to_have(run, reference, &format!("refs/heads/{name}")).to_string()
}

fn one(git: &Git, run: &RunGit, unmerged: &[KeptRef], collected: Option<&Collected>) -> Result<Vec<Kept>, GitError> {
    let mut kept = Vec::new();
    for found in unmerged {
        let taken = collected.and_then(|work| work.refs.iter().find(|taken| taken.reference == found.reference));
        let (what, get) = described(git, run, &found.reference, taken)?;
        kept.push(Kept { what, get, place: found.reference.clone() });
    }
    let copy = run.reference("uncommitted");
    let files = copies::needed(git, &run.checkout, (&run.kept(), &copy), &run.target.reference())?;
    if !files.is_empty() {
        let get = snapshot::to_apply(&run.checkout.worktree, (&run.kept(), &copy));
        let what = format!("a copy of your uncommitted files ({})", shown(&files));
        kept.push(Kept { what, get, place: copy });
    }
    kept.extend(not_taken(run, collected));
    Ok(kept)
}

fn in_repository(run: &RunGit) -> Cmd {
    let place = if run.submodule.is_some() { &run.checkout.worktree } else { &run.checkout.main_worktree };
    Cmd::new("git").arg("-C").arg(place)
}

/// What to type to see the commits of a ref of the run.
pub fn to_see(run: &RunGit, reference: &str) -> Cmd {
    Cmd::new("git").arg("--git-dir").arg(run.kept()).args(["log", "-p", reference])
}

/// What to type to have a ref of the run as one of the user's own.
pub fn to_have(run: &RunGit, reference: &str, name: &str) -> Cmd {
    in_repository(run).arg("fetch").arg(run.kept()).arg(format!("{reference}:{name}"))
}

fn shown(files: &[std::path::PathBuf]) -> String {
    let mut names: Vec<String> = files.iter().take(MOST_NAMED).map(|path| sanitize::path(path)).collect();
    names.extend((files.len() > MOST_NAMED).then(|| format!("{} more", files.len() - MOST_NAMED)));
    names.join(", ")
}

/// What a ref of the run is, and how to get it.
fn described(git: &Git, run: &RunGit, reference: &str, taken: Option<&TakenRef>) -> Result<(String, String), GitError> {
    let own = reference.strip_prefix(&run.reference("")).unwrap_or(reference).to_owned();
    let kind = own.split('/').next().unwrap_or_default();
    let name = taken.map_or(own.as_str(), |taken| taken.name.as_str());
    let show = to_see(run, reference);
    let new = |kind: &str| -> Result<bool, GitError> {
        let plain = name.bytes().all(|byte| byte.is_ascii_graphic());
        Ok(plain && refs::commit(git, &run.checkout.common_dir, &format!("refs/{kind}/{name}"))?.is_none())
    };
    Ok(match kind {
        "heads" if new("heads")? => (format!("branch {name}"), branch(run, name, reference)),
        "heads" => (format!("branch {name}"), show.to_string()),
        "tags" if new("tags")? => {
            (format!("tag {name}"), to_have(run, reference, &format!("refs/tags/{name}")).to_string())
        }
        "tags" => (format!("tag {name}"), show.to_string()),
        "stash" => (name.to_owned(), snapshot::to_apply(&run.checkout.worktree, (&run.kept(), reference))),
        "worktrees" => (format!("what was checked out in the agent's own worktree {name}"), show.to_string()),
        "HEAD" => ("what was checked out at the end".to_owned(), show.to_string()),
        WORK => ("the work".to_owned(), show.to_string()),
        _ => (name.to_owned(), show.to_string()),
    })
}

/// The agent's repository where not all of it could be taken over: our copy of its objects, and the folder itself.
fn not_taken(run: &RunGit, collected: Option<&Collected>) -> Option<Kept> {
    collected.filter(|work| !work.complete)?;
    let folders: Vec<_> = [run.not_taken(), run.private()].into_iter().filter(|folder| folder.exists()).collect();
    let place = folders.first()?;
    let get = match place == &run.not_taken() {
        // Our own configuration, and refs of ours.
        true => Cmd::new("git").arg("-C").arg(place).args(["log", "--all"]).to_string(),
        false => format!("its objects and refs are in {}; run no git in it", place.display()),
    };
    let what = "what could not be taken over from the agent".to_owned();
    Some(Kept { what, place: place.display().to_string(), get })
}
