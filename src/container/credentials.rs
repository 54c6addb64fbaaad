//! The files in which agent programs keep what they have signed in with: one table, and what a file of each has to look like.
//!
//! Agents write them, so nothing is taken from such a file that is not known to belong there.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Duration, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::container::agent::Agent;

/// No credential file is larger.
pub const LARGEST: u64 = 64 << 10;
/// No token is longer, and no other value.
const LONGEST: usize = 16 << 10;
/// Nothing has more fields, and no list more entries.
const MOST: usize = 64;
/// Claude Code writes down when its token ends. What ends later than this was written by no sign-in.
const LONGEST_LIFE: Duration = Duration::days(366);
/// Codex writes down when it renewed its token. Clocks differ by less.
const AHEAD: Duration = Duration::days(1);

/// Where an agent program keeps its sign-in, in its folder in the home.
#[derive(Debug)]
struct Place {
    file: &'static str,
    /// The parts of that file that belong to the sign-in.
    parts: &'static [&'static str],
    /// Of these: the one with the tokens, and their names in it. The second renews the first, and works once.
    tokens: Option<(&'static str, &'static str, &'static str)>,
    /// Parts that stand for a token or a key that is never renewed: a text, or texts by the names of accounts.
    lasting: &'static [&'static str],
}

const CLAUDE: Place = Place {
    file: ".credentials.json",
    parts: &["claudeAiOauth"],
    tokens: Some(("claudeAiOauth", "accessToken", "refreshToken")),
    lasting: &[],
};

const CODEX: Place = Place {
    file: "auth.json",
    parts: &["auth_mode", "OPENAI_API_KEY", "tokens", "last_refresh"],
    tokens: Some(("tokens", "access_token", "refresh_token")),
    lasting: &["OPENAI_API_KEY"],
};

const COPILOT: Place =
    Place { file: "config.json", parts: &[], tokens: None, lasting: &["copilotTokens", "copilot_tokens"] };

fn place(agent: Agent) -> &'static Place {
    match agent {
        Agent::Claude => &CLAUDE,
        Agent::Codex => &CODEX,
        Agent::Copilot => &COPILOT,
    }
}

/// The name of the file, in the agent's folder.
pub fn file(agent: Agent) -> &'static str {
    place(agent).file
}

/// What a sign-in has left.
#[derive(Debug)]
pub enum Found {
    /// Tokens that the program renews by itself.
    Renewed(Credential),
    /// One that stays as it is, and that the program takes from a variable as well.
    Lasting(String),
}

/// Why something is no credential file of this agent's, or not one to take over. Says nothing of what is in it.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Refused(pub &'static str);

/// What an agent program signs in with and renews by itself.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credential {
    agent: Agent,
    parts: Map<String, Value>,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credential of {}", self.agent.program())
    }
}

/// Takes what belongs to a sign-in out of a file.
pub fn read(agent: Agent, bytes: &[u8]) -> Result<Found, Refused> {
    let place = place(agent);
    let all = object(&String::from_utf8_lossy(bytes)).ok_or(Refused("it is no JSON object"))?;
    let tokens = place.tokens.and_then(|(part, ..)| all.get(part)).is_some_and(Value::is_object);
    if !tokens {
        let lasting = place.lasting.iter().find_map(|part| lasting(all.get(*part)?));
        return lasting.map(Found::Lasting).ok_or(Refused("nobody is signed in there"));
    }
    let parts = all.into_iter().filter(|(name, _)| place.parts.contains(&name.as_str())).collect();
    let credential = Credential { agent, parts };
    credential.check().map(|()| Found::Renewed(credential))
}

/// Copilot's begins with comments.
fn object(text: &str) -> Option<Map<String, Value>> {
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    serde_json::from_str(&lines.join("\n")).ok()
}

/// The only token of several accounts, or the first.
fn lasting(part: &Value) -> Option<String> {
    let text = match part {
        Value::Object(accounts) => accounts.values().next()?.as_str()?,
        other => other.as_str()?,
    };
    is_token(text).then(|| text.to_owned())
}

