//! The parts of a `devcontainer.json` that a run takes.

use serde_json::{Map, Value};

/// The keys of commands, in the order in which they run: each run is a new container, which is created and started.
const COMMANDS: [&str; 4] = ["onCreateCommand", "updateContentCommand", "postCreateCommand", "postStartCommand"];

/// With what is known of `${…}` in its place; `None` where more is named. What a variable of this machine holds stays here: the default
/// that stands beside its name is taken.
fn expanded(text: &str) -> Option<String> {
    let mut rest = text;
    let mut whole = String::new();
    while let Some((before, after)) = rest.split_once("${") {
        let (name, after) = after.split_once('}')?;
        let value = match name {
            "containerWorkspaceFolder" => "/workspace",
            "containerWorkspaceFolderBasename" => "workspace",
            _ => name.strip_prefix("localEnv:")?.split_once(':')?.1,
        };
        whole.extend([before, value]);
        rest = after;
    }
    Some(whole + rest)
}

fn unknown_variable(what: &str) -> String {
    format!(
        "{what} is left out: bn knows no ${{…}} there but containerWorkspaceFolder and localEnv:NAME:DEFAULT, which is DEFAULT"
    )
}

/// A text of the file, or why it is left out.
fn text(what: &str, value: &Value) -> Result<String, String> {
    let text = value.as_str().ok_or_else(|| format!("{what} is left out: it is no text"))?;
    expanded(text).ok_or_else(|| unknown_variable(what))
}

/// What the Dockerfile is told.
pub fn args(keys: &Map<String, Value>, left_out: &mut Vec<String>) -> Vec<(String, String)> {
    let mut told = Vec::new();
    let args = keys.get("build").and_then(|build| build.get("args")).and_then(Value::as_object);
    for (name, value) in args.into_iter().flatten() {
        match text(&format!("build.args.{name}"), value) {
            Ok(text) => told.push((name.clone(), text)),
            Err(why) => left_out.push(why),
        }
    }
    told
}

/// The variables of the container, and those of who works in it, which count more.
pub fn env(keys: &Map<String, Value>, left_out: &mut Vec<String>) -> Vec<(String, String)> {
    let mut variables: Vec<(String, String)> = Vec::new();
    for key in ["containerEnv", "remoteEnv"] {
        for (name, value) in keys.get(key).and_then(Value::as_object).into_iter().flatten() {
            match text(&format!("{key}.{name}"), value) {
                Ok(text) => {
                    variables.retain(|(known, _)| known != name);
                    variables.push((name.clone(), text));
                }
                Err(why) => left_out.push(why),
            }
        }
    }
    variables
}

/// One command for the shell of all that is to run before somebody works.
pub fn setup(keys: &Map<String, Value>, left_out: &mut Vec<String>) -> Option<String> {
    let mut commands = Vec::new();
    for key in COMMANDS {
        match keys.get(key) {
            // Those of an object may run at once, and one after the other as well.
            Some(Value::Object(several)) => {
                several.iter().for_each(|(name, value)| add(&mut commands, value, &format!("{key}.{name}"), left_out));
            }
            Some(value) => add(&mut commands, value, key, left_out),
            None => {}
        }
    }
    (!commands.is_empty()).then(|| commands.join("\n"))
}

fn add(commands: &mut Vec<String>, value: &Value, what: &str, left_out: &mut Vec<String>) {
    match command(value).map(|text| expanded(&text)) {
        Some(Some(text)) if text.trim().is_empty() => {}
        // Each has a shell of its own, as it would have there.
        Some(Some(text)) => commands.push(format!("(\n{text}\n)")),
        Some(None) => left_out.push(unknown_variable(what)),
        None => left_out.push(format!("{what} is left out: it is no command")),
    }
}

/// A text is for the shell; the words of a list are a program and its arguments.
fn command(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Array(words) => {
            let words: Option<Vec<&str>> = words.iter().map(Value::as_str).collect();
            shlex::try_join(words?).ok()
        }
        _ => None,
    }
}

pub fn ports(keys: &Map<String, Value>, left_out: &mut Vec<String>) -> Vec<u16> {
    let mut ports = Vec::new();
    for value in keys.get("forwardPorts").and_then(Value::as_array).into_iter().flatten() {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        let digits = text.strip_prefix("localhost:").unwrap_or(&text);
        match digits.parse::<u16>() {
            Ok(port) if port > 0 && !ports.contains(&port) => ports.push(port),
            Ok(port) if port > 0 => {}
            _ => left_out.push(format!("forwardPorts: {text} is left out: a port is a number, of this one container")),
        }
    }
    ports
}

/// Folders of this machine, in the form of `--mount`.
pub fn mounts(keys: &Map<String, Value>, left_out: &mut Vec<String>) -> Vec<String> {
    let mut mounts = Vec::new();
    for value in keys.get("mounts").and_then(Value::as_array).into_iter().flatten() {
        match mount(value) {
            Ok(mount) => mounts.push(mount),
            Err(why) => left_out.push(format!("a mount is left out: {why}")),
        }
    }
    mounts
}

fn mount(value: &Value) -> Result<String, String> {
    let fields: Vec<(String, String)> = match value {
        Value::String(text) => text.split(',').map(field).collect(),
        Value::Object(fields) => {
            let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            fields.iter().map(|(name, value)| (name.clone(), text(value))).collect()
        }
        other => return Err(format!("{other} is none")),
    };
    let get = |names: &[&str]| fields.iter().find(|(name, _)| names.contains(&name.as_str())).map(|(_, value)| value);
    let target = get(&["target", "destination", "dst"]).cloned().unwrap_or_default();
    if get(&["type"]).is_none_or(|kind| kind != "bind") {
        return Err(format!("{target} is no folder of this machine (type=bind)"));
    }
    let source = get(&["source", "src"]).ok_or_else(|| format!("{target} has no source"))?;
    // The second one is there for Windows, where the first is empty.
    let source = source.replace("${localEnv:HOME}", "~").replace("${localEnv:USERPROFILE}", "");
    let (source, target) = match (expanded(&source), expanded(&target)) {
        (Some(source), Some(target)) if ![&source, &target].iter().any(|path| path.contains(':')) => (source, target),
        _ => return Err(format!("{target} from {source} has a `:` or a ${{…}} in it that bn does not know")),
    };
    let read_only = get(&["readonly", "ro"]).is_some_and(|value| value != "false");
    Ok(format!("{source}:{target}:{}", if read_only { "ro" } else { "rw" }))
}

fn field(text: &str) -> (String, String) {
    let (name, value) = text.split_once('=').unwrap_or((text, "true"));
    (name.trim().to_ascii_lowercase(), value.trim().to_owned())
}
