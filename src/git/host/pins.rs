//! Pins keep alive what the agent borrows, whatever the user deletes and collects meanwhile.
//!
//! One commit whose parents are all commits that were shown to the agent, the pin before it included. A commit cannot
//! hold a tag object: those there are at the start are small, and are copied; later ones get refs of their own, because
//! an agent that fetches one still borrows it. So does the rare ref to a tree or blob.

use std::collections::BTreeSet;
use std::path::Path;

use crate::git::host::{Git, GitError, refs};

/// What has to stay alive.
pub struct Pins<'a> {
    pub common_dir: &'a Path,
    /// refs/binnacle/runs/NAME/
    pub prefix: &'a str,
    pub object_format: &'a str,
    pub tags: Tags,
}

/// How tag objects are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tags {
    /// By the caller, with `copy_tags`.
    Copied,
    ByRef,
}

/// What kinds of objects a set of ids names.
#[derive(Debug, Default)]
pub struct Kinds {
    /// Commits, and those that tags lead to.
    pub commits: BTreeSet<String>,
    /// Tag objects, to be copied.
    pub tags: BTreeSet<String>,
    /// Trees and blobs, and those that tags lead to.
    pub others: BTreeSet<String>,
    /// Ids that name nothing: broken refs.
    pub missing: BTreeSet<String>,
}

impl Pins<'_> {
    /// Pins what these ids name, with `tree` beside them. Adds to what is pinned already.
    pub fn hold(&self, git: &Git, ids: &BTreeSet<String>, tree: Option<&str>) -> Result<Kinds, GitError> {
        let kinds = kinds(git, self.common_dir, ids)?;
        let pin = format!("{}pin", self.prefix);
        let before = refs::commit(git, self.common_dir, &pin)?;
        let text = self.commit_text(&kinds.commits, before.as_deref(), tree);
        let cmd = git.in_dir(self.common_dir).args(["hash-object", "-t", "commit", "-w", "--stdin"]);
        let id = git.read_with_input("pin the run's objects", &cmd, text.as_bytes())?.text();
        refs::update(git, self.common_dir, &pin, &id, None)?;
        let tags = kinds.tags.iter().filter(|_| self.tags == Tags::ByRef);
        for other in kinds.others.iter().chain(tags) {
            refs::update(git, self.common_dir, &format!("{}pins/{other}", self.prefix), other, None)?;
        }
        self.verify(git, &kinds, &pin, before)?;
        Ok(kinds)
    }

    fn commit_text(&self, commits: &BTreeSet<String>, before: Option<&str>, tree: Option<&str>) -> String {
        let tree = tree.unwrap_or_else(|| empty_tree(self.object_format));
        let seconds = crate::env::now().timestamp();
        let parents = commits.iter().map(String::as_str).chain(before);
        let parents: String = parents.map(|parent| format!("parent {parent}\n")).collect();
        let who = format!("binnacle <binnacle@localhost> {seconds} +0000");
        format!("tree {tree}\n{parents}author {who}\ncommitter {who}\n\nwhat a run of binnacle borrows\n")
    }

    /// A commit that went away just before it was pinned would leave a broken pin, at which the user's own gc fails.
    fn verify(&self, git: &Git, held: &Kinds, pin: &str, before: Option<String>) -> Result<(), GitError> {
        if kinds(git, self.common_dir, &held.commits)?.missing.is_empty() {
            return Ok(());
        }
        match before {
            Some(before) => refs::update(git, self.common_dir, pin, &before, None)?,
            None => refs::delete(git, self.common_dir, &[pin.to_owned()])?,
        }
        let reason = "commits were deleted at this moment; try again".to_owned();
        Err(GitError::Failed { what: "pin the run's objects".to_owned(), reason })
    }
}

/// Copies tag objects into a repository of ours.
pub fn copy_tags(git: &Git, common_dir: &Path, tags: &BTreeSet<String>, to: &Path) -> Result<(), GitError> {
    if tags.is_empty() {
        return Ok(());
    }
    let ids: String = tags.iter().map(|id| format!("{id}\n")).collect();
    let cmd = git.in_dir(common_dir).args(["pack-objects", "-q"]).arg(to.join("objects/pack/pack"));
    git.read_with_input("copy the tags", &cmd, ids.as_bytes()).map(drop)
}

fn kinds(git: &Git, common_dir: &Path, ids: &BTreeSet<String>) -> Result<Kinds, GitError> {
    if ids.is_empty() {
        return Ok(Kinds::default());
    }
    let questions: String = ids.iter().map(|id| format!("{id}\n{id}^{{}}\n")).collect();
    let cmd = git.in_dir(common_dir).args(["cat-file", "--batch-check=%(objectname) %(objecttype)"]);
    let answers = git.read_with_input("look at the refs' objects", &cmd, questions.as_bytes())?.text();
    let answers: Vec<&str> = answers.lines().collect();
    let mut kinds = Kinds::default();
    for (id, answer) in ids.iter().zip(answers.chunks_exact(2)) {
        let (_, kind) = answer[0].split_once(' ').unwrap_or_default();
        let (peeled, peeled_kind) = answer[1].split_once(' ').unwrap_or_default();
        match (kind, peeled_kind) {
            ("missing", _) | (_, "missing") => drop(kinds.missing.insert(id.clone())),
            (_, "commit") => drop(kinds.commits.insert(peeled.to_owned())),
            _ => drop(kinds.others.insert(peeled.to_owned())),
        }
        if kind == "tag" && peeled_kind != "missing" {
            kinds.tags.insert(id.clone());
        }
    }
    Ok(kinds)
}

pub fn empty_tree(object_format: &str) -> &'static str {
    match object_format {
        "sha256" => "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
        _ => "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    }
}
