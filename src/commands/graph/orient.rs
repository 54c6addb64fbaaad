//! `bn orient`: registers an agent, and prints the page that it reads first.

use std::fmt;

use clap::ValueEnum;
use serde::Serialize;

use crate::cli::graph::OrientArgs;
use crate::commands::Context;
use crate::commands::graph::access::{Graph, Standing};
use crate::commands::graph::{messages, render};
use crate::data_dir::Mode;
use crate::env;
use crate::error::Failure;
use crate::graph::model::rights::Scope;
use crate::graph::model::text::line;
use crate::graph::model::timestamp::Timestamp;
use crate::graph::requests::{At, Orient, Request};
use crate::graph::store::{Held, Overview, Store};
use crate::run::record::run_json::{self, RunSpec};
use crate::run::watch::told::{Message, marked};
use crate::run::watch::{graph as run_graph, status};

/// What goes into an agent's instruction file.
const INSTRUCTIONS: &str = include_str!("instructions.md");

pub fn run(args: &OrientArgs, context: &Context) -> Result<(), Failure> {
    if args.instructions {
        return Ok(context.output.print(&Instructions { instructions: INSTRUCTIONS })?);
    }
    let mut graph = Graph::open(context)?;
    if let Some(word) = args.agent_type.and_then(|agent_type| agent_type.to_possible_value()) {
        graph.actor.agent_type = Some(word.get_name().to_owned());
    }
    graph.actor.agent_type.get_or_insert_with(|| "worker".to_owned());
    let overview = graph.ask(&Orient {})?;
    let in_container = Mode::of(&context.env).container;
    let before = in_container.then(status::told_before).flatten();
    let told = if in_container { messages::all(context) } else { Vec::new() };
    Ok(context.output.print(&Page { overview, before, told, graph: graph.standing, now: graph.now })?)
}

/// Registers the agent of a run from outside, and returns the page that it reads first. `None` where its own `bn` has to: after a set-up,
/// which takes its time, in a run that tries another one again, and where something is wrong with the graph, for that says what.
pub fn for_run(spec: &RunSpec, store: &Store) -> Option<String> {
    let has_agent = matches!(spec.mode, run_json::Mode::Merge | run_json::Mode::NoMerge);
    if !has_agent || spec.setup.is_some() || spec.retry_of.is_some() {
        return None;
    }
    let actor = run_graph::agent(spec, run_graph::scope(&spec.graph_access).unwrap_or(Scope::Everything));
    let now = Timestamp::from(env::now());
    let overview = Orient {}.perform(&At { store, actor: &actor, now }).ok()?;
    let page = Page { overview, before: None, told: Vec::new(), graph: Standing::of_run(), now };
    store.unread().is_empty().then(|| page.to_string())
}

#[derive(Serialize)]
struct Instructions {
    instructions: &'static str,
}

impl fmt::Display for Instructions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.instructions)
    }
}

#[derive(Serialize)]
struct Page {
    #[serde(flatten)]
    overview: Overview,
    /// What went wrong in the run that this one tries again.
    before: Option<String>,
    /// What the person has said to the agent of this run.
    told: Vec<Message>,
    graph: Standing,
    #[serde(skip)]
    now: Timestamp,
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.head(f)?;
        if let Some(before) = &self.before {
            writeln!(f, "\nTried before")?;
            before.lines().try_for_each(|line| writeln!(f, "  {line}"))?;
        }
        if let Some(told) = marked(&self.told) {
            writeln!(f, "\n{told}")?;
        }
        self.in_progress(f)?;
        self.ready(f)?;
        self.done(f)?;
        self.summaries(f)?;
        f.write_str(COMMANDS)
    }
}

