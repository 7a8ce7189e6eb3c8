using Interactive.Graphs.Ops;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// The fluent layer vocabulary: each method adds one node to the graph of its first value and returns the new value.
/// New parameters have TorchSharp's default initialisation. Without a name a node is called after its kind.
/// </summary>
public static class Layers
{
    /// <summary>2-d convolution to <paramref name="channels"/> channels.</summary>
    public static Value Conv(this Value x, long channels, Size2 kernel, Size2? stride = null, Size2? padding = null,
        Size2? dilation = null,
        long groups = 1, bool bias = true, string? name = null)
    {
        if (x.Shape.Rank != 3)
            throw new GraphException($"{name ?? "conv2d"}: expects channels x height x width, got {x.Shape}");
        if (x.Shape[0] % groups != 0 || channels % groups != 0)
            throw new GraphException($"{name ?? "conv2d"}: {x.Shape[0]} to {channels} channels do not divide into {groups} groups");
        var module = nn.Conv2d(x.Shape[0], channels, kernel.ToTuple(), stride?.ToTuple(), padding?.ToTuple(),
            dilation?.ToTuple(),
            groups: groups, bias: bias, device: x.Builder.Device);
        return x.Builder.Add(new Conv2d(module), name, x);
    }

    /// <summary>Transposed 2-d convolution to <paramref name="channels"/> channels.</summary>
    public static Value ConvTranspose(this Value x, long channels, Size2 kernel, Size2? stride = null, bool bias = true,
        string? name = null)
        => x.Builder.Add(new ConvTranspose2d(nn.ConvTranspose2d(x.Shape[0], channels, kernel.ToTuple(),
        stride?.ToTuple(), bias: bias, device: x.Builder.Device)), name, x);

    /// <summary>Batch normalisation over channels: of images, of features, of a length or of a volume, as <paramref name="x"/> is.</summary>
    public static Value BatchNorm(this Value x, string? name = null, double eps = 1e-5) => x.Shape.Rank switch
    {
        1 or 2 => x.BatchNorm1d(name, eps),
        4 => x.BatchNorm3d(name, eps),
        _ => x.Builder.Add(new BatchNorm2d(nn.BatchNorm2d(x.Shape[0], eps, device: x.Builder.Device)), name, x),
    };

    /// <summary>Layer normalisation over the last dimension.</summary>
    public static Value LayerNorm(this Value x, string? name = null, double eps = 1e-5)
        => x.Builder.Add(new LayerNorm(nn.LayerNorm(x.Shape[^1], eps, device: x.Builder.Device)), name, x);

    /// <summary>Normalisation over groups of channels.</summary>
    public static Value GroupNorm(this Value x, long groups, string? name = null, double eps = 1e-5)
        => x.Builder.Add(new GroupNorm(Ops.GroupNorm.Create(groups, x.Shape[0], eps, x.Builder.Device)), name, x);
    /// <summary>Normalisation of each channel of each sample.</summary>
    public static Value InstanceNorm(this Value x, string? name = null, double eps = 1e-5)
        => x.Builder.Add(new InstanceNorm(nn.InstanceNorm2d(x.Shape[0], eps, device: x.Builder.Device)), name, x);
    /// <summary>Division by the root mean square over the last dimension, with a weight.</summary>
    public static Value RmsNorm(this Value x, string? name = null, double eps = 1e-6)
        => x.Builder.Add(new RmsNorm(new RmsNormWeight(x.Shape[^1], x.Builder.Device), eps), name, x);

    /// <summary>Rectified linear unit.</summary>
    public static Value Relu(this Value x, string? name = null) => x.Builder.Add(new Relu(), name, x);
    /// <summary>Gaussian error linear unit, exact or by a hyperbolic tangent.</summary>
    public static Value Gelu(this Value x, string? name = null, bool tanh = false)
        => x.Builder.Add(new Gelu(tanh), name, x);
    /// <summary>Dropout with this chance of zeroing an element.</summary>
    public static Value Dropout(this Value x, double probability, string? name = null)
        => x.Builder.Add(new Dropout(probability), name, x);

