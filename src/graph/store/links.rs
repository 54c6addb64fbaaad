//! Links, and the cycles that they must not make.

use std::collections::{HashMap, VecDeque};

use rusqlite::OptionalExtension;

use crate::graph::error::GraphError;
use crate::graph::model::event::EventKind;
use crate::graph::model::id::TaskId;
use crate::graph::model::link::{Link, LinkType, Neighbour};
use crate::graph::queries;
use crate::graph::store::{Reader, Writer, rows};

impl Writer<'_> {
    /// Adds a link. Returns it as it is kept, and whether it is new.
    pub fn link(&self, a: &TaskId, link_type: LinkType, b: &TaskId) -> Result<(Link, bool), GraphError> {
        let link = Link::new(self.living(a)?.id, link_type, self.living(b)?.id);
        if link.source == link.target {
            return Err(GraphError::SelfLink { id: link.source });
        }
        self.refuse_second_parent(&link)?;
        self.refuse_cycle(&link)?;
        self.allow_link(&link)?;
        let values = (&link.source, link.link_type, &link.target);
        let is_new = self.conn.prepare_cached(queries::links::ADD)?.execute(values)? == 1;
        if is_new {
            self.rank_child(&link)?;
            self.record_link_now(&link, EventKind::Linked)?;
        }
        Ok((link, is_new))
    }

    /// Takes a link away.
    pub fn unlink(&self, a: &TaskId, link_type: LinkType, b: &TaskId) -> Result<Link, GraphError> {
        let link = Link::new(a.clone(), link_type, b.clone());
        self.allow_link(&link)?;
        let values = (&link.source, link.link_type, &link.target);
        if self.conn.prepare_cached(queries::links::REMOVE)?.execute(values)? == 0 {
            return Err(GraphError::Unknown { what: "link", id: link.to_string() });
        }
        self.rank_child(&link)?;
        self.record_link_now(&link, EventKind::Unlinked)?;
        Ok(link)
    }

    fn rank_child(&self, link: &Link) -> Result<(), GraphError> {
        if link.link_type == LinkType::ParentOf { self.rank(&link.target) } else { Ok(()) }
    }

    fn record_link_now(&self, link: &Link, kind: EventKind) -> Result<(), GraphError> {
        let at = self.tick_of(&link.source)?.max(self.tick_of(&link.target)?);
        self.record_link(at, [&link.source, &link.target], kind, link.link_type.as_str())
    }

    pub(super) fn refuse_second_parent(&self, link: &Link) -> Result<(), GraphError> {
        if link.link_type != LinkType::ParentOf {
            return Ok(());
        }
        let mut statement = self.conn.prepare_cached(queries::links::PARENT)?;
        match statement.query_row([&link.target], |row| row.get(0)).optional()? {
            Some(parent) if parent != link.source => Err(GraphError::HasParent { child: link.target.clone(), parent }),
            _ => Ok(()),
        }
    }

    /// Looks for a way back from the target to the source.
    pub(super) fn refuse_cycle(&self, link: &Link) -> Result<(), GraphError> {
        let family = link.link_type.family();
        if family.is_empty() || !self.has_way_in(&link.source, family)? {
            return Ok(());
        }
        match self.way(&link.target, &link.source, family)? {
            Some(way) => Err(GraphError::Cycle { path: std::iter::once(link.source.clone()).chain(way).collect() }),
            None => Ok(()),
        }
    }
}

impl Reader<'_> {
    /// A task's links, each read from the task's own end.
    pub fn links_of(&self, id: &TaskId) -> Result<Vec<Neighbour>, GraphError> {
        let mut links = Vec::new();
        let mut outgoing = self.conn.prepare_cached(queries::links::OUTGOING)?;
        links.extend(self.all(&mut outgoing, [id], "a link of", |row| rows::neighbour(row, LinkType::as_str))?);
        let mut incoming = self.conn.prepare_cached(queries::links::INCOMING)?;
        links.extend(self.all(&mut incoming, [id], "a link of", |row| rows::neighbour(row, LinkType::reversed))?);
        links.sort_by(|left, right| left.relation.cmp(&right.relation));
        Ok(links)
    }

    /// Nothing leads to a new task, so that nothing can lead back to it.
    fn has_way_in(&self, id: &TaskId, family: &[LinkType]) -> Result<bool, GraphError> {
        let sql = "SELECT count(*) FROM (SELECT 1 FROM links WHERE target = ?1 AND type = ?2 LIMIT 1)";
        let mut statement = self.conn.prepare_cached(sql)?;
        for link_type in family {
            if statement.query_row((id, link_type), |row| row.get::<_, i64>(0))? > 0 {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The shortest way from one task to another along links of the family, both ends included.
    fn way(&self, from: &TaskId, to: &TaskId, family: &[LinkType]) -> Result<Option<Vec<TaskId>>, GraphError> {
        let mut came_from: HashMap<TaskId, TaskId> = HashMap::new();
        let mut waiting = VecDeque::from([from.clone()]);
        let mut statement = self.conn.prepare_cached("SELECT target FROM links WHERE source = ?1 AND type = ?2")?;
        while let Some(here) = waiting.pop_front() {
            if here == *to {
                return Ok(Some(trail(&came_from, from, here)));
            }
            for link_type in family {
                for next in self.all(&mut statement, (&here, link_type), "a link to", |row| row.get::<_, TaskId>(0))? {
                    if next != *from && !came_from.contains_key(&next) {
                        came_from.insert(next.clone(), here.clone());
                        waiting.push_back(next);
                    }
                }
            }
        }
        Ok(None)
    }
}

fn trail(came_from: &HashMap<TaskId, TaskId>, from: &TaskId, to: TaskId) -> Vec<TaskId> {
    let mut trail = vec![to];
    while let Some(previous) = trail.last().filter(|here| *here != from).and_then(|here| came_from.get(here)) {
        trail.push(previous.clone());
    }
    trail.reverse();
    trail
}
