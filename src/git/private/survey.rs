//! What the host's repository and the checkout say of a run to come.

use std::path::{Path, PathBuf};

use crate::git::host::checkout::{Checkout, Layout};
use crate::git::host::config::Config;
use crate::git::host::repository::canonical;
use crate::git::host::target::Target;
use crate::git::host::{Git, GitError, in_tree, lfs};
use crate::git::private::hooks::{self, Hooks, Inside};
use crate::git::private::mounts::{self, GitMount, Parts};
use crate::git::private::run_git::{Folder, SubmoduleStart};
use crate::git::private::ways::Ways;
use crate::git::private::{RunGit, Start, bare, hook_programs, kept_git, submodules};
use crate::sanitize;
use crate::untrusted::nested::{self, Closed};
use crate::untrusted::sockets;
use crate::untrusted::tree::Tree;

/// More nested git folders than this cannot be kept apart by mounts.
const MOST_NESTED: usize = 100;
/// A file of ours that says where the private folder is, inside.
pub const DOT_GIT: &str = "dot-git";
/// An empty folder of ours.
pub const EMPTY: &str = "empty";
/// An empty file of ours, on which nobody listens.
pub const NOBODY: &str = "nobody";

/// Before the name of a filter, among the programs that the image has to have.
const FILTER_WORD: &str = "filter.";

/// What was resolved of a run to come, as far as git is concerned.
pub struct Request<'a> {
    /// The run's name.
    pub run: &'a str,
    /// The run's own folder.
    pub folder: &'a Path,
    pub checkout: &'a Checkout,
    pub target: &'a Target,
    /// Id of the commit that is checked out.
    pub head: String,
    pub hooks: Inside,
    pub ways: Ways,
    /// The worktree.
    pub tree: &'a Tree,
}

/// What the host's repository and the checkout say of a run to come.
pub struct Survey {
    pub config: Config,
    /// Object folders of the host, and where they are, inside.
    pub objects: Vec<(PathBuf, PathBuf)>,
    pub hooks: Hooks,
    pub hooks_inside: Inside,
    pub ways: Ways,
    /// Sockets that are covered, relative to the worktree.
    pub sockets: Vec<PathBuf>,
    /// Folders of submodules without a git folder, relative to the worktree.
    pub uninitialised: Vec<PathBuf>,
    /// Submodules that the agent cannot have, relative to the worktree, and why.
    closed: Vec<(PathBuf, String)>,
    pub submodules: Vec<(RunGit, Survey)>,
    /// `filter.NAME=PROGRAM`: what git's filters start.
    filter_programs: Vec<String>,
}

impl Survey {
    /// The user's hooks, where they are bound into the container.
    fn mounted_hooks(&self) -> Option<&Path> {
        match &self.hooks {
            Hooks::Folder(folder) if self.hooks_inside == Inside::Run => Some(folder),
            _ => None,
        }
    }

    pub fn programs(&self) -> Vec<String> {
        let hooks = self.mounted_hooks().map(hook_programs::of_folder).unwrap_or_default();
        hooks.into_iter().chain(self.filter_programs.clone()).collect()
    }

    fn lfs(&self, run: &RunGit) -> Vec<(PathBuf, PathBuf)> {
        mounts::lfs(&lfs::store(&run.checkout.common_dir, &self.config), &self.objects)
    }

    fn of_submodule(&self, run: &RunGit, path: &Path) -> mounts::Submodule {
        mounts::Submodule {
            path: path.to_owned(),
            layout: run.checkout.layout,
            private: run.private(),
            view: run.view(),
            dot_git: run.folder.join(DOT_GIT),
            objects: self.objects.iter().cloned().chain(self.lfs(run)).collect(),
        }
    }

    pub fn mounts(&self, run: &RunGit) -> Vec<GitMount> {
        let inner = self.submodules.iter().filter_map(|(inner, survey)| {
            inner.submodule.as_ref().map(|submodule| survey.of_submodule(inner, &submodule.path))
        });
        let closed: Vec<PathBuf> = self.closed.iter().map(|(path, _)| path.clone()).collect();
        mounts::all(&Parts {
            worktree: &run.checkout.worktree,
            layout: run.checkout.layout,
            private: &run.private(),
            view: &run.view(),
            dot_git: &run.folder.join(DOT_GIT),
            empty: &run.folder.join(EMPTY),
            objects: &self.objects,
            lfs: &self.lfs(run),
            hooks: self.mounted_hooks(),
            nested: &run.start.nested,
            submodules: &inner.collect::<Vec<_>>(),
            uninitialised: &self.uninitialised,
            closed: &closed,
            nobody: &run.folder.join(NOBODY),
            sockets: &self.sockets,
        })
    }
}

