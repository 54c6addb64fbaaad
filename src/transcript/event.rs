//! One line of a stream, whichever agent program it is from.

use serde_json::Value;

use crate::transcript::waits::Waits;

/// The most of a tool's arguments, or of a failure, that is shown. Letters.
const LONGEST: usize = 300;
/// The most of what an agent said at once that is shown. Bytes.
const LONGEST_TEXT: usize = 64 << 10;

/// Arguments that say best what a tool is to do, best first.
const TELLING: [&str; 12] = [
    "command",
    "file_path",
    "path",
    "pattern",
    "url",
    "query",
    "question",
    "plan",
    "prompt",
    "description",
    "skill",
    "intent",
];
/// Tools with which an agent asks the person, or wants leave to begin.
const QUESTIONS: [&str; 4] = ["AskUserQuestion", "ExitPlanMode", "ask_user", "request_user_input"];

/// Something that an agent did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Said(String),
    /// Its program's own words.
    Noted(String),
    Began {
        id: String,
        tool: String,
        what: String,
    },
    Ended {
        id: String,
        failure: Option<String>,
    },
    TurnBegan,
    TurnEnded,
    /// Somebody is to answer. `tool` is the id of the tool that waits for it.
    Asked {
        id: String,
        tool: String,
        what: Waits,
    },
    Answered(String),
    /// Something that goes on whether or not a turn does.
    Beside {
        id: String,
        goes_on: bool,
    },
}

/// What a line tells of; `None` where it is no event of a stream. Many events tell people nothing.
pub fn read(line: &[u8]) -> Option<Vec<Event>> {
    let value: Value = serde_json::from_slice(line).ok()?;
    let kind = value.get("type")?.as_str()?;
    Some(match kind {
        "assistant" | "user" => blocks(&value).flat_map(block).collect(),
        "result" => claude_result(&value),
        "system" => claude_system(&value).into_iter().collect(),
        "control_request" => claude_request(&value).into_iter().collect(),
        "control_cancel_request" => vec![Event::Answered(text(&value["request_id"]))],
        "control_response" => vec![Event::Answered(text(&value["response"]["request_id"]))],
        "item.started" => value.get("item").and_then(codex_began).into_iter().collect(),
        "item.completed" => value.get("item").map(codex_ended).unwrap_or_default(),
        "turn.started" | "assistant.turn_start" => vec![Event::TurnBegan],
        "turn.completed" => tokens(&value).into_iter().chain([Event::TurnEnded]).collect(),
        "turn.failed" => vec![error(&value), Event::TurnEnded],
        "error" | "session.error" => vec![error(&value)],
        "assistant.message" => said(&value["data"]["content"]).into_iter().collect(),
        "tool.execution_start" => copilot_began(&value["data"]),
        "tool.execution_complete" => copilot_ended(&value["data"]).into_iter().collect(),
        "session.idle" => copilot_idle(&value["data"]).into_iter().collect(),
        _ => copilot_request(kind, &value["data"]).into_iter().collect(),
    })
}

// ---- Claude Code: --output-format stream-json

fn blocks(value: &Value) -> impl Iterator<Item = &Value> {
    value["message"]["content"].as_array().into_iter().flatten()
}

fn block(block: &Value) -> Vec<Event> {
    match block["type"].as_str().unwrap_or_default() {
        "text" => said(&block["text"]).into_iter().collect(),
        "tool_use" => began(text(&block["id"]), name(&block["name"]), arguments(&block["input"])),
        "tool_result" => {
            let failed = block["is_error"].as_bool().unwrap_or_default();
            let failure = failed.then(|| short(&content(&block["content"])));
            vec![Event::Ended { id: text(&block["tool_use_id"]), failure }]
        }
        _ => Vec::new(),
    }
}

/// A text, or a list of texts.
fn content(value: &Value) -> String {
    let pieces = value.as_array().into_iter().flatten().filter_map(|piece| piece["text"].as_str());
    value.as_str().map_or_else(|| pieces.collect::<Vec<_>>().join(" "), str::to_owned)
}

