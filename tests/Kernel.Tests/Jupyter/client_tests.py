"""What Jupyter's suite leaves out: input, interrupt, display updates, comms, shutdown, several clients."""
import os
import signal
import subprocess
import sys
import time
import unittest

from jupyter_client import BlockingKernelClient
from jupyter_client.session import Session

from kernel_process import TIMEOUT, KernelTestCase

DISPLAY = "using Interactive.Extensions.Display;\n"


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rpartition(")")[2].split()[0] not in "ZX"
    except FileNotFoundError:
        return False


def wait_for_end(pid):
    end = time.time() + TIMEOUT
    while alive(pid) and time.time() < end:
        time.sleep(0.05)
    return not alive(pid)


class ExecuteTests(KernelTestCase):
    def test_streams_are_gathered_in_order(self):
        outcome = self.run_cell('for (var i = 0; i < 2000; i++) WriteLine(i); Console.Error.WriteLine("e"); WriteLine("end");')
        self.assertEqual(outcome.text(), "".join(f"{i}\n" for i in range(2000)) + "end\n")
        self.assertEqual(outcome.text("stderr"), "e\n")
        self.assertLess(len(outcome.of("stream")), 40)

    def test_text_precedes_what_is_shown_after_it(self):
        outcome = self.run_cell(DISPLAY + 'Write("a"); DisplayHost.Current.Display(MimeBundle.Plain("b")); Write("c"); 4')
        kinds = [m["msg_type"] for m in outcome.messages]
        self.assertEqual(kinds, ["status", "execute_input", "stream", "display_data", "stream", "execute_result", "status"])

    def test_execution_count(self):
        first = self.run_cell("1").reply["execution_count"]
        self.assertEqual(self.run_cell("1", store_history=False).reply["execution_count"], first)
        silent = self.run_cell("var kept = 5; kept", silent=True)
        self.assertEqual((silent.value, silent.of("execute_input")), (None, []))
        following = self.run_cell("kept")
        self.assertEqual((following.value, following.reply["execution_count"]), ("5", first + 1))

    def test_user_expressions(self):
        reply = self.run_cell("var u = 20;", user_expressions={"good": "u + 1", "bad": "nowhere"}).reply
        self.assertEqual(reply["user_expressions"]["good"]["data"]["text/plain"], "21")
        self.assertEqual(reply["user_expressions"]["bad"]["status"], "error")

    def test_error_has_clean_traceback(self):
        self.run_cell("int Inverse(int n)\n{\n    return 1 / n;\n}")
        count = self.run_cell("0").reply["execution_count"]
        outcome = self.run_cell("\nInverse(0);")
        error = outcome.of("error")[0]
        self.assertEqual(error["ename"], "System.DivideByZeroException")
        self.assertEqual(error["traceback"][1:], [f"   at Inverse in cell-{count - 1}:line 3", f"   at (top level) in cell-{count + 1}:line 2"])
        self.assertEqual(outcome.reply["ename"], error["ename"])

    def test_compile_error_names_the_line(self):
        outcome = self.run_cell("WriteLine(1);\nint x = \"no\";")
        self.assertRegex(outcome.of("error")[0]["traceback"][0], r"^cell-\d+\(2,9\): error CS0029")

    def test_stop_on_error_aborts_what_is_queued(self):
        ids = [self.send(code) for code in ('throw new Exception("x");', "1", "2")]
        outcomes = [self.reply(i)["content"]["status"] for i in ids]
        self.assertEqual(outcomes, ["error", "aborted", "aborted"])
        self.assertEqual(self.run_cell("3").value, "3")
        ids = [self.send('throw new Exception("x");', stop_on_error=False), self.send("4")]
        self.assertEqual([self.reply(i)["content"]["status"] for i in ids], ["error", "ok"])

    def test_await_and_background_output(self):
        outcome = self.run_cell("var later = Task.Run(async () => { await Task.Delay(300); WriteLine(\"late\"); }); await Task.Delay(1); 6")
        self.assertEqual(outcome.value, "6")
        following = self.send("await later; WriteLine(\"mine\");")
        owners = {}
        while len(owners) < 2:
            message = self.client.get_iopub_msg(timeout=TIMEOUT)
            if message["msg_type"] == "stream":
                owners[message["content"]["text"]] = message["parent_header"]["msg_id"]
        self.assertEqual(owners["mine\n"], following)
        self.assertNotEqual(owners["late\n"], following)
        self.reply(following)

    def test_display_update_and_clear(self):
        outcome = self.run_cell(DISPLAY + 'var id = DisplayHost.Current.Display(MimeBundle.Plain("one")); DisplayHost.Current.Update(id, MimeBundle.Plain("two")); DisplayHost.Current.Clear(true);')
        shown, updated = outcome.of("display_data")[0], outcome.of("update_display_data")[0]
        self.assertEqual((shown["data"]["text/plain"], updated["data"]["text/plain"]), ("one", "two"))
        self.assertEqual(shown["transient"]["display_id"], updated["transient"]["display_id"])
        self.assertEqual(outcome.of("clear_output"), [{"wait": True}])
        self.assertEqual(self.run_cell('DisplayHost.Current.Update(id, MimeBundle.Plain("three"));').of("update_display_data")[0]["transient"], shown["transient"])

    def test_display_of_any_value(self):
        outcome = self.run_cell("var shown = Display(3); shown.Update(new[] { 4, 5 });")
        self.assertEqual(outcome.of("display_data")[0]["data"]["text/plain"], "3")
        self.assertEqual(outcome.of("update_display_data")[0]["transient"], outcome.of("display_data")[0]["transient"])
        outcome = self.run_cell("Display(3)")  # what it returns is not shown once more
        self.assertEqual((len(outcome.of("display_data")), outcome.of("execute_result")), (1, []))
        outcome = self.run_cell("using TorchSharp; torch.zeros(2, 3)")
        self.assertIn("text/html", outcome.of("execute_result")[0]["data"])

    def test_unknown_directive(self):
        error = self.run_cell("#!nowhere 3").of("error")[0]
        self.assertRegex(error["evalue"], "^no directive #!nowhere")

    def test_positions_are_code_points(self):
        code = 'var s = "\U0001F600"; s.Len'
        reply = self.reply(self.client.complete(code))["content"]
        self.assertEqual((reply["matches"], reply["cursor_start"], reply["cursor_end"]), (["Length"], len(code) - 3, len(code)))


