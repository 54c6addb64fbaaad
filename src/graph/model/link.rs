//! Links between tasks.

use std::borrow::Cow;
use std::fmt;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::graph::model::id::TaskId;
use crate::graph::model::task::Status;

/// How one task stands to another. Each is kept in one form alone: `blocks` is `depends_on` read from its other end, `child_of` is
/// `parent_of`, and so on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "snake_case")]
#[value(rename_all = "snake_case")]
pub enum LinkType {
    /// A cannot be finished before B
    DependsOn,
    /// B cannot be finished before A
    Blocks,
    /// B is a part of A
    ParentOf,
    /// A is a part of B
    ChildOf,
    /// A and B concern each other
    RelatedTo,
    /// A came up during the work on B
    DiscoveredFrom,
    /// B came up during the work on A
    LedTo,
    /// A says the same as B
    Duplicates,
    /// B says the same as A
    DuplicatedBy,
}

impl LinkType {
    pub fn as_str(self) -> &'static str {
        match self {
            LinkType::DependsOn => "depends_on",
            LinkType::Blocks => "blocks",
            LinkType::ParentOf => "parent_of",
            LinkType::ChildOf => "child_of",
            LinkType::RelatedTo => "related_to",
            LinkType::DiscoveredFrom => "discovered_from",
            LinkType::LedTo => "led_to",
            LinkType::Duplicates => "duplicates",
            LinkType::DuplicatedBy => "duplicated_by",
        }
    }

    /// How the link reads from its other end.
    pub fn reversed(self) -> &'static str {
        match self {
            LinkType::DependsOn => "blocks",
            LinkType::Blocks => "depends_on",
            LinkType::ParentOf => "child_of",
            LinkType::ChildOf => "parent_of",
            LinkType::RelatedTo => "related_to",
            LinkType::DiscoveredFrom => "led_to",
            LinkType::LedTo => "discovered_from",
            LinkType::Duplicates => "duplicated_by",
            LinkType::DuplicatedBy => "duplicates",
        }
    }

    /// The types that must not make a cycle together: a parent waits for its children as a task does for what it depends on.
    pub fn family(self) -> &'static [LinkType] {
        match self {
            LinkType::DependsOn | LinkType::Blocks | LinkType::ParentOf | LinkType::ChildOf => {
                &[LinkType::DependsOn, LinkType::ParentOf]
            }
            LinkType::RelatedTo => &[],
            LinkType::DiscoveredFrom | LinkType::LedTo => &[LinkType::DiscoveredFrom],
            LinkType::Duplicates | LinkType::DuplicatedBy => &[LinkType::Duplicates],
        }
    }
}

impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A link as it is kept: never the form that is read from the other end, and `related_to` with its lesser id first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Link {
    pub source: TaskId,
    #[serde(rename = "type")]
    pub link_type: LinkType,
    pub target: TaskId,
}

impl Link {
    pub fn new(source: TaskId, link_type: LinkType, target: TaskId) -> Self {
        match link_type {
            LinkType::Blocks => Self { source: target, link_type: LinkType::DependsOn, target: source },
            LinkType::ChildOf => Self { source: target, link_type: LinkType::ParentOf, target: source },
            LinkType::LedTo => Self { source: target, link_type: LinkType::DiscoveredFrom, target: source },
            LinkType::DuplicatedBy => Self { source: target, link_type: LinkType::Duplicates, target: source },
            LinkType::RelatedTo if target < source => Self { source: target, link_type, target: source },
            _ => Self { source, link_type, target },
        }
    }
}

impl fmt::Display for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.source, self.link_type, self.target)
    }
}

/// A link as one of its tasks sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Neighbour {
    /// `depends_on`, `blocks`, `parent_of`, `child_of` …, read from the task that was asked about.
    pub relation: Cow<'static, str>,
    pub id: TaskId,
    pub title: String,
    pub status: Status,
    pub deleted: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_has_one_form() {
        let (a, b) = (TaskId::known("bn-a".into()), TaskId::known("bn-b".into()));
        let blocks = Link::new(a.clone(), LinkType::Blocks, b.clone());
        assert_eq!(blocks, Link::new(b.clone(), LinkType::DependsOn, a.clone()));
        let child = Link::new(a.clone(), LinkType::ChildOf, b.clone());
        assert_eq!(child, Link::new(b.clone(), LinkType::ParentOf, a.clone()));
        assert_eq!(
            Link::new(b.clone(), LinkType::RelatedTo, a.clone()),
            Link::new(a.clone(), LinkType::RelatedTo, b.clone())
        );
        assert_ne!(Link::new(a.clone(), LinkType::ParentOf, b.clone()), Link::new(b, LinkType::ParentOf, a));
    }
}
