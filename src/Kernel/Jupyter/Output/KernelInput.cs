using System.Collections.Concurrent;
using Interactive.Kernel.Scripting;

namespace Interactive.Kernel.Jupyter;

/// <summary>Lines of input, asked from the client that has sent the running cell. Also the console's stdin.</summary>
internal sealed class KernelInput(Outbox outbox) : TextReader, IInputHost
{
    private readonly BlockingCollection<string> lines = [];
    private readonly Queue<char> rest = [];

    /// <summary>A client has answered.</summary>
    public void Answer(string line) => lines.Add(line);

    public string? Read(string prompt, bool password)
    {
        if (CellOutput.Current is not { } request || !request.Flag("allow_stdin", false))
            throw new InvalidOperationException("this client takes no input");
        while (lines.TryTake(out _)) { } // an answer that came too late for an earlier question
        outbox.Send(KernelChannel.Stdin, request, "input_request",
            new() { ["prompt"] = prompt, ["password"] = password });
        return lines.Take();
    }

    public override string? ReadLine() => Read("", password: false);

    public override int Read()
    {
        if (rest.Count == 0)
            foreach (var c in ReadLine() + "\n") rest.Enqueue(c);
        return rest.Dequeue();
    }

    public override int Peek() => rest.TryPeek(out var c) ? c : -1;

    public override string ReadToEnd() => ReadLine() ?? "";
}
