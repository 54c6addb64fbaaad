//! `bn container attach`: a window on the screen of a run.

use std::io::ErrorKind;

use crate::cli::container::AttachArgs;
use crate::commands::container::find::{Runs, is_stoppable};
use crate::commands::container::window::{Closed, Look, Window};
use crate::commands::{Context, Exit};
use crate::error::{FAILED, Failure, Usage};
use crate::process::Runner;
use crate::run::record::RunError;
use crate::run::record::census::Seen;
use crate::run::watch::signals::Signals;
use crate::screen::detach_keys::Typed;

pub fn run(args: &AttachArgs, context: &Context) -> Result<Exit, Failure> {
    let seen = Runs::read(context)?.named_or_asked(args.name.as_deref(), "running", is_stoppable)?;
    let mut window = find(&seen, context)?;
    let (signals, runner) = (Signals::catch()?, Runner::new(&context.env));
    let look = Look {
        typed: Typed::new(args.detach_keys.clone()),
        only_looks: args.no_stdin,
        until_it_runs: false,
        signals: &signals,
        runner: &runner,
        output: context.output,
    };
    let closed = window.show(look).map_err(|source| RunError::io("show", seen.folder.path(), source))?;
    tell(&closed, Some(seen.record.name()), context)
}

/// Says why a window was closed, where that is not on the screen.
pub fn tell(closed: &Closed, name: Option<&str>, context: &Context) -> Result<Exit, Failure> {
    match (closed, name) {
        (Closed::Left, Some(name)) => {
            context.output.note(format_args!("{name} goes on; its screen again: bn container attach {name}"));
            Ok(Exit::DONE)
        }
        (Closed::Left, None) => {
            context.output.note("the run goes on: bn container list");
            Ok(Exit::DONE)
        }
        (Closed::HungUp | Closed::Runs(_), _) => Ok(Exit::DONE),
        (Closed::Ended(code), _) => Ok(Exit(*code)),
        (Closed::Lost, name) => {
            context.output.note(format_args!("the screen is gone: bn container inspect {}", name.unwrap_or("NAME")));
            Ok(Exit(FAILED))
        }
    }
}

fn find(seen: &Seen, context: &Context) -> Result<Window, Failure> {
    let (spec, name) = (&seen.record.spec, seen.record.name());
    if !is_stoppable(seen) {
        return Err(RunError::NotRunning { name: name.to_owned() }.into());
    }
    let Some(socket) = &spec.screen else {
        let why = if spec.terminal { "is in the window where it was started" } else { "has no screen" };
        let mut error = Usage::new(format!("{name} {why}, and cannot be attached to"));
        if !spec.terminal {
            error = error.hint(format!("follow what it prints: bn container logs --follow {name}"));
        }
        return Err(error
            .hint(format!("open a shell beside it: bn container shell {name}"))
            .hint("start the next one with a screen of its own: bn container run -d -i, or with --detach-on-hangup")
            .into());
    };
    if !(context.env.stdin_is_terminal && context.env.stdout_is_terminal) {
        return Err(Usage::new("a screen needs a terminal").into());
    }
    Window::open(socket).map_err(|source| match source.kind() {
        ErrorKind::NotFound | ErrorKind::ConnectionRefused => Usage::new(format!("the screen of {name} is gone"))
            .hint(format!("what became of it: bn container inspect {name}"))
            .into(),
        _ => RunError::io("open", socket, source).into(),
    })
}
