//! The refs of a run, in a bare repository of the run's own: what it keeps is in no ref of the user's repository, which neither
//! `git log --all` shows nor `git push --mirror` carries away.
//!
//! That repository borrows the user's objects under names of their own, which are there as long as the run is, whatever the
//! user deletes and collects. An older bn had the same refs in the user's repository; those of its runs stay there.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::git::host::config::ConfigText;
use crate::git::host::{Git, GitError, object_links, refs};
use crate::git::private::bare::{self, Skeleton};
use crate::git::private::run_git::{REPOSITORY, RunGit, prefix};
use crate::untrusted::remove;

/// In the user's git folder: one folder per run, on one file system with the objects.
const BORROWED: &str = "binnacle";
/// How long may be looked for what is missing.
const TIME_LIMIT: Duration = Duration::from_secs(120);
/// In such a folder: whose it is.
const OWNER: &str = "run";

/// Below the run's prefix: the commit from which it starts.
pub const START: &str = "old";

/// The objects that a run borrows, under names of the run's own.
pub fn objects(common_dir: &Path, run: &str) -> PathBuf {
    common_dir.join(BORROWED).join(run).join("objects")
}

/// Makes the repository, without a ref, and gives it all that the user's has by now: in the folder that was claimed for it. What an
/// earlier try left is replaced.
pub fn create(git: &Git, run: &RunGit, partial: bool) -> Result<Option<String>, GitError> {
    let common_dir = &run.checkout.common_dir;
    remove::folder(&run.folder.join(REPOSITORY))?;
    let mut config = ConfigText::bare();
    config.set("gc.auto", "0");
    if partial {
        bare::partial_clone(&mut config, &run.checkout.object_format);
    }
    let objects = [vec![objects(common_dir, &run.run)], bare::object_folders(common_dir)?].concat();
    let shallow = bare::optional(&common_dir.join("shallow"))?;
    let skeleton = Skeleton {
        object_format: &run.checkout.object_format,
        head: "ref: refs/heads/none",
        alternates: &objects,
        shallow: shallow.as_deref(),
        folders: bare::SMALL,
    };
    bare::create(&run.folder.join(REPOSITORY), &skeleton, config)?;
    let copied = borrow(git, run)?;
    Ok((copied > 0).then(|| {
        let size = copied.div_ceil(1 << 20);
        format!(
            "{size} MB of this repository's objects were copied for the run: its file system has no hard links for them"
        )
    }))
}

/// Makes the folder for the borrowed objects, which is this run's, or was one's that is gone.
pub fn claim(git: &Git, run: &RunGit) -> Result<(), GitError> {
    if git.rehearses() {
        return Ok(());
    }
    let objects = objects(&run.checkout.common_dir, &run.run);
    let folder = objects.parent().unwrap_or(&objects);
    let owner = bare::optional(&folder.join(OWNER))?.map(|path| PathBuf::from(crate::git::host::git::os(&path)));
    let own = run.folder.canonicalize().map_err(GitError::io("find", &run.folder))?;
    if owner.is_some_and(|owner| owner != own && owner.join(REPOSITORY).exists()) {
        return Err(GitError::NameTaken { name: run.run.clone(), folder: folder.to_owned() });
    }
    remove::folder(folder)?;
    fs::create_dir_all(objects.join("pack")).map_err(GitError::io("make", &objects))?;
    bare::write(folder, OWNER, own.as_os_str().as_encoded_bytes())
}

/// Borrows what the user's repository has by now. How many bytes had to be copied.
pub fn borrow(git: &Git, run: &RunGit) -> Result<u64, GitError> {
    match git.rehearses() || !run.has_own_refs() {
        true => Ok(0),
        false => object_links::link(&run.checkout.common_dir, &objects(&run.checkout.common_dir, &run.run)),
    }
}

/// Whether the repository that a run borrows from is still there, and is no other one that was made in its place.
pub fn has_its_source(run: &RunGit) -> bool {
    let common_dir = &run.checkout.common_dir;
    common_dir.exists() && (!run.has_own_refs() || objects(common_dir, &run.run).is_dir())
}

