"""Serves a folder over TLS on this machine's loopback, as a package registry does, and prints its port. What was asked for is written to `requests`.

    serve.py FOLDER CERTIFICATE KEY
"""

import functools
import http.server
import ssl
import sys

folder, certificate, key = sys.argv[1:]


class Handler(http.server.SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, *_):
        with open("requests", "a") as log:
            print(self.path, file=log)

    def log_message(self, *_):
        pass

    def end_headers(self):
        # As the public ones have it: a file of that name never changes.
        if self.path.startswith("/files/"):
            self.send_header("Cache-Control", "max-age=365000000, immutable, public")
        super().end_headers()


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(certificate, key)
server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
print(server.server_port, flush=True)
server.serve_forever()
