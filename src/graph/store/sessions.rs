//! Sessions: from orient to goodbye, or to the end of the run.

use rusqlite::{Connection, OptionalExtension};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::graph::error::GraphError;
use crate::graph::model::event::EventKind;
use crate::graph::model::id;
use crate::graph::model::rights::Rights;
use crate::graph::model::session::{Actor, Identity, Session};
use crate::graph::model::task::Named;
use crate::graph::model::timestamp::Timestamp;
use crate::graph::queries;
use crate::graph::store::{Landed, Reader, Store, Writer, rows};

/// The session that a command belongs to.
#[derive(Clone, Debug)]
pub(super) struct Known {
    pub id: String,
    pub ended: bool,
}

/// What `orient` did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Registered {
    #[serde(flatten)]
    pub session: Session,
    /// It was there before: the same agent asks again.
    pub resumed: bool,
}

/// What `goodbye` did.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Farewell {
    /// `None`: nobody had registered, and there was nothing to say.
    pub session: Option<Session>,
    pub ended_before: bool,
    pub released: Vec<Named>,
}

/// The session of an identity: the one that bears the id, or the open one of the name in that place.
pub(super) fn find(conn: &Connection, identity: &Identity, name: &str) -> Result<Option<Known>, GraphError> {
    let found = match identity {
        Identity::Given(id) => {
            let ended =
                conn.prepare_cached(queries::sessions::IS_ENDED)?.query_row([id], |row| row.get(0)).optional()?;
            ended.map(|ended| Known { id: id.clone(), ended })
        }
        Identity::Place(place) => {
            let mut statement = conn.prepare_cached(queries::sessions::OF_PLACE)?;
            let id = statement.query_row((place, name), |row| row.get(0)).optional()?;
            id.map(|id| Known { id, ended: false })
        }
    };
    Ok(found)
}

impl Reader<'_> {
    pub fn session(&self, id: &str) -> Result<Option<Session>, GraphError> {
        let sql = format!("{} WHERE s.id = ?1", queries::sessions::SELECT);
        self.one(&mut *self.conn.prepare_cached(&sql)?, [id], "session", rows::session)
    }

    /// The same for what goes on without it: one that cannot be read is named, and is none.
    pub(super) fn session_if_readable(&self, id: &str) -> Result<Option<Session>, GraphError> {
        let sql = format!("{} WHERE s.id = ?1", queries::sessions::SELECT);
        let found = self.all(&mut *self.conn.prepare_cached(&sql)?, [id], "session", rows::session)?;
        Ok(found.into_iter().next())
    }

    fn known_session(&self, id: &str) -> Result<Session, GraphError> {
        self.session(id)?.ok_or_else(|| GraphError::Unknown { what: "session", id: id.to_owned() })
    }
}

impl Writer<'_> {
    /// Every write of an agent says that it lives.
    pub(super) fn sign_of_life(&self) -> Result<(), GraphError> {
        if let Some(session) = self.session_id() {
            self.conn.prepare_cached(queries::sessions::SEEN)?.execute((session, self.clock.get()))?;
        }
        Ok(())
    }

    /// Registers the actor, or finds it registered. An ended session starts again.
    pub fn register(&self) -> Result<Registered, GraphError> {
        let known = self.session.borrow().clone();
        let (id, resumed) = match known {
            Some(known) if known.ended => (self.revive(known.id)?, true),
            Some(known) => (self.resume(known.id)?, true),
            None => (self.start_session()?, false),
        };
        Ok(Registered { session: self.known_session(&id)?, resumed })
    }

    /// The same agent again, which may have learnt meanwhile what it is there for.
    fn resume(&self, id: String) -> Result<String, GraphError> {
        if let Some(agent_type) = &self.actor.agent_type {
            self.conn.prepare_cached(queries::sessions::SET_TYPE)?.execute((&id, agent_type))?;
        }
        Ok(id)
    }

    fn revive(&self, id: String) -> Result<String, GraphError> {
        let at = self.tick();
        self.conn.prepare_cached(queries::sessions::REVIVE)?.execute((&id, at, &self.actor.agent_type))?;
        self.record_session(at, &id, EventKind::SessionStarted, json!({ "again": true }))?;
        self.session.replace(Some(Known { id: id.clone(), ended: false }));
        Ok(id)
    }

    pub(super) fn start_session(&self) -> Result<String, GraphError> {
        let (id, place) = match &self.actor.identity {
            Identity::Given(id) => (id.clone(), None),
            Identity::Place(place) => {
                let mut bytes = [0; 16];
                getrandom::fill(&mut bytes)?;
                (id::session(bytes), Some(place))
            }
        };
        let at = self.tick();
        let actor = self.actor;
        let values = (&id, &actor.name, &actor.agent_type, &actor.container, place, at);
        self.conn.prepare_cached(queries::sessions::INSERT)?.execute(values)?;
        self.record_session(at, &id, EventKind::SessionStarted, json!({}))?;
        self.session.replace(Some(Known { id: id.clone(), ended: false }));
        Ok(id)
    }

    /// A claim belongs to a session: who has none yet gets one. An ended one claims nothing.
    pub(super) fn session_for_work(&self) -> Result<String, GraphError> {
        let known = self.session.borrow().clone();
        match known {
            Some(known) if known.ended => Err(GraphError::SessionEnded { id: known.id }),
            Some(known) => Ok(known.id),
            None => self.start_session(),
        }
    }

    /// Ends the actor's session. What it still holds is released, and the first summary stays.
    pub fn goodbye(&self, summary: Option<&str>) -> Result<Farewell, GraphError> {
        let summary = summary.map(str::trim).filter(|summary| !summary.is_empty());
        let known = self.session.borrow().clone();
        let id = match known {
            Some(known) if known.ended => {
                let session = Some(self.known_session(&known.id)?);
                return Ok(Farewell { session, ended_before: true, released: Vec::new() });
            }
            Some(known) => known.id,
            None if summary.is_none() => {
                return Ok(Farewell { session: None, ended_before: false, released: Vec::new() });
            }
            None => self.start_session()?,
        };
        if summary.is_some() {
            self.allow_words()?;
        }
        let why = format!("{} said goodbye", self.actor.name);
        let released = self.release_all(&id, &why)?;
        self.end_session(&id, "goodbye", summary)?;
        Ok(Farewell { session: Some(self.known_session(&id)?), ended_before: false, released })
    }

    fn end_session(&self, id: &str, reason: &str, summary: Option<&str>) -> Result<(), GraphError> {
        let at = self.tick();
        if self.conn.prepare_cached(queries::sessions::END)?.execute((id, at, reason, summary))? == 1 {
            let data = json!({ "reason": reason, "summary": summary });
            self.record_session(at, id, EventKind::SessionEnded, data)?;
        }
        Ok(())
    }
}

