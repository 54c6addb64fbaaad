//! `bn container drop-root`: inside a container, what the entrypoint becomes at once. Root for a moment, it makes a user with the uid and gid
//! of the files' owner, furnishes the system, gives up every capability for good, and becomes tini under that uid.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io::{self, IsTerminal, stderr, stdin, stdout};
use std::os::fd::AsFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::Path;

use anyhow::Context as _;
use rustix::fs::FileType;
use rustix::io::Errno;
use rustix::process::{Gid, Uid};
use rustix::thread::{CapabilitySet, CapabilitySets};

use crate::cli::container::DropRootArgs;
use crate::commands::container::{furnish, restrict, surroundings};
use crate::commands::{Context, Exit};
use crate::container::{HOME_INSIDE, accounts, caches};
use crate::data_dir::IN_CONTAINER;
use crate::error::{Failure, in_one_sentence};
use crate::git::private::mounts::WORKSPACE;
use crate::process::{Cmd, Runner};
use crate::run::watch::status::CONTROL_INSIDE;

pub fn run(args: &DropRootArgs, context: &Context) -> Result<Exit, Failure> {
    // In one line: whoever waits outside takes the last one for the reason.
    become_agent(args, context).map_err(|failure| anyhow::anyhow!(in_one_sentence(&failure)).into())
}

fn become_agent(args: &DropRootArgs, context: &Context) -> Result<Exit, Failure> {
    join_streams().context("cannot make one of the standard streams")?;
    let agent = owner_of_files(context)?;
    let name = make_user(agent)?;
    own_streams(agent).context("cannot give the agent its standard streams")?;
    for folder in [HOME_INSIDE, IN_CONTAINER] {
        own_folder(Path::new(folder), agent, context).with_context(|| format!("cannot make {folder}"))?;
    }
    if let Err(error) = furnish::system_here() {
        let what = "programs that ask no variable may not find the network, or a browser not start";
        context.output.note(format_args!("binnacle: {what}: {error:#}"));
    }
    give_up(agent).context("cannot give up root")?;
    // From here on the files are the agent's.
    if let Err(error) = furnish::home_here(Path::new(HOME_INSIDE), context) {
        context.output.note(format_args!("binnacle: maven and gradle may not find the network: {error:#}"));
    }
    restrict::keep_sockets_out(context)?;
    let tini = Cmd::new("tini").arg("-g").arg("--").args(&args.command).without_env(caches::VARIABLE);
    let tini = tini.env("HOME", HOME_INSIDE).env("USER", &name).env("LOGNAME", &name);
    Err(Runner::new(&context.env).replace_this(&surroundings::told(tini, &context.env)).into())
}

/// The uid and gid that the host names, or those of the worktree.
fn owner_of_files(context: &Context) -> anyhow::Result<(u32, u32)> {
    let own = rustix::process::geteuid();
    if !own.is_root() {
        anyhow::bail!("started as uid {own}: start it as root, it gives that up by itself (BN_UID, BN_GID)");
    }
    let found = fs::metadata(WORKSPACE).with_context(|| format!("cannot look at {WORKSPACE}"));
    let number = |name: &str, of_file: fn(&fs::Metadata) -> u32| match context
        .env
        .variable(name)
        .filter(|text| !text.is_empty())
    {
        None => found.as_ref().map(of_file).map_err(|error| anyhow::anyhow!("{error:#}")),
        Some(text) => {
            let number = text.to_str().and_then(|text| text.parse().ok());
            number.with_context(|| format!("{name} is {text:?}, which is not a number"))
        }
    };
    Ok((number("BN_UID", fs::Metadata::uid)?, number("BN_GID", fs::Metadata::gid)?))
}

/// There are no capabilities to call useradd with: root owns the files, and a line is enough. Returns the user's name.
fn make_user(agent: (u32, u32)) -> anyhow::Result<OsString> {
    const PASSWD: &str = "/etc/passwd";
    const GROUP: &str = "/etc/group";
    let read = |path: &str| match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        text => text.with_context(|| format!("cannot read {path}")),
    };
    let write = |path: &str, text: Vec<u8>| fs::write(path, text).with_context(|| format!("cannot write {path}"));
    if let Some(text) = accounts::with_group(&read(GROUP)?, agent.1) {
        write(GROUP, text)?;
    }
    let (text, name) = accounts::with_user(&read(PASSWD)?, agent, HOME_INSIDE);
    write(PASSWD, text)?;
    Ok(OsString::from_vec(name))
}

/// containerd's shim copies both streams of a run without a terminal into one log, and closes that when the first of them ends: what it
/// has not copied of standard error by then would be lost, and that is where an agent says why it ends. Through one pipe all of it comes,
/// in the order in which it was written.
fn join_streams() -> io::Result<()> {
    let is_pipe = |stream: &dyn AsFd| {
        rustix::fs::fstat(stream.as_fd()).map(|found| FileType::from_raw_mode(found.st_mode) == FileType::Fifo)
    };
    if Path::new(CONTROL_INSIDE).is_dir() && is_pipe(&stdout())? && is_pipe(&stderr())? {
        rustix::stdio::dup2_stderr(stdout())?;
    }
    Ok(())
}

/// /dev/stdout opens only for the owner of what stands behind it. Pipes and terminals are this container's own; a device such as the
/// host's /dev/null must keep its owner.
fn own_streams((uid, gid): (u32, u32)) -> io::Result<()> {
    let (stdin, stdout, stderr) = (stdin(), stdout(), stderr());
    for stream in [stdin.as_fd(), stdout.as_fd(), stderr.as_fd()] {
        let found = rustix::fs::fstat(stream)?;
        if FileType::from_raw_mode(found.st_mode) == FileType::Fifo || stream.is_terminal() {
            rustix::fs::fchown(stream, Some(Uid::from_raw(uid)), Some(Gid::from_raw(gid)))?;
        }
    }
    Ok(())
}

/// Mounted by bn; made here for a container that was started by hand.
fn own_folder(folder: &Path, (uid, gid): (u32, u32), context: &Context) -> io::Result<()> {
    if folder.is_dir() {
        return Ok(());
    }
    DirBuilder::new().mode(0o700).create(folder)?;
    std::os::unix::fs::chown(folder, Some(uid), Some(gid))?;
    if folder == Path::new(IN_CONTAINER) {
        let shown = folder.display();
        context
            .output
            .note(format_args!("binnacle: nothing is mounted at {shown}: the task graph ends with this container"));
    }
    Ok(())
}

/// Takes on the agent's ids, without a capability and with no way to get one again. What it acts on is this thread, which becomes another
/// program.
fn give_up((uid, gid): (u32, u32)) -> io::Result<()> {
    for number in 0..u64::BITS {
        let capability = CapabilitySet::from_bits_retain(1 << number);
        match rustix::thread::remove_capability_from_bounding_set(capability) {
            // One that this kernel does not know; or any of them without CAP_SETPCAP: what is left the second stage finds.
            Ok(()) | Err(Errno::INVAL | Errno::PERM) => {}
            Err(error) => return Err(error.into()),
        }
    }
    let (uid, gid) = (Uid::from_raw(uid), Gid::from_raw(gid));
    rustix::thread::clear_ambient_capability_set()?;
    rustix::thread::set_thread_groups(&[])?;
    rustix::thread::set_thread_res_gid(gid, gid, gid)?;
    rustix::thread::set_thread_res_uid(uid, uid, uid)?;
    let none = CapabilitySet::empty();
    rustix::thread::set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?;
    rustix::thread::set_no_new_privs(true)?;
    Ok(())
}
