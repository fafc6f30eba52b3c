"""The four protocols as a program speaks them; each offers the tools `write` and `run`."""

import json
from collections.abc import Sequence
from typing import Final

from ropewalk.agents.fields import Fields, below, count_at, objects_at, text_at
from ropewalk.model.values import JsonObject
from tests.model_server.raw_client import SCHEMAS, Dialect, Heard


def _messages_body(prompt: str, earlier: Sequence[Heard]) -> JsonObject:
    turns: list[JsonObject] = [{"role": "user", "content": prompt}]
    for heard in earlier:
        called = {"type": "tool_use", "id": heard.id, "name": heard.name, "input": {}}
        result = {"type": "tool_result", "tool_use_id": heard.id, "content": "fine"}
        turns += [{"role": "assistant", "content": [called]}, {"role": "user", "content": [result]}]
    tools = [{"name": name, "input_schema": schema} for name, schema in SCHEMAS.items()]
    return {"model": "m", "max_tokens": 100, "messages": turns, "tools": tools}


def _hear_messages(answer: Fields) -> Heard:
    text = called = None
    for block in objects_at(answer, "content"):
        match text_at(block, "type"):
            case "text":
                text = block
            case "tool_use":
                called = block
            case _:
                pass
    called = called or {}
    return Heard(
        text=text_at(text or {}, "text"),
        id=text_at(called, "id"),
        name=text_at(called, "name"),
        arguments=json.dumps(called["input"]) if called else "",
        stop=text_at(answer, "stop_reason"),
        input_tokens=count_at(below(answer, "usage"), "input_tokens") or 0,
    )


def _hear_message_events(events: Sequence[Fields]) -> Heard:
    started = [below(event, "content_block") for event in events]
    called = next((block for block in started if text_at(block, "type") == "tool_use"), {})
    deltas = [below(event, "delta") for event in events]
    return Heard(
        text="".join(text_at(delta, "text") for delta in deltas),
        id=text_at(called, "id"),
        name=text_at(called, "name"),
        arguments="".join(text_at(delta, "partial_json") for delta in deltas),
        stop="".join(text_at(delta, "stop_reason") for delta in deltas),
        input_tokens=count_at(below(events[0], "message", "usage"), "input_tokens") or 0,
    )


def _responses_body(prompt: str, earlier: Sequence[Heard]) -> JsonObject:
    items: list[JsonObject] = [{"type": "message", "role": "user", "content": prompt}]
    for heard in earlier:
        called = {"call_id": heard.id, "name": heard.name, "arguments": heard.arguments}
        items.append({"type": "function_call", **called})
        items.append({"type": "function_call_output", "call_id": heard.id, "output": "fine"})
    tools = [
        {"type": "function", "name": name, "parameters": schema} for name, schema in SCHEMAS.items()
    ]
    return {"model": "m", "input": items, "tools": tools}


def _hear_response(answer: Fields) -> Heard:
    items = {text_at(item, "type"): item for item in objects_at(answer, "output")}
    called = items.get("function_call", {})
    parts = objects_at(items.get("message", {}), "content")
    return Heard(
        text="".join(text_at(part, "text") for part in parts),
        id=text_at(called, "call_id"),
        name=text_at(called, "name"),
        arguments=text_at(called, "arguments"),
        stop=_response_stop(answer),
        input_tokens=count_at(below(answer, "usage"), "input_tokens") or 0,
    )


def _hear_response_events(events: Sequence[Fields]) -> Heard:
    items = [
        below(event, "item") for event in events if event["type"] == "response.output_item.added"
    ]
    called = next((item for item in items if text_at(item, "type") == "function_call"), {})
    ended = below(events[-1], "response")
    return Heard(
        text=_deltas(events, "response.output_text.delta"),
        id=text_at(called, "call_id"),
        name=text_at(called, "name"),
        arguments=_deltas(events, "response.function_call_arguments.delta"),
        stop=_response_stop(ended),
        input_tokens=count_at(below(ended, "usage"), "input_tokens") or 0,
    )


def _deltas(events: Sequence[Fields], kind: str) -> str:
    return "".join(text_at(event, "delta") for event in events if event["type"] == kind)


def _response_stop(response: Fields) -> str:
    parts = [
        part for item in objects_at(response, "output") for part in objects_at(item, "content")
    ]
    if any(text_at(part, "type") == "refusal" for part in parts):
        return "refusal"
    return text_at(below(response, "incomplete_details"), "reason") or text_at(response, "status")