/// What the host says about a run. It speaks as `bn`.
impl Store {
    /// Ends the session of a run that is over, and releases what it still holds with a note that says why.
    pub fn end_run(&self, session: &str, why: &str, now: Timestamp) -> Result<Vec<Named>, GraphError> {
        self.write(&host(), now, |writer| {
            let released = writer.release_all(session, why)?;
            writer.end_session(session, why, None)?;
            Ok(released)
        })
    }

    /// Reopens every task that a run's session closed as done, each with the note.
    pub fn reopen_closed_by(&self, session: &str, note: &str, now: Timestamp) -> Result<Vec<Named>, GraphError> {
        self.write(&host(), now, |writer| writer.reopen_all(session, note))
    }

    /// Opens what waits for the work of a run's session, which will not come any more.
    pub fn wait_no_longer(&self, session: &str, note: &str, now: Timestamp) -> Result<(), GraphError> {
        self.write(&host(), now, |writer| writer.wait_no_longer(session, note))
    }

    /// Closes what waited for the work of a run's session, which has landed.
    pub fn land(&self, session: &str, why: &str, now: Timestamp) -> Result<Landed, GraphError> {
        self.write(&host(), now, |writer| writer.land_all(session, why))
    }
}

/// The name under which `bn` itself changes the graph after a run.
pub const HOST: &str = "bn";

fn host() -> Actor {
    let identity = Identity::Place(String::new());
    Actor { name: HOST.to_owned(), identity, agent_type: None, container: None, label: None, rights: Rights::All }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::model::task::{NewTask, Status};
    use crate::graph::store::{Claim, Closing, Site};

    fn store(folder: &std::path::Path) -> Store {
        let (uid, gid) = (rustix::process::getuid().as_raw(), rustix::process::getgid().as_raw());
        Store::open(&Site::new(folder, uid, gid)).unwrap()
    }

    fn agent() -> Actor {
        let identity = Identity::Given("s-run".to_owned());
        Actor {
            name: "ann".to_owned(),
            identity,
            agent_type: None,
            container: Some("run-1".to_owned()),
            label: None,
            rights: Rights::All,
        }
    }

    #[test]
    fn the_end_of_a_run_releases_its_claims_and_reopens_what_was_not_merged() {
        let folder = tempfile::tempdir().unwrap();
        let store = store(folder.path());
        let now = Timestamp::from_micros(1_000_000);
        let new = |title: &str| NewTask { title: title.to_owned(), ..NewTask::default() };
        let (held, closed) = store
            .write(&agent(), now, |writer| {
                let (held, closed) = (writer.create(&new("held"))?, writer.create(&new("closed"))?);
                writer.claim(&held, Claim::default())?;
                writer.claim(&closed, Claim::default())?;
                writer.close(&closed, &Closing { status: Status::Done, reason: None, force: false })?;
                Ok((held, closed))
            })
            .unwrap();

        let released = store.end_run("s-run", "its container was killed", now.next()).unwrap();
        assert_eq!(released.iter().map(|task| &task.id).collect::<Vec<_>>(), [&held]);
        assert!(store.end_run("s-run", "again", now.next()).unwrap().is_empty());
        let reopened = store.reopen_closed_by("s-run", "its work could not be merged", now.next()).unwrap();
        assert_eq!(reopened.iter().map(|task| &task.id).collect::<Vec<_>>(), [&closed]);
        assert!(store.reopen_closed_by("s-run", "again", now.next()).unwrap().is_empty());

        for (id, note) in
            [(&held, "claim released: its container was killed"), (&closed, "its work could not be merged")]
        {
            let detail = store.read(|reader| reader.detail(id)).unwrap();
            assert_eq!(detail.task.status, Status::Open);
            assert_eq!((detail.notes[0].text.as_str(), detail.notes[0].author.as_str()), (note, "bn"));
        }
        let session = store.read(|reader| reader.session("s-run")).unwrap().unwrap();
        assert_eq!(session.end_reason.as_deref(), Some("its container was killed"));
        let late = store.write(&agent(), now.next(), |writer| writer.claim(&held, Claim::default()));
        assert!(matches!(late, Err(GraphError::SessionEnded { .. })), "{late:?}");
    }
}
