"""What each API calls the things in a request, and how aimock answers over it."""

import json

THOUGHTS = ["Both files have to be read.", "The greeting is curt."]
SIGNATURE = "c2lnbmVkIGJ5IG5vYm9keQ=="
REDACTED = "bm90IGZvciB5b3Vy"


class Wire:
    """How one API shows what went into a request."""

    # The path behind the address of the server, the header with the key, the name of a model.
    base, key, model = "/v1", "authorization", ""
    # Whether aimock makes it think, and in a way that goes back.
    thinks = gives_back = True
    # What an answer needs beside its text and calls.
    answer = {}
    usage = {"input_tokens": 100, "output_tokens": 10}

    def calls(self, body):
        """The calls in a request: their ids, names and arguments."""

    def results(self, body):
        """The results in a request: the ids of their calls, and their texts."""

    def sent_back(self, body):
        """The reasoning in a request, as it came."""

    def expected_back(self, answers):
        """What reasoning belongs there after these answers."""
        return []


class Anthropic(Wire):
    # One that thinks with a budget: of those, aimock checks that the thinking comes first.
    base, key, model = "", "x-api-key", "claude-sonnet-4-5"
    answer = {"reasoningSignature": SIGNATURE, "redactedThinking": [REDACTED]}

    def blocks(self, body, kind):
        return [it for said in body["messages"] for it in said["content"] if it["type"] == kind]

    def calls(self, body):
        return [(it["id"], it["name"], it["input"]) for it in self.blocks(body, "tool_use")]

    def results(self, body):
        found = self.blocks(body, "tool_result")
        return [(it["tool_use_id"], it["content"]) for it in found if not it.get("is_error")]

    def sent_back(self, body):
        redacted = [it["data"] for it in self.blocks(body, "redacted_thinking")]
        thought = self.blocks(body, "thinking")
        return redacted + [(it["thinking"], it["signature"]) for it in thought]

    def expected_back(self, answers):
        return [REDACTED] * len(answers) + [(it, SIGNATURE) for it in THOUGHTS[: len(answers)]]


class Responses(Wire):
    model = "gpt-5.1"

    def items(self, body, kind):
        return [it for it in body["input"] if it.get("type") == kind]

    def calls(self, body):
        found = self.items(body, "function_call")
        return [(it["call_id"], it["name"], json.loads(it["arguments"])) for it in found]

    def results(self, body):
        return [(it["call_id"], it["output"]) for it in self.items(body, "function_call_output")]

    def sent_back(self, body):
        return self.items(body, "reasoning")

    def expected_back(self, answers):
        ended = [it["item"] for answer in answers for it in events(answer) if "item" in it]
        return [it for it in ended if "encrypted_content" in it]


class Chat(Wire):
    model = "deepseek-reasoner"
    usage = {"prompt_tokens": 100, "completion_tokens": 10}

    def functions(self, body):
        made = [it for said in body["messages"] for it in said.get("tool_calls", [])]
        return [(it["id"], it["function"]["name"], it["function"]["arguments"]) for it in made]

    def calls(self, body):
        return [(call, name, json.loads(text)) for call, name, text in self.functions(body)]

    def results(self, body):
        found = [it for it in body["messages"] if it["role"] == "tool"]
        return [(it["tool_call_id"], it["content"]) for it in found]

    def sent_back(self, body):
        said = [it.get("reasoning_content") for it in body["messages"]]
        return [it for it in said if it]

    def expected_back(self, answers):
        return THOUGHTS[: len(answers)]


class Gemini(Wire):
    # aimock signs no thoughts, and what is not signed does not go back.
    base, key, model, gives_back = "/v1beta", "x-goog-api-key", "gemini-2.5-pro", False
    # Left to itself it ends a call with `FUNCTION_CALL`, which is none of the API's reasons.
    answer = {"finishReason": "stop"}
    usage = {"promptTokenCount": 100, "candidatesTokenCount": 10}

    def parts(self, body, kind):
        return [it[kind] for said in body["contents"] for it in said["parts"] if kind in it]

    def calls(self, body):
        found = self.parts(body, "functionCall")
        return [(it.get("id"), it["name"], it["args"]) for it in found]

    def results(self, body):
        found = self.parts(body, "functionResponse")
        return [(it.get("id"), it["response"]["output"]) for it in found]

    def sent_back(self, body):
        return self.parts(body, "thought")


class Ollama(Chat):
    # aimock sends reasoning under another name than Ollama's, and no counts of tokens.
    base, model, usage = "", "qwen3:8b", None
    thinks = gives_back = False

    def calls(self, body):
        return self.functions(body)

    def results(self, body):
        tools = [it["tool_name"] for it in body["messages"] if it["role"] == "tool"]
        equal("tools of results", tools, [it[1] for it in self.calls(body)])
        return super().results(body)

    def expected_back(self, answers):
        return []


WIRES = {it.__name__.lower(): it() for it in (Anthropic, Responses, Chat, Gemini, Ollama)}


def events(answer):
    lines = [line.removeprefix("data: ") for line in answer.splitlines()]
    return [json.loads(line) for line in lines if line.startswith("{")]


def equal(what, found, expected):
    assert found == expected, f"{what}:\n  found    {found}\n  expected {expected}"
