//! Where an agent stands by the end of its stream: what it is at, or what it waits for.

use crate::transcript::event::{self, Event};
use crate::transcript::waits::Waits;

/// Where an agent stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The tool that it began last and that has not ended.
    pub doing: Option<String>,
    pub waits: Option<Waits>,
}

/// What is open at some place of a stream.
#[derive(Default)]
struct Open {
    tools: Vec<(String, String)>,
    /// By the ids of the request, and of the tool that it is about.
    asked: Vec<([String; 2], Waits)>,
    /// What goes on beside the turns.
    beside: Vec<String>,
    ended: bool,
    said: String,
}

/// Where the agent stands at the end of these bytes. They may begin in the middle of a line.
pub fn standing(stream: &[u8]) -> Standing {
    let mut open = Open::default();
    let events = stream.split(|byte| *byte == b'\n').filter_map(event::read).flatten();
    events.for_each(|event| open.take(event));
    open.standing().or_still(stream)
}

impl Open {
    fn take(&mut self, event: Event) {
        match event {
            Event::Noted(_) => {}
            Event::Said(text) => (self.ended, self.said) = (false, text),
            Event::TurnBegan => self.ended = false,
            Event::TurnEnded => {
                (self.ended, self.asked, self.tools) = (true, Vec::new(), Vec::new());
            }
            Event::Began { id, tool, what } => {
                self.ended = false;
                self.tools.push((id, event::told(&tool, &what)));
            }
            Event::Ended { id, .. } => {
                self.ended = false;
                self.tools.retain(|(begun, _)| *begun != id);
                self.asked.retain(|([_, tool], _)| *tool != id);
            }
            Event::Asked { id, tool, what } => self.asked.push(([id, tool], what)),
            Event::Answered(id) => self.asked.retain(|([asked, _], _)| *asked != id),
            Event::Beside { id, goes_on: true } => self.beside.push(id),
            Event::Beside { id, .. } => self.beside.retain(|other| *other != id),
        }
    }

    fn standing(mut self) -> Standing {
        let asked = self.asked.pop().map(|(_, what)| what);
        let next = (self.ended && self.beside.is_empty()).then_some(Waits::NextTurn(self.said));
        Standing { doing: self.tools.pop().map(|(_, told)| told), waits: asked.or(next) }
    }
}

impl Standing {
    /// The same; an agent of which nothing else is known may have printed a question, and no line end after it.
    pub fn or_still(self, shown: &[u8]) -> Self {
        let question = || question(shown).map(|question| Waits::Still(Some(question)));
        Self { waits: self.waits.or_else(question), ..self }
    }
}

/// The last of what was shown, where it looks like a question that a program asks and then waits.
fn question(shown: &[u8]) -> Option<String> {
    let line = shown.rsplit(|byte| *byte == b'\n').next()?;
    // A program that draws its line again and again is at its last try.
    let line = line.rsplit(|byte| *byte == b'\r').find(|piece| !piece.is_empty())?;
    // The beginning of a value that is not whole.
    if line.first() == Some(&b'{') {
        return None;
    }
    let text = event::short(&without_orders(&String::from_utf8_lossy(line)));
    let choice = |open, close| text.ends_with(close) && text.rsplit(open).next().is_some_and(|end| end.contains('/'));
    let asks = text.ends_with(['?', ':', '$', '#', '❯']) || text.ends_with('>') && !text.ends_with("=>");
    (asks || choice('[', ']') || choice('(', ')')).then_some(text)
}

