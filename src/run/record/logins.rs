//! Tokens, keys and sign-ins of a user's agents, kept on the host from run to run.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use clap::ValueEnum as _;
use serde::{Deserialize, Serialize};

use crate::container::agent::Agent;
use crate::container::credentials::Credential;
use crate::run::record::lock::Lock;
use crate::run::record::{RunError, secrets, store};
use crate::untrusted::nofollow;

/// No token is longer.
pub const LONGEST: u64 = 64 << 10;

/// How tokens begin by which the variable is known that is to have them.
const BEGINNINGS: [(Agent, &str, &str); 3] = [
    (Agent::Claude, "sk-ant-oat", "CLAUDE_CODE_OAUTH_TOKEN"),
    (Agent::Claude, "sk-ant-api", "ANTHROPIC_API_KEY"),
    (Agent::Copilot, "gho_", "GH_TOKEN"),
];

/// What an agent program signs in with.
#[derive(Clone, Serialize, Deserialize)]
pub struct Login {
    /// The variable in which the program looks for it.
    pub variable: String,
    token: String,
    pub since: DateTime<Utc>,
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Login {{ {} }}", self.variable)
    }
}

impl Login {
    /// `None` where the text is no token: one word.
    pub fn new(agent: Agent, text: &str, since: DateTime<Utc>) -> Option<Self> {
        let token = text.trim();
        if token.is_empty() || !token.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let known = BEGINNINGS.iter().find(|(of, beginning, _)| *of == agent && token.starts_with(beginning));
        let variable = known.map_or_else(|| usual(agent), |(_, _, variable)| variable);
        Some(Self { variable: variable.to_owned(), token: token.to_owned(), since })
    }

    pub fn token(&self) -> OsString {
        self.token.clone().into()
    }
}

/// What an agent's own sign-in has left, and which run may renew it.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    pub credential: Credential,
    pub since: DateTime<Utc>,
    /// When a run brought newer tokens the last time.
    pub renewed: Option<DateTime<Utc>>,
    pub holder: Option<Holder>,
}

impl SignIn {
    /// A run has brought a newer one, so its holder does renew it.
    pub fn renew(&mut self, credential: Credential, now: DateTime<Utc>) {
        self.credential = credential;
        self.renewed = Some(now);
        self.holder.iter_mut().for_each(|holder| holder.recalled = None);
    }
}

/// The one run that has the token which works once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    pub run: String,
    /// Two runs can have the same name, one after the other.
    pub session: String,
    /// The folder of its record.
    pub folder: PathBuf,
    /// Where its agent writes the credential file.
    pub home: PathBuf,
    /// When it was taken away from it, because another run needs it.
    #[serde(default)]
    pub recalled: Option<DateTime<Utc>>,
}

/// What is kept for an agent.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Kept {
    Token(Login),
    SignIn(SignIn),
}

impl Kept {
    pub fn since(&self) -> DateTime<Utc> {
        match self {
            Kept::Token(login) => login.since,
            Kept::SignIn(sign_in) => sign_in.since,
        }
    }

    /// Whether it can be this agent's: a variable of another program's, or of bn's, can only have come there by a hand.
    fn is_of(&self, agent: Agent) -> bool {
        match self {
            Kept::Token(login) => secrets::tokens_of(agent).contains(&login.variable.as_str()),
            Kept::SignIn(sign_in) => sign_in.credential.agent() == agent,
        }
    }
}

fn usual(agent: Agent) -> &'static str {
    match agent {
        Agent::Claude => "CLAUDE_CODE_OAUTH_TOKEN",
        Agent::Codex => "OPENAI_API_KEY",
        Agent::Copilot => "COPILOT_GITHUB_TOKEN",
    }
}

/// The folder of a user's logins.
#[derive(Clone, Debug)]
pub struct Logins(PathBuf);

