//! A run's private git folder: what the agent's git works in.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failpoint::{self, Point};
use crate::git::host::config::{Config, ConfigText};
use crate::git::host::snapshot::{self, Copy};
use crate::git::host::{Git, GitError};
use crate::git::private::bare::{self, Skeleton};
use crate::git::private::hooks::{self, Hooks};
use crate::git::private::mounts::{self, GitMount};
use crate::git::private::run_git::MODULES;
use crate::git::private::survey::{DOT_GIT, EMPTY, NOBODY, Survey, nested_notes, survey};
use crate::git::private::{RunGit, config, ignored, kept_git, publish, submodules};
use crate::sanitize;
use crate::untrusted::{remove, sockets};

pub use crate::git::host::snapshot::Asked;
pub use crate::git::private::survey::Request;

/// In the folder for a submodule: which repository it is of.
pub const REPOSITORY_OF: &str = "repository";

/// The git of a run to come: its folders are in their places, to be mounted, and there is nothing in them yet.
pub struct Laid {
    pub git: RunGit,
    pub mounts: Vec<GitMount>,
    /// `HOOK=PROGRAM`: what the user's hooks start, where they run inside.
    pub hook_programs: Vec<String>,
    survey: Survey,
    is_settled: bool,
    /// Whether an earlier run has seen this very index.
    knows_index: bool,
}

/// Makes the folders below the run's own. What an earlier try left goes.
pub fn lay(git: &Git, request: Request<'_>) -> Result<Laid, GitError> {
    check_name(request.run)?;
    fs::create_dir_all(request.folder).map_err(GitError::io("make", request.folder))?;
    let (tree, knows_index) = (request.tree, snapshot::is_known(request.checkout)?);
    let (run, survey) = survey(git, request)?;
    remove::folder(&run.folder.join(MODULES))?;
    make_places(git, &run)?;
    for (inner, _) in &survey.submodules {
        fs::create_dir_all(&inner.folder).map_err(GitError::io("make", &inner.folder))?;
        // Before anything is made there, for whoever has to undo it.
        bare::write(&inner.folder, REPOSITORY_OF, inner.checkout.common_dir.as_os_str().as_encoded_bytes())?;
        make_places(git, inner)?;
    }
    submodules::make(&run.checkout.worktree, &survey.uninitialised)?;
    let (mounts, hook_programs) = (survey.mounts(&run), survey.programs());
    Ok(Laid { mounts, hook_programs, git: run, survey, is_settled: tree.is_settled(), knows_index })
}

impl Laid {
    /// Asks which files are not committed.
    pub fn ask(&self, git: &Git) -> Result<Asked, GitError> {
        snapshot::ask_by_copy(git, &self.git.checkout, self.is_settled)
    }

    /// Fills the folders. Returns what to tell the user.
    pub fn fill(self, git: &Git, uncommitted: Asked) -> Result<(RunGit, Vec<String>), GitError> {
        let Self { git: run, survey, knows_index, .. } = self;
        let mut notes = fill(git, &run, &survey, uncommitted)?;
        // Git had its chance to write it anew.
        if knows_index && !git.rehearses() {
            snapshot::keep_copy(&run.checkout)?;
        }
        for (inner, survey) in &survey.submodules {
            let said = fill_submodule(git, inner, survey, &notes)?;
            notes.extend(said);
        }
        Ok((run, notes))
    }
}

/// What is mounted of one repository.
fn make_places(git: &Git, run: &RunGit) -> Result<(), GitError> {
    [run.private(), run.view(), run.taken()].iter().try_for_each(|folder| remove::folder(folder))?;
    for folder in [run.private(), run.view(), run.folder.join(EMPTY)] {
        fs::create_dir_all(&folder).map_err(GitError::io("make", &folder))?;
    }
    let (inside_private, _) = mounts::places(run.submodule.as_ref().map(|inner| inner.number));
    bare::write(&run.folder, DOT_GIT, format!("gitdir: {}\n", inside_private.display()).as_bytes())?;
    bare::write(&run.folder, NOBODY, b"")?;
    kept_git::claim(git, run)
}

/// Fills what a run has of one repository. Returns what to tell the user.
fn fill(git: &Git, run: &RunGit, survey: &Survey, uncommitted: Asked) -> Result<Vec<String>, GitError> {
    let copied = kept_git::create(git, run, config::is_partial_clone(&survey.config))?;
    failpoint::reached(Point::KeptMade);
    let built = build(git, run, survey)?;
    copy_checkout_files(git, run, &survey.config)?;
    let (checkout, index) = (&run.checkout, run.private().join("index"));
    let copy = snapshot::copy_index(git, checkout, &index)?;
    // Last: in a large worktree git takes its time to say what is not committed. It may have written the index anew, then.
    let kept = keep_uncommitted(git, run, uncommitted)?;
    if snapshot::index(checkout)? != copy {
        snapshot::copy_index(git, checkout, &index)?;
    }
    Ok(kept.into_iter().chain(copied).chain(built).collect())
}

