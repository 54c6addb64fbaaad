//! What the programs in the container are told about the way out.

/// Where the relay listens inside.
pub const INSIDE: &str = "127.0.0.1:3128";

/// Who is reached without the proxy: the container's own loopback, where `--allow localhost:PORT` is brought in too.
const NO_PROXY: &str = "localhost,127.0.0.1,::1";

/// The variables to set for the agent. None is a secret.
///
/// Both cases, because curl reads `http_proxy` in lower case only and others the upper one; Node's own fetch needs to be asked.
pub fn variables() -> Vec<(&'static str, String)> {
    let proxy = format!("http://{INSIDE}");
    let names = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"];
    let mut variables: Vec<(&str, String)> = names.map(|name| (name, proxy.clone())).into();
    variables.extend(["NO_PROXY", "no_proxy"].map(|name| (name, NO_PROXY.to_owned())));
    variables.push(("NODE_USE_ENV_PROXY", "1".to_owned()));
    variables
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_program_finds_the_proxy_under_its_own_name() {
        let text: Vec<String> = variables().into_iter().map(|(name, value)| format!("{name}={value}")).collect();
        insta::assert_snapshot!(text.join("\n"), @r"
        HTTPS_PROXY=http://127.0.0.1:3128
        https_proxy=http://127.0.0.1:3128
        HTTP_PROXY=http://127.0.0.1:3128
        http_proxy=http://127.0.0.1:3128
        NO_PROXY=localhost,127.0.0.1,::1
        no_proxy=localhost,127.0.0.1,::1
        NODE_USE_ENV_PROXY=1
        ");
    }
}
