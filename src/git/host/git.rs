//! The one place that runs git on the host.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::process::{Begun, Bounds, Captured, Cmd, Conversation, Runner, UNKNOWN, last_line};

use crate::git::host::GitError;
use crate::git::host::ahead::Ahead;
use crate::git::host::lasting::{Lasting, is_one_of};
use crate::git::host::open::Open;
use crate::sanitize;

/// Settings that no repository and no user can override.
const SAFE: &[&str] = &[
    // Nothing of a repository is run.
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.alternateRefsCommand=true",
    "submodule.recurse=false",
    // No network and no other transport than a folder of this machine.
    "protocol.allow=never",
    "protocol.file.allow=always",
    // Derived data can be stale or forged; the objects themselves are asked.
    "core.commitGraph=false",
    "core.multiPackIndex=false",
    // Nothing starts in the background, and what was written is on the disk.
    "gc.auto=0",
    "maintenance.auto=false",
    "core.fsync=all",
    // Another git of the user's may hold a lock for a moment. Milliseconds.
    "core.filesRefLockTimeout=5000",
    "core.packedRefsTimeout=10000",
];

/// What agents made is in every repository that this git reads: a few objects can ask for all of a machine.
const BOUNDS: Bounds = Bounds { memory: 2 << 30, processor: 600 };

/// The user's own choice of configuration files is kept; every other GIT_ variable is dropped.
const KEPT: &[&str] = &["GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_NOSYSTEM"];

/// The other side of a fetch from a folder of this machine, as git gives it to a shell.
pub const UPLOAD_PACK: &str =
    "git -c 'safe.directory=*' -c 'transfer.hideRefs=!refs' -c 'uploadpack.hideRefs=!refs' upload-pack";

/// The commands that change nothing. (`config`, `symbolic-ref` and `status` do not as they are used here.)
const READING: &[&str] = &[
    "cat-file",
    "check-attr",
    "check-ref-format",
    "cherry",
    "config",
    "diff-files",
    "diff-index",
    "diff-tree",
    "for-each-ref",
    "ls-files",
    "ls-tree",
    "remote get-url",
    "rev-list",
    "rev-parse",
    "show-ref",
    "status",
    "symbolic-ref",
    "worktree list",
];

/// Builds host git commands and runs them.
#[derive(Clone, Debug)]
pub struct Git {
    runner: Runner,
    /// Set for every command; tests bring a home of their own.
    env: Vec<(OsString, OsString)>,
    remembered: Option<Remembered>,
    /// What was asked, and git has still to say.
    ahead: Ahead,
    recent: Arc<Mutex<Vec<Answer>>>,
    lasting: Lasting,
    open: Open,
}

/// What was asked, the answer, and when it was given.
type Answer = (Cmd, Captured, Instant);

/// Answers to questions that were asked before.
#[derive(Clone, Debug)]
struct Remembered {
    answers: Arc<Mutex<Vec<Answer>>>,
    questions: &'static [&'static str],
    /// How old an answer may be.
    most: Option<Duration>,
}

/// What is asked twice within a moment for a review.
const RECENT: &[&str] = &["config --list", "worktree list"];
const MOMENT: Duration = Duration::from_secs(1);

/// What is asked again and again, and what no step of a run's beginning changes. (`rev-parse --path-format` asks where a repository is,
/// `rev-parse --verify` and `for-each-ref --count=1` where a ref is.)
const REMEMBERED: &[&str] = &[
    "config --list",
    "worktree list",
    "rev-parse --path-format=absolute",
    "rev-parse --verify",
    "for-each-ref --count=1",
];

impl Git {
    pub fn new(runner: Runner) -> Self {
        let inherited = KEPT.iter().filter_map(|name| Some((OsString::from(name), crate::env::git_variable(name)?)));
        Self {
            runner,
            env: inherited.collect(),
            remembered: None,
            ahead: Ahead::default(),
            recent: Arc::default(),
            lasting: Lasting::default(),
            open: Open::default(),
        }
    }

    /// The same git, which asks once what the user's configuration and checkouts are: for as long as nothing is decided on them
    /// that would do harm a moment later.
    pub fn remembering(&self) -> Self {
        let new = || Remembered { answers: Arc::default(), questions: REMEMBERED, most: None };
        Self { remembered: Some(self.remembered.clone().unwrap_or_else(new)), ..self.clone() }
    }

