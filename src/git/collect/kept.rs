//! What a run keeps that is nowhere else: refs, the copy of the user's uncommitted files, what could not be taken over.

use crate::git::collect::collected::{Collected, Kept, TakenRef};
use crate::git::collect::plan::WORK;
use crate::git::collect::run_refs::KeptRef;

use crate::git::host::{Git, GitError, copies, refs, snapshot};
use crate::git::private::RunGit;
use crate::process::Cmd;
use crate::sanitize;

/// So many files are named.
const MOST_NAMED: usize = 3;

/// Everything that goes with the run if it is forgotten: `unmerged`, its refs of which the target has nothing, and more.
pub fn all(
    git: &Git,
    run: &RunGit,
    unmerged: &[KeptRef],
    collected: Option<&Collected>,
) -> Result<Vec<Kept>, GitError> {
    let common = &run.checkout.common_dir;
    let mut kept = Vec::new();
    if !common.exists() {
        return Ok(kept);
    }
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
    Cmd::new("git").arg("-C").arg(&run.checkout.main_worktree)
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
        "heads" if new("heads")? => {
            (format!("branch {name}"), to_have(run, reference, &format!("refs/heads/{name}")).to_string())
        }
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
