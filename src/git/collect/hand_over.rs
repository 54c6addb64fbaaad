//! The short way of the agent's work into the run's repository and the user's: a pack, checked as it is written down, that both have.
//!
//! It takes three programs of git, and a fetch into each of the two takes twelve. What is not plainly good is left to the fetch, and
//! its judgement counts.

use std::fs::{self, File};
use std::io::{self, Write};

use crate::git::collect::fetch::{CHECKS, TIME_LIMIT, TOLERATED, limited};
use crate::git::collect::plan::{Plan, WORK, WantedRef};
use crate::git::host::{Git, GitError};
use crate::git::private::{RunGit, kept_git};
use crate::process::{Cmd, ProcessError};

/// Returns whether the work is in both repositories now, with all that it needs, and under its ref in that of the run.
pub fn work(git: &Git, run: &RunGit, plan: &mut Plan) -> Result<bool, GitError> {
    match plan.wanted.iter_mut().find(|wanted| wanted.place == WORK) {
        // What the agent was shown is there already.
        Some(wanted) if run.has_own_refs() && !run.shown_branches()?.contains(&wanted.id) => {
            wanted.done = one(git, run, wanted)?;
            Ok(wanted.done)
        }
        _ => Ok(false),
    }
}

fn one(git: &Git, run: &RunGit, wanted: &WantedRef) -> Result<bool, GitError> {
    let known: String = run.seen_targets()?.iter().chain([&run.start.head]).map(|id| format!("^{id}\n")).collect();
    let asked = format!("{}\n{known}", wanted.id);
    let (packed, indexed) = match git.pipe_within((&pack(git, run), asked.as_bytes()), &index(git, run), TIME_LIMIT) {
        Err(GitError::Process(ProcessError::Slow { .. } | ProcessError::Stream { .. })) => return Ok(false),
        other => other?,
    };
    let is_checked = packed.success() && indexed.success() && is_pack_alone(&indexed.text());
    Ok(is_checked
        && kept_git::lend(run).is_ok()
        && kept_git::is_whole(git, run, &wanted.id)
        && name(run, wanted).is_ok())
}

/// Packs the agent's own objects. What it borrowed is there already.
fn pack(git: &Git, run: &RunGit) -> Cmd {
    let how = ["pack-objects", "--quiet", "--revs", "--local", "--thin", "--delta-base-offset", "--stdout"];
    limited(git.isolated(&run.taken()).args(how))
}

/// Checks each object of a pack, and that there is all that it leads to, as a fetch does.
fn index(git: &Git, run: &RunGit) -> Cmd {
    let checks = CHECKS.iter().map(|check| format!("{check}=error"));
    let checks = checks.chain(TOLERATED.iter().map(|check| format!("{check}=ignore"))).collect::<Vec<_>>().join(",");
    let cmd = git.isolated(&run.kept()).args(["-c", "core.bigFileThreshold=16m", "-c", "pack.threads=1"]);
    limited(cmd.args(["index-pack", "--stdin", "--fix-thin"]).arg(format!("--strict={checks}")))
}

/// Whether git named the pack and nothing else. It names the files of submodules that it did not find in the pack, for the fetch to check.
fn is_pack_alone(said: &str) -> bool {
    said.strip_prefix("pack\t").is_some_and(|id| id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Sets the ref in the run's repository, which nobody else writes, durably and in one step.
fn name(run: &RunGit, wanted: &WantedRef) -> io::Result<()> {
    let (fresh, path) = (run.kept().join("ref.new"), run.kept().join(run.reference(&wanted.place)));
    let mut file = File::create(&fresh)?;
    writeln!(file, "{}", wanted.id)?;
    file.sync_all()?;
    fs::create_dir_all(path.parent().unwrap_or(&path))?;
    fs::rename(fresh, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_git_could_not_check_by_itself_is_seen() {
        let id = "0123456789abcdef0123456789abcdef01234567";
        assert!(is_pack_alone(&format!("pack\t{id}")));
        for said in [format!("pack\t{id}\n{id}"), format!("keep\t{id}"), String::new(), id.to_owned()] {
            assert!(!is_pack_alone(&said), "{said:?}");
        }
    }
}
