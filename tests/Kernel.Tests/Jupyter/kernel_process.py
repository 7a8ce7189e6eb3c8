"""A kernel with a client, and what tests ask of them."""
import queue
import signal
import time
import unittest

from jupyter_client.manager import KernelManager

TIMEOUT = 90


class Outcome:
    """What came of one cell."""

    def __init__(self, reply, messages):
        self.reply = reply["content"]
        self.messages = messages

    def of(self, kind):
        return [m["content"] for m in self.messages if m["msg_type"] == kind]

    def text(self, stream="stdout"):
        return "".join(c["text"] for c in self.of("stream") if c["name"] == stream)

    @property
    def value(self):
        results = self.of("execute_result")
        return results[0]["data"]["text/plain"] if results else None


class KernelTestCase(unittest.TestCase):
    """One kernel for all tests of a class, unless a test starts its own."""

    kernel = "interactive"

    @classmethod
    def setUpClass(cls):
        cls.manager, cls.client = cls.start()

    @classmethod
    def tearDownClass(cls):
        cls.stop(cls.manager, cls.client)

    @classmethod
    def start(cls):
        manager = KernelManager(kernel_name=cls.kernel)
        # As under a server that a script has started in the background.
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        manager.start_kernel()
        signal.signal(signal.SIGINT, before)
        return manager, KernelTestCase.connect(manager)

    @staticmethod
    def connect(manager):
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=TIMEOUT)
        return client

    @staticmethod
    def stop(manager, client):
        client.stop_channels()
        manager.shutdown_kernel(now=True)

    def send(self, code, client=None, **options):
        return (client or self.client).execute(code, **options)

    def collect(self, msg_id, client=None, on_stdin=None):
        """Waits for the reply and the idle status of a request."""
        client = client or self.client
        messages, end = [], time.time() + TIMEOUT
        while True:
            self.assertLess(time.time(), end, f"no end of {msg_id}: {messages}")
            if on_stdin:
                try:
                    on_stdin(client.get_stdin_msg(timeout=0.05))
                except queue.Empty:
                    pass
            try:
                message = client.get_iopub_msg(timeout=0.05)
            except queue.Empty:
                continue
            if message["parent_header"].get("msg_id") != msg_id:
                continue
            messages.append(message)
            if message["msg_type"] == "status" and message["content"]["execution_state"] == "idle":
                break
        return Outcome(self.reply(msg_id, client), messages)

    def reply(self, msg_id, client=None):
        while True:
            reply = (client or self.client).get_shell_msg(timeout=TIMEOUT)
            if reply["parent_header"].get("msg_id") == msg_id:
                return reply

    def run_cell(self, code, client=None, on_stdin=None, **options):
        return self.collect(self.send(code, client, **options), client, on_stdin)

    def wait_until_running(self, msg_id):
        """Waits until the cell has said that it has begun: its first line writes "begun"."""
        end = time.time() + TIMEOUT
        while time.time() < end:
            try:
                message = self.client.get_iopub_msg(timeout=0.5)
            except queue.Empty:
                continue
            if message["parent_header"].get("msg_id") == msg_id and message["msg_type"] == "stream":
                return
        self.fail("the cell has not begun")
