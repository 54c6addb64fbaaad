//! Makes commits of work that its target can be fast-forwarded to, where the user wants another shape of it, or where the
//! target has moved on. Nothing of the user's changes by it: a conflict leaves everything as it was.

use crate::git::collect::collected::Collected;
use crate::git::host::git::refused;
use crate::git::host::{Git, GitError, refs};
use crate::git::merge::conflict::{self, Conflict};
use crate::git::merge::message;
use crate::git::merge::scratch::{self, Scratch};
use crate::git::private::RunGit;
use crate::process::Cmd;
use crate::untrusted::remove;

/// More commits than this are not made again one by one.
const MOST_COMMITS: usize = 1000;

/// The shape in which work goes to its target.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    /// As it is: nothing is made.
    #[default]
    FastForward,
    /// The same commits, on the target.
    Rebased,
    /// One commit on the target.
    Squashed,
    /// A merge commit.
    Merged,
}

/// What the user wants.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    pub shape: Shape,
    /// In place of the message that is made from those of the commits.
    pub message: Option<String>,
    /// The target that the run was started for, where it goes to another now: what that has is not the run's work.
    pub first_target: Option<String>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remade {
    /// A commit that the target can be fast-forwarded to. It is in the user's repository, and no ref names it.
    Made(String),
    /// The target has all of it, in whatever commits.
    There,
    Conflicts(Vec<Conflict>),
    Refused(String),
}

/// Makes the commits. `target` is the commit that they are to stand on.
pub fn remake(
    git: &Git,
    run: &RunGit,
    collected: &Collected,
    target: &str,
    wanted: &Wanted,
) -> Result<Remade, GitError> {
    let scratch = Scratch::create(git, run)?;
    let work = Work { git, run, scratch: &scratch, head: &collected.head, target, wanted };
    let remade = work.remade();
    if let Ok(Remade::Made(commit)) = &remade {
        scratch.hand_over(git, run, commit)?;
        // Its ref is what a target that nobody has checked out is moved from; the next try makes the place anew.
        return remade;
    }
    scratch.throw_away()?;
    remade
}

/// The files that the work and its target have both changed.
pub fn conflicts(git: &Git, run: &RunGit, collected: &Collected) -> Result<Vec<Conflict>, GitError> {
    let target = refs::commit(git, &run.checkout.common_dir, &run.target.reference())?;
    let Some(target) = target.filter(|_| !git.rehearses()) else { return Ok(Vec::new()) };
    let scratch = Scratch::create(git, run)?;
    let (head, wanted) = (&collected.head, &Wanted::default());
    let tree = Work { git, run, scratch: &scratch, head, target: &target, wanted }.tree(&target, head);
    scratch.throw_away()?;
    Ok(tree?.err().unwrap_or_default())
}

/// Removes what a landing needed. Nothing of it is missed.
pub fn tidy(run: &RunGit) -> Result<(), GitError> {
    Ok(remove::folder(&scratch::place(run))?)
}

struct Work<'a> {
    git: &'a Git,
    run: &'a RunGit,
    scratch: &'a Scratch,
    head: &'a str,
    target: &'a str,
    wanted: &'a Wanted,
}

/// A tree, or what stands in its way.
type Tree = Result<String, Vec<Conflict>>;

