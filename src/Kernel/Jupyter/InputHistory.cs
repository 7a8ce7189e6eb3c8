using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Interactive.Kernel.Jupyter;

/// <summary>The cells of this session, for a client's history.</summary>
internal sealed class InputHistory
{
    private readonly List<(int Line, string Code, string? Output)> entries = [];
    private readonly Lock gate = new();

    /// <summary>Remembers a cell.</summary>
    /// <param name="line">Its execution count.</param>
    public void Add(int line, string code)
    {
        lock (gate) entries.Add((line, code, null));
    }

    /// <summary>Remembers what a cell showed as its value.</summary>
    public void SetOutput(int line, string output)
    {
        lock (gate)
            if (entries.FindLastIndex(e => e.Line == line) is >= 0 and var at)
                entries[at] = entries[at] with { Output = output };
    }

    /// <summary>
    /// What a <c>history_request</c> asks for: triples of session (1, this one), line and code, or code and output.
    /// </summary>
    public JsonArray Answer(KernelRequest request)
    {
        (int Line, string Code, string? Output)[] all;
        lock (gate) all = [.. entries];
        var found = request.Text("hist_access_type", "tail") switch
        {
            "range"
                => Range(all, request.Number("session", 0), request.Number("start", 0),
                request.Number("stop", int.MaxValue)),
            "search"
                => Search(all, request.Text("pattern", "*"), request.Number("n", int.MaxValue),
                request.Flag("unique", false)),
            _ => all.TakeLast(request.Number("n", int.MaxValue)),
        };
        var withOutput = request.Flag("output", false);
        return [.. found.Select(e => new JsonArray(1, e.Line, withOutput ? new JsonArray(e.Code, e.Output) : e.Code))];
    }

    // Session 0 is the current one, 1 is its number here; no other is kept.
    private static IEnumerable<(int Line, string Code,
        string? Output)> Range((int Line, string Code, string? Output)[] all, int session, int start, int stop) =>
        session is 0 or 1 ? all.Where(e => e.Line >= start && e.Line < stop) : [];

    private static IEnumerable<(int Line, string Code,
        string? Output)> Search((int Line, string Code, string? Output)[] all, string pattern, int n, bool unique)
    {
        var expression = new Regex("^" + Regex.Escape(pattern).Replace("\\*", ".*").Replace("\\?", ".") + "$",
            RegexOptions.Singleline | RegexOptions.NonBacktracking);
        var found = all.Where(e => expression.IsMatch(e.Code));
        if (unique) found = found.Reverse().DistinctBy(e => e.Code).Reverse();
        return found.TakeLast(n);
    }
}