    /// The same git, for a review: what the user's configuration and checkouts are may be an answer of a moment ago.
    pub fn lately(&self) -> Self {
        let recent = || Remembered { answers: self.recent.clone(), questions: RECENT, most: Some(MOMENT) };
        Self { remembered: Some(self.remembered.clone().unwrap_or_else(recent)), ..self.clone() }
    }

    /// The same git, which knows what the other one has been told.
    pub fn sharing(&self, other: &Git) -> Self {
        Self { remembered: other.remembered.clone(), ahead: other.ahead.clone(), ..self.clone() }
    }

    #[cfg(test)]
    pub fn with_env(mut self, key: &str, value: impl Into<OsString>) -> Self {
        self.env.push((key.into(), value.into()));
        self
    }

    /// Git with the safe settings and without a repository; only discovery and `in_dir` start from here.
    fn bare_command(&self) -> Cmd {
        self.command(&["--no-optional-locks"])
    }

    fn command(&self, options: &[&str]) -> Cmd {
        let mut cmd = Cmd::new("git")
            .without_env("GIT_")
            .own_group()
            .bounded(BOUNDS)
            .env("LC_ALL", "C")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_NO_LAZY_FETCH", "1")
            .env("GIT_ADVICE", "0");
        for (key, value) in &self.env {
            cmd = cmd.env(key, value);
        }
        cmd = cmd.args(options);
        SAFE.iter().fold(cmd, |cmd, setting| cmd.arg("-c").arg(setting))
    }

    /// Lets git find the repository of a folder that the user named. Never for a folder that an agent has had.
    pub fn discovering(&self, folder: &Path) -> Cmd {
        self.bare_command().directory(folder)
    }

    /// A command on a repository without its files.
    pub fn in_dir(&self, git_dir: &Path) -> Cmd {
        self.bare_command().arg(joined("--git-dir=", git_dir)).directory(git_dir)
    }

    /// A command that is to fetch from another folder of this machine, with `--upload-pack` for the other side. What the
    /// user has set for other places would rewrite that path, hide refs or start a program: nothing of it counts.
    pub fn fetching(&self, git_dir: &Path, from: &Path) -> Cmd {
        let mut own_name = joined("url.", from);
        own_name.push(".insteadOf");
        self.isolated(git_dir)
            // The longest name wins, over those of the repository's own configuration too.
            .env("GIT_CONFIG_COUNT", "1")
            .env("GIT_CONFIG_KEY_0", own_name)
            .env("GIT_CONFIG_VALUE_0", from)
    }

    /// A command on a repository that reads no configuration and no attributes but the repository's own.
    pub fn isolated(&self, git_dir: &Path) -> Cmd {
        self.in_dir(git_dir)
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .env("GIT_CONFIG_NOSYSTEM", "1")
            .env("GIT_ATTR_NOSYSTEM", "1")
            .args(["-c", "core.attributesFile=/dev/null"])
    }

    /// A command on a checkout. Both places are given, so that nothing in the tree decides which repository is meant.
    pub fn in_tree(&self, git_dir: &Path, work_tree: &Path) -> Cmd {
        on_tree(self.bare_command(), git_dir, work_tree)
    }

    /// The same for a command that writes into the checkout's index what it has found to be unchanged, as the user's own `git status` does:
    /// files that were written in the same second as the index are read again each time otherwise. Where somebody else has the index, it
    /// does not, and neither in a rehearsal.
    pub fn refreshing(&self, git_dir: &Path, work_tree: &Path) -> Cmd {
        // What is lost there is looked at again.
        on_tree(self.command(&[]), git_dir, work_tree).args(["-c", "core.fsync=none"])
    }

    /// Runs; the exit code is the caller's to judge.
    pub fn capture(&self, cmd: &Cmd) -> Result<Captured, GitError> {
        let remembered = self.remembered.as_ref().filter(|known| is_one_of(known.questions, cmd.arguments()));
        let ask = || match self.ahead.take(cmd) {
            Some(begun) => Ok(begun.captured()?),
            None => Ok(self.runner.capture(&for_rehearsals(cmd))?),
        };
        let Some(Remembered { answers, most, .. }) = remembered else {
            return self.lasting.answer(cmd, &[], ask);
        };
        let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.retain(|(_, _, given)| most.is_none_or(|most| given.elapsed() < most));
        if let Some((_, answer, _)) = answers.iter().find(|(asked, ..)| asked == cmd) {
            return Ok(answer.clone());
        }
        let answer = ask()?;
        answers.push((cmd.clone(), answer.clone(), Instant::now()));
        Ok(answer)
    }

