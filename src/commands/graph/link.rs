//! `bn link add`, `rm` and `list`.

use std::fmt;

use serde::Serialize;

use crate::cli::link::{LinkArgs, LinkCommand};
use crate::commands::Context;
use crate::commands::graph::access::Graph;
use crate::commands::graph::render;
use crate::error::Failure;
use crate::graph::model::id::TaskId;
use crate::graph::model::link::{Link, Neighbour};

pub fn dispatch(command: &LinkCommand, context: &Context) -> Result<(), Failure> {
    match command {
        LinkCommand::Add(args) => add(args, context),
        LinkCommand::Rm(args) => remove(args, context),
        LinkCommand::List(args) => list(&args.id, context),
    }
}

fn add(args: &LinkArgs, context: &Context) -> Result<(), Failure> {
    let graph = Graph::open(context)?;
    let (link, is_new) = graph.write(|writer| {
        let (a, b) = (writer.resolve(&args.a)?, writer.resolve(&args.b)?);
        writer.link(&a, args.link_type, &b)
    })?;
    let verb = if is_new { "Linked" } else { "Linked already" };
    Ok(context.output.print(&Changed { verb, link, changed: is_new })?)
}

fn remove(args: &LinkArgs, context: &Context) -> Result<(), Failure> {
    let graph = Graph::open(context)?;
    let link = graph.write(|writer| {
        let (a, b) = (writer.resolve(&args.a)?, writer.resolve(&args.b)?);
        writer.unlink(&a, args.link_type, &b)
    })?;
    Ok(context.output.print(&Changed { verb: "Unlinked", link, changed: true })?)
}

fn list(typed: &str, context: &Context) -> Result<(), Failure> {
    let graph = Graph::open(context)?;
    let links = graph.read(|reader| {
        let id = reader.resolve(typed)?;
        Ok(Links { links: reader.links_of(&id)?, id })
    })?;
    Ok(context.output.print(&links)?)
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
struct Links {
    id: TaskId,
    links: Vec<Neighbour>,
}

impl fmt::Display for Links {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.links.is_empty() {
            return writeln!(f, "{} has no links.", self.id);
        }
        render::links(f, &self.links)
    }
}
