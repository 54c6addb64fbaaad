//! `bn link add`, `rm` and `list`.

use std::fmt;

use serde::Serialize;

use crate::cli::link::{LinkArgs, LinkCommand};
use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::commands::graph::render;
use crate::error::Failure;
use crate::graph::model::link::Link;
use crate::graph::requests::{self, Linked, Links, LinksOf, Unlink};

pub fn dispatch(command: &LinkCommand, context: &Context) -> Result<(), Failure> {
    match command {
        LinkCommand::Add(args) => add(args, context),
        LinkCommand::Rm(args) => remove(args, context),
        LinkCommand::List(args) => list(&args.id, context),
    }
}

fn add(args: &LinkArgs, context: &Context) -> Result<(), Failure> {
    let graph = Graph::open(context)?;
    let Linked { link, is_new } =
        graph.ask(&requests::Link { a: args.a.clone(), link_type: args.link_type, b: args.b.clone() })?;
    let verb = if is_new { "Linked" } else { "Linked already" };
    Ok(context.output.print(&Changed { verb, link, changed: is_new })?)
}

fn remove(args: &LinkArgs, context: &Context) -> Result<(), Failure> {
    let graph = Graph::open(context)?;
    let link = graph.ask(&Unlink { a: args.a.clone(), link_type: args.link_type, b: args.b.clone() })?;
    Ok(context.output.print(&Changed { verb: "Unlinked", link, changed: true })?)
}

fn list(typed: &str, context: &Context) -> Result<(), Failure> {
    let graph = Graph::open(context)?;
    let links = graph.ask(&LinksOf { id: typed.to_owned() })?;
    Ok(context.output.print(&Shown(links))?)
}

#[derive(Serialize)]
struct Changed {
    #[serde(skip)]
    verb: &'static str,
    #[serde(flatten)]
    link: Link,
    changed: bool,
}

impl fmt::Display for Changed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}: {}", self.verb, self.link)
    }
}

#[derive(Serialize)]
#[serde(transparent)]
struct Shown(Links);

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.links.is_empty() {
            return writeln!(f, "{} has no links.", self.0.id);
        }
        render::links(f, &self.0.links)
    }
}
