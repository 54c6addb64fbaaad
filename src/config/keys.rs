//! The table of keys. The flags' help, `bn config` and docs/configuration.md are held against it by tests.

use crate::cli::container::{AgentProgram, BELL};
use crate::config::key::{Form, Key, Place, Slot, Variable, one_of};
use crate::config::value::Value;
use crate::container::agent::{Agent, AgentType};
use crate::container::buildah::is_package_name;
use crate::container::limits;
use crate::container::network::Network;
use crate::container::reference::image_reference;
use crate::container::user_mount::check_in_file;
use crate::egress::model::endpoint::{Keys, Wish};
use crate::egress::origin::spec::Push;
use crate::egress::policy::Policy;
use crate::env::Machine;
use crate::error::{Explain, Usage};
use crate::ports::published::Published;
use crate::run::record::graph_access::GraphAccess;
use crate::run::record::secrets;

/// What a key is where nothing else is said: a text that may be anything, and that opens nothing.
macro_rules! key {
    ($name:literal, $form:ident, $default:literal, $slot:ident($($field:ident).+) $(, $more:ident: $value:expr)* $(,)?) => {
        key!(Run: $name, $form, $default, $slot($($field).+) $(, $more: $value)*)
    };
    ($verb:ident: $name:literal, $form:ident, $default:literal, $slot:ident($($field:ident).+) $(, $more:ident: $value:expr)* $(,)?) => {
        Key {
            $($more: $value,)*
            ..Key {
                name: $name,
                form: Form::$form,
                default: $default,
                variable: None,
                opens: |_, _| false,
                check: |_| Ok(()),
                place: Place::$verb(|args| Slot::$slot(&mut args.$($field).+)),
            }
        }
    };
}

/// In the order of the help of `run`, and then of `merge` and `build`.
pub static KEYS: [Key; 45] = [
    key!("agent", Text, "copilot", Choice(agent), check: one_of::<Agent>),
    key!("prompt", Text, "to take a ready task", Optional(prompt),
        variable: Some(Variable { name: "BN_INITIAL_PROMPT", of: |env| env.initial_prompt.as_ref() })),
    key!("type", Text, "worker", Choice(agent_type), check: one_of::<AgentType>,
        variable: Some(Variable { name: "BN_AGENT_TYPE", of: |env| env.agent_type.as_ref() })),
    key!("env", Table, "", List(env), check: |pair| secrets::variable_name(pair.split('=').next().unwrap_or(pair)).map(drop)),
    key!("secret", List, "", List(secret), opens: |value, _| has_items(value), check: |name| secrets::variable_name(name).map(drop)),
    // It runs inside, with what the agent has.
    key!("setup", Text, "", Optional(setup), check: not_empty),
    key!("ssh", Flag, "false", Flag(ssh), opens: |value, _| is_true(value)),
    key!("no-hooks", Flag, "false", Flag(no_hooks)),
    key!("no-cache", Flag, "false", Flag(no_cache)),
    // Texts of the user's own: what is in them is nobody else's affair.
    key!("with-settings", Flag, "false", Flag(remembers.with_settings), opens: |value, _| is_true(value)),
    key!("mount", List, "", List(mount), opens: |value, _| has_items(value), check: check_in_file),
    key!("tag", Text, "latest", Text(tag), opens: |value, _| any(value, |tag| tag.contains(['/', ':'])),
        check: |tag| image_reference(tag).map(drop)),
    // What in it opens the wall is asked about by itself.
    key!("devcontainer", Flag, "false", Flag(devcontainer)),
    key!("detach", Flag, "false", Flag(detach)),
    key!("detach-on-hangup", Flag, "false", Flag(screen.detach_on_hangup)),
    // Any command is run by this machine. Its bell may ring.
    key!("notify", Text, "", Optional(notify), opens: |value, _| any(value, |command| command != BELL), check: not_empty),
    key!("merge-target", Text, "main, or the repository's default branch", Optional(merge_target), check: not_empty,
        variable: Some(Variable { name: "BN_MERGE_TARGET", of: |env| env.merge_target.as_ref() })),
    key!("no-merge", Flag, "false", Flag(no_merge)),
    key!("check", Text, "", Optional(checks.check), check: not_empty),
    key!("check-network", Text, "none", Choice(checks.check_network), opens: |value, _| any(value, |mode| mode != "none"),
        check: one_of::<Network>),
    key!("check-timeout", Text, "30m", Optional(checks.check_timeout), check: |text| limits::parse_timeout(text).map(drop)),
    key!("cpus", Number, "all", Optional(cpus), check: |text| limits::parse_cpus(text).map(drop)),
    key!("memory", Text, "three quarters of the machine's", Optional(memory), opens: more_memory,
        check: |text| limits::parse_memory(text).map(drop)),
    key!("pids-limit", Number, "4096", Optional(pids_limit), opens: more_processes,
        check: |text| limits::parse_pids(text).map(drop)),
    // However much it is, a run ends before the disk is full.
    key!("disk", Text, "half of what is free", Optional(disk),
        check: |text| limits::parse_disk(text).map(drop)),
    key!("timeout", Text, "never", Optional(timeout), check: |text| limits::parse_timeout(text).map(drop)),
    key!("seccomp-profile", Text, "bn's own", Path(seccomp_profile), opens: |_, _| true, check: absolute),
    key!("graph", Text, "agent", Text(graph), check: not_empty,
        opens: |value, _| any(value, |rights| rights.parse() == Ok(GraphAccess::Files))),
    key!("network", Text, "egress", Choice(network), check: one_of::<Network>,
        opens: |value, _| any(value, |mode| mode == "host")),
    key!("publish", List, "", List(publish), check: |port| port.parse::<Published>().map(drop), opens: |value, _| any(value, is_for_others)),
    key!("keys", Text, "outside", Choice(keys), check: one_of::<Keys>, opens: |value, _| any(value, |place| place == "inside")),
    // It says who gets the key.
    key!("model-endpoint", List, "", List(model_endpoint), opens: |value, _| has_items(value), check: endpoint),
    key!("push", Text, "", Choice(push), check: one_of::<Push>, opens: |value, _| any(value, |what| what != "no")),
    key!("allow", List, "", List(egress.allow), opens: |value, _| has_items(value), check: rule),
    // Whatever is named may be private. A set of hosts is known to be public.
    key!("only", List, "", List(egress.only), opens: |value, _| any(value, |host| !host.starts_with('@')), check: rule),
    key!("upstream-by-name", Flag, "false", Flag(egress.upstream_by_name), opens: |value, _| is_true(value)),
    key!(Merge: "merge.rebase", Flag, "false", Flag(rebase)),
    key!(Merge: "merge.squash", Flag, "false", Flag(squash)),
    key!(Merge: "merge.wait", Flag, "false", Flag(wait)),
    // Another name than one of bn's own repository may be that of an image of the user's.
    key!(Build: "build.tag", Text, "latest", Optional(tag), opens: |value, _| any(value, |tag| tag.contains(['/', ':'])),
        check: |tag| image_reference(tag).map(drop)),
    key!(Build: "build.devcontainer", Flag, "false", Flag(devcontainer)),
    // A file of this machine, which is not asked whether it mounts something.
    key!(Build: "build.file", Text, "", Path(file), opens: |_, _| true, check: absolute),
    // The project's own definition may begin with any image.
    key!(Build: "build.base-image", Text, "", Optional(base_image), check: not_empty),
    key!(Build: "build.agent", List, "", Choices(agent), check: one_of::<AgentProgram>),
    key!(Build: "build.package", List, "", List(package), check: package_name),
];

