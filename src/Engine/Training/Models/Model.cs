using System.Text.Json;
using Interactive.Data;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Monitoring;
using Interactive.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Training;

/// <summary>
/// A net that can be kept and used without the code that made it: one safetensors file with the weights, and in its
/// header the architecture, the names of the classes, the normalisation and what was measured.
/// <c>Model.Load("runs/…").Predict(image)</c>.
/// </summary>
public sealed class Model : IDisposable
{
    private const string GraphKey = "graph", ClassesKey = "classes", NormalisationKey = "normalisation",
        StepsKey = "steps", ColumnsKey = "columns", MetricsKey = "metrics";

    internal Model(Graph graph, IReadOnlyList<string> classes, Normalisation? normalisation,
        IReadOnlyDictionary<string, double> metrics, string? pictureSteps, string? tableColumns)
        => (Graph, Classes, Normalisation, Metrics, PictureSteps, TableColumns) = (graph, classes, normalisation, metrics,
        pictureSteps, tableColumns);

    /// <summary>The net, in evaluation mode; it can be trained on.</summary>
    public Graph Graph { get; }
    /// <summary>The names of the classes, in their order; empty where none were given.</summary>
    public IReadOnlyList<string> Classes { get; }
    /// <summary>What is done to an image before the net sees it; null for nothing.</summary>
    public Normalisation? Normalisation { get; }
    /// <summary>
    /// What is done to a picture of a file first (<see cref="ImageSteps"/>); null where it is read as
    /// <see cref="ImageFolder"/> reads it.
    /// </summary>
    public string? PictureSteps { get; }
    /// <summary>How the columns of a table become the net's numbers (<see cref="ReadTable"/>), as a text; null where it has learned from none.</summary>
    public string? TableColumns { get; }
    /// <summary>What was measured when it was kept, such as <c>accuracy</c>.</summary>
    public IReadOnlyDictionary<string, double> Metrics { get; }

    /// <summary>Keeps a net in one file.</summary>
    /// <param name="path">The file, by custom <c>….safetensors</c>; replaced at once when it is whole.</param>
    /// <param name="graph">The net; stays as it is.</param>
    /// <param name="classes">The names of the classes, in their order; default none.</param>
    /// <param name="normalisation">What is to be done to an image; default nothing.</param>
    /// <param name="metrics">What was measured; default nothing.</param>
    /// <param name="pictureSteps">What is to be done to a picture of a file, such as <c>resize=256,center-crop=224</c>;
    /// default as <see cref="ImageFolder"/> reads it.</param>
    /// <param name="tableColumns">How the columns of a table become numbers (<see cref="TableDataset.TableColumns"/>); default none.</param>
    /// <exception cref="UsageException">It has a module that only its own code can build again (named), as many names
    /// as it has no outputs, or a step that is not known.</exception>
    public static void Save(string path, Graph graph, IReadOnlyList<string>? classes = null,
        Normalisation? normalisation = null, IReadOnlyDictionary<string, double>? metrics = null,
        string? pictureSteps = null, string? tableColumns = null)
    {
        AtomicFile.RequirePlace(path);
        if (pictureSteps is not null) ImageSteps.Parse(pictureSteps);
        if (tableColumns is not null) TableSteps.Parse(tableColumns);
        if (classes is { Count: > 0 } && graph.Output.Shape.Rank > 0 && graph.Output.Shape[0] != classes.Count)
            throw new UsageException($"{graph.Name} tells {graph.Output.Shape[0]} classes apart, got {classes.Count} names");
        using var draft = Draft(path, graph, GraphText.Write(graph), classes, normalisation, metrics, pictureSteps, tableColumns);
        draft.Commit();
    }

    /// <summary>
    /// Keeps a net, or where it has a module that only its own code can build again its weights alone.
    /// </summary>
    internal static FileDraft DraftBest(string path, Graph graph, IReadOnlyList<string>? classes,
        Normalisation? normalisation, IReadOnlyDictionary<string, double> metrics, string? pictureSteps, string? tableColumns = null)
    {
        string? text = null;
        try { text = GraphText.Write(graph); }
        catch (UsageException) { } // told by Load, to whom it matters
        return Draft(path, graph, text, classes, normalisation, metrics, pictureSteps, tableColumns);
    }

