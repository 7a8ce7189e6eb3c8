using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using Interactive.Extensions.Display;
using Interactive.Kernel.Notebooks;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Jupyter;

/// <summary>Runs the cells of <c>execute_request</c>, one after another in the order in which they came.</summary>
internal sealed class CellExecutor
{
    private readonly Channel<KernelRequest> queue = Channel.CreateUnbounded<KernelRequest>();
    private readonly ScriptSession session;
    private readonly Outbox outbox;
    private readonly InputHistory history;
    private readonly Func<Task> receivePending;
    private int count;

    private IReadOnlyList<NativeOutput> native = [];

    /// <param name="receivePending">Completes when all requests that have been sent so far are in the queue.</param>
    public CellExecutor(ScriptSession session, Outbox outbox, InputHistory history, Func<Task> receivePending)
    {
        (this.session, this.outbox, this.history, this.receivePending) = (session, outbox, history, receivePending);
        _ = Task.Run(Work);
    }

    /// <summary>Has each cell wait for what its children and native code have written.</summary>
    public void Drain(params IReadOnlyList<NativeOutput> outputs) => native = outputs;

    public void Add(KernelRequest request) => queue.Writer.TryWrite(request);

    private async Task Work()
    {
        await foreach (var request in queue.Reader.ReadAllAsync().ConfigureAwait(false))
        {
            outbox.Publish("status", request.Header, new() { ["execution_state"] = "busy" });
            var reply = await ExecuteSafely(request).ConfigureAwait(false);
            List<KernelRequest> aborted = [];
            if (reply["status"]!.GetValue<string>() == "error" && request.Flag("stop_on_error", true))
            {
                // Before the reply: what a client sends when it has read that is meant to run.
                await receivePending().ConfigureAwait(false);
                while (queue.Reader.TryRead(out var waiting)) aborted.Add(waiting);
            }
            Finish(request, reply);
            foreach (var waiting in aborted)
            {
                outbox.Publish("status", waiting.Header, new() { ["execution_state"] = "busy" });
                Finish(waiting, new() { ["status"] = "aborted", ["execution_count"] = count });
            }
        }
    }

    private void Finish(KernelRequest request, JsonObject reply)
    {
        outbox.Reply(request, reply);
        outbox.Publish("status", request.Header, new() { ["execution_state"] = "idle" });
    }

    // Whatever one cell brings about, the next one runs.
    private async Task<JsonObject> ExecuteSafely(KernelRequest request)
    {
        try { return await Execute(request).ConfigureAwait(false); }
        catch (Exception e) { return Failed(CellError.Describe(e, interrupted: false), count); }
        finally { foreach (var output in native) output.Drain(); }
    }

    private static JsonObject Failed(JsonObject report, int line)
    {
        report["status"] = "error";
        report["execution_count"] = line;
        report["payload"] = new JsonArray();
        report["user_expressions"] = new JsonObject();
        return report;
    }

    private async Task<JsonObject> Execute(KernelRequest request)
    {
        var (code, silent) = (request.Text("code"), request.Flag("silent", false));
        var store = !silent && request.Flag("store_history", true);
        CellOutput.Begin(request);
        if (store) count++;
        var line = count;
        if (store) history.Add(line, code);
        if (!silent)
            outbox.Publish("execute_input", request.Header, new() { ["code"] = code, ["execution_count"] = line });

        var result = await session.RunAsync(code, $"cell-{line}",
            silent ? null : value => Show(request, line, value, store)).ConfigureAwait(false);
        if (result.Error is not { } error)
            return new()
            {
                ["status"] = "ok", ["execution_count"] = line, ["payload"] = new JsonArray(), ["user_expressions"] =
                    await Evaluate(request).ConfigureAwait(false),
            };

        var report = CellError.Describe(error, result.Status == ScriptStatus.Interrupted);
        if (!silent) outbox.Publish("error", request.Header, report.DeepClone().AsObject());
        return Failed(report, line);
    }

    private void Show(KernelRequest request, int line, object? value, bool store)
    {
        if (value is DisplayedValue) return; // display(x) as the last expression: x has been shown
        var bundle = Formatters.Format(value);
        outbox.Publish("execute_result", request.Header,
            new()
            {
                ["execution_count"] = line, ["data"] = JupyterDisplayHost.Data(bundle), ["metadata"] =
            new JsonObject()
            });
        if (store) history.SetOutput(line, bundle.Text);
    }

    private async Task<JsonObject> Evaluate(KernelRequest request)
    {
        var answers = new JsonObject();
        if (!request.Content.TryGetProperty("user_expressions", out var expressions)
            || expressions.ValueKind != JsonValueKind.Object) return answers;
        foreach (var expression in expressions.EnumerateObject())
        {
            var data = new JsonObject();
            var code = expression.Value.ValueKind == JsonValueKind.String ? expression.Value.GetString()! : "";
            var result = await session.RunAsync(code, "expression",
                value => data = JupyterDisplayHost.Data(Formatters.Format(value))).ConfigureAwait(false);
            if (result.Error is { } error)
            {
                answers[expression.Name] = CellError.Describe(error, result.Status == ScriptStatus.Interrupted);
                answers[expression.Name]!["status"] = "error";
            }
            else answers[expression.Name] = new JsonObject
            {
                ["status"] = "ok", ["data"] = result.Value is null
                ? JupyterDisplayHost.Data(Formatters.Format(null)) : data, ["metadata"] = new JsonObject()
            };
        }
        return answers;
    }
}
