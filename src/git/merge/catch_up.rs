//! A worktree that was made before the target moved on.

use crate::failpoint::{self, Point};
use crate::git::host::checkout::Checkout;
use crate::git::host::git::complaints;
use crate::git::host::target::{self, Target};
use crate::git::host::{Git, GitError, changes, refs};
use crate::git::merge::journal::{self, Journal};

/// Commits that only one of two branches has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub ahead: u64,
    pub behind: u64,
}

impl Standing {
    /// Where the checkout stands beside the target.
    pub fn of(git: &Git, checkout: &Checkout, target: &Target) -> Result<Self, GitError> {
        let (ahead, behind) = refs::apart(git, &checkout.common_dir, &checkout.head, &target.reference())?;
        Ok(Self { ahead, behind })
    }

    fn is_only_behind(self) -> bool {
        self.behind > 0 && self.ahead == 0
    }
}

/// Fast-forwards a branch that is behind and has no commits of its own. Returns the commit that is checked out then, and
/// what to tell the user.
pub fn catch_up(git: &Git, checkout: &Checkout, target: &Target) -> Result<(String, Option<String>), GitError> {
    if let Some(told) = journal::recover(git, &checkout.git_dir)? {
        return Ok((checkout.head.clone(), Some(told)));
    }
    let head = checkout.head.clone();
    if target::tip(git, &checkout.repository(), &target.branch)?.as_ref() == Some(&head) {
        return Ok((head, None));
    }
    let standing = Standing::of(git, checkout, target)?;
    let Some(branch) = checkout.branch.as_ref().filter(|_| standing.is_only_behind()) else {
        return Ok((head, left_behind(checkout, target, standing)));
    };
    let Some(to) = refs::commit(git, &checkout.common_dir, &target.reference())? else { return Ok((head, None)) };
    let said = words(checkout, target, standing);
    let cmd =
        git.in_tree(&checkout.git_dir, &checkout.worktree).arg("-c").arg(format!("branch.{branch}.mergeOptions="));
    // Second names change the time of a file's entry, and nothing else of it.
    let cmd = cmd.args(["-c", "core.trustctime=false"]);
    let cmd = cmd.env("GIT_REFLOG_ACTION", "binnacle").args(["merge", "--quiet", "--ff-only", "--no-overwrite-ignore"]);
    let cmd = cmd.args(["--no-autostash", "--no-stat", "--no-verify-signatures", "--no-squash", &to]);
    let journal = begin(git, checkout, &to)?;
    let answer = git.capture(&cmd)?;
    if answer.success() {
        journal.map_or(Ok(()), |journal| journal.done())?;
    } else {
        journal.map_or(Ok(()), |journal| journal.undo(git))?;
        let reason = complaints(&answer);
        return Ok((head, Some(format!("{said}, and could not be fast-forwarded: {reason}"))));
    }
    Ok((to, Some(format!("{said}: fast-forwarded"))))
}

/// What git is about to replace keeps a second name. A rehearsal replaces nothing.
fn begin(git: &Git, checkout: &Checkout, to: &str) -> Result<Option<Journal>, GitError> {
    let Some(branch) = checkout.branch_ref().filter(|_| !git.rehearses()) else { return Ok(None) };
    let changed = changes::between(git, &checkout.common_dir, &checkout.head, to)?;
    let place = (checkout.git_dir.as_path(), checkout.worktree.as_path());
    let journal = Journal::begin(place, &branch, (&checkout.head, to), &changed)?;
    failpoint::reached(Point::CatchUpBegun);
    Ok(Some(journal))
}

/// For a checkout that stays where it is.
fn left_behind(checkout: &Checkout, target: &Target, standing: Standing) -> Option<String> {
    (standing.behind > 0).then(|| words(checkout, target, standing))
}

