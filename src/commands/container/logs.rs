//! `bn container logs`: what an agent printed.

use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::time::Duration;

use serde::Serialize;

use crate::cli::container::LogsArgs;
use crate::commands::container::find::{Runs, any};
use crate::commands::container::report::RunReport;
use crate::commands::{Context, Exit};
use crate::error::{FAILED, Failure};
use crate::output::Output;
use crate::run::record::census::Seen;
use crate::run::record::run_json::Record;
use crate::run::record::state::State;
use crate::run::record::{RunError, lock};
use crate::run::watch::refusals;

const POLL: Duration = Duration::from_millis(100);
const BLOCK: usize = 64 << 10;

pub fn run(args: &LogsArgs, context: &Context) -> Result<Exit, Failure> {
    let seen = Runs::read(context)?.named_or_asked(args.name.as_deref(), "there are", any)?;
    if seen.record.spec.terminal {
        context.output.note(format_args!(
            "{} had the terminal to itself: its output was shown there, and not kept",
            seen.record.name()
        ));
        return Ok(Exit::DONE);
    }
    show(&seen, args, context)?;
    if args.follow { followed(&seen, context) } else { Ok(Exit::DONE) }
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

fn show(seen: &Seen, args: &LogsArgs, context: &Context) -> Result<(), RunError> {
    let path = seen.folder.log();
    let io = |source| RunError::io("read", &path, source);
    let mut log = match File::open(&path) {
        // A run that failed while it was being prepared has none yet.
        Err(error) if error.kind() == ErrorKind::NotFound => return print(seen, &[], context).map_err(io),
        other => other.map_err(io)?,
    };
    if let Some(lines) = args.tail {
        seek_to_last_lines(&mut log, lines).map_err(io)?;
    }
    if context.output.is_json() {
        let mut bytes = Vec::new();
        follow(seen, args, context.output, &mut log, |block| {
            bytes.extend_from_slice(block);
            Ok(())
        })
        .map_err(io)?;
        return print(seen, &bytes, context).map_err(io);
    }
    let mut output = context.output.of_stranger(context.env.stdout_is_terminal);
    follow(seen, args, context.output, &mut log, |block| output.write(block)).map_err(io)
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
    log: &mut File,
    mut to: impl FnMut(&[u8]) -> io::Result<()>,
) -> io::Result<()> {
    let mut news = refusals::news(&seen.record.spec, &seen.folder);
    loop {
        // Looked at before reading: what an owner wrote before it ended is then read too.
        let running = args.follow && lock::is_held(&seen.folder.lock())?;
        pass_on(log, &mut to)?;
        if args.follow {
            news.look()?.iter().for_each(|refusal| output.note(refusal.in_run(seen.record.name())));
        }
        if !running {
            return Ok(());
        }
        std::thread::sleep(POLL);
    }
}

fn pass_on(log: &mut File, to: &mut impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
    let mut block = vec![0; BLOCK];
    loop {
        match log.read(&mut block)? {
            0 => return Ok(()),
            count => to(&block[..count])?,
        }
    }
}

/// Goes to where the last lines begin, reading from the end: a log may be large.
fn seek_to_last_lines(log: &mut File, lines: usize) -> io::Result<()> {
    let mut position = log.seek(SeekFrom::End(0))?;
    let mut missing = lines;
    let mut last = true;
    while position > 0 {
        let count = position.min(BLOCK as u64);
        position -= count;
        log.seek(SeekFrom::Start(position))?;
        let mut block = Vec::new();
        log.by_ref().take(count).read_to_end(&mut block)?;
        for (index, byte) in block.iter().enumerate().rev() {
            // The newline that ends the file ends a line, and begins none.
            if *byte == b'\n' && !std::mem::replace(&mut last, false) {
                if missing <= 1 {
                    let begin = if lines == 0 { position + count } else { position + index as u64 + 1 };
                    log.seek(SeekFrom::Start(begin))?;
                    return Ok(());
                }
                missing -= 1;
            }
            last = false;
        }
    }
    log.seek(if lines == 0 { SeekFrom::End(0) } else { SeekFrom::Start(0) })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn last_lines(text: &str, lines: usize) -> String {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        seek_to_last_lines(&mut file, lines).unwrap();
        let mut rest = String::new();
        file.read_to_string(&mut rest).unwrap();
        rest
    }

    #[test]
    fn the_last_lines_of_a_log() {
        assert_eq!(last_lines("a\nb\nc\n", 2), "b\nc\n");
        assert_eq!(last_lines("a\nb\nc", 2), "b\nc");
        assert_eq!(last_lines("a\nb\n", 9), "a\nb\n");
        assert_eq!(last_lines("a\nb\n", 0), "");
        assert_eq!(last_lines("", 3), "");
        assert_eq!(last_lines("\n\n\n", 1), "\n");
        let long = "x".repeat(BLOCK + 10);
        assert_eq!(last_lines(&format!("first\n{long}\nlast\n"), 2), format!("{long}\nlast\n"));
    }
}
