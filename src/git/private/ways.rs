//! How an agent's git reaches other machines, and what it says where it does not.

use crate::git::host::config::ConfigText;

/// The ways that a run has.
#[derive(Clone, Debug, Default)]
pub struct Ways {
    /// Where it finds `origin`, which it may push to.
    pub origin: Option<String>,
    /// Git over SSH reaches hosts.
    pub ssh: bool,
}

impl Ways {
    /// Those of a submodule: what may be pushed is the run's own repository.
    pub fn of_submodule(&self) -> Self {
        Self { origin: None, ssh: self.ssh }
    }

    /// Where a remote is that has this URL on the host. Two URLs of one remote would both count.
    pub fn lead<'a>(&'a self, remote: &str, url: &'a str) -> &'a str {
        self.origin.as_deref().filter(|_| remote == "origin").unwrap_or(url)
    }

    /// What speaks where nothing leads on.
    pub fn configure(&self, text: &mut ConfigText) {
        // Asked last, after those that the image or the agent has.
        text.set("credential.helper", &says("get", &self.without_credential()));
        if !self.ssh {
            text.set("core.sshCommand", &says("", NO_SSH));
            // Git is not to try what kind of ssh this is.
            text.set("ssh.variant", "ssh");
        }
    }

    fn without_credential(&self) -> String {
        let allowed = match self.origin {
            Some(_) => {
                "this run may push to its remote origin, and git knows no credential for other places in this container"
            }
            None => {
                "git knows no credential in this container. Your commits are taken over when you are done, without a push. To let an \
                     agent push to origin and fetch from there, the user starts it with: bn container run --push"
            }
        };
        format!("bn: {allowed}. A token goes inside with: bn container run --env GH_TOKEN")
    }

    /// The hook that says what a push is for.
    pub fn pre_push(&self) -> &'static str {
        match self.origin {
            Some(_) => OF_HOST,
            None => OF_ALL,
        }
    }
}

const NO_SSH: &str = "bn: git over SSH reaches no host from this container. For a push, the user names origin by HTTPS (git remote \
                      set-url origin https://…) and starts the run with: bn container run --push";

const OF_ALL: &str = "#!/bin/sh
echo 'nothing to push: your commits are taken over when you are done (for a push to origin, the user starts the run with --push)' >&2
exit 1
";

const OF_HOST: &str = "#!/bin/sh
test \"$1\" != host && exit 0
echo 'nothing to push to host: your commits are taken over when you are done' >&2
exit 1
";

/// A shell function that speaks where its first argument is this, and fails.
fn says(argument: &str, text: &str) -> String {
    let when = if argument.is_empty() { String::new() } else { format!("test \"$1\" = {argument} || return 0; ") };
    let start = if argument.is_empty() { "" } else { "!" };
    format!("{start}f() {{ {when}echo '{text}' >&2; return 255; }}; f")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::git::testing::Bench;

    #[test]
    fn what_a_push_needs_is_said_where_one_is_tried() {
        let bench = Bench::linked();
        bench.sh(
            "git -C repo remote add origin git@git.example:a/b.git; git -C repo remote add web https://127.0.0.1:1/a",
        );
        let run = bench.prepare("agent");
        let tried = |line: &str| bench.agent(&run, &format!("{line} 2>&1 || true"));
        let said = tried("git push origin HEAD");
        assert!(said.contains("bn: git over SSH reaches no host") && said.contains("--push"), "{said}");
        let said =
            tried("printf 'protocol=https\\nhost=git.example\\n\\n' | GIT_TERMINAL_PROMPT=0 git credential fill");
        assert!(
            said.contains("bn: git knows no credential in this container") && said.contains("run --push"),
            "{said}"
        );
        let said = tried("git push host HEAD:refs/heads/x");
        assert!(said.contains("your commits are taken over when you are done"), "{said}");
    }

    #[test]
    fn a_run_that_may_push_finds_origin_and_no_other_place() {
        let ways = Ways { origin: Some("http://127.0.0.1:3129/a/b.git".to_owned()), ssh: false };
        assert_eq!(ways.lead("origin", "https://git.example/a/b.git"), "http://127.0.0.1:3129/a/b.git");
        assert_eq!(ways.lead("fork", "https://git.example/c"), "https://git.example/c");
        assert!(ways.of_submodule().origin.is_none());
        assert!(ways.without_credential().contains("for other places"));
    }
}
