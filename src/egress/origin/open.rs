//! The origin of a run that is open, with the credential that its owner's git knows.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

use crate::egress::http::head::Response;
use crate::egress::http::reply::Reply;
use crate::egress::model::key::Key;
use crate::egress::origin::spec::Origin;

/// What is asked for a user and a password, or a token in the place of one. It may start a program, and it says why there is none.
pub type Ask = dyn Fn() -> Result<(String, String), String> + Send + Sync;

/// An origin, and who knows its credential.
#[derive(Clone)]
pub struct OriginSpec {
    pub origin: Origin,
    pub ask: Arc<Ask>,
}

impl fmt::Debug for OriginSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("OriginSpec").field(&self.origin).finish()
    }
}

/// One that is open.
pub struct Open {
    pub origin: Origin,
    ask: Arc<Ask>,
    /// Until the server refuses it.
    known: Mutex<Option<Key>>,
}

impl Open {
    pub fn new(OriginSpec { origin, ask }: OriginSpec) -> Self {
        Self { origin, ask, known: Mutex::default() }
    }

    /// What stands behind `Basic`. The user's git is asked for the first request, and again after a refusal.
    pub async fn credential(&self) -> Result<Key, Reply> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(key) = known {
            return Ok(key);
        }
        let ask = Arc::clone(&self.ask);
        let asked = tokio::task::spawn_blocking(move || ask()).await.unwrap_or_else(|error| Err(error.to_string()));
        let (user, password) = asked.map_err(|why| self.says(&why))?;
        let key = Key::new(BASE64_STANDARD.encode(format!("{user}:{password}")));
        let key = key.ok_or_else(|| self.says("its credential is empty"))?;
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = Some(key.clone());
        Ok(key)
    }

    /// Refuses what is not for the container: a way to somewhere else, and a question for a credential.
    pub fn judge(&self, response: &Response) -> Result<(), Reply> {
        match response.status {
            300..=399 => {
                let to: String = response.location().chars().filter(|letter| letter.is_ascii_graphic()).collect();
                let to = to.split("/info/refs").next().unwrap_or_default();
                Err(self.says(&format!(
                    "it says that the repository is elsewhere, and the credential goes there by no redirect; on the host: git remote \
                     set-url origin {to}"
                )))
            }
            401 => {
                *self.known.lock().unwrap_or_else(PoisonError::into_inner) = None;
                Err(self.says("it does not take the credential that git has for it on the host"))
            }
            _ => Ok(()),
        }
    }

    fn says(&self, what: &str) -> Reply {
        Reply::new(403, format!("{}: {what}", self.origin.url))
    }
}
