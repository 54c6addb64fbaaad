//! The tasks around one task.

use std::collections::{HashSet, VecDeque};

use crate::graph::error::GraphError;
use crate::graph::model::id::TaskId;
use crate::graph::model::tree::{Direction, Edge, Neighbourhood, Node};
use crate::graph::store::{Reader, rows};

/// How many tasks a drawing holds.
const NODES: usize = 200;

const NODE: &str = "SELECT id, title, status, status = 'open' AND waits_for > 0 AS blocked FROM tasks WHERE id = ?1 AND deleted_at IS NULL";
const DOWN: &str = "SELECT source, type, target FROM links WHERE source = ?1 AND type IN ('depends_on', 'parent_of') ORDER BY type, target";
const UP: &str = "SELECT source, type, target FROM links WHERE target = ?1 AND type IN ('depends_on', 'parent_of') ORDER BY type, source";

impl Reader<'_> {
    /// Everything that a task waits for, or that waits for it, nearest first.
    pub fn neighbourhood(&self, root: &TaskId, direction: Direction) -> Result<Neighbourhood, GraphError> {
        let root = self.living(root)?.id;
        let mut found =
            Neighbourhood { root: root.clone(), direction, nodes: Vec::new(), edges: Vec::new(), more: false };
        let mut seen = HashSet::from([root.clone()]);
        let mut waiting = VecDeque::from([root]);
        while let Some(id) = waiting.pop_front() {
            let Some(node) = self.node(&id)? else { continue };
            if found.nodes.len() == NODES {
                found.more = true;
                break;
            }
            found.nodes.push(node);
            for edge in self.edges(&id, direction)? {
                let next = if direction == Direction::Down { &edge.target } else { &edge.source };
                if seen.insert(next.clone()) {
                    waiting.push_back(next.clone());
                }
                found.edges.push(edge);
            }
        }
        let drawn: HashSet<&TaskId> = found.nodes.iter().map(|node| &node.id).collect();
        found.edges.retain(|edge| drawn.contains(&edge.source) && drawn.contains(&edge.target));
        Ok(found)
    }

    fn node(&self, id: &TaskId) -> Result<Option<Node>, GraphError> {
        let read = |row: &rusqlite::Row| {
            Ok(Node {
                id: row.get("id")?,
                title: row.get("title")?,
                status: row.get("status")?,
                blocked: row.get("blocked")?,
            })
        };
        let found = self.all(&mut *self.conn.prepare_cached(NODE)?, [id], "task", read)?;
        Ok(found.into_iter().next())
    }

    fn edges(&self, id: &TaskId, direction: Direction) -> Result<Vec<Edge>, GraphError> {
        let sql = if direction == Direction::Down { DOWN } else { UP };
        let mut statement = self.conn.prepare_cached(sql)?;
        let edge = |row: &rusqlite::Row| {
            let link = rows::link(row)?;
            Ok(Edge { source: link.source, link_type: link.link_type, target: link.target })
        };
        self.all(&mut statement, [id], "a link of", edge)
    }
}
