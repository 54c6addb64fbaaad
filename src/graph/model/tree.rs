//! A task with what it waits for, or with what waits for it, as a drawing.

use std::collections::HashSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::graph::model::id::TaskId;
use crate::graph::model::link::LinkType;
use crate::graph::model::task::Status;
use crate::graph::model::text::line;

/// Which way to look from the first task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// What it waits for, and its parts.
    Down,
    /// What waits for it.
    Up,
}

/// The tasks that are reached, and how.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbourhood {
    pub root: TaskId,
    pub direction: Direction,
    pub nodes: Vec<Node>,
    pub edges: Vec<Edge>,
    /// There was more than fits on a screen.
    pub more: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Node {
    pub id: TaskId,
    pub title: String,
    pub status: Status,
    pub blocked: bool,
}

/// A link in its own direction, whichever way the drawing goes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Edge {
    pub source: TaskId,
    #[serde(rename = "type")]
    pub link_type: LinkType,
    pub target: TaskId,
}

impl Neighbourhood {
    fn node(&self, id: &TaskId) -> Option<&Node> {
        self.nodes.iter().find(|node| node.id == *id)
    }

    /// The next tasks away from the first one.
    fn next<'a>(&'a self, id: &'a TaskId) -> impl Iterator<Item = (&'a TaskId, &'static str)> {
        self.edges.iter().filter_map(move |edge| match self.direction {
            Direction::Down if edge.source == *id => Some((&edge.target, edge.link_type.as_str())),
            Direction::Up if edge.target == *id => Some((&edge.source, edge.link_type.reversed())),
            _ => None,
        })
    }

    fn branch<'a>(
        &'a self,
        f: &mut fmt::Formatter<'_>,
        id: &'a TaskId,
        trunk: &str,
        drawn: &mut HashSet<&'a TaskId>,
    ) -> fmt::Result {
        let next: Vec<_> = self.next(id).filter_map(|(id, how)| Some((self.node(id)?, how))).collect();
        for (index, (node, how)) in next.iter().enumerate() {
            let is_last = index + 1 == next.len();
            let (fork, pad) = if is_last { ("└── ", "    ") } else { ("├── ", "│   ") };
            write!(f, "{trunk}{fork}{how} ")?;
            if !drawn.insert(&node.id) {
                writeln!(f, "{} (see above)", node.id)?;
                continue;
            }
            writeln!(f, "{}", Named(node))?;
            self.branch(f, &node.id, &format!("{trunk}{pad}"), drawn)?;
        }
        Ok(())
    }

    /// For Graphviz.
    pub fn dot(&self) -> String {
        let mut dot = String::from("digraph tasks {\n  rankdir=LR;\n  node [shape=box, style=rounded];\n");
        for node in &self.nodes {
            let label = format!("{}\\n{}", node.id, escaped(&line(&node.title, 60)));
            let style = if matches!(node.status, Status::Done | Status::Cancelled) {
                ", color=gray, fontcolor=gray"
            } else {
                ""
            };
            dot.push_str(&format!("  \"{}\" [label=\"{label}\"{style}];\n", node.id));
        }
        for edge in &self.edges {
            dot.push_str(&format!("  \"{}\" -> \"{}\" [label=\"{}\"];\n", edge.source, edge.target, edge.link_type));
        }
        dot.push_str("}\n");
        dot
    }
}

impl fmt::Display for Neighbourhood {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(root) = self.node(&self.root) else { return Ok(()) };
        writeln!(f, "{}", Named(root))?;
        self.branch(f, &root.id, "", &mut HashSet::from([&root.id]))?;
        if self.more { writeln!(f, "and more; `bn graph ID` with a task further on shows the rest") } else { Ok(()) }
    }
}

struct Named<'a>(&'a Node);

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = if self.0.blocked { "blocked" } else { self.0.status.words() };
        write!(f, "{}  {} ({state})", self.0.id, line(&self.0.title, 60))
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn web(direction: Direction) -> Neighbourhood {
        let id = |name: &str| TaskId::known(name.to_owned());
        let node = |name: &str| Node {
            id: id(name),
            title: format!("the \"{name}\""),
            status: Status::Open,
            blocked: name == "a",
        };
        let edge = |source: &str, link_type, target: &str| Edge { source: id(source), link_type, target: id(target) };
        Neighbourhood {
            root: id("a"),
            direction,
            nodes: ["a", "b", "c", "d"].map(node).to_vec(),
            edges: vec![
                edge("a", LinkType::DependsOn, "b"),
                edge("a", LinkType::ParentOf, "c"),
                edge("b", LinkType::DependsOn, "d"),
                edge("c", LinkType::DependsOn, "d"),
            ],
            more: false,
        }
    }

    #[test]
    fn what_was_drawn_is_not_drawn_again() {
        insta::assert_snapshot!(web(Direction::Down).to_string(), @r#"
        a  the "a" (blocked)
        ├── depends_on b  the "b" (open)
        │   └── depends_on d  the "d" (open)
        └── parent_of c  the "c" (open)
            └── depends_on d (see above)
        "#);
        insta::assert_snapshot!(Neighbourhood { root: TaskId::known("d".into()), ..web(Direction::Up) }.to_string(), @r#"
        d  the "d" (open)
        ├── blocks b  the "b" (open)
        │   └── blocks a  the "a" (blocked)
        └── blocks c  the "c" (open)
            └── child_of a (see above)
        "#);
    }

    #[test]
    fn dot_is_quoted() {
        insta::assert_snapshot!(web(Direction::Down).dot(), @r#"
        digraph tasks {
          rankdir=LR;
          node [shape=box, style=rounded];
          "a" [label="a\nthe \"a\""];
          "b" [label="b\nthe \"b\""];
          "c" [label="c\nthe \"c\""];
          "d" [label="d\nthe \"d\""];
          "a" -> "b" [label="depends_on"];
          "a" -> "c" [label="parent_of"];
          "b" -> "d" [label="depends_on"];
          "c" -> "d" [label="depends_on"];
        }
        "#);
    }
}
