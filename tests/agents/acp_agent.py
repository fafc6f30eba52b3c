"""An agent that speaks the Agent Client Protocol, for tests: ``acp_agent.py PART [NOTES]``.

It plays one part for each prompt, and writes every message that it gets to the file NOTES.
"""

import json
import subprocess
import sys
from pathlib import Path

PART = sys.argv[1]
NOTES = Path(sys.argv[2]) if len(sys.argv) > 2 else None
MODES = [{"id": name, "name": name.title()} for name in ("default", "plan", "yolo")]
SESSION = "session-1"


def send(message: dict[str, object]) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def receive() -> dict[str, object]:
    line = sys.stdin.readline()
    if not line:
        sys.exit(0)
    if NOTES is not None:
        with NOTES.open("a") as notes:
            notes.write(line)
    message = json.loads(line)
    assert isinstance(message, dict)
    return message


def update(what: str, **fields: object) -> None:
    params = {"sessionId": SESSION, "update": {"sessionUpdate": what, **fields}}
    send({"method": "session/update", "params": params})


def say(*pieces: str) -> None:
    for piece in pieces:
        update("agent_message_chunk", content={"type": "text", "text": piece})


def ask(call: dict[str, object], *kinds: str) -> str:
    """Ask for permission; return the kind of the chosen option, or what else came of it."""
    options = [
        {"optionId": f"option-{number}", "name": "Yes", "kind": kind}
        for number, kind in enumerate(kinds)
    ]
    params = {"sessionId": SESSION, "toolCall": call, "options": options}
    send({"id": "mine-1", "method": "session/request_permission", "params": params})
    answer = receive()
    assert answer["id"] == "mine-1"
    outcome = answer["result"]["outcome"]  # type: ignore[index]
    if outcome["outcome"] != "selected":
        return str(outcome["outcome"])
    return kinds[int(outcome["optionId"].split("-")[1])]


def edit(path: str) -> None:
    say("I will ", "edit.")
    call: dict[str, object] = {
        "toolCallId": "call-1",
        "kind": "edit",
        "status": "pending",
        "locations": [{"path": str(Path.cwd() / path)}],
    }
    update("tool_call", title="Edit a file", **call)
    chosen = ask(call, "reject_once", "allow_always", "allow_once")
    if chosen.startswith("allow"):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text("edited\n")
    status = "completed" if chosen.startswith("allow") else "failed"
    update("tool_call_update", toolCallId="call-1", status=status)
    update("usage_update", used=10, size=100, cost={"amount": 0.25, "currency": "USD"})
    update("usage_update", used=20, size=100, cost={"amount": 0.75, "currency": "USD"})
    say(chosen)


def sleep() -> str:
    update("tool_call_update", toolCallId="call-1", kind="execute", rawInput={"command": "sleep"})
    with subprocess.Popen(["sh", "-c", "(trap '' INT TERM; sleep 600; true); true"]) as child:
        Path("asleep").touch()
        while receive().get("method") != "session/cancel":
            pass
        if PART == "deaf":
            receive()
        subprocess.run(["pkill", "-KILL", "-P", str(child.pid)], check=False)
        child.kill()
    return "cancelled"


def answer_prompt(number: object) -> None:
    reason = "end_turn"
    match PART:
        case "edit":
            edit("api/new.py")
        case "outside":
            edit("../../outside.py")
        case "sleep" | "deaf":
            reason = sleep()
        case "silent":
            pass
        case "dies":
            sys.stderr.write("out of memory\n")
            sys.exit(3)
        case "busy":
            data = {"details": "429 Too Many Requests, retry after 7 s"}
            send({"id": number, "error": {"code": -32603, "message": "Internal", "data": data}})
            return
        case "curious":
            send({"id": "mine-2", "method": "fs/read_text_file", "params": {"path": "x"}})
            error = receive()["error"]
            say(f"code {error['code']}")  # type: ignore[index]
        case reason:
            say("so it is")
    usage = {"inputTokens": 5, "outputTokens": 6, "cachedReadTokens": 7, "totalTokens": 18}
    send({"id": number, "result": {"stopReason": reason, "usage": usage}})


def answer(method: str, number: object) -> None:
    result: dict[str, object] = {}
    match method:
        case "initialize":
            result = {
                "protocolVersion": 2 if PART == "newer" else 1,
                "agentCapabilities": {"loadSession": True},
                "agentInfo": {"name": "tester", "version": "1.2.3"},
                "authMethods": [{"id": "api-key", "name": "Key"}, {"id": "oauth", "name": "Web"}],
            }
        case "session/new" if PART == "stranger":
            send({"id": number, "error": {"code": -32000, "message": "Authentication required"}})
            return
        case "session/new":
            result = {"sessionId": SESSION}
            if PART == "options":
                choices = [{"value": name, "name": name} for name in ("build", "x/modes#plan")]
                option = {"id": "the-mode", "category": "mode", "type": "select"}
                result["configOptions"] = [{**option, "options": choices}]
            elif PART != "modeless":
                result["modes"] = {"currentModeId": "default", "availableModes": MODES}
            result["models"] = {"currentModelId": "a", "availableModels": []}
        case "session/load":
            say("what was said before")
            result = {"models": {}}
    send({"id": number, "result": result})


while True:
    message = receive()
    if message.get("method") == "session/prompt":
        answer_prompt(message["id"])
    elif "id" in message:
        answer(str(message["method"]), message["id"])
