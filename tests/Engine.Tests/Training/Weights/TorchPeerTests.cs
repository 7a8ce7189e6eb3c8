using System.Diagnostics;
using System.Globalization;
using Interactive.Graphs;
using Interactive.Models;
using Interactive.Training;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Engine.Tests.Training;

/// <summary>
/// Debian's PyTorch and torchvision load what is written here, strictly and to the same logits, and the other way
/// round.
/// </summary>
[Trait("Speed", "slow")]
public sealed class TorchPeerTests : IDisposable
{
    private const string Python = "/usr/bin/python3";
    private const double Close = 1e-4;

    private static readonly ModelOptions Image =
        new() { Image = new Shape(3, 64, 64), Classes = 5, Stem = ResNetStem.Large };
    private static readonly ModelOptions Tokens = new()
    {
        Image = new Shape(3, 32,
        32), Layers = 2, Heads = 2, Width = 16, Classes = 5, Context = 8, Vocabulary = 40, TanhGelu = true
    };

    private static readonly (string Name, string Model, ModelOptions Options, NameRules Rules)[] Nets_ =
    [
        ("resnet18", "resnet18", Image, NameRules.Own), ("resnet50", "resnet50", Image, NameRules.Own),
            ("densenet121", "densenet121", Image, NameRules.Own),
        ("mobilenetv2", "mobilenetv2", Image, NameRules.Own), ("googlenet", "googlenet", Image, NameRules.Own),
            ("vit", "vit", Tokens, NameRules.TorchvisionVit),
        ("gpt2", "gpt", Tokens, NameRules.HuggingFaceGpt2), ("timm-vit", "vit", Tokens, NameRules.TimmVit),
            ("hf-vit", "vit", Tokens, NameRules.HuggingFaceVit),
    ];

    private readonly string folder = Directory.CreateTempSubdirectory("peer").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [SkippableFact]
    public void Weights_go_to_PyTorch_and_back()
    {
        Skip.IfNot(Has("torch, torchvision"), "python3-torch and python3-torchvision are not installed");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        foreach (var (name, model, options, rules) in Nets_)
        {
            manual_seed(3);
            using var net = Zoo.Create(model, options);
            Stir(net);
            net.eval();
            var x = net.Input.Type == ScalarType.Int64 ? randint(0, 40, [2, 8], ScalarType.Int64)
                : randn(net.Input.Shape.WithBatch(2));
            Weights.Save(net, Path.Combine(folder, $"{name}.pth"), rules);
            Put($"{name}.data.pth", ("x", x), ("y", net.forward(x)));
        }
        var lines = Run(Path.Combine(AppContext.BaseDirectory, "torch_peer.py"), folder);
        Assert.All(lines, line => Assert.StartsWith("ok ", line));
        Assert.Equal(Nets_.Length + 6, lines.Length);
        Assert.All(lines,
            line => Assert.InRange(double.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture), 0, Close));

        foreach (var (name, model, options, rules) in Nets_.Take(6))
        {
            using var net = Zoo.Create(model, options);
            // within what a training script keeps
            var report = Weights.Load(net, Path.Combine(folder, $"{name}.theirs.pth"));
            Assert.Equal(rules.Name, report.Rules);
            net.eval();
            using var data = WeightFile.Open(Path.Combine(folder, $"{name}.theirs.data.pth"));
            Assert.InRange((net.forward(data.Read("x")) - data.Read("y")).abs().max().item<float>(), 0, Close);
        }
    }

    // Running statistics that are not zero and one, or nothing would show whether they are written.
    private static void Stir(Graph net)
    {
        foreach (var (name, value) in net.state_dict())
            if (name.EndsWith("running_mean", StringComparison.Ordinal)) value.uniform_(-0.1, 0.1);
            else if (name.EndsWith("running_var", StringComparison.Ordinal)) value.uniform_(0.5, 2);
    }

    private void Put(string file, params (string, Tensor)[] tensors)
    {
        using var stream = File.Create(Path.Combine(folder, file));
        TorchFileWriter.Write(stream, tensors);
    }

    private static bool Has(string modules)
    {
        if (!File.Exists(Python)) return false;
        using var process =
            Process.Start(new ProcessStartInfo(Python, ["-c", $"import {modules}"]) { RedirectStandardError = true })!;
        process.StandardError.ReadToEnd();
        process.WaitForExit();
        return process.ExitCode == 0;
    }

    private static string[] Run(params string[] arguments)
    {
        using var process =
            Process.Start(new ProcessStartInfo(Python,
            arguments)
            { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, error.Result);
        return output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }
}
