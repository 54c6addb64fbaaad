//! One more program in a running container: the command line and the file for `runc exec`.

use std::path::Path;

use serde_json::{Map, Value, json};

use crate::container::{HOME_INSIDE, NAMESPACE};
use crate::env::terminal::{COLORS, EDITOR, KIND};
use crate::process::Cmd;

/// A program, and who it is inside.
#[derive(Clone, Debug)]
pub struct Program<'a> {
    /// The program and its arguments.
    pub args: &'a [String],
    pub uid: u32,
    pub gid: u32,
    pub terminal: bool,
    /// Variables of the user's terminal.
    pub env: &'a [(String, String)],
}

/// Makes the `process.json` of `runc exec` from the one of the container's first process, as containerd keeps it.
///
/// The first process begins as root with capabilities and gives them up; this one begins without any.
pub fn process(container: &Value, program: &Program) -> Option<Value> {
    let mut process: Map<String, Value> = container.get("Spec")?.get("process")?.as_object()?.clone();
    let none: [&str; 0] = [];
    let nothing =
        json!({ "bounding": none, "effective": none, "inheritable": none, "permitted": none, "ambient": none });
    process.remove("consoleSize");
    process.insert("terminal".to_owned(), json!(program.terminal));
    process.insert("user".to_owned(), json!({ "uid": program.uid, "gid": program.gid }));
    process.insert("args".to_owned(), json!(program.args));
    process.insert("capabilities".to_owned(), nothing);
    process.insert("noNewPrivileges".to_owned(), json!(true));
    let mut env = process.get("env").and_then(Value::as_array).cloned().unwrap_or_default();
    env.retain(|variable| !variable.as_str().is_some_and(is_of_terminal));
    let home = [("HOME".to_owned(), HOME_INSIDE.to_owned())];
    let own = home.iter().chain(program.env).map(|(name, value)| json!(format!("{name}={value}")));
    process.insert("env".to_owned(), Value::Array(env.into_iter().chain(own).collect()));
    Some(Value::Object(process))
}

/// The first process has another terminal.
fn is_of_terminal(variable: &str) -> bool {
    variable.split_once('=').is_some_and(|(name, _)| [KIND, COLORS, EDITOR].contains(&name))
}

/// Starts the program of `process`, a file, and stays until it ends.
pub fn runc_exec(id: &str, process: &Path) -> Cmd {
    Cmd::new("runc")
        .args(["--root", &format!("/run/containerd/runc/{NAMESPACE}"), "exec", "--process"])
        .arg(process)
        .arg(id)
        .as_root()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_begins_as_the_agent_and_without_what_the_entrypoint_has() {
        let first = json!({
            "terminal": true, "consoleSize": { "height": 1, "width": 1 }, "user": { "uid": 0, "gid": 0, "additionalGids": [0] },
            "args": ["entrypoint"], "env": ["PATH=/bin", "TERM=xterm", "COLORTERM=truecolor", "BN_TERM=foot"], "cwd": "/workspace", "apparmorProfile": "binnacle-default",
            "capabilities": { "bounding": ["CAP_CHOWN"], "effective": ["CAP_CHOWN"] }, "noNewPrivileges": false
        });
        let args = ["git".to_owned(), "log".to_owned()];
        let env = [("TERM".to_owned(), "xterm-256color".to_owned())];
        let program = Program { args: &args, uid: 1000, gid: 100, terminal: false, env: &env };
        let none: [&str; 0] = [];
        let expected = json!({
            "terminal": false, "user": { "uid": 1000, "gid": 100 }, "args": ["git", "log"],
            "env": ["PATH=/bin", "TERM=xterm", "HOME=/home/agent", "TERM=xterm-256color"], "cwd": "/workspace",
            "apparmorProfile": "binnacle-default", "noNewPrivileges": true,
            "capabilities": { "bounding": none, "effective": none, "inheritable": none, "permitted": none, "ambient": none }
        });
        assert_eq!(process(&json!({ "Spec": { "process": first } }), &program), Some(expected));
        assert_eq!(process(&json!({ "Spec": {} }), &program), None);
    }
}
