//! A run's private git folder: what the agent's git works in.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failpoint::{self, Point};
use crate::git::host::checkout::{Checkout, Layout};
use crate::git::host::config::{Config, ConfigText};
use crate::git::host::repository::canonical;
use crate::git::host::snapshot::{self, Copy};
use crate::git::host::target::Target;
use crate::git::host::{Git, GitError, in_tree, lfs, refs};
use crate::git::private::bare::{self, Skeleton};
use crate::git::private::hooks::{self, Hooks, Inside};
use crate::git::private::mounts::{self, GitMount, Parts};
use crate::git::private::run_git::{Folder, prefix};
use crate::git::private::{RunGit, Start, config, gitlinks, hook_programs, ignored, own_refs, publish};
use crate::sanitize;
use crate::untrusted::nested::{self, Closed};
use crate::untrusted::{remove, sockets};

/// More nested git folders than this cannot be kept apart by mounts.
const MOST_NESTED: usize = 100;
/// A file of ours that says where the private folder is, inside.
const DOT_GIT: &str = "dot-git";
/// An empty folder of ours.
const EMPTY: &str = "empty";
/// An empty file of ours, on which nobody listens.
const NOBODY: &str = "nobody";

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
}

/// A run whose git is prepared, and what there is to say of that.
#[derive(Debug)]
pub struct Prepared {
    pub git: RunGit,
    pub mounts: Vec<GitMount>,
    /// `HOOK=PROGRAM`: what the user's hooks start, where they run inside.
    pub hook_programs: Vec<String>,
    /// To be told to the user before the start.
    pub notes: Vec<String>,
}

/// What the host's repository and the checkout say of a run to come.
struct Survey {
    config: Config,
    /// Object folders of the host, and where they are, inside.
    objects: Vec<(PathBuf, PathBuf)>,
    hooks: Hooks,
    hooks_inside: Inside,
    /// Sockets that are covered, relative to the worktree.
    sockets: Vec<PathBuf>,
    gitlinks: Vec<PathBuf>,
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

    fn programs(&self) -> Vec<String> {
        let hooks = self.mounted_hooks().map(hook_programs::of_folder).unwrap_or_default();
        hooks.into_iter().chain(self.filter_programs.clone()).collect()
    }

    fn mounts(&self, run: &RunGit) -> Vec<GitMount> {
        mounts::all(&Parts {
            worktree: &run.checkout.worktree,
            layout: run.checkout.layout,
            private: &run.private(),
            view: &run.view(),
            dot_git: &run.folder.join(DOT_GIT),
            empty: &run.folder.join(EMPTY),
            objects: &self.objects,
            lfs: &mounts::lfs(&lfs::store(&run.checkout.common_dir, &self.config), &self.objects),
            hooks: self.mounted_hooks(),
            nested: &run.start.nested,
            gitlinks: &self.gitlinks,
            nobody: &run.folder.join(NOBODY),
            sockets: &self.sockets,
        })
    }
}

/// Makes the private folder, the view and the refs below the run's own folder. What an earlier try left is replaced.
pub fn prepare(git: &Git, request: Request<'_>) -> Result<Prepared, GitError> {
    check_name(git, request.run, request.checkout)?;
    fs::create_dir_all(request.folder).map_err(GitError::io("make", request.folder))?;
    let (run, survey) = survey(git, request)?;
    clear(&run)?;
    let kept = keep_start(git, &run, &survey)?;
    let built = build(git, &run, &survey)?;
    Ok(Prepared {
        mounts: survey.mounts(&run),
        hook_programs: survey.programs(),
        notes: kept.into_iter().chain(built).collect(),
        git: run,
    })
}

