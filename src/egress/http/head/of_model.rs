//! Heads of requests to a model: read for one server, and written anew with a key.

use super::{Fields, Request, Target, push};
use crate::egress::host::Authority;
use crate::egress::http::reply::Reply;
use crate::egress::model::api::Field;
use crate::egress::model::endpoint::Endpoint;
use crate::egress::model::key::Key;
use crate::egress::model::url::Url;

/// Fields in which clients send a key of a model.
const KEYS: &[&str] = &["authorization", "x-api-key", "api-key", "x-goog-api-key"];

/// Fields by which a client asks for an answer that only it can read.
const CODINGS: &[&str] = &["accept-encoding", "sec-websocket-extensions"];

/// What models are asked with. TRACE would answer with the key.
const METHODS: &[&str] = &["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

impl Request {
    /// Reads the whole head of a request to one model, in whose place it was made to a port of the loopback.
    pub fn parse_for(head: &[u8], endpoint: &Endpoint) -> Result<Self, Reply> {
        Self::read(head, |method, path, fields| target(method, path, fields, endpoint))
    }

    /// The head for a model's server: with this key, and without what the client took for one.
    pub fn with_key(&self, url: &Url, key: &Key, field: Field) -> Vec<u8> {
        let path = if let Target::Plain(_, path) = &self.target { path } else { "/" };
        let mut head = format!("{} {path} HTTP/1.{}\r\n", self.method, self.minor).into_bytes();
        push(&mut head, "Host", url.host_field().as_bytes());
        self.fields.write(&mut head, &[KEYS, CODINGS, &["host"]].concat());
        match self.key_field(field) {
            Some(name) => push(&mut head, name, key.bytes()),
            None => push(&mut head, "Authorization", &[b"Bearer ", key.bytes()].concat()),
        }
        self.end(head)
    }

    /// The field that is the key and nothing else.
    fn key_field(&self, field: Field) -> Option<&'static str> {
        let sent = || KEYS.iter().skip(1).copied().find(|name| self.fields.all(name).next().is_some());
        match field {
            Field::ApiKey => Some("x-api-key"),
            Field::Bearer => None,
            Field::AsSent => sent(),
        }
    }
}

/// A request to an endpoint of bn's: only the one server that it stands for can be meant.
fn target(method: &str, path: &str, fields: &Fields, endpoint: &Endpoint) -> Result<Target, Reply> {
    if !METHODS.contains(&method) {
        return Err(Reply::new(501, format!("an endpoint of a model takes no {method}")));
    }
    if !is_for_port(fields, endpoint.port) {
        return Err(Reply::new(403, format!("this is the endpoint of {}, and of no other host", endpoint.name)));
    }
    if !endpoint.url.covers(path) {
        return Err(Reply::new(403, format!("this endpoint answers below {}/ only", endpoint.url.path)));
    }
    Ok(Target::Plain(endpoint.url.authority.clone(), path.to_owned()))
}

/// Whether the one host that is named is this port of the loopback: a page that a name leads here by is none of the agent's programs.
pub(super) fn is_for_port(fields: &Fields, port: u16) -> bool {
    let hosts: Vec<&[u8]> = fields.all("host").collect();
    let host = match hosts.as_slice() {
        [one] => std::str::from_utf8(one).ok().and_then(|text| Authority::parse(text, Some(80)).ok()),
        _ => None,
    };
    host.is_some_and(|asked| asked.host.is_loopback() && asked.port == port)
}
