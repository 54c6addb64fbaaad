//! Git's own checks on the way from the taken objects into the host's repository.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::File;
use std::time::{Duration, Instant};

use crate::failpoint::{self, Point};
use crate::git::collect::plan::{HISTORY, MOST_NOTES, OFFERED, Plan, WORK, WantedRef};
use crate::git::host::git::{UPLOAD_PACK, complaint};
use crate::git::host::{Git, GitError, refs};
use crate::git::private::RunGit;
use crate::git::private::bare;
use crate::process::{Cmd, ProcessError};

/// How long one step may take on what an agent made.
pub const TIME_LIMIT: Duration = Duration::from_secs(120);
/// The largest single allocation of git. An object that needs more is not taken over.
const MEMORY_LIMIT: &str = "1g";
/// After a failure together, so many refs are tried one by one.
const MOST_SINGLE: usize = 50;
/// More refs than this are not written out to the disk one by one, but together.
const MOST_SYNCED: usize = 50;
/// What a host should never check out, whatever the user's own configuration allows.
pub const CHECKS: &[&str] = &[
    "hasDot",
    "hasDotdot",
    "hasDotgit",
    "fullPathname",
    "emptyName",
    "duplicateEntries",
    "treeNotSorted",
    "gitmodulesBlob",
    "gitmodulesLarge",
    "gitmodulesMissing",
    "gitmodulesName",
    "gitmodulesSymlink",
    "gitmodulesUrl",
    "gitmodulesPath",
    "gitmodulesUpdate",
    "nullSha1",
    "badDateOverflow",
];

/// What old histories really have in the lines about their people and times, and what harms nobody.
pub const TOLERATED: &[&str] = &[
    "badDate",
    "badEmail",
    "badName",
    "badTimezone",
    "missingEmail",
    "missingNameBeforeEmail",
    "missingSpaceBeforeDate",
    "missingSpaceBeforeEmail",
    "multipleAuthors",
    "zeroPaddedDate",
];

pub fn limited(cmd: Cmd) -> Cmd {
    cmd.env("GIT_ALLOC_LIMIT", MEMORY_LIMIT)
}

/// Fetches the agent's own branch first and alone, where it is not there yet, then the other refs, so that one bad ref cannot spoil the rest.
pub fn all(git: &Git, run: &RunGit, plan: &mut Plan) -> Result<(), GitError> {
    let (mut work, mut others): (Vec<&mut WantedRef>, Vec<&mut WantedRef>) =
        plan.wanted.iter_mut().partition(|wanted| wanted.place == WORK);
    work.retain(|wanted| !wanted.done);
    if let Some(reason) = fetch(git, run, &mut work)? {
        // Another try would come to the same end: what can be taken is, and the rest stays where it is.
        plan.lost = Some(reason);
        plan.complete = false;
    }
    failpoint::reached(Point::WorkTaken);
    if fetch(git, run, &mut others)?.is_some() {
        let mut notes = one_by_one(git, run, &mut others)?;
        plan.complete = false;
        plan.notes.append(&mut notes);
    }
    failpoint::reached(Point::RefsTaken);
    Ok(())
}

fn one_by_one(git: &Git, run: &RunGit, wanted: &mut [&mut WantedRef]) -> Result<Vec<String>, GitError> {
    let mut notes = Vec::new();
    let begun = Instant::now();
    for (number, wanted) in wanted.iter_mut().enumerate() {
        if begun.elapsed() > TIME_LIMIT {
            notes.push(format!("{} and the refs after it were not taken over: that took too long", wanted.name));
            break;
        }
        if number == MOST_SINGLE {
            notes.push(format!("more than {MOST_SINGLE} refs of the agent's could not be taken over together"));
            break;
        }
        if let Some(reason) = fetch(git, run, &mut [wanted])? {
            notes.push(format!("{} was not taken over: {reason}", wanted.name));
        }
    }
    Ok(notes)
}

/// Fetches all of these refs or none, and returns the reason in that case. Several are all offered refs but the starting branch.
fn fetch(git: &Git, run: &RunGit, wanted: &mut [&mut WantedRef]) -> Result<Option<String>, GitError> {
    // Nothing on standard input would mean what the configuration of the remote says.
    if wanted.is_empty() {
        return Ok(None);
    }
    let lines = match wanted {
        // One by one costs git the square of their number.
        [_, _, ..] => format!("+{OFFERED}more/*:{}*\n", run.reference("")),
        _ => wanted.iter().map(|wanted| format!("+{}:{}\n", wanted.offered(), run.reference(&wanted.place))).collect(),
    };
    let answer = match git.capture_within(&limited(command(git, run, wanted.len())), lines.as_bytes(), TIME_LIMIT) {
        Err(GitError::Process(slow @ ProcessError::Slow { .. })) => return Ok(Some(slow.to_string())),
        other => other?,
    };
    if wanted.len() > MOST_SYNCED {
        let store = run.kept();
        let sync = || Ok(rustix::fs::syncfs(File::open(&store)?)?);
        sync().map_err(GitError::io("write out", &store))?;
    }
    wanted.iter_mut().for_each(|wanted| wanted.done = answer.success());
    Ok((!answer.success()).then(|| complaint(&answer)))
}

