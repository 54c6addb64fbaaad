"""A registry that gives the images of an OCI layout to one user, on a port of its own, which it prints."""

import base64
import http.server
import json
import pathlib
import sys

FOLDER = pathlib.Path(sys.argv[1])
LOGIN = "Basic " + base64.b64encode(sys.argv[2].encode()).decode()


def manifest():
    return json.loads((FOLDER / "index.json").read_text())["manifests"][0]


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        kind, _, name = self.path.rpartition("/")
        if self.headers.get("Authorization") != LOGIN:
            self.answer(401, b'{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}')
        elif self.path == "/v2/":
            self.answer(200, b"{}")
        elif kind == "/v2/team/base/manifests" and name in ("1", manifest()["digest"]):
            self.answer(200, self.blob(manifest()["digest"]), manifest()["mediaType"])
        elif kind == "/v2/team/base/blobs":
            self.answer(200, self.blob(name), "application/octet-stream")
        else:
            self.answer(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}')

    do_HEAD = do_GET

    def blob(self, digest):
        return (FOLDER / "blobs" / digest.replace(":", "/")).read_bytes()

    def answer(self, status, body, kind="application/json"):
        self.send_response(status)
        if status == 401:
            self.send_header("WWW-Authenticate", 'Basic realm="test"')
        self.send_header("Docker-Distribution-Api-Version", "registry/2.0")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_):
        pass


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
