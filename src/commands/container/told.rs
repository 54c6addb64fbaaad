//! `bn container told`: inside a container. A hook of the agent program, which shows the agent what the person said meanwhile: after a
//! call of a tool, and when it wants to stop.

use std::io::{self, Read};

use serde_json::{Value, json};

use crate::commands::{Context, Exit};
use crate::error::Failure;
use crate::run::watch::told::{self, Message};

/// An event tells what a tool printed, too, and only its beginning is needed where that is long.
const LONGEST_EVENT: u64 = 64 << 20;

pub fn run(context: &Context) -> Result<Exit, Failure> {
    let mut event = Vec::new();
    io::stdin().lock().take(LONGEST_EVENT).read_to_end(&mut event)?;
    let event: Value = serde_json::from_slice(&event).unwrap_or_default();
    if let Some(answer) = answer(&event, told::take) {
        context.output.text(&format!("{answer}\n"))?;
    }
    Ok(Exit::DONE)
}

/// In the form that Claude Code and Codex share; Copilot, which calls what a tool printed its result, reads less of it. A helper of
/// the agent (which has an ID of its own) is told nothing: the agent would not hear of it.
fn answer(event: &Value, take: impl FnOnce() -> Vec<Message>) -> Option<Value> {
    let name = event["hook_event_name"].as_str()?;
    let is_known = matches!(name, "PostToolUse" | "Stop");
    if !is_known || event.get("agent_id").is_some_and(|id| !id.is_null()) {
        return None;
    }
    let text = told::marked(&take())?;
    Some(match name {
        "Stop" => json!({ "decision": "block", "reason": text }),
        _ if event.get("tool_result").is_some() => json!({ "additionalContext": text }),
        _ => json!({ "hookSpecificOutput": { "hookEventName": name, "additionalContext": text } }),
    })
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;

    fn one() -> Vec<Message> {
        vec![Message { at: DateTime::UNIX_EPOCH, text: "Keep the names".to_owned() }]
    }

    #[test]
    fn an_agent_is_told_after_a_tool_and_before_it_stops_and_its_helpers_are_not() {
        let text = "The person whose work this is says, at 00:00:00Z:\nKeep the names";
        let tool = answer(&json!({ "hook_event_name": "PostToolUse" }), one).unwrap();
        assert_eq!(tool["hookSpecificOutput"]["additionalContext"], text);
        assert_eq!(tool["hookSpecificOutput"]["hookEventName"], "PostToolUse");
        let copilot = json!({ "hook_event_name": "PostToolUse", "tool_result": { "text_result_for_llm": "" } });
        assert_eq!(answer(&copilot, one).unwrap(), json!({ "additionalContext": text }));
        let stop = answer(&json!({ "hook_event_name": "Stop", "agent_id": null }), one).unwrap();
        assert_eq!(stop, json!({ "decision": "block", "reason": text }));
        for other in [json!({ "hook_event_name": "PostToolUse", "agent_id": "a1" }), json!({}), json!("x")] {
            assert_eq!(answer(&other, || panic!("taken away")), None);
        }
        assert_eq!(answer(&json!({ "hook_event_name": "Stop" }), Vec::new), None);
    }
}
