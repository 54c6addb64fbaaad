//! What `bn` needs of a machine, checked over facts that were read before.

pub mod advisories;
pub mod engine;
pub mod facts;
pub mod host;
pub mod namespaces;
pub mod report;
pub mod sudo;
pub mod tools;
pub mod version;

use serde::Serialize;

use facts::Facts;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    Ok,
    /// `bn` works; somebody should know all the same.
    Warning,
    /// Something that `bn` needs does not work.
    Broken,
}

/// One line of the doctor's report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// What was looked at.
    pub name: String,
    pub status: Status,
    pub detail: String,
    /// What to type, or to do.
    pub fix: Option<String>,
}

impl Finding {
    pub fn ok(name: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { name: name.into(), status: Status::Ok, detail: detail.into(), fix: None }
    }

    pub fn warning(name: impl Into<String>, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { name: name.into(), status: Status::Warning, detail: detail.into(), fix: Some(fix.into()) }
    }

    pub fn broken(name: impl Into<String>, detail: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { name: name.into(), status: Status::Broken, detail: detail.into(), fix: Some(fix.into()) }
    }
}

/// Everything there is to say about a machine.
pub fn examine(facts: &Facts, holes: advisories::Detail) -> Vec<Finding> {
    let mut findings = vec![Finding::ok("mode", format!("host ({})", facts.mode))];
    findings.extend(tools::check(&facts.tools, &facts.user));
    findings.extend(engine::check(&facts.engine));
    findings.extend(advisories::check(facts, holes));
    findings.extend(sudo::check(&facts.sudo));
    let buildah = facts.tools.iter().find(|tool| tool.name == "buildah").and_then(|tool| tool.path.as_deref());
    findings.extend(namespaces::check(&facts.host.namespaces, &facts.user, buildah));
    findings.extend(host::check(&facts.host, &facts.user));
    findings
}
