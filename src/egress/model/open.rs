//! The endpoints of a run that are open, with their keys.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use crate::egress::model::endpoint::Endpoint;
use crate::egress::model::key::Key;
use crate::egress::model::tally::{Reading, Tally};
use crate::egress::model::tls::Tls;

/// The endpoints of a run.
#[derive(Debug, Default)]
pub struct ModelSpec {
    pub endpoints: Vec<(Endpoint, Key)>,
    /// Where requests and tokens are counted: a folder that the container does not see.
    pub tally: PathBuf,
}

/// One endpoint that is open.
#[derive(Debug)]
pub struct Model {
    pub endpoint: Endpoint,
    pub key: Key,
}

/// All of them.
pub struct Models {
    models: Vec<Model>,
    tally: Arc<Tally>,
    /// The roots of this machine are read when they are first needed.
    tls: OnceLock<Result<Tls, String>>,
}

impl Models {
    pub fn new(spec: ModelSpec) -> Self {
        let models = spec.endpoints.into_iter().map(|(endpoint, key)| Model { endpoint, key }).collect();
        Self { models, tally: Arc::new(Tally::new(&spec.tally)), tls: OnceLock::new() }
    }

    pub fn ports(&self) -> Vec<u16> {
        self.models.iter().map(|model| model.endpoint.port).collect()
    }

    /// The one at this port of the container's loopback.
    pub fn at(&self, port: u16) -> Option<&Model> {
        self.models.iter().find(|model| model.endpoint.port == port)
    }

    /// Counts a request.
    pub fn asked(&self, name: &str) -> Reading {
        self.tally.asked(name)
    }

    pub fn tls(&self) -> io::Result<&Tls> {
        let tls = self.tls.get_or_init(|| Tls::new().map_err(|error| error.to_string()));
        tls.as_ref().map_err(|error| io::Error::other(error.clone()))
    }
}