/// The six commands that an agent needs.
const COMMANDS: &str = "
Commands
  bn ready --claim                  take the best task that is ready
  bn task show ID                   read a task, its links and notes
  bn task create TITLE              write down what else has to be done (--depends-on ID, --parent ID)
  bn task note ID TEXT              write down what the next one should know
  bn task close ID --reason TEXT    say that it is done
  bn goodbye SUMMARY                end, with a word for the next agent
";

impl Page {
    fn head(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Overview { project, you, counts, .. } = &self.overview;
        let project = project.as_deref().map_or_else(|| "binnacle".to_owned(), |name| line(name, 60));
        let [ready, blocked, working] = [counts.ready, counts.blocked, counts.in_progress].map(render::counted);
        write!(f, "{project}: {ready} ready, {blocked} blocked, {working} in progress")?;
        if counts.deferred > 0 {
            write!(f, ", {} deferred", render::counted(counts.deferred))?;
        }
        if counts.landing > 0 {
            write!(f, ", {} closed and waiting to land", render::counted(counts.landing))?;
        }
        writeln!(f)?;
        let agent_type = you.session.agent_type.as_deref().unwrap_or("agent");
        let again =
            if you.resumed { format!(", here for {}", you.session.started_at.age(self.now)) } else { String::new() };
        writeln!(
            f,
            "You are {} ({}), session {}{again}.",
            line(&you.session.name, 60),
            line(agent_type, 20),
            line(&you.session.id, 60)
        )?;
        writeln!(f, "The graph is {}.", self.graph)
    }

    fn in_progress(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let held = &self.overview.in_progress;
        if held.is_empty() {
            return Ok(());
        }
        writeln!(f, "\nIn progress")?;
        held.iter().try_for_each(|task| self.held(f, task))?;
        indented_more(f, self.overview.counts.in_progress, held.len(), "bn task list --status in_progress")
    }

    fn held(&self, f: &mut fmt::Formatter<'_>, task: &Held) -> fmt::Result {
        let mine = task.session.as_ref() == Some(&self.overview.you.session.id);
        let agent = if mine { "you".to_owned() } else { line(task.agent.as_deref().unwrap_or("nobody"), 40) };
        let age = task.since.map_or_else(String::new, |since| format!(", {}", since.age(self.now)));
        let stale = if task.stale { ", stale: --take-over" } else { "" };
        writeln!(f, "  {:<8} {} {}  ({agent}{age}{stale})", task.id, task.priority, line(&task.title, 60))
    }

    fn ready(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ready = &self.overview.ready;
        writeln!(f, "\nReady")?;
        if ready.tasks.is_empty() {
            return writeln!(f, "  nothing");
        }
        for task in &ready.tasks {
            f.write_str("  ")?;
            render::brief(f, task)?;
        }
        indented_more(f, ready.total, ready.tasks.len(), "bn ready")
    }

    fn done(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.overview.done.is_empty() {
            writeln!(f, "\nJust done")?;
        }
        for task in &self.overview.done {
            let by = line(task.by.as_deref().unwrap_or("somebody"), 40);
            let age = task.at.map_or_else(String::new, |at| format!(", {} ago", at.age(self.now)));
            let reason = task.reason.as_deref().map_or_else(String::new, |reason| format!(": {}", line(reason, 60)));
            writeln!(f, "  {:<8} {}  ({by}{age}){reason}", task.id, line(&task.title, 60))?;
        }
        Ok(())
    }

    fn summaries(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.overview.summaries.is_empty() {
            writeln!(f, "\nLast words")?;
        }
        for last in &self.overview.summaries {
            let age = last.at.map_or_else(String::new, |at| format!(", {} ago", at.age(self.now)));
            writeln!(f, "  {}{age}: {}", line(&last.name, 40), line(&last.summary, 300))?;
        }
        Ok(())
    }
}

fn indented_more(f: &mut fmt::Formatter<'_>, total: u64, shown: usize, how: &str) -> fmt::Result {
    if total > shown as u64 {
        f.write_str("  ")?;
    }
    render::and_more(f, total, shown, how)
}
