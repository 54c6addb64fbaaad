//! Requests to models, which the proxy makes with a key that the container does not have.

use crate::egress::http::head::Request;
use crate::egress::model::api;
use crate::egress::model::open::Model;
use crate::egress::proxy::Shared;
use crate::egress::proxy::dial::dial_model;
use crate::egress::proxy::ending::{Next, refuse};
use crate::egress::proxy::forward::{Exchange, carry};
use crate::egress::pump::Reader;

/// Serves one request.
pub async fn ask(shared: &Shared, client: &mut Reader<'_>, request: &Request, model: &Model) -> Next {
    let (endpoint, key) = (&model.endpoint, &model.key);
    let server = match dial_model(shared, &endpoint.url).await {
        Ok(server) => server,
        Err(reply) => return refuse(client, &reply).await,
    };
    let head = request.with_key(&endpoint.url, key, api::field(&endpoint.name));
    let reading = shared.models.asked(&endpoint.name);
    let exchanged = Exchange { request, asked: &endpoint.url.authority, reading: Some(&reading) };
    carry(client, server, &head, &exchanged).await
}
