//! Heads of requests and responses: read, judged, and written anew for the next hop.

use crate::egress::host::{Authority, HostError};
use crate::egress::http::body::Framing;
use crate::egress::http::reply::Reply;

mod of_model;
mod of_origin;

/// More header fields than any client sends.
const FIELDS_MAX: usize = 128;

/// Fields that are about one connection and not about the message.
const HOP_BY_HOP: &[&str] =
    &["connection", "keep-alive", "proxy-connection", "proxy-authorization", "proxy-authenticate", "te", "upgrade"];

/// Fields that say where a message ends.
const FRAMING: &[&str] = &["content-length", "transfer-encoding"];

/// One header field, its name in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Field {
    name: String,
    written: String,
    value: Vec<u8>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Fields(Vec<Field>);

/// Whom a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// CONNECT: a tunnel to there.
    Tunnel(Authority),
    /// A plain request: who answers it, and the path that is asked for.
    Plain(Authority, String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    method: String,
    pub target: Target,
    minor: u8,
    fields: Fields,
    pub framing: Framing,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    pub status: u16,
    reason: String,
    fields: Fields,
    pub framing: Framing,
}

/// How many bytes the head takes, its empty line included, searching from `seen` on.
pub fn length(bytes: &[u8], seen: usize) -> Option<usize> {
    let start = seen.saturating_sub(3);
    let blank = |window: &[u8]| window.ends_with(b"\n\n") || window.ends_with(b"\n\r\n");
    (start..bytes.len())
        .find(|end| bytes[*end] == b'\n' && blank(&bytes[end.saturating_sub(2)..=*end]))
        .map(|end| end + 1)
}

impl Fields {
    fn read(fields: &[httparse::Header<'_>]) -> Self {
        let read = |field: &httparse::Header<'_>| Field {
            name: field.name.to_ascii_lowercase(),
            written: field.name.to_owned(),
            value: field.value.to_vec(),
        };
        Self(fields.iter().map(read).collect())
    }

    fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a [u8]> {
        self.0.iter().filter(move |field| field.name == name).map(|field| field.value.as_slice())
    }

    /// The comma-separated words of all fields of this name, in lower case.
    fn words(&self, name: &str) -> Vec<String> {
        let text = self.all(name).map(|value| String::from_utf8_lossy(value).to_ascii_lowercase()).collect::<Vec<_>>();
        text.join(",").split(',').map(|word| word.trim().to_owned()).filter(|word| !word.is_empty()).collect()
    }

    fn has_word(&self, name: &str, word: &str) -> bool {
        self.words(name).iter().any(|own| own == word)
    }

    /// `None` where there is no length, an error where it is not exactly one number.
    fn content_length(&self) -> Result<Option<u64>, Reply> {
        let mut lengths = self.words("content-length");
        lengths.dedup();
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        match lengths.as_slice() {
            [] if self.all("content-length").next().is_none() => Ok(None),
            [one] if digits(one) => one.parse().map(Some).map_err(|_| bad("the Content-Length is too large")),
            _ => Err(bad("the Content-Length is no number")),
        }
    }

    /// What the fields say of the body; both ways at once is a contradiction that servers resolve differently.
    fn framing(&self) -> Result<Option<Framing>, Reply> {
        let codings = self.words("transfer-encoding");
        match (self.content_length()?, codings.as_slice()) {
            (None, []) => Ok(None),
            (Some(length), []) => Ok(Some(Framing::Length(length))),
            (Some(_), _) => Err(bad("both a Content-Length and a Transfer-Encoding")),
            (None, [.., last])
                if last == "chunked" && codings.iter().filter(|coding| *coding == "chunked").count() == 1 =>
            {
                Ok(Some(Framing::Chunked))
            }
            (None, _) => Ok(Some(Framing::UntilClose)),
        }
    }

    /// The fields that go on, without what concerned this connection alone.
    fn end_to_end(&self) -> impl Iterator<Item = &Field> {
        let named = self.words("connection");
        // Kept in every case: without the fields that frame it, the next hop would take the body for another message.
        let goes = move |field: &&Field| FRAMING.contains(&field.name.as_str()) || !named.contains(&field.name);
        self.0.iter().filter(|field| !HOP_BY_HOP.contains(&field.name.as_str())).filter(goes)
    }

