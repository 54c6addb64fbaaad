//! A worktree that was made before the target moved on.

use crate::git::host::checkout::Checkout;
use crate::git::host::git::complaint;
use crate::git::host::target::Target;
use crate::git::host::{Git, GitError, refs};

/// Commits that only one of two branches has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    pub ahead: u64,
    pub behind: u64,
}

impl Standing {
    /// Where the checkout stands beside the target.
    pub fn of(git: &Git, checkout: &Checkout, target: &Target) -> Result<Self, GitError> {
        let range = format!("{}...{}", checkout.head, target.reference());
        let cmd = git.in_dir(&checkout.common_dir).args(["rev-list", "--left-right", "--count", &range, "--"]);
        let text = git.read("compare with the target", &cmd)?.text();
        let mut counts = text.split('\t').map(|count| count.parse().unwrap_or(0));
        Ok(Self { ahead: counts.next().unwrap_or(0), behind: counts.next().unwrap_or(0) })
    }

    fn is_only_behind(self) -> bool {
        self.behind > 0 && self.ahead == 0
    }
}

/// Fast-forwards a branch that is behind and has no commits of its own. Returns the commit that is checked out then, and
/// what to tell the user.
pub fn catch_up(git: &Git, checkout: &Checkout, target: &Target) -> Result<(String, Option<String>), GitError> {
    let (standing, head) = (Standing::of(git, checkout, target)?, checkout.head.clone());
    let Some(branch) = checkout.branch.as_ref().filter(|_| standing.is_only_behind()) else {
        return Ok((head, left_behind(checkout, target, standing)));
    };
    let Some(to) = refs::commit(git, &checkout.common_dir, &target.reference())? else { return Ok((head, None)) };
    let said = words(checkout, target, standing);
    let cmd =
        git.in_tree(&checkout.git_dir, &checkout.worktree).arg("-c").arg(format!("branch.{branch}.mergeOptions="));
    let cmd = cmd.env("GIT_REFLOG_ACTION", "binnacle").args(["merge", "--quiet", "--ff-only", "--no-overwrite-ignore"]);
    let answer =
        git.capture(&cmd.args(["--no-autostash", "--no-stat", "--no-verify-signatures", "--no-squash", &to]))?;
    if !answer.success() {
        let reason = complaint(&answer);
        return Ok((head, Some(format!("{said}, and could not be fast-forwarded: {reason}"))));
    }
    Ok((to, Some(format!("{said}: fast-forwarded"))))
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
    use crate::git::host::{checkout, target};
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
