//! Secrets of an agent. They are in a file until the agent starts, and never in an argument.

use std::ffi::OsString;
use std::fs::{self, OpenOptions};
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use crate::container::agent::Agent;
use crate::env::{Env, TOKENS};
use crate::error::Usage;

/// What to tell the agent goes the way of secrets, and is none.
pub const PROMPT: &str = "BN_INITIAL_PROMPT";
/// In the container: the file that the entrypoint reads.
pub const INSIDE: &str = "/run/secrets/env";

/// On the host: the same file, in a run's folder of secrets and sockets.
pub fn file(runtime: &Path) -> PathBuf {
    runtime.join("env")
}

/// On the host alone: the keys that the proxy adds, until it has read them.
pub fn model_keys(runtime: &Path) -> PathBuf {
    runtime.join("model-keys")
}

/// Variables for the agent alone. Debug shows their names.
#[derive(Clone, Default)]
pub struct Secrets(Vec<(String, OsString)>);

impl Secrets {
    /// The tokens that this environment has.
    pub fn tokens(env: &Env) -> Self {
        let set = |name: &str| env.variable(name).filter(|value| !value.is_empty());
        Self(TOKENS.iter().filter_map(|name| Some(((*name).to_owned(), set(name)?))).collect())
    }

    /// A later value stands in for an earlier one of that name.
    pub fn insert(&mut self, name: &str, value: impl Into<OsString>) {
        self.0.retain(|(known, _)| known != name);
        self.0.push((name.to_owned(), value.into()));
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(known, _)| known == name)
    }

    /// Takes a value out.
    pub fn remove(&mut self, name: &str) -> Option<OsString> {
        let position = self.0.iter().position(|(known, _)| known == name)?;
        Some(self.0.remove(position).1)
    }

    /// The value of this name, of such as were read from a file.
    pub fn value(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_bytes())
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn names(&self) -> Vec<&str> {
        self.0.iter().map(|(name, _)| name.as_str()).collect()
    }

    /// What must be in no file that is brought along otherwise.
    pub fn values(&self) -> Vec<String> {
        self.0.iter().map(|(_, value)| value.to_string_lossy().into_owned()).collect()
    }

    /// Whether any of these is a token of this agent program.
    pub fn suffice_for(&self, agent: Agent) -> bool {
        self.names().iter().any(|name| tokens_of(agent).contains(name))
    }

    /// KEY=VALUE, each ended by a NUL: a value may hold anything else.
    fn to_bytes(&self) -> Vec<u8> {
        let pair = |(name, value): &(String, OsString)| [name.as_bytes(), b"=", value.as_bytes(), b"\0"].concat();
        self.0.iter().flat_map(pair).collect()
    }

    /// Reads what `write` has written; nothing where there is no file.
    pub fn read(path: &Path) -> io::Result<Self> {
        let bytes = match fs::read(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            other => other?,
        };
        let mut secrets = Self::default();
        for pair in bytes.split(|byte| *byte == 0).filter(|pair| !pair.is_empty()) {
            let at = pair.iter().position(|byte| *byte == b'=').unwrap_or(pair.len());
            let value = OsString::from_vec(pair.get(at + 1..).unwrap_or_default().to_vec());
            secrets.insert(&String::from_utf8_lossy(&pair[..at]), value);
        }
        Ok(secrets)
    }

    /// Writes the file, readable by its owner alone.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        crate::run::record::store::create_file(path, &self.to_bytes(), 0o400)
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.names()).finish()
    }
}

/// The tokens with which an agent program can sign in.
pub fn tokens_of(agent: Agent) -> &'static [&'static str] {
    match agent {
        Agent::Copilot => &["COPILOT_GITHUB_TOKEN", "GH_TOKEN", "GITHUB_TOKEN"],
        Agent::Claude => &["ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN"],
        Agent::Codex => &["OPENAI_API_KEY"],
    }
}

