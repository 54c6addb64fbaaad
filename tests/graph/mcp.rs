//! The graph as an agent program has it that speaks the Model Context Protocol.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

use serde_json::{Value, json};

use crate::world::World;

/// A server, and its client's end of the conversation.
struct Server {
    child: Child,
    to: Option<ChildStdin>,
    from: BufReader<ChildStdout>,
    number: u64,
}

impl Server {
    fn start(world: &World) -> Self {
        let mut command = world.command(&["mcp"]);
        command.env("BN_AGENT_NAME", "ann").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let (to, from) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let mut server = Self { child, to, from, number: 0 };
        let client = json!({"name": "test", "version": "1"});
        let hello = json!({"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client});
        let answer = server.ask("initialize", hello);
        assert_eq!(answer["result"]["serverInfo"]["name"], "binnacle", "{answer}");
        server.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}));
        server
    }

    fn send(&mut self, message: &Value) {
        writeln!(self.to.as_mut().unwrap(), "{message}").unwrap();
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.number += 1;
        self.send(&json!({"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}));
        let mut line = String::new();
        self.from.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(answer["id"], self.number, "{answer}");
        answer
    }

    /// Whether it went wrong, and what was said.
    fn call(&mut self, tool: &str, arguments: Value) -> (bool, String) {
        let answer = self.ask("tools/call", json!({"name": tool, "arguments": arguments}));
        let texts = answer["result"]["content"].as_array().unwrap_or_else(|| panic!("{answer}"));
        let said: Vec<&str> = texts.iter().map(|text| text["text"].as_str().unwrap()).collect();
        (answer["result"]["isError"] == true, said.join("\n"))
    }

    #[track_caller]
    fn done(&mut self, tool: &str, arguments: Value) -> String {
        let (failed, said) = self.call(tool, arguments);
        assert!(!failed, "{said}");
        said
    }
}

#[test]
fn a_task_is_made_taken_noted_and_closed_by_tools() {
    let world = World::new();
    let mut server = Server::start(&world);
    let tools = server.ask("tools/list", json!({}));
    let names = tools["result"]["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap());
    assert_eq!(
        names.collect::<Vec<_>>().join(" "),
        "orient ready task_show search task_create task_claim task_release task_note task_close goodbye"
    );
    server.done("orient", json!({}));
    server.done("task_create", json!({"title": "--help", "description": "-x is no flag", "priority": 0}));
    assert!(server.done("ready", json!({})).contains("--help"));
    server.done("ready", json!({"claim": true}));
    let task = world.json(&["task", "list"])["tasks"][0].clone();
    let id = task["id"].as_str().unwrap();
    assert_eq!((task["title"].as_str(), task["assignee"].as_str()), (Some("--help"), Some("ann")));
    server.done("task_note", json!({"id": id, "text": "half done"}));
    assert!(server.done("task_show", json!({"id": id})).contains("half done"));
    assert!(server.done("search", json!({"words": "flag"})).contains("--help"));
    server.done("task_close", json!({"id": id, "reason": "done"}));
    assert_eq!(world.json(&["task", "show", id])["status"], "done");
    assert!(server.done("goodbye", json!({"summary": "all done"})).contains("Goodbye, ann"));
    drop(server.to.take());
    assert!(server.child.wait().unwrap().success());
}

#[test]
fn a_call_that_fails_says_why_and_the_next_one_works() {
    let world = World::new();
    let mut server = Server::start(&world);
    let (failed, said) = server.call("task_show", json!({"id": "bn-zzz"}));
    assert!(failed && said.contains("no task") && said.contains("bn-zzz"), "{said}");
    let (failed, said) = server.call("task_create", json!({"name": "x"}));
    assert!(failed && said.contains("task_create takes no name; it takes: title"), "{said}");
    let unknown = server.ask("tools/call", json!({"name": "rm", "arguments": {}}));
    assert!(unknown["error"]["message"].as_str().unwrap().starts_with("there is no tool rm; there are: orient, "));
    server.done("ready", json!({}));
}

#[test]
fn what_is_no_client_is_told_so() {
    let world = World::new();
    let said = world.feed(&["mcp"], "hello\n").refused(2);
    assert!(said.starts_with("Error: what came on standard input is no MCP: "), "{said}");
}