/// Text without what terminals obey.
fn without_orders(text: &str) -> String {
    let mut plain = String::new();
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '\u{1b}' => match letters.next() {
                // Until a letter ends it.
                Some('[') => drop(letters.find(|letter| ('@'..='~').contains(letter))),
                Some(']') => drop(letters.find(|letter| matches!(letter, '\u{7}' | '\u{1b}' | '\u{9c}'))),
                _ => {}
            },
            letter if letter.is_control() => {}
            letter => plain.push(letter),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str]) -> Standing {
        standing(lines.iter().map(|line| format!("{line}\n")).collect::<String>().as_bytes())
    }

    fn waits(lines: &[&str]) -> Option<Waits> {
        of(lines).waits
    }

    const ASKS: &str = r#"{"type":"assistant","message":{"content":[{"type":"tool_use","id":"q","name":"AskUserQuestion","input":{"questions":[{"question":"Which\n one?","header":"H"}]}}]}}"#;
    const USES: &str = r#"{"type":"assistant","message":{"content":[{"type":"tool_use","id":"t","name":"Bash","input":{"command":"make"}}]}}"#;
    const RESULT: &str =
        r#"{"type":"result","is_error":false,"num_turns":1,"duration_ms":9,"result":"Shall I go on?"}"#;

    fn result_of(id: &str) -> String {
        format!(
            r#"{{"type":"user","message":{{"content":[{{"type":"tool_result","tool_use_id":"{id}","content":"x"}}]}}}}"#
        )
    }

    #[test]
    fn claude_waits_for_an_answer_until_it_has_one() {
        let asked = Some(Waits::Answer("Which one?".to_owned()));
        assert_eq!(waits(&[ASKS]), asked);
        assert_eq!(waits(&[ASKS, &result_of("q")]), None);
        // Another tool's end answers nothing.
        assert_eq!(waits(&[USES, ASKS, &result_of("t")]), asked);
        let elicits =
            r#"{"type":"control_request","request_id":"r","request":{"subtype":"elicitation","message":"Your name?"}}"#;
        assert_eq!(waits(&[elicits]), Some(Waits::Answer("Your name?".to_owned())));
    }

    #[test]
    fn claude_waits_for_leave_until_it_is_given_or_the_request_taken_back() {
        let request = r#"{"type":"control_request","request_id":"r","request":{"subtype":"can_use_tool","tool_name":"Bash","tool_use_id":"t","input":{"command":"make"}}}"#;
        let asked = Some(Waits::Permission("Bash: make".to_owned()));
        assert_eq!(waits(&[USES, request]), asked);
        assert_eq!(waits(&[USES, request, &result_of("t")]), None);
        assert_eq!(waits(&[request, r#"{"type":"control_cancel_request","request_id":"r"}"#]), None);
        let answer = r#"{"type":"control_response","response":{"subtype":"success","request_id":"r","response":{}}}"#;
        assert_eq!(waits(&[request, answer]), None);
        // What is no question to anybody.
        assert_eq!(
            waits(&[r#"{"type":"control_request","request_id":"h","request":{"subtype":"hook_callback"}}"#]),
            None
        );
    }

    #[test]
    fn a_turn_that_ended_waits_for_the_next_unless_something_goes_on_beside_it() {
        let said = r#"{"type":"assistant","message":{"content":[{"type":"text","text":"Shall I go on?"}]}}"#;
        let ended = Some(Waits::NextTurn("Shall I go on?".to_owned()));
        assert_eq!(waits(&[said, RESULT]), ended);
        assert_eq!(waits(&[said, RESULT, r#"{"type":"system","subtype":"init"}"#]), None);
        assert_eq!(waits(&[said, RESULT, USES]), None);
        let task = |kind: &str| format!(r#"{{"type":"system","subtype":"task_{kind}","task_id":"b"}}"#);
        assert_eq!(waits(&[&task("started"), said, RESULT]), None);
        assert_eq!(waits(&[&task("started"), said, RESULT, &task("notification")]), ended);
        let codex = r#"{"type":"item.completed","item":{"id":"1","type":"agent_message","text":"Done."}}"#;
        let usage = r#"{"type":"turn.completed","usage":{"input_tokens":1,"output_tokens":1}}"#;
        assert_eq!(waits(&[codex, usage]), Some(Waits::NextTurn("Done.".to_owned())));
        assert_eq!(waits(&[codex, usage, r#"{"type":"turn.started"}"#]), None);
        let failed = r#"{"type":"turn.failed","error":{"message":"no"}}"#;
        assert_eq!(waits(&[codex, failed]), Some(Waits::NextTurn("Done.".to_owned())));
        let idle = r#"{"type":"session.idle","data":{"backgroundTasks":{"agents":[],"shells":[]}}}"#;
        assert_eq!(waits(&[idle]), Some(Waits::NextTurn(String::new())));
        assert_eq!(
            waits(&[r#"{"type":"session.idle","data":{"backgroundTasks":{"shells":[{"shellId":"1"}]}}}"#]),
            None
        );
    }

    #[test]
    fn copilot_waits_for_an_answer_and_for_leave() {
        let question = r#"{"type":"user_input.requested","data":{"requestId":"u","question":"Which one?"}}"#;
        assert_eq!(waits(&[question]), Some(Waits::Answer("Which one?".to_owned())));
        assert_eq!(waits(&[question, r#"{"type":"user_input.completed","data":{"requestId":"u"}}"#]), None);
        let elicits = r#"{"type":"elicitation.requested","data":{"requestId":"e","message":"Your name?"}}"#;
        assert_eq!(waits(&[elicits]), Some(Waits::Answer("Your name?".to_owned())));
        let leave = r#"{"type":"permission.requested","data":{"requestId":"p","permissionRequest":{"kind":"shell","fullCommandText":"rm x","toolCallId":"c"}}}"#;
        assert_eq!(waits(&[leave]), Some(Waits::Permission("shell: rm x".to_owned())));
        assert_eq!(waits(&[leave, r#"{"type":"permission.completed","data":{"requestId":"p"}}"#]), None);
    }

    #[test]
    fn what_an_agent_is_at_is_the_last_tool_without_an_end() {
        let began = |id: &str, command: &str| {
            let arguments =
                format!(r#"{{"toolCallId":"{id}","toolName":"bash","arguments":{{"command":"{command}"}}}}"#);
            format!(r#"{{"type":"tool.execution_start","data":{arguments}}}"#)
        };
        let ended =
            |id: &str| format!(r#"{{"type":"tool.execution_complete","data":{{"toolCallId":"{id}","success":true}}}}"#);
        let at = |lines: &[&str]| of(lines).doing;
        assert_eq!(at(&[&began("1", "ls"), &ended("1"), &began("2", "npm init")]).as_deref(), Some("bash: npm init"));
        assert_eq!(at(&[&began("1", "ls"), &ended("1"), "plain"]), None);
        assert_eq!(of(&["cut off\"}}"]), Standing::default());
    }

    #[test]
    fn a_question_without_a_line_end_is_told_from_what_programs_print_while_they_work() {
        let asks = |text: &str| match standing(text.as_bytes()).waits {
            Some(Waits::Still(question)) => question,
            None => None,
            other => panic!("{other:?}"),
        };
        for (shown, question) in [
            ("a\nGo on? [y/N] ", "Go on? [y/N]"),
            ("Password:", "Password:"),
            ("Overwrite (yes/no)", "Overwrite (yes/no)"),
            ("\u{1b}]0;title\u{7}\u{1b}[?2004h\u{1b}[32muser@host\u{1b}[0m:~$ ", "user@host:~$"),
            ("50%\r100%\rName? ", "Name?"),
            ("mysql> ", "mysql>"),
        ] {
            assert_eq!(asks(shown).as_deref(), Some(question), "{shown:?}");
        }
        for shown in [
            "",
            "{\"type\":",
            "Go on?\n",
            "checking for gcc... ",
            "[====>    ] 45%",
            "[==>   ]",
            "building (3 of 9)",
            "a =>",
            "\r",
        ] {
            assert_eq!(asks(shown), None, "{shown:?}");
        }
    }
}
