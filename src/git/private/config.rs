//! The configuration of the agent's repository: values, never includes, and nothing secret.

use std::path::Path;

use crate::git::host::checkout::Checkout;
use crate::git::host::config::{Config, ConfigText};
use crate::git::host::lfs;
use crate::git::private::hooks::{Hooks, Inside};
use crate::git::private::ways::Ways;
use crate::git::private::{bare, identity, mounts, remotes};

/// Settings that decide what files look like, or how the user likes git to behave, and that name no program.
const COPIED: &[&str] = &[
    "core.autocrlf",
    "core.eol",
    "core.safecrlf",
    "core.filemode",
    "core.symlinks",
    "core.ignorecase",
    "core.precomposeunicode",
    "core.sparsecheckout",
    "core.sparsecheckoutcone",
    "core.whitespace",
    "core.commentchar",
    "index.sparse",
    "i18n.commitencoding",
    "i18n.logoutputencoding",
    "merge.conflictstyle",
    "diff.algorithm",
    "pull.rebase",
    "rebase.updaterefs",
    "init.defaultbranch",
];

/// The agent's configuration and what follows from it.
pub struct Private {
    pub text: ConfigText,
    pub notes: Vec<String>,
}

impl ConfigText {
    /// For a repository that no one works in.
    pub fn bare() -> Self {
        let mut text = ConfigText::default();
        text.set("core.bare", "true");
        text
    }
}

/// `view` is where the view is, inside.
pub fn build(config: &Config, checkout: &Checkout, hooks: (&Hooks, Inside), ways: &Ways, view: &Path) -> Private {
    let mut private = Private { text: ConfigText::default(), notes: Vec::new() };
    let text = &mut private.text;
    // No automatic gc: what it would drop is for the host to take first.
    for (key, value) in [("core.bare", "false"), ("core.logallrefupdates", "true"), ("gc.auto", "0")] {
        text.set(key, value);
    }
    for key in COPIED {
        if let Some(value) = config.get(key) {
            text.set(key, value);
        }
    }
    text.set("remote.host.url", &view.to_string_lossy());
    text.set("remote.host.fetch", "+refs/heads/*:refs/remotes/host/*");
    private.notes.extend(remotes::copy(config, ways, text));
    remotes::copy_submodules(config, text);
    ways.configure(text);
    who(config, &mut private);
    signing(config, &mut private);
    use_hooks(hooks, &mut private);
    partial_clone(config, checkout, &mut private);
    if lfs::is_set_up(config) {
        lfs::SETTINGS.iter().for_each(|(key, value)| private.text.set(key, value));
    }
    private
}

fn who(config: &Config, private: &mut Private) {
    let identity = identity::of(config);
    if identity.name.is_none() || identity.email.is_none() {
        let note = "git knows no user.name and user.email here; the agent's commits bear its own name";
        private.notes.push(note.to_owned());
    }
    private.text.set("user.name", identity.name.as_deref().unwrap_or("binnacle agent"));
    private.text.set("user.email", identity.email.as_deref().unwrap_or("agent@binnacle.invalid"));
}

fn signing(config: &Config, private: &mut Private) {
    let on: Vec<&str> = ["commit.gpgsign", "tag.gpgsign"].into_iter().filter(|key| config.is_true(key)).collect();
    for key in ["commit.gpgsign", "tag.gpgsign"] {
        private.text.set(key, "false");
    }
    if !on.is_empty() {
        private
            .notes
            .push(format!("{} is on: your key stays here, so the agent's commits are not signed", on.join(", ")));
    }
}

fn use_hooks((hooks, inside): (&Hooks, Inside), private: &mut Private) {
    match hooks {
        Hooks::None => {}
        Hooks::InTree(path) => {
            let path = path.to_string_lossy();
            if inside == Inside::Run {
                private.text.set("core.hooksPath", &path);
            }
            private.notes.push(format!(
                "core.hooksPath is {path}: your own git runs what the agent leaves there; look before you use git in the worktree"
            ));
        }
        Hooks::Folder(folder) if inside == Inside::LeftOut => {
            private.notes.push(format!("your hooks in {} do not run inside", folder.display()));
        }
        Hooks::Folder(folder) => {
            private.text.set("core.hooksPath", mounts::HOOKS);
            private
                .notes
                .push(format!("your hooks in {} run inside, too (--no-hooks leaves them out)", folder.display()));
        }
    }
}

/// Whether objects may be missing in the user's repository.
pub fn is_partial_clone(config: &Config) -> bool {
    let remotes = config.subsections("remote");
    config.get("extensions.partialclone").is_some()
        || remotes.iter().any(|remote| config.is_true(&format!("remote.{remote}.promisor")))
}

fn partial_clone(config: &Config, checkout: &Checkout, private: &mut Private) {
    if !is_partial_clone(config) {
        return;
    }
    bare::partial_clone(&mut private.text, &checkout.object_format);
    private.notes.push("this is a partial clone: old files that are not here yet cannot be fetched inside".to_owned());
}
