//! Gives a run up: it blocks no other run any more, and a copy of it is kept for a while.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};

use crate::error::Failure;
use crate::git::collect::bundle::{self, Source};
use crate::git::collect::{run_refs, submodules};
use crate::git::host::Git;
use crate::git::private::prepare::REPOSITORY_OF;
use crate::git::private::{RunGit, bare, kept_git};
use crate::run::life::{landed, prepare, sign_in, tell};
use crate::run::record::census::Seen;
use crate::run::record::folder::Folder;
use crate::run::record::run::Run;
use crate::run::record::run_json::Record;
use crate::run::record::{RunError, store};
use crate::untrusted::{nested, remove};

/// How long a copy is kept.
pub const DAYS: u64 = 30;

/// What is kept of a run that was given up.
#[derive(Debug)]
pub struct Copy {
    pub folder: PathBuf,
    /// Where there were commits that git can still read.
    pub bundle: Option<PathBuf>,
    pub notes: Vec<String>,
}

/// Gives a run up that nobody owns and whose container is gone.
pub fn run(run: &Run, git: &Git, now: DateTime<Utc>) -> Result<Copy, Failure> {
    let spec = &run.record.spec;
    let mut notes = Vec::new();
    let bundle = run.folder.bundle();
    let there = match run.git() {
        Some(prepared) if kept_git::has_its_source(&prepared) => keep(git, &prepared, &bundle, &mut notes)?,
        _ => keep_files(&run.folder).map(|()| false)?,
    };
    if let Err(error) = tell::given_up(&run.record, "discarded") {
        notes.push(format!("the task graph could not be updated: {error}"));
    }
    prepare::remove_secrets(spec)?;
    sign_in::end(run)?;
    let folder = put_aside(&run.folder, now)?;
    Ok(Copy { bundle: there.then(|| folder.join(bundle.file_name().unwrap_or_default())), folder, notes })
}

/// Gives up a run whose record cannot be read: only its folder is known.
///
/// Returns the git folder of its repository too, where that can be found.
pub fn unreadable(folder: &Folder, git: &Git, now: DateTime<Utc>) -> Result<(Copy, Option<PathBuf>), Failure> {
    keep_files(folder)?;
    let (path, bundle) = (folder.path(), folder.bundle());
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let (mut notes, mut there) = (Vec::new(), false);
    let repository = kept_git::repository_of(path)?;
    match &repository {
        None => notes.push(format!("an older bn may have left refs of it: git for-each-ref refs/binnacle/runs/{name}")),
        Some(common_dir) => match bundle::create_of_refs(git, path, &bundle) {
            Ok(made) => {
                run_refs::forget(git, common_dir, &name, path)?;
                there = made;
            }
            Err(error) => notes.push(format!("the commits of its refs could not be bundled: {error}")),
        },
    }
    let folder = put_aside(folder, now)?;
    let bundle = there.then(|| folder.join(bundle.file_name().unwrap_or_default()));
    Ok((Copy { folder, bundle, notes }, repository))
}

/// Bundles what there is, and removes what was bundled. Whether there is a bundle.
fn keep(git: &Git, prepared: &RunGit, bundle: &Path, notes: &mut Vec<String>) -> Result<bool, Failure> {
    let (common, name) = (&prepared.checkout.common_dir, &prepared.run);
    notes.extend(keep_lfs(&prepared.folder)?);
    for inner in prepared.submodules() {
        notes.extend(keep_submodule(git, &inner)?);
    }
    match bundle::create(git, prepared, Source::All, bundle) {
        Ok(there) => {
            run_refs::abandon(git, common, name, &prepared.folder)?;
            return Ok(there);
        }
        Err(error) => {
            notes.push(format!("not all of its commits could be bundled; the files are kept as they are: {error}"))
        }
    }
    keep_files(&Folder::new(&prepared.folder))?;
    match bundle::create(git, prepared, Source::Taken, bundle) {
        Ok(there) => {
            run_refs::forget(git, common, name, &prepared.folder)?;
            Ok(there)
        }
        Err(error) => {
            notes.push(format!("the commits of its refs could not be bundled: {error}"));
            Ok(false)
        }
    }
}

/// The same for what the run has of a submodule.
fn keep_submodule(git: &Git, inner: &RunGit) -> Result<Option<String>, Failure> {
    keep_lfs(&inner.folder)?;
    let (path, bundle) = (submodules::path(inner), submodules::bundle(inner));
    let there = inner.checkout.common_dir.exists();
    let made = [Source::All, Source::Taken]
        .into_iter()
        .find_map(|source| there.then(|| bundle::create(git, inner, source, &bundle)).transpose().ok().flatten());
    let name = bundle.strip_prefix(inner.folder.parent().and_then(Path::parent).unwrap_or(Path::new("/")));
    let shown = name.unwrap_or(&bundle).display().to_string();
    match made {
        Some(true) => Ok(Some(format!("the commits of the submodule {path} are in {shown} of the copy"))),
        Some(false) => Ok(None),
        None => {
            keep_files(&Folder::new(&inner.folder))?;
            // Its refs are all that there is of them.
            bare::remove(&inner.folder, REPOSITORY_OF)?;
            Ok(Some(format!(
                "the commits in the submodule {path} could not be bundled; its files are kept as they are"
            )))
        }
    }
}