/// Reads, and changes nothing.
fn survey(git: &Git, request: Request<'_>) -> Result<(RunGit, Survey), GitError> {
    let (checkout, worktree) = (request.checkout, &request.checkout.worktree);
    let folder = canonical(request.folder)?;
    if folder.starts_with(worktree) {
        return Err(GitError::HoldsState { worktree: worktree.clone(), folder });
    }
    let search = nested::search(worktree, Closed::LeaveAlone);
    refuse_too_many(worktree, search.found.len())?;
    let gitlinks = gitlinks::uninitialised(git, checkout, &search.found)?;
    refuse_too_many(worktree, gitlinks.len())?;
    let sockets = sockets::to_cover(worktree, &search)?;
    let dot_git = match checkout.layout {
        Layout::Linked => Some(dot_git_text(worktree)?),
        Layout::Plain => None,
    };
    let config = Config::read(git, git.in_tree(&checkout.git_dir, worktree), worktree)?;
    // Those under names of the run's own stay, whatever becomes of the others.
    let borrowed = own_refs::objects(&checkout.common_dir, request.run);
    let objects = mounts::inside(&[bare::object_folders(&checkout.common_dir)?, vec![borrowed]].concat());
    let hooks = hooks::find(git, &config, checkout)?;
    let filter_programs = lfs_program(git, checkout, &config)?.into_iter().collect();
    let bare = search.bare.into_iter().map(Folder).collect();
    let run = RunGit {
        run: request.run.to_owned(),
        checkout: checkout.clone(),
        target: request.target.clone(),
        folder,
        start: Start { head: request.head, dot_git, nested: search.found, bare },
    };
    Ok((run, Survey { config, objects, hooks, hooks_inside: request.hooks, sockets, gitlinks, filter_programs }))
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

/// The name has to fit into refs as well.
fn check_name(git: &Git, run: &str, checkout: &Checkout) -> Result<(), GitError> {
    let cmd = git.in_dir(&checkout.common_dir).arg("check-ref-format").arg(format!("{}old", prefix(run)));
    match !run.contains('/') && git.capture(&cmd)?.success() {
        true => Ok(()),
        false => Err(GitError::RunName { name: run.to_owned() }),
    }
}

fn dot_git_text(worktree: &Path) -> Result<Vec<u8>, GitError> {
    let path = worktree.join(".git");
    crate::untrusted::nofollow::read_file(&path, nested::FILE_LIMIT).map_err(GitError::io("read", &path))
}

fn clear(run: &RunGit) -> Result<(), GitError> {
    Ok([run.private(), run.view(), run.taken()].iter().try_for_each(|folder| remove::folder(folder))?)
}

/// The starting commit and the user's uncommitted files get refs of their own.
/// Returns what to tell the user.
fn keep_start(git: &Git, run: &RunGit, survey: &Survey) -> Result<Vec<String>, GitError> {
    let copied = own_refs::create(git, run, config::is_partial_clone(&survey.config))?;
    let (repository, reference) = (run.kept(), run.reference("uncommitted"));
    refs::update(git, &repository, &run.reference("old"), run.base(), None)?;
    failpoint::reached(Point::BaseKept);
    let copy = Copy { head: run.base(), place: (&repository, &reference), scratch: &run.folder };
    let notes = snapshot::save(git, &run.checkout, &copy)?;
    failpoint::reached(Point::UncommittedKept);
    Ok(notes.into_iter().chain(copied).collect())
}

/// Makes the folders. Returns what to tell the user.
fn build(git: &Git, run: &RunGit, survey: &Survey) -> Result<Vec<String>, GitError> {
    let checkout = &run.checkout;
    let inside: Vec<PathBuf> = survey.objects.iter().map(|(_, inside)| inside.clone()).collect();
    let shallow = bare::optional(&checkout.common_dir.join("shallow"))?;
    let submodules = !run.start.nested.is_empty();
    let private = config::build(&survey.config, checkout, (&survey.hooks, survey.hooks_inside), submodules);
    let head = checkout.branch_ref().map_or_else(|| run.base().to_owned(), |branch| format!("ref: {branch}"));
    let view_head = format!("ref: {}", run.target.reference());
    let skeleton = |head| Skeleton {
        object_format: &checkout.object_format,
        head,
        alternates: &inside,
        shallow: shallow.as_deref(),
    };
    bare::create(&run.private(), &skeleton(&head), private.text)?;
    bare::create(&run.view(), &skeleton(&view_head), ConfigText::bare())?;
    failpoint::reached(Point::PrivateMade);
    copy_checkout_files(git, run)?;
    let missing = publish::refs(git, run)?;
    hooks::write_pre_push(&run.private())?;
    bare::write(&run.folder, DOT_GIT, format!("gitdir: {}\n", mounts::PRIVATE).as_bytes())?;
    let empty = run.folder.join(EMPTY);
    fs::create_dir_all(&empty).map_err(GitError::io("make", &empty))?;
    gitlinks::make(&checkout.worktree, &survey.gitlinks)?;
    bare::write(&run.folder, NOBODY, b"")?;
    let told = sockets::note(&survey.sockets).into_iter().chain(private.notes);
    Ok(told.chain(hooks_note(git, run, &survey.hooks)?).chain(broken_note(missing)).collect())
}

/// Hooks that lead into the tree although their folder does not lie there.
fn hooks_note(git: &Git, run: &RunGit, hooks: &Hooks) -> Result<Option<String>, GitError> {
    let led = hooks::in_trees(git, run)?;
    Ok(led.first().filter(|_| !matches!(hooks, Hooks::InTree(_))).map(|path| {
        let path = sanitize::path(path);
        format!(
            "your git has {path} of a checkout for a hook: look at what the agent made of it before you use git there"
        )
    }))
}

fn broken_note(count: usize) -> Option<String> {
    (count > 0).then(|| {
        format!("{count} refs of this repository name objects that are not there; the agent does not see them")
    })
}

fn copy_checkout_files(git: &Git, run: &RunGit) -> Result<(), GitError> {
    let (checkout, private) = (&run.checkout, run.private());
    snapshot::copy_index(git, checkout, &private.join("index"))?;
    bare::write(&private, "info/exclude", &ignored::excludes(git, checkout)?)?;
    let copies = [
        (checkout.common_dir.join("info/attributes"), "info/attributes"),
        (checkout.git_dir.join("info/sparse-checkout"), "info/sparse-checkout"),
    ];
    for (from, name) in copies {
        bare::optional(&from)?.map_or(Ok(()), |text| bare::write(&private, name, &text))?;
    }
    Ok(())
}
