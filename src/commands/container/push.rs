//! `--push`: the repository that the agent may push to, with the credential that the user's git has for it.

use crate::cli::container::RunArgs;
use crate::container::network::Network;
use crate::egress::model::endpoint::ports;
use crate::egress::model::url::UrlError;
use crate::egress::origin::spec::{Origin, Push, address};
use crate::egress::policy::Policy;
use crate::env::Env;
use crate::error::{Failure, Usage};
use crate::git::host::checkout::Checkout;
use crate::git::host::{Git, origin};
use crate::process::Runner;
use crate::run::record::run_json::NetworkSpec;

/// What the agent gets of the origin. The user's git has to have a credential for it now, so that the agent finds one later.
pub fn resolve(
    args: &RunArgs,
    network: &NetworkSpec,
    (git, checkout): (&Git, &Checkout),
    env: &Env,
    notes: &mut Vec<String>,
) -> Result<Option<Origin>, Failure> {
    let only = match (args.push, checkout.branch_ref()) {
        (Push::No, _) => return Ok(None),
        (Push::All, _) => None,
        (Push::Branch, Some(branch)) => Some(branch),
        (Push::Branch, None) => return Err(no_branch()),
    };
    if args.network != Network::Egress {
        return Err(Usage::new("--push goes with --network egress alone").into());
    }
    // A worktree that is still to be made will have what the repository has.
    let there = if checkout.git_dir.exists() { &checkout.git_dir } else { &checkout.common_dir };
    let remote = origin::push_url(git, there)?.ok_or_else(no_origin)?;
    let url = address(&remote).map_err(|error| not_https(&remote, &error))?;
    if !args.dry_run {
        let asking = Git::new(Runner::new(env).withholding_nothing());
        origin::credential(&asking, there, &remote).map_err(|error| {
            Usage::new(format!("--push: there is no credential for {url}: {error}"))
                .hint(format!("sign in first, so that this asks nothing: git push --dry-run {url} HEAD"))
                .hint("a credential helper keeps it, such as: gh auth setup-git")
        })?;
    }
    let taken = Policy::parse(&args.egress.allow, &args.egress.only)?.loopback_ports();
    let taken = [taken, network.models.iter().map(|model| model.port).collect()].concat();
    let Some(port) = ports(&taken).next() else { return Ok(None) };
    let what = only.as_deref().map_or("any branch and tag", |name| name.trim_start_matches("refs/heads/"));
    notes.push(format!("the agent may push {what} to {url}, and fetch from there; your credential stays here"));
    Ok(Some(Origin { url, port, only }))
}

fn no_branch() -> Failure {
    Usage::new("--push: the worktree is on no branch, and an agent pushes that of its worktree")
        .hint("check one out first: git switch -c BRANCH")
        .hint("or let it push any branch: --push=all")
        .into()
}

fn no_origin() -> Usage {
    Usage::new("--push: this repository has no remote named origin").hint("add it: git remote add origin https://…")
}

fn not_https(remote: &str, error: &UrlError) -> Usage {
    match https_of(remote) {
        Some(url) => {
            Usage::new("--push: origin is reached over SSH, whose keys no proxy can add outside of the container")
                .hint(format!("name it by HTTPS: git remote set-url origin {url}"))
                .hint("or push what is merged yourself: git push origin")
        }
        None => Usage::new(format!("--push: origin is no server that git reaches over HTTPS: {error}"))
            .hint("see where it leads: git remote get-url --push origin")
            .hint("or push what is merged yourself: git push origin"),
    }
}

/// The usual address of what is reached over SSH: `git@host:a/b`, `ssh://git@host/a/b`.
fn https_of(remote: &str) -> Option<String> {
    let url = match remote.split_once("://") {
        Some((scheme, rest)) if scheme.split('+').any(|part| part == "ssh") => {
            let (place, path) = rest.split_once('/')?;
            let host = place.rsplit_once('@').map_or(place, |(_, host)| host);
            format!("https://{}/{path}", host.split(':').next().unwrap_or_default())
        }
        Some(_) => return None,
        None => {
            let (place, path) = remote.split_once(':').filter(|(place, _)| !place.contains('/'))?;
            format!(
                "https://{}/{}",
                place.rsplit_once('@').map_or(place, |(_, host)| host),
                path.trim_start_matches('/')
            )
        }
    };
    address(&url).ok().map(|url| url.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_reached_over_ssh_has_an_address_over_https() {
        for (remote, url) in [
            ("git@github.com:a/b.git", Some("https://github.com/a/b.git")),
            ("ssh://git@git.example:2222/a/b", Some("https://git.example/a/b")),
            ("git+ssh://git.example/a", Some("https://git.example/a")),
            ("/srv/git/a.git", None),
            ("../a:b", None),
            ("file:///srv/git", None),
            ("git://git.example/a", None),
        ] {
            assert_eq!(https_of(remote).as_deref(), url, "{remote}");
        }
        let refused = not_https("git@github.com:a/b.git", &UrlError::Scheme);
        assert!(refused.message.contains("over SSH"), "{refused:?}");
        assert_eq!(refused.hints[0], "name it by HTTPS: git remote set-url origin https://github.com/a/b.git");
    }
}
