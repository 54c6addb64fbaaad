//! From what was asked for to a connection: look up, judge every address, dial only what passed.

use std::net::{IpAddr, SocketAddr};

use tokio_rustls::rustls::{self, CertificateError};

use crate::egress::host::{Authority, Host};
use crate::egress::http::head::Response;
use crate::egress::http::reply::Reply;
use crate::egress::log::{Decision, Entry, Remedy};
use crate::egress::model::url::Url;
use crate::egress::next_hop::Hop;
use crate::egress::own_address::source;
use crate::egress::policy::Refusal;
use crate::egress::proxy::{Shared, happy_eyeballs};
use crate::egress::pump::Reader;
use crate::egress::stream::{Stream, write_all};
use crate::egress::verdict;

/// The most that another proxy's answer to CONNECT may take.
const ANSWER_MAX: usize = 16 * 1024;

/// A connection, with what was already read from it.
#[derive(Debug)]
pub struct Dialled {
    pub stream: Stream,
    pub ahead: Vec<u8>,
    /// The address at the far end, where it is known.
    pub address: Option<IpAddr>,
}

/// How a plain request goes out.
pub enum Route {
    /// To the server itself, or through a tunnel to it.
    Server(Dialled),
    /// To another proxy, which gets the whole URL and these credentials.
    Proxy(Dialled, Option<String>),
}

/// Connects to what was asked for, so that bytes reach the server itself.
pub async fn dial(shared: &Shared, asked: &Authority, plain: bool) -> Result<Dialled, Reply> {
    let hop = shared.next_hops.towards(asked, plain);
    if let (Some(hop), true) = (hop, shared.next_hops.by_name && matches!(asked.host, Host::Name(_))) {
        admit_name(shared, asked)?;
        return logged(shared, asked, None, through(shared, hop, asked.clone()).await);
    }
    let addresses = admitted(shared, asked).await?;
    let first = addresses[0];
    let outcome = match hop {
        Some(hop) => through(shared, hop, Authority { host: Host::Address(first), port: asked.port })
            .await
            .map(|dialled| Dialled { address: Some(first), ..dialled }),
        None => {
            let sockets: Vec<SocketAddr> = addresses.iter().map(|address| (*address, asked.port).into()).collect();
            directly(shared, &sockets).await
        }
    };
    logged(shared, asked, Some(first), outcome)
}

/// The way for a plain request. Only where names are the next proxy's business does that proxy see the request itself:
/// given an address, it would tell the server that address for a name.
pub async fn route(shared: &Shared, asked: &Authority) -> Result<Route, Reply> {
    match shared.next_hops.towards(asked, true) {
        Some(hop) if shared.next_hops.by_name && matches!(asked.host, Host::Name(_)) => {
            admit_name(shared, asked)?;
            let hopped = to_hop(shared, hop).await.map(|dialled| Dialled { address: None, ..dialled });
            let dialled = logged(shared, asked, None, hopped)?;
            Ok(Route::Proxy(dialled, hop.authorization.clone()))
        }
        _ => dial(shared, asked, true).await.map(Route::Server),
    }
}

/// Connects to a model's server, or the origin's, which is wherever the giver of its key says: no rule is asked.
pub async fn dial_named(shared: &Shared, url: &Url) -> Result<Dialled, Reply> {
    let asked = &url.authority;
    let outcome = match shared.next_hops.towards(asked, !url.secure) {
        Some(hop) => through(shared, hop, asked.clone()).await,
        None => to_server(shared, asked).await,
    };
    let outcome = match outcome {
        Ok(dialled) if url.secure => encrypted(shared, dialled, asked).await,
        other => other,
    };
    logged(shared, asked, None, outcome)
}

async fn to_server(shared: &Shared, asked: &Authority) -> Result<Dialled, Unreached> {
    let addresses = match &asked.host {
        Host::Address(address) => vec![*address],
        Host::Name(name) => shared.resolver.lookup(name).await.map_err(Unreached::because)?,
    };
    let sockets: Vec<SocketAddr> = sorted(addresses).iter().map(|address| (*address, asked.port).into()).collect();
    directly(shared, &sockets).await
}

