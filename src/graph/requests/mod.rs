//! What can be asked of the graph: each request is one transaction, a value, and answered by a value.
//!
//! The verbs know nothing else of the store, so that a request can be carried out here or by whoever holds the file.

mod changes;
mod lists;
mod one;
mod sessions;
mod views;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::graph::error::GraphError;
use crate::graph::model::session::Actor;
use crate::graph::model::timestamp::Timestamp;
use crate::graph::store::{Reader, Store, Writer};

pub use changes::{
    Batch, Claim, ClaimBest, Close, Create, Delete, Link, Linked, Note, Plan, Release, Reopen, Undelete, Undo, Unlink,
    Update,
};
pub use lists::{Agents, Blocked, Explain, Explained, List, Log, Ready, Search, WhatWaits};
pub use one::{Check, Draw, Find, Links, LinksOf, Show, Shown, Thing};
pub use sessions::{Goodbye, Orient};
pub use views::{Duplicates, Stats, Tree};

/// One transaction. A field that asks for nothing (null, false, an empty list) may be left out.
pub trait Request: Serialize + DeserializeOwned {
    type Answer: Serialize + DeserializeOwned;

    /// What it is called where it is written down.
    const NAME: &'static str;
    /// Whether it may write.
    const CHANGES: bool = false;

    fn perform(&self, at: &At) -> Result<Self::Answer, GraphError>;
}

/// An open graph, and the agent or user that asks.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    pub store: &'a Store,
    pub actor: &'a Actor,
    pub now: Timestamp,
}

impl At<'_> {
    fn read<T>(&self, work: impl FnOnce(&Reader) -> Result<T, GraphError>) -> Result<T, GraphError> {
        self.store.read(work)
    }

    fn write<T>(&self, work: impl FnOnce(&Writer) -> Result<T, GraphError>) -> Result<T, GraphError> {
        self.store.write(self.actor, self.now, work)
    }
}
