//! The store: one SQLite file that the host and every container open at the same time.
//!
//! Reads go through a [`Reader`], writes through a [`Writer`]; each is one transaction.

mod agents;
mod backup;
mod batch;
mod budget;
mod claims;
mod close;
mod commits;
mod connection;
pub mod copies;
mod copy_state;
mod create;
mod delete;
mod doctor;
mod events;
mod export;
mod filesystem;
mod foreign_files;
mod import;
mod import_issues;
mod landing;
mod links;
mod lists;
mod lost;
mod migrate;
mod neighbourhood;
mod open;
mod origins;
mod outline;
mod overview;
mod resolve;
mod rights;
mod rows;
mod schema;
mod search;
mod sessions;
mod set_aside;
mod sql_error;
mod stats;
mod undo;
mod unread;
mod update;
mod word_index;

use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::path::PathBuf;

use rusqlite::{Connection, OptionalExtension, Transaction, TransactionBehavior};

use crate::failpoint::{self, Point};
use crate::graph::error::GraphError;
use crate::graph::model::id::TaskId;
use crate::graph::model::rights::Rights;
use crate::graph::model::session::Actor;
use crate::graph::model::timestamp::Timestamp;
use crate::graph::queries;

use budget::{ALL_ROWS, Budget, RUN_WRITES, SOME_ROWS};

pub use agents::{Agent, Agents};
pub use batch::Outcome;
pub use claims::Claim;
pub use close::{Closed, Closing};
pub use commits::Naming;
pub use doctor::Checkup;
pub use events::Logged;
pub use export::Exported;
pub use import::Imported;
pub use landing::Landed;
pub use lists::{Counts, Listed};
pub use open::Site;
pub use overview::{Held, Overview};
pub use resolve::Detail;
pub use search::Found;
pub use sessions::{Farewell, HOST, Registered};
pub use stats::{Duplicates, Stats};
pub use undo::Undone;
pub use unread::Unread;

/// The name of the file in the graph's folder.
pub const FILE: &str = "graph.db";

/// An open graph.
#[derive(Debug)]
pub struct Store {
    conn: Connection,
    folder: PathBuf,
    budget: Budget,
    /// Where copies are kept: on the host alone.
    backups: Option<PathBuf>,
    unread: RefCell<Unread>,
    /// How much the rows of one answer may be, in bytes.
    room: usize,
}

impl Store {
    /// Limits the memory of each answer, for a process that answers strangers.
    pub fn limit_answers(self, bytes: usize) -> Self {
        Self { room: bytes, ..self }
    }

    /// One consistent view of the graph. Nothing is written.
    pub fn read<T>(&self, work: impl FnOnce(&Reader) -> Result<T, GraphError>) -> Result<T, GraphError> {
        self.budget.grant(SOME_ROWS);
        self.view(work)
    }

    /// The same, for what looks at every row.
    pub fn read_all<T>(&self, work: impl FnOnce(&Reader) -> Result<T, GraphError>) -> Result<T, GraphError> {
        self.budget.grant(ALL_ROWS);
        self.view(work)
    }

    fn view<T>(&self, work: impl FnOnce(&Reader) -> Result<T, GraphError>) -> Result<T, GraphError> {
        let transaction = Transaction::new_unchecked(&self.conn, TransactionBehavior::Deferred);
        transaction
            .map_err(GraphError::from)
            .and_then(|transaction| {
                let reader = Reader::new(&transaction, self.room);
                let found = work(&reader);
                self.unread.borrow_mut().extend(reader.unread.take());
                found
            })
            .map_err(|error| sql_error::locate(error, &self.folder))
    }

    /// The rows that could not be read so far, and were left out.
    pub fn unread(&self) -> Unread {
        self.unread.take()
    }

    /// All of `work`, or nothing of it. What it returns is on the disk.
    pub fn write<T>(
        &self,
        actor: &Actor,
        now: Timestamp,
        work: impl FnOnce(&Writer) -> Result<T, GraphError>,
    ) -> Result<T, GraphError> {
        self.budget.grant(match actor.rights {
            Rights::All => ALL_ROWS,
            Rights::Run(_) => RUN_WRITES,
        });
        self.transact(actor, now, work).map_err(|error| sql_error::locate(error, &self.folder))
    }

    fn transact<T>(
        &self,
        actor: &Actor,
        now: Timestamp,
        work: impl FnOnce(&Writer) -> Result<T, GraphError>,
    ) -> Result<T, GraphError> {
        let transaction = Transaction::new_unchecked(&self.conn, TransactionBehavior::Immediate)?;
        let session = sessions::find(&transaction, &actor.identity, &actor.name)?;
        let writer = Writer {
            reader: Reader::new(&transaction, self.room),
            actor,
            session: RefCell::new(session),
            clock: Cell::new(now),
            allowed: RefCell::default(),
            change: Cell::default(),
        };
        writer.sign_of_life()?;
        let result = work(&writer);
        self.unread.borrow_mut().extend(writer.reader.unread.take());
        let result = result?;
        if matches!(actor.rights, Rights::Run(_)) {
            failpoint::reached(Point::ChangeMade);
        }
        transaction.commit()?;
        Ok(result)
    }
}

/// The graph, to be read.
#[derive(Debug)]
pub struct Reader<'a> {
    conn: &'a Connection,
    /// What could not be read of it.
    unread: RefCell<Unread>,
    /// What is left for the rows of this answer.
    room: Cell<usize>,
    most: usize,
}

impl<'a> Reader<'a> {
    fn new(conn: &'a Connection, room: usize) -> Self {
        Self { conn, unread: RefCell::default(), room: Cell::new(room), most: room }
    }
}

/// The graph, to be changed by somebody at some moment.
#[derive(Debug)]
pub struct Writer<'a> {
    reader: Reader<'a>,
    actor: &'a Actor,
    /// Changes while work goes on: a claim registers who had not.
    session: RefCell<Option<sessions::Known>>,
    clock: Cell<Timestamp>,
    /// The tasks that this transaction may change, where rules hold.
    allowed: RefCell<HashSet<TaskId>>,
    /// The number of the first event of this transaction, which all of its events bear.
    change: Cell<Option<i64>>,
}

impl<'a> std::ops::Deref for Writer<'a> {
    type Target = Reader<'a>;

    fn deref(&self) -> &Reader<'a> {
        &self.reader
    }
}

impl Writer<'_> {
    /// The session in whose name this is written, where there is one.
    fn session_id(&self) -> Option<String> {
        self.session.borrow().as_ref().map(|session| session.id.clone())
    }

    /// The time of the next change: later than the one before it, so that the order is kept.
    fn tick(&self) -> Timestamp {
        let now = self.clock.get();
        self.clock.set(now.next());
        now
    }

    /// The time of the next change of a task: later than its last one, also where the clock was set back meanwhile.
    fn tick_of(&self, id: &TaskId) -> Result<Timestamp, GraphError> {
        let now = self.tick();
        let mut statement = self.conn.prepare_cached(queries::tasks::LAST_WRITE)?;
        let last: Option<Timestamp> = statement.query_row([id], |row| row.get(0)).optional()?.flatten();
        Ok(last.map_or(now, |last| now.max(last.next())))
    }

    /// The run in which this is written, by its session.
    fn run_session(&self) -> Option<String> {
        self.actor.run().map(str::to_owned)
    }
}