    /// Starts what will be asked. The first who does so gets this answer.
    pub(super) fn ask_ahead(&self, cmd: &Cmd) {
        // Where that fails, whoever asks hears of it.
        if let Ok(begun) = self.begin(cmd) {
            self.ahead.add(cmd, begun);
        }
    }

    /// Starts what `read` runs, and does not wait for it.
    pub fn begin(&self, cmd: &Cmd) -> Result<Begun, GitError> {
        Ok(self.runner.begin(&for_rehearsals(cmd))?)
    }

    /// Starts a git that waits for questions. None in a rehearsal.
    pub(super) fn converse(&self, cmd: &Cmd) -> Result<Option<Conversation>, GitError> {
        Ok(self.runner.converse(cmd)?)
    }

    /// Those that wait.
    pub(super) fn open(&self) -> &Open {
        &self.open
    }

    /// What `~` is for the git that is started.
    pub fn home(&self) -> Option<PathBuf> {
        let own = self.env.iter().rev().find(|(key, _)| key == "HOME").map(|(_, home)| PathBuf::from(home));
        own.or_else(crate::env::home)
    }

    /// Whether only that is run which reads.
    pub fn rehearses(&self) -> bool {
        self.runner.rehearses()
    }

    /// Like `capture`, for input that others wrote.
    pub fn capture_within(&self, cmd: &Cmd, input: &[u8], limit: Duration) -> Result<Captured, GitError> {
        self.lasting.answer(cmd, input, || Ok(self.runner.capture_within(&for_rehearsals(cmd), input, limit)?))
    }

    /// Runs one command with this input into another. The exit codes are the caller's to judge.
    pub fn pipe_within(
        &self,
        (from, input): (&Cmd, &[u8]),
        to: &Cmd,
        limit: Duration,
    ) -> Result<(Captured, Captured), GitError> {
        Ok(self.runner.pipe_within((&for_rehearsals(from), input), &for_rehearsals(to), limit)?)
    }

    /// Runs what has to succeed; `what` completes "git cannot …".
    pub fn read(&self, what: &str, cmd: &Cmd) -> Result<Captured, GitError> {
        succeeded(what, self.capture(cmd)?)
    }

    pub fn read_with_input(&self, what: &str, cmd: &Cmd, input: &[u8]) -> Result<Captured, GitError> {
        let ask = || Ok(self.runner.capture_with_input(&for_rehearsals(cmd), input)?);
        let captured = self.lasting.answer(cmd, input, ask)?;
        if captured.success() { Ok(captured) } else { Err(refused(what, &captured)) }
    }
}

fn on_tree(cmd: Cmd, git_dir: &Path, work_tree: &Path) -> Cmd {
    cmd.arg(joined("--git-dir=", git_dir)).arg(joined("--work-tree=", work_tree)).directory(work_tree)
}

/// Says what a rehearsal does with the command. What it would print, if anything, is the id of what it made.
fn for_rehearsals(cmd: &Cmd) -> Cmd {
    match is_one_of(READING, cmd.arguments()) {
        true => cmd.clone().only_reads(),
        false => cmd.clone().assumed_to_print(UNKNOWN),
    }
}

/// What has to have succeeded.
pub fn succeeded(what: &str, captured: Captured) -> Result<Captured, GitError> {
    if captured.success() { Ok(captured) } else { Err(refused(what, &captured)) }
}

/// The error for a git command that had to succeed and did not.
pub fn refused(what: &str, captured: &Captured) -> GitError {
    GitError::Failed { what: what.to_owned(), reason: complaint(captured) }
}

/// The first line of git's complaint, which its later lines follow from.
pub fn complaint(captured: &Captured) -> String {
    let complains = |line: &&str| line.starts_with("fatal: ") || line.starts_with("error: ");
    let line = captured.stderr.lines().find(complains).unwrap_or_else(|| last_line(&captured.stderr));
    sanitize::name(line.trim_start_matches("fatal: ").trim_start_matches("error: ").as_bytes())
}

