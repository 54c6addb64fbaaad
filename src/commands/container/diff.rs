//! `bn container diff`: what an agent has changed, committed or not, against its target.

use std::fmt;

use serde::Serialize;

use crate::cli::container::DiffArgs;
use crate::commands::container::headline::commits;
use crate::commands::container::looking::{Looking, look};
use crate::commands::pager;
use crate::commands::{Context, Exit};
use crate::error::Failure;
use crate::git::collect::comparison::{self, Changed};
use crate::output::paint::{Painted, Style};

/// The summary of a comparison is so wide where no terminal says it.
const WIDTH: usize = 80;

#[derive(Serialize)]
struct Diff {
    name: String,
    target: String,
    /// The commit from which the work parted from its target, and its last one.
    base: String,
    head: String,
    commits: u64,
    committed: Vec<Changed>,
    /// `None` where the worktree is no longer as the run left it.
    uncommitted: Option<Vec<Changed>>,
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.name)
    }
}

pub fn run(args: &DiffArgs, context: &Context) -> Result<Exit, Failure> {
    let looking = look(args.name.as_deref(), context)?;
    if context.output.is_json() {
        context.output.print(&numbers(&looking)?)?;
        return Ok(Exit::DONE);
    }
    let [committed, uncommitted] = looking.spans().map(|span| span.map(|span| text(&looking, span, args, context)));
    let (committed, uncommitted) =
        (committed.transpose()?.unwrap_or_default(), uncommitted.transpose()?.unwrap_or_default());
    if committed.is_empty() && uncommitted.is_empty() {
        let target = &looking.seen.record.spec.target.branch;
        context.output.note(format_args!("{} has changed nothing against {target}", looking.name()));
        return Ok(Exit::DONE);
    }
    let mut parts = Vec::new();
    if !committed.is_empty() {
        parts.push((heading(&looking)?, committed));
    }
    if !uncommitted.is_empty() {
        parts.push((format!("Not committed by {}:", looking.name()), uncommitted));
    }
    show(&parts, args.stat, context)?;
    Ok(Exit::DONE)
}

fn heading(looking: &Looking) -> Result<String, Failure> {
    let (count, target) = (looking.look.commits(&looking.git)?, &looking.seen.record.spec.target.branch);
    Ok(format!("{} by {}, against {target}:", commits(count), looking.name()))
}

fn numbers(looking: &Looking) -> Result<Diff, Failure> {
    let (look, git) = (&looking.look, &looking.git);
    let files = |(from, to): (&str, &str)| comparison::files(git, look, from, to);
    let [committed, uncommitted] = looking.spans().map(|span| span.map(files).transpose());
    Ok(Diff {
        name: looking.name().to_owned(),
        target: looking.seen.record.spec.target.branch.clone(),
        base: look.base.clone(),
        head: look.head.clone(),
        commits: look.commits(git)?,
        committed: committed?.unwrap_or_default(),
        uncommitted: uncommitted?,
    })
}

fn text(looking: &Looking, (from, to): (&str, &str), args: &DiffArgs, context: &Context) -> Result<Vec<u8>, Failure> {
    let (git, look) = (&looking.git, &looking.look);
    Ok(match args.stat {
        true => comparison::summary(git, look, (from, to), context.env.width.unwrap_or(WIDTH))?,
        false => comparison::patch(git, look, from, to)?,
    })
}

/// To a terminal: as text that it does not obey, through the pager. To a file or a pipe: a patch byte for byte, so that git can apply
/// it, and a summary as text, too.
fn show(parts: &[(String, Vec<u8>)], is_summary: bool, context: &Context) -> Result<(), Failure> {
    if !context.env.stdout_is_terminal {
        for (heading, patch) in parts {
            context.output.text(&format!("{heading}\n\n"))?;
            match is_summary {
                true => context.output.text(&String::from_utf8_lossy(patch))?,
                false => context.output.write(patch)?,
            }
        }
        return Ok(());
    }
    let mut whole = Painted::default();
    for (number, (heading, patch)) in parts.iter().enumerate() {
        let gap = if number == 0 { "" } else { "\n" };
        whole.add(Style::Bold, format!("{gap}{heading}\n"));
        whole.add(Style::Plain, "\n");
        paint(&String::from_utf8_lossy(patch), &mut whole);
    }
    pager::show(&whole, context)
}

/// The lines of a patch or of its summary.
fn paint(patch: &str, whole: &mut Painted) {
    for line in patch.split_inclusive('\n') {
        let (line, end) = line.strip_suffix('\n').map_or((line, ""), |line| (line, "\n"));
        whole.add(style(line), line);
        whole.add(Style::Plain, end);
    }
}

fn style(line: &str) -> Style {
    const HEADS: [&str; 10] =
        ["diff ", "index ", "--- ", "+++ ", "new file", "deleted ", "old mode", "new mode", "rename ", "similarity "];
    match line.chars().next() {
        _ if HEADS.iter().any(|head| line.starts_with(head)) => Style::Bold,
        Some('+') => Style::Green,
        Some('-') => Style::Red,
        Some('@') => Style::Cyan,
        _ => Style::Plain,
    }
}