/// What to type, so that an agent program finds a token.
pub fn ways_to_sign_in(agent: Agent) -> &'static [&'static str] {
    match agent {
        Agent::Copilot => {
            &["once, for all runs: bn container login copilot", "or for this shell: export GH_TOKEN=$(gh auth token)"]
        }
        Agent::Claude => &[
            "once, for all runs: bn container login claude",
            "or for this shell, with what claude setup-token prints: export CLAUDE_CODE_OAUTH_TOKEN=… (with a key of the API: ANTHROPIC_API_KEY)",
        ],
        Agent::Codex => &[
            "once, for all runs: bn container login codex",
            "or for this shell, with a key of the API: export OPENAI_API_KEY=…",
        ],
    }
}

/// Empties the file, then removes it: a mount keeps a removed file readable in the container.
pub fn shred(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    match fs::set_permissions(path, fs::Permissions::from_mode(0o600)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        other => other?,
    }
    OpenOptions::new().write(true).truncate(true).open(path)?;
    fs::remove_file(path)
}

/// Adds the values of `--env` and `--secret`. All of them are treated as secrets: a token looks like any other setting.
pub fn add_wanted(secrets: &mut Secrets, wanted: &[String], required: &[String], env: &Env) -> Result<(), Usage> {
    for pair in wanted {
        match pair.split_once('=') {
            Some((name, value)) => secrets.insert(variable_name(name)?, value),
            None => {
                let unset =
                    || Usage::new(format!("--env {pair}: it is not set here")).hint(format!("--env {pair}=VALUE"));
                secrets.insert(variable_name(pair)?, env.variable(pair).ok_or_else(unset)?);
            }
        }
    }
    for name in required {
        let value = env.variable(variable_name(name)?).filter(|value| !value.is_empty());
        secrets.insert(
            name,
            value.ok_or_else(|| {
                Usage::new(format!("--secret {name}: it is not set here, or empty"))
                    .hint(format!("set it first: export {name}=VALUE"))
            })?,
        );
    }
    Ok(())
}

/// Variables of bn's own that a flag of `run` sets.
const SAID_BY: [(&str, &str); 10] = [
    ("BN_AGENT", "--agent NAME"),
    ("BN_AGENT_NAME", "--name NAME"),
    ("BN_AGENT_TYPE", "--type TYPE"),
    ("BN_CHECK", "--check CMD"),
    ("BN_INITIAL_PROMPT", "--prompt TEXT"),
    ("BN_MERGE_TARGET", "--merge-target BRANCH"),
    ("BN_NO_MERGE", "--no-merge"),
    ("BN_SETUP", "--setup COMMAND"),
    ("BN_SHARED", "--mount SRC:DST:rw"),
    ("BN_SHELL", "--shell"),
];

fn own_variable(name: &str) -> Usage {
    let error = Usage::new(format!("{name} is set by bn itself"));
    match SAID_BY.iter().find(|(variable, _)| *variable == name) {
        Some((_, flag)) => error.hint(format!("use {flag}")),
        None => error,
    }
}

/// A name that a shell can export, and that is not one of bn's own.
pub fn variable_name(name: &str) -> Result<&str, Usage> {
    let starts_well = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !starts_well || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
        return Err(Usage::new(format!("'{name}' is not the name of a variable")));
    }
    if name.starts_with("BN_") {
        return Err(own_variable(name));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_variables() {
        assert!(variable_name("API_KEY").is_ok() && variable_name("_x1").is_ok());
        for bad in ["", "1x", "a b", "a-b", "BN_UID", "ä"] {
            assert!(variable_name(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn a_secret_is_written_for_one_reader_and_never_shown() {
        let mut secrets = Secrets::default();
        secrets.insert("TOKEN", "two\nlines \"x\"");
        secrets.insert("OTHER", "old");
        secrets.insert("OTHER", "new");
        assert!(!format!("{secrets:?}").contains("lines"));
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("env");
        secrets.write(&path).unwrap();
        let read = Secrets::read(&path).unwrap();
        assert_eq!((read.value("TOKEN"), read.names().len()), (Some(b"two\nlines \"x\"".as_slice()), 2));
        assert_eq!(fs::read(&path).unwrap(), b"TOKEN=two\nlines \"x\"\0OTHER=new\0");
        let open = fs::File::open(&path).unwrap();
        shred(&path).unwrap();
        assert_eq!(open.metadata().unwrap().len(), 0, "a file that is mounted elsewhere is empty there, too");
        assert!(!path.exists());
        shred(&path).unwrap();
    }
}
