"""Whole pieces of work through clients of ACP that others wrote.

    python3 clients.py BINARY ACPX SCHEMA

One is the command-line client acpx, one a program on the Python SDK. Between each and the agent
stands tap.py, and in the end every message of the agent is held against the schema.
"""

import asyncio
import base64
import json
import os
import struct
import subprocess
import sys
import tempfile
import traceback
import zlib
from pathlib import Path

import acp
from acp import schema as s
from acp import spawn_agent_process, text_block

from validate import Schema, validate

HERE = Path(__file__).parent
LONG = "def add(items):\n    total = 0\n    for item in items:\n        total += item\n    return total\n"
SHORT = "def add(items):\n    return sum(items)\n"


def picture():
    """One black pixel as PNG."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    header = struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0\0")
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", pixels)
            + chunk(b"IEND", b""))


class Desk:
    """A project, a home, and the agent behind a tap."""

    def __init__(self, folder, binary):
        self.folder = Path(folder)
        self.home, self.project = self.folder / "home", self.folder / "project"
        self.home.mkdir()
        self.project.mkdir()
        self.log = self.folder / "log"
        self.log.touch()
        self.file = self.project / "sum.py"
        self.file.write_text(LONG)
        agent = [binary, "--model", f"script:{self.folder / 'script.md'}", "acp"]
        self.command = [sys.executable, str(HERE / "tap.py"), str(self.log), *agent]

    def plays(self, *turns, script="script"):
        """Has the model say what stands under these names; gives the name of the model."""
        parts = (HERE / "script.md").read_text().split("\n## ")
        parts = dict(part.split("\n", 1) for part in parts[1:])
        file = self.folder / f"{script}.md"
        file.write_text("".join(parts[turn] for turn in turns))
        return f"script:{file}"

    def environment(self):
        return {**os.environ, "HOME": str(self.home), "COWORKER_HOME": str(self.home / "coworker")}


class Client(acp.Client):
    """A client with buffers over the disk, that answers as it is told to."""

    def __init__(self):
        self.updates, self.asked, self.buffers = [], [], {}
        self.answers = iter(())

    async def request_permission(self, options, session_id, tool_call, **_):
        self.asked.append(tool_call)
        kind = next(self.answers, "allow_once")
        chosen = next(option for option in options if option.kind == kind)
        outcome = s.AllowedOutcome(outcome="selected", option_id=chosen.option_id)
        return s.RequestPermissionResponse(outcome=outcome)

    async def session_update(self, session_id, update, **_):
        self.updates.append((session_id, update))

    async def read_text_file(self, path, session_id, limit=None, line=None, **_):
        text = self.buffers.get(path)
        return s.ReadTextFileResponse(content=Path(path).read_text() if text is None else text)

    async def write_text_file(self, content, path, session_id, **_):
        self.buffers.pop(path, None)
        Path(path).write_text(content)
        return s.WriteTextFileResponse()

    def of(self, session, kind):
        return [update for of, update in self.updates
                if of == session and update.session_update == kind]

    def said(self, session):
        return "".join(it.content.text for it in self.of(session, "agent_message_chunk"))


class Talk:
    """One connection of the Python client."""

    def __init__(self, desk, reads=True):
        self.desk, self.client = desk, Client()
        self.reads = reads

    async def __aenter__(self):
        command = self.desk.command
        self.spawned = spawn_agent_process(
            self.client, command[0], *command[1:], env=self.desk.environment())
        self.agent, self.process = await self.spawned.__aenter__()
        fs = s.FileSystemCapabilities(read_text_file=self.reads, write_text_file=self.reads)
        capabilities = s.ClientCapabilities(fs=fs)
        hello = await self.agent.initialize(protocol_version=1, client_capabilities=capabilities)
        assert hello.agent_info.name == "coworker" and hello.agent_capabilities.load_session
        return self

    async def __aexit__(self, *error):
        await self.spawned.__aexit__(*error)

    async def new(self):
        session = await self.agent.new_session(cwd=str(self.desk.project), mcp_servers=[])
        return session.session_id

    async def prompt(self, session, *blocks):
        blocks = [text_block(block) if isinstance(block, str) else block for block in blocks]
        answer = await self.agent.prompt(session_id=session, prompt=blocks)
        return answer.stop_reason


async def an_edit_with_everything_around_it(desk):
    desk.plays("shorter")
    async with Talk(desk) as talk:
        session = await talk.new()
        # What she typed and did not save.
        talk.client.buffers[str(desk.file)] = "# mine\n" + LONG
        assert await talk.prompt(session, "make it shorter") == "end_turn"
        assert desk.file.read_text() == "# mine\n" + SHORT, desk.file.read_text()
        client = talk.client
        assert client.said(session) == "I will look at it.That is all."
        thoughts = client.of(session, "agent_thought_chunk")
        assert "".join(it.content.text for it in thoughts) == "An iterator says the same."
        plan = client.of(session, "plan")[-1].entries
        assert [(it.content, it.status) for it in plan] == [
            ("Read", "in_progress"), ("Shorten", "pending")]
        kinds = [it.kind for it in client.of(session, "tool_call")]
        assert kinds == ["think", "read", "edit", "execute"], kinds
        edit, command = client.asked
        diff = next(it for it in edit.content if it.type == "diff")
        assert (diff.old_text, diff.new_text) == ("# mine\n" + LONG, "# mine\n" + SHORT)
        assert edit.locations[0].path == str(desk.file)
        assert any("printf checked" in it.content.text for it in command.content)
        assert client.of(session, "usage_update")[0].used == 1280
        assert client.of(session, "session_info_update")[0].title == "make it shorter"
        await until(lambda: client.of(session, "available_commands_update"))


async def a_no_is_a_no(desk):
    desk.plays("shorter")
    async with Talk(desk) as talk:
        session = await talk.new()
        talk.client.answers = iter(["reject_once", "reject_once"])
        assert await talk.prompt(session, "make it shorter") == "end_turn"
        assert desk.file.read_text() == LONG
        ended = talk.client.of(session, "tool_call_update")
        assert [it.status for it in ended if it.status in ("completed", "failed")] == [
            "completed", "completed", "failed", "failed"]


async def always_is_remembered(desk):
    desk.plays("shorter", "check")
    async with Talk(desk) as talk:
        session = await talk.new()
        talk.client.answers = iter(["allow_once", "allow_always"])
        await talk.prompt(session, "make it shorter")
        talk.client.asked.clear()
        assert await talk.prompt(session, "check it again") == "end_turn"
        assert talk.client.said(session).endswith("It is as it was.")
        assert not talk.client.asked


async def a_stop_is_an_end(desk):
    desk.plays("story")
    async with Talk(desk) as talk:
        session = await talk.new()
        prompt = asyncio.create_task(talk.prompt(session, "tell a long story"))
        await until(lambda: "Once upon" in talk.client.said(session))
        await talk.agent.cancel(session_id=session)
        assert await prompt == "cancelled"


async def a_session_goes_on_elsewhere(desk):
    desk.plays("shorter", "embedded")
    async with Talk(desk) as talk:
        session = await talk.new()
        await talk.prompt(session, "make it shorter")
        listed = await talk.agent.list_sessions(cwd=str(desk.project))
        assert [(it.session_id, it.title) for it in listed.sessions] == [
            (session, "make it shorter")]
    where = {"cwd": str(desk.project), "session_id": session, "mcp_servers": []}
    async with Talk(desk) as talk:
        await talk.agent.load_session(**where)
        client = talk.client
        assert client.said(session) == "I will look at it.That is all."
        prompts = client.of(session, "user_message_chunk")
        assert [it.content.text for it in prompts] == ["make it shorter"]
        calls = client.of(session, "tool_call")
        assert [it.status for it in calls] == ["completed"] * 4
        assert await talk.prompt(session, "is this embedded def embedded()") == "end_turn"
    async with Talk(desk) as talk:
        await talk.agent.resume_session(**where)
        assert talk.client.said(session) == ""
        await talk.agent.close_session(session_id=session)


async def modes_and_models_are_chosen(desk):
    desk.plays("shorter", "shorter")
    async with Talk(desk) as talk:
        session = await talk.new()
        await talk.agent.set_session_mode(session_id=session, mode_id="plan")
        await talk.prompt(session, "make it shorter")
        assert desk.file.read_text() == LONG and not talk.client.asked
        assert talk.client.of(session, "current_mode_update")[0].current_mode_id == "plan"
        set_option = talk.agent.set_config_option
        options = await set_option(session_id=session, config_id="mode", value="edit")
        mode = next(it for it in options.config_options if it.id == "mode")
        assert mode.current_value == "edit"
        await talk.prompt(session, "make it shorter")
        assert desk.file.read_text() == SHORT
        # Edits are not asked for in this mode, and shown all the same.
        assert [it.kind for it in talk.client.asked] == ["execute"]
        diffs = [content for update in talk.client.of(session, "tool_call_update")
                 for content in update.content or [] if content.type == "diff"]
        assert (diffs[-1].old_text, diffs[-1].new_text) == (LONG, SHORT)
        other = desk.plays("shorter", "shorter", "hello", script="other")
        options = await set_option(session_id=session, config_id="model", value=other)
        model = next(it for it in options.config_options if it.id == "model")
        assert model.current_value == other
        assert await talk.prompt(session, "hello") == "end_turn"
        assert talk.client.said(session).endswith("I am another.")


async def two_sessions_at_once(desk):
    desk.plays("shorter")
    async with Talk(desk) as talk:
        slow, quick = await talk.new(), await talk.new()
        other = desk.plays("story", script="other")
        await talk.agent.set_config_option(session_id=slow, config_id="model", value=other)
        story = asyncio.create_task(talk.prompt(slow, "tell a long story"))
        await until(lambda: talk.client.said(slow))
        assert await talk.prompt(quick, "make it shorter") == "end_turn"
        assert "Once upon a time ".startswith(talk.client.said(slow))
        await talk.agent.cancel(session_id=slow)
        assert await story == "cancelled"


async def questions_are_buttons(desk):
    desk.plays("question")
    async with Talk(desk, reads=False) as talk:
        session = await talk.new()
        assert await talk.prompt(session, "which one") == "end_turn"
        answered = talk.client.of(session, "tool_call_update")[-1]
        assert "Red" in answered.content[0].content.text, answered


async def what_a_prompt_brings_along(desk):
    desk.plays("picture", "embedded")
    async with Talk(desk) as talk:
        session = await talk.new()
        image = base64.b64encode(picture()).decode()
        block = s.ImageContentBlock(type="image", data=image, mime_type="image/png")
        assert await talk.prompt(session, "what is on this picture", block) == "end_turn"
        assert talk.client.said(session) == "A dot."
        text = s.TextResourceContents(
            uri=desk.file.as_uri(), text="def embedded(): pass\n", mime_type="text/x-python")
        block = s.EmbeddedResourceContentBlock(type="resource", resource=text)
        assert await talk.prompt(session, "is this embedded", block) == "end_turn"


async def bad_requests_are_answered(desk):
    desk.plays("hello")
    async with Talk(desk) as talk:
        session = await talk.new()
        for request, code in [
            (talk.agent.new_session(cwd="relative", mcp_servers=[]), -32602),
            (talk.agent.new_session(cwd="/nowhere/at/all", mcp_servers=[]), -32602),
            (talk.agent.load_session(cwd=str(desk.project), session_id="no", mcp_servers=[]), -32002),
            (talk.agent.prompt(session_id="no", prompt=[text_block("hi")]), -32002),
            (talk.agent.prompt(session_id=session, prompt=[]), -32602),
            (talk.agent.set_session_mode(session_id=session, mode_id="yolo"), -32602),
            (talk.agent.authenticate(method_id="none"), -32602),
            (talk.agent.ext_method("nope", {}), -32601),
        ]:
            try:
                answer = await request
            except acp.RequestError as error:
                assert error.code == code, (error.code, code, str(error))
            else:
                raise AssertionError(f"answered with {answer}")


async def acpx_allows(desk):
    desk.plays("shorter")
    out = acpx(desk, "--approve-all", "make it shorter")
    assert out.returncode == 0, out
    assert desk.file.read_text() == SHORT
    assert "That is all." in out.stdout and "[in_progress] Read" in out.stdout, out.stdout


async def acpx_denies(desk):
    desk.plays("shorter")
    out = acpx(desk, "--deny-all", "make it shorter")
    # It says by this code that everything was denied.
    assert out.returncode == 5, out
    assert desk.file.read_text() == LONG


def acpx(desk, policy, prompt):
    command = [sys.argv[2], "--agent", " ".join(desk.command), "--cwd", str(desk.project), policy,
               "--format", "text", "exec", prompt]
    return subprocess.run(
        command, env=desk.environment(), capture_output=True, text=True, timeout=60, check=False)


async def until(holds):
    for _ in range(400):
        if holds():
            return
        await asyncio.sleep(0.02)
    raise AssertionError("it did not come to that")


TESTS = [
    an_edit_with_everything_around_it, a_no_is_a_no, always_is_remembered, a_stop_is_an_end,
    a_session_goes_on_elsewhere, modes_and_models_are_chosen, two_sessions_at_once,
    questions_are_buttons, what_a_prompt_brings_along, bad_requests_are_answered,
    acpx_allows, acpx_denies,
]


def main():
    schema, failed = Schema(sys.argv[3]), 0
    for test in TESTS:
        with tempfile.TemporaryDirectory() as folder:
            desk = Desk(folder, sys.argv[1])
            name = test.__name__.replace("_", " ")
            try:
                asyncio.run(asyncio.wait_for(test(desk), 60))
                problems, count = validate(schema, desk.log)
                assert count > 0 and not problems, json.dumps(problems, indent=1)[:3000]
                print(f"ok - {name} ({count} messages)")
            except Exception:
                failed += 1
                print(f"not ok - {name}")
                traceback.print_exc(file=sys.stdout)
    sys.exit(failed > 0)


main()