/// One thing a line, as git reads lists from standard input.
pub fn joined_lines(lines: &[String]) -> String {
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

/// All that git complained of, where a program that it started has a part in it: the first few lines.
pub fn complaints(captured: &Captured) -> String {
    let lines =
        captured.stderr.lines().filter_map(|line| line.strip_prefix("error: ").or(line.strip_prefix("fatal: ")));
    let lines: Vec<String> = lines.take(3).map(|line| sanitize::name(line.as_bytes())).collect();
    if lines.is_empty() { complaint(captured) } else { lines.join("; ") }
}

/// `--option=PATH`, whatever bytes the path has.
pub fn joined(option: &str, path: &Path) -> OsString {
    let mut word = OsString::from(option);
    word.push(path);
    word
}

/// A path that git printed, alone on its output.
pub fn path_answer(captured: &Captured) -> PathBuf {
    let bytes = captured.stdout.strip_suffix(b"\n").unwrap_or(&captured.stdout);
    PathBuf::from(os(bytes))
}

/// Bytes of git's as the system's own string.
pub fn os(bytes: &[u8]) -> &OsStr {
    std::os::unix::ffi::OsStrExt::from_bytes(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_something_is_told_from_what_reads() {
        let git = Git::new(Runner::ordinary());
        let reads = |line: &str| is_one_of(READING, git.in_dir(Path::new("/r")).args(line.split(' ')).arguments());
        for line in ["rev-parse HEAD", "-c a=b cat-file -e x", "worktree list -z", "config --list"] {
            assert!(reads(line), "{line}");
        }
        for line in ["worktree add x", "worktree", "update-ref cat-file x", "-c cat-file", "hash-object -w", "fetch"] {
            assert!(!reads(line), "{line}");
        }
    }

    #[test]
    fn what_is_asked_ahead_is_the_answer_for_the_first_who_asks() {
        let folder = tempfile::tempdir().unwrap();
        let git = crate::git::testing::git(folder.path());
        git.read("make it", &git.discovering(folder.path()).args(["init", "--quiet"])).unwrap();
        let config = |words: &[&str]| git.in_dir(&folder.path().join(".git")).arg("config").args(words);
        let knows = |git: &Git| git.capture(&config(&["--list"])).unwrap().text().contains("a.b=c");
        git.ask_ahead(&config(&["--list"]));
        let mut begun = git.ahead.take(&config(&["--list"])).unwrap();
        while !begun.has_ended() {
            std::thread::sleep(Duration::from_millis(1));
        }
        git.ahead.add(&config(&["--list"]), begun);
        git.read("set it", &config(&["a.b", "c"])).unwrap();
        assert!(!knows(&git.remembering()), "one that remembers gets it, too");
        assert!(knows(&git), "and it is given once");
    }

    #[test]
    fn what_is_remembered_is_asked_once_and_the_rest_every_time() {
        let folder = tempfile::tempdir().unwrap();
        let git = crate::git::testing::git(folder.path());
        git.read("make it", &git.discovering(folder.path()).args(["init", "--quiet"])).unwrap();
        let config = git.in_dir(&folder.path().join(".git")).args(["config", "--list"]);
        let get = git.in_dir(&folder.path().join(".git")).args(["config", "--get", "a.b"]);
        let (knows, remembering) = (|git: &Git, cmd| git.capture(cmd).unwrap().text(), git.remembering());
        assert!(!knows(&remembering, &config).contains("a.b") && knows(&remembering, &get).is_empty());
        git.read("set it", &git.in_dir(&folder.path().join(".git")).args(["config", "a.b", "c"])).unwrap();
        assert!(!knows(&remembering, &config).contains("a.b=c") && knows(&git, &config).contains("a.b=c"));
        assert_eq!(knows(&remembering, &get), "c");
        assert!(knows(&git.lately(), &config).contains("a.b=c"));
        git.read("unset it", &git.in_dir(&folder.path().join(".git")).args(["config", "--unset", "a.b"])).unwrap();
        assert!(knows(&git.lately(), &config).contains("a.b=c") && !knows(&git, &config).contains("a.b"));
        std::thread::sleep(MOMENT);
        assert!(!knows(&git.lately(), &config).contains("a.b"));
    }
}
