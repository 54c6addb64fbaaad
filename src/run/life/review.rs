//! The review of the agent's work: which of its files, committed or not, programs of the host run or obey.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::container::handoff::{Handoff, Unasked, classify, obeyed_unasked, question};
use crate::error::Failure;
use crate::git::collect::collected::{BranchOutcome, Collected};
use crate::git::host::checkout::Checkout;
use crate::git::host::links::Links;
use crate::git::host::{Git, show};
use crate::git::merge::{filters, incoming};
use crate::git::private::RunGit;
use crate::git::private::hooks;
use crate::run::record::folder::Folder;
use crate::run::record::hand_off::HandOff;
use crate::run::record::{RunError, store};
use crate::sanitize;
use crate::untrusted::files::{self, LooseFile};
use crate::untrusted::tree::{Tree, Wanted};

/// So many uncommitted files are named.
const MOST_LEFT: usize = 100;
/// So many are compared with what is committed.
const MOST_COMPARED: usize = 1000;

/// Looks through what a merge would bring to the target.
pub fn review(git: &Git, prepared: &RunGit, collected: &Collected) -> Result<Vec<HandOff>, Failure> {
    let changed = incoming::changes(git, prepared, &collected.head)?;
    if changed.is_empty() {
        return Ok(Vec::new());
    }
    let hooks = hooks::in_trees(git, prepared)?;
    let mut asking = Vec::new();
    let mut found = classify(changed.iter().map(|change| change.path.as_path()), &hooks);
    let links = Links::of(git, &prepared.checkout.common_dir, &collected.head)?;
    for path in changed.iter().map(|change| &change.path) {
        let obeyed_by = links.names_of(path).find_map(|name| obeyed_unasked(&name, &hooks));
        let is_new = found.held.iter().all(|held| held.path != *path);
        if let (true, Some(obeyed_by)) = (is_new, obeyed_by) {
            found.named.retain(|named| named.path != *path);
            found.held.push(Handoff { path: path.clone(), obeyed_by });
        }
    }
    for asked in filters::asked(git, prepared, &collected.head, &changed)? {
        let obeyed_by = format!("gives files to your git filter {}, which a checkout runs", asked.filter);
        asking.push(HandOff { path: sanitize::path(&asked.file), obeyed_by, held: true, uncommitted: false });
    }
    let listed = |held: bool| {
        move |handoff: Handoff| HandOff {
            path: sanitize::path(&handoff.path),
            obeyed_by: handoff.obeyed_by.to_owned(),
            held,
            uncommitted: false,
        }
    };
    Ok(asking
        .into_iter()
        .chain(found.held.into_iter().map(listed(true)))
        .chain(found.named.into_iter().map(listed(false)))
        .collect())
}

/// The worktree, as it is remembered from the last run in it: in its git folder, which goes with it, and which no agent has.
pub fn tree(checkout: &Checkout) -> Tree {
    let mut unasked = Unasked::by(&[]);
    let wanted = Wanted { question: question(), holds: Box::new(move |path| unasked.obeyed(path).is_some()) };
    Tree::remembered(&checkout.worktree, &memory(checkout), wanted)
}

fn memory(checkout: &Checkout) -> PathBuf {
    checkout.git_dir.join("binnacle-tree.json")
}

/// Remembers it for the next time. Without that the next run looks at all of it again, and no run fails for it.
fn remember_tree(git: &Git, checkout: &Checkout, tree: &Tree) {
    if !git.rehearses() {
        tree.remember(&memory(checkout)).ok();
    }
}

/// Records, before the agent starts, which of these files the worktree has.
pub fn remember(git: &Git, prepared: &RunGit, tree: &Tree, folder: &Folder) -> Result<(), Failure> {
    let path = folder.loose_before();
    let (loose, _) = obeyed(tree, &hooks::in_trees(git, prepared)?);
    remember_tree(git, &prepared.checkout, tree);
    let text = serde_json::to_vec(&loose).map_err(|error| RunError::io("write", &path, error.into()))?;
    Ok(store::write_durably(&path, &text, 0o600).map_err(|source| RunError::io("write", &path, source))?)
}

/// Returns, after the agent, those that are new or changed and in no commit, and a note for the user.
pub fn left_uncommitted(
    git: &Git,
    prepared: &RunGit,
    tree: &Tree,
    head: &str,
    folder: &Folder,
) -> Result<(Vec<HandOff>, Option<String>), Failure> {
    let path = folder.loose_before();
    let before: Vec<LooseFile> = match fs::read(&path) {
        // A run that an older bn has prepared: nothing can be said of it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok((Vec::new(), None)),
        Err(error) => return Err(RunError::io("read", &path, error).into()),
        Ok(text) => serde_json::from_slice(&text).map_err(|error| RunError::io("read", &path, error.into()))?,
    };
    let before: BTreeSet<LooseFile> = before.into_iter().collect();
    let hooks = hooks::in_trees(git, prepared)?;
    let (now, complete) = obeyed(tree, &hooks);
    remember_tree(git, &prepared.checkout, tree);
    let mut left = Vec::new();
    let mut new = now.into_iter().filter(|loose| !before.contains(loose)).enumerate();
    for (number, loose) in new.by_ref() {
        if left.len() >= MOST_LEFT {
            break;
        }
        if number < MOST_COMPARED && show::is_committed(git, &prepared.checkout, [head, prepared.base()], &loose.path)?
        {
            continue;
        }
        let obeyed_by = obeyed_unasked(&loose.path, &hooks).unwrap_or_default().to_owned();
        left.push(HandOff { path: sanitize::path(&loose.path), obeyed_by, held: false, uncommitted: true });
    }
    let more = new.count();
    let note = match (complete, more) {
        (true, 0) => None,
        (true, more) => {
            Some(format!("{more} more files in the worktree may be of the kind that your tools obey without asking"))
        }
        (false, _) => Some("the worktree is too large to be searched for files that your tools obey".to_owned()),
    };
    Ok((left, note))
}

fn obeyed(tree: &Tree, hooks: &[PathBuf]) -> (Vec<LooseFile>, bool) {
    let mut unasked = Unasked::by(hooks);
    // Which files are hooks is for the user's git to say, and not for their names.
    let has_hooks = |folder: &Path| hooks.iter().any(|hook| folder.starts_with(hook) || hook.parent() == Some(folder));
    files::find(tree, has_hooks, |path| unasked.obeyed(path).is_some())
}

/// Why a person has to review this before it is merged, if they have to.
pub fn reason_to_review(handed_over: &[HandOff], collected: &Collected) -> Option<String> {
    let files = handed_over.iter().filter(|file| file.held).map(|file| format!("{} ({})", file.path, file.obeyed_by));
    let packed = match &collected.branch {
        BranchOutcome::Packed { why } => Some(why.clone()),
        _ => None,
    };
    let reasons: Vec<String> = packed.into_iter().chain(collected.holds.iter().cloned()).chain(files).collect();
    (!reasons.is_empty()).then(|| format!("look at this before it is merged: {}", reasons.join(", ")))
}