class BusyTests(KernelTestCase):
    def test_questions_are_answered_while_a_cell_runs(self):
        self.run_cell("var number = 3;")
        busy = self.send('WriteLine("begun"); while (true) ;')
        self.wait_until_running(busy)
        self.assertIn("number", self.reply(self.client.complete("numb"))["content"]["matches"])
        self.assertIn("number", self.reply(self.client.inspect("number"))["content"]["data"]["text/plain"])
        self.assertEqual(self.reply(self.client.is_complete("1"))["content"]["status"], "complete")
        self.manager.interrupt_kernel()
        self.assertEqual(self.reply(busy)["content"]["ename"], "Interrupted")

    def test_interrupt_keeps_state(self):
        self.run_cell("using System.Threading; var kept = 1;")
        def message():
            self.client.control_channel.send(self.client.session.msg("interrupt_request", {}))

        for how in (self.manager.interrupt_kernel, message, lambda: os.kill(self.manager.provisioner.pid, signal.SIGINT)):
            for code in ("while (true) kept++;", "Thread.Sleep(-1);", "await Task.Delay(-1);", "Enumerable.Repeat(1L, int.MaxValue).Select(i => i + 1).Sum();"):
                busy = self.send('WriteLine("begun");' + code)
                self.wait_until_running(busy)
                how()
                self.assertEqual(self.reply(busy)["content"]["ename"], "Interrupted", code)
                self.assertEqual(self.run_cell("kept = 7; kept").value, "7")

    def test_interrupt_of_a_parallel_loop_that_holds_the_pool(self):
        self.run_cell("using System.Threading;")
        busy = self.send('WriteLine("begun"); Parallel.For(0, int.MaxValue, i => { Thread.SpinWait(10); });')
        self.wait_until_running(busy)
        self.manager.interrupt_kernel()
        self.assertEqual(self.reply(busy)["content"]["ename"], "Interrupted")

    def test_tasks_that_wait_in_the_pool_do_not_hold_the_kernel(self):
        self.run_cell("using System.Threading; var gate = new ManualResetEventSlim(); for (var i = 0; i < 200; i++) _ = Task.Run(() => gate.Wait());")
        self.assertEqual(self.run_cell("40 + 2").value, "42")
        self.run_cell("gate.Set();")

    def test_interrupt_aborts_what_is_queued(self):
        ids = [self.send('WriteLine("begun"); while (true) ;'), self.send("1")]
        self.wait_until_running(ids[0])
        self.manager.interrupt_kernel()
        self.assertEqual([self.reply(i)["content"]["status"] for i in ids], ["error", "aborted"])

    def test_control_answers_kernel_info(self):
        session = self.client.session
        message = session.msg("kernel_info_request", {})
        self.client.control_channel.send(message)
        reply = self.client.get_control_msg(timeout=TIMEOUT)
        self.assertEqual((reply["msg_type"], reply["content"]["protocol_version"]), ("kernel_info_reply", "5.3"))
        message = session.msg("kernel_info_request", {})
        message["header"]["version"] = "5.5"
        self.client.control_channel.send(message)
        self.assertEqual(self.client.get_control_msg(timeout=TIMEOUT)["content"]["protocol_version"], "5.5")

    def test_heartbeat(self):
        self.assertTrue(self.client.hb_channel.is_beating() or self.client.is_alive())
        import zmq
        with zmq.Context.instance().socket(zmq.REQ) as beat:
            beat.linger = 0
            beat.connect(f"tcp://127.0.0.1:{self.client.hb_port}")
            beat.send(b"ping")
            self.assertTrue(beat.poll(TIMEOUT * 1000))
            self.assertEqual(beat.recv(), b"ping")

    def test_wrong_signature_is_ignored(self):
        forged = Session(key=b"wrong", username="x")
        forged.send(self.client.shell_channel.socket, "execute_request", {"code": "var forged = 1;", "silent": False})
        self.assertEqual(self.run_cell("forged").reply["status"], "error")