/// The key of this name.
pub fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

fn any(value: &Value, is_so: impl Fn(&str) -> bool) -> bool {
    match value {
        Value::Text(text) | Value::Number(text) => is_so(text),
        Value::List(items) => items.iter().any(|item| is_so(item)),
        Value::Flag(_) => false,
    }
}

fn has_items(value: &Value) -> bool {
    any(value, |_| true)
}

fn is_true(value: &Value) -> bool {
    *value == Value::Flag(true)
}

fn more_memory(value: &Value, machine: &Machine) -> bool {
    let most = machine.memory / 4 * 3;
    any(value, |text| limits::parse_memory(text).is_ok_and(|bytes| bytes > most))
}

fn more_processes(value: &Value, _: &Machine) -> bool {
    any(value, |text| limits::parse_pids(text).is_ok_and(|pids| pids > limits::PIDS))
}

/// How the names of the variables begin that agent programs and their tools read.
const OF_AGENTS: [&str; 7] = ["ANTHROPIC_", "AZURE_OPENAI_", "CLAUDE_", "CODEX_", "COPILOT_", "GITHUB_", "OPENAI_"];

/// Whether the variable of `env` says where an agent's requests go: its keys and tokens go there, too, and the keys that would stay
/// outside come in.
pub fn leads_elsewhere(variable: &str) -> bool {
    let name = variable.to_ascii_uppercase();
    let says_where = ["URL", "BASE", "ENDPOINT", "HOST"].iter().any(|word| name.split('_').any(|part| part == *word));
    name.ends_with("_BASE_URL") || says_where && OF_AGENTS.iter().any(|start| name.starts_with(start))
}

/// Whoever is not on this machine could connect.
fn is_for_others(port: &str) -> bool {
    port.parse::<Published>().is_ok_and(|port| port.address.is_some_and(|address| !address.is_loopback()))
}

fn rule(text: &str) -> Result<(), Usage> {
    let rules = [text.to_owned()];
    Policy::parse(&[], &rules).map(drop).map_err(|error| Usage { message: error.to_string(), hints: error.hints() })
}

fn endpoint(text: &str) -> Result<(), Usage> {
    text.parse::<Wish>().map(drop).map_err(|error| Usage { message: error.to_string(), hints: error.hints() })
}

fn not_empty(text: &str) -> Result<(), Usage> {
    if text.trim().is_empty() { Err(Usage::new("nothing is named")) } else { Ok(()) }
}

fn package_name(text: &str) -> Result<(), Usage> {
    if is_package_name(text) { Ok(()) } else { Err(Usage::new("not the name of a package")) }
}

/// There is no folder from which everybody would read a path.
fn absolute(path: &str) -> Result<(), Usage> {
    match path.starts_with('/') {
        true => Ok(()),
        false => Err(Usage::new("a path in a configuration is absolute").hint("such as /home/me/profile.json")),
    }
}

#[cfg(test)]
mod tests;