/// The same for a submodule. What `said` has is not said again.
fn fill_submodule(git: &Git, run: &RunGit, survey: &Survey, said: &[String]) -> Result<Vec<String>, GitError> {
    let place = sanitize::path(run.submodule.as_ref().map_or(Path::new(""), |inner| &inner.path));
    let uncommitted = snapshot::ask(git, &run.checkout)?;
    let notes = fill(git, run, survey, uncommitted)?.into_iter().filter(|note| !said.contains(note));
    Ok(notes.map(|note| format!("in the submodule {place}: {note}")).collect())
}

/// The name has to fit into refs as well, between two slashes: of what git allows there, all that is no letter, digit, `-`, `_` or single
/// `.` in between is left out.
fn check_name(run: &str) -> Result<(), GitError> {
    let plain = run.chars().all(|letter| letter.is_alphanumeric() || "-_.".contains(letter));
    match plain && !run.is_empty() && !run.starts_with('.') && !run.contains("..") && !run.ends_with(".lock") {
        true => Ok(()),
        false => Err(GitError::RunName { name: run.to_owned() }),
    }
}

/// The user's uncommitted files get a ref of their own. Returns what to tell the user.
fn keep_uncommitted(git: &Git, run: &RunGit, uncommitted: Asked) -> Result<Vec<String>, GitError> {
    let (repository, reference) = (run.kept(), run.reference("uncommitted"));
    let copy = Copy { head: run.base(), place: (&repository, &reference), scratch: &run.folder };
    let notes = snapshot::save(git, &run.checkout, uncommitted, &copy)?;
    if git.rehearses() && !notes.is_empty() {
        // Which commit it would be is not known.
        kept_git::write(run, "uncommitted", snapshot::empty_tree(&run.checkout.object_format))?;
    }
    failpoint::reached(Point::UncommittedKept);
    Ok(notes)
}

/// Makes the repositories that the agent gets. Returns what to tell the user.
fn build(git: &Git, run: &RunGit, survey: &Survey) -> Result<Vec<String>, GitError> {
    let checkout = &run.checkout;
    let inside: Vec<PathBuf> = survey.objects.iter().map(|(_, inside)| inside.clone()).collect();
    let shallow = bare::optional(&checkout.common_dir.join("shallow"))?;
    let (_, inside_view) = mounts::places(run.submodule.as_ref().map(|inner| inner.number));
    let private =
        config::build(&survey.config, checkout, (&survey.hooks, survey.hooks_inside), &survey.ways, &inside_view);
    let head = checkout.branch_ref().map_or_else(|| run.base().to_owned(), |branch| format!("ref: {branch}"));
    let view_head = format!("ref: {}", run.target.reference());
    let skeleton = |head, folders| Skeleton {
        folders,
        object_format: &checkout.object_format,
        head,
        alternates: &inside,
        shallow: shallow.as_deref(),
    };
    bare::create(&run.private(), &skeleton(&head, bare::WHOLE), private.text)?;
    bare::create(&run.view(), &skeleton(&view_head, bare::SMALL), ConfigText::bare())?;
    failpoint::reached(Point::PrivateMade);
    let missing = publish::refs(git, run)?;
    hooks::write_pre_push(&run.private(), survey.ways.pre_push())?;
    let told = sockets::note(&survey.sockets).into_iter().chain(private.notes).chain(nested_notes(run, survey));
    Ok(told.chain(hooks_note(git, run, &survey.hooks)?).chain(broken_note(missing)).collect())
}

/// Hooks that lead into the tree although their folder does not lie there.
fn hooks_note(git: &Git, run: &RunGit, hooks: &Hooks) -> Result<Option<String>, GitError> {
    // The folders of a submodule are in the tree, too.
    let led = if run.submodule.is_some() { Vec::new() } else { hooks::in_trees(git, run)? };
    Ok(led.first().filter(|_| !matches!(hooks, Hooks::InTree(_))).map(|path| {
        let path = sanitize::path(path);
        format!(
            "your git runs {path} of a checkout as a hook: look at what the agent changed in it before you use git there"
        )
    }))
}

fn broken_note(count: usize) -> Option<String> {
    (count > 0)
        .then(|| format!("{count} refs of this repository name missing objects; the agent does not see these refs"))
}

fn copy_checkout_files(git: &Git, run: &RunGit, config: &Config) -> Result<(), GitError> {
    let (checkout, private) = (&run.checkout, run.private());
    bare::write(&private, "info/exclude", &ignored::excludes(git, config, checkout)?)?;
    let copies = [
        (checkout.common_dir.join("info/attributes"), "info/attributes"),
        (checkout.git_dir.join("info/sparse-checkout"), "info/sparse-checkout"),
    ];
    for (from, name) in copies {
        bare::optional(&from)?.map_or(Ok(()), |text| bare::write(&private, name, &text))?;
    }
    Ok(())
}
