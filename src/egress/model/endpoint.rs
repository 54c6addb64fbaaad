//! An endpoint: a port of the container's loopback that stands for one model's interface.

use std::fmt;
use std::str::FromStr;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use crate::egress::model::api::{self, Credential, Field};
use crate::egress::model::url::{Url, UrlError};
use crate::error::{Explain, USAGE};

/// The port of the first.
const FIRST_PORT: u16 = 3129;
/// In the container, where programs look for the key: they want one.
pub const PLACEHOLDER: &str = "bn-keeps-the-key-outside-of-this-container";

/// Where the keys of models are that the user gives by their variables.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Keys {
    /// With the proxy on the host, which adds them.
    #[default]
    Outside,
    /// In the agent's environment.
    Inside,
}

/// What `--model-endpoint` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub name: String,
    pub url: Url,
}

#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WishError {
    #[error("--model-endpoint {0}: it is NAME=URL")]
    Form(String),
    #[error("--model-endpoint {0}: a name begins with a small letter, and has small letters, digits and single '-'")]
    Name(String),
    #[error("--model-endpoint {text}: that is no address of a model: {source}")]
    Url { text: String, source: UrlError },
}

impl Explain for WishError {
    fn hints(&self) -> Vec<String> {
        vec!["such as --model-endpoint openai=https://gateway.example.com/v1".to_owned()]
    }

    fn exit_code(&self) -> u8 {
        USAGE
    }
}

impl FromStr for Wish {
    type Err = WishError;

    fn from_str(text: &str) -> Result<Self, WishError> {
        let (name, url) = text.split_once('=').ok_or_else(|| WishError::Form(text.to_owned()))?;
        let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let well_formed = name.starts_with(|first: char| first.is_ascii_lowercase()) && name.bytes().all(legal);
        // Its variables would be bn's own.
        if !well_formed || name.contains("--") || name.ends_with('-') || name == "bn" || name.starts_with("bn-") {
            return Err(WishError::Name(text.to_owned()));
        }
        let url = url.parse().map_err(|source| WishError::Url { text: text.to_owned(), source })?;
        Ok(Self { name: name.to_owned(), url })
    }
}

/// One endpoint of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    pub name: String,
    pub url: Url,
    /// Of the container's loopback.
    pub port: u16,
    /// The variable that had the key; of records that do not say so, the usual one.
    #[serde(default)]
    pub variable: String,
}

impl Endpoint {
    /// What the programs inside are told: where to ask, and what to take for the key.
    pub fn variables(&self) -> Vec<(String, String)> {
        let credential = self.credential();
        let keys = credential.variables().map(|name| (name.to_owned(), PLACEHOLDER.to_owned()));
        keys.chain([(api::url_variable(&self.name).into_owned(), self.inside())]).collect()
    }

    /// Where a request carries the key.
    pub fn field(&self) -> Field {
        self.credential().field
    }

    fn credential(&self) -> Credential {
        let all = api::credentials(&self.name);
        all.iter().find(|credential| credential.variable == self.variable).unwrap_or(&all[0]).clone()
    }

    fn inside(&self) -> String {
        format!("http://127.0.0.1:{}{}", self.port, self.url.path)
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.name, self.url)
    }
}

/// Ports for endpoints, without those that are taken.
pub fn ports(taken: &[u16]) -> impl Iterator<Item = u16> {
    (FIRST_PORT..).filter(|port| !taken.contains(port))
}

/// Gives each, which comes with its key's variable, a port, and none of those that are taken.
pub fn with_ports(wishes: Vec<(Wish, String)>, taken: &[u16]) -> Vec<Endpoint> {
    let endpoint = |((Wish { name, url }, variable), port)| Endpoint { name, url, port, variable };
    wishes.into_iter().zip(ports(taken)).map(endpoint).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_inside_find_the_endpoint_and_no_key() {
        let wishes = [
            ("anthropic=https://api.anthropic.com", "ANTHROPIC_API_KEY"),
            ("anthropic=https://api.anthropic.com", "CLAUDE_CODE_OAUTH_TOKEN"),
            ("openai=https://api.openai.com/v1", "CODEX_API_KEY"),
            ("my-lab=https://lab.example/x", "MY_LAB_API_KEY"),
        ];
        let wishes = wishes.map(|(wish, variable)| (wish.parse().unwrap(), variable.to_owned()));
        let endpoints = with_ports(wishes.into(), &[3130]);
        let variables: Vec<String> =
            endpoints.iter().flat_map(Endpoint::variables).map(|(name, value)| format!("{name}={value}")).collect();
        insta::assert_snapshot!(variables.join("\n"), @r"
        ANTHROPIC_API_KEY=bn-keeps-the-key-outside-of-this-container
        ANTHROPIC_BASE_URL=http://127.0.0.1:3129
        CLAUDE_CODE_OAUTH_TOKEN=bn-keeps-the-key-outside-of-this-container
        ANTHROPIC_BASE_URL=http://127.0.0.1:3131
        OPENAI_API_KEY=bn-keeps-the-key-outside-of-this-container
        CODEX_API_KEY=bn-keeps-the-key-outside-of-this-container
        OPENAI_BASE_URL=http://127.0.0.1:3132/v1
        MY_LAB_API_KEY=bn-keeps-the-key-outside-of-this-container
        MY_LAB_BASE_URL=http://127.0.0.1:3133/x
        ");
    }

    #[test]
    fn what_names_no_endpoint_is_refused() {
        for bad in
            ["openai", "=https://a.example", "Open=https://a.example", "a--b=https://a.example", "bn=https://a.example"]
        {
            assert!(bad.parse::<Wish>().is_err(), "{bad}");
        }
        let error = "lab=http://lab.example".parse::<Wish>().unwrap_err();
        assert_eq!(
            error.to_string(),
            "--model-endpoint lab=http://lab.example: that is no address of a model: the key would go over the network \
             unencrypted: write https://"
        );
    }
}
