#!/usr/bin/python3
"""Measures the kernel beside ipykernel in one run: bench/kernel

Start to ready, first cell, warm cell, 2,000 lines of output, idle memory, memory a cell, completion, interrupt latency.
Medians over several kernels (start, first cell, memory) and over many cells (the rest).
"""
import argparse
import json
import queue
import statistics
import sys
import time

from jupyter_client.manager import KernelManager

TIMEOUT = 60
DEFINED = 200  # cells that define something before completion, hover and signature help are asked for

CELLS = {  # what each kernel is asked to do, in its own language
    "interactive": {
        "value": "1 + {0}",
        "lines": "for (var i = 0; i < 2000; i++) Console.WriteLine(i);",
        "begun": 'Console.WriteLine("begun");',
        "set_up": "using System.Threading; using TorchSharp; long n = 0; var w = torch.zeros(64, 64);",
        "kept": ("n = 5;", "n", "5"),
        "define": "int number{0} = {0}; int Function{0}(int x) => x + number{0};",
        "questions": {"completion of a member": ("complete", "Console.Wri"), "completion of a name": ("complete", "numb"),
                      "hover": ("inspect", "Function7"), "signature help": ("inspect", "Math.Max(")},
        "busy": {
            "while loop": "while (true) n++;",
            "for loop": "for (;;) n++;",
            "method calls": "void F() { n++; } while (true) F();",
            "loop that catches all": "while (true) try { n++; } catch (Exception) { }",
            "LINQ": "Enumerable.Repeat(0L, int.MaxValue).Select(i => i * 2 + n).Sum();",
            "parallel loop": "Parallel.For(0, int.MaxValue, i => { Thread.SpinWait(10); });",
            "TorchSharp loop": "while (true) { using var x = torch.matmul(w, w); }",
            "Thread.Sleep": "Thread.Sleep(-1);",
            "await Task.Delay": "await Task.Delay(-1);",
            "loop after await": "await Task.Delay(1); while (true) n++;",
            "wait for a task": "Task.Run(() => { while (true) n++; }).Wait();",
            "input": "Input();",
        },
    },
    "python3": {
        "value": "1 + {0}",
        "lines": "for i in range(2000): print(i)",
        "begun": "print('begun')\n",
        "set_up": "import sys, time, asyncio, threading; n = 0",
        "kept": ("n = 5", "n", "5"),
        "define": "number{0} = {0}\ndef function{0}(x): return x + number{0}",
        "questions": {"completion of a member": ("complete", "sys.stdo"), "completion of a name": ("complete", "numb"),
                      "hover": ("inspect", "function7"), "signature help": ("inspect", "max(")},
        "busy": {
            "while loop": "while True: n += 1",
            "for loop": "for i in iter(int, 1): n += 1",
            "method calls": "def f():\n  global n\n  n += 1\nwhile True: f()",
            "LINQ": "sum(i * 2 for i in iter(int, 1))",
            "Thread.Sleep": "time.sleep(1000)",
            "await Task.Delay": "await asyncio.sleep(1000)",
            "wait for a task": "threading.Event().wait()",
            "input": "input()",
        },
    },
}


