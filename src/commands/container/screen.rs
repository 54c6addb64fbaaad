//! A run with a screen of its own: `bn container run` in a terminal that a process apart from all windows has.

use std::fs;
use std::io::{self, ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;

use crate::cli::container::{HostArgs, RunArgs};
use crate::commands::container::attach;
use crate::commands::container::report;
use crate::commands::container::window::{Closed, Look, Window};
use crate::commands::{Context, Exit};
use crate::egress::local_socket;
use crate::env::{Env, SCREEN, own_program, random, words};
use crate::error::{Failure, Usage};
use crate::process::{Cmd, Runner};
use crate::run::life::detach::{HELD, Started, start_apart};
use crate::run::life::logout::lasting;
use crate::run::record::census::Seen;
use crate::run::record::folder::Folder;
use crate::run::record::{RunError, store};
use crate::run::watch::signals::Signals;
use crate::screen::detach_keys::{Typed, USUAL};
use crate::screen::frame::{Frame, Size};
use crate::screen::host::Host;
use crate::screen::{folder, history, pty, read_history};

/// Whether the run is to have a screen, and is not in it yet.
pub fn is_wanted(args: &RunArgs, env: &Env) -> bool {
    let terminal = env.stdin_is_terminal && env.stdout_is_terminal;
    let wanted = if args.detach { args.screen.interactive } else { args.screen.detach_on_hangup && terminal };
    wanted && env.screen.is_none()
}

/// Says to the screen, if there is one, that the agent runs.
pub fn say_that_it_runs(env: &Env, name: &str) -> io::Result<()> {
    let Some(socket) = &env.screen else { return Ok(()) };
    local_socket::connect(socket)?.write_all(&Frame::Runs(name.to_owned()).encode())
}

/// Keeps with the run what its screen has shown at last.
pub fn keep(env: &Env, folder: &Folder) -> Result<(), RunError> {
    let Some(socket) = &env.screen else { return Ok(()) };
    let shown = local_socket::connect(socket).and_then(history);
    let kept = shown
        .and_then(|(size, shown)| store::create_file(&folder.screen(), &Frame::History(size, shown).encode(), 0o600));
    kept.map_err(|source| RunError::io("keep what was shown in", &folder.screen(), source))
}

/// What the screen of a run has shown, live or kept. `None` where it had none.
pub fn shown(seen: &Seen) -> Result<Option<(Size, Vec<u8>)>, RunError> {
    let live = seen.record.spec.screen.as_deref().filter(|_| seen.owned).map(local_socket::connect);
    let path = seen.folder.screen();
    let shown = match live {
        Some(Ok(screen)) => history(screen),
        _ => match fs::File::open(&path) {
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            file => file.and_then(read_history),
        },
    };
    shown.map(Some).map_err(|source| RunError::io("read", &path, source))
}

/// The same command line again, in a screen, and this terminal as the first window on it.
pub fn run(args: &RunArgs, context: &Context, runner: &Runner) -> Result<Exit, Failure> {
    let terminal = context.env.stdin_is_terminal && context.env.stdout_is_terminal;
    let signals = Signals::catch()?;
    let socket = open(context, runner)?;
    let failed = |source| RunError::io("show", &socket, source);
    let mut window = Window::open(&socket).map_err(failed)?;
    let look = Look {
        typed: Typed::new(USUAL.parse()?),
        only_looks: false,
        until_it_runs: args.detach,
        signals: &signals,
        runner,
        output: context.output,
    };
    let closed = if terminal { window.show(look) } else { window.until_it_runs() };
    match closed.map_err(failed)? {
        Closed::Runs(name) => {
            context.output.print(&report::Started { name: &name })?;
            Ok(Exit::DONE)
        }
        closed => {
            // Notes: standard output is for the name.
            let unseen = String::from_utf8_lossy(&window.unseen).replace('\r', "");
            unseen.lines().for_each(|line| context.output.note(line));
            attach::tell(&closed, window.runs.as_deref(), context)
        }
    }
}

/// Starts the process that has the screen.
fn open(context: &Context, runner: &Runner) -> Result<PathBuf, Failure> {
    let folder =
        folder(&context.env).ok_or_else(|| Usage::new("there is no home folder in which a screen could be"))?;
    store::create_private(&folder).map_err(|source| RunError::io("make", &folder, source))?;
    sweep(&folder).map_err(|source| RunError::io("clean up", &folder, source))?;
    let name = format!("{:08x}", random()? & 0xffff_ffff);
    let socket = folder.join(&name);
    let size = pty::size(&io::stdout()).unwrap_or(Size::USUAL);
    let cmd = Cmd::new(own_program()?).args(["container", "screen"]).arg(&socket);
    let cmd = cmd.args(["--rows".to_owned(), size.rows.to_string(), "--columns".to_owned(), size.columns.to_string()]);
    let cmd = cmd.arg("--").args(words().into_iter().skip(1));
    let lasting = lasting(cmd, &format!("screen-{name}"), &context.env, runner);
    if let Some(note) = lasting.note {
        context.output.note(note);
    }
    let runner = runner.clone().withholding_nothing();
    match start_apart(&lasting.cmd, Stdio::null(), &log(&socket), &runner)? {
        Started::Holds => Ok(socket),
        Started::Said(log) => Err(Usage::new(format!("the screen could not be made: {log}")).into()),
    }
}

fn log(socket: &Path) -> PathBuf {
    socket.with_extension("log")
}

/// Removes what is left of screens whose process was killed.
fn sweep(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let refused = |error: &io::Error| error.kind() == ErrorKind::ConnectionRefused;
        if path.extension().is_none() && local_socket::connect(&path).as_ref().is_err_and(refused) {
            remove(&path)?;
        }
    }
    Ok(())
}

fn remove(socket: &Path) -> io::Result<()> {
    for path in [socket.to_owned(), log(socket)] {
        match fs::remove_file(path) {
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// `bn container screen`: has the terminal, until what runs in it has ended.
pub fn host(args: &HostArgs, context: &Context) -> Result<Exit, Failure> {
    let failed = |what: &'static str| move |source| RunError::io(what, &args.socket, source);
    let (folder, name) = (args.socket.parent(), args.socket.file_name().and_then(|name| name.to_str()));
    let (Some(folder), Some(name)) = (folder, name) else {
        return Err(Usage::new("a screen needs the path of its socket").into());
    };
    let listener = local_socket::listen(folder, name).map_err(failed("listen at"))?;
    let size = Size { rows: args.size.rows, columns: args.size.columns };
    let (outside, terminal) = pty::open(size).map_err(failed("make the terminal of"))?;
    let runner = Runner::new(&context.env).withholding_nothing();
    let cmd = Cmd::new(own_program()?).args(&args.words).env(SCREEN, &args.socket);
    let Some(mut child) = runner.spawn_in_terminal(&cmd, &terminal)? else { return Ok(Exit::DONE) };
    context.output.write(format!("{HELD}\n").as_bytes())?;
    let mut host = Host::new((listener, args.socket.clone()), (outside, terminal), size);
    let code = host.serve(&mut child).map_err(failed("show"))?;
    remove(&args.socket).map_err(failed("remove"))?;
    Ok(Exit(code))
}
