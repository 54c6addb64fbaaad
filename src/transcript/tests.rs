//! Streams of agent programs, and of programs that are none.

use super::*;

fn shown(stream: &str) -> String {
    let mut transcript = Transcript::new(false);
    let mut whole = transcript.read(stream.as_bytes());
    whole.extend(transcript.end());
    String::from_utf8(whole).unwrap()
}

#[test]
fn claude_says_what_it_does() {
    let stream = r#"{"type":"system","subtype":"init","session_id":"s","tools":["Bash"],"model":"m"}
{"type":"assistant","message":{"role":"assistant","content":[{"type":"thinking","thinking":"hm"},{"type":"text","text":"I run the tests.\nThen I look."},{"type":"tool_use","id":"t1","name":"Bash","input":{"command":"npm test &&\n  echo ok","description":"Run"}}]},"session_id":"s"}
{"type":"user","message":{"role":"user","content":[{"type":"tool_result","tool_use_id":"t1","content":"ok"}]}}
{"type":"assistant","message":{"content":[{"type":"tool_use","id":"t2","name":"Read","input":{"file_path":"/workspace/nope"}}]}}
{"type":"user","message":{"content":[{"type":"tool_result","tool_use_id":"t2","is_error":true,"content":[{"type":"text","text":"no such file"}]}]}}
{"type":"result","subtype":"success","is_error":false,"duration_ms":61500,"num_turns":3,"result":"Done."}
"#;
    assert_eq!(
        shown(stream),
        "I run the tests.\nThen I look.\n→ Bash: npm test && echo ok\n→ Read: /workspace/nope\n← Read failed: no such file\n(3 turns, 61 s)\n"
    );
    let failed = r#"{"type":"result","subtype":"error_during_execution","is_error":true,"result":"Invalid API key"}"#;
    assert_eq!(shown(failed), "error: Invalid API key\n");
}

#[test]
fn codex_says_what_it_does() {
    let stream = r#"{"type":"thread.started","thread_id":"x"}
{"type":"turn.started"}
{"type":"item.completed","item":{"id":"item_0","type":"reasoning","text":"hm"}}
{"type":"item.started","item":{"id":"item_1","type":"command_execution","command":"bash -lc 'make'","aggregated_output":"","status":"in_progress"}}
{"type":"item.completed","item":{"id":"item_1","type":"command_execution","command":"bash -lc 'make'","aggregated_output":"a\nno rule\n","exit_code":2,"status":"failed"}}
{"type":"item.completed","item":{"id":"item_2","type":"file_change","changes":[{"path":"a.rs","kind":"update"},{"path":"b.rs","kind":"add"}],"status":"completed"}}
{"type":"item.completed","item":{"id":"item_3","type":"agent_message","text":"Done."}}
{"type":"turn.completed","usage":{"input_tokens":1200,"cached_input_tokens":0,"output_tokens":34}}
{"type":"turn.failed","error":{"message":"usage limit"}}
"#;
    assert_eq!(
        shown(stream),
        "→ shell: bash -lc 'make'\n← shell failed: exit code 2 no rule\n→ change: a.rs, b.rs\nDone.\n(1200 tokens read, 34 written)\nerror: usage limit\n"
    );
}

#[test]
fn copilot_says_what_it_does() {
    let stream = r#"{"type":"assistant.message_delta","data":{"deltaContent":"I"}}
{"type":"assistant.message","data":{"messageId":"1","content":"I look."}}
{"type":"tool.execution_start","data":{"toolCallId":"c1","toolName":"bash","arguments":{"command":"ls"}}}
{"type":"tool.execution_complete","data":{"toolCallId":"c1","success":false,"error":{"message":"denied"}}}
"#;
    assert_eq!(shown(stream), "I look.\n→ bash: ls\n← bash failed: denied\n");
}

#[test]
fn a_tool_s_time_is_told_while_it_is_watched() {
    let mut live = Transcript::new(true);
    let began = br#"{"type":"tool.execution_start","data":{"toolCallId":"c1","toolName":"bash","arguments":{}}}"#;
    live.read(&[began, &b"\n"[..]].concat());
    let ended = br#"{"type":"tool.execution_complete","data":{"toolCallId":"c1","success":true}}"#;
    let told = String::from_utf8(live.read(&[ended, &b"\n"[..]].concat())).unwrap();
    assert!(told.starts_with("← bash took ") && told.ends_with(" s\n"), "{told}");
    assert_eq!(seconds(Duration::from_millis(3240)), "3.2 s");
    assert_eq!(seconds(Duration::from_secs(200)), "3 min 20 s");
}

#[test]
fn whatever_is_no_event_is_passed_on_as_it_is() {
    let text = "plain\n{not json\n{\"json\": 1}\n  {\"type\":\"result\"}\n[1]\n\n{\"type\": 5}\n\u{1b}[31mred\n";
    assert_eq!(shown(text), text);
    let deep = format!("{{\"type\":\"assistant\",\"x\":{}{}}}\n", "[".repeat(100_000), "]".repeat(100_000));
    assert_eq!(shown(&deep), deep);
    // A question without a line end is seen at once, and so are bytes that are no text.
    assert_eq!(Transcript::new(true).read(b"Go on? [y/N] \xff"), b"Go on? [y/N] \xff");
}

#[test]
fn it_does_not_matter_where_a_stream_is_cut() {
    let stream = "a\n{\"type\":\"assistant.message\",\"data\":{\"content\":\"grüße\"}}\nb";
    for size in 1..stream.len() {
        let mut transcript = Transcript::new(false);
        let mut whole: Vec<u8> = stream.as_bytes().chunks(size).flat_map(|piece| transcript.read(piece)).collect();
        whole.extend(transcript.end());
        assert_eq!(String::from_utf8(whole).unwrap(), "a\ngrüße\nb", "{size}");
    }
}

#[test]
fn a_line_without_an_end_takes_no_memory_and_forged_lines_stay_in_theirs() {
    let mut transcript = Transcript::new(true);
    transcript.read(b"{");
    for _ in 0..64 {
        assert_eq!(transcript.read(&vec![b'x'; 1 << 20]), b"");
        assert!(transcript.line.len() <= LONGEST_LINE);
    }
    let told = String::from_utf8(transcript.read(b"\nnext\n")).unwrap();
    assert_eq!(told, format!("(a line of {} bytes; logs --raw has it)\nnext\n", (64 << 20) + 2));
    let many: String = (0..5000)
        .map(|id| {
            format!("{{\"type\":\"tool.execution_start\",\"data\":{{\"toolCallId\":\"{id}\",\"toolName\":\"x\"}}}}\n")
        })
        .collect();
    transcript.read(many.as_bytes());
    assert_eq!(transcript.running.len(), MOST_RUNNING);
    let forged = r#"{"type":"assistant","message":{"content":[{"type":"tool_use","id":"t","name":"Bash\n← Bash took 1 s","input":{"command":"a\nbn: merged"}}]}}"#;
    assert_eq!(shown(forged), "→ Bash ← Bash took 1 s: a bn: merged\n");
}
