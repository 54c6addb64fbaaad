//! Features: what a `devcontainer.json` has installed on top of its image.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::container::devcontainer::jsonc;
use crate::container::devcontainer::tree::in_tree;
use crate::container::registry;

/// The folder of an image in which features are installed from.
const INSIDE: &str = "/usr/local/lib/binnacle/features";
/// What says what a feature is, in its folder.
pub const FILE: &str = "devcontainer-feature.json";

/// One that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Feature {
    /// As the project names it.
    pub id: String,
    pub source: Source,
    pub options: Vec<(String, String)>,
}

/// Where a feature comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A folder of the tree.
    Folder(PathBuf),
    Registry(String),
}

/// Those that the file asks for. `folder` is the file's.
pub fn wanted(keys: &Map<String, Value>, folder: &Path) -> Result<Vec<Feature>, String> {
    let Some(features) = keys.get("features").and_then(Value::as_object) else { return Ok(Vec::new()) };
    let one = |(id, value): (&String, &Value)| {
        Ok(Feature { id: id.clone(), source: source(id, folder)?, options: options(id, value)? })
    };
    features.iter().map(one).collect()
}

fn source(id: &str, folder: &Path) -> Result<Source, String> {
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "._-/:@".contains(letter);
    if id.starts_with("./") || id.starts_with("../") {
        return Ok(Source::Folder(in_tree(folder, id)?));
    }
    if registry::is_named(id) && !id.starts_with(['-', '/']) && !id.contains("://") && id.chars().all(is_plain) {
        return Ok(Source::Registry(id.to_owned()));
    }
    Err(format!("features: {id:?} is neither of a registry (HOST/PATH:TAG) nor a folder beside this file (./NAME)"))
}

/// A text alone is the version.
fn options(id: &str, value: &Value) -> Result<Vec<(String, String)>, String> {
    match value {
        Value::String(version) => Ok(vec![("version".to_owned(), version.clone())]),
        Value::Object(options) => Ok(options.iter().map(|(name, value)| (name.clone(), text(value))).collect()),
        Value::Null | Value::Bool(true) => Ok(Vec::new()),
        _ => Err(format!("features: {id}: its options are an object, or its version as a text")),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What a feature says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Definition {
    defaults: Vec<(String, String)>,
    env: Vec<(String, String)>,
    /// Without versions.
    after: Vec<String>,
    needs: Vec<String>,
    /// What a run has not, by key.
    pub left_out: Vec<&'static str>,
}

/// Keys of a feature that bear on a container and not on its image.
const OF_CONTAINERS: [&str; 10] = [
    "capAdd",
    "entrypoint",
    "init",
    "mounts",
    "onCreateCommand",
    "postCreateCommand",
    "postStartCommand",
    "privileged",
    "securityOpt",
    "updateContentCommand",
];

impl Definition {
    pub fn parse(json: &str) -> Result<Self, serde_json::Error> {
        let keys: Map<String, Value> = serde_json::from_str(&jsonc::plain(json))?;
        let object = |name: &str| keys.get(name).and_then(Value::as_object).into_iter().flatten();
        let default = |(name, option): (&String, &Value)| Some((name.clone(), text(option.get("default")?)));
        let after = keys.get("installsAfter").and_then(Value::as_array).into_iter().flatten();
        Ok(Self {
            defaults: object("options").filter_map(default).collect(),
            env: object("containerEnv").map(|(name, value)| (name.clone(), text(value))).collect(),
            after: after.filter_map(Value::as_str).map(without_version).collect(),
            needs: object("dependsOn").map(|(id, _)| without_version(id)).collect(),
            left_out: OF_CONTAINERS.into_iter().filter(|name| keys.get(*name).is_some_and(says_something)).collect(),
        })
    }
}

fn says_something(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false)) && value.as_array().is_none_or(|items| !items.is_empty())
}