/// Whether git can be asked about the work of a run. A rehearsal marks no repository, and asks all the same.
pub fn can_be_asked(git: &Git, run: &RunGit) -> bool {
    has_its_source(run) || git.rehearses() && run.checkout.common_dir.exists()
}

/// Writes down the commit from which the run starts, and what the agent is shown, sorted by name: a later fetch brings nothing of that
/// again.
pub fn remember_shown(
    run: &RunGit,
    shown: impl IntoIterator<Item = (impl AsRef<[u8]>, impl AsRef<str>)>,
) -> Result<(), GitError> {
    if !run.has_own_refs() {
        return Ok(());
    }
    let under = |name: &[u8]| [b"refs/shown/", name.strip_prefix(b"refs/").unwrap_or(name)].concat();
    let start = (run.reference(START).into_bytes(), run.base().to_owned());
    let shown = shown.into_iter().map(|(name, id)| (under(name.as_ref()), id.as_ref().to_owned()));
    let refs = refs::packed([start].into_iter().chain(shown));
    let shallow = bare::optional(&run.checkout.common_dir.join("shallow"))?;
    shallow.map_or(Ok(()), |text| bare::replace(&run.kept(), "shallow", &text))?;
    bare::replace(&run.kept(), "packed-refs", &refs.0)
}

fn mark(run: &str) -> String {
    format!("kept for the run {run} of binnacle\n")
}

/// Gives the user's repository what was taken over, until the run is forgotten.
pub fn lend(run: &RunGit) -> Result<(), GitError> {
    let objects = run.checkout.common_dir.join("objects");
    object_links::lend(&run.kept().join("objects"), &objects, &mark(&run.run))
        .map_err(GitError::io("write to", &objects))
}

/// Whether the user's repository has all that a commit leads to. What its branches have counts as whole, as it does for git.
pub fn is_whole(git: &Git, run: &RunGit, commit: &str) -> bool {
    let common_dir = &run.checkout.common_dir;
    let branches = run.checkout.branch_ref().into_iter().chain([run.target.reference()]);
    let known: Vec<String> =
        branches.filter_map(|branch| refs::commit(git, common_dir, &branch).ok().flatten()).collect();
    let input: String = known.iter().map(|id| format!("^{id}\n")).chain([format!("{commit}\n")]).collect();
    let cmd = git.in_dir(common_dir).args(["rev-list", "--objects", "--quiet", "--stdin"]);
    // Where they are elsewhere by now, another one may be near.
    let cmd = if known.iter().any(|id| id == run.base()) { cmd } else { cmd.args(["--not", "--all"]) };
    git.capture_within(&cmd, input.as_bytes(), TIME_LIMIT).is_ok_and(|answer| answer.success())
}

/// Fetches the objects of `work`, a ref of the run, into the user's repository. They stay there until the run is forgotten.
pub fn fetch_work(git: &Git, run: &RunGit, work: &str) -> Result<(), GitError> {
    let common_dir = &run.checkout.common_dir;
    if refs::commit(git, &run.kept(), work)?.is_none() {
        return Ok(());
    }
    // The objects that the work builds on may be gone from the user's repository by now.
    let cmd = git.fetching(common_dir, &run.kept());
    let cmd =
        cmd.args(["-c", "fetch.fsckObjects=false", "-c", "transfer.fsckObjects=false", "-c", "fetch.unpackLimit=1"]);
    let cmd =
        cmd.args(["-c", "fetch.prune=false", "fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-prune"]);
    let cmd =
        cmd.args(["--no-auto-gc", "--no-recurse-submodules", "--upload-pack", crate::git::host::git::UPLOAD_PACK]);
    git.read("take over the work", &cmd.arg(run.kept()).arg(work)).map(drop)
}

/// Gives a repository that was just made, and that no one else knows yet, a ref of the run.
pub fn write(run: &RunGit, name: &str, id: &str) -> Result<(), GitError> {
    let folder = run.kept().join(prefix(&run.run));
    fs::create_dir_all(&folder).map_err(GitError::io("make", &folder))?;
    bare::write(&folder, name, format!("{id}\n").as_bytes())
}

