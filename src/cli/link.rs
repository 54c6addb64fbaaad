//! `bn link …`

use clap::{Args, Subcommand};

use crate::graph::model::link::LinkType;

#[derive(Debug, Subcommand)]
pub enum LinkCommand {
    /// Link two tasks: A TYPE B
    Add(LinkArgs),
    /// Take a link away
    #[command(visible_alias = "remove")]
    Rm(LinkArgs),
    /// List a task's links
    #[command(visible_alias = "ls")]
    List(LinkListArgs),
}

#[derive(Debug, Args)]
pub struct LinkArgs {
    /// The task that the link starts from
    #[arg(value_name = "A")]
    pub a: String,

    /// The task that it leads to
    #[arg(value_name = "B")]
    pub b: String,

    /// How A stands to B
    #[arg(short = 't', long = "type", value_name = "TYPE", default_value = "depends_on")]
    pub link_type: LinkType,
}

#[derive(Debug, Args)]
pub struct LinkListArgs {
    /// The task's id, or the first letters of it
    #[arg(value_name = "ID")]
    pub id: String,
}
