//! One line of a stream, whichever agent program it is from.

use serde_json::Value;

/// The most of a tool's arguments, or of a failure, that is shown. Letters.
const LONGEST: usize = 300;
/// The most of what an agent said at once that is shown. Bytes.
const LONGEST_TEXT: usize = 64 << 10;

/// Arguments that say best what a tool is to do, best first.
const TELLING: [&str; 10] =
    ["command", "file_path", "path", "pattern", "url", "query", "prompt", "description", "skill", "intent"];

/// Something that an agent did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    Said(String),
    Began { id: String, tool: String, what: String },
    Ended { id: String, failure: Option<String> },
}

/// What a line tells of; `None` where it is no event of a stream. Many events tell people nothing.
pub fn read(line: &[u8]) -> Option<Vec<Event>> {
    let value: Value = serde_json::from_slice(line).ok()?;
    let kind = value.get("type")?.as_str()?;
    Some(match kind {
        "assistant" | "user" => blocks(&value).filter_map(block).collect(),
        "result" => claude_result(&value),
        "item.started" => value.get("item").and_then(codex_began).into_iter().collect(),
        "item.completed" => value.get("item").map(codex_ended).unwrap_or_default(),
        "turn.completed" => tokens(&value).into_iter().collect(),
        "turn.failed" | "error" | "session.error" => vec![Event::Said(format!("error: {}", message(&value)))],
        "assistant.message" => said(&value["data"]["content"]).into_iter().collect(),
        "tool.execution_start" => copilot_began(&value["data"]).into_iter().collect(),
        "tool.execution_complete" => copilot_ended(&value["data"]).into_iter().collect(),
        _ => Vec::new(),
    })
}

// ---- Claude Code: --output-format stream-json

fn blocks(value: &Value) -> impl Iterator<Item = &Value> {
    value["message"]["content"].as_array().into_iter().flatten()
}

fn block(block: &Value) -> Option<Event> {
    match block["type"].as_str()? {
        "text" => said(&block["text"]),
        "tool_use" => {
            Some(Event::Began { id: text(&block["id"]), tool: name(&block["name"]), what: arguments(&block["input"]) })
        }
        "tool_result" => {
            let failed = block["is_error"].as_bool().unwrap_or_default();
            let failure = failed.then(|| short(&content(&block["content"])));
            Some(Event::Ended { id: text(&block["tool_use_id"]), failure })
        }
        _ => None,
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
    let why = failed.then(|| Event::Said(format!("error: {}", short(&text(&value["result"])))));
    let turns = value["num_turns"].as_u64().map(|turns| format!("{turns} turns"));
    let time = value["duration_ms"].as_u64().map(|time| format!("{} s", time / 1000));
    let all: Vec<String> = turns.into_iter().chain(time).collect();
    let told = (!all.is_empty()).then(|| Event::Said(format!("({})", all.join(", "))));
    why.into_iter().chain(told).collect()
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
        (Some("error"), _) => vec![Event::Said(format!("error: {}", message(item)))],
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
    Some(Event::Said(format!("({taken} tokens read, {given} written)")))
}

// ---- Copilot: --output-format json

fn copilot_began(data: &Value) -> Option<Event> {
    let id = data["toolCallId"].as_str()?.to_owned();
    Some(Event::Began { id, tool: name(&data["toolName"]), what: arguments(&data["arguments"]) })
}

fn copilot_ended(data: &Value) -> Option<Event> {
    let id = data["toolCallId"].as_str()?.to_owned();
    let failed = data["success"].as_bool() == Some(false);
    Some(Event::Ended { id, failure: failed.then(|| message(data)) })
}

// ---- all of them

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
fn short(text: &str) -> String {
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
