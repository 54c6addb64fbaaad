//! The flags that choose among tasks: the same for `ready`, `blocked`, `task list` and `stale`.

use clap::error::Error;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches};

use crate::graph::model::task::{self, PriorityRange, TaskType};
use crate::graph::queries::filter::{TIMES, TimeFlag};

/// Which of the tasks: all conditions have to hold.
#[derive(Debug, Args)]
pub struct Which {
    /// Only with this tag; with all of them where several are named
    #[arg(long = "tag", value_name = "TAG", value_parser = task::tag)]
    pub tags: Vec<String>,

    /// Only with one of these tags; may be repeated
    #[arg(long = "any-tag", value_name = "TAG", value_parser = task::tag)]
    pub any_tags: Vec<String>,

    /// Only without this tag; may be repeated
    #[arg(long = "not-tag", value_name = "TAG", value_parser = task::tag)]
    pub not_tags: Vec<String>,

    /// Only of this type; any of them where several are named
    #[arg(short = 't', long = "type", value_name = "TYPE")]
    pub types: Vec<TaskType>,

    /// Only of this priority, or of a range (0-2); any of them where several are named
    #[arg(short, long = "priority", value_name = "0-4")]
    pub priorities: Vec<PriorityRange>,

    /// Only with these words in the title or the description
    #[arg(long, value_name = "WORDS")]
    pub text: Option<String>,

    /// Only this agent's
    #[arg(long, value_name = "NAME", conflicts_with = "unassigned")]
    pub assignee: Option<String>,

    /// Only nobody's
    #[arg(long)]
    pub unassigned: bool,

    /// Only the children of this task
    #[arg(long, value_name = "ID")]
    pub parent: Option<String>,

    #[command(flatten)]
    pub times: TimeArgs,
}

/// What was typed for each of `TIMES` that was named.
#[derive(Clone, Debug, Default)]
pub struct TimeArgs(pub Vec<(&'static TimeFlag, String)>);

impl Args for TimeArgs {
    fn augment_args(command: Command) -> Command {
        command.args(TIMES.iter().map(|time| {
            let flag = time.flag.trim_start_matches('-');
            Arg::new(flag).long(flag).value_name("TIME").help(time.help)
        }))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for TimeArgs {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let typed = |time: &TimeFlag| matches.get_one::<String>(time.flag.trim_start_matches('-')).cloned();
        Ok(Self(TIMES.iter().filter_map(|time| Some((time, typed(time)?))).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
