"""A small OpenAI-compatible endpoint, as a process of its own: ``python judge_server.py LOG``.

How it behaves is the model's name. Prints its port; writes every question to LOG.
"""

import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

LOG = Path(sys.argv[1])
LOCK = threading.Lock()
SEEN: dict[str, int] = {}


class Endpoint(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        first = body["messages"][0]["content"]
        with LOCK:
            SEEN[first] = SEEN.get(first, 0) + 1
            times = SEEN[first]
            with LOG.open("a") as log:
                log.write(json.dumps([self.path, body]) + "\n")
        match body["model"]:
            case "busy" if times == 1:
                self.answer(503, {"error": "busy"})
            case "locked" if self.headers.get("Authorization") != "Bearer secret":
                self.answer(401, {"error": "no key"})
            case "absent":
                self.answer(404, {"error": "no such model"})
            case "odd":
                self.answer(200, {"text": "0.5"})
            case "slow":
                time.sleep(5)
            case "vague":
                self.say("Looks good to me!")
            case "wordy" if len(body["messages"]) == 1:
                self.say("I would say 0.75")
            case "wordy":
                self.say("0.75")
            case "json":
                self.say('{"score": 0.25, "why": "short"}')
            case _:
                self.say("1" if "right" in first else "0.5")

    def say(self, content):
        self.answer(200, {"choices": [{"message": {"role": "assistant", "content": content}}]})

    def answer(self, status, body):
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args):
        """Nothing: the log is LOG."""


server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
print(server.server_port, flush=True)
server.serve_forever()
