#!/usr/bin/env python3
"""A model for agent programs that answers from a script, on this machine's loopback.

    mock-model.py [PORT] [LOG]

It speaks Anthropic's messages, OpenAI's responses and OpenAI's chat completions, as streams. What it does is in the last thing
that the user said:

    RUN: COMMAND        runs the command with the agent's own tool for shells, then says `It printed: ` and what came of it
    CALL: TOOL JSON     calls the tool whose name ends so, with these arguments, then the same as after RUN
    ASK: QUESTION       asks the user with the agent's own tool for questions, where it has one
    TELL: NAME          says what stands after `NAME=` in what the user said earlier in this conversation, or that it does not know
    SLEEP: SECONDS      takes that long, then says `Slept.`

Anything else is answered with `I heard: ` and its beginning. LOG gets one JSON value for each request.
"""

import json
import re
import sys
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SHELLS = ("Bash", "shell", "exec_command", "shell_command", "local_shell", "bash")
QUESTIONS = ("AskUserQuestion", "request_user_input", "ask_user")


def text_of(content):
    """A text, or the texts of a list of blocks."""
    if isinstance(content, str):
        return content
    return "\n".join(block.get("text", "") for block in content or [] if isinstance(block, dict))


def result_of(content):
    if isinstance(content, list):
        content = "\n".join(str(block.get("text", "")) for block in content if isinstance(block, dict))
    return str(content)


def said_by_user(turns):
    """What people said, without what the programs put before and behind it."""
    strip = re.compile(r"<(\w[\w-]*)>.*?</\1>", re.S)
    return [strip.sub("", text).strip() for kind, text in turns if kind == "user" and strip.sub("", text).strip()]


def decide(turns, tools):
    """What to answer: ("say", text) or ("call", tool, arguments). turns: ("user" | "result" | "model", text), oldest first."""
    said = said_by_user(turns)
    last = said[-1] if said else ""
    if turns and turns[-1][0] == "result":
        return ("say", "It printed: " + turns[-1][1].strip()[:2000])
    wish = re.search(r"^(RUN|CALL|ASK|TELL|SLEEP): (.*)$", last, re.M | re.S)
    if not wish:
        return ("say", "I heard: " + last[:80])
    kind, what = wish.group(1), wish.group(2).strip()
    if kind == "RUN":
        tool = next((name for name in SHELLS if name in tools), None)
        if tool:
            return ("call", tool, shell_arguments(tools[tool], what))
        return ("say", "there is no tool for shells among " + ", ".join(sorted(tools)))
    if kind == "CALL":
        ending, _, arguments = what.partition(" ")
        tool = next((name for name in tools if name.endswith(ending)), None)
        return ("call", tool, json.loads(arguments)) if tool else ("say", "there is no such tool among " + ", ".join(sorted(tools)))
    if kind == "ASK":
        tool = next((name for name in QUESTIONS if name in tools), None)
        return ("call", tool, question_arguments(tool, what)) if tool else ("say", "Nobody can be asked: " + what)
    if kind == "TELL":
        found = [m.group(1) for text in said for m in re.finditer(re.escape(what) + r"=(\w+)", text)]
        return ("say", f"{what} is {found[-1]}" if found else f"I do not know {what}")
    time.sleep(float(what))
    return ("say", "Slept.")


def shell_arguments(schema, command):
    named = schema.get("properties", {})
    if "cmd" in named:
        return {"cmd": command}
    if named.get("command", {}).get("type") == "array":
        return {"command": ["bash", "-c", command]}
    return {"command": command, "description": "Runs a command"}


def question_arguments(tool, question):
    options = [{"label": "One", "description": "the first"}, {"label": "Two", "description": "the second"}]
    if tool == "ask_user":
        return {"question": question, "choices": ["One", "Two"]}
    return {"questions": [{"id": "q", "question": question, "header": "Choice", "options": options, "multiSelect": False}]}


def of_messages(body):
    turns = []
    for message in body.get("messages", []):
        content = message.get("content")
        results = [b for b in content if isinstance(b, dict) and b.get("type") == "tool_result"] if isinstance(content, list) else []
        if results:
            turns += [("result", result_of(block.get("content", ""))) for block in results]
        else:
            turns.append(("user" if message.get("role") == "user" else "model", text_of(content)))
    tools = {tool["name"]: tool.get("input_schema", {}) for tool in body.get("tools", [])}
    return turns, tools


def of_responses(body):
    given = body.get("input", [])
    if isinstance(given, str):
        given = [{"type": "message", "role": "user", "content": given}]
    turns = []
    for item in given:
        kind = item.get("type", "message")
        if kind.endswith("call_output"):
            turns.append(("result", result_of(item.get("output", ""))))
        elif kind == "message":
            role = {"user": "user", "assistant": "model"}.get(item.get("role"), "rules")
            turns.append((role, text_of(item.get("content"))))
    tools = {}
    for tool in body.get("tools", []):
        # codex puts the tools of each MCP server into a namespace, which a call has to name
        inner = [{**one, "name": tool["name"] + "/" + one["name"]} for one in tool.get("tools", [])]
        tools.update({one.get("name", one.get("type")): one.get("parameters", {}) for one in inner or [tool]})
    return turns, tools