    private static FileDraft Draft(string path, Graph graph, string? text, IReadOnlyList<string>? classes,
        Normalisation? normalisation, IReadOnlyDictionary<string, double>? metrics, string? pictureSteps, string? tableColumns)
    {
        var header = new Dictionary<string, string>();
        if (text is not null) header[GraphKey] = text;
        if (classes is { Count: > 0 }) header[ClassesKey] = JsonSerializer.Serialize(classes);
        if (normalisation is not null) header[NormalisationKey] = JsonSerializer.Serialize(normalisation);
        if (pictureSteps is not null) header[StepsKey] = pictureSteps;
        if (tableColumns is not null) header[ColumnsKey] = tableColumns;
        if (metrics is { Count: > 0 }) header[MetricsKey] = JsonSerializer.Serialize(metrics, RunLog.Json);
        var tensors = text is null ? graph.state_dict() : new GraphTensors(graph).All;
        return new(path,
            stream
            => Safetensors.Write(stream, tensors.Select(t => TensorEntry.Of(t.Key, t.Value)), header,
            withChecksum: true), buffer: 1 << 20);
    }

    /// <summary>A kept net, or the best one of a run.</summary>
    /// <param name="path">The file, or a run's directory; <c>runs/latest</c> is the one below <c>runs</c> whose best
    /// model is newest.</param>
    /// <param name="device">Where to: cpu (default), cuda, cuda:N or auto.</param>
    /// <exception cref="UsageException">There is no such file, it is damaged, or it holds weights alone.</exception>
    public static Model Load(string path, string device = "cpu")
        => Opened(path, file => Read(file, null, Devices.Choose(device)));

    /// <summary>
    /// The same with a net of your own code, which takes the weights: for modules that no file can describe.
    /// </summary>
    /// <param name="path">As above; a file of <see cref="Safetensors.Save"/> will do.</param>
    /// <param name="graph">The net, which the model owns from now on.</param>
    /// <param name="device">Where to.</param>
    /// <exception cref="UsageException">As above, or the weights are not the net's; the message names the
    /// first.</exception>
    public static Model Load(string path, Graph graph, string device = "cpu")
        => Opened(path, file => Read(file, graph, Devices.Choose(device)));

    private static Model Opened(string path, Func<string, Model> read)
    {
        if (Path.GetFileName(Path.TrimEndingDirectorySeparator(path)) == "latest" && !Path.Exists(path))
            path = Latest(Path.GetDirectoryName(Path.GetFullPath(path))!);
        var file = Directory.Exists(path) ? Path.Combine(path, "checkpoints", "best.safetensors") : path;
        if (!File.Exists(file))
            throw new UsageException(file == path ? $"there is no model {path}"
            : $"{path} has no best model: it is written after the first evaluation");
        try { return read(file); }
        catch (InvalidDataException e)
        {
            throw new UsageException(e.Message.Contains(file, StringComparison.Ordinal)
            ? e.Message : $"{file} is no model: {e.Message}");
        }
    }

    private static string Latest(string runs)
        => (Directory.Exists(runs) ? Directory.EnumerateDirectories(runs) : [])
            .Select(run => (run, Best: new FileInfo(Path.Combine(run, "checkpoints", "best.safetensors"))))
            .Where(r => r.Best.Exists)
            .OrderByDescending(r => r.Best.LastWriteTimeUtc).Select(r => r.run).FirstOrDefault()
            ?? throw new UsageException($"no run below {runs} has a best model: it is written after an evaluation");