async fn encrypted(shared: &Shared, dialled: Dialled, asked: &Authority) -> Result<Dialled, Unreached> {
    let Dialled { stream: Stream::Tcp(stream), ahead, address } = dialled else {
        return Err(Unreached::because("no way to encrypt this"));
    };
    // The server speaks second.
    if !ahead.is_empty() {
        return Err(Unreached::because("the next proxy spoke out of turn"));
    }
    let tls = shared.models.tls().map_err(Unreached::because)?;
    let near = tls.over(stream, &asked.host).await?;
    Ok(Dialled { stream: near.into(), ahead, address })
}

fn admit_name(shared: &Shared, asked: &Authority) -> Result<(), Reply> {
    shared.policy.now().admit_unseen(asked).map_err(|refusal| refused(shared, &refusal))
}

/// The addresses that may be dialled, at least one. Where none may, the first refusal counts.
async fn admitted(shared: &Shared, asked: &Authority) -> Result<Vec<IpAddr>, Reply> {
    let policy = shared.policy.now();
    policy.admit(asked).map_err(|refusal| refused(shared, &refusal))?;
    let found = match &asked.host {
        Host::Address(address) => vec![*address],
        Host::Name(name) => shared.resolver.lookup(name).await.map_err(|error| {
            shared.note_request(Decision::Failed, &asked.to_string(), error.to_string());
            let hint = if shared.next_hops.towards(asked, false).is_some() {
                "; where only the next proxy can look names up, run with --upstream-by-name"
            } else {
                ""
            };
            Reply::new(502, format!("cannot look up {asked}: {error}{hint}"))
        })?,
    };
    let (mut open, mut refusals) = (Vec::new(), Vec::new());
    for address in found {
        match verdict::judge(&policy, asked, address) {
            Ok(()) => open.push(address),
            Err(refusal) => refusals.push(refusal),
        }
    }
    match refusals.first() {
        Some(refusal) if open.is_empty() => Err(refused(shared, refusal)),
        _ => Ok(sorted(open)),
    }
}

/// Families in turn, and those without a route last.
fn sorted(mut addresses: Vec<IpAddr>) -> Vec<IpAddr> {
    let (mut v6, mut v4) = (0, 0);
    addresses.sort_by_cached_key(|address| {
        let place = if address.is_ipv6() { &mut v6 } else { &mut v4 };
        *place += 1;
        (source(*address).is_none(), *place, address.is_ipv4())
    });
    addresses
}

/// Why no connection came about.
struct Unreached {
    timed_out: bool,
    text: String,
}

impl Unreached {
    fn because(text: impl ToString) -> Self {
        Self { timed_out: false, text: text.to_string() }
    }

    /// The same, said of the next proxy.
    fn at(self, hop: &Hop) -> Self {
        Self { text: format!("next proxy {}: {}", hop.authority, self.text), ..self }
    }
}

/// Whether nobody that is trusted has signed a server's certificate.
fn is_signed_by_strangers(error: &std::io::Error) -> bool {
    let of_tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    matches!(of_tls, Some(rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer)))
}

/// Leaves the number away that the system adds.
impl From<std::io::Error> for Unreached {
    fn from(error: std::io::Error) -> Self {
        let text = match is_signed_by_strangers(&error) {
            true => {
                "its certificate is signed by nobody whom this machine trusts; where that is an authority of your own, \
                     the user starts the run with SSL_CERT_FILE=FILE, its certificate"
                    .to_owned()
            }
            false => error.to_string().split(" (os error").next().unwrap_or_default().to_lowercase(),
        };
        Self { timed_out: error.kind() == std::io::ErrorKind::TimedOut, text }
    }
}

async fn directly(shared: &Shared, addresses: &[SocketAddr]) -> Result<Dialled, Unreached> {
    let stream = happy_eyeballs::connect(addresses).await?;
    let address = stream.peer_addr().ok().map(|peer| peer.ip());
    let stream = Stream::from(stream);
    shared.limit_outside(&stream);
    Ok(Dialled { stream, ahead: Vec::new(), address })
}