class InputTests(KernelTestCase):
    def ask(self, code, *answers):
        asked, left = [], list(answers)

        def answer(message):
            asked.append((message["content"]["prompt"], message["content"]["password"]))
            self.client.input(left.pop(0))

        outcome = self.run_cell(code, on_stdin=answer, allow_stdin=True)
        return outcome, asked

    def test_input_password_and_console(self):
        outcome, asked = self.ask('var n = Input("name? "); var p = Password("secret? "); var c = Console.ReadLine(); $"{n} {p} {c}"', "ann", "s3", "line")
        self.assertEqual(outcome.value, "ann s3 line")
        self.assertEqual(asked, [("name? ", False), ("secret? ", True), ("", False)])

    def test_interrupt_of_input(self):
        def interrupt(message):
            self.manager.interrupt_kernel()

        outcome = self.run_cell("var kept = 3; Input();", on_stdin=interrupt, allow_stdin=True)
        self.assertEqual(outcome.reply["ename"], "Interrupted")
        self.assertEqual(self.run_cell("kept").value, "3")

    def test_client_without_input(self):
        outcome = self.run_cell("Input();", allow_stdin=False)
        self.assertEqual(outcome.reply["evalue"], "this client takes no input")


class CommTests(KernelTestCase):
    def send_comm(self, kind, content):
        message = self.client.session.msg(kind, content)
        self.client.shell_channel.send(message)
        msg_id = message["header"]["msg_id"]
        messages = []
        while True:
            found = self.client.get_iopub_msg(timeout=TIMEOUT)
            if found["parent_header"].get("msg_id") != msg_id:
                continue
            messages.append((found["msg_type"], found["content"]))
            if found["content"].get("execution_state") == "idle":
                return [m for m in messages if m[0] != "status"]

    def comms(self):
        msg_id = self.client.comm_info()
        return self.reply(msg_id)["content"]["comms"]

    def test_client_opens_talks_and_closes(self):
        self.run_cell('using Interactive.Kernel.Jupyter; CommTargets.Current.Register("echo", (comm, data) => comm.Received += d => comm.Send(System.Text.Json.Nodes.JsonNode.Parse(d.GetRawText())));')
        self.assertEqual(self.send_comm("comm_open", {"comm_id": "c1", "target_name": "echo", "data": {}}), [])
        self.assertEqual(self.comms(), {"c1": {"target_name": "echo"}})
        self.assertEqual(self.send_comm("comm_msg", {"comm_id": "c1", "data": {"x": [1, "a"]}}), [("comm_msg", {"comm_id": "c1", "data": {"x": [1, "a"]}})])
        self.assertEqual(self.send_comm("comm_close", {"comm_id": "c1", "data": {}}), [])
        self.assertEqual(self.comms(), {})

    def test_unknown_target_is_closed(self):
        self.assertEqual(self.send_comm("comm_open", {"comm_id": "c2", "target_name": "nowhere", "data": {}}), [("comm_close", {"comm_id": "c2", "data": {}})])

    def test_kernel_opens(self):
        outcome = self.run_cell('var comm = Interactive.Kernel.Jupyter.CommTargets.Current.Open("view"); comm.Send(System.Text.Json.Nodes.JsonNode.Parse("{\\"v\\":1}")); comm.Close();')
        self.assertEqual([m["msg_type"] for m in outcome.messages if m["msg_type"].startswith("comm")], ["comm_open", "comm_msg", "comm_close"])