fn words(checkout: &Checkout, target: &Target, standing: Standing) -> String {
    let (name, target) = (checkout.branch.as_deref().unwrap_or("the detached HEAD"), &target.branch);
    let commits = |count| if count == 1 { "1 commit".to_owned() } else { format!("{count} commits") };
    match standing.ahead {
        0 => format!("{name} is {} behind {target}", commits(standing.behind)),
        ahead => format!(
            "{name} is {} behind {target} and has {} of its own: git rebase host/{target} inside brings it there",
            commits(standing.behind),
            commits(ahead)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::host::checkout;
    use crate::git::testing::Bench;

    fn caught_up(bench: &Bench) -> (String, Option<String>) {
        let checkout = checkout::resolve(&bench.git, &bench.path("agent")).unwrap();
        let target = target::resolve(&bench.git, &checkout.repository(), None).unwrap();
        let (head, said) = catch_up(&bench.git, &checkout, &target).unwrap();
        assert_eq!(head, bench.sh("git -C agent rev-parse HEAD"));
        (bench.sh("git -C agent log -1 --format=%s"), said)
    }

    #[test]
    fn a_branch_without_commits_of_its_own_goes_where_the_target_is() {
        let bench = Bench::linked();
        assert_eq!(caught_up(&bench), ("one".to_owned(), None));
        bench.sh("cd repo && echo two > file && git commit -qam two; echo mine > ../agent/mine");
        assert_eq!(
            caught_up(&bench),
            ("two".to_owned(), Some("agent is 1 commit behind main: fast-forwarded".to_owned()))
        );
        assert_eq!(bench.sh("cat agent/file; git -C agent status --porcelain"), "two\n?? mine");
    }

    #[test]
    fn a_fast_forward_that_breaks_half_way_is_undone_and_one_that_was_cut_off_too() {
        let bench = Bench::linked();
        bench.sh("cd repo; git config --global filter.crypt.clean cat; git config --global filter.crypt.smudge cat; echo '*.sec filter=crypt' > .gitattributes; \
            echo two > file; mkdir a; echo a > a/a; echo s > z.sec; git add .; git commit -qm two");
        bench.sh("git config --global filter.crypt.required true; git config --global filter.crypt.smudge false");
        let seen = || bench.sh("cd agent; git status --porcelain; ls; cat file; git log -1 --format=%s");
        let before = seen();
        let (at, said) = caught_up(&bench);
        let said = said.unwrap();
        assert!(at == "one" && said.contains("could not be fast-forwarded") && said.contains("crypt"), "{said}");
        assert_eq!(seen(), before);
        let checkout = checkout::resolve(&bench.git, &bench.path("agent")).unwrap();
        // As a death in the middle of it leaves it.
        begin(&bench.git, &checkout, bench.sh("git -C repo rev-parse main").trim()).unwrap();
        bench.sh("cd agent; rm file; echo two > file; mkdir a");
        bench.sh("git config --global filter.crypt.smudge cat");
        let (at, said) = caught_up(&bench);
        assert_eq!((at.as_str(), said.unwrap().as_str()), ("two", "agent is 1 commit behind main: fast-forwarded"));
        assert_eq!(
            bench.sh(
                "cd agent; git status --porcelain; cat file z.sec; find $(git rev-parse --git-dir) -name 'binnacle-*'"
            ),
            "two\ns"
        );
    }

    #[test]
    fn one_that_cannot_go_there_stays_and_it_is_said() {
        let bench = Bench::linked();
        bench.sh("cd repo && echo two > file && git commit -qam two; echo mine > ../agent/file");
        let (at, said) = caught_up(&bench);
        assert!(
            at == "one" && said.clone().unwrap().starts_with("agent is 1 commit behind main, and could not be"),
            "{said:?}"
        );
        assert_eq!(bench.sh("cat agent/file"), "mine");
        bench.sh("git -C agent commit -qam own");
        let (at, said) = caught_up(&bench);
        assert!(
            at == "own"
                && said.clone().unwrap().starts_with("agent is 1 commit behind main and has 1 commit of its own"),
            "{said:?}"
        );
    }
}
