//! Registries: which one a reference names, and why one gave no image.

/// The host that a whole reference begins with.
pub fn host(reference: &str) -> &str {
    reference.split('/').next().unwrap_or(reference)
}

/// Whether the image has a registry of its own, by the rule of docker and podman: a first part with a dot or a port is a host.
pub fn is_named(reference: &str) -> bool {
    reference.contains('/') && host(reference).contains(['.', ':'])
}

/// Why an image did not come, and what helps.
#[derive(Debug, PartialEq, Eq)]
pub struct Refusal {
    pub why: String,
    pub hint: String,
    /// No registry answered.
    pub unanswered: bool,
}

/// What registries answer to somebody whom they do not know, or to whom they show nothing.
const LOGIN_WANTED: [&str; 4] = ["unauthorized", "authentication required", "invalid username/password", "denied"];

/// What buildah's last line about an image means.
pub fn refusal(reference: &str, error: &str) -> Refusal {
    let host = host(reference);
    let reason = error.rsplit(": ").next().unwrap_or(error).trim_end_matches(['"', ' ', '\n']);
    let plain_http = error.contains("HTTP response to HTTPS client");
    let unanswered = error.contains("pinging container registry") && !plain_http;
    let (why, hint) = if plain_http {
        (
            format!("the registry {host} speaks plain HTTP, and buildah wants TLS"),
            format!("where that is meant, fetch {reference} first: buildah pull --tls-verify=false {reference}"),
        )
    } else if unanswered {
        (format!("the registry {host} does not answer: {reason}"), "list your images: buildah images".to_owned())
    } else if error.contains("manifest unknown") || error.contains("name unknown") {
        (format!("the registry {host} has no {reference}"), "check the name and the tag".to_owned())
    } else if LOGIN_WANTED.iter().any(|words| error.contains(words)) {
        (
            format!(
                "the registry {host} does not give you {reference}: you have no login there, or one that it refuses"
            ),
            format!("log in: buildah login {host}"),
        )
    } else {
        (
            format!("buildah could not fetch {reference}: {reason}"),
            format!("check the name, or log in: buildah login {host}"),
        )
    };
    Refusal { why, hint, unanswered }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_a_dot_or_a_port() {
        for named in ["registry.example/team/mine:1", "localhost:5000/mine", "127.0.0.1:5000/a/b@sha256:1"] {
            assert!(is_named(named), "{named}");
        }
        for other in ["localhost/mine:1", "team/mine:1.0", "mine:1.0", "mine"] {
            assert!(!is_named(other), "{other}");
        }
    }
}