class LifeTests(KernelTestCase):
    def test_two_clients(self):
        other = BlockingKernelClient(connection_file=self.manager.connection_file)  # with a session of its own
        other.load_connection_file()
        other.start_channels()
        try:
            other.wait_for_ready(timeout=TIMEOUT)
            self.run_cell("var shared = 11;")
            msg_id = self.send('WriteLine("to all"); shared', other)
            seen = self.collect(msg_id, other)
            self.assertEqual(seen.value, "11")
            texts = []
            while "to all\n" not in texts:  # the first client sees the other's output as well
                message = self.client.get_iopub_msg(timeout=TIMEOUT)
                if message["msg_type"] == "stream":
                    self.assertEqual(message["parent_header"]["msg_id"], msg_id)
                    texts.append(message["content"]["text"])
        finally:
            other.stop_channels()

    def test_restart_forgets(self):
        manager, client = self.start()
        try:
            self.run_cell("var old = 1;", client)
            manager.restart_kernel()
            client.stop_channels()
            client = self.connect(manager)
            self.assertEqual(self.run_cell("old", client).reply["ename"], "CompileError")
            self.assertEqual(self.run_cell("1 + 1", client).value, "2")
        finally:
            self.stop(manager, client)

    def test_shutdown_ends_a_busy_kernel(self):
        manager, client = self.start()
        pid = manager.provisioner.pid
        client.execute("while (true) ;")
        client.shutdown()
        reply = client.get_control_msg(timeout=TIMEOUT)
        self.assertEqual((reply["msg_type"], reply["content"]), ("shutdown_reply", {"status": "ok", "restart": False}))
        self.assertTrue(wait_for_end(pid))
        self.stop(manager, client)

    def test_kernel_ends_with_its_client(self):
        program = "from kernel_process import KernelTestCase; import os; m, c = KernelTestCase.start(); print(m.provisioner.pid, flush=True); os._exit(0)"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=TIMEOUT, cwd=os.path.dirname(os.path.abspath(__file__)))
        self.assertTrue(wait_for_end(int(done.stdout)), done.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
