#!/usr/bin/env python3
"""A server at which agents' programs sign in, on this machine's loopback. Each token that renews works once.

    mock-sign-in.py FOLDER [PORT [MODEL_PORT]]

It writes `ca.pem` and `log` into FOLDER and prints its port. It is two things on that port:

- what Codex knows as an issuer (`codex login --experimental_issuer http://127.0.0.1:PORT`, CODEX_REFRESH_TOKEN_URL_OVERRIDE):
  in the browser everybody is signed in at once, and so is every device code;
- a proxy for HTTPS that is platform.claude.com and api.anthropic.com for whoever trusts `ca.pem` (HTTPS_PROXY, NODE_EXTRA_CA_CERTS),
  because Claude Code can be told of no other server. Models are those of mock-model.py at MODEL_PORT.

LIFE in the environment says how many seconds a token is good for; Codex and Claude Code renew one that has less than five minutes left. The log has one JSON value for each token that was asked for.
"""

import base64
import http.client
import json
import os
import ssl
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlencode, urlsplit

HOSTS = ("platform.claude.com", "api.anthropic.com")
LIFE = int(os.environ.get("LIFE", "3600"))
# What Codex's own screen asks before it opens (`chatgpt_base_url = "http://127.0.0.1:PORT/backend-api/"` in its config.toml).
CODEX_ACCOUNTS = {
    "accounts": [
        {
            "id": "account",
            "account_user_id": "user",
            "structure": "personal",
            "plan_type": "pro",
            "is_deactivated": False,
            "workspace_backend_origin": "https://chatgpt.com",
            "account_routing_override": "NO_CONSTRAINT",
        }
    ],
    "default_account_id": "account",
    "account_ordering": ["account"],
}


class Tokens:
    """What was given out: the newest counts, and a token that renews is spent when it is used."""

    def __init__(self, log):
        self.lock, self.number, self.valid, self.log = threading.Lock(), 0, set(), log

    def give(self, program, how, renews=None):
        with self.lock:
            spent = renews is not None and renews not in self.valid
            self.say({"program": program, "how": how, "renews": renews, "spent": spent})
            if spent:
                return None
            self.valid.discard(renews)
            self.number += 1
            self.valid.add(f"{program}-renews-{self.number}")
            return self.number

    def say(self, value):
        with self.log.open("a") as file:
            file.write(json.dumps({"at": round(time.time(), 2), **value}) + "\n")


def jwt(claims):
    part = lambda value: base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()
    return f"{part({'alg': 'none'})}.{part(claims)}.x"


def codex_tokens(number):
    auth = {"chatgpt_account_id": "account", "chatgpt_plan_type": "pro", "chatgpt_user_id": "user"}
    claims = {"exp": int(time.time()) + LIFE, "n": number, "email": "ann@example.org", "https://api.openai.com/auth": auth}
    return {"id_token": jwt(claims), "access_token": jwt(claims), "refresh_token": f"codex-renews-{number}"}


def name_of(token):
    """Claude's are their own names; Codex's say their number."""
    if token.count(".") != 2:
        return token
    payload = token.split(".")[1]
    return f"codex-{json.loads(base64.urlsafe_b64decode(payload + '=' * (-len(payload) % 4))).get('n')}"


