//! What a `devcontainer.json` asks for and a run does not have.

use serde_json::{Map, Value};

/// What is taken, and what says nothing about a container without an editor.
const KNOWN: [&str; 28] = [
    "$schema",
    "build",
    "containerEnv",
    "context",
    "customizations",
    "dockerFile",
    "features",
    "forwardPorts",
    "hostRequirements",
    "image",
    "init",
    "mounts",
    "name",
    "onCreateCommand",
    "otherPortsAttributes",
    "overrideCommand",
    "portsAttributes",
    "postCreateCommand",
    "postStartCommand",
    "remoteEnv",
    "shutdownAction",
    "updateContentCommand",
    "updateRemoteUserUID",
    "userEnvProbe",
    "waitFor",
    "extensions",
    "settings",
    "devPort",
];

const OF_THE_WALL: &str = "a project does not choose the walls of a container";
const OWN_USER: &str = "an agent has your own uid, and no other user's";
const OWN_PLACE: &str = "the worktree is /workspace";

/// Why it is left out.
const REASONS: [(&str, &str); 17] = [
    ("overrideFeatureInstallOrder", "features are installed as they stand, each after those that it names itself"),
    ("runArgs", OF_THE_WALL),
    ("privileged", OF_THE_WALL),
    ("capAdd", OF_THE_WALL),
    ("securityOpt", OF_THE_WALL),
    ("remoteUser", OWN_USER),
    ("containerUser", OWN_USER),
    ("initializeCommand", "nothing of a project's runs on this machine"),
    ("postAttachCommand", "no editor attaches: name it in postStartCommand"),
    ("workspaceFolder", OWN_PLACE),
    ("workspaceMount", OWN_PLACE),
    ("appPort", "name the port in forwardPorts"),
    ("secrets", "give one with --secret NAME"),
    ("dockerComposeFile", "bn starts one container"),
    ("service", "bn starts one container"),
    ("runServices", "bn starts one container"),
    ("gpu", "an agent has no devices"),
];

/// A line for each key that is not taken.
pub fn of(keys: &Map<String, Value>) -> Vec<String> {
    let unknown = keys.iter().filter(|(name, value)| !KNOWN.contains(&name.as_str()) && says_something(name, value));
    unknown.map(|(name, _)| format!("{name} is left out: {}", reason(name))).collect()
}

/// Whether leaving it out changes anything.
fn says_something(name: &str, value: &Value) -> bool {
    let is_empty = match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(keys) => keys.is_empty(),
        _ => false,
    };
    !(is_empty || name == "workspaceFolder" && value == "/workspace")
}

fn reason(name: &str) -> &'static str {
    REASONS.iter().find(|(known, _)| *known == name).map_or("bn does not know it", |(_, why)| why)
}
