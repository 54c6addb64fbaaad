//! The checkouts of a repository as its own files say them, where nothing about that is unusual: git is asked for the rest.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::git::host::git::os;
use crate::git::host::refs;

/// One registered checkout. The main one may be the folder of a bare repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Worktree {
    pub path: PathBuf,
    /// Id of the commit; `None` where there is none yet, and of a bare one.
    pub head: Option<String>,
    /// Full ref name; `None` where HEAD is detached, as in a rebase or a bisect.
    pub branch: Option<String>,
    pub bare: bool,
}

/// All checkouts, the main one first. `None` where only git can tell.
pub fn read(common_dir: &Path) -> Option<Vec<Worktree>> {
    let config = fs::read_to_string(common_dir.join("config")).ok()?.to_ascii_lowercase();
    // A bare repository has no main checkout; an included file could say that it is one.
    if !config.lines().any(|line| line.trim() == "bare = false")
        || config.matches("bare").count() > 1
        || ["[include", "worktree"].iter().any(|word| config.contains(word))
    {
        return None;
    }
    let top = common_dir.parent().filter(|_| common_dir.ends_with(".git"))?;
    let mut linked = Vec::new();
    for git_dir in entries(&common_dir.join("worktrees")).ok()? {
        let link = fs::read(git_dir.join("gitdir")).ok()?;
        let dot_git = PathBuf::from(os(link.strip_suffix(b"\n")?));
        let path = dot_git.parent().filter(|_| dot_git.is_absolute() && dot_git.ends_with(".git"))?;
        linked.push(checkout(common_dir, &git_dir, path)?);
    }
    linked.sort_unstable_by(|one, other| one.path.as_os_str().cmp(other.path.as_os_str()));
    Some([vec![checkout(common_dir, common_dir, top)?], linked].concat())
}

/// What is in a folder that may be missing.
fn entries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    match fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        other => other?.map(|entry| Ok(entry?.path())).collect(),
    }
}

/// One whose HEAD is a branch that has a commit, or a commit.
fn checkout(common_dir: &Path, git_dir: &Path, path: &Path) -> Option<Worktree> {
    let head = fs::read_to_string(git_dir.join("HEAD")).ok()?;
    let head = head.strip_suffix('\n')?;
    let (branch, head) = match head.strip_prefix("ref: ") {
        Some(branch) => (Some(branch.to_owned()), refs::written_down(common_dir, branch)?),
        None => (None, Some(head).filter(|id| refs::is_id(id.as_bytes()))?.to_owned()),
    };
    Some(Worktree { path: path.to_owned(), head: Some(head), branch, bare: false })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::host::worktrees::list_by_git;
    use crate::git::testing::Bench;

    /// Whether the files are enough; what they say is what git says.
    #[track_caller]
    fn are_enough(bench: &Bench, place: &str) -> bool {
        let common_dir = bench.path(place);
        let read = read(&common_dir);
        let all = list_by_git(&bench.git, &common_dir).unwrap();
        assert!(read.as_ref().is_none_or(|read| *read == all), "{read:#?}\n{all:#?}");
        read.is_some()
    }

    #[test]
    fn the_files_say_what_git_says() {
        let bench = Bench::linked();
        assert!(are_enough(&bench, "repo/.git"));
        bench.sh("cd repo; git worktree add -q --detach '../b c'; git worktree add -q ../aa -b x/y; git pack-refs --all; git worktree lock ../aa; mkdir ../away; mv ../agent ../away");
        assert!(are_enough(&bench, "repo/.git"));
        bench.sh("cd aa; echo a > file; git commit -qam a; echo b > file; git commit -qam b; GIT_SEQUENCE_EDITOR='sed -i s/pick/edit/' git rebase -q -i HEAD~1");
        assert!(are_enough(&bench, "repo/.git"));
        bench.sh("cd repo; git checkout -q --detach");
        assert!(are_enough(&bench, "repo/.git"));
    }

    #[test]
    fn git_is_asked_where_something_is_unusual() {
        for script in [
            "git checkout -q --orphan new",
            "git config core.worktree ..",
            "git config extensions.worktreeConfig true",
            "git config include.path /elsewhere",
            "git config core.bare true",
            "git symbolic-ref refs/heads/link refs/heads/main; git checkout -q link",
            "printf '' > .git/worktrees/agent/gitdir",
            "printf '../../../../agent/.git\\n' > .git/worktrees/agent/gitdir",
        ] {
            let bench = Bench::linked();
            bench.sh(&format!("cd repo; {script}"));
            assert!(!are_enough(&bench, "repo/.git"), "{script}");
        }
        let bench = Bench::linked();
        bench.sh("git clone -q --bare repo bare.git; git -C bare.git worktree add -q ../of-bare main; git clone -q --separate-git-dir=apart repo top");
        assert!(!are_enough(&bench, "bare.git") && !are_enough(&bench, "apart"));
        assert!(!are_enough(&Bench::initialised("--ref-format=reftable"), "repo/.git"));
    }
}
