//! Requests to models and to a run's origin, which the proxy makes with what the container does not have.

use crate::egress::http::head::Request;
use crate::egress::model::open::Model;
use crate::egress::origin::open::Open;
use crate::egress::proxy::Shared;
use crate::egress::proxy::dial::dial_named;
use crate::egress::proxy::ending::{Next, refuse};
use crate::egress::proxy::forward::{Exchange, carry};
use crate::egress::pump::Reader;

/// Serves one request to a model.
pub async fn ask(shared: &Shared, client: &mut Reader<'_>, request: &Request, model: &Model) -> Next {
    let (endpoint, key) = (&model.endpoint, &model.key);
    let server = match dial_named(shared, &endpoint.url).await {
        Ok(server) => server,
        Err(reply) => return refuse(client, &reply).await,
    };
    let head = request.with_key(&endpoint.url, key, endpoint.field());
    let reading = shared.models.asked(&endpoint.name);
    let exchanged = Exchange { request, asked: &endpoint.url.authority, reading: Some(&reading), origin: None };
    carry(client, server, &head, &exchanged).await
}

/// Serves one request to the origin.
pub async fn ask_origin(shared: &Shared, client: &mut Reader<'_>, request: &Request, open: &Open) -> Next {
    let url = &open.origin.url;
    let credential = match open.credential().await {
        Ok(credential) => credential,
        Err(reply) => return refuse(client, &reply).await,
    };
    let server = match dial_named(shared, url).await {
        Ok(server) => server,
        Err(reply) => return refuse(client, &reply).await,
    };
    let head = request.with_credential(url, &credential);
    let exchanged = Exchange { request, asked: &url.authority, reading: None, origin: Some(open) };
    carry(client, server, &head, &exchanged).await
}
