//! `bn container restrict`: inside a container, what a program that joins the agent there has to be first, as the entrypoint was.
//!
//! Agents of one repository share the graph's folder and that of caches, and nothing else that both can write to. A socket in one would let one hand
//! the other an open folder of its worktree, and with it what is hidden under the mounts once the first container is gone.
//! Landlock takes the right to make sockets there, and to reach those abstract ones that others made, from this process and all
//! that come after it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use landlock::{
    AccessFs, CompatLevel, Compatible, PathBeneath, PathFd, RestrictionStatus, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
};
use rustix::termios::{OptionalActions, OutputModes, tcgetattr, tcsetattr};

use crate::cli::container::RestrictArgs;
use crate::commands::container::surroundings;
use crate::commands::{Context, Exit};
use crate::container::caches;
use crate::container::user_mount::SHARED;
use crate::data_dir::IN_CONTAINER;
use crate::error::Failure;
use crate::process::{Cmd, Runner};

pub fn run(args: &RestrictArgs, context: &Context) -> Result<Exit, Failure> {
    keep_sockets_out(context)?;
    wait_at(&args.gate)?;
    end_lines_here();
    let [program, rest @ ..] = args.command.as_slice() else { return Ok(Exit::DONE) };
    Err(Runner::new(&context.env).replace_this(&surroundings::told(Cmd::new(program).args(rest), &context.env)).into())
}

/// Takes the right from this process for good.
pub fn keep_sockets_out(context: &Context) -> Result<(), Failure> {
    let own = [IN_CONTAINER, caches::INSIDE].map(PathBuf::from);
    let lent = context.env.variable(SHARED).unwrap_or_default();
    let shared: Vec<PathBuf> = own.into_iter().chain(std::env::split_paths(&lent)).collect();
    let folders = folders_for_sockets(Path::new("/"), &shared).context("cannot read /")?;
    let status = restrict(&folders).context("cannot keep sockets out of the folders that agents share")?;
    if status.ruleset == RulesetStatus::NotEnforced {
        context
            .output
            .note("this kernel has no Landlock: agents of this repository can pass open folders to one another");
    }
    Ok(())
}

/// Waits until the host has looked at this process.
fn wait_at(gate: &Path) -> Result<(), Failure> {
    let word = fs::read_to_string(gate).with_context(|| format!("cannot wait at {}", gate.display()))?;
    match word.as_str() {
        "go\n" => Ok(()),
        _ => Err(anyhow::anyhow!("the host did not let this program start").into()),
    }
}

/// `runc` leaves line ends to the terminal outside, which shows here what is written as it is written.
fn end_lines_here() {
    let Ok(mut terminal) = tcgetattr(io::stdin()) else { return };
    terminal.output_modes.insert(OutputModes::OPOST | OutputModes::ONLCR);
    // The program can set it itself.
    let _ = tcsetattr(io::stdin(), OptionalActions::Now, &terminal);
}

/// Every folder of the image but those that agents share, and but those above these.
fn folders_for_sockets(top: &Path, shared: &[PathBuf]) -> io::Result<Vec<PathBuf>> {
    let mut folders = Vec::new();
    for entry in fs::read_dir(top)? {
        let entry = entry?;
        let path = entry.path();
        // What a link leads to is a folder of its own, or shared.
        if !entry.file_type()?.is_dir() || shared.contains(&path) {
            continue;
        }
        match shared.iter().any(|shared| shared.starts_with(&path)) {
            true => folders.extend(folders_for_sockets(&path, shared)?),
            false => folders.push(path),
        }
    }
    Ok(folders)
}

fn restrict(folders: &[PathBuf]) -> anyhow::Result<RestrictionStatus> {
    let beneath = |path: &Path, access: AccessFs| PathFd::new(path).map(|folder| PathBeneath::new(folder, access));
    let everywhere = beneath(Path::new("/"), AccessFs::Refer)?;
    let sockets = folders.iter().map(|folder| beneath(folder, AccessFs::MakeSock)).collect::<Result<Vec<_>, _>>()?;
    Ok(Ruleset::default()
        // Without this right, which the second version brought, nothing could be moved from folder to folder any more.
        .set_compatibility(CompatLevel::SoftRequirement)
        .handle_access(AccessFs::Refer)?
        .handle_access(AccessFs::MakeSock)?
        .set_compatibility(CompatLevel::BestEffort)
        .scope(Scope::AbstractUnixSocket)?
        .create()?
        .add_rule(everywhere)?
        .add_rules(sockets.into_iter().map(Ok::<_, RulesetError>))?
        .restrict_self()?)
}