/// A colon behind the last slash begins a tag; one before it, a port.
fn without_version(id: &str) -> String {
    let id = id.split('@').next().unwrap_or(id);
    let from = id.rfind('/').unwrap_or(0);
    id[from..].find(':').map_or(id, |at| &id[..from + at]).to_ascii_lowercase()
}

/// One whose files are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    pub feature: Feature,
    pub definition: Definition,
    /// The name of its folder, or of its archive, in the context of the build.
    pub name: String,
}

/// In the order in which they are installed: that of the file, but each after those that it names. An error names one that is missing.
pub fn in_order(mut left: Vec<Fetched>) -> Result<Vec<Fetched>, String> {
    let known: Vec<String> = left.iter().map(|one| without_version(&one.feature.id)).collect();
    for one in &left {
        if let Some(missing) = one.definition.needs.iter().find(|id| !known.contains(id)) {
            return Err(format!("features: {} needs {missing}: name that one, too", one.feature.id));
        }
    }
    let mut order = Vec::new();
    while !left.is_empty() {
        let waits = |one: &Fetched| {
            let mut before = one.definition.after.iter().chain(&one.definition.needs);
            before.any(|id| left.iter().any(|other| without_version(&other.feature.id) == *id))
        };
        // Of a circle the first is as good as another.
        let next = left.iter().position(|one| !waits(one)).unwrap_or(0);
        order.push(left.remove(next));
    }
    Ok(order)
}

/// The name of a feature's script in the context of the build.
pub fn script_name(number: usize) -> String {
    format!("{number}.sh")
}

/// Runs the feature's own program as root, with its options. `None` where one could not stand in a script.
pub fn script(number: usize, one: &Fetched) -> Option<String> {
    let mut text = format!("set -e\ncd {INSIDE}/{number}\n");
    for user in ["_REMOTE_USER", "_CONTAINER_USER"] {
        let _ = writeln!(text, "export {user}=root {user}_HOME=/root");
    }
    let chosen = |name: &String| !one.feature.options.iter().any(|(known, _)| known == name);
    let defaults = one.definition.defaults.iter().filter(|(name, _)| chosen(name));
    for (name, value) in defaults.chain(&one.feature.options) {
        let _ = writeln!(text, "export {}={}", variable(name), shlex::try_quote(value).ok()?);
    }
    text.push_str("chmod +x install.sh\nexec ./install.sh\n");
    Some(text)
}

/// The name of an option's variable.
fn variable(name: &str) -> String {
    let plain: String = name.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    let named = plain.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == '_');
    let lead = if named.len() < plain.len() { "_" } else { "" };
    format!("{lead}{named}").to_ascii_uppercase()
}

/// The lines that install them on an image, in order. Nothing that the project wrote is in a command.
pub fn containerfile(base: &str, order: &[Fetched]) -> String {
    let mut text = format!("FROM {base}\nUSER root\n");
    for (number, Fetched { definition, name, .. }) in order.iter().enumerate() {
        let script = script_name(number);
        // Of a folder its content, and an archive unpacked.
        let _ = writeln!(text, "ADD {name} {INSIDE}/{number}/\nCOPY {script} {INSIDE}/\nRUN bash {INSIDE}/{script}");
        for (name, value) in
            definition.env.iter().filter(|(name, value)| is_variable(name) && !value.contains(['\n', '\r']))
        {
            let _ = writeln!(text, "ENV {name}=\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\""));
        }
    }
    text
}