    private static Model Read(string path, Graph? own, Device device)
    {
        using var file = new SafetensorsFile(path);
        var saved = SavedTensors.Of(file);
        if (own is not null)
        {
            // a file of weights alone need not have one
            if (file.Metadata.ContainsKey(Safetensors.Checksum)) file.Verify();
            saved = saved.Without(GraphTensors.IsConstant); // a trace of the code makes its own
        }
        else if (!file.Metadata.TryGetValue(GraphKey, out var text))
            throw new UsageException($"{path} holds weights without a net: build the net by its code and call Model.Load(\"{path}\", graph)");
        else
        {
            file.Verify();
            // before memory is taken for what a text claims
            using (var shapes = GraphText.Read(text, META)) saved.RequireFit(shapes.state_dict());
            own = GraphText.Read(text);
        }
        try
        {
            if (saved.SingleFloat is { } type && type != ScalarType.Float32) own.to(type);
            saved.ReadInto(own.state_dict());
            own.to(device);
            own.eval();
            return new Model(own, Json<string[]>(file, ClassesKey) ?? [], Json<Normalisation>(file, NormalisationKey),
                Json<Dictionary<string, double>>(file, MetricsKey) ?? [], file.Metadata.GetValueOrDefault(StepsKey), file.Metadata.GetValueOrDefault(ColumnsKey));
        }
        catch
        {
            own.Dispose();
            throw;
        }
    }

    private static T? Json<T>(SafetensorsFile file, string key) where T : class
    {
        try
        {
            return file.Metadata.TryGetValue(key, out var text) ? JsonSerializer.Deserialize<T>(text, RunLog.Json)
            : null;
        }
        catch (JsonException e) { throw new InvalidDataException($"its {key} cannot be read: {e.Message}"); }
    }