/// The user's own proxy is wherever the user says: no rule is asked.
async fn to_hop(shared: &Shared, hop: &Hop) -> Result<Dialled, Unreached> {
    let addresses = match &hop.authority.host {
        Host::Address(address) => vec![*address],
        Host::Name(name) => shared.resolver.lookup(name).await.map_err(|error| Unreached::because(error).at(hop))?,
    };
    let sockets: Vec<SocketAddr> =
        sorted(addresses).iter().map(|address| (*address, hop.authority.port).into()).collect();
    directly(shared, &sockets).await.map_err(|error| error.at(hop))
}

/// A tunnel through the next proxy.
async fn through(shared: &Shared, hop: &Hop, to: Authority) -> Result<Dialled, Unreached> {
    let failed = |text: String| Unreached::because(text).at(hop);
    let Dialled { stream, .. } = to_hop(shared, hop).await?;
    let authorization =
        hop.authorization.as_ref().map(|value| format!("Proxy-Authorization: {value}\r\n")).unwrap_or_default();
    let request = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n{authorization}\r\n");
    write_all(&stream, request.as_bytes()).await.map_err(|error| Unreached::from(error).at(hop))?;
    let mut reader = Reader::new(&stream);
    let head = match tokio::time::timeout(super::head::TIMEOUT, reader.head(ANSWER_MAX)).await {
        Ok(Ok(Some(head))) => head,
        Ok(Ok(None)) => return Err(failed("it hung up".to_owned())),
        Ok(Err(reply)) => return Err(failed(reply.text)),
        Err(_) => return Err(failed("no answer".to_owned())),
    };
    let response = Response::parse(&head, true).map_err(|reply| failed(reply.text))?;
    if !(200..300).contains(&response.status) {
        return Err(failed(format!("it answered {}", response.status)));
    }
    let ahead = std::mem::take(&mut reader.ahead);
    Ok(Dialled { stream, ahead, address: None })
}

fn logged(
    shared: &Shared,
    asked: &Authority,
    address: Option<IpAddr>,
    outcome: Result<Dialled, Unreached>,
) -> Result<Dialled, Reply> {
    let (decision, reason, address) = match &outcome {
        Ok(dialled) => (Decision::Allowed, "connected".to_owned(), dialled.address),
        Err(unreached) => (Decision::Failed, unreached.text.clone(), address),
    };
    shared.note(&Entry { decision, asked: asked.to_string(), address, remedy: None, reason });
    outcome.map_err(|Unreached { timed_out, text }| {
        Reply::new(if timed_out { 504 } else { 502 }, format!("cannot reach {asked}: {text}"))
    })
}

/// Notes a refusal, and tells the client which flag would have helped.
fn refused(shared: &Shared, refusal: &Refusal) -> Reply {
    let remedy = refusal.remedy();
    let (asked, said) = (refusal.asked.to_string(), refusal.to_string());
    shared.note(&Entry {
        decision: Decision::Refused,
        asked: asked.clone(),
        address: refusal.address,
        remedy: Some(remedy.clone().map_or(Remedy::Never, Remedy::Allow)),
        reason: said.clone(),
    });
    let address = refusal.address.filter(|address| Host::Address(*address) != refusal.asked.host);
    let place = address.map(|address| format!(" ({address})")).unwrap_or_default();
    let way = match remedy {
        Some(rule) => {
            format!("to open it, on the host: --allow {rule}, or now: bn container allow {} {rule}", shared.run)
        }
        None => "no flag opens it".to_owned(),
    };
    Reply::new(403, format!("refused: {asked}{place}: {said}; {way}"))
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn an_authority_that_nobody_knows_is_told_from_other_troubles() {
        let said = |trouble| {
            let error = rustls::Error::InvalidCertificate(trouble);
            Unreached::from(io::Error::new(io::ErrorKind::InvalidData, error)).text
        };
        assert!(said(CertificateError::UnknownIssuer).contains("SSL_CERT_FILE=FILE"));
        assert_eq!(said(CertificateError::Expired), "invalid peer certificate: expired");
    }
}
