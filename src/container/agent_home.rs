//! What an agent program keeps in the home, and what `bn` knows of it: one table.

use serde_json::{Map, Value, json};

use crate::container::HOME_INSIDE;
use crate::container::agent::Agent;

/// What the entrypoint is told: the agent whose folder outlives the run.
pub const VARIABLE: &str = "BN_AGENT_HOME";
/// What the entrypoint is told where the agent is to go on with its last session.
pub const CONTINUE: &str = "BN_CONTINUE";
/// In the container: copies of the user's own settings.
pub const SETTINGS_INSIDE: &str = "/run/binnacle/settings";
/// Where the work is, as agents know it.
const WORKSPACE: &str = "/workspace";
/// So many of its last letters are what Claude Code remembers of a key that was approved.
const KEY_END: usize = 20;

/// Where an agent program keeps what it remembers.
#[derive(Debug)]
pub struct AgentHome {
    /// In the home.
    pub folder: &'static str,
    /// In that folder: where its sessions of the worktree are.
    pub sessions: Sessions,
    /// Variables that make it keep everything in that folder.
    pub variables: &'static [(&'static str, &'static str)],
    /// What `--with-settings` brings, in that folder on the host and here: files, and folders with all that is in them.
    pub settings: &'static [&'static str],
    /// Folders in it that outlive no run: the program writes its whole environment there, with what is secret in that.
    pub passing: &'static [&'static str],
    /// A file of the home of which one part is a setting, and the name of that part.
    pub part: Option<(&'static str, &'static str)>,
}

/// Files that stand for sessions: so many folders deep in a folder, with this end of the name.
#[derive(Debug)]
pub struct Sessions {
    pub folder: &'static [&'static str],
    pub depth: usize,
    pub ends_with: &'static str,
}

const CLAUDE: AgentHome = AgentHome {
    folder: ".claude",
    sessions: Sessions { folder: &["projects", "-workspace"], depth: 0, ends_with: ".jsonl" },
    // Without it a part of its state is in a file beside the folder.
    variables: &[("CLAUDE_CONFIG_DIR", "/home/agent/.claude")],
    settings: &["CLAUDE.md", "settings.json", "agents", "commands", "output-styles", "rules", "skills"],
    passing: &["shell-snapshots"],
    part: Some((".claude.json", "mcpServers")),
};

const CODEX: AgentHome = AgentHome {
    folder: ".codex",
    sessions: Sessions { folder: &["sessions"], depth: 3, ends_with: ".jsonl" },
    variables: &[],
    settings: &["AGENTS.md", "config.toml", "prompts", "rules", "skills"],
    passing: &["shell_snapshots"],
    part: None,
};

const COPILOT: AgentHome = AgentHome {
    folder: ".copilot",
    sessions: Sessions { folder: &["session-state"], depth: 1, ends_with: "events.jsonl" },
    variables: &[],
    settings: &["copilot-instructions.md", "settings.json", "mcp-config.json", "agents", "instructions", "skills"],
    passing: &[],
    part: None,
};

/// The row of an agent program.
pub fn of(agent: Agent) -> &'static AgentHome {
    match agent {
        Agent::Claude => &CLAUDE,
        Agent::Codex => &CODEX,
        Agent::Copilot => &COPILOT,
    }
}

impl AgentHome {
    /// In the container.
    pub fn inside(&self) -> String {
        format!("{HOME_INSIDE}/{}", self.folder)
    }
}

/// A file of an agent's folder that answers what the program asks at its first start: its name, and its text made from what
/// it held before.
pub struct Answers {
    pub file: &'static str,
    make: fn(&str, &Known) -> Option<String>,
}

/// What some answers are made of.
#[derive(Default)]
pub struct Known {
    /// The key in the agent's environment.
    pub key: Option<String>,
    /// The part of the user's settings that is to be in a file with others.
    pub part: Option<Value>,
}

impl Answers {
    /// The text that the file is to have; `None` where it may stay as it is.
    pub fn text(&self, before: &str, known: &Known) -> Option<String> {
        (self.make)(before, known).filter(|text| text != before)
    }
}

/// The files that answer an agent's questions: the theme, whether the folder is trusted, whether the key may be used, and
/// whether it may do everything, which the container allows.
pub fn answers(agent: Agent) -> &'static [Answers] {
    match agent {
        Agent::Claude => &[
            Answers { file: ".claude.json", make: claude_state },
            Answers { file: "settings.json", make: claude_settings },
        ],
        Agent::Codex => &[Answers { file: "config.toml", make: codex_config }],
        Agent::Copilot => &[Answers { file: "config.json", make: copilot_config }],
    }
}

fn claude_state(before: &str, known: &Known) -> Option<String> {
    let mut state = object(before);
    state.insert("hasCompletedOnboarding".to_owned(), json!(true));
    state.entry("theme").or_insert_with(|| json!("dark"));
    let mut projects = inner(&state, "projects");
    let mut project = inner(&projects, WORKSPACE);
    for answered in ["hasTrustDialogAccepted", "hasCompletedProjectOnboarding"] {
        project.insert(answered.to_owned(), json!(true));
    }
    projects.insert(WORKSPACE.to_owned(), project.into());
    state.insert("projects".to_owned(), projects.into());
    // Of a shorter key that would be all of it, in a file that outlives the run.
    let end = known.key.as_deref().filter(|key| key.len() > KEY_END && key.is_ascii());
    let approved: Vec<&str> = end.iter().map(|key| &key[key.len() - KEY_END..]).collect();
    state.insert("customApiKeyResponses".to_owned(), json!({ "approved": approved, "rejected": [] }));
    if let Some(part) = &known.part {
        state.insert("mcpServers".to_owned(), part.clone());
    }
    text(state)
}