fn claude_result(value: &Value) -> Vec<Event> {
    let failed = value["is_error"].as_bool().unwrap_or_default();
    // What it said last is in a line of its own already.
    let why = failed.then(|| Event::Noted(format!("error: {}", short(&text(&value["result"])))));
    let turns = value["num_turns"].as_u64().map(|turns| format!("{turns} turns"));
    let time = value["duration_ms"].as_u64().map(|time| format!("{} s", time / 1000));
    let all: Vec<String> = turns.into_iter().chain(time).collect();
    let told = (!all.is_empty()).then(|| Event::Noted(format!("({})", all.join(", "))));
    why.into_iter().chain(told).chain([Event::TurnEnded]).collect()
}

/// Each turn begins with `init`. Commands and helpers in the background outlive the turn that began them.
fn claude_system(value: &Value) -> Option<Event> {
    let beside = |goes_on| Event::Beside { id: text(&value["task_id"]), goes_on };
    match value["subtype"].as_str()? {
        "init" => Some(Event::TurnBegan),
        "task_started" => Some(beside(true)),
        "task_notification" => Some(beside(false)),
        _ => None,
    }
}

fn claude_request(value: &Value) -> Option<Event> {
    let request = &value["request"];
    let what = match request["subtype"].as_str()? {
        "can_use_tool" => Waits::Permission(told(&name(&request["tool_name"]), &arguments(&request["input"]))),
        "elicitation" => Waits::Answer(short(&text(&request["message"]))),
        _ => return None,
    };
    Some(Event::Asked { id: text(&value["request_id"]), tool: text(&request["tool_use_id"]), what })
}

// ---- Codex: exec --json

fn codex_began(item: &Value) -> Option<Event> {
    let tool = codex_tool(item)?;
    Some(Event::Began { id: text(&item["id"]), tool, what: codex_what(item) })
}

fn codex_ended(item: &Value) -> Vec<Event> {
    let id = text(&item["id"]);
    match (item["type"].as_str(), codex_tool(item)) {
        (Some("agent_message"), _) => said(&item["text"]).into_iter().collect(),
        (Some("error"), _) => vec![error(item)],
        // These are told of when they are done, and at no other time.
        (Some("file_change" | "web_search"), Some(tool)) => vec![Event::Began { id, tool, what: codex_what(item) }],
        (_, Some(_)) => {
            let code = item["exit_code"].as_i64().filter(|code| *code != 0);
            let failed = code.is_some() || item["status"].as_str() == Some("failed");
            let said = [&item["aggregated_output"], &item["error"]["message"]].map(content).join(" ");
            let last = said.trim_end().lines().last().unwrap_or_default().to_owned();
            let code = code.map_or_else(String::new, |code| format!("exit code {code} "));
            vec![Event::Ended { id, failure: failed.then(|| short(&format!("{code}{last}"))) }]
        }
        _ => Vec::new(),
    }
}

fn codex_tool(item: &Value) -> Option<String> {
    match item["type"].as_str()? {
        "command_execution" => Some("shell".to_owned()),
        "file_change" => Some("change".to_owned()),
        "web_search" => Some("search".to_owned()),
        "mcp_tool_call" => Some(name(&item["tool"])),
        _ => None,
    }
}

fn codex_what(item: &Value) -> String {
    let changes = item["changes"].as_array().into_iter().flatten().filter_map(|change| change["path"].as_str());
    let paths = changes.collect::<Vec<_>>().join(", ");
    if paths.is_empty() { arguments(item.get("arguments").unwrap_or(item)) } else { short(&paths) }
}

fn tokens(value: &Value) -> Option<Event> {
    let usage = &value["usage"];
    let (taken, given) = (usage["input_tokens"].as_u64()?, usage["output_tokens"].as_u64()?);
    Some(Event::Noted(format!("({taken} tokens read, {given} written)")))
}

// ---- Copilot: --output-format json

fn copilot_began(data: &Value) -> Vec<Event> {
    let id = data["toolCallId"].as_str();
    id.map(|id| began(id.to_owned(), name(&data["toolName"]), arguments(&data["arguments"]))).unwrap_or_default()
}

