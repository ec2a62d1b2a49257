"""A stand-in for an inference server: works, and counts tokens on a page in the manner of vLLM.

Run as a program with the port to listen on, the file that tells how many tokens to have generated,
and the address to listen on where that is not loopback. It prints its port, works about a
millisecond of CPU time for each token, and shows what it came to under the names that vLLM has. It
knows nothing of joulebook. The file ``.read`` beside the other grows by a byte whenever somebody
reads the page.
"""

import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_TOKEN_S = 0.001
_MODEL = 'model_name="org/served"'
_PAGE = """\
# TYPE vllm:num_requests_running gauge
vllm:num_requests_running{{engine="0",{model}}} 4.0
# TYPE vllm:prompt_tokens_total counter
vllm:prompt_tokens_total{{engine="0",{model}}} {prompted}.0
# TYPE vllm:generation_tokens_total counter
vllm:generation_tokens_total{{engine="0",{model}}} {generated}.0
# TYPE vllm:request_success_total counter
vllm:request_success_total{{engine="0",finished_reason="stop",{model}}} {requests}.0
"""
_TOKENS_A_REQUEST = 100


class Engine:
    """Generates tokens, by burning CPU time."""

    def __init__(self, asked: Path) -> None:
        self._asked = asked
        self.generated = 0

    def run(self) -> None:
        """Work for ever."""
        while True:
            if self.generated < int(self._asked.read_text() or 0):
                self._generate()
            else:
                time.sleep(0.02)

    def page(self) -> str:
        """What it came to so far."""
        requests = self.generated // _TOKENS_A_REQUEST
        return _PAGE.format(
            model=_MODEL,
            generated=self.generated,
            prompted=requests * _TOKENS_A_REQUEST // 2,
            requests=requests,
        )

    def _generate(self) -> None:
        until = time.thread_time() + _TOKENS_A_REQUEST * _TOKEN_S
        while time.thread_time() < until:
            pass
        self.generated += _TOKENS_A_REQUEST


def main(port: int, asked: Path, host: str = "127.0.0.1") -> None:
    """Serve until killed."""
    engine = Engine(asked)

    class Page(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = engine.page().encode()
            with asked.with_suffix(".read").open("a") as reads:
                reads.write(".")
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    server = ThreadingHTTPServer((host, port), Page)
    threading.Thread(target=engine.run, daemon=True).start()
    sys.stdout.write(f"{server.server_port}\n")
    sys.stdout.flush()
    server.serve_forever()


if __name__ == "__main__":
    main(int(sys.argv[1]), Path(sys.argv[2]), *sys.argv[3:])
