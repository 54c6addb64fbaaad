//! What agent programs that have hooks are told to start: `bn`, which hands over what the person says while they work.
//!
//! As policies of the machine, which are root's: no program asks whether it may trust them, and they are there however it is started.

use serde_json::json;

/// After a call of a tool, and before the agent stops.
const EVENTS: [&str; 2] = ["PostToolUse", "Stop"];
const COMMAND: &str = "/usr/local/bin/bn container told";
/// Seconds.
const TIMEOUT: u32 = 10;

/// Files below the root, and what is in them.
pub fn files() -> [(&'static str, String); 3] {
    [
        ("etc/claude-code/managed-settings.json", claude()),
        ("etc/codex/requirements.toml", codex()),
        ("etc/github-copilot/policy.d/binnacle.json", copilot()),
    ]
}

fn claude() -> String {
    let hook = || json!([{ "hooks": [{ "type": "command", "command": COMMAND, "timeout": TIMEOUT }] }]);
    let events = EVENTS.map(|event| (event.to_owned(), hook())).into_iter().collect();
    format!("{:#}\n", json!({ "hooks": serde_json::Value::Object(events) }))
}

fn codex() -> String {
    let hook = |event: &str| {
        format!(
            "\n[[hooks.{event}]]\n[[hooks.{event}.hooks]]\ntype = \"command\"\ncommand = \"{COMMAND}\"\ntimeout = {TIMEOUT}\n"
        )
    };
    format!("[hooks]\nmanaged_dir = \"/usr/local/bin\"\n{}", EVENTS.map(hook).concat())
}

/// Events that are named as Claude Code names them are told in its words, too.
fn copilot() -> String {
    let hook = || json!([{ "type": "command", "bash": COMMAND, "timeoutSec": TIMEOUT }]);
    let events = EVENTS.map(|event| (event.to_owned(), hook())).into_iter().collect();
    format!("{:#}\n", json!({ "version": 1, "hooks": serde_json::Value::Object(events) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_name_bn_for_both_events() {
        let claude: serde_json::Value = serde_json::from_str(&claude()).unwrap();
        let codex: toml::Value = toml::from_str(&codex()).unwrap();
        let copilot: serde_json::Value = serde_json::from_str(&copilot()).unwrap();
        for event in EVENTS {
            assert_eq!(claude["hooks"][event][0]["hooks"][0]["command"], COMMAND);
            assert_eq!(codex["hooks"][event][0]["hooks"][0]["command"].as_str(), Some(COMMAND));
            assert_eq!(copilot["hooks"][event][0]["bash"], COMMAND);
        }
    }
}
