using System.Runtime.InteropServices;
using System.Text.Json.Nodes;
using Interactive.Extensions.Display;
using Interactive.Kernel.Notebooks;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Jupyter;

/// <summary>A Jupyter kernel: answers a client's requests until it is told to end or its client is gone.</summary>
internal sealed class JupyterKernel
{
    private readonly ScriptSession session;
    private readonly InputHistory history = new();
    private readonly Outbox outbox;
    private readonly CellExecutor executor;
    private readonly CommTargets comms;
    private readonly KernelInput input;
    private readonly KernelSockets sockets;
    private readonly TaskCompletionSource ended = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <exception cref="UsageException">A port is taken.</exception>
    public JupyterKernel(KernelConnection connection, ScriptSession session)
    {
        this.session = session;
        var wire = new WireFormat(connection.Key);
        sockets = new(connection, wire);
        outbox = new(wire, sockets.Send);
        executor = new(session, outbox, history, sockets.ReceivePending);
        comms = CommTargets.Current = new((type, content) => outbox.Publish(type, CellOutput.Current?.Header, content));
        input = new(outbox);
        sockets.Received += Receive;
    }

    /// <summary>Serves until a client asks for the end, or the process that has started this one is gone.</summary>
    public void Run()
    {
        DisplayHost.Current = new JupyterDisplayHost(outbox);
        InputHost.Current = input;
        Console.SetIn(input);
        Console.SetOut(new OutputStream(outbox, "stdout"));
        Console.SetError(new OutputStream(outbox, "stderr"));
        using var stdout = new NativeOutput(1, text => outbox.Write("stdout", text, CellOutput.Current?.Header));
        // the kernel's log
        using var stderr = new NativeOutput(2, text => outbox.Write("stderr", text, CellOutput.Current?.Header),
            echoes: true);
        executor.Drain(stdout, stderr);
        DisplayHost.IsInterrupted = () => CellRun.IsCurrentInterrupted;
        // A thread that a cell has started may throw, and the kernel goes on.
        ThreadErrors.Handle(e => Console.Error.WriteLine($"On a thread of its own: {ScriptTrace.Format(e)}"));
        // a cell may end the process
        AppDomain.CurrentDomain.ProcessExit += (_, _) => outbox.Flush().Wait(TimeSpan.FromSeconds(1));
        using var interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, context =>
        {
            context.Cancel = true;
            session.Interrupt();
        });
        PoolRelief.Start();
        sockets.Start();
        outbox.Publish("status", null, new() { ["execution_state"] = "starting" });
        if (ParentWatch.Parent is { } parent)
            _ = ParentWatch.Ended(parent).ContinueWith(_ => ended.TrySetResult(), TaskScheduler.Default);
        _ = Task.Run(() => WarmUp.Run(session));
        ended.Task.Wait();
        outbox.Flush().Wait(TimeSpan.FromSeconds(1));
        sockets.Dispose();
    }

    // On the sockets' thread: whatever takes time goes elsewhere.
    private void Receive(KernelRequest request)
    {
        switch (request.Type)
        {
            case "execute_request": executor.Add(request); break;
            case "input_reply": input.Answer(request.Text("value")); break;
            case "interrupt_request":
                session.Interrupt();
                Answer(request, () => Task.FromResult(Ok()));
                break;
            case "shutdown_request": Shutdown(request); break;
            case "comm_open" or "comm_msg" or "comm_close": Answer(request, () => Handle(request), reply: false); break;
            default:
                if (Question(request) is { } question) Answer(request, question);
                else outbox.Write("stderr", $"interactive: {request.Type} is not served\n", request.Header);
                break;
        }
    }

    private Func<Task<JsonObject>>? Question(KernelRequest request) => request.Type switch
    {
        "kernel_info_request" => () => Task.FromResult(KernelInfo.Describe(request.Version)),
        "complete_request" => () => Complete(request),
        "inspect_request" => () => Inspect(request),
        "is_complete_request" => () => Task.FromResult(IsComplete(request)),
        "history_request" => () => Task.FromResult(Ok(("history", history.Answer(request)))),
        "comm_info_request" => () => Task.FromResult(Ok(("comms", comms.List(request.Text("target_name"))))),
        _ => null,
    };

    private void Answer(KernelRequest request, Func<Task<JsonObject>> answer, bool reply = true) => Task.Run(async () =>
    {
        outbox.Publish("status", request.Header, new() { ["execution_state"] = "busy" });
        JsonObject content;
        try { content = await answer().ConfigureAwait(false); }
        catch (Exception e)
        {
            content = CellError.Describe(e, interrupted: false);
            content["status"] = "error";
            if (!reply) outbox.Write("stderr", ScriptTrace.Format(e) + "\n", request.Header);
        }
        if (reply) outbox.Reply(request, content);
        outbox.Publish("status", request.Header, new() { ["execution_state"] = "idle" });
    });

    private async Task<JsonObject> Complete(KernelRequest request)
    {
        var code = request.Text("code");
        var position = CodePoints.ToUnits(code, request.Number("cursor_pos", int.MaxValue));
        var items = await session.CompleteAsync(code, position).ConfigureAwait(false);
        int start = items.Count > 0 ? items[0].Start : position, end = items.Count > 0 ? items[0].End : position;
        int from = CodePoints.FromUnits(code, start), to = CodePoints.FromUnits(code, end);
        var types = items.Select(i => (JsonNode)new JsonObject
        {
            ["start"] = from, ["end"] = to, ["text"] = i.Text, ["type"] =
            i.Kind, ["signature"] = i.Signature
        });
        return Ok(("matches", new JsonArray([.. items.Select(i => (JsonNode)i.Text)])), ("cursor_start", from),
            ("cursor_end", to),
            ("metadata", new JsonObject { ["_jupyter_types_experimental"] = new JsonArray([.. types]) }));
    }

    private async Task<JsonObject> Inspect(KernelRequest request)
    {
        var code = request.Text("code");
        var text = await session.InspectAsync(code,
            CodePoints.ToUnits(code, request.Number("cursor_pos", int.MaxValue))).ConfigureAwait(false);
        return Ok(("found", text is not null),
            ("data", text is null ? new JsonObject() : new JsonObject { ["text/plain"] = text }),
            ("metadata", new JsonObject()));
    }

    private static JsonObject IsComplete(KernelRequest request) => ScriptSession.IsComplete(request.Text("code")) switch
    {
        true => new() { ["status"] = "complete" },
        false => new() { ["status"] = "incomplete", ["indent"] = "    " },
        null => new() { ["status"] = "invalid" },
    };

    private Task<JsonObject> Handle(KernelRequest request)
    {
        CellOutput.Begin(request);
        comms.Handle(request);
        return Task.FromResult(Ok());
    }

    private void Shutdown(KernelRequest request)
    {
        var restart = request.Flag("restart", false);
        outbox.Publish("status", request.Header, new() { ["execution_state"] = "busy" });
        outbox.Reply(request, Ok(("restart", restart)));
        outbox.Publish("shutdown_reply", request.Header, Ok(("restart", restart)));
        outbox.Publish("status", request.Header, new() { ["execution_state"] = "idle" });
        session.Interrupt();
        ended.TrySetResult();
    }

    private static JsonObject Ok(params (string Name, JsonNode? Value)[] properties) =>
        new([KeyValuePair.Create<string, JsonNode?>("status", "ok"),
            .. properties.Select(p => KeyValuePair.Create(p.Name, p.Value))]);
}
