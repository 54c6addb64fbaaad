//! `bn container run --mount`: which folders and files of the host's an agent may get, and to write in which.

mod places;

use std::fs::Metadata;
use std::io::{self, ErrorKind};
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use crate::cli::container::RunArgs;
use crate::commands::container::ownership;
use crate::commands::{Context, known};
use crate::container::user_mount::{UserMount, WantedMount, refuse_place};
use crate::container::wall::Identity;
use crate::env::Env;
use crate::error::{Failure, Usage};
use crate::git::host::checkout::Checkout;
use crate::process::Cmd;
use crate::run::record::RunError;
use crate::sanitize;
use crate::untrusted::tree::Tree;
use crate::untrusted::{nested, nofollow, sockets};
use places::Places;

/// What helps where something may be read and not written.
const READ_ONLY: &str = "to let the agent read it: leave out :rw; in a devcontainer.json: add \"readonly\"";

/// What the user gives to a run, looked at.
pub fn resolve(args: &RunArgs, checkout: &Checkout, context: &Context) -> Result<Vec<UserMount>, Failure> {
    if args.mount.is_empty() {
        return Ok(Vec::new());
    }
    let runs = known::runs(context)?;
    let written = known::trees_of(&runs, &context.env, args.worktree.as_deref());
    let worktrees = runs.iter().map(|seen| seen.record.spec.checkout.worktree.clone());
    let places = Places::of(&context.env, checkout, worktrees)?;
    let mut mounts: Vec<UserMount> = Vec::new();
    for typed in &args.mount {
        let wish = Wish { typed, wanted: typed.parse()?, env: &context.env };
        let mount = wish.look(&places, &written)?;
        let touches = |other: &&UserMount| {
            other.destination.starts_with(&mount.destination) || mount.destination.starts_with(&other.destination)
        };
        if let Some(other) = mounts.iter().find(touches) {
            let (one, two) = (mount.destination.display(), other.destination.display());
            return Err(wish.refused(format!("{one} and {two} would be one in the other")).into());
        }
        if let Some(hidden) =
            [&checkout.common_dir, &checkout.git_dir].into_iter().find(|git| mount.destination.starts_with(git))
        {
            return Err(wish.refused(format!("the agent has git's objects at {}", hidden.display())).into());
        }
        mounts.push(mount);
    }
    Ok(mounts)
}

/// What the user should hear.
pub fn note(mount: &UserMount) -> String {
    let how = if mount.writable { "which the agent may write to" } else { "read-only" };
    let (source, place) = (sanitize::path(&mount.source), sanitize::path(&mount.destination));
    format!("mounted: {source} at {place}, {how}")
}

/// The words of a path, as a shell shows them.
fn without_dots(path: &Path) -> PathBuf {
    path.components().fold(PathBuf::new(), |mut plain, part| {
        match part {
            Component::ParentDir => drop(plain.pop()),
            Component::CurDir => {}
            part => plain.push(part),
        }
        plain
    })
}

struct Wish<'a> {
    typed: &'a str,
    wanted: WantedMount,
    env: &'a Env,
}

impl Wish<'_> {
    fn refused(&self, why: impl std::fmt::Display) -> Usage {
        Usage::new(format!("--mount {}: {why}", sanitize::name(self.typed.as_bytes())))
    }

    /// `written` are the folders in which agents write.
    fn look(&self, places: &Places, written: &[PathBuf]) -> Result<UserMount, Failure> {
        let path = self.path()?;
        let source = path.canonicalize().map_err(|error| self.missing(&path, &error))?;
        let named = without_dots(&path);
        if source != named && written.iter().any(|tree| named.starts_with(tree)) {
            return Err(self
                .refused("a link in a folder where an agent can write is not followed: name the folder itself")
                .into());
        }
        let found = nofollow::look_at(&source).map_err(|error| self.missing(&source, &error))?;
        self.check_kind(&source, &found)?;
        let destination = self.wanted.destination.clone().unwrap_or_else(|| source.clone());
        if let Some(why) = refuse_place(&destination, self.wanted.writable) {
            return Err(self.refused(why).into());
        }
        if let Some(why) = places.never(&source) {
            let refused = self.refused(why);
            return Err(refused.hint("one key alone: --secret NAME gives the agent that variable").into());
        }
        if let Some(why) = self.wanted.writable.then(|| places.obeyed(&source)).flatten() {
            return Err(self.refused(why).hint(READ_ONLY).into());
        }
        if found.is_dir() {
            self.search(&source)?;
        }
        if self.wanted.writable {
            ownership::check(&source, &self.env.user)?;
        }
        let identity = Identity { device: found.dev(), inode: found.ino() };
        Ok(UserMount { source, destination, writable: self.wanted.writable, identity })
    }

    /// A shell replaces `~` at the beginning of a word alone, and a configuration has no shell.
    fn path(&self) -> Result<PathBuf, Usage> {
        let source = &self.wanted.source;
        match (source.strip_prefix('~'), &self.env.user.home) {
            (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
                Ok(home.join(rest.trim_start_matches('/')))
            }
            (Some(rest), None) if rest.is_empty() || rest.starts_with('/') => {
                Err(self.refused("no home folder is known").hint("set HOME"))
            }
            _ => Ok(self.env.directory.join(source)),
        }
    }

    fn missing(&self, path: &Path, error: &io::Error) -> Failure {
        let shown = sanitize::path(path);
        match error.kind() {
            ErrorKind::NotFound => {
                let refused = self.refused(format!("there is no {shown}"));
                refused.hint(Cmd::new("mkdir").arg("-p").arg(path).to_string()).into()
            }
            _ => RunError::io("look at", path, io::Error::new(error.kind(), error.to_string())).into(),
        }
    }

    fn check_kind(&self, source: &Path, found: &Metadata) -> Result<(), Usage> {
        let shown = sanitize::path(source);
        match (found.is_dir(), found.is_file()) {
            (false, false) => {
                let refused = self.refused(format!("{shown} is neither a folder nor a file"));
                Err(refused.hint("a server of this machine: --allow localhost:PORT"))
            }
            (false, true) if self.wanted.writable => {
                Err(self.refused(format!("{shown} is a file, and a folder alone can be written to")))
            }
            _ => Ok(()),
        }
    }

    /// What listens in there would talk to the agent, and what is a repository would be obeyed by git.
    fn search(&self, source: &Path) -> Result<(), Failure> {
        let search = nested::search(&Tree::unremembered(source), nested::Closed::LeaveAlone);
        let held = sockets::to_mask(source, &search)?;
        if let Some(socket) = held.first() {
            let why = format!(
                "a program listens at {}, and the agent could talk to it",
                sanitize::path(&source.join(socket))
            );
            return Err(self.refused(why).hint("name a folder in it, without the socket").into());
        }
        if !self.wanted.writable {
            return Ok(());
        }
        let repository = search.found.iter().map(|git| &git.path).chain(&search.bare).next();
        if let Some(git) = repository {
            let why = format!(
                "{} is a git repository, and git on this machine obeys what is written there",
                sanitize::path(&source.join(git))
            );
            return Err(self.refused(why).hint(READ_ONLY).into());
        }
        match search.cut_short {
            true => Err(self.refused("there is too much in it to look whether there is a git repository").into()),
            false => Ok(()),
        }
    }
}
