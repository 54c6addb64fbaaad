//! The interfaces of models that `bn` knows: which variables have the key and the address, and which header field takes the key.

use std::borrow::Cow;

/// Where a request carries the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// `x-api-key`
    ApiKey,
    /// `Authorization: Bearer`
    Bearer,
    /// Where the client puts what it takes for the key.
    AsSent,
}

/// A kind of key that an interface takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credential {
    pub variable: Cow<'static, str>,
    /// Another variable from which some programs take the same key.
    pub also: Option<&'static str>,
    pub field: Field,
}

impl Credential {
    const fn new(variable: &'static str, also: Option<&'static str>, field: Field) -> Self {
        Self { variable: Cow::Borrowed(variable), also, field }
    }

    /// Where programs look for it.
    pub fn variables(&self) -> impl Iterator<Item = &str> {
        std::iter::once(self.variable.as_ref()).chain(self.also)
    }
}

/// One interface.
#[derive(Debug)]
pub struct Api {
    /// As `--model-endpoint` has it.
    pub name: &'static str,
    /// The usual one first, which its program prefers where it has two.
    pub credentials: &'static [Credential],
    /// Where the client is told to ask.
    pub url: &'static str,
    /// Where it is, for everybody; `None` where that is to be said.
    pub server: Option<&'static str>,
}

pub const APIS: [Api; 3] = [
    Api {
        name: "anthropic",
        credentials: &[
            Credential::new("ANTHROPIC_API_KEY", None, Field::ApiKey),
            // Of a subscription.
            Credential::new("CLAUDE_CODE_OAUTH_TOKEN", None, Field::Bearer),
        ],
        url: "ANTHROPIC_BASE_URL",
        server: Some("https://api.anthropic.com"),
    },
    Api {
        name: "openai",
        credentials: &[Credential::new("OPENAI_API_KEY", Some("CODEX_API_KEY"), Field::Bearer)],
        url: "OPENAI_BASE_URL",
        server: Some("https://api.openai.com/v1"),
    },
    Api {
        name: "copilot",
        credentials: &[Credential::new("COPILOT_PROVIDER_API_KEY", None, Field::AsSent)],
        url: "COPILOT_PROVIDER_BASE_URL",
        server: None,
    },
];

/// The one of this name.
pub fn find(name: &str) -> Option<&'static Api> {
    APIS.iter().find(|api| api.name == name)
}

/// What the interface of this name takes for a key. The variables of one that is not in the table are called after its name.
pub fn credentials(name: &str) -> Cow<'static, [Credential]> {
    match find(name) {
        Some(api) => Cow::Borrowed(api.credentials),
        None => {
            let variable = Cow::Owned(format!("{}_API_KEY", upper(name)));
            Cow::Owned(vec![Credential { variable, also: None, field: Field::AsSent }])
        }
    }
}

/// The variable with the address of the interface of this name.
pub fn url_variable(name: &str) -> Cow<'static, str> {
    find(name).map_or_else(|| Cow::Owned(format!("{}_BASE_URL", upper(name))), |api| Cow::Borrowed(api.url))
}

fn upper(name: &str) -> String {
    name.to_ascii_uppercase().replace('-', "_")
}
