//! The flags that choose among tasks.

use clap::Args;

use crate::graph::model::task::TaskType;

/// Which of the tasks.
#[derive(Debug, Args)]
pub struct Which {
    /// Only with this tag; all of them where several are named
    #[arg(long = "tag", value_name = "TAG")]
    pub tags: Vec<String>,

    /// Only of this type; any of them where several are named
    #[arg(short = 't', long = "type", value_name = "TYPE")]
    pub types: Vec<TaskType>,
}