fn is_token(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Codex writes down which server it signed in at, in an object with texts.
fn is_about_the_sign_in(value: &Value) -> bool {
    match value {
        Value::Object(texts) => texts.len() <= MOST && texts.values().all(is_plain),
        other => is_plain(other),
    }
}

/// Text, a number, yes or no, or a list of texts: nothing else is in these files.
fn is_plain(value: &Value) -> bool {
    match value {
        Value::String(text) => text.len() <= LONGEST && !text.contains(char::is_control),
        Value::Array(list) => list.len() <= MOST && list.iter().all(|one| one.is_string() && is_plain(one)),
        Value::Object(_) => false,
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

impl Credential {
    pub fn agent(&self) -> Agent {
        self.agent
    }

    fn check(&self) -> Result<(), Refused> {
        let tokens = self.tokens().ok_or(Refused("it has no tokens"))?;
        let mut others = self.parts.values().filter(|value| !value.is_object());
        let objects = self.parts.values().filter(|value| value.is_object()).count();
        let is_known = others.all(is_plain) && tokens.values().all(is_about_the_sign_in);
        if objects != 1 || tokens.len() > MOST || !is_known {
            return Err(Refused("it has what no sign-in has"));
        }
        if !self.token(false).is_some_and(is_token) || !self.token(true).is_some_and(is_token) {
            return Err(Refused("a token is missing"));
        }
        self.age().map(drop).ok_or(Refused("it does not say how old it is"))
    }

    fn tokens(&self) -> Option<&Map<String, Value>> {
        self.parts.get(place(self.agent).tokens?.0)?.as_object()
    }

    fn token(&self, that_renews: bool) -> Option<&str> {
        let (_, access, refresh) = place(self.agent).tokens?;
        self.tokens()?.get(if that_renews { refresh } else { access })?.as_str()
    }

    /// The token that is sent with each request.
    pub fn access(&self) -> &str {
        self.token(false).unwrap_or_default()
    }

    /// By which the newer of two is told.
    fn age(&self) -> Option<DateTime<Utc>> {
        match self.agent {
            Agent::Claude => self.expires(),
            _ => self.parts.get("last_refresh")?.as_str()?.parse().ok(),
        }
    }

    /// When the token that is sent ends, where that can be told.
    pub fn expires(&self) -> Option<DateTime<Utc>> {
        match self.agent {
            Agent::Claude => DateTime::from_timestamp_millis(self.tokens()?.get("expiresAt")?.as_i64()?),
            _ => {
                let payload = URL_SAFE_NO_PAD.decode(self.access().split('.').nth(1)?).ok()?;
                let claims: Value = serde_json::from_slice(&payload).ok()?;
                DateTime::from_timestamp(claims.get("exp")?.as_i64()?, 0)
            }
        }
    }

    /// Older versions of Claude Code do not say it.
    fn account(&self) -> Option<&str> {
        self.tokens()?.get(if self.agent == Agent::Claude { "accountUuid" } else { "account_id" })?.as_str()
    }

    /// This in the place of what is kept, where it may be there: it is of the same account, newer, and not from a future that would keep
    /// all that comes later out. The server at which it is renewed is the one at which the user signed in, whatever the file says.
    pub fn in_place_of(mut self, kept: &Credential, now: DateTime<Utc>) -> Result<Self, Refused> {
        self.check_newer(kept, now)?;
        let servers = |(name, value): (&String, &Value)| value.is_object().then(|| (name.clone(), value.clone()));
        let before: Map<String, Value> = kept.tokens().into_iter().flatten().filter_map(servers).collect();
        if let Some((part, ..)) = place(self.agent).tokens
            && let Some(tokens) = self.parts.get_mut(part).and_then(Value::as_object_mut)
        {
            tokens.retain(|name, value| !value.is_object() || before.contains_key(name));
            tokens.extend(before);
        }
        Ok(self)
    }

    fn check_newer(&self, kept: &Credential, now: DateTime<Utc>) -> Result<(), Refused> {
        let (age, before) = (self.age(), kept.age());
        let latest = if self.agent == Agent::Claude { now + LONGEST_LIFE } else { now + AHEAD };
        if self.agent != kept.agent || kept.account().is_some_and(|account| self.account() != Some(account)) {
            Err(Refused("it is of another account"))
        } else if age < before {
            Err(Refused("it is older than what is kept"))
        } else if age > Some(latest) {
            Err(Refused("it is from the future"))
        } else {
            Ok(())
        }
    }

    /// The file, with all that the program needs to renew it.
    pub fn whole(&self) -> Vec<u8> {
        serde_json::to_vec(&self.parts).unwrap_or_default()
    }

    /// The file without the token that works once. Codex wants its field to be there; for Claude Code an empty one would mean that the
    /// sign-in has ended.
    pub fn without_renewal(&self) -> Vec<u8> {
        self.with_renewal((self.agent != Agent::Claude).then_some(""))
    }

    /// The file of a program that may be renewing its tokens in this moment, and that writes the new ones into it all the same. Codex
    /// gives the new ones up where its file is another one by then, so nothing is taken from it.
    pub fn recalled(&self) -> Option<Vec<u8>> {
        (self.agent == Agent::Claude).then(|| self.with_renewal(Some("")))
    }

    fn with_renewal(&self, text: Option<&str>) -> Vec<u8> {
        let mut parts = self.parts.clone();
        if let Some((part, _, refresh)) = place(self.agent).tokens
            && let Some(tokens) = parts.get_mut(part).and_then(Value::as_object_mut)
        {
            match text {
                Some(text) => drop(tokens.insert(refresh.to_owned(), text.into())),
                None => drop(tokens.remove(refresh)),
            }
        }
        serde_json::to_vec(&parts).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
