//! Named sets of hosts: what agents and package managers need.

/// A name for many rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Set {
    pub name: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// Exact names and wildcards.
    pub hosts: &'static [&'static str],
}

/// All sets, in the order in which they are listed.
pub const SETS: &[Set] = &[
    Set {
        name: "@github",
        purpose: "git over HTTPS, API, releases and packages",
        hosts: &[
            "github.com",
            "api.github.com",
            "uploads.github.com",
            "codeload.github.com",
            "ghcr.io",
            "*.githubusercontent.com",
            "github-cloud.s3.amazonaws.com",
            "github-releases.githubusercontent.com",
            "lfs.github.com",
        ],
    },
    Set {
        name: "@npm",
        purpose: "npm, pnpm, yarn and Node itself",
        hosts: &["registry.npmjs.org", "registry.yarnpkg.com", "nodejs.org"],
    },
    Set {
        name: "@crates",
        purpose: "cargo and rustup",
        hosts: &["crates.io", "index.crates.io", "static.crates.io", "static.rust-lang.org"],
    },
    Set { name: "@pypi", purpose: "pip and uv", hosts: &["pypi.org", "files.pythonhosted.org"] },
    Set {
        name: "@debian",
        purpose: "apt",
        hosts: &["deb.debian.org", "security.debian.org", "snapshot.debian.org", "ftp.debian.org"],
    },
    Set {
        name: "@fedora",
        purpose: "dnf",
        hosts: &[
            "mirrors.fedoraproject.org",
            "dl.fedoraproject.org",
            "download.fedoraproject.org",
            "codecs.fedoraproject.org",
            "fedoraproject-updates-archive.fedoraproject.org",
        ],
    },
    Set {
        name: "@copilot",
        purpose: "GitHub Copilot CLI",
        hosts: &[
            "github.com",
            "api.github.com",
            "*.githubcopilot.com",
            "copilot-proxy.githubusercontent.com",
            "origin-tracker.githubusercontent.com",
            "copilot-telemetry.githubusercontent.com",
            "collector.github.com",
            "default.exp-tas.com",
        ],
    },
    Set {
        name: "@anthropic",
        purpose: "Claude Code",
        hosts: &[
            "api.anthropic.com",
            "console.anthropic.com",
            "platform.claude.com",
            "claude.ai",
            "statsig.anthropic.com",
        ],
    },
    Set {
        name: "@openai",
        purpose: "Codex",
        hosts: &["api.openai.com", "auth.openai.com", "chatgpt.com", "ab.chatgpt.com"],
    },
];

/// The set of this name, `@` included.
pub fn find(name: &str) -> Option<&'static Set> {
    SETS.iter().find(|set| set.name == name)
}

/// All names, for a hint.
pub fn names() -> String {
    SETS.iter().map(|set| set.name).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::super::rule::{Rule, Target};
    use super::*;

    #[test]
    fn every_host_of_every_set_is_a_rule_that_an_allowlist_takes() {
        for host in SETS.iter().flat_map(|set| set.hosts) {
            let rule = Rule::parse(host).unwrap();
            rule.check(true).unwrap();
            assert_eq!(&rule.to_string(), host);
            assert!(matches!(rule.target, Target::Name(_) | Target::Below(_)), "{host}");
        }
    }
}