/// Returns once the disk has what `remember_shown` wrote: of the run and of its submodules the commit that they start from.
pub fn settle(run: &RunGit) -> Result<(), GitError> {
    let synced = |run: &RunGit| {
        let path = run.kept().join("packed-refs");
        fs::File::open(&path).and_then(|file| file.sync_all()).map_err(GitError::io("write", &path))
    };
    synced(run)?;
    run.submodules().iter().try_for_each(synced)
}

/// Removes it all at the end of a run that keeps nothing. Of a rehearsal nothing is in the user's repository.
pub fn end(git: &Git, run: &RunGit) -> Result<(), GitError> {
    match git.rehearses() {
        true => Ok(remove::folder(&run.folder.join(REPOSITORY))?),
        false => remove(&run.checkout.common_dir, &run.run, &run.folder),
    }
}

/// Removes the repository of the run, and all that it borrowed or lent.
pub fn remove(common_dir: &Path, run: &str, folder: &Path) -> Result<(), GitError> {
    let borrowed = common_dir.join(BORROWED).join(run);
    let owner = bare::optional(&borrowed.join(OWNER))?;
    let own = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    // Another run of this name may be at work here by now: of somebody else.
    if owner.is_none_or(|owner| owner == own.as_os_str().as_encoded_bytes()) {
        let objects = common_dir.join("objects");
        object_links::release(&objects, &mark(run)).map_err(GitError::io("write to", &objects))?;
        remove::folders(&[borrowed, folder.join(REPOSITORY)])?;
        // The last one takes the folder above with it.
        drop(fs::remove_dir(common_dir.join(BORROWED)));
    }
    Ok(remove::folder(&folder.join(REPOSITORY))?)
}

/// Finds the user's repository of a run of which only the folder is known: its own repository names it as an alternate.
pub fn repository_of(folder: &Path) -> Result<Option<PathBuf>, GitError> {
    let Some(text) = bare::optional(&folder.join(REPOSITORY).join("objects/info/alternates"))? else { return Ok(None) };
    let run = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let common_dir = bare::alternates_in(&text).next().and_then(|first| first.ancestors().nth(3).map(Path::to_owned));
    Ok(common_dir.filter(|common_dir| objects(common_dir, &run).is_dir()))
}

/// Removes what the copy of a discarded run still borrows, where its refs could not be bundled. A later run of the name keeps its own.
pub fn expire(copy: &Path, runs: &Path) -> Result<(), GitError> {
    let Some(text) = bare::optional(&copy.join(REPOSITORY).join("objects/info/alternates"))? else { return Ok(()) };
    let Some(borrowed) = bare::alternates_in(&text).next().and_then(|first| first.parent().map(Path::to_owned)) else {
        return Ok(());
    };
    let run = borrowed.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let owner = runs.join(&run);
    let common_dir =
        borrowed.ancestors().nth(2).filter(|_| borrowed.parent().is_some_and(|above| above.ends_with(BORROWED)));
    // The latest copy of that name is the one that it is for.
    let copies = copy.parent().and_then(|copies| fs::read_dir(copies).ok()).into_iter().flatten().flatten();
    let others = copies.map(|entry| entry.path()).filter(|other| other != copy && other.join(REPOSITORY).exists());
    let is_last = !others
        .into_iter()
        .any(|other| other.file_name().is_some_and(|name| name.to_string_lossy().starts_with(&format!("{run}-"))));
    match common_dir.filter(|_| is_last && borrowed.join(OWNER).exists() && !owner.exists()) {
        Some(common_dir) => remove(common_dir, &run, &runs.canonicalize().map_or(owner, |runs| runs.join(&run))),
        None => Ok(()),
    }
}

/// The repositories of the other runs beside this one.
pub fn of_others(run: &RunGit) -> BTreeSet<PathBuf> {
    let runs = run.folder.parent().and_then(|runs| fs::read_dir(runs).ok());
    let folders = runs.into_iter().flatten().flatten().map(|entry| entry.path()).filter(|folder| *folder != run.folder);
    folders.map(|folder| folder.join(REPOSITORY)).filter(|kept| kept.join("config").is_file()).collect()
}