/// Whatever it has in the background goes on.
fn copilot_idle(data: &Value) -> Option<Event> {
    let tasks = data["backgroundTasks"].as_object();
    let goes_on =
        tasks.is_some_and(|kinds| kinds.values().any(|kind| kind.as_array().is_some_and(|all| !all.is_empty())));
    (!goes_on).then_some(Event::TurnEnded)
}

/// `permission.requested`, `user_input.completed` and the like.
fn copilot_request(kind: &str, data: &Value) -> Option<Event> {
    let (subject, step) = kind.rsplit_once('.')?;
    let id = text(&data["requestId"]);
    let request = &data["permissionRequest"];
    let what = match (subject, step) {
        ("permission" | "user_input" | "elicitation" | "exit_plan_mode", "completed") => {
            return Some(Event::Answered(id));
        }
        ("permission", "requested") => Waits::Permission(told(&name(&request["kind"]), &asked_for(request))),
        ("user_input" | "elicitation" | "exit_plan_mode", "requested") => Waits::Answer(asked_for(data)),
        _ => return None,
    };
    Some(Event::Asked { id, tool: text(&request["toolCallId"]), what })
}

fn asked_for(data: &Value) -> String {
    let places =
        ["fullCommandText", "fileName", "path", "url", "toolName", "subject", "question", "message", "summary"];
    short(places.iter().find_map(|place| data.get(place)?.as_str()).unwrap_or_default())
}

fn copilot_ended(data: &Value) -> Option<Event> {
    let id = data["toolCallId"].as_str()?.to_owned();
    let failed = data["success"].as_bool() == Some(false);
    Some(Event::Ended { id, failure: failed.then(|| message(data)) })
}

// ---- all of them

/// With one of its tools an agent asks, and nothing else happens until it has the answer.
fn began(id: String, tool: String, what: String) -> Vec<Event> {
    let asks = QUESTIONS.contains(&tool.as_str());
    let asked = || Event::Asked { id: id.clone(), tool: id.clone(), what: Waits::Answer(what.clone()) };
    let asked = asks.then(asked);
    [Event::Began { id, tool, what }].into_iter().chain(asked).collect()
}

/// A tool, and what it is to do.
pub fn told(tool: &str, what: &str) -> String {
    if what.is_empty() { tool.to_owned() } else { format!("{tool}: {what}") }
}

fn error(value: &Value) -> Event {
    Event::Noted(format!("error: {}", message(value)))
}

fn said(text: &Value) -> Option<Event> {
    let text = text.as_str()?;
    let end = (0..=LONGEST_TEXT.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    let more = if end < text.len() { " … (logs --raw has the rest)" } else { "" };
    Some(Event::Said(format!("{}{more}", &text[..end])))
}

fn message(value: &Value) -> String {
    let places = [&value["error"]["message"], &value["message"], &value["data"]["message"], &value["error"]];
    short(places.into_iter().find_map(Value::as_str).unwrap_or("it does not say which"))
}

/// What a tool is to do, in one line.
fn arguments(input: &Value) -> String {
    // Several questions at once are asked in a list.
    let input = input.get("questions").and_then(|all| all.get(0)).unwrap_or(input);
    let telling = TELLING.iter().find_map(|name| input.get(name)?.as_str());
    match (telling, input.as_object()) {
        (Some(telling), _) => short(telling),
        (None, Some(object)) if object.is_empty() => String::new(),
        (None, None) if input.is_null() => String::new(),
        (None, _) => short(&input.to_string()),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map(|text| text.chars().take(LONGEST).collect()).unwrap_or_default()
}

fn name(value: &Value) -> String {
    let name = short(&text(value));
    if name.is_empty() { "tool".to_owned() } else { name }
}

/// In one line, and not too long.
pub fn short(text: &str) -> String {
    let mut words = String::new();
    for word in text.split_whitespace() {
        if words.chars().count() > LONGEST {
            break;
        }
        words.extend([if words.is_empty() { "" } else { " " }, word]);
    }
    match words.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &words[..end]),
        None => words,
    }
}
