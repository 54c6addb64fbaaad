//! `bn task …`

use clap::{Args, Subcommand};

use crate::cli::fields::FieldArgs;
use crate::cli::which::Which;
use crate::graph::model::task::{self, Priority, TaskType};
use crate::graph::queries::filter::{Sort, State};

#[derive(Debug, Subcommand)]
pub enum TaskCommand {
    /// Create a task
    #[command(visible_alias = "add")]
    Create(CreateArgs),
    /// List tasks; those that are not finished, unless told otherwise
    #[command(visible_alias = "ls")]
    List(ListArgs),
    /// Show a task with its links and notes
    Show(IdArg),
    /// Change what a task says
    #[command(visible_alias = "edit")]
    Update(UpdateArgs),
    /// Take a task that is open: exactly one agent gets it
    Claim(ClaimArgs),
    /// Give a claim back
    Release(ReleaseArgs),
    /// Say that a task is done
    #[command(visible_alias = "done")]
    Close(CloseArgs),
    /// Say that a task will not be done
    Cancel(CloseArgs),
    /// Open a finished task again
    Reopen(ReasonArgs),
    /// Add a note to a task
    Note(NoteArgs),
    /// Delete a task; it can be brought back
    #[command(visible_alias = "rm")]
    Delete(DeleteArgs),
    /// Bring a deleted task back
    Undelete(IdArg),
}

#[derive(Debug, Args)]
pub struct IdArg {
    /// The task's id, or the first letters of it
    #[arg(value_name = "ID")]
    pub id: String,
}

#[derive(Debug, Args)]
pub struct CreateArgs {
    /// One line that says what is to be done
    #[arg(value_name = "TITLE", required_unless_present_any = ["stdin", "edit"], value_parser = task::title)]
    pub title: Option<String>,

    /// Read tasks from standard input, one JSON object per line, and create all of them or none
    #[arg(long, conflicts_with_all = ["title", "description", "priority", "task_type", "tags", "parent", "assignee", "depends_on", "blocks", "discovered_from"])]
    pub stdin: bool,

    /// Write the title and the description in $VISUAL or $EDITOR
    #[arg(short, long, conflicts_with = "stdin")]
    pub edit: bool,

    /// The description; `-` reads it from standard input
    #[arg(short, long, value_name = "TEXT")]
    pub description: Option<String>,

    /// From 0 (urgent) to 4 (some day)
    #[arg(short, long, value_name = "0-4", default_value = "2")]
    pub priority: Priority,

    /// The kind of work
    #[arg(short = 't', long = "type", value_name = "TYPE", default_value = "task")]
    pub task_type: TaskType,

    /// A tag to find the task by; may be repeated
    #[arg(long = "tag", value_name = "TAG", value_parser = task::tag)]
    pub tags: Vec<String>,

    /// The parent task
    #[arg(long, value_name = "ID")]
    pub parent: Option<String>,

    /// The agent that it is meant for
    #[arg(long, value_name = "NAME")]
    pub assignee: Option<String>,

    /// A task that has to be done first; may be repeated
    #[arg(long, value_name = "ID")]
    pub depends_on: Vec<String>,

    /// A task that has to wait for this one; may be repeated
    #[arg(long, value_name = "ID")]
    pub blocks: Vec<String>,

    /// The task whose work led to this one
    #[arg(long, value_name = "ID")]
    pub discovered_from: Option<String>,

    #[command(flatten)]
    pub fields: FieldArgs,
}

#[derive(Debug, Args)]
pub struct ListArgs {
    /// Only in this state; any of them where several are named
    #[arg(short, long = "status", value_name = "STATUS")]
    pub states: Vec<State>,

    /// List finished tasks too
    #[arg(short, long, conflicts_with = "states")]
    pub all: bool,

    #[command(flatten)]
    pub which: Which,

    /// The order of the list
    #[arg(long, value_name = "ORDER", default_value = "best")]
    pub sort: Sort,

