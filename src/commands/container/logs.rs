//! `bn container logs`: what an agent printed.

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

use crate::cli::container::LogsArgs;
use crate::commands::container::find::{Runs, any};
use crate::commands::container::log_reader::{Part, Reader, keep_last_lines};
use crate::commands::container::log_stamps::Stamps;
use crate::commands::container::picture::{Form, picture};
use crate::commands::container::report::RunReport;
use crate::commands::container::screen;
use crate::commands::{Context, Exit};
use crate::error::{FAILED, Failure, Usage};
use crate::output::Output;
use crate::process::Runner;
use crate::quantity;
use crate::run::record::census::Seen;
use crate::run::record::run_json::Record;
use crate::run::record::state::State;
use crate::run::record::{RunError, lock};
use crate::run::watch::refusals;
use crate::run::watch::times::Times;
use crate::transcript::Transcript;

const POLL: Duration = Duration::from_millis(100);

pub fn run(args: &LogsArgs, context: &Context) -> Result<Exit, Failure> {
    let seen = Runs::read(context)?.named_or_asked(args.name.as_deref(), "there are", any)?;
    if args.check && seen.record.check.is_none() {
        let name = seen.record.name();
        let none = Usage::new(format!("the work of {name} was not checked"));
        return Err(none.hint(format!("to check and merge it: bn container merge {name} --check 'make test'")).into());
    }
    if seen.record.spec.terminal && !args.check {
        return of_screen(&seen, args, context);
    }
    show(&seen, args, context)?;
    if args.follow && !args.check { followed(&seen, context) } else { Ok(Exit::DONE) }
}

/// What was shown on the run's own screen, as lines.
fn of_screen(seen: &Seen, args: &LogsArgs, context: &Context) -> Result<Exit, Failure> {
    let name = seen.record.name();
    if args.since.is_some() || args.timestamps {
        let painted = Usage::new(format!("{name} paints a screen, and no line there has a time"));
        return Err(painted.hint(format!("the last of it: bn container logs {name}")).into());
    }
    if args.follow && seen.owned && seen.record.spec.screen.is_some() {
        let painted = Usage::new(format!("{name} paints a screen, and prints no lines that could be followed"));
        return Err(painted.hint(format!("watch it: bn container attach --no-stdin {name}")).into());
    }
    let Some((size, shown)) = screen::shown(seen)? else {
        let words = "had the terminal to itself: its output was shown there, and not kept";
        context.output.note(format_args!("{name} {words}"));
        return Ok(Exit::DONE);
    };
    let mut text = match args.raw {
        true => shown,
        false => picture(size, &shown, Form::Text, &Runner::new(&context.env)),
    };
    args.tail.iter().for_each(|lines| keep_last_lines(&mut text, *lines, 0));
    match context.output.is_json() {
        true => print(seen, &text, context)?,
        false => context.output.of_stranger(context.env.stdout_is_terminal).write(&text)?,
    }
    if args.follow { followed(seen, context) } else { Ok(Exit::DONE) }
}

/// For programs: all of it at once, when there is no more to come.
#[derive(Serialize)]
struct Log<'a> {
    name: &'a str,
    /// What is no UTF-8 is replaced.
    log: String,
}

impl fmt::Display for Log<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.log)
    }
}

/// Says how the run ended, after its log was followed to the end.
fn followed(seen: &Seen, context: &Context) -> Result<Exit, Failure> {
    let record = Record::load(&seen.folder)?;
    match record.state {
        State::Ended => Ok(Exit(RunReport::of(&record, &seen.folder)?.exit_code())),
        state => {
            let name = record.name();
            let state = if state.is_open() { "interrupted".to_owned() } else { state.to_string() };
            context.output.note(format_args!("{name} is {state}: bn container inspect {name}"));
            Ok(Exit(FAILED))
        }
    }
}

/// While a check goes on, its log is where it is made.
fn log_file(seen: &Seen, args: &LogsArgs) -> PathBuf {
    let live = seen.folder.check_run().log();
    match args.check {
        false => seen.folder.log(),
        true if live.exists() => live,
        true => seen.folder.check_log(),
    }
}

fn show(seen: &Seen, args: &LogsArgs, context: &Context) -> Result<(), Failure> {
    let path = log_file(seen, args);
    let io = |source| RunError::io("read", &path, source);
    let log = match File::open(&path) {
        // A run that failed while it was being prepared has none yet.
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(print(seen, &[], context).map_err(io)?),
        other => other.map_err(io)?,
    };
    let transcript = (!args.raw && !args.check && seen.record.spec.has_transcript()).then(|| Transcript::new(false));
    let (part, stamps) = part(seen, args)?;
    let mut reader = Reader::of(log, transcript, stamps, part).map_err(io)?;
    if context.output.is_json() {
        let mut bytes = Vec::new();
        follow(seen, args, context.output, &mut reader, |shown| {
            bytes.extend_from_slice(shown);
            Ok(())
        })
        .map_err(io)?;
        return Ok(print(seen, &bytes, context).map_err(io)?);
    }
    let mut output = context.output.of_stranger(context.env.stdout_is_terminal);
    Ok(follow(seen, args, context.output, &mut reader, |shown| output.write(shown)).map_err(io)?)
}

/// Which part of the log is wanted, and the times of its lines where they are.
fn part(seen: &Seen, args: &LogsArgs) -> Result<(Part, Option<Stamps>), Failure> {
    let mut part = Part { from: 0, tail: args.tail };
    if args.since.is_none() && !args.timestamps {
        return Ok((part, None));
    }
    let path = seen.folder.log_times();
    let times = Times::read(&path).map_err(|source| RunError::io("read", &path, source))?;
    let Some(times) = times else {
        let name = seen.record.name();
        let unknown = Usage::new(format!("when {name} wrote what is in its log is not known"));
        return Err(unknown.hint(format!("all of it: bn container logs {name}")).into());
    };
    if let Some(since) = &args.since {
        part.from = times.offset(point(since)?);
    }
    Ok((part, args.timestamps.then(|| Stamps::new(times))))
}

/// A length of time is one before now, as docker has it.
fn point(since: &str) -> Result<DateTime<Utc>, Usage> {
    let now = crate::env::now();
    let before = quantity::length(since).and_then(|length| now.checked_sub_signed(TimeDelta::from_std(length).ok()?));
    before.map_or_else(|| quantity::time("--since", since, now), Ok)
}

/// Prints all of a log at once.
fn print(seen: &Seen, bytes: &[u8], context: &Context) -> io::Result<()> {
    context.output.print(&Log { name: seen.record.name(), log: String::from_utf8_lossy(bytes).into_owned() })
}

/// Hands over what is there, and where that is wanted what comes until the run ends; what the network refuses is noted between.
fn follow(
    seen: &Seen,
    args: &LogsArgs,
    output: Output,
    reader: &mut Reader,
    mut to: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut news = refusals::news(&seen.record.spec, &seen.folder);
    let mut live = false;
    loop {
        // Looked at before reading: what an owner wrote before it ended is then read too.
        let running = args.follow && lock::is_held(&seen.folder.lock())?;
        reader.pass_on(&mut to)?;
        if args.follow {
            news.look()?.iter().for_each(|refusal| output.note(refusal.in_run(seen.record.name())));
        }
        if !running {
            return reader.end(&mut to);
        }
        if !std::mem::replace(&mut live, true) {
            reader.goes_live();
        }
        std::thread::sleep(POLL);
    }
}