    /// <summary>What a net of several inputs or outputs says of a batch, without gradients.</summary>
    /// <param name="inputs">(batch, …) for each of the net's inputs.</param>
    /// <returns>The outputs in the net's order; the caller owns them.</returns>
    /// <exception cref="UsageException">They do not fit the net.</exception>
    public IReadOnlyList<Tensor> Infer(IReadOnlyList<Tensor> inputs)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var device = Devices.Of(Graph);
        InputCheck.Require(Graph, inputs);
        Graph.eval();
        return [.. Graph.Forward([.. inputs.Select(input => input.to(device))])
            .Select(output => output.MoveToOuterDisposeScope())];
    }

    /// <summary>What the net says of samples, without gradients.</summary>
    /// <param name="samples">A batch, or one sample; images are preprocessed.</param>
    /// <returns>The output for the batch; the caller owns it.</returns>
    /// <exception cref="UsageException">The samples do not fit the net.</exception>
    public Tensor Infer(Tensor samples)
    {
        if (Graph.Inputs.Count > 1 || Graph.Outputs.Count > 1)
            throw new UsageException($"{Graph.Name} takes {string.Join(", ", Graph.Inputs.Select(v => v.Name))} and gives {Graph.Outputs.Count} outputs: use Infer([…])");
        if (samples is null || samples.IsInvalid) throw new UsageException($"{Graph.Name} got {(samples is null ? "null" : "a disposed tensor")} in place of samples");
        if (samples.numel() == 0) throw new UsageException($"{Graph.Name} got no samples: ({string.Join(", ", samples.shape)})");
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var rank = Graph.Input.Shape.Rank;
        var batch = samples.dim() == rank ? samples.unsqueeze(0) : samples;
        if (batch.dim() != rank + 1) throw new UsageException($"the model takes {Graph.Input.Shape}, one or a batch of them, got {string.Join('x', samples.shape)}");
        batch = batch.to(Devices.Of(Graph));
        if (Normalisation is not null) batch = Normalisation.Apply(batch, Graph.Input.Shape);
        return Run(batch, samples.shape).MoveToOuterDisposeScope();
    }

    private Tensor Run(Tensor batch, long[] given)
    {
        if (!batch.shape.AsSpan(1).SequenceEqual(Graph.Input.Shape.ToArray())) throw new UsageException($"the model takes {Graph.Input.Shape}, one or a batch of them, got {string.Join('x', given)}");
        var type = Graph.Input.Type == ScalarType.Float32 && Graph.parameters().FirstOrDefault() is { } first
            ? first.dtype : Graph.Input.Type;
        Graph.eval();
        return Graph.forward(batch.to_type(type));
    }

    /// <summary>The likeliest class of one sample.</summary>
    /// <param name="sample">One image or other sample, with or without a batch dimension of 1.</param>
    /// <exception cref="UsageException">It does not fit the net, is more than one, or the net is no
    /// classifier.</exception>
    public Prediction Predict(Tensor sample)
        => PredictBatch(sample) is [var one] ? one
        : throw new UsageException("Predict takes one sample: use PredictBatch for more");

    /// <summary>
    /// The likeliest class of a picture, which is prepared as those were on which the net was evaluated.
    /// </summary>
    /// <param name="picture">A PNG, JPEG, WebP, BMP or GIF.</param>
    /// <exception cref="UsageException">It is damaged or no picture, or the net takes no pictures of one or three
    /// channels, or such as went through steps of one's own.</exception>
    public Prediction Predict(string picture)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var shape = Graph.Input.Shape;
        return Likeliest(Run(tensor(Pixels(picture), shape.WithBatch(1)).to(Devices.Of(Graph)), shape.ToArray()))[0];
    }

    private float[] Pixels(string picture)
    {
        if (PictureSteps is { } steps)
            return StepPixels.Read(picture, steps, Normalisation ?? Normalisation.None, Graph);
        if (Graph.Input.Shape is not { Rank: 3 } shape || shape[1] != shape[2] || shape[0] is not (1 or 3))
            throw new UsageException($"{Graph.Name} takes {Graph.Input.Shape}, no square pictures of one or three channels: use Predict(tensor)");
        var pixels = new float[shape.Elements];
        (Normalisation ?? Normalisation.None).Write(Picture.Square(picture, (int)shape[1]), pixels);
        return pixels;
    }

    /// <summary>The likeliest class of each sample of a batch.</summary>
    /// <exception cref="UsageException">They do not fit the net, or the net is no classifier.</exception>
    public IReadOnlyList<Prediction> PredictBatch(Tensor samples)
    {
        if (Graph.Output.Shape.Rank != 1)
            throw new UsageException($"{Graph.Name} gives {Graph.Output.Shape}, no list of classes: use Infer");
        using var output = Infer(samples);
        return Likeliest(output);
    }

    private Prediction[] Likeliest(Tensor output)
    {
        if (Graph.Output.Shape.Rank != 1)
            throw new UsageException($"{Graph.Name} gives {Graph.Output.Shape}, no list of classes: use Infer");
        if (Graph.Output.Shape[0] == 1) throw new UsageException($"{Graph.Name} gives one number, no list of classes: use PredictNumbers or Infer");
        using var scope = NewDisposeScope();
        var classes = (int)Graph.Output.Shape[0];
        var all = nn.functional.softmax(output.to_type(ScalarType.Float64), 1).cpu().data<double>().ToArray();
        return [.. all.Chunk(classes).Select(row =>
        {
            var best = Array.IndexOf(row, row.Max());
            return new Prediction(best,
                best < Classes.Count ? Classes[best] : best.ToString(System.Globalization.CultureInfo.InvariantCulture),
                row[best], row);
        })];
    }

    /// <summary>What a net of one number says of each sample, in the unit of a table's column where it has learned from one.</summary>
    /// <param name="samples">A batch.</param>
    /// <exception cref="UsageException">They do not fit the net, or it gives more than one number.</exception>
    public IReadOnlyList<double> PredictNumbers(Tensor samples)
    {
        if (Graph.Output.Shape.Elements != 1) throw new UsageException($"{Graph.Name} gives {Graph.Output.Shape}, more than one number: use Infer");
        using var scope = NewDisposeScope();
        var table = TableColumns is { } text ? TableSteps.Parse(text) : null;
        return [.. Infer(samples).to_type(ScalarType.Float64).cpu().reshape(-1).data<double>().Select(y => y * (table?.Deviation ?? 1) + (table?.Mean ?? 0))];
    }

    /// <summary>Rows of a CSV file with a header line, prepared as those of the table that the net has learned from; other columns may be there too.</summary>
    /// <param name="path">The file.</param>
    /// <returns>(rows, features) fp32, the caller's; and each row's line in the file, the header's being 1.</returns>
    /// <exception cref="UsageException">The net has learned from no table, a column is missing, or a value is not such as it has seen.</exception>
    public (Tensor Rows, IReadOnlyList<int> Lines) ReadTable(string path)
        => TableSteps.Parse(TableColumns ?? throw new UsageException($"{Graph.Name} has learned from no table whose columns it knows")).Read(path);

    /// <inheritdoc/>
    public void Dispose() => Graph.Dispose();
}