/// Keeps the agent's Git LFS objects that were not taken over: a bundle has their pointers alone.
fn keep_lfs(folder: &Path) -> Result<Option<String>, Failure> {
    let from = folder.join("git/lfs");
    if !fs::symlink_metadata(&from).is_ok_and(|found| found.is_dir()) {
        return Ok(None);
    }
    let failed = |source| RunError::io("keep", &from, source);
    nested::make_accessible(&from).and_then(|()| fs::rename(&from, folder.join("lfs"))).map_err(failed)?;
    Ok(Some("what the agent stored with Git LFS is in lfs/objects of the copy".to_owned()))
}

/// The agent's repository without what makes it one: no git of anybody's is to open it.
fn keep_files(folder: &Folder) -> Result<(), Failure> {
    let private = folder.path().join("git");
    for name in ["HEAD", "config"] {
        match private.join(name).is_dir() {
            true => remove::folder(&private.join(name))?,
            false => bare::remove(&private, name)?,
        }
    }
    Ok(())
}

fn put_aside(folder: &Folder, now: DateTime<Utc>) -> Result<PathBuf, Failure> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |source| RunError::io("move", &path, source)
    };
    let runs = folder.path().parent().unwrap_or(Path::new("/"));
    let discarded = runs.with_file_name("discarded");
    store::create_private(&discarded).map_err(io(&discarded))?;
    let name = folder.path().file_name().unwrap_or_default().to_string_lossy();
    let target = discarded.join(format!("{name}-{}", now.format("%Y%m%dT%H%M%SZ")));
    fs::rename(folder.path(), &target).map_err(io(folder.path()))?;
    store::sync_folder(&discarded).map_err(io(&discarded))?;
    // Its age counts from here.
    fs::File::open(&target).and_then(|file| file.set_modified(SystemTime::now())).map_err(io(&target))?;
    Ok(target)
}

/// Whether there is a copy of the run that had this folder and this session.
pub fn has_copy(folder: &Path, session: &str) -> bool {
    let begin = format!("{}-", folder.file_name().unwrap_or_default().to_string_lossy());
    let discarded = folder.parent().unwrap_or(Path::new("/")).with_file_name("discarded");
    let copies = fs::read_dir(discarded).into_iter().flatten().flatten();
    copies
        .filter(|copy| copy.file_name().to_string_lossy().starts_with(&begin))
        .any(|copy| Record::load(&Folder::new(copy.path())).is_ok_and(|record| record.spec.session == session))
}

/// Removes the copies that are older than [`DAYS`].
pub fn expire(repositories: &Path) -> Result<(), Failure> {
    for copy in expired(repositories) {
        let runs = copy.parent().unwrap_or(&copy).with_file_name("runs");
        kept_git::expire(&copy, &runs)?;
        remove::folder(&copy)?;
    }
    Ok(())
}

/// The copies that are older than that.
pub fn expired(repositories: &Path) -> Vec<PathBuf> {
    let read = |path: &Path| fs::read_dir(path).into_iter().flatten().flatten().map(|entry| entry.path());
    let copies = read(repositories).flat_map(|repository| read(&repository.join("discarded")).collect::<Vec<_>>());
    let age = |copy: &PathBuf| fs::symlink_metadata(copy).ok()?.modified().ok()?.elapsed().ok();
    copies.filter(|copy| age(copy).is_some_and(|age| age > Duration::from_secs(DAYS * 24 * 60 * 60))).collect()
}

/// Returns what exists in this run alone, for the question whether it may be discarded.
pub fn only_there(seen: &Seen, git: &Git) -> Vec<String> {
    let Some(prepared) = seen.git() else { return Vec::new() };
    let mut only = Vec::new();
    match landed::kept(&seen.record, &seen.folder, git) {
        Ok(kept) => only.extend(kept.into_iter().map(|kept| format!("{}: {}", kept.what, kept.get))),
        Err(error) => only.push(format!("the commits of its refs, which cannot be read ({error})")),
    }
    if prepared.private().exists() {
        let why = if seen.record.collected.is_some() { "could not be taken over" } else { "is not taken over yet" };
        only.push(format!("what the agent committed, which {why}"));
    }
    only
}