class Kernel:
    def __init__(self, name):
        begun = time.perf_counter()
        self.manager = KernelManager(kernel_name=name)
        self.manager.start_kernel()
        self.client = self.manager.client()
        self.client.start_channels()
        self.client.wait_for_ready(timeout=TIMEOUT)
        self.start = time.perf_counter() - begun

    def run(self, code):
        """Seconds from sending a cell to its idle status, and its value."""
        begun = time.perf_counter()
        value = self.wait(self.client.execute(code, allow_stdin=True))
        return time.perf_counter() - begun, value

    def wait(self, msg_id):
        value = None
        while True:
            message = self.client.get_iopub_msg(timeout=TIMEOUT)
            if message["parent_header"].get("msg_id") != msg_id:
                continue
            if message["msg_type"] == "execute_result":
                value = message["content"]["data"]["text/plain"]
            if message["content"].get("execution_state") == "idle":
                return value

    def interrupt(self, begun, code):
        """Seconds from the interrupt to the idle status of a busy cell; None when it does not end."""
        msg_id = self.client.execute(begun + code, allow_stdin=True)
        while True:
            message = self.client.get_iopub_msg(timeout=TIMEOUT)
            if message["parent_header"].get("msg_id") == msg_id and message["msg_type"] == "stream":
                break
        time.sleep(0.3)  # it is deep in what it does
        start = time.perf_counter()
        self.manager.interrupt_kernel()
        try:
            self.wait(msg_id)
        except queue.Empty:
            return None
        return time.perf_counter() - start

    def ask(self, kind, code):
        """Seconds from a question to its answer."""
        begun = time.perf_counter()
        msg_id = getattr(self.client, kind)(code, len(code))
        while self.client.get_shell_msg(timeout=TIMEOUT)["parent_header"].get("msg_id") != msg_id:
            pass
        return time.perf_counter() - begun

    def resident(self):
        with open(f"/proc/{self.manager.provisioner.pid}/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))

    def stop(self):
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


def measure(name, starts, cells):
    texts = CELLS[name]
    start, first, idle = [], [], []
    for _ in range(starts):
        kernel = Kernel(name)
        start.append(kernel.start)
        first.append(kernel.run("0")[0])
        time.sleep(1)
        idle.append(kernel.resident())
        kernel.stop()
    kernel = Kernel(name)
    for i in range(30):
        kernel.run(texts["value"].format(i))
    warm = [kernel.run(texts["value"].format(i))[0] for i in range(50)]
    lines = [kernel.run(texts["lines"])[0] for _ in range(9)]
    before = kernel.resident()
    for i in range(cells):
        kernel.run(texts["value"].format(i))
    per_cell = (kernel.resident() - before) / cells
    kernel.run(texts["set_up"])
    for i in range(DEFINED):
        kernel.run(texts["define"].format(i))
    answers = {what: statistics.median(kernel.ask(*question) for _ in range(15)) for what, question in texts["questions"].items()}
    interrupts, kept = {}, True
    for what, code in texts["busy"].items():
        interrupts[what] = kernel.interrupt(texts["begun"], code)
        kernel.run(texts["kept"][0])
        kept &= kernel.run(texts["kept"][1])[1] == texts["kept"][2]
    kernel.stop()
    median = statistics.median
    return {"startSeconds": median(start), "firstCellSeconds": median(first), "warmCellSeconds": median(warm), "linesSeconds": median(lines),
            "idleBytes": median(idle), "bytesPerCell": per_cell, "cells": cells, "answerSeconds": answers, "interruptSeconds": interrupts, "stateKept": kept}


def table(results):
    names = list(results)
    rows = [("", *names)]
    def row(label, key, scale, unit, digits=0):
        rows.append((label, *(f"{results[n][key] * scale:.{digits}f} {unit}" for n in names)))
    row("start to ready", "startSeconds", 1, "s", 2)
    row("first cell", "firstCellSeconds", 1000, "ms")
    row("warm cell", "warmCellSeconds", 1000, "ms", 1)
    row("2,000 lines", "linesSeconds", 1000, "ms")
    row("idle memory", "idleBytes", 2**-20, "MiB")
    row(f"memory a cell ({results[names[0]]['cells']} cells)", "bytesPerCell", 2**-10, "KiB", 1)
    for what in CELLS[names[0]]["questions"]:
        rows.append((f"{what} after {DEFINED} definitions", *(f"{results[n]['answerSeconds'][what] * 1000:.0f} ms" for n in names)))
    for what in CELLS[names[0]]["busy"]:
        cells = []
        for n in names:
            seconds = results[n]["interruptSeconds"].get(what, -1)
            cells.append("does not end" if seconds is None else "" if seconds < 0 else f"{seconds * 1000:.0f} ms")
        rows.append((f"interrupt: {what}", *cells))
    rows.append(("state kept after interrupts", *("yes" if results[n]["stateKept"] else "no" for n in names)))
    widths = [max(len(r[i]) for r in rows) for i in range(len(rows[0]))]
    return "\n".join("  ".join(c.ljust(w) if i == 0 else c.rjust(w) for i, (c, w) in enumerate(zip(r, widths))) for r in rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--starts", type=int, default=5, help="kernels started for start, first cell and idle memory")
    parser.add_argument("--cells", type=int, default=2000, help="cells over which memory may grow")
    parser.add_argument("--alone", action="store_true", help="without ipykernel")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    options = parser.parse_args()
    names = ["interactive"]
    try:
        import ipykernel
        names += [] if options.alone else ["python3"]
    except ImportError:
        print("ipykernel is not there (apt-get install python3-ipykernel): measuring alone", file=sys.stderr)
    results = {name: measure(name, options.starts, options.cells) for name in names}
    print(table({"ipykernel" if n == "python3" else n: r for n, r in results.items()}))
    if options.json:
        print(json.dumps({"ipykernel" if n == "python3" else n: r for n, r in results.items()}))


main()
