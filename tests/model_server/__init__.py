"""A model server on loopback that plays scenes to coding agents: the manual.

    with ModelServer(folder) as server:
        stage = server.add(
            Scene(key="dummy-key-1", turns=(Write("a.txt", "hello\n"), Shell("true"), Say("done")))
        )
        ...  # run a program with ANTHROPIC_BASE_URL=server.url and ANTHROPIC_API_KEY=dummy-key-1
        stage.requests  # what it asked: path, protocol, body, headers, at, is_main, faulted
        stage.failed  # why a turn could not be put into a tool call, empty when all could
        server.strange  # requests that no scene was for: a wrong key, an unknown path

The address is `server.url` for Anthropic and Gemini, `server.url + "/v1"` for OpenAI. It answers
`/v1/messages`, `/v1/responses`, `/v1/chat/completions`, Gemini's `:generateContent` and
`:streamGenerateContent`, the counting of tokens, `/models` and HEAD; every body that asks for words
is kept below `folder`.

**Which scene** answers a request: that of its key (`x-api-key`, `Authorization: Bearer`,
`x-goog-api-key`, `?key=`), or of its path where that begins with `/run/KEY/` (give the program
`server.url + "/run/KEY"`). Scenes that share a key are told apart by `mentions`, a text that the
request holds, such as the path of a worktree; the newest that fits is taken. A key that no scene
has is answered by 401.

**Position.** Each tool call has an id of its own; the next turn is the one after the last call
whose result the request holds. So a request that is sent again gets the same answer, a session that
is resumed goes on, and one that begins anew begins anew. `Say` before a call is said along with
it; the last `Say` ends the run. `answer` replaces the last `Say`: as the JSON that a schema wants
(`output_config`, `text.format`, `response_format`, `responseJsonSchema`), by the tool
`StructuredOutput` where one is offered, else as text; it need not be JSON. A tuple of answers is
given one by one, a request each.

**Side requests** (titles, classifiers) are those that offer no tool to write, patch or run a shell,
unless the scene has an `answer` and they offer other tools or want a schema that it could meet.
They get `aside`, or an example of the schema they want; they are no turn and suffer no fault unless
`all_requests` says so.

**Faults** (`Fault(kind, after=, times=, retry_after_s=, all_requests=)`): the requests that go well
before it and those that it befalls are main requests. Errors by status, in the words of each
protocol: RATE_LIMIT 429, OVERLOADED 529, SERVER_ERROR 500, UNAVAILABLE 503, UNAUTHORIZED 401,
FORBIDDEN 403, NOT_FOUND 404, CONTEXT and CREDIT 400. Deliveries: HANG (nothing comes), STALL (half
comes, and nothing more), RESET and DROP (half comes, and the connection ends: by a reset, or as if
all were well), SSE_ERROR (half, then an error as an event), MALFORMED_SSE (half, then an event that
is no JSON), BAD_JSON and HTML (status 200), SLOW (0.2 s before every event). Words: EMPTY, REFUSAL,
MAX_TOKENS, MAX_TOKENS_IN_TOOL (the limit falls into the arguments of a call), TRUNCATED_TOOL (they
break off and the answer says that all is well). Where an answer does not stream, SSE_ERROR and
MALFORMED_SSE are BAD_JSON; a cut call has no arguments where these are an object, and for Gemini a
cut call is the finish reason MAX_TOKENS or MALFORMED_FUNCTION_CALL.

**Tools.** `Write` uses a tool that writes files, else `apply_patch`, else a shell; `Shell` a tool
that runs commands; names and arguments stand in `tools.py`. Where a tool wants an absolute path,
the worktree is taken from `Scene.cwd`, else from the first line `cd PATH` of the prompt, else from
what the program says about its folder. `Call(name, arguments)` calls a tool of that very name.
A file that exists or stands in a new folder is written by a shell where the tool would refuse. A
call that fails is not tried again: the next turn follows its result, whatever that says.

**Real programs**, each seen to write a file and to run a command in a linked worktree, with a
cleared environment, a HOME of its own and nothing but loopback:

- claude 2.1.328: `ANTHROPIC_BASE_URL=URL`, `ANTHROPIC_API_KEY=KEY`. A resumed session goes on.
- codex 0.169.0: in `$CODEX_HOME/config.toml` `model_provider = "x"` and `[model_providers.x]` with
  `name`, `base_url = "URL/v1"`, `wire_api = "responses"`, `env_key = "X_KEY"`; `X_KEY=KEY`. The
  model decides which tools are offered: one with an unknown name gets `exec_command` (and an item
  of type error, which is a warning), gpt-5.5 a free-form `apply_patch` too (items of type
  file_change), gpt-6-sol a script tool `exec`. `exec_command` comes back after 30 s; the command
  runs on.
- gemini 0.61.0: `GOOGLE_GEMINI_BASE_URL=URL`, `GEMINI_API_KEY=KEY`, and in `settings.json`
  `security.auth.selectedType = "gemini-api-key"`; `--skip-trust`. The approval mode `default`
  offers no tool that writes, so that every request is a side request.
- opencode 1.18.33: a provider in `OPENCODE_CONFIG_CONTENT` with `npm` `@ai-sdk/anthropic` or
  `@ai-sdk/openai-compatible`, both with `baseURL` `URL/v1`, and `apiKey`. It asks for a title
  first, as a side request.
- copilot 1.0.102: `COPILOT_PROVIDER_TYPE=anthropic`, `COPILOT_PROVIDER_BASE_URL=URL` (type openai:
  `URL/v1`), `COPILOT_PROVIDER_API_KEY=KEY`, `COPILOT_MODEL`, `COPILOT_OFFLINE=true`.
- qwen 0.24.4: `OPENAI_BASE_URL=URL/v1`, `OPENAI_API_KEY=KEY`, `--auth-type openai`.
"""

from tests.model_server.scene import (
    Call,
    Fault,
    FaultKind,
    Request,
    Say,
    Scene,
    Shell,
    TokenCounts,
    Turn,
    Write,
)
from tests.model_server.server import ModelServer
from tests.model_server.stage import Stage

__all__ = [
    "Call",
    "Fault",
    "FaultKind",
    "ModelServer",
    "Request",
    "Say",
    "Scene",
    "Shell",
    "Stage",
    "TokenCounts",
    "Turn",
    "Write",
]