fn is_variable(name: &str) -> bool {
    !name.is_empty() && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted_of(json: &str) -> Result<Vec<Feature>, String> {
        let keys: Map<String, Value> = serde_json::from_str(json).unwrap();
        wanted(&keys, Path::new(".devcontainer"))
    }

    fn fetched(id: &str, definition: &str) -> Fetched {
        let feature = Feature { id: id.to_owned(), source: Source::Registry(id.to_owned()), options: Vec::new() };
        Fetched { feature, definition: Definition::parse(definition).unwrap(), name: "0".to_owned() }
    }

    #[test]
    fn features_are_of_a_registry_or_of_a_folder_of_the_tree() {
        let features = wanted_of(
            r#"{"features": {"ghcr.io/devcontainers/features/go:1": "1.24", "./mine": {"some option": "a b", "on": true}, "../else": {}}}"#,
        );
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let expected = [
            (Source::Registry("ghcr.io/devcontainers/features/go:1".to_owned()), vec![pair("version", "1.24")]),
            (Source::Folder(".devcontainer/mine".into()), vec![pair("some option", "a b"), pair("on", "true")]),
            (Source::Folder("else".into()), Vec::new()),
        ];
        let found: Vec<_> = features.unwrap().into_iter().map(|feature| (feature.source, feature.options)).collect();
        assert_eq!(found, expected);
        for id in
            ["docker-in-docker", "https://example.org/a.tgz", "/etc", "./../../etc", "-x.y/z", "a.b/c d", "a.b/$(x)"]
        {
            assert!(wanted_of(&format!("{{\"features\": {{\"{id}\": {{}}}}}}")).is_err(), "{id}");
        }
        assert!(wanted_of(r#"{"features": {"./a": 1}}"#).is_err());
    }

    #[test]
    fn each_is_installed_after_those_that_it_names() {
        let order = in_order(vec![
            fetched("a.b/node:1", r#"{"installsAfter": ["a.b/common"]}"#),
            fetched("a.b/tools@sha256:0", r#"{"dependsOn": {"a.b/node:2": {}}}"#),
            fetched("a.b:5000/other:1", "{}"),
            fetched("a.b/Common:2", r#"{"installsAfter": ["a.b/not-here"]}"#),
        ]);
        let ids: Vec<String> = order.unwrap().into_iter().map(|one| without_version(&one.feature.id)).collect();
        assert_eq!(ids, ["a.b:5000/other", "a.b/common", "a.b/node", "a.b/tools"]);
        let circle = ["a.b/one", "a.b/two"].map(|id| fetched(id, r#"{"installsAfter": ["a.b/two", "a.b/one"]}"#));
        assert_eq!(in_order(circle.into()).unwrap().len(), 2);
        let missing = in_order(vec![fetched("a.b/one", r#"{"dependsOn": {"a.b/two:1": {}}}"#)]);
        assert_eq!(missing.unwrap_err(), "features: a.b/one needs a.b/two: name that one, too");
    }

    #[test]
    fn what_a_project_writes_is_in_quotes_and_in_no_command_of_the_build() {
        let definition = r#"{ // its own
            "options": {"version": {"default": "1"}, "a-b": {"default": "x"}, "2nd": {"default": false}},
            "containerEnv": {"PATH": "/usr/local/go/bin:${PATH}", "Q": "a\"b\\", "BAD\nRUN x": "1", "TWO": "1\nRUN x"},
            "privileged": true, "mounts": [], "entrypoint": "/start"}"#;
        let mut one = fetched("a.b/go:1", definition);
        one.feature.options = vec![("version".to_owned(), "'; touch /owned; '".to_owned())];
        assert_eq!(one.definition.left_out, ["entrypoint", "privileged"]);
        insta::assert_snapshot!(script(0, &one).unwrap(), @r#"
        set -e
        cd /usr/local/lib/binnacle/features/0
        export _REMOTE_USER=root _REMOTE_USER_HOME=/root
        export _CONTAINER_USER=root _CONTAINER_USER_HOME=/root
        export A_B=x
        export _ND=false
        export VERSION="'; touch /owned; '"
        chmod +x install.sh
        exec ./install.sh
        "#);
        insta::assert_snapshot!(containerfile("base", &[one]), @r#"
        FROM base
        USER root
        ADD 0 /usr/local/lib/binnacle/features/0/
        COPY 0.sh /usr/local/lib/binnacle/features/
        RUN bash /usr/local/lib/binnacle/features/0.sh
        ENV PATH="/usr/local/go/bin:${PATH}"
        ENV Q="a\"b\\"
        "#);
    }
}
