//! Whether an agent can write to a checkout at all: it has the user's uid and gid, and nothing else of the user's.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::env::{User, identity};
use crate::error::{Failure, Usage};
use crate::process::Cmd;
use crate::run::record::RunError;
use crate::sanitize;

/// A folder's owner, and who may write there.
struct Folder {
    owner: User,
    /// Permission bits.
    mode: u32,
}

/// Refuses a checkout in which the agent could do nothing.
pub fn check(worktree: &Path, agent: &User) -> Result<(), Failure> {
    let found = fs::metadata(worktree).map_err(|source| RunError::io("look at", worktree, source))?;
    let folder = Folder { owner: identity::user(found.uid(), found.gid(), None), mode: found.mode() };
    match folder.lets_in(agent) || has_list(worktree) {
        true => Ok(()),
        false => Err(folder.refusal(worktree, agent).into()),
    }
}

/// Whether an access control list may say more than the mode does.
fn has_list(path: &Path) -> bool {
    let mut none: [u8; 0] = [];
    rustix::fs::getxattr(path, "system.posix_acl_access", &mut none).is_ok()
}

impl Folder {
    /// As the kernel decides it for a process without capabilities and without other groups, root's included.
    fn lets_in(&self, agent: &User) -> bool {
        let shift = match self.owner {
            User { uid, .. } if uid == agent.uid => 6,
            User { gid, .. } if gid == agent.gid => 3,
            _ => 0,
        };
        (self.mode >> shift) & 0o3 == 0o3
    }

    fn refusal(&self, path: &Path, agent: &User) -> Usage {
        let (owner, shown) = (&self.owner, sanitize::path(path));
        let as_agent = format!("the agent works as {} (uid {}) without a capability", agent.name, agent.uid);
        if owner.uid == agent.uid {
            let message = format!("{shown} is not writable for its owner, {}: {as_agent}", owner.name);
            return Usage::new(message).hint(Cmd::new("chmod").arg("u+rwx").arg(path).to_string());
        }
        let refusal = Usage::new(format!(
            "{shown} belongs to {} (uid {}): {as_agent}, and cannot write there",
            owner.name, owner.uid
        ));
        // sudo bn works as the user who called it: as root it would not start either.
        match owner.uid {
            0 => refusal.hint(Cmd::new("sudo").args(["chown", "-R", &agent.name]).arg(path).to_string()),
            _ => {
                let line = Cmd::new("bn").args(["container", "run"]).arg(path);
                refusal.hint(format!("run it as its owner: sudo -u {} {line} …", self.login()))
            }
        }
    }

    /// As sudo takes it: a uid without a name follows a `#`.
    fn login(&self) -> String {
        let User { uid, name, .. } = &self.owner;
        if *name == uid.to_string() { format!("'#{uid}'") } else { name.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(uid: u32, gid: u32, name: &str) -> User {
        User { uid, gid, name: name.to_owned(), home: None }
    }

    fn said(folder: &Folder, agent: &User) -> String {
        let Usage { message, hints } = folder.refusal(Path::new("/srv/a 1"), agent);
        format!("{message}\n{}", hints.join("\n"))
    }

    #[test]
    fn owner_group_and_others_each_have_their_own_bits() {
        let lets = |mode, uid, gid| Folder { owner: user(1001, 50, "ann"), mode }.lets_in(&user(uid, gid, "x"));
        assert!(lets(0o40755, 1001, 7) && lets(0o40775, 7, 50) && lets(0o40777, 7, 7));
        assert!(!lets(0o40755, 7, 50) && !lets(0o40775, 7, 7));
        assert!(!lets(0o40077, 1001, 50), "the owner is not one of the others");
        assert!(!lets(0o40755, 0, 0) && !lets(0o40770, 0, 0), "root has no capability there");
        assert!(!lets(0o40666, 1001, 50), "a folder that cannot be entered");
    }

    #[test]
    fn who_owns_it_and_what_to_type() {
        let root = user(0, 0, "root");
        let of = |owner: User| Folder { owner, mode: 0o40755 };
        assert_eq!(
            said(&of(user(1001, 50, "ann")), &root),
            "/srv/a 1 belongs to ann (uid 1001): the agent works as root (uid 0) without a capability, and cannot write there\n\
             run it as its owner: sudo -u ann bn container run '/srv/a 1' …"
        );
        assert!(said(&of(user(7007, 50, "7007")), &root).contains("sudo -u '#7007' bn container run"));
        assert_eq!(
            said(&of(root), &user(1001, 50, "ann")),
            "/srv/a 1 belongs to root (uid 0): the agent works as ann (uid 1001) without a capability, and cannot write there\n\
             sudo chown -R ann '/srv/a 1'"
        );
    }
}