impl Work<'_> {
    fn remade(&self) -> Result<Remade, GitError> {
        match self.wanted.shape {
            Shape::FastForward => Ok(Remade::Made(self.head.to_owned())),
            Shape::Rebased => self.rebased(),
            Shape::Squashed => self.squashed(),
            Shape::Merged => self.merged(),
        }
    }

    fn rebased(&self) -> Result<Remade, GitError> {
        let commits = self.commits("...", &["--no-merges", "--cherry-pick", "--right-only"])?;
        if commits.len() > MOST_COMMITS {
            return Ok(Remade::Refused(format!(
                "the work has more than {MOST_COMMITS} commits to make again: --squash makes one of them"
            )));
        }
        let mut tip = self.target.to_owned();
        for commit in commits {
            let Some(parent) = self.parent(&commit)? else {
                return Ok(Remade::Refused("the work has a beginning of its own".to_owned()));
            };
            let tree = match self.applied(&tip, &parent, &commit)? {
                Ok(tree) => tree,
                Err(conflicts) => return Ok(Remade::Conflicts(conflicts)),
            };
            // What the target has by now is left out; what was empty from the start stays.
            if tree != self.tree_of(&tip)? || self.tree_of(&commit)? == self.tree_of(&parent)? {
                let text = message::of(self.git, self.scratch, &commit)?;
                tip = self.commit(&tree, &[&tip], &commit, &text)?;
            }
        }
        Ok(if tip == self.target { Remade::There } else { Remade::Made(tip) })
    }

    fn squashed(&self) -> Result<Remade, GitError> {
        let Some(base) = self.base()? else { return Ok(unrelated()) };
        let tree = match self.applied(self.target, &base, self.head)? {
            Ok(tree) => tree,
            Err(conflicts) => return Ok(Remade::Conflicts(conflicts)),
        };
        if tree == self.tree_of(self.target)? {
            return Ok(Remade::There);
        }
        let text =
            message::squashed(self.git, self.scratch, &self.commits("..", &[])?, self.wanted.message.as_deref())?;
        Ok(Remade::Made(self.commit(&tree, &[self.target], self.head, &text)?))
    }

    fn merged(&self) -> Result<Remade, GitError> {
        let Some(base) = self.base()? else { return Ok(unrelated()) };
        let tree = match base == self.target {
            true => Ok(self.tree_of(self.head)?),
            false => self.tree(self.target, self.head)?,
        };
        let tree = match tree {
            Ok(tree) => tree,
            Err(conflicts) => return Ok(Remade::Conflicts(conflicts)),
        };
        let text =
            message::squashed(self.git, self.scratch, &self.commits("..", &[])?, self.wanted.message.as_deref())?;
        let person = self.person()?;
        let cmd = self.scratch.command(self.git).args(["commit-tree", "-p", self.target, "-p", self.head, "-F", "-"]);
        let cmd = person.author(person.committer(cmd)).arg(&tree);
        Ok(Remade::Made(self.scratch.read(self.git, "make the commit", &cmd, text.as_bytes())?))
    }

    /// The commits of the work that the target lacks, oldest first.
    fn commits(&self, dots: &str, how: &[&str]) -> Result<Vec<String>, GitError> {
        let most = (MOST_COMMITS + 1).to_string();
        let cmd = self.scratch.command(self.git).args(["rev-list", "--reverse", "--topo-order", "--max-count", &most]);
        let cmd = cmd.args(how).arg(format!("{}{dots}{}", self.target, self.head));
        let cmd = cmd.args(self.first_target()?.map(|id| format!("^{id}"))).arg("--");
        let listed = self.scratch.read(self.git, "list the commits", &cmd, &[])?;
        Ok(listed.lines().map(str::to_owned).collect())
    }

    fn first_target(&self) -> Result<Option<String>, GitError> {
        let name = self.wanted.first_target.as_ref().map(|branch| format!("refs/heads/{branch}"));
        Ok(name.map(|name| refs::commit(self.git, &self.run.checkout.common_dir, &name)).transpose()?.flatten())
    }

    /// Where the work parted from its target, or from the one that it was begun for.
    fn base(&self) -> Result<Option<String>, GitError> {
        let first = self.first_target()?;
        let other = first.as_deref().unwrap_or(self.target);
        let answer =
            self.scratch.capture(self.git, &self.scratch.command(self.git).args(["merge-base", other, self.head]))?;
        Ok(answer.success().then(|| answer.text().lines().next().unwrap_or_default().to_owned()))
    }

    fn parent(&self, commit: &str) -> Result<Option<String>, GitError> {
        refs::commit(self.git, &scratch::place(self.run), &format!("{commit}^"))
    }

    fn tree_of(&self, commit: &str) -> Result<String, GitError> {
        let cmd = self.scratch.command(self.git).args(["rev-parse", "--verify", &format!("{commit}^{{tree}}")]);
        self.scratch.read(self.git, "read a commit", &cmd, &[])
    }

    /// What changed from `parent` to `commit`, on top of `onto`.
    fn applied(&self, onto: &str, parent: &str, commit: &str) -> Result<Tree, GitError> {
        // A git of before 2.40 cannot be told what the two sides began from: it finds it out from a commit that says so.
        let tree = self.tree_of(onto)?;
        let cmd = self.scratch.command(self.git).args(["commit-tree", "-p", parent, "-m", "onto"]);
        let cmd = self.person()?.committer(cmd).env("GIT_AUTHOR_NAME", "bn").env("GIT_AUTHOR_EMAIL", "bn").arg(&tree);
        let beside = self.scratch.read(self.git, "make a commit", &cmd, &[])?;
        self.tree(&beside, commit)
    }

    /// Merges two commits in three ways.
    fn tree(&self, ours: &str, theirs: &str) -> Result<Tree, GitError> {
        let cmd =
            self.scratch.command(self.git).args(["merge-tree", "--write-tree", "-z", "--no-messages", ours, theirs]);
        let answer = self.scratch.capture(self.git, &cmd)?;
        let (tree, rest) = match answer.stdout.iter().position(|&byte| byte == 0) {
            Some(end) => (String::from_utf8_lossy(&answer.stdout[..end]).into_owned(), &answer.stdout[end + 1..]),
            None => (answer.text(), &[][..]),
        };
        match answer.status.code() {
            Some(0) => Ok(Ok(tree)),
            Some(1) => Ok(Err(conflict::describe(self.git, self.scratch, &conflict::parse(rest))?)),
            // It does not know the option.
            Some(129) => Err(GitError::TooOld { what: "a merge without a checkout", version: "2.38" }),
            _ => Err(refused("merge", &answer)),
        }
    }

    /// Whose names stand on a commit: the agent's as it stands on `model`, and the user's.
    fn commit(&self, tree: &str, parents: &[&str], model: &str, text: &str) -> Result<String, GitError> {
        let cmd =
            self.scratch.command(self.git).args(["log", "-1", "--no-mailmap", "--date=raw", "--format=%an%n%ae%n%ad"]);
        let facts = self.scratch.read(self.git, "read a commit", &cmd.args([model, "--"]), &[])?;
        let mut facts = facts.lines();
        let mut next = || facts.next().unwrap_or_default();
        let (name, email, date) = (next(), next(), next());
        let cmd = self.scratch.command(self.git).arg("commit-tree");
        let cmd = parents.iter().fold(cmd, |cmd, parent| cmd.args(["-p", parent])).args(["-F", "-"]);
        let cmd = cmd.env("GIT_AUTHOR_NAME", name).env("GIT_AUTHOR_EMAIL", email).env("GIT_AUTHOR_DATE", date);
        let cmd = self.person()?.committer(cmd).arg(tree);
        self.scratch.read(self.git, "make the commit", &cmd, text.as_bytes())
    }

    fn person(&self) -> Result<Person, GitError> {
        Person::of(self.git, self.run)
    }
}

fn unrelated() -> Remade {
    Remade::Refused("the work and its target have no commit in common".to_owned())
}

/// The user, as git knows them in this repository.
struct Person {
    name: String,
    email: String,
}

impl Person {
    fn of(git: &Git, run: &RunGit) -> Result<Self, GitError> {
        let cmd = git.in_dir(&run.checkout.common_dir).args(["var", "GIT_COMMITTER_IDENT"]);
        let line = git.read("say whose name the commit bears", &cmd)?.text();
        let (name, rest) = line.rsplit_once(" <").unwrap_or((&line, ""));
        let email = rest.split_once('>').map_or("", |(email, _)| email);
        Ok(Self { name: name.to_owned(), email: email.to_owned() })
    }

    fn committer(&self, cmd: Cmd) -> Cmd {
        cmd.env("GIT_COMMITTER_NAME", &self.name).env("GIT_COMMITTER_EMAIL", &self.email)
    }

    fn author(&self, cmd: Cmd) -> Cmd {
        cmd.env("GIT_AUTHOR_NAME", &self.name).env("GIT_AUTHOR_EMAIL", &self.email)
    }
}
