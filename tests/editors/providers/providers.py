"""Turns over every wire against aimock, a server of the providers' APIs that others wrote.

    python3 providers.py BINARY AIMOCK_CLI

Between the two stands a recorder: the journal of aimock has requests only as it understood them,
without reasoning. aimock is strict: it refuses a request that it has no answer for, a wrong key,
and a conversation with Anthropic that lost its thinking.
"""

import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from wires import THOUGHTS, WIRES, equal

KEY = "key-of-the-test"
READS = [("read", {"path": "greeting.txt"}), ("read", {"path": "names.txt"})]
SLOW_DOWN = {"error": {"message": "Slow down"}, "status": 429, "retryAfter": 2}
EDIT = [("edit", {"path": "greeting.txt", "edits": [{"old_text": "Oi", "new_text": "Hello"}]})]
# One conversation goes through them all and comes back to the first.
ROUND = ["responses", "chat", "gemini", "ollama", "anthropic", "responses"]
# One that sees to its thinking itself: the other would be refused by aimock, but not by Anthropic,
# if a tool was called by another model before.
ADAPTIVE = "claude-sonnet-5"


def fixtures():
    """The answers of aimock; the first that matches counts."""
    for name, wire in WIRES.items():
        for match, response in [
            ({"hasToolResult": False, "sequenceIndex": 0}, SLOW_DOWN),
            ({"hasToolResult": False}, calling(wire, THOUGHTS[0], "I look first.", READS)),
            ({"toolResultContains": "Ada"}, calling(wire, THOUGHTS[1], "Now the edit.", EDIT)),
            ({"toolResultContains": "Applied to"}, said(wire, f"{name}: it is kinder now.")),
        ]:
            match |= {"userMessage": "Kinder, please", "model": wire.model}
            yield {"match": match, "response": response}
    for at, name in enumerate(ROUND):
        for match, response in [
            ({"hasToolResult": False},
             calling(WIRES[name], f"Thought {at}.", f"Look {at}.", READS[:1], at)),
            ({"toolResultContains": "Oi"}, said(WIRES[name], f"Answer {at} of {name}.")),
        ]:
            match |= {"userMessage": f"Question {at}"}
            yield {"match": match, "response": response}


def said(wire, text):
    extra = {"usage": wire.usage} if wire.usage else {}
    return {"content": text} | extra


def calling(wire, thought, text, calls, round=""):
    calls = [
        {"name": name, "arguments": json.dumps(arguments), "id": f"call_{name}{round}_{at}"}
        for at, (name, arguments) in enumerate(calls)
    ]
    return said(wire, text) | {"reasoning": thought, "toolCalls": calls} | wire.answer


@dataclass
class Exchange:
    headers: set
    request: dict
    status: int
    answer: bytes = b""


class Recorder(BaseHTTPRequestHandler):
    """Hands requests on to aimock as they are, and remembers them with the answers."""

    exchanges, port = [], 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        upstream = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        upstream.request("POST", self.path, body, dict(self.headers))
        answer = upstream.getresponse()
        # It is complete before the client has the end of the answer, and may be asked about.
        exchange = Exchange({it.lower() for it in self.headers}, json.loads(body), answer.status)
        self.exchanges.append(exchange)
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection", "date", "keep-alive"):
                self.send_header(name, value)
        self.end_headers()
        # The client may go once it knows that the answer is whole.
        with suppress(ConnectionError):
            while piece := answer.read1(65536):
                exchange.answer += piece
                self.wfile.write(piece)

    def log_message(self, *_):
        pass