    fn write(&self, head: &mut Vec<u8>, skip: &[&str]) {
        for field in self.end_to_end().filter(|field| !skip.contains(&field.name.as_str())) {
            push(head, &field.written, &field.value);
        }
    }

    fn write_only(&self, head: &mut Vec<u8>, names: &[&str]) {
        for field in self.end_to_end().filter(|field| names.contains(&field.name.as_str())) {
            push(head, &field.written, &field.value);
        }
    }

    /// The protocols of an upgrade, where both fields ask for one.
    fn upgrade(&self) -> Option<&[u8]> {
        self.all("upgrade").next().filter(|_| self.has_word("connection", "upgrade"))
    }
}

fn push(head: &mut Vec<u8>, name: &str, value: &[u8]) {
    head.extend(name.bytes());
    head.extend(b": ");
    head.extend(value);
    head.extend(b"\r\n");
}

fn bad(text: impl Into<String>) -> Reply {
    Reply::new(400, text)
}

impl Request {
    /// Reads a whole head, as `length` measured it.
    pub fn parse(head: &[u8]) -> Result<Self, Reply> {
        Self::read(head, |method, path, _| target(method, path))
    }

    fn read(head: &[u8], target: impl FnOnce(&str, &str, &Fields) -> Result<Target, Reply>) -> Result<Self, Reply> {
        let mut space = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let mut request = httparse::Request::new(&mut space);
        match request.parse(head) {
            Ok(httparse::Status::Complete(_)) => {}
            Ok(httparse::Status::Partial) => return Err(bad("the request ends too early")),
            Err(httparse::Error::TooManyHeaders) => return Err(Reply::new(431, "too many header fields")),
            Err(error) => return Err(bad(format!("this is no HTTP/1 request ({error})"))),
        }
        let (method, path) = (request.method.unwrap_or_default(), request.path.unwrap_or_default());
        let fields = Fields::read(request.headers);
        let framing = match (method, fields.framing()?) {
            ("CONNECT", _) | (_, None) => Framing::None,
            (_, Some(Framing::UntilClose)) => {
                return Err(Reply::new(501, "a request's last Transfer-Encoding has to be chunked"));
            }
            (_, Some(framing)) => framing,
        };
        Ok(Self {
            target: target(method, path, &fields)?,
            method: method.to_owned(),
            minor: request.version.unwrap_or(1),
            fields,
            framing,
        })
    }

    /// Whether the client takes another response on the same connection.
    pub fn keeps_alive(&self) -> bool {
        let closes = |name| self.fields.has_word(name, "close");
        self.minor == 1 && !closes("connection") && !closes("proxy-connection")
    }

    /// Whether this is so of its path.
    pub fn is_for(&self, so: impl FnOnce(&str) -> bool) -> bool {
        matches!(&self.target, Target::Plain(_, path) if so(path))
    }

    pub fn is_head(&self) -> bool {
        self.method == "HEAD"
    }

    /// The request for the server itself. Each has its connection: nothing has to be known of the server's patience.
    pub fn for_server(&self) -> Vec<u8> {
        match &self.target {
            Target::Plain(_, path) => self.written(path, None),
            Target::Tunnel(_) => Vec::new(),
        }
    }

    /// The request for another proxy, which finds the server by its name.
    pub fn for_proxy(&self, authorization: Option<&str>) -> Vec<u8> {
        match &self.target {
            Target::Plain(authority, path) => self.written(&format!("http://{authority}{path}"), authorization),
            Target::Tunnel(_) => Vec::new(),
        }
    }

    fn written(&self, path: &str, authorization: Option<&str>) -> Vec<u8> {
        let mut head = format!("{} {path} HTTP/1.{}\r\n", self.method, self.minor).into_bytes();
        if let Target::Plain(authority, _) = &self.target {
            // What the client wrote there is not what was judged.
            let host = if authority.port == 80 { authority.host.to_string() } else { authority.to_string() };
            push(&mut head, "Host", host.as_bytes());
        }
        self.fields.write(&mut head, &["host"]);
        if let Some(authorization) = authorization {
            push(&mut head, "Proxy-Authorization", authorization.as_bytes());
        }
        self.end(head)
    }