def of_chat(body):
    roles = {"user": "user", "tool": "result", "assistant": "model"}
    turns = [(roles.get(m.get("role"), "rules"), text_of(m.get("content"))) for m in body.get("messages", [])]
    tools = {t["function"]["name"]: t["function"].get("parameters", {}) for t in body.get("tools", []) if "function" in t}
    return turns, tools


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    counter = 0

    def log_message(self, *_):
        pass

    def answer_json(self, value, code=200):
        data = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def stream(self, events):
        self.send_response(200)
        self.send_header("content-type", "text/event-stream")
        self.send_header("connection", "close")
        self.end_headers()
        for name, value in events:
            head = f"event: {name}\n" if name else ""
            data = value if isinstance(value, str) else json.dumps(value)
            self.wfile.write(f"{head}data: {data}\n\n".encode())
            self.wfile.flush()
        self.close_connection = True

    def do_HEAD(self):
        self.answer_json({})

    def do_GET(self):
        models = ["mock", "claude-sonnet-4-5", "gpt-5"]
        self.answer_json({"object": "list", "data": [{"id": name, "object": "model", "type": "model"} for name in models]})

    def do_POST(self):
        length = int(self.headers.get("content-length") or 0)
        raw = self.rfile.read(length)
        try:
            body = json.loads(raw or b"{}")
        except ValueError:
            return self.answer_json({"error": {"message": "no JSON"}}, 400)
        path = self.path.split("?")[0].rstrip("/")
        forms = {"/messages": (of_messages, messages), "/responses": (of_responses, responses), "/chat/completions": (of_chat, chat)}
        form = next((forms[end] for end in forms if path.endswith(end)), None)
        if path.endswith("/count_tokens"):
            return self.answer_json({"input_tokens": 10})
        if not form:
            log({"path": self.path, "unknown": True})
            return self.answer_json({})
        turns, tools = form[0](body)
        answer = decide(turns, tools)
        keys = [name for name in ("authorization", "x-api-key", "api-key") if self.headers.get(name)]
        log({"path": self.path, "said": said_by_user(turns), "answer": answer, "told": b"The person whose work this is says" in raw, "tools": sorted(tools), "keys": keys})
        Handler.counter += 1
        whole, events = form[1](answer, str(Handler.counter), body.get("model", "mock"))
        return self.stream(events) if body.get("stream") else self.answer_json(whole)


def messages(answer, number, model):
    usage = {"input_tokens": 11, "output_tokens": 7}
    if answer[0] == "say":
        block, stop = {"type": "text", "text": answer[1]}, "end_turn"
        start, delta = {"type": "text", "text": ""}, {"type": "text_delta", "text": answer[1]}
    else:
        call = {"type": "tool_use", "id": "toolu_" + number, "name": answer[1]}
        block, stop = {**call, "input": answer[2]}, "tool_use"
        start, delta = {**call, "input": {}}, {"type": "input_json_delta", "partial_json": json.dumps(answer[2])}
    whole = {"id": "msg_" + number, "type": "message", "role": "assistant", "model": model, "content": [block]}
    whole |= {"stop_reason": stop, "stop_sequence": None, "usage": usage}
    events = [
        {"type": "message_start", "message": {**whole, "content": [], "stop_reason": None}},
        {"type": "content_block_start", "index": 0, "content_block": start},
        {"type": "content_block_delta", "index": 0, "delta": delta},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": stop, "stop_sequence": None}, "usage": usage},
        {"type": "message_stop"},
    ]
    return whole, [(event["type"], event) for event in events]


def responses(answer, number, model):
    if answer[0] == "say":
        content = [{"type": "output_text", "text": answer[1], "annotations": []}]
        item = {"type": "message", "id": "msg_" + number, "role": "assistant", "status": "completed", "content": content}
    else:
        item = {"type": "function_call", "id": "fc_" + number, "call_id": "call_" + number, "status": "completed"}
        namespace, _, name = answer[1].rpartition("/")
        item |= {"name": name, "arguments": json.dumps(answer[2])} | ({"namespace": namespace} if namespace else {})
    usage = {"input_tokens": 11, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 7}
    usage |= {"output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 18}
    whole = {"id": "resp_" + number, "object": "response", "model": model, "status": "completed", "output": [item], "usage": usage}
    events = [
        {"type": "response.created", "response": {**whole, "status": "in_progress", "output": []}},
        {"type": "response.output_item.added", "output_index": 0, "item": item},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": whole},
    ]
    return whole, [(event["type"], event) for event in events]


def chat(answer, number, model):
    if answer[0] == "say":
        message, stop = {"role": "assistant", "content": answer[1]}, "stop"
        delta = message
    else:
        function = {"name": answer[1], "arguments": json.dumps(answer[2])}
        call = {"id": "call_" + number, "type": "function", "function": function}
        message, stop = {"role": "assistant", "content": None, "tool_calls": [call]}, "tool_calls"
        delta = {**message, "tool_calls": [{**call, "index": 0}]}
    base = {"id": "chatcmpl-" + number, "created": 1, "model": model}
    usage = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
    choice = {"index": 0, "message": message, "finish_reason": stop}
    whole = {**base, "object": "chat.completion", "choices": [choice], "usage": usage}
    chunk = {**base, "object": "chat.completion.chunk"}
    events = [
        {**chunk, "choices": [{"index": 0, "delta": delta, "finish_reason": None}]},
        {**chunk, "choices": [{"index": 0, "delta": {}, "finish_reason": stop}], "usage": usage},
        "[DONE]",
    ]
    return whole, [("", event) for event in events]


LOG = None


def log(value):
    if LOG:
        LOG.write(json.dumps(value) + "\n")
        LOG.flush()


def main():
    global LOG
    port = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    LOG = open(sys.argv[2], "a") if len(sys.argv) > 2 else None
    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


main()