    /// Reverse the order
    #[arg(short, long)]
    pub reverse: bool,

    /// How many at most; 0 for all
    #[arg(short = 'n', long, value_name = "N", default_value_t = 50)]
    pub limit: usize,
}

#[derive(Debug, Args)]
pub struct UpdateArgs {
    /// The task's id, or the first letters of it
    #[arg(value_name = "ID")]
    pub id: String,

    /// A new title
    #[arg(long, value_name = "TITLE", value_parser = task::title)]
    pub title: Option<String>,

    /// Change the title and the description in $VISUAL or $EDITOR
    #[arg(short, long)]
    pub edit: bool,

    /// A new description; `-` reads it from standard input
    #[arg(short, long, value_name = "TEXT")]
    pub description: Option<String>,

    /// From 0 (urgent) to 4 (some day)
    #[arg(short, long, value_name = "0-4")]
    pub priority: Option<Priority>,

    /// The kind of work
    #[arg(short = 't', long = "type", value_name = "TYPE")]
    pub task_type: Option<TaskType>,

    /// Add a tag; may be repeated
    #[arg(long = "tag", visible_alias = "add-tag", value_name = "TAG", value_parser = task::tag)]
    pub add_tags: Vec<String>,

    /// Take a tag away; may be repeated
    #[arg(long = "untag", visible_alias = "remove-tag", value_name = "TAG", value_parser = task::tag)]
    pub remove_tags: Vec<String>,

    /// Make it a part of this task; "" of none
    #[arg(long, value_name = "ID")]
    pub parent: Option<String>,

    /// Whom it is meant for; "" for anybody
    #[arg(long, value_name = "NAME")]
    pub assignee: Option<String>,

    #[command(flatten)]
    pub fields: FieldArgs,
}

#[derive(Debug, Args)]
pub struct ClaimArgs {
    /// The task's id, or the first letters of it
    #[arg(value_name = "ID")]
    pub id: String,

    /// Even though it is blocked
    #[arg(long)]
    pub force: bool,

    /// Take it from an agent whose session ended or has shown no activity for a while
    #[arg(long)]
    pub take_over: bool,

    /// How long an agent may give no sign of life before its task is taken
    #[arg(long, value_name = "TIME", default_value = "2h", requires = "take_over")]
    pub stale_after: String,
}

#[derive(Debug, Args)]
pub struct ReleaseArgs {
    /// The task's id, or the first letters of it
    #[arg(value_name = "ID")]
    pub id: String,

    /// Why; becomes a note
    #[arg(short, long, value_name = "TEXT")]
    pub reason: Option<String>,

    /// Even though it is somebody else's
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
pub struct CloseArgs {
    /// The tasks' ids, or the first letters of them: all of them, or none
    #[arg(value_name = "ID", required = true)]
    pub ids: Vec<String>,

    /// What was done, or why not
    #[arg(short, long, value_name = "TEXT")]
    pub reason: Option<String>,

    /// Even though it has open dependencies or children, or is somebody else's
    #[arg(long)]
    pub force: bool,
}

#[derive(Debug, Args)]
pub struct ReasonArgs {
    /// The task's id, or the first letters of it
    #[arg(value_name = "ID")]
    pub id: String,

    /// Why; becomes a note
    #[arg(short, long, value_name = "TEXT")]
    pub reason: Option<String>,
}

#[derive(Debug, Args)]
pub struct NoteArgs {
    /// The task's id, or the first letters of it
    #[arg(value_name = "ID")]
    pub id: String,

    /// What there is to remember; `-` reads it from standard input
    #[arg(value_name = "TEXT", required = true)]
    pub text: Vec<String>,
}

#[derive(Debug, Args)]
pub struct DeleteArgs {
    /// The task's id, or the first letters of it
    #[arg(value_name = "ID")]
    pub id: String,

    /// Even though somebody works on it
    #[arg(long)]
    pub force: bool,
}