@contextmanager
def servers(aimock, scratch):
    """aimock with a recorder before it, which are gone in the end; gives the recorder's address."""
    fixture_file = scratch / "fixtures.json"
    fixture_file.write_text(json.dumps({"fixtures": list(fixtures())}))
    llm = {"fixtures": str(fixture_file), "chunkSize": 7, "logLevel": "error"}
    config = {"llm": llm, "strict": True, "auth": {"apiKeys": [KEY]}}
    (scratch / "aimock.json").write_text(json.dumps(config))
    recorder = ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    command = ["node", aimock, "--config", scratch / "aimock.json", "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    try:
        # It says so when its port is open; nothing comes if it died.
        listening = process.stdout.readline()
        assert "listening on http://" in listening, f"aimock does not come up: {listening}"
        Recorder.port = int(listening.strip().rsplit(":", 1)[1])
        threading.Thread(target=recorder.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{recorder.server_port}"
    finally:
        process.kill()
        process.wait()
        recorder.server_close()


class Place:
    """A project with a configuration that names the mock servers."""

    def __init__(self, binary, folder, address):
        self.binary, self.folder = binary, folder
        self.project, home = folder / "project", folder / "home"
        self.project.mkdir(parents=True)
        home.mkdir()
        (self.project / "greeting.txt").write_text("Oi,\nhow are you?\n")
        (self.project / "names.txt").write_text("Ada\n")
        tables = [
            f'[providers.{name}]\nwire = "{name}"\nbase_url = "{address}{wire.base}"\n'
            'key_variable = "MOCK_KEY"\n'
            for name, wire in WIRES.items()
        ]
        (home / "config.toml").write_text("\n".join(tables))
        # Nothing of the user's: neither keys nor addresses nor proxies.
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "MOCK_KEY": KEY}
        self.environment["COWORKER_HOME"] = str(home)

    def coworker(self, *arguments):
        done = subprocess.run(
            [self.binary, *arguments], cwd=self.project, env=self.environment, timeout=40,
            stdin=subprocess.DEVNULL, capture_output=True, text=True,
        )
        last = done.stdout[-2000:]
        assert done.returncode == 0, f"{arguments}: {done.returncode}\n{last}\n{done.stderr}"
        return done.stdout

    def run(self, model, prompt, *arguments):
        """The updates of a turn, and what went over the wire meanwhile."""
        Recorder.exchanges.clear()
        out = self.coworker("--model", model, "run", "--json", "--yes", *arguments, prompt)
        return [json.loads(line) for line in out.splitlines()], list(Recorder.exchanges)


def turn(place, name):
    """Two calls at once, an edit and an answer, after a request that came too soon."""
    wire = WIRES[name]
    updates, exchanges = place.run(f"{name}/{wire.model}", "Kinder, please")
    equal("statuses", [it.status for it in exchanges], [429, 200, 200, 200])
    assert all(wire.key in it.headers for it in exchanges), f"no {wire.key}"
    equal("the request again", exchanges[1].request, exchanges[0].request)
    told = json.dumps(updates)
    assert "It is tried again in 2 seconds" in told, f"the wait is not told: {told}"
    assert THOUGHTS[0] in told or not wire.thinks, f"the reasoning is not told: {told}"

    answers = [it.answer.decode() for it in exchanges[1:]]
    for asked, made in [(2, READS), (3, READS + EDIT)]:
        body = exchanges[asked].request
        calls, results = wire.calls(body), wire.results(body)
        equal("calls", [it[1:] for it in calls], made)
        equal("results belong to calls", [it[0] for it in results], [it[0] for it in calls])
        assert "Oi" in results[0][1] and "Ada" in results[1][1], f"results: {results}"
        back = wire.sent_back(body)
        equal("reasoning that goes back", back, wire.expected_back(answers[: asked - 1]))

    equal("the file", (place.project / "greeting.txt").read_text(), "Hello,\nhow are you?\n")
    if wire.usage:
        used = [it["update"] for it in updates if it["update"]["kind"] == "usage"][-1]
        equal("tokens", (used["inputTokens"], used["outputTokens"]), (300, 30))
    exported = place.coworker("sessions", "export", updates[0]["sessionId"])
    assert f"{name}: it is kinder now." in exported, f"the export has no answer: {exported}"
    return len(exchanges)


def conversation(place, _):
    """Every prompt goes to another wire, with all that was said before."""
    count = 0
    for at, name in enumerate(ROUND):
        wire = WIRES[name]
        model = ADAPTIVE if name == "anthropic" else wire.model
        _, exchanges = place.run(f"{name}/{model}", f"Question {at}?", *["--continue"][: at])
        equal(f"statuses of {name}", [it.status for it in exchanges], [200, 200])
        body = exchanges[1].request
        text = json.dumps(body)
        for before, of in enumerate(ROUND[:at]):
            for words in (f"Question {before}?", f"Look {before}.", f"Answer {before} of {of}."):
                assert words in text, f"{name} is not told: {words}\n{text}"
        equal("calls", [it[1:] for it in wire.calls(body)], READS[:1] * (at + 1))
        ids = [it[0] for it in wire.calls(body)]
        equal("results", [it[0] for it in wire.results(body)], ids)
        own = {it for it, of in enumerate(ROUND[: at + 1]) if of == name and wire.gives_back}
        thought = {it for it in range(at + 1) if f"Thought {it}." in text}
        equal(f"reasoning that {name} sees", thought, own)
        count += len(exchanges)
    return count


def main(binary, aimock):
    # Also when it is stopped, the servers have to go.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        with servers(aimock, scratch) as address:
            for name in [*WIRES, "all in one"]:
                case = turn if name in WIRES else conversation
                try:
                    requests = case(Place(binary, scratch / name, address), name)
                    print(f"ok - {name}, {requests} requests")
                except Exception:
                    failed = True
                    print(f"not ok - {name}: {traceback.format_exc(limit=-1)}")
    sys.exit(failed)


if __name__ == "__main__":
    main(*sys.argv[1:])