    /// What concerns the one connection, and the empty line.
    fn end(&self, mut head: Vec<u8>) -> Vec<u8> {
        match self.fields.upgrade() {
            Some(protocols) => {
                push(&mut head, "Connection", b"upgrade");
                push(&mut head, "Upgrade", protocols);
            }
            None => push(&mut head, "Connection", b"close"),
        }
        head.extend(b"\r\n");
        head
    }
}

fn target(method: &str, path: &str) -> Result<Target, Reply> {
    let wrong = |text: &str, error: HostError| bad(format!("{text:?} is not a host and a port: {error}"));
    if method == "CONNECT" {
        return Authority::parse(path, None).map(Target::Tunnel).map_err(|error| wrong(path, error));
    }
    let rest = match path.split_once("://") {
        Some((scheme, rest)) if scheme.eq_ignore_ascii_case("http") => rest,
        Some((scheme, _)) if scheme.eq_ignore_ascii_case("https") => return Err(bad("https goes through CONNECT")),
        Some(_) => return Err(Reply::new(501, "only http, and CONNECT for everything else")),
        None => return Err(bad("this is a proxy: a request names a whole http:// URL, or is a CONNECT")),
    };
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if authority.contains('@') {
        return Err(bad("a URL with a user in it"));
    }
    let path = match path {
        path if path.starts_with('/') => path.to_owned(),
        path => format!("/{path}"),
    };
    Authority::parse(authority, Some(80))
        .map(|found| Target::Plain(found, path))
        .map_err(|error| wrong(authority, error))
}

impl Response {
    /// Reads a whole head; `to_head` where the request was a HEAD.
    pub fn parse(head: &[u8], to_head: bool) -> Result<Self, Reply> {
        let garbled = || Reply::new(502, "the server's answer is no HTTP/1 response");
        let mut space = [httparse::EMPTY_HEADER; FIELDS_MAX];
        let mut response = httparse::Response::new(&mut space);
        let Ok(httparse::Status::Complete(_)) = response.parse(head) else { return Err(garbled()) };
        let status = response.code.unwrap_or_default();
        let fields = Fields::read(response.headers);
        let framing = match (status, fields.framing()) {
            _ if to_head => Framing::None,
            (100..=199 | 204 | 304, _) => Framing::None,
            (_, Ok(framing)) => framing.unwrap_or(Framing::UntilClose),
            (_, Err(_)) => return Err(garbled()),
        };
        Ok(Self { status, reason: response.reason.unwrap_or_default().to_owned(), fields, framing })
    }

    /// Whether another response follows this one.
    pub fn is_interim(&self) -> bool {
        (100..=199).contains(&self.status) && self.status != 101
    }

    /// Where it sends the client.
    pub fn location(&self) -> String {
        self.fields.all("location").next().map(|value| String::from_utf8_lossy(value).into_owned()).unwrap_or_default()
    }

    /// Without what a server would know the credential's owner by.
    pub fn without_cookies(mut self) -> Self {
        self.fields.0.retain(|field| field.name != "set-cookie");
        self
    }

    /// The head for the client.
    pub fn for_client(&self, keeps_alive: bool) -> Vec<u8> {
        let mut head = format!("HTTP/1.1 {} {}\r\n", self.status, self.reason).into_bytes();
        self.fields.write(&mut head, &[]);
        match self.fields.upgrade() {
            Some(protocols) if self.status == 101 => {
                push(&mut head, "Connection", b"upgrade");
                push(&mut head, "Upgrade", protocols);
            }
            _ if self.is_interim() => {}
            _ => push(&mut head, "Connection", if keeps_alive { b"keep-alive" } else { b"close" }),
        }
        head.extend(b"\r\n");
        head
    }
}

#[cfg(test)]
mod tests;
