//! The commands of the task graph.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use crate::cli::link::LinkCommand;
use crate::cli::task::{IdArg, TaskCommand};
use crate::cli::which::Which;
use crate::container::agent::AgentType;
use crate::graph::model::foreign::source::Source;

#[derive(Debug, Subcommand)]
pub enum GraphCommand {
    /// Register as an agent, and print what to know before any work: run this first
    Orient(OrientArgs),
    /// List what can be worked on now, best first
    Ready(ReadyArgs),
    /// List tasks that wait for others, and name those others
    Blocked(BlockedArgs),
    /// Create, read and change tasks
    #[command(subcommand)]
    Task(TaskCommand),
    /// Link tasks: what depends on what, what is a part of what
    #[command(subcommand)]
    Link(LinkCommand),
    /// Find tasks by the words in their titles, descriptions and notes
    Search(SearchArgs),
    /// Show anything that has an id: a task, or an agent's session
    Show(IdArg),
    /// Print who changed what, and when: the latest first
    Log(LogArgs),
    /// Take back your own last change: all that one command did
    Undo,
    /// Draw what a task waits for, and its parts
    Graph(GraphArgs),
    /// Draw tasks below their parents, with how far each parent is
    Tree(TreeArgs),
    /// Count tasks by status, priority, type and tag
    Stats,
    /// List unfinished tasks that nobody has changed for a while
    Stale(StaleArgs),
    /// List unfinished tasks whose titles are made of the same words
    Duplicates(DuplicatesArgs),
    /// See who works here
    #[command(subcommand)]
    Agent(AgentCommand),
    /// Make the items of a markdown list tasks, all of them or none
    Plan(PlanArgs),
    /// Make many changes at once, all of them or none
    Batch(BatchArgs),
    /// Write the whole graph as JSON Lines
    Export(ExportArgs),
    /// Read what export or another tracker wrote; of two versions of a task the newer one stays
    Import(ImportArgs),
    /// Make a copy of the graph, while others write
    Backup(BackupArgs),
    /// List the copies of the graph that were made before each run, or put one back
    Restore(RestoreArgs),
    /// Check the graph
    Doctor(DoctorArgs),
    /// End this session, with a summary for the next agent
    Goodbye(GoodbyeArgs),
}

#[derive(Debug, Args)]
pub struct OrientArgs {
    /// This agent's role [default: $BN_AGENT_TYPE]
    #[arg(long = "type", value_name = "TYPE")]
    pub agent_type: Option<AgentType>,

    /// Print the text to put into AGENTS.md, and register nobody
    #[arg(long)]
    pub instructions: bool,
}

#[derive(Debug, Args)]
pub struct ReadyArgs {
    /// Take the best one, and print it
    #[arg(long, conflicts_with = "limit")]
    pub claim: bool,

    /// Print what is not ready, too, and what it waits for
    #[arg(long, conflicts_with = "claim")]
    pub explain: bool,

    #[command(flatten)]
    pub which: Which,

    /// How many at most; 0 for all
    #[arg(short = 'n', long, value_name = "N", default_value_t = 10)]
    pub limit: usize,
}

#[derive(Debug, Args)]
pub struct BlockedArgs {
    #[command(flatten)]
    pub which: Which,

    /// How many at most; 0 for all
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
}

#[derive(Debug, Args)]
pub struct GoodbyeArgs {
    /// What was done, and what the next agent should know
    #[arg(value_name = "SUMMARY")]
    pub summary: Vec<String>,
}

#[derive(Debug, Args)]
pub struct SearchArgs {
    /// What to look for; a task that has all of the words comes first
    #[arg(value_name = "WORDS", required = true)]
    pub words: Vec<String>,

    /// How many at most; 0 for all
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
}

#[derive(Debug, Args)]
pub struct LogArgs {
    /// Only of this task, or by this session
    #[arg(value_name = "ID")]
    pub id: Option<String>,

    /// Only what the agent of this run has changed
    #[arg(long, value_name = "NAME", conflicts_with = "id")]
    pub run: Option<String>,

    /// How many at most; 0 for all
    #[arg(short = 'n', long, value_name = "N", default_value_t = 30)]
    pub limit: usize,
}

#[derive(Debug, Args)]
pub struct GraphArgs {
    /// The task to begin with
    #[arg(value_name = "ID")]
    pub id: String,

    /// What waits for it, instead of what it waits for
    #[arg(short, long)]
    pub reverse: bool,

    /// For Graphviz: `bn graph ID --dot | dot -Tsvg`
    #[arg(long, conflicts_with = "json")]
    pub dot: bool,
}

#[derive(Debug, Args)]
pub struct TreeArgs {
    /// The task to begin with; without it every task that has children and no parent
    #[arg(value_name = "ID")]
    pub id: Option<String>,
}

#[derive(Debug, Args)]
pub struct StaleArgs {
    /// How long nobody may have changed a task
    #[arg(long = "for", value_name = "LENGTH", default_value = "14d")]
    pub untouched: String,

    #[command(flatten)]
    pub which: Which,

    /// How many at most; 0 for all
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
}

#[derive(Debug, Args)]
pub struct DuplicatesArgs {
    /// How many groups at most; 0 for all
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
}

#[derive(Debug, Subcommand)]
pub enum AgentCommand {
    /// List who is active, on what, since when, and where
    #[command(visible_alias = "ls")]
    List(AgentListArgs),
}

#[derive(Debug, Args)]
pub struct AgentListArgs {
    /// List those who have left, too
    #[arg(short, long)]
    pub all: bool,

    /// How many at most; 0 for all
    #[arg(short = 'n', long, value_name = "N", default_value_t = 20)]
    pub limit: usize,
}

#[derive(Debug, Args)]
pub struct PlanArgs {
    /// A markdown file; standard input where it is missing or `-`
    ///
    /// Each item of a list is a task, and one below another is a part of it. An item of a numbered list depends on the one before it.
    /// Behind a title may stand #tag, p0 to p4, type:bug, ref:name, depends_on:@name,bn-7f3k, due:2026-12-24 and the other fields. Text
    /// below an item is its description, and an item with [x] is done.
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct BatchArgs {
    /// JSON Lines, one operation each; standard input where it is missing or `-`
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ExportArgs {
    /// Where to; standard output where it is missing or `-`
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct ImportArgs {
    /// What export wrote; standard input where it is missing or `-`
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: Option<PathBuf>,

    /// What another tracker exported
    #[arg(long, value_name = "TRACKER")]
    pub from: Option<Source>,
}

#[derive(Debug, Args)]
pub struct BackupArgs {
    /// A file that does not exist yet
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub file: PathBuf,
}

#[derive(Debug, Args)]
pub struct RestoreArgs {
    /// A copy's name, or a file that `bn backup` wrote
    #[arg(value_name = "COPY", value_hint = ValueHint::FilePath)]
    pub copy: Option<PathBuf>,

    /// Begin with an empty graph; what there is, and the copies of it, are kept
    #[arg(long, conflicts_with = "copy")]
    pub anew: bool,
}

#[derive(Debug, Args)]
pub struct DoctorArgs {
    /// Mend what can be mended
    #[arg(long)]
    pub fix: bool,
}
