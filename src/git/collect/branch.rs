//! Moves the starting branch to where the agent's own is, and the worktree's index with it.

use std::thread;
use std::time::Duration;

use crate::failpoint::{self, Point};
use crate::git::collect::collected::BranchOutcome;
use crate::git::collect::lost_commits;
use crate::git::collect::plan::Plan;
use crate::git::host::refs::short;
use crate::git::host::worktrees::Operation;
use crate::git::host::{Git, GitError, changes, checkout, refs, worktrees};
use crate::git::private::RunGit;
use crate::process::{Cmd, ProcessError};

/// How long the index may take to follow.
const TIME_LIMIT: Duration = Duration::from_secs(600);

pub fn settle(git: &Git, run: &RunGit, plan: &Plan, notes: &mut Vec<String>) -> Result<BranchOutcome, GitError> {
    if let Some(reason) = &plan.lost {
        return Ok(BranchOutcome::GitLost { reason: reason.clone() });
    }
    let work = plan.work().unwrap_or(run.base());
    let left_out = lost_commits::of(git, run, work)?.len();
    if left_out > 0 {
        notes.extend(set_back_notes(run, work, left_out));
        return Ok(BranchOutcome::SetBack { kept: run.base().to_owned(), left_out });
    }
    if run.works_on_target() {
        return Ok(match work == run.base() {
            true => BranchOutcome::Unchanged,
            false => BranchOutcome::Postponed { to: work.to_owned() },
        });
    }
    let gone = !is_there(run);
    if gone {
        notes.push(gone_note(git, run, work)?);
    }
    if let Some(Operation { name: what, .. }) = worktrees::unfinished(&run.checkout.git_dir) {
        return Ok(BranchOutcome::Busy { why: format!("the worktree is in the middle of {what}") });
    }
    match run.checkout.branch_ref() {
        Some(branch) => {
            let ended =
                plan.ended_at().map(|id| refs::commit(git, &run.checkout.common_dir, id)).transpose()?.flatten();
            let ended = ended.filter(|_| !gone).map_or(Ok(None), |ended| within_bounds(git, run, ended, notes))?;
            settle_branch(git, run, &branch, (work, ended.as_deref()), notes)
        }
        None if gone => Ok(BranchOutcome::BranchMoved { found: None, renamed: None }),
        None => settle_detached(git, run, work),
    }
}

/// What was there stays, and the files are as the agent left them.
fn set_back_notes(run: &RunGit, work: &str, left_out: usize) -> [String; 2] {
    let what = run.checkout.branch.as_deref().unwrap_or("HEAD");
    let commits = if left_out == 1 { "1 commit".to_owned() } else { format!("{left_out} commits") };
    let (base, end) = (short(run.base()), short(work));
    let in_worktree = || Cmd::new("git").arg("-C").arg(&run.checkout.worktree);
    [
        format!("{what} stays at {base}: the agent reset its own to {end}, which lacks {commits} of it"),
        format!(
            "to follow the agent: {}; to restore the files of {base}: {}",
            in_worktree().args(["reset", end]),
            in_worktree().args(["restore", "."])
        ),
    ]
}

/// A few objects can make a tree without end, which no index holds. What is to be merged was compared before.
fn within_bounds(git: &Git, run: &RunGit, end: String, notes: &mut Vec<String>) -> Result<Option<String>, GitError> {
    match changes::between(git, &run.checkout.common_dir, run.base(), &end) {
        Ok(_) => Ok(Some(end)),
        Err(
            excess @ (GitError::Failed { .. }
            | GitError::TooManyFiles { .. }
            | GitError::Process(ProcessError::Slow { .. } | ProcessError::Stream { .. })),
        ) => {
            notes.push(format!("the agent ended at {end}, and the index was not updated to that commit: {excess}"));
            Ok(None)
        }
        Err(other) => Err(other),
    }
}

/// Where the files went with the worktree, the commits are still there.
fn gone_note(git: &Git, run: &RunGit, work: &str) -> Result<String, GitError> {
    let place = run.checkout.worktree.display();
    if work == run.base() {
        return Ok(format!("the worktree {place} is gone"));
    }
    let add = Cmd::new("git").args(["worktree", "add"]).arg(&run.checkout.worktree);
    let add = match (&run.checkout.branch, run.checkout.branch_ref()) {
        (Some(branch), Some(name)) if refs::commit(git, &run.checkout.common_dir, &name)?.is_some() => add.arg(branch),
        (Some(branch), _) => add.args(["-b", branch, work]),
        (None, _) => add.args(["--detach", work]),
    };
    Ok(format!("the worktree {place} is gone; its commit {} is kept: {add}", refs::short(work)))
}

/// The user may have removed the worktree while the agent was at it.
fn is_there(run: &RunGit) -> bool {
    run.checkout.worktree.is_dir() && run.checkout.git_dir.is_dir()
}

