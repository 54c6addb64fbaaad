//! The interfaces of models that `bn` knows: which variables have the key and the address, and which header field takes the key.

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

/// One interface.
#[derive(Debug)]
pub struct Api {
    /// As `--model-endpoint` has it.
    pub name: &'static str,
    pub key: &'static str,
    /// Another variable from which some programs take the same key.
    pub also: Option<&'static str>,
    /// Where the client is told to ask.
    pub url: &'static str,
    /// Where it is, for everybody; `None` where that is to be said.
    pub server: Option<&'static str>,
    pub field: Field,
}

pub const APIS: [Api; 3] = [
    Api {
        name: "anthropic",
        key: "ANTHROPIC_API_KEY",
        also: None,
        url: "ANTHROPIC_BASE_URL",
        server: Some("https://api.anthropic.com"),
        field: Field::ApiKey,
    },
    Api {
        name: "openai",
        key: "OPENAI_API_KEY",
        also: Some("CODEX_API_KEY"),
        url: "OPENAI_BASE_URL",
        server: Some("https://api.openai.com/v1"),
        field: Field::Bearer,
    },
    Api {
        name: "copilot",
        key: "COPILOT_PROVIDER_API_KEY",
        also: None,
        url: "COPILOT_PROVIDER_BASE_URL",
        server: None,
        field: Field::AsSent,
    },
];

/// The one of this name.
pub fn find(name: &str) -> Option<&'static Api> {
    APIS.iter().find(|api| api.name == name)
}

/// The variables of an interface: of one that is not in the table they are called after its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variables {
    pub key: String,
    pub also: Option<String>,
    pub url: String,
}

/// The variables of the interface of this name.
pub fn variables(name: &str) -> Variables {
    match find(name) {
        Some(api) => Variables { key: api.key.to_owned(), also: api.also.map(str::to_owned), url: api.url.to_owned() },
        None => {
            let upper = name.to_ascii_uppercase().replace('-', "_");
            Variables { key: format!("{upper}_API_KEY"), also: None, url: format!("{upper}_BASE_URL") }
        }
    }
}

/// The header field of the interface of this name.
pub fn field(name: &str) -> Field {
    find(name).map_or(Field::AsSent, |api| api.field)
}
