"""A part for the supervisor's tests: answers probes, says what it is told to, and can misbehave.

Usage: supervised_part.py PORT [ignore-sigterm] [die-at-once]
"""

import http.server
import json
import os
import signal
import sys


class Probes(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps({"status": "ok", "pid": os.getpid()}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main(port, *manners):
    if "die-at-once" in manners:
        print("ERROR no database here", flush=True)
        sys.exit(3)
    handler = signal.SIG_IGN if "ignore-sigterm" in manners else lambda *_: sys.exit(0)
    signal.signal(signal.SIGTERM, handler)
    print("INFO a line of no importance", flush=True)
    print("WARNING a line of importance", flush=True)
    http.server.HTTPServer(("127.0.0.1", int(port)), Probes).serve_forever()


main(*sys.argv[1:])
