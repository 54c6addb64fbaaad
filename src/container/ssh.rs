//! ssh into a running container: what the server in there and the client out here are told.

use std::path::{Path, PathBuf};

use crate::container::HOME_INSIDE;
use crate::process::Cmd;

/// In the folder that the container sees read-only, and in the run's own: what there is for ssh.
pub const FOLDER: &str = "ssh";
pub const HOST_KEY: &str = "host_ed25519";
pub const AUTHORIZED: &str = "authorized_keys";
pub const SERVER_CONFIG: &str = "sshd_config";
pub const CLIENT_KEY: &str = "id_ed25519";
pub const KNOWN_HOSTS: &str = "known_hosts";

/// Where images have the server. It takes no other name than a full one.
pub const PLACES: [&str; 3] = ["/usr/sbin/sshd", "/usr/bin/sshd", "/usr/lib/ssh/sshd"];

/// What the server is to do: let in whoever has the run's key, as the user that it runs as itself. `folder` is where it finds its files.
///
/// What comes from inside leads nowhere: nobody's agent, no screen, no port of the host.
pub fn server_config(folder: &Path) -> String {
    let file = |name: &str| folder.join(name).display().to_string();
    format!(
        "HostKey {}\nAuthorizedKeysFile {}\n\
         AuthenticationMethods publickey\nPasswordAuthentication no\nKbdInteractiveAuthentication no\nUsePAM no\n\
         # Nobody inside can write to this folder.\nStrictModes no\n\
         PidFile none\nLogLevel ERROR\nPrintMotd no\nPrintLastLog no\nUseDNS no\n\
         AllowAgentForwarding no\nX11Forwarding no\nPermitTunnel no\nGatewayPorts no\n\
         # To what listens inside, and not from there.\nAllowTcpForwarding local\nAllowStreamLocalForwarding local\n\
         PermitUserEnvironment no\nPermitUserRC no\nSubsystem sftp internal-sftp\n",
        file(HOST_KEY),
        file(AUTHORIZED)
    )
}

/// Variables of the container for the sessions, as one line of the server's configuration. One that could not be told from a part of the line
/// is left out.
pub fn set_env(variables: impl Iterator<Item = (String, String)>) -> String {
    const SESSIONS_OWN: [&str; 9] = ["HOME", "LOGNAME", "MAIL", "OLDPWD", "PWD", "SHELL", "SHLVL", "TERM", "USER"];
    let odd = |value: &str| value.contains(['"', '\\']) || value.chars().any(char::is_control);
    let named =
        |name: &str| !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    let fit = variables
        .filter(|(name, value)| named(name) && name != "_" && !SESSIONS_OWN.contains(&name.as_str()) && !odd(value));
    let words = fit.map(|(name, value)| format!(" \"{name}={value}\""));
    format!("SetEnv \"HOME={HOME_INSIDE}\"{}", words.collect::<String>())
}

/// An entry of the client's configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The run.
    pub name: String,
    /// Who one is inside.
    pub user: String,
    pub identity: PathBuf,
    pub known_hosts: PathBuf,
    /// Starts the server, and leads to it.
    pub proxy: Cmd,
}

impl Entry {
    /// What ssh is told to connect to.
    pub fn host(&self) -> String {
        host(&self.name)
    }

    /// `None` where a path has what a configuration cannot say.
    pub fn text(&self) -> Option<String> {
        let (host, proxy) = (self.host(), percent(&self.proxy.to_string()));
        let (identity, known) = (quoted(&self.identity)?, quoted(&self.known_hosts)?);
        if proxy.contains('\n') {
            return None;
        }
        let settings = [
            format!("HostName {host}"),
            format!("User {}", self.user),
            format!("ProxyCommand {proxy}"),
            format!("IdentityFile {identity}"),
            "IdentitiesOnly yes".to_owned(),
            "IdentityAgent none".to_owned(),
            "PreferredAuthentications publickey".to_owned(),
            format!("UserKnownHostsFile {known}"),
            "GlobalKnownHostsFile /dev/null".to_owned(),
            format!("HostKeyAlias {host}"),
            "HostKeyAlgorithms ssh-ed25519".to_owned(),
            "StrictHostKeyChecking yes".to_owned(),
            "UpdateHostKeys no".to_owned(),
            "CheckHostIP no".to_owned(),
            "ForwardAgent no".to_owned(),
            "ForwardX11 no".to_owned(),
            "Tunnel no".to_owned(),
            "PermitLocalCommand no".to_owned(),
            "CanonicalizeHostname no".to_owned(),
        ];
        let lines: String = settings.iter().map(|setting| format!("    {setting}\n")).collect();
        Some(format!("Host {host}\n{lines}"))
    }
}

/// What a run is called in a configuration of ssh.
pub fn host(name: &str) -> String {
    format!("bn-{name}")
}

/// ssh puts something else in the place of a percent sign.
fn percent(text: &str) -> String {
    text.replace('%', "%%")
}

fn quoted(path: &Path) -> Option<String> {
    let text = path.to_str().filter(|text| !text.contains(['"', '\\', '\n', '$']))?;
    Some(format!("\"{}\"", percent(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(identity: &str) -> Entry {
        Entry {
            name: "agent-1".to_owned(),
            user: "agent".to_owned(),
            identity: identity.into(),
            known_hosts: "/r/50% of it/known_hosts".into(),
            proxy: Cmd::new("/usr/bin/bn").args(["container", "exec", "agent-1", "--", "bn", "container", "sshd"]),
        }
    }

    #[test]
    fn an_entry_names_every_file_and_trusts_nothing_else() {
        let text = entry("/r/my runs/id").text().unwrap();
        for line in [
            "Host bn-agent-1",
            "    ProxyCommand /usr/bin/bn container exec agent-1 -- bn container sshd",
            "    IdentityFile \"/r/my runs/id\"",
            "    UserKnownHostsFile \"/r/50%% of it/known_hosts\"",
            "    StrictHostKeyChecking yes",
            "    ForwardAgent no",
        ] {
            assert!(text.lines().any(|has| has == line), "{line}: {text}");
        }
        assert_eq!(entry("/r/a\"b").text(), None);
    }

    #[test]
    fn sessions_get_the_variables_that_a_line_can_hold() {
        let given = [("PATH", "/bin"), ("A", "1 2"), ("HOME", "/x"), ("B", "a\nb"), ("C", "\"; x"), ("BAD-NAME", "1")];
        let line = set_env(given.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        assert_eq!(line, "SetEnv \"HOME=/home/agent\" \"PATH=/bin\" \"A=1 2\"");
    }
}
