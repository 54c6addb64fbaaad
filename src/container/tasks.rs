//! What `ctr` prints, as values. Its tables are for people: columns by name, not by place.

/// containerd's word for a container's process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EngineTask {
    pub id: String,
    pub pid: u32,
    pub status: EngineStatus,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EngineStatus {
    Created,
    Running,
    Stopped,
    Paused,
    Unknown,
}

impl EngineStatus {
    /// Whether there is a process that could still do something.
    pub fn is_alive(self) -> bool {
        self != EngineStatus::Stopped
    }
}

/// The table of `ctr tasks ls`: TASK, PID, STATUS.
pub fn parse_tasks(table: &str) -> Vec<EngineTask> {
    table.lines().skip(1).filter_map(parse_task).collect()
}

fn parse_task(line: &str) -> Option<EngineTask> {
    let mut words = line.split_whitespace();
    let id = words.next()?.to_owned();
    let pid = words.next()?.parse().ok()?;
    let status = match words.next()? {
        "CREATED" => EngineStatus::Created,
        "RUNNING" => EngineStatus::Running,
        "STOPPED" => EngineStatus::Stopped,
        "PAUSED" | "PAUSING" => EngineStatus::Paused,
        _ => EngineStatus::Unknown,
    };
    Some(EngineTask { id, pid, status })
}

/// The exit code in the warning of `ctr tasks rm`: `task X exit with non-zero exit code 8`. No warning means 0.
pub fn parse_exit_code(stderr: &str) -> Option<u8> {
    let (_, code) = stderr.rsplit_once("exit with non-zero exit code ")?;
    code.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The daemon's version. `ctr version` has a part for itself and one for the server.
pub fn parse_server_version(text: &str) -> Option<String> {
    let (_, server) = text.split_once("Server:")?;
    let version = server.lines().find_map(|line| line.trim().strip_prefix("Version:"))?;
    Some(version.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recorded_table() {
        let table = "TASK       PID     STATUS    \nagent-1    4711    RUNNING\nold        0       STOPPED\n";
        let tasks = parse_tasks(table);
        assert_eq!(tasks.len(), 2);
        assert_eq!(tasks[0], EngineTask { id: "agent-1".into(), pid: 4711, status: EngineStatus::Running });
        assert!(!tasks[1].status.is_alive());
        assert_eq!(parse_tasks("TASK    PID    STATUS    \n"), []);
        assert_eq!(parse_tasks(""), []);
    }

    #[test]
    fn the_exit_code_in_the_warning() {
        let warning = "time=\"2026-01-01T00:00:00Z\" level=warning msg=\"task x exit with non-zero exit code 8\"\n";
        assert_eq!(parse_exit_code(warning), Some(8));
        assert_eq!(parse_exit_code(""), None);
    }

    #[test]
    fn the_servers_version_and_not_the_clients() {
        let text = "Client:\n  Version:  1.7.0\n  Revision: x\n\nServer:\n  Version:  1.6.20~ds1\n  UUID: y\n";
        assert_eq!(parse_server_version(text), Some("1.6.20~ds1".into()));
        assert_eq!(parse_server_version("Client:\n  Version:  1.7.0\n"), None);
    }
}
