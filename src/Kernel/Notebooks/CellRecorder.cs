using System.Text;
using System.Text.Json.Nodes;
using Interactive.Extensions.Display;

namespace Interactive.Kernel.Notebooks;

/// <summary>
/// Collects what a cell puts out, in the notebook format's own objects, and tells it as text while it comes: a batch
/// job's log. Text that follows text joins it; an update replaces its display wherever it stands.
/// </summary>
/// <param name="log">Where it is told; displays appear there as plain text, updates at most every five seconds.</param>
internal sealed class CellRecorder(TextWriter log) : IDisplayHost
{
    private static readonly TimeSpan patience = TimeSpan.FromSeconds(5);

    private sealed class Shown
    {
        public required List<JsonObject> Outputs { get; init; }
        public string Pending = "", Told = "";
        public DateTime At;
    }

    private readonly Lock gate = new();
    private readonly Dictionary<string, Shown> displays = [];
    private readonly StringBuilder stream = new(); // the text of the last output, while more of it comes
    private List<JsonObject> outputs = [];
    private bool clearNext;
    private int count;

    /// <summary>Ends a cell: returns what it has put out, and begins the next one's.</summary>
    public IReadOnlyList<JsonObject> TakeOutputs()
    {
        lock (gate)
        {
            foreach (var shown in displays.Values) Tell(shown, DateTime.MaxValue);
            Close();
            var taken = outputs;
            outputs = [];
            clearNext = false;
            return taken;
        }
    }

    /// <summary>A piece of stdout or stderr.</summary>
    public void Write(string name, string text)
    {
        if (text.Length == 0) return;
        lock (gate)
        {
            ClearIfAsked();
            if (outputs is not [.., var last] || (string?)last["output_type"] != "stream"
                || (string?)last["name"] != name)
            {
                Close();
                outputs.Add(new JsonObject { ["output_type"] = "stream", ["name"] = name, ["text"] = "" });
            }
            stream.Append(text);
        }
    }

    /// <summary>What the cell has put out so far, in its place: for a process that ends amid it.</summary>
    public IReadOnlyList<JsonObject> Outputs
    {
        get
        {
            lock (gate)
            {
                Close();
                return [.. outputs];
            }
        }
    }

    // Text is gathered until something else comes: to join each piece to the text before it would copy that every time.
    private void Close()
    {
        if (stream.Length > 0 && outputs is [.., var last] && (string?)last["output_type"] == "stream")
            last["text"] = (string?)last["text"] + stream;
        stream.Clear();
    }

    /// <summary>The cell's value.</summary>
    public void Value(MimeBundle bundle, int executionCount)
    {
        lock (gate)
        {
            ClearIfAsked();
            Close();
            outputs.Add(new JsonObject
            {
                ["output_type"] = "execute_result", ["execution_count"] =
                executionCount, ["data"] = Data(bundle), ["metadata"] = new JsonObject()
            });
            log.WriteLine(bundle.Text);
        }
    }

    /// <summary>What ended the cell early.</summary>
    public void Error(string name, string message, string trace)
    {
        lock (gate)
        {
            Close();
            outputs.Add(new JsonObject
            {
                ["output_type"] = "error", ["ename"] = name, ["evalue"] =
                message, ["traceback"] = new JsonArray([.. trace.Split('\n').Select(l => (JsonNode)l)])
            });
        }
    }

    public string Display(MimeBundle bundle, string? id = null)
    {
        lock (gate)
        {
            ClearIfAsked();
            Close();
            id ??= $"display-{++count}";
            outputs.Add(new JsonObject
            {
                ["output_type"] = "display_data", ["data"] = Data(bundle), ["metadata"] =
                new JsonObject(), ["id"] = id
            });
            var shown = displays[id] = new Shown { Outputs = outputs };
            shown.Pending = bundle.Text;
            Tell(shown, DateTime.MaxValue);
            return id;
        }
    }

    public void Update(string id, MimeBundle bundle)
    {
        lock (gate)
        {
            if (!displays.TryGetValue(id, out var shown)) return;
            foreach (var output in shown.Outputs)
                if ((string?)output["id"] == id) output["data"] = Data(bundle);
            shown.Pending = bundle.Text;
            Tell(shown, DateTime.UtcNow);
        }
    }

    public void Clear(bool wait)
    {
        lock (gate)
        {
            if (wait) clearNext = true;
            else Empty();
        }
    }

    /// <summary>An output as a file keeps it: without the ids of displays, texts by line.</summary>
    public static JsonObject ForFile(JsonObject output)
    {
        var kept = (JsonObject)output.DeepClone();
        kept.Remove("id");
        if (kept["text"] is JsonValue text) kept["text"] = Ipynb.Lines(text.GetValue<string>());
        return kept;
    }

    private void Tell(Shown shown, DateTime now)
    {
        if (shown.Pending == shown.Told || now != DateTime.MaxValue && now - shown.At < patience) return;
        log.WriteLine(shown.Pending);
        (shown.Told, shown.At) = (shown.Pending, DateTime.UtcNow);
    }

    private void ClearIfAsked()
    {
        if (!clearNext) return;
        Empty();
        clearNext = false;
    }

    private void Empty()
    {
        outputs.Clear();
        stream.Clear();
    }

    private static JsonObject Data(MimeBundle bundle) => BundleJson.Of(bundle, Ipynb.Lines);
}