/// Reads, and changes nothing.
pub fn survey(git: &Git, request: Request<'_>) -> Result<(RunGit, Survey), GitError> {
    let (checkout, worktree) = (request.checkout, &request.checkout.worktree);
    let folder = canonical(request.folder)?;
    if folder.starts_with(worktree) {
        return Err(GitError::HoldsState { worktree: worktree.clone(), folder });
    }
    let search = nested::search(request.tree, Closed::LeaveAlone);
    refuse_too_many(worktree, search.found.len())?;
    let found = submodules::find(git, checkout, &search.found)?;
    refuse_too_many(worktree, found.uninitialised.len() + found.open.len() + found.closed.len())?;
    let sockets = sockets::to_mask(worktree, &search)?;
    let dot_git = dot_git_text(checkout)?;
    let config = Config::read(git, git.in_tree(&checkout.git_dir, worktree), worktree)?;
    let objects = mounts::inside(&borrowed(checkout, request.run)?, &mounts::objects_of(None));
    let hooks = hooks::find(git, &config, checkout)?;
    let filter_programs = lfs_program(git, checkout, &config)?.into_iter().collect();
    let bare = search.bare.into_iter().map(Folder).collect();
    let starts = found.open.into_iter().map(|(path, inner)| submodule_start(path, inner));
    let submodules = starts.collect::<Result<_, GitError>>()?;
    let run = RunGit {
        run: request.run.to_owned(),
        checkout: checkout.clone(),
        target: request.target.clone(),
        folder,
        start: Start { head: request.head, dot_git, nested: search.found, bare, submodules },
        submodule: None,
    };
    let submodules = run
        .submodules()
        .into_iter()
        .map(|inner| survey_submodule(git, inner, &request.ways))
        .collect::<Result<_, _>>()?;
    let (uninitialised, closed) = (found.uninitialised, found.closed);
    let (hooks_inside, ways) = (request.hooks, request.ways);
    let survey = Survey {
        config,
        objects,
        hooks,
        hooks_inside,
        ways,
        sockets,
        uninitialised,
        closed,
        submodules,
        filter_programs,
    };
    Ok((run, survey))
}

/// The object folders that the agent borrows from. Those under names of the run's own stay, whatever becomes of the others.
fn borrowed(checkout: &Checkout, run: &str) -> Result<Vec<PathBuf>, GitError> {
    let own = kept_git::objects(&checkout.common_dir, run);
    Ok([bare::object_folders(&checkout.common_dir)?, vec![own]].concat())
}

fn submodule_start(path: PathBuf, checkout: Checkout) -> Result<SubmoduleStart, GitError> {
    let (head, dot_git) = (checkout.head.clone(), dot_git_text(&checkout)?);
    let start = Start { head, dot_git, nested: Vec::new(), bare: Vec::new(), submodules: Vec::new() };
    Ok(SubmoduleStart { path: Folder(path), checkout, start })
}

/// The user's hooks for a submodule stay outside.
fn survey_submodule(git: &Git, run: RunGit, ways: &Ways) -> Result<(RunGit, Survey), GitError> {
    let checkout = &run.checkout;
    let config = Config::read(git, git.in_tree(&checkout.git_dir, &checkout.worktree), &checkout.worktree)?;
    let place = mounts::objects_of(run.submodule.as_ref().map(|inner| inner.number));
    let survey = Survey {
        config,
        objects: mounts::inside(&borrowed(checkout, &run.run)?, &place),
        hooks: Hooks::None,
        hooks_inside: Inside::LeftOut,
        ways: ways.of_submodule(),
        sockets: Vec::new(),
        uninitialised: Vec::new(),
        closed: Vec::new(),
        submodules: Vec::new(),
        filter_programs: Vec::new(),
    };
    Ok((run, survey))
}

fn refuse_too_many(worktree: &Path, count: usize) -> Result<(), GitError> {
    match count > MOST_NESTED {
        true => Err(GitError::TooManyNested { path: worktree.to_owned(), count, limit: MOST_NESTED }),
        false => Ok(()),
    }
}

/// Where there are files of Git LFS, the image has to have it.
fn lfs_program(git: &Git, checkout: &Checkout, config: &Config) -> Result<Option<String>, GitError> {
    if !lfs::is_set_up(config) || !lfs::store(&checkout.common_dir, config).exists() {
        return Ok(None);
    }
    let filters = [lfs::FILTER.to_owned()];
    let file = in_tree::filtered_file(git, &checkout.git_dir, &checkout.worktree, &filters)?;
    Ok(file.map(|_| format!("{FILTER_WORD}{}=git-lfs", lfs::FILTER)))
}

/// The text of a checkout's `.git`, where that is a file.
fn dot_git_text(checkout: &Checkout) -> Result<Option<Vec<u8>>, GitError> {
    let path = checkout.worktree.join(".git");
    let read = || crate::untrusted::nofollow::read_file(&path, nested::FILE_LIMIT).map_err(GitError::io("read", &path));
    (checkout.layout == Layout::Linked).then(read).transpose()
}

/// Notes about the git folders in the tree that the agent does not get.
pub fn nested_notes(run: &RunGit, survey: &Survey) -> Vec<String> {
    let closed = survey.closed.iter().map(|(path, why)| {
        format!("the submodule {} is an empty folder for the agent, and stays as it is: {why}", sanitize::path(path))
    });
    let is_known = |path: &Path| {
        let known =
            run.start.submodules.iter().map(|inner| &inner.path.0).chain(survey.closed.iter().map(|(path, _)| path));
        known.into_iter().any(|known| path.parent().is_some_and(|path| path == known))
            || survey.closed.iter().any(|(closed, _)| path.starts_with(closed))
    };
    let others = run.start.nested.iter().map(|nested| &nested.path).filter(|path| !is_known(path)).count();
    let others = (others > 0).then(|| "other repositories in the tree are left as they are".to_owned());
    closed.chain(others).collect()
}