impl Logins {
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self(folder.into())
    }

    pub fn folder(&self) -> &Path {
        &self.0
    }

    pub fn file(&self, agent: Agent) -> PathBuf {
        self.0.join(format!("{}.json", agent.program()))
    }

    /// Who changes what is kept, or gives it to a run, does so alone.
    pub fn lock(&self, agent: Agent) -> Result<Lock, RunError> {
        let path = self.0.join(format!("{}.lock", agent.program()));
        store::create_private(&self.0).map_err(|source| RunError::io("make", &self.0, source))?;
        Lock::take(&path).map_err(|source| RunError::io("lock", &path, source))
    }

    /// Nothing where the user has not signed in.
    pub fn of(&self, agent: Agent) -> Result<Option<Kept>, RunError> {
        let path = self.file(agent);
        let failed = |source| RunError::io("read", &path, source);
        let bytes = match nofollow::read_file(&path, LONGEST * 2) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            other => other.map_err(failed)?,
        };
        let kept: Kept = serde_json::from_slice(&bytes).map_err(|error| failed(io::Error::other(damage(&error))))?;
        match kept.is_of(agent) {
            true => Ok(Some(kept)),
            false => Err(failed(io::Error::other(format!("it is not what {} signs in with", agent.program())))),
        }
    }

    /// Nothing where the agent has a token, or nothing.
    pub fn sign_in(&self, agent: Agent) -> Result<Option<SignIn>, RunError> {
        Ok(self.of(agent)?.and_then(|kept| match kept {
            Kept::SignIn(sign_in) => Some(sign_in),
            Kept::Token(_) => None,
        }))
    }

    /// All of them, with their agents.
    pub fn all(&self) -> Result<Vec<(Agent, Kept)>, RunError> {
        let of = |agent: &Agent| Ok(self.of(*agent)?.map(|kept| (*agent, kept)));
        Agent::value_variants().iter().filter_map(|agent| of(agent).transpose()).collect()
    }

    /// Keeps it in the place of an earlier one.
    pub fn keep(&self, agent: Agent, kept: &Kept) -> Result<(), RunError> {
        let path = self.file(agent);
        let failed = |source| RunError::io("write", &path, source);
        store::create_private(&self.0).map_err(failed)?;
        let bytes = serde_json::to_vec(kept).map_err(|error| failed(io::Error::other(error)))?;
        store::write_durably(&path, &bytes, 0o600).map_err(failed)
    }

    /// False where there was none.
    pub fn forget(&self, agent: Agent) -> Result<bool, RunError> {
        let path = self.file(agent);
        match fs::symlink_metadata(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            _ => secrets::shred(&path).map(|()| true).map_err(|source| RunError::io("remove", &path, source)),
        }
    }
}

/// Says where the damage is, and nothing of what is there.
fn damage(error: &serde_json::Error) -> String {
    format!("it is damaged at line {}, column {}", error.line(), error.column())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_variable_of_a_token_is_known_by_its_beginning() {
        for (agent, token, variable) in [
            (Agent::Claude, "sk-ant-oat01-x", "CLAUDE_CODE_OAUTH_TOKEN"),
            (Agent::Claude, "sk-ant-api03-x\n", "ANTHROPIC_API_KEY"),
            (Agent::Codex, "sk-proj-x", "OPENAI_API_KEY"),
            (Agent::Copilot, "gho_x", "GH_TOKEN"),
            (Agent::Copilot, "github_pat_x", "COPILOT_GITHUB_TOKEN"),
        ] {
            assert_eq!(Login::new(agent, token, crate::env::now()).unwrap().variable, variable, "{token}");
        }
        for bad in ["", " \n", "two words", "a\nb", "ä"] {
            assert!(Login::new(Agent::Claude, bad, crate::env::now()).is_none(), "{bad:?}");
        }
    }

    #[test]
    fn a_login_is_the_users_alone_and_what_is_none_is_not_taken_for_one() {
        let folder = tempfile::tempdir().unwrap();
        let logins = Logins::new(folder.path().join("logins"));
        assert!(logins.all().unwrap().is_empty() && !logins.forget(Agent::Claude).unwrap());
        let login = Login::new(Agent::Claude, "sk-ant-oat01-canary", crate::env::now()).unwrap();
        assert!(!format!("{login:?}").contains("canary"));
        logins.keep(Agent::Claude, &Kept::Token(login)).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&logins.0), mode(&logins.file(Agent::Claude))), (0o700, 0o600));
        let kept = logins.of(Agent::Claude).unwrap();
        assert!(matches!(kept, Some(Kept::Token(login)) if login.token() == "sk-ant-oat01-canary"));
        assert!(logins.of(Agent::Codex).unwrap().is_none());
        fs::rename(logins.file(Agent::Claude), logins.file(Agent::Codex)).unwrap();
        assert!(logins.of(Agent::Codex).unwrap_err().to_string().contains("codex.json"));
        for bad in ["", "{}", "[\"canary\"", "{\"variable\":\"canary\"}"] {
            fs::write(logins.file(Agent::Codex), bad).unwrap();
            assert!(!format!("{:?}", logins.of(Agent::Codex).unwrap_err()).contains("canary"), "{bad}");
        }
        assert!(logins.forget(Agent::Codex).unwrap() && logins.all().unwrap().is_empty());
        std::os::unix::fs::symlink("/etc/passwd", logins.file(Agent::Codex)).unwrap();
        assert!(logins.of(Agent::Codex).is_err());
    }
}
