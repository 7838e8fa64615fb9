"""Holds what was said between a client and an agent against the schema of ACP."""

import json

from jsonschema import Draft202012Validator

# A call that is not announced, or that goes on after its end, is in no schema.
ENDED = {"completed", "failed"}


class Schema:
    def __init__(self, path):
        with open(path, encoding="utf8") as file:
            self.whole = json.load(file)
        self.names = {}
        for name, shape in self.whole["$defs"].items():
            if "x-method" in shape:
                # Requests, responses and notifications of one method differ by their names.
                kind = "Response" if name.endswith("Response") else "Params"
                self.names[(shape["x-method"], kind)] = name

    def problems(self, method, kind, value):
        name = self.names.get((method, kind))
        if name is None:
            return [f"{method} has no {kind} in the schema"]
        shape = {"$ref": f"#/$defs/{name}", "$defs": self.whole["$defs"]}
        errors = Draft202012Validator(shape).iter_errors(value)
        return [f"{method}: {error.message[:300]} at {list(error.path)}" for error in errors]


def validate(schema, log):
    """What is wrong in a log of tap.py, and how many messages were looked at."""
    asked, problems, calls, count = {}, [], {}, 0
    with open(log, encoding="utf8") as file:
        for entry in file:
            who, line = json.loads(entry)
            message = json.loads(line)
            count += 1
            if message.get("jsonrpc") != "2.0":
                problems.append(f"no JSON-RPC: {line}")
            other = "client" if who == "agent" else "agent"
            if "method" in message:
                method = message["method"]
                if "id" in message:
                    asked[(who, message["id"])] = method
                if who == "agent":
                    problems += schema.problems(method, "Params", message.get("params"))
                    problems += of_calls(calls, message)
            elif who == "agent":
                method = asked.pop((other, message["id"]), None)
                if method is None:
                    problems.append(f"nobody asked: {line}")
                elif "error" not in message:
                    problems += schema.problems(method, "Response", message["result"])
    problems += [f"not answered: {method}" for (who, _), method in asked.items() if who == "client"]
    return problems, count


def of_calls(calls, message):
    params = message.get("params", {})
    update, session = params.get("update", {}), params.get("sessionId")
    kind, name = update.get("sessionUpdate"), (session, update.get("toolCallId"))
    if kind == "tool_call":
        calls[name] = update.get("status", "pending")
    elif kind == "tool_call_update":
        if name not in calls:
            return [f"not announced: {update}"]
        if calls[name] in ENDED and "status" in update:
            return [f"it had ended: {update}"]
        calls[name] = update.get("status", calls[name])
    elif message.get("method") == "session/request_permission":
        if calls.get((session, params["toolCall"]["toolCallId"])) is None:
            return [f"asked about what was not announced: {params['toolCall']}"]
    return []
