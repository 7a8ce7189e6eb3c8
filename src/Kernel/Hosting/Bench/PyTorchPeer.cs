using System.Diagnostics;
using System.Text.Json;
using Interactive.Graphs;
using TorchSharp;

namespace Interactive.Kernel.Hosting.Bench;

/// <summary>What PyTorch needs for the same net: plain autograd, and <c>checkpoint_sequential</c> by number of segments.</summary>
internal sealed record PyTorchPeer(string Version, int Threads, bool OneDnn, string Blas, int Stages, PyTorchPeer.Step Plain, IReadOnlyList<PyTorchPeer.Step> Checkpoints)
{
    /// <summary>Exact peak bytes above those before the step, median seconds, and the median of paired ratios to plain less one.</summary>
    public sealed record Step(long PeakBytes, double Seconds, int Segments = 0, double Overhead = 0);

    private const string Python = "/usr/bin/python3", Missing = "--peer pytorch: python3-torch is not installed: apt-get install python3-torch libopenblas0-pthread";

    /// <summary>Rebuilds the graph in Debian's PyTorch and measures it there, with as many threads.</summary>
    /// <exception cref="UsageException">There is no PyTorch, or it cannot build this net.</exception>
    public static PyTorchPeer Measure(Graph graph, int batch, int rounds)
    {
        RequireTorch();
        using var process = Start("-c", Script());
        JsonSerializer.Serialize(process.StandardInput.BaseStream, Describe(graph, batch, rounds));
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new UsageException($"--peer pytorch: {errors.Result.Trim().Split('\n')[^1]}");
        return JsonSerializer.Deserialize<PyTorchPeer>(output, JsonSerializerOptions.Web)!;
    }

    /// <summary>Fails with the command that installs what is missing; asked before long work.</summary>
    public static void RequireTorch()
    {
        if (!File.Exists(Python)) throw new UsageException(Missing);
        using var probe = Start("-c", "import torch");
        probe.StandardInput.Close();
        probe.StandardError.ReadToEnd();
        probe.WaitForExit();
        if (probe.ExitCode != 0) throw new UsageException(Missing);
    }

    private static object Describe(Graph graph, int batch, int rounds)
    {
        var tokens = graph.Input.Type == torch.ScalarType.Int64;
        var output = graph.Output.Shape.ToArray();
        return new
        {
            nodes = graph.Nodes.Select(node => new { kind = node.Op.Kind, attributes = node.Op.Attributes, inputs = node.Inputs.Select(v => v.Id), shape = node.Output.Shape.ToArray() }),
            input = graph.Input.Shape.ToArray(),
            tokens = tokens ? output[^1] : 0,
            classes = tokens ? output[^1] : output[0],
            target = tokens ? output[..1] : output[1..],
            batch,
            threads = torch.get_num_threads(),
            rounds,
        };
    }

    private static string Script()
    {
        using var stream = typeof(PyTorchPeer).Assembly.GetManifestResourceStream("peer_pytorch.py")!;
        return new StreamReader(stream).ReadToEnd();
    }

    private static Process Start(params string[] arguments) => Process.Start(new ProcessStartInfo(Python, arguments)
    {
        RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
    })!;
}