def _chat_body(prompt: str, earlier: Sequence[Heard]) -> JsonObject:
    turns: list[JsonObject] = [{"role": "user", "content": prompt}]
    for heard in earlier:
        function = {"name": heard.name, "arguments": heard.arguments}
        called = {"id": heard.id, "type": "function", "function": function}
        turns.append({"role": "assistant", "tool_calls": [called]})
        turns.append({"role": "tool", "tool_call_id": heard.id, "content": "fine"})
    tools = [
        {"type": "function", "function": {"name": name, "parameters": schema}}
        for name, schema in SCHEMAS.items()
    ]
    return {"model": "m", "messages": turns, "tools": tools}


def _hear_chat(answer: Fields) -> Heard:
    choice = objects_at(answer, "choices")[0]
    message = below(choice, "message")
    called = next(iter(objects_at(message, "tool_calls")), {})
    return Heard(
        text=text_at(message, "content"),
        id=text_at(called, "id"),
        name=text_at(below(called, "function"), "name"),
        arguments=text_at(below(called, "function"), "arguments"),
        stop=text_at(choice, "finish_reason"),
        input_tokens=count_at(below(answer, "usage"), "prompt_tokens") or 0,
    )


def _hear_chat_events(events: Sequence[Fields]) -> Heard:
    choices = [choice for event in events for choice in objects_at(event, "choices")]
    deltas = [below(choice, "delta") for choice in choices]
    calls = [call for delta in deltas for call in objects_at(delta, "tool_calls")]
    return Heard(
        text="".join(text_at(delta, "content") for delta in deltas),
        id="".join(text_at(call, "id") for call in calls),
        name="".join(text_at(below(call, "function"), "name") for call in calls),
        arguments="".join(text_at(below(call, "function"), "arguments") for call in calls),
        stop="".join(text_at(choice, "finish_reason") for choice in choices),
        input_tokens=count_at(below(events[-1], "usage"), "prompt_tokens") or 0,
    )


def _gemini_body(prompt: str, earlier: Sequence[Heard]) -> JsonObject:
    turns: list[JsonObject] = [{"role": "user", "parts": [{"text": prompt}]}]
    for heard in earlier:
        called = {"id": heard.id, "name": heard.name}
        result = {**called, "response": {"output": "fine"}}
        turns.append({"role": "model", "parts": [{"functionCall": {**called, "args": {}}}]})
        turns.append({"role": "user", "parts": [{"functionResponse": result}]})
    functions = [{"name": name, "parametersJsonSchema": schema} for name, schema in SCHEMAS.items()]
    return {"contents": turns, "tools": [{"functionDeclarations": functions}]}


def _hear_gemini(answer: Fields) -> Heard:
    return _hear_gemini_events([answer])


def _hear_gemini_events(events: Sequence[Fields]) -> Heard:
    candidates = [candidate for event in events for candidate in objects_at(event, "candidates")]
    parts = [part for one in candidates for part in objects_at(below(one, "content"), "parts")]
    called = next((part for part in parts if "functionCall" in part), {})
    call = below(called, "functionCall")
    return Heard(
        text="".join(text_at(part, "text") for part in parts if "thought" not in part),
        id=text_at(call, "id"),
        name=text_at(call, "name"),
        arguments=json.dumps(call["args"]) if call else "",
        stop="".join(text_at(candidate, "finishReason") for candidate in candidates),
        input_tokens=count_at(below(events[-1], "usageMetadata"), "promptTokenCount") or 0,
    )


MESSAGES: Final = Dialect(
    name="messages",
    key_header="x-api-key",
    path="/v1/messages",
    body=_messages_body,
    hear=_hear_messages,
    hear_events=_hear_message_events,
)
RESPONSES: Final = Dialect(
    name="responses",
    key_header="authorization",
    path="/v1/responses",
    body=_responses_body,
    hear=_hear_response,
    hear_events=_hear_response_events,
)
CHAT: Final = Dialect(
    name="chat",
    key_header="authorization",
    path="/v1/chat/completions",
    body=_chat_body,
    hear=_hear_chat,
    hear_events=_hear_chat_events,
)
GEMINI: Final = Dialect(
    name="gemini",
    key_header="x-goog-api-key",
    path="/v1beta/models/m:generateContent",
    stream_path="/v1beta/models/m:streamGenerateContent?alt=sse",
    body=_gemini_body,
    hear=_hear_gemini,
    hear_events=_hear_gemini_events,
)
DIALECTS: Final = (MESSAGES, RESPONSES, CHAT, GEMINI)
