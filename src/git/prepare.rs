//! A run's private git folder: what the agent's git works in.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::bare::{self, Skeleton};
use super::checkout::{Checkout, Layout};
use super::config::{Config, ConfigText};
use super::mounts::{self, GitMount, Parts};
use super::nested::{self, NestedGit};
use super::pins::{self, Kinds, Pins};
use super::refs::{self, RefMap};
use super::target::Target;
use super::{Git, GitError, ignored, path_json, private_config, snapshot, view};
use crate::failpoint::{self, Point};

/// More nested git folders than this cannot be kept apart by mounts.
const MOST_NESTED: usize = 100;

/// Everything about git that a run has to remember. Stored in the run's record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunGit {
    /// The run's name.
    pub run: String,
    pub checkout: Checkout,
    pub target: Target,
    /// The run's own folder on the host; what git needs is below it.
    #[serde(with = "path_json")]
    pub folder: PathBuf,
    /// The text of the worktree's `.git`, where that is a file.
    pub dot_git: Option<Vec<u8>>,
    /// Git folders below the top, as they were before.
    pub nested: Vec<NestedGit>,
    pub mounts: Vec<GitMount>,
    /// To be told to the user before the start.
    pub notes: Vec<String>,
}

impl RunGit {
    /// The commit that the agent starts from.
    pub fn base(&self) -> &str {
        &self.checkout.head
    }

    /// The agent's repository: the agent writes it, and no git of the host ever runs on it.
    pub fn private(&self) -> PathBuf {
        self.folder.join("git")
    }

    /// The read-only repository through which the agent sees the host's branches.
    pub fn view(&self) -> PathBuf {
        self.folder.join("view")
    }

    /// Where the agent's objects are put before git may look at them.
    pub fn taken(&self) -> PathBuf {
        self.folder.join("taken")
    }

    /// A ref of the run's own.
    pub fn reference(&self, name: &str) -> String {
        format!("{}{name}", prefix(&self.run))
    }

    /// The branch that the agent starts on is the one to merge into.
    pub fn works_on_target(&self) -> bool {
        self.checkout.branch.as_deref() == Some(self.target.branch.as_str())
    }

    /// What the agent's refs were at the start. Kept outside the private folder.
    pub fn start_refs(&self) -> Result<RefMap, GitError> {
        Ok(bare::optional(&self.folder.join("start-refs"))?.map(|text| refs::unpacked(&text)).unwrap_or_default())
    }

    pub(super) fn pins_prefix(&self) -> String {
        prefix(&self.run)
    }
}

/// Where all refs of a run are.
pub fn prefix(run: &str) -> String {
    format!("refs/binnacle/runs/{run}/")
}

/// Makes the private folder, the view and the pins below `folder`, the run's own. What an earlier try left is replaced.
pub fn prepare(git: &Git, checkout: Checkout, target: Target, run: &str, folder: &Path) -> Result<RunGit, GitError> {
    check_name(git, run, &checkout)?;
    let search = nested::search(&checkout.worktree)?;
    if search.found.len() > MOST_NESTED {
        let (path, count) = (checkout.worktree, search.found.len());
        return Err(GitError::TooManyNested { path, count, limit: MOST_NESTED });
    }
    let dot_git = match checkout.layout {
        Layout::Linked => Some(dot_git_text(&checkout.worktree)?),
        Layout::Plain => None,
    };
    let mut run = RunGit {
        run: run.to_owned(),
        checkout,
        target,
        folder: folder.to_owned(),
        dot_git,
        nested: search.found,
        mounts: Vec::new(),
        notes: Vec::new(),
    };
    clear(&run)?;
    keep_start(git, &mut run)?;
    build(git, &mut run)?;
    Ok(run)
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
    super::nofollow::read_file(&path, 64 << 10).map_err(GitError::io("read", &path))
}

