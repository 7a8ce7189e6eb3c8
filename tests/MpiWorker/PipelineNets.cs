using Interactive.Graphs;
using Interactive.Graphs.Ops;
using Interactive.Models;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.MpiWorker;

/// <summary>Small nets, most of (1, 8, 8) to 4 classes, each with something that a cut must not disturb.</summary>
static class PipelineNets
{
    public const long Vocabulary = 64;

    public static Graph Create(string name)
    {
        manual_seed(5);
        switch (name)
        {
            case "vgg16": return Zoo.Create(name, new ModelOptions { Image = new Shape(3, 32, 32) });
            case "vit": return Zoo.Create(name, new ModelOptions { Image = new Shape(3, 64, 64), Width = 32, Layers = 2, Heads = 4, Classes = 10 });
            case "gpt": return Zoo.Create(name, new ModelOptions { Context = 16, Vocabulary = Vocabulary, Width = 32, Layers = 2, Heads = 4 });
            case "user": return Graph.Trace(new UserTransformer(), randint(Vocabulary, [2, UserTransformer.Tokens]));
            case "user-fused": return Graph.Trace(new UserTransformer(isPacked: true), randint(Vocabulary, [2, UserTransformer.Tokens]));
            case "counters": return Graph.Trace(new Counters(shared: false), randn(2, 1, 8, 8));
            case "shared-counter": return Graph.Trace(new Counters(shared: true), randn(2, 1, 8, 8));
        }
        var net = new GraphBuilder(name, new Shape(1, 8, 8));
        return net.Build(name switch
        {
            "mlp" => net.Input.Flatten().Linear(48).Relu().Linear(40).Relu().Linear(32).Gelu().Linear(4),
            "resnet" => Residual(net.Input),
            "skips" => Skips(net.Input),
            "dropout"
                => net.Input.Flatten().Linear(48).Relu().Dropout(0.3).Linear(40).Dropout(0.2).Relu().Linear(32)
                .Dropout(0.5).Linear(4),
            "tied" => Tied(net),
            "wide" => Wide(net.Input),
            "heads" => Heads(net.Input),
            _ => throw new ArgumentException($"no net {name}"),
        });
    }

    // Batch norm, and a sum whose two inputs cross a cut.
    private static Value Residual(Value x)
    {
        x = x.Conv(8, 3, padding: 1, bias: false).BatchNorm().Relu();
        for (var i = 0; i < 3; i++)
        {
            var y = x.Conv(8, 3, padding: 1, bias: false).BatchNorm().Relu().Conv(8, 3, padding: 1, bias: false)
                .BatchNorm();
            x = y.Add(x).Relu();
        }
        return x.AdaptiveAvgPool(1).Flatten().Linear(4);
    }

    // A value that is read again three layers on, and once more after that.
    private static Value Skips(Value x)
    {
        var first = x.Flatten().Linear(24).Gelu();
        var second = first.Linear(24).Relu();
        var third = second.Linear(24).Gelu().Add(first);
        return third.Linear(24).Relu().Add(first).Add(second).Linear(4);
    }

    // Linear layers that lead to others of their kind, and one that does not.
    private static Value Wide(Value x)
    {
        x = x.Conv(8, 3, padding: 1, bias: false).BatchNorm().Relu().MaxPool(2).Flatten();
        x = x.Linear(128).Relu().Add(x);
        return x.Linear(256).Relu().Dropout(0.2).Linear(192).Relu().Dropout(0.3).Linear(128).Gelu().Linear(4);
    }

    // A transformer with dropout between slices and around them.
    private static Value Heads(Value x)
    {
        x = x.Conv(32, 2, stride: 2).ToTokens().Dropout(0.1);
        for (var i = 0; i < 2; i++)
        {
            var y = x.LayerNorm().Linear(96).Attention(4, causal: i == 0).Linear(32).Dropout(0.1);
            x = x.Add(y);
            x = x.Add(x.LayerNorm().Linear(64).Gelu().Dropout(0.2).Linear(32));
        }
        return x.LayerNorm().SelectToken(0).Linear(4);
    }

    private static Value Tied(GraphBuilder net)
    {
        var shared = nn.Linear(24, 24);
        var x = net.Input.Flatten().Linear(24).Relu();
        x = net.Add(new Linear(shared), "first", x).Relu();
        x = net.Add(new Linear(shared), "second", x.Linear(24).Gelu());
        return net.Add(new Linear(shared), "third", x.Gelu().Linear(24)).Relu().Linear(4);
    }
}