def claude_tokens(number):
    tokens = {"access_token": f"claude-{number}", "refresh_token": f"claude-renews-{number}", "expires_in": LIFE}
    return {**tokens, "token_type": "Bearer", "scope": "user:inference user:profile"}


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    tokens = context = model = None

    def log_message(self, *_):
        pass

    def answer(self, value, code=200, headers=()):
        data = json.dumps(value).encode()
        self.send_response(code)
        for name, text in (("content-type", "application/json"), ("content-length", str(len(data))), *headers):
            self.send_header(name, text)
        self.end_headers()
        self.wfile.write(data)

    def do_CONNECT(self):
        host = self.path.split(":")[0]
        if host not in HOSTS:
            self.answer({}, 403)
            return
        self.send_response(200)
        self.end_headers()
        try:
            inner = self.context.wrap_socket(self.connection, server_side=True)
        except OSError:
            self.close_connection = True
            return
        self.connection, self.rfile, self.wfile = inner, inner.makefile("rb"), inner.makefile("wb", 0)

    def read_body(self):
        data = self.rfile.read(int(self.headers.get("content-length") or 0))
        if "json" in (self.headers.get("content-type") or ""):
            return data, json.loads(data or b"{}")
        return data, {name: values[0] for name, values in parse_qs(data.decode(errors="replace")).items()}

    def do_GET(self):
        url = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(url.query).items()}
        if url.path == "/oauth/authorize":
            back = asked["redirect_uri"] + "?" + urlencode({"code": "code", "state": asked.get("state", "")})
            return self.answer({}, 302, [("location", back)])
        if url.path == "/api/oauth/profile":
            return self.answer({"account": {"uuid": "a", "email": "ann@example.org"}, "organization": {"uuid": "o", "organization_type": "claude_max"}})
        if url.path.endswith("/accounts/check"):
            return self.answer(CODEX_ACCOUNTS)
        return self.to_model(b"")

    def do_POST(self):
        data, body = self.read_body()
        path = urlsplit(self.path).path
        if path == "/api/accounts/deviceauth/usercode":
            return self.answer({"device_auth_id": "device", "user_code": "ABCD-EFGH", "interval": "1"})
        if path == "/api/accounts/deviceauth/token":
            return self.answer({"authorization_code": "code", "code_challenge": "c", "code_verifier": "v"})
        if path.endswith("/oauth/token"):
            return self.token(path, body)
        return self.to_model(data)

    def token(self, path, body):
        program, make = ("claude", claude_tokens) if path.startswith("/v1") else ("codex", codex_tokens)
        number = self.tokens.give(program, body.get("grant_type"), body.get("refresh_token"))
        if number is None:
            error = {"code": "refresh_token_reused", "message": "used before"}
            return self.answer({"error": "invalid_grant"} if program == "claude" else {"error": error}, 400 if program == "claude" else 401)
        return self.answer(make(number))

    def to_model(self, data):
        given = (self.headers.get("authorization") or "").removeprefix("Bearer ")
        if given:
            self.tokens.say({"asks": urlsplit(self.path).path, "with": name_of(given)})
        if not self.model:
            return self.answer({})
        model = http.client.HTTPConnection("127.0.0.1", self.model)
        model.request(self.command, self.path, data, {"content-type": "application/json"})
        answered = model.getresponse()
        self.send_response(answered.status)
        self.send_header("content-type", answered.getheader("content-type") or "application/json")
        self.send_header("connection", "close")
        self.end_headers()
        self.wfile.write(answered.read())
        self.close_connection = True
        return None


def authority(folder):
    """A context for TLS with a certificate for the hosts, and the authority behind it in ca.pem."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    if (folder / "cert.pem").exists():
        context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
        return context
    run = lambda *words: subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
    run("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2", "-subj", "/CN=mock")
    run("req", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-out", "request", "-subj", "/CN=mock")
    (folder / "names").write_text("subjectAltName=" + ",".join(f"DNS:{host}" for host in HOSTS))
    run("x509", "-req", "-in", "request", "-CA", "ca.pem", "-CAkey", "ca.key", "-out", "cert.pem", "-days", "2", "-extfile", "names")
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context


def main():
    folder = Path(sys.argv[1])
    numbers = [int(word) for word in sys.argv[2:]]
    Handler.tokens, Handler.context = Tokens(folder / "log"), authority(folder)
    Handler.model = numbers[1] if len(numbers) > 1 else None
    server = ThreadingHTTPServer(("127.0.0.1", numbers[0] if numbers else 0), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


main()