fn clear(run: &RunGit) -> Result<(), GitError> {
    fs::create_dir_all(&run.folder).map_err(GitError::io("make", &run.folder))?;
    [run.private(), run.view(), run.taken()].iter().try_for_each(|folder| super::remove::folder(folder))
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

fn build(git: &Git, run: &mut RunGit) -> Result<(), GitError> {
    let checkout = &run.checkout;
    let config = Config::read(git, git.in_tree(&checkout.git_dir, &checkout.worktree), &checkout.worktree)?;
    let objects = mounts::inside(&bare::object_folders(&checkout.common_dir)?);
    let inside: Vec<PathBuf> = objects.iter().map(|(_, inside)| inside.clone()).collect();
    let shallow = bare::optional(&checkout.common_dir.join("shallow"))?;
    let private = private_config::build(&config, checkout, !run.nested.is_empty());
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
    copy_checkout_files(git, run)?;
    let published = hand_over_refs(git, run)?;
    let hooks = hooks(&run.private(), private.hooks)?;
    bare::write(&run.folder, "dot-git", format!("gitdir: {}\n", mounts::PRIVATE).as_bytes())?;
    let empty = run.folder.join("empty");
    fs::create_dir_all(&empty).map_err(GitError::io("make", &empty))?;
    let mounts = mounts::all(&Parts {
        worktree: &checkout.worktree,
        layout: checkout.layout,
        private: &run.private(),
        view: &run.view(),
        dot_git: &run.folder.join("dot-git"),
        empty: &empty,
        objects: &objects,
        hooks: hooks.as_deref(),
        nested: &run.nested,
    });
    run.mounts = mounts;
    run.notes.extend(private.notes);
    run.notes.extend(broken_note(&published));
    Ok(())
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

/// Pins all that is shown, then shows it: as the agent's own refs, as those of its remote `host`, and in the view.
fn hand_over_refs(git: &Git, run: &RunGit) -> Result<Kinds, GitError> {
    let checkout = &run.checkout;
    let listed = refs::list(git, &checkout.common_dir, &["refs/heads", "refs/tags", "refs/remotes", "refs/notes"])?;
    let ids: BTreeSet<String> = listed.iter().map(|found| found.id.clone()).chain([checkout.head.clone()]).collect();
    let index = run.private().join("index");
    let tree = if index.exists() { Some(snapshot::index_tree(git, checkout, &index)?) } else { None };
    let prefix = run.pins_prefix();
    let pins = Pins { common_dir: &checkout.common_dir, prefix: &prefix, object_format: &checkout.object_format };
    let kinds = pins.hold(git, &ids, tree.as_deref())?;
    failpoint::reached(Point::Pinned);
    for folder in [run.private(), run.view()] {
        pins::copy_tags(git, &checkout.common_dir, &kinds.tags, &folder)?;
    }
    let shown: Vec<_> = listed.into_iter().filter(|found| !kinds.missing.contains(&found.id)).collect();
    view::write(run, &view::published(&shown))?;
    let mut own = RefMap::new();
    for found in &shown {
        own.extend(agents_refs(found));
        if let Some(target) = &found.symref {
            write_symref(&run.private(), &found.name, target)?;
        }
    }
    own.extend(checkout.branch_ref().map(|branch| (branch.into_bytes(), checkout.head.clone())));
    let text = refs::packed(&own);
    bare::write(&run.private(), "packed-refs", &text)?;
    bare::write(&run.folder, "start-refs", &text)?;
    Ok(kinds)
}

/// A host ref as the agent has it: branches twice, the user's own remote called `host` not at all.
fn agents_refs(found: &refs::HostRef) -> Vec<(Vec<u8>, String)> {
    if found.name.starts_with(b"refs/remotes/host/") {
        return Vec::new();
    }
    let tracking = found.name.strip_prefix(b"refs/heads/").map(|branch| [&b"refs/remotes/host/"[..], branch].concat());
    let own = found.symref.is_none().then(|| found.name.clone());
    own.into_iter().chain(tracking).map(|name| (name, found.id.clone())).collect()
}

/// Ref names of the host have passed git's own rules: no `..`, no leading slash.
fn write_symref(private: &Path, name: &[u8], target: &[u8]) -> Result<(), GitError> {
    let path = private.join(super::host::os(name));
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(GitError::io("make", folder))?;
    }
    fs::write(&path, [b"ref: ", target, b"\n"].concat()).map_err(GitError::io("write", &path))
}

/// The user's hooks where there are any; else one that says where pushes go.
fn hooks(private: &Path, users: Option<PathBuf>) -> Result<Option<PathBuf>, GitError> {
    use std::os::unix::fs::PermissionsExt;
    let path = private.join("hooks/pre-push");
    let text = "#!/bin/sh\necho 'nothing to push: your commits are taken over when you are done' >&2\nexit 1\n";
    fs::write(&path, text)
        .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o755)))
        .map_err(GitError::io("write", &path))?;
    Ok(users)
}
