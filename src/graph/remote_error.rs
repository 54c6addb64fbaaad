//! An error of another process: its message, its hints and its exit code.

use std::error::Error;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::Explain;

#[derive(Debug, Serialize, Deserialize)]
pub struct RemoteError {
    message: String,
    /// What caused it, and what caused that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<Box<Cause>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub hints: Vec<String>,
    pub exit_code: u8,
}

#[derive(Debug, Serialize, Deserialize)]
struct Cause {
    message: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    cause: Option<Box<Cause>>,
}

impl RemoteError {
    /// Makes of an error what is sent to another process.
    pub fn of(error: &impl Explain) -> Self {
        Self {
            message: error.to_string(),
            cause: Cause::of(error.source()),
            hints: error.hints(),
            exit_code: error.exit_code(),
        }
    }

    /// The same with other words for a place that has another name elsewhere.
    pub fn replace(mut self, here: &str, there: &str) -> Self {
        self.message = self.message.replace(here, there);
        self.hints.iter_mut().for_each(|hint| *hint = hint.replace(here, there));
        self
    }
}

impl Cause {
    fn of(error: Option<&(dyn Error + 'static)>) -> Option<Box<Self>> {
        error.map(|error| Box::new(Self { message: error.to_string(), cause: Self::of(error.source()) }))
    }
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for RemoteError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl Error for Cause {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.cause.as_deref().map(|cause| cause as &(dyn Error + 'static))
    }
}