fn command(git: &Git, run: &RunGit, count: usize) -> Cmd {
    let mut cmd = git.fetching(&run.kept(), &run.taken());
    let settings =
        ["fetch.fsckObjects=true", "fetch.unpackLimit=1", "fetch.writeCommitGraph=false", "fetch.prune=false"];
    if count > MOST_SYNCED {
        cmd = cmd.args(["-c", "core.fsync=none"]);
    }
    let limits = ["core.bigFileThreshold=16m", "pack.threads=1", "fetch.fsck.skipList=/dev/null"];
    for setting in settings.iter().chain(&limits) {
        cmd = cmd.arg("-c").arg(setting);
    }
    cmd = CHECKS.iter().fold(cmd, |cmd, check| cmd.arg("-c").arg(format!("fetch.fsck.{check}=error")));
    cmd = TOLERATED.iter().fold(cmd, |cmd, check| cmd.arg("-c").arg(format!("fetch.fsck.{check}=ignore")));
    cmd =
        cmd.args(["fetch", "--quiet", "--no-tags", "--no-write-fetch-head", "--no-auto-gc", "--no-recurse-submodules"]);
    cmd = cmd.args(["--no-prune", "--no-prune-tags", "--no-auto-maintenance", "--upload-pack", UPLOAD_PACK]);
    cmd.arg("--stdin").arg(run.taken())
}

/// Drops what is no commit, or not there, and puts what only reflogs name under one commit.
pub fn check(git: &Git, run: &RunGit, plan: &mut Plan, kinds: &BTreeMap<String, String>) -> Result<(), GitError> {
    let kind_of = |id: &str| kinds.get(id).map_or("missing", String::as_str);
    let (good, bad): (Vec<WantedRef>, Vec<WantedRef>) =
        std::mem::take(&mut plan.wanted).into_iter().partition(|wanted| {
            let kind = kind_of(&wanted.id);
            kind == "commit" || kind == "tag" && wanted.place.starts_with("tags/")
        });
    plan.wanted = good;
    plan.complete &= bad.is_empty();
    for wanted in bad.iter().take(MOST_NOTES) {
        let kind = kind_of(&wanted.id);
        let what = if kind == "missing" { "is not there".to_owned() } else { format!("is a {kind}") };
        plan.notes.push(format!("{} was not taken over: {} {what}", wanted.name, wanted.id));
    }
    if let Some(work) = bad.iter().find(|wanted| wanted.place == WORK) {
        plan.lost = Some(format!("there is no commit {}, which {} names", work.id, work.name));
    }
    let taken: BTreeSet<&String> = plan.wanted.iter().map(|wanted| &wanted.id).collect();
    let lost: BTreeSet<String> =
        plan.logged.iter().filter(|id| kind_of(id) == "commit" && !taken.contains(id)).cloned().collect();
    let lost = unreachable_from(git, run, lost, &taken)?;
    if !lost.is_empty() {
        let id = commit_with_parents(git, run, &lost)?;
        plan.add(HISTORY.to_owned(), "commits that only reflogs name".to_owned(), id);
    }
    bare::write(&run.taken(), "packed-refs", &refs::packed(plan.refs()).0)
}

/// What kind of object each id names in the taken folder.
pub fn kinds(git: &Git, run: &RunGit, ids: &BTreeSet<&str>) -> Result<BTreeMap<String, String>, GitError> {
    let questions: String = ids.iter().map(|id| format!("{id}\n")).collect();
    let cmd = limited(git.in_dir(&run.taken()).args(["cat-file", "--batch-check=%(objectname) %(objecttype)"]));
    let answer = git.capture_within(&cmd, questions.as_bytes(), TIME_LIMIT)?;
    // An object that git cannot read ends the answers: all ids after it count as missing.
    let text = answer.text();
    Ok(text
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(id, kind)| (id.to_owned(), kind.to_owned()))
        .collect())
}

/// Returns the commits that no other commit here and no branch that the agent was shown can reach.
fn unreachable_from(
    git: &Git,
    run: &RunGit,
    commits: BTreeSet<String>,
    others: &BTreeSet<&String>,
) -> Result<BTreeSet<String>, GitError> {
    if commits.is_empty() {
        return Ok(commits);
    }
    let wanted: String = commits.iter().map(|id| format!("{id}\n")).collect();
    let shown = run.shown_branches()?;
    let known: String = others.iter().copied().chain(&shown).map(|id| format!("^{id}\n")).collect();
    let input = format!("{wanted}{known}^{}\n", run.base());
    let cmd = limited(git.in_dir(&run.taken()).args(["rev-list", "--stdin"]));
    let answer = git.capture_within(&cmd, input.as_bytes(), TIME_LIMIT)?;
    if !answer.success() {
        // An object is missing: fetching ref by ref finds out which commits are whole.
        return Ok(commits);
    }
    let text = answer.text();
    let outside: HashSet<&str> = text.lines().collect();
    Ok(commits.into_iter().filter(|id| outside.contains(id.as_str())).collect())
}

/// Writes one commit with these parents into the taken folder, so that one ref keeps them all.
fn commit_with_parents(git: &Git, run: &RunGit, ids: &BTreeSet<String>) -> Result<String, GitError> {
    let tree = crate::git::host::snapshot::empty_tree(&run.checkout.object_format);
    let parents: String = ids.iter().map(|id| format!("parent {id}\n")).collect();
    let who = "binnacle <binnacle@localhost> 0 +0000";
    let text = format!("tree {tree}\n{parents}author {who}\ncommitter {who}\n\ncommits that only reflogs name\n");
    let cmd = git.in_dir(&run.taken()).args(["hash-object", "-t", "commit", "-w", "--stdin"]);
    Ok(git.read_with_input("keep what reflogs name", &cmd, text.as_bytes())?.text())
}