/// `work` is where the branch goes, `ended` what the files belong to where that is something else.
fn settle_branch(
    git: &Git,
    run: &RunGit,
    branch: &str,
    (work, ended): (&str, Option<&str>),
    notes: &mut Vec<String>,
) -> Result<BranchOutcome, GitError> {
    let checkout = &run.checkout;
    let (common, base) = (&checkout.common_dir, run.base());
    let now = refs::commit(git, common, branch)?;
    let here = is_there(run) && checkout::symbolic_head(git, &checkout.git_dir)?.as_deref() == Some(branch);
    let outcome = match now.as_deref() {
        Some(now) if now == work && work == base => BranchOutcome::Unchanged,
        Some(now) if now == work => BranchOutcome::Moved { from: base.to_owned(), to: work.to_owned() },
        Some(now) if now == base => {
            if let Some(why) = elsewhere(git, run, branch, here)? {
                return Ok(BranchOutcome::Busy { why });
            }
            refs::update(git, common, branch, work, Some(base))?;
            failpoint::reached(Point::BranchMoved);
            BranchOutcome::Moved { from: base.to_owned(), to: work.to_owned() }
        }
        _ => return Ok(BranchOutcome::BranchMoved { renamed: renamed(git, run, now.as_deref())?, found: now }),
    };
    if here || ended.is_some() {
        follow(git, run, (here, work, ended), notes)?;
    }
    Ok(outcome)
}

/// What the worktree's branch is called by now, where there is none of the old name.
fn renamed(git: &Git, run: &RunGit, found: Option<&str>) -> Result<Option<String>, GitError> {
    if found.is_some() || !is_there(run) {
        return Ok(None);
    }
    let name = checkout::symbolic_head(git, &run.checkout.git_dir)?;
    Ok(name.and_then(|name| name.strip_prefix("refs/heads/").map(str::to_owned)))
}

/// A branch that another checkout has by now is not pulled from under it.
fn elsewhere(git: &Git, run: &RunGit, branch: &str, here: bool) -> Result<Option<String>, GitError> {
    if here {
        return Ok(None);
    }
    let holder = worktrees::list(git, &run.checkout.common_dir)?
        .into_iter()
        .filter(|worktree| worktree.path != run.checkout.worktree && !worktree.bare)
        .find(|worktree| worktree.branch.as_deref() == Some(branch));
    Ok(holder.map(|worktree| format!("it is checked out at {}", worktree.path.display())))
}

/// Brings HEAD and index to the commit that the files belong to.
fn follow(
    git: &Git,
    run: &RunGit,
    (here, work, ended): (bool, &str, Option<&str>),
    notes: &mut Vec<String>,
) -> Result<(), GitError> {
    let git_dir = &run.checkout.git_dir;
    let files = ended.unwrap_or(work);
    if let (true, Some(ended)) = (here, ended) {
        let cmd = git.in_dir(git_dir).args(["update-ref", "-m", "binnacle", "--no-deref", "HEAD", ended, work]);
        git.read("detach HEAD", &cmd)?;
        failpoint::reached(Point::HeadMoved);
        notes.push(
            "the agent ended on a commit that is not on its branch; the worktree's HEAD is detached at that commit"
                .to_owned(),
        );
    } else if !here && refs::commit(git, git_dir, "HEAD")?.as_deref() != Some(files) {
        // The user has gone on to something else: their index is not ours.
        return Ok(());
    }
    notes.extend(move_index(git, run, run.base(), files)?);
    Ok(())
}

fn settle_detached(git: &Git, run: &RunGit, to: &str) -> Result<BranchOutcome, GitError> {
    let (git_dir, base) = (&run.checkout.git_dir, run.base());
    let now = refs::commit(git, git_dir, "HEAD")?;
    let detached = checkout::symbolic_head(git, git_dir)?.is_none();
    match now.as_deref() {
        Some(now) if detached && now == to && to == base => return Ok(BranchOutcome::Unchanged),
        Some(now) if detached && now == to => {}
        Some(now) if detached && now == base => {
            let cmd = git.in_dir(git_dir).args(["update-ref", "-m", "binnacle", "--no-deref", "HEAD", to, base]);
            git.read("move HEAD", &cmd)?;
            failpoint::reached(Point::HeadMoved);
        }
        _ => return Ok(BranchOutcome::BranchMoved { found: now, renamed: None }),
    }
    move_index(git, run, base, to)?;
    Ok(BranchOutcome::Detached { from: base.to_owned(), to: to.to_owned() })
}

/// The index of the worktree goes from one commit to another. What is staged stays; no file is read or written.
pub fn move_index(git: &Git, run: &RunGit, from: &str, to: &str) -> Result<Option<String>, GitError> {
    if from == to {
        return Ok(None);
    }
    let (git_dir, worktree) = (&run.checkout.git_dir, &run.checkout.worktree);
    let in_tree = || git.in_tree(git_dir, worktree);
    wait_for_index(git_dir);
    // Git looks for attributes in the tree, and would wait at whatever is no file there.
    let bounded = |arguments: &[&str]| match git.capture_within(&in_tree().args(arguments), &[], TIME_LIMIT) {
        Err(GitError::Process(ProcessError::Slow { .. })) => Ok(false),
        other => other.map(|answer| answer.success()),
    };
    if bounded(&["read-tree", "-i", "-m", from, to])? {
        return Ok(None);
    }
    Ok(match bounded(&["reset", "--quiet", "--no-refresh"])? {
        true => Some(
            "your staged changes conflicted with the agent's commits and are unstaged now; the files are unchanged"
                .to_owned(),
        ),
        false => Some(format!("the index is in use; when it is free: git -C {} reset", worktree.display())),
    })
}

/// Gives another git of the user's a moment to finish.
pub fn wait_for_index(git_dir: &std::path::Path) -> bool {
    for _ in 0..10 {
        if !git_dir.join("index.lock").exists() {
            return true;
        }
        thread::sleep(Duration::from_millis(200));
    }
    false
}