    /// <summary>Maximum over windows; the stride defaults to the window.</summary>
    public static Value MaxPool(this Value x, Size2 kernel, Size2? stride = null, Size2? padding = null,
        bool ceiling = false, string? name = null)
        => x.Builder.Add(new MaxPool2d(kernel, stride ?? kernel, padding ?? 0, ceiling), name, x);
    /// <summary>Mean over windows; the stride defaults to the window.</summary>
    public static Value AvgPool(this Value x, Size2 kernel, Size2? stride = null, Size2? padding = null,
        bool countPadding = true, string? name = null)
        => x.Builder.Add(new AvgPool2d(kernel, stride ?? kernel, padding ?? 0, countPadding: countPadding), name, x);
    /// <summary>Mean over windows that tile the input into <paramref name="output"/> positions.</summary>
    public static Value AdaptiveAvgPool(this Value x, Size2 output, string? name = null)
        => x.Builder.Add(new AdaptiveAvgPool2d(output), name, x);
    /// <summary>Maximum over windows that tile the input into <paramref name="output"/> positions.</summary>
    public static Value AdaptiveMaxPool(this Value x, Size2 output, string? name = null)
        => x.Builder.Add(new AdaptiveMaxPool2d(output), name, x);
    /// <summary>Enlarges height and width by a whole factor.</summary>
    public static Value Upsample(this Value x, long factor = 2, bool bilinear = false, string? name = null)
        => x.Builder.Add(new Upsample(factor, bilinear), name, x);

    /// <summary>Affine map of the last dimension to <paramref name="features"/>.</summary>
    public static Value Linear(this Value x, long features, bool bias = true, string? name = null)
        => x.Builder.Add(new Linear(nn.Linear(x.Shape[^1], features, bias, device: x.Builder.Device)), name, x);
    /// <summary>All dimensions in one.</summary>
    public static Value Flatten(this Value x, string? name = null) => x.Builder.Add(new Flatten(), name, x);
    /// <summary>The residual sum x + scale y.</summary>
    public static Value Add(this Value x, Value y, double scale = 1, string? name = null)
        => x.Builder.Add(new Add(scale), name, x, y);
    /// <summary>Joins channels: this value's first.</summary>
    public static Value Concat(this Value x, params ReadOnlySpan<Value> others)
        => x.Builder.Add(new Concat(), null, [x, .. others]);

    /// <summary>Token numbers to vectors; that of <paramref name="paddingIndex"/> is zero and stays so.</summary>
    public static Value Embedding(this Value x, long vocabulary, long width, string? name = null,
        long? paddingIndex = null)
        => x.Builder.Add(new Embedding(nn.Embedding(vocabulary, width, paddingIndex, device: x.Builder.Device),
        paddingIndex), name, x);
    /// <summary>Adds a learned vector per position.</summary>
    public static Value PositionalEmbedding(this Value x, string? name = null)
        => x.Builder.Add(new PositionalEmbedding(new TokenParameter(x.Shape[0], x.Shape[1], x.Builder.Device)), name,
        x);
    /// <summary>Puts a learned token in front.</summary>
    public static Value PrependToken(this Value x, string? name = null)
        => x.Builder.Add(new PrependToken(new TokenParameter(1, x.Shape[1], x.Builder.Device)), name, x);
    /// <summary>Image positions as a sequence of tokens.</summary>
    public static Value ToTokens(this Value x, string? name = null) => x.Builder.Add(new ToTokens(), name, x);
    /// <summary>One token of the sequence.</summary>
    public static Value SelectToken(this Value x, long index, string? name = null)
        => x.Builder.Add(new SelectToken(index), name, x);
    /// <summary>Multi-head attention over packed queries, keys and values.</summary>
    public static Value Attention(this Value x, long heads, bool causal = false, string? name = null)
        => x.Builder.Add(new Attention(heads, causal), name, x);
    /// <summary>
    /// Attention of queries (this value) over keys and values, each (heads, tokens, size), optionally with a mask.
    /// </summary>
    public static Value Attend(this Value queries, Value keys, Value values, Value? mask = null, bool causal = false,
        double? scale = null, string? name = null)
        => mask is null ? queries.Builder.Add(new ScaledDotProductAttention(causal, scale), name, queries, keys, values)
            : queries.Builder.Add(new ScaledDotProductAttention(causal, scale), name, queries, keys, values, mask);
    /// <summary>Long short-term memory over tokens: all outputs, or the last state.</summary>
    public static Value Lstm(this Value x, long hidden, long layers = 1, bool bidirectional = false, double dropout = 0,
        bool lastState = false, string? name = null)
        => x.Builder.Add(new Lstm(nn.LSTM(x.Shape[^1], hidden, layers, batchFirst: true, dropout: dropout,
        bidirectional: bidirectional, device: x.Builder.Device), lastState), name, x);
    /// <summary>Gated recurrent unit over tokens: all outputs, or the last state.</summary>
    public static Value Gru(this Value x, long hidden, long layers = 1, bool bidirectional = false, double dropout = 0,
        bool lastState = false, string? name = null)
        => x.Builder.Add(new Gru(nn.GRU(x.Shape[^1], hidden, layers, batchFirst: true, dropout: dropout,
        bidirectional: bidirectional, device: x.Builder.Device), lastState), name, x);
}
