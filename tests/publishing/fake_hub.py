"""As much of the Hub's HTTP interface as a push needs, on this machine: repositories, files of any size, commits."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

TOKEN = "hf_of-a-test"
LARGE = (".keras", ".onnx")


class FakeHub:
    """What was made and committed; `refuses` is the status that every commit is answered with."""

    def __init__(self) -> None:
        self.repositories: dict[str, dict[str, bytes]] = {}
        self.private: dict[str, bool] = {}
        self.stored: dict[str, bytes] = {}
        self.messages: list[str] = []
        self.refuses = 0
        self.url = ""

    def answer(self, path: str, body: bytes) -> tuple[int, dict[str, object]]:
        if path == "/api/repos/create":
            asked = json.loads(body)
            name = f"{asked.get('organization') or 'somebody'}/{asked['name']}"
            self.repositories.setdefault(name, {})
            self.private.setdefault(name, asked.get("private", asked.get("visibility") == "private"))
            return 200, {"url": f"{self.url}/{name}", "id": name, "name": name}
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        if "/preupload/" in path:
            files = [entry["path"] for entry in json.loads(body)["files"]]
            modes = [{"path": name, "uploadMode": "lfs" if name.endswith(LARGE) else "regular"} for name in files]
            return 200, {"files": [{**mode, "shouldIgnore": False} for mode in modes]}
        if path.endswith(".git/info/lfs/objects/batch"):
            objects = json.loads(body)["objects"]
            actions = [{**one, "actions": {"upload": {"href": f"{self.url}/put/{one['oid']}"}}} for one in objects]
            return 200, {"transfer": "basic", "objects": actions}
        if path.startswith("/put/"):
            sha = path.removeprefix("/put/")
            if hashlib.sha256(body).hexdigest() != sha:
                return 400, {"error": "another file"}
            self.stored[sha] = body
            return 200, {}
        if "/commit/" in path:
            if self.refuses:
                return self.refuses, {"error": "not allowed"}
            name = path.removeprefix("/api/models/").split("/commit/")[0]
            for line in map(json.loads, body.splitlines()):
                value = line["value"]
                if line["key"] == "header":
                    self.messages.append(value["summary"])
                elif line["key"] == "file":
                    self.repositories[name][value["path"]] = base64.b64decode(value["content"])
                elif line["key"] == "lfsFile":
                    self.repositories[name][value["path"]] = self.stored[value["oid"]]
            return 200, {"commitUrl": f"{self.url}/{name}/commit/{'a' * 40}", "commitOid": "a" * 40}
        return 404, {"error": f"nothing at {path}"}


@contextmanager
def running() -> Iterator[FakeHub]:
    hub = FakeHub()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.body()
            known = self.headers.get("Authorization") == f"Bearer {TOKEN}" or self.path.startswith("/put/")
            status, content = hub.answer(self.path.split("?")[0], body) if known else (401, {"error": "who?"})
            text = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        def body(self) -> bytes:
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length") or 0))
            whole = b""
            while length := int(self.rfile.readline(), 16):
                whole += self.rfile.read(length)
                self.rfile.readline()
            self.rfile.readline()
            return whole

        def do_PUT(self) -> None:
            self.do_POST()

        def do_GET(self) -> None:
            self.do_POST()

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hub.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield hub
        finally:
            server.shutdown()
            thread.join()