fn claude_settings(before: &str, _: &Known) -> Option<String> {
    let mut settings = object(before);
    settings.insert("skipDangerousModePermissionPrompt".to_owned(), json!(true));
    text(settings)
}

/// TOML takes a table anywhere but twice, and what is in no table before all of them. The image is not updated from inside, so nobody
/// is to be asked whether it should be.
fn codex_config(before: &str, _: &Known) -> Option<String> {
    const UPDATES: &str = "check_for_update_on_startup";
    let table = format!("[projects.\"{WORKSPACE}\"]");
    let has = |start: &str| before.lines().any(|line| line.trim().starts_with(start));
    let first = if has(UPDATES) { String::new() } else { format!("{UPDATES} = false\n") };
    let last = if has(&table) { String::new() } else { format!("\n{table}\ntrust_level = \"trusted\"\n") };
    (!first.is_empty() || !last.is_empty()).then(|| format!("{first}{before}{last}"))
}

fn copilot_config(before: &str, _: &Known) -> Option<String> {
    // The program begins it with comments.
    let before: Vec<&str> = before.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let mut config = object(&before.join("\n"));
    config.insert("trustedFolders".to_owned(), json!([WORKSPACE]));
    text(config)
}

/// What an agent left there may be anything; then it is made anew.
fn object(text: &str) -> Map<String, Value> {
    match serde_json::from_str(text) {
        Ok(Value::Object(object)) => object,
        _ => Map::new(),
    }
}

fn inner(object: &Map<String, Value>, name: &str) -> Map<String, Value> {
    object.get(name).and_then(Value::as_object).cloned().unwrap_or_default()
}

fn text(object: Map<String, Value>) -> Option<String> {
    serde_json::to_string_pretty(&Value::Object(object)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn made(agent: Agent, file: &str, before: &str, known: &Known) -> Option<String> {
        answers(agent).iter().find(|answers| answers.file == file).unwrap().text(before, known)
    }

    #[test]
    fn every_agent_keeps_its_state_below_the_home_and_is_continued_from_there() {
        for agent in [Agent::Claude, Agent::Codex, Agent::Copilot] {
            let home = of(agent);
            assert!(home.folder.starts_with('.') && home.inside().starts_with("/home/agent/."), "{home:?}");
            assert!(home.variables.iter().all(|(_, value)| *value == home.inside()), "{home:?}");
            let secret = ["auth.json", ".credentials.json", "config.json", ".claude.json"];
            assert!(home.settings.iter().all(|name| !secret.contains(name) && !name.contains('/')), "{home:?}");
        }
    }

    #[test]
    fn claude_is_asked_nothing_and_keeps_what_it_wrote() {
        let key = "sk-ant-0123456789abcdefghijklmnopqrst".to_owned();
        let known = Known { key: Some(key.clone()), part: Some(json!({ "docs": {} })) };
        let text =
            made(Agent::Claude, ".claude.json", r#"{"theme":"light","projects":{"/other":1},"userID":"u"}"#, &known);
        let state: Value = serde_json::from_str(&text.clone().unwrap()).unwrap();
        assert_eq!(state["theme"], "light");
        assert_eq!(state["userID"], "u");
        assert_eq!(state["projects"]["/workspace"]["hasTrustDialogAccepted"], true);
        assert_eq!(state["customApiKeyResponses"]["approved"][0], "abcdefghijklmnopqrst");
        assert_eq!(state["mcpServers"]["docs"], json!({}));
        assert!(!text.clone().unwrap().contains(&key));
        assert_eq!(made(Agent::Claude, ".claude.json", &text.unwrap(), &known), None, "written once");
        let short = Known { key: Some("sk-ant-0123456789".to_owned()), part: None };
        assert!(!made(Agent::Claude, ".claude.json", "", &short).unwrap().contains("0123456789"));
        let settings = made(Agent::Claude, "settings.json", r#"{"model":"opus"}"#, &Known::default()).unwrap();
        assert!(settings.contains("opus") && settings.contains("skipDangerousModePermissionPrompt"));
    }

    #[test]
    fn whatever_an_agent_left_there_becomes_a_file_that_its_program_can_read() {
        for before in ["", "[1]", "\0", "{\"projects\": 7}", "{\"projects\": {\"/workspace\": []}}"] {
            let text = made(Agent::Claude, ".claude.json", before, &Known::default()).unwrap();
            let state: Value = serde_json::from_str(&text).unwrap();
            assert_eq!(state["projects"]["/workspace"]["hasTrustDialogAccepted"], true, "{before}");
        }
    }

    #[test]
    fn codex_and_copilot_trust_the_worktree_and_are_told_so_once() {
        let config = made(Agent::Codex, "config.toml", "model = \"x\"\n", &Known::default()).unwrap();
        assert_eq!(
            config,
            "check_for_update_on_startup = false\nmodel = \"x\"\n\n[projects.\"/workspace\"]\ntrust_level = \"trusted\"\n"
        );
        assert_eq!(made(Agent::Codex, "config.toml", &config, &Known::default()), None);
        let before = "// User settings belong in settings.json.\n{\"firstLaunchAt\": \"x\"}";
        let config: Value =
            serde_json::from_str(&made(Agent::Copilot, "config.json", before, &Known::default()).unwrap()).unwrap();
        assert_eq!(config, json!({ "firstLaunchAt": "x", "trustedFolders": ["/workspace"] }));
    }
}
