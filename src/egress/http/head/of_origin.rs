//! Heads of requests to a run's origin: read for one repository, and written anew with its credential.

use super::of_model::is_for_port;
use super::{Request, Target, push};
use crate::egress::http::reply::Reply;
use crate::egress::model::key::Key;
use crate::egress::model::url::Url;
use crate::egress::origin::spec::Origin;

/// What git sends, but for what frames a body. Whatever else might mean something to the server.
const GIT_SENDS: &[&str] = &[
    "accept",
    "accept-encoding",
    "accept-language",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "git-protocol",
    "pragma",
    "transfer-encoding",
    "user-agent",
];

impl Request {
    /// Reads the whole head of a request to the one repository, in whose place it was made to a port of the loopback.
    pub fn parse_for_origin(head: &[u8], origin: &Origin) -> Result<Self, Reply> {
        Self::read(head, |method, path, fields| {
            if !is_for_port(fields, origin.port) {
                return Err(Reply::new(403, format!("this is the endpoint of {}, and of no other host", origin.url)));
            }
            if origin.is_lfs(path) {
                let why = "files of Git LFS do not go through this endpoint: the user pushes the branch on the host, which takes them along; \
                           GIT_LFS_SKIP_PUSH=1 git push pushes the commits before that, without these files";
                return Err(Reply::new(403, why).for_lfs());
            }
            if !origin.covers(method, path) {
                return Err(Reply::new(
                    403,
                    format!("this endpoint is for git to fetch from {0} and to push there", origin.url),
                ));
            }
            Ok(Target::Plain(origin.url.authority.clone(), path.to_owned()))
        })
    }

    /// The head for the origin's server.
    pub fn with_credential(&self, url: &Url, credential: &Key) -> Vec<u8> {
        let path = if let Target::Plain(_, path) = &self.target { path } else { "/" };
        let mut head = format!("{} {path} HTTP/1.{}\r\n", self.method, self.minor).into_bytes();
        push(&mut head, "Host", url.host_field().as_bytes());
        push(&mut head, "Authorization", &[b"Basic ", credential.bytes()].concat());
        self.fields.write_only(&mut head, GIT_SENDS);
        push(&mut head, "Connection", b"close");
        head.extend(b"\r\n");
        head
    }
}
