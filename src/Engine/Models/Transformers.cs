using Interactive.Graphs;
using Interactive.Graphs.Ops;
using static TorchSharp.torch;

namespace Interactive.Models;

/// <summary>The pre-norm block that GPT-2 and ViT share.</summary>
internal static class TransformerBlock
{
    public static Value Block(this Value x, string name, long heads, bool causal, double eps, bool tanh = false)
    {
        using var scope = x.Builder.Scope(name);
        var width = x.Shape[1];
        var y = x.LayerNorm("ln_1", eps).Linear(3 * width, name: "attn.c_attn").Attention(heads, causal, "attn.core")
            .Linear(width, name: "attn.c_proj");
        x = x.Add(y, name: "add_1");
        y = x.LayerNorm("ln_2", eps).Linear(4 * width, name: "mlp.c_fc").Gelu("mlp.gelu", tanh).Linear(width,
            name: "mlp.c_proj");
        return x.Add(y, name: "add_2");
    }
}

/// <summary>
/// A GPT-2 style decoder (Radford et al. 2019): tied input and output embeddings, exact GELU, no dropout.
/// </summary>
internal static class Gpt
{
    public static Graph Create(ModelOptions options)
    {
        var (context, vocabulary, width) = (options.Context ?? 128, options.Vocabulary ?? 4096, options.Width ?? 256);
        var net = new GraphBuilder("gpt", new Shape(context), ScalarType.Int64, Start.Device(options));
        var table = nn.Embedding(vocabulary, width, device: net.Device);
        if (!options.ShapesOnly) nn.init.normal_(table.weight!, 0, 0.02);
        var x = net.Add(new Embedding(table), "wte", net.Input).PositionalEmbedding("wpe");
        for (var i = 0; i < (options.Layers ?? 4); i++)
            x = x.Block($"h.{i}", options.Heads ?? 4, causal: true, 1e-5, options.TanhGelu);
        return net.Build(net.Add(new TiedLinear(table), "lm_head", x.LayerNorm("ln_f")));
    }
}

/// <summary>ViT-B/16 (Dosovitskiy et al. 2020).</summary>
internal static class VisionTransformer
{
    private const long Patch = 16;

    public static Graph Create(ModelOptions options)
    {
        var net = Start.Image("vit", options);
        if (options.Image![1] % Patch != 0 || options.Image[2] % Patch != 0)
            throw new GraphException($"height and width must be divisible by {Patch}");
        var x = net.Input.Conv(options.Width ?? 768, Patch, stride: Patch, name: "conv_proj").ToTokens("tokens");
        x = x.PrependToken("class_token").PositionalEmbedding("pos_embedding");
        for (var i = 0; i < (options.Layers ?? 12); i++)
            x = x.Block($"encoder.{i}", options.Heads ?? 12, causal: false, 1e-6);
        return net.Build(x.LayerNorm("ln", 1e-6).SelectToken(0, "head_token").Linear(options.Classes ?? 1000,
            name: "head"));
    }
}
