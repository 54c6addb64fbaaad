//! A run's private git folder: what the agent's git works in.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failpoint::{self, Point};
use crate::git::host::checkout::{Checkout, Layout};
use crate::git::host::config::{Config, ConfigText};
use crate::git::host::pins::Kinds;
use crate::git::host::target::Target;
use crate::git::host::{Git, GitError, in_tree, lfs, refs, snapshot};
use crate::git::private::RunGit;
use crate::git::private::bare::{self, Skeleton};
use crate::git::private::hooks::{self, Hooks, Inside};
use crate::git::private::mounts::{self, Parts};
use crate::git::private::run_git::{Folder, prefix};
use crate::git::private::{config, gitlinks, hook_programs, ignored, publish};
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
}

/// Makes the private folder, the view and the pins below `folder`, the run's own. What an earlier try left is replaced.
pub fn prepare(
    git: &Git,
    checkout: Checkout,
    target: Target,
    run: &str,
    folder: &Path,
    hooks: Inside,
) -> Result<RunGit, GitError> {
    check_name(git, run, &checkout)?;
    fs::create_dir_all(folder).map_err(GitError::io("make", folder))?;
    let folder = crate::git::host::repository::canonical(folder)?;
    let (mut run, survey) = survey(git, checkout, target, run, &folder, hooks)?;
    clear(&run)?;
    keep_start(git, &mut run)?;
    build(git, &mut run, &survey)?;
    Ok(run)
}

/// Reads, and changes nothing.
fn survey(
    git: &Git,
    checkout: Checkout,
    target: Target,
    run: &str,
    folder: &Path,
    hooks_inside: Inside,
) -> Result<(RunGit, Survey), GitError> {
    if folder.starts_with(&checkout.worktree) {
        return Err(GitError::HoldsState { worktree: checkout.worktree, folder: folder.to_owned() });
    }
    let search = nested::search(&checkout.worktree, Closed::LeaveAlone);
    if search.found.len() > MOST_NESTED {
        let (path, count) = (checkout.worktree, search.found.len());
        return Err(GitError::TooManyNested { path, count, limit: MOST_NESTED });
    }
    let gitlinks = gitlinks::uninitialised(git, &checkout, &search.found)?;
    if gitlinks.len() > MOST_NESTED {
        let (path, count) = (checkout.worktree, gitlinks.len());
        return Err(GitError::TooManyNested { path, count, limit: MOST_NESTED });
    }
    let sockets = sockets::to_cover(&checkout.worktree, &search)?;
    let dot_git = match checkout.layout {
        Layout::Linked => Some(dot_git_text(&checkout.worktree)?),
        Layout::Plain => None,
    };
    let config = Config::read(git, git.in_tree(&checkout.git_dir, &checkout.worktree), &checkout.worktree)?;
    let objects = mounts::inside(&bare::object_folders(&checkout.common_dir)?);
    let hooks = hooks::find(git, &config, &checkout)?;
    let mounted = match &hooks {
        Hooks::Folder(folder) if hooks_inside == Inside::Run => Some(folder.as_path()),
        _ => None,
    };
    let mut run = RunGit {
        run: run.to_owned(),
        checkout,
        target,
        folder: folder.to_owned(),
        dot_git,
        nested: search.found,
        bare: search.bare.into_iter().map(Folder).collect(),
        mounts: Vec::new(),
        hook_programs: mounted.map(hook_programs::of_folder).unwrap_or_default(),
        notes: Vec::new(),
    };
    run.hook_programs.extend(lfs_program(git, &run.checkout, &config)?);
    run.mounts = mounts::all(&Parts {
        worktree: &run.checkout.worktree,
        layout: run.checkout.layout,
        private: &run.private(),
        view: &run.view(),
        dot_git: &run.folder.join(DOT_GIT),
        empty: &run.folder.join(EMPTY),
        objects: &objects,
        lfs: &mounts::lfs(&lfs::store(&run.checkout.common_dir, &config), &objects),
        hooks: mounted,
        nested: &run.nested,
        gitlinks: &gitlinks,
        nobody: &run.folder.join(NOBODY),
        sockets: &sockets,
    });
    Ok((run, Survey { config, objects, hooks, hooks_inside, sockets, gitlinks }))
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
fn keep_start(git: &Git, run: &mut RunGit) -> Result<(), GitError> {
    refs::update(git, &run.checkout.common_dir, &run.reference("old"), run.base(), None)?;
    failpoint::reached(Point::BaseKept);
    let notes = snapshot::save(git, &run.checkout, &run.reference("uncommitted"), &run.folder)?;
    failpoint::reached(Point::UncommittedKept);
    run.notes.extend(notes);
    Ok(())
}

fn build(git: &Git, run: &mut RunGit, survey: &Survey) -> Result<(), GitError> {
    let checkout = &run.checkout;
    let inside: Vec<PathBuf> = survey.objects.iter().map(|(_, inside)| inside.clone()).collect();
    let shallow = bare::optional(&checkout.common_dir.join("shallow"))?;
    let private = config::build(&survey.config, checkout, (&survey.hooks, survey.hooks_inside), !run.nested.is_empty());
    let head = checkout.branch_ref().map_or_else(|| checkout.head.clone(), |branch| format!("ref: {branch}"));
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
    let published = publish::refs(git, run)?;
    hooks::write_pre_push(&run.private())?;
    bare::write(&run.folder, DOT_GIT, format!("gitdir: {}\n", mounts::PRIVATE).as_bytes())?;
    let empty = run.folder.join(EMPTY);
    fs::create_dir_all(&empty).map_err(GitError::io("make", &empty))?;
    gitlinks::make(&checkout.worktree, &survey.gitlinks)?;
    bare::write(&run.folder, NOBODY, b"")?;
    run.notes.extend(sockets::note(&survey.sockets));
    run.notes.extend(private.notes);
    run.notes.extend(hooks_note(git, run, &survey.hooks)?);
    run.notes.extend(broken_note(&published));
    Ok(())
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

fn broken_note(published: &Kinds) -> Option<String> {
    let count = published.missing.len();
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
