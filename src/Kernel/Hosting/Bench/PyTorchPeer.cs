using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Text.Json;
using Interactive.Graphs;
using Interactive.Runtime;
using TorchSharp;

namespace Interactive.Kernel.Hosting.Bench;

/// <summary>
/// What PyTorch needs for the same net: plain autograd, and <c>checkpoint_sequential</c> by number of segments.
/// </summary>
internal sealed record PyTorchPeer(string Version, int Threads, bool OneDnn, string Blas, int Stages, string Device,
    PyTorchPeer.Step Plain, IReadOnlyList<PyTorchPeer.Step> Checkpoints)
{
    /// <summary>
    /// Exact peak bytes above those before the step, median seconds, and the median of paired ratios to plain less one.
    /// </summary>
    public sealed record Step(long PeakBytes, double Seconds, int Segments = 0, double Overhead = 0);

    private const string Missing =
        "--peer pytorch: python3-torch is not installed: apt-get install python3-torch libopenblas0-pthread";

    // Debian's, which its packages belong to, before any other.
    private static readonly Lazy<string?> Python = new(()
        => new[] { "/usr/bin/python3", "python3" }.FirstOrDefault(HasTorch));

    /// <summary>
    /// Rebuilds the graph in PyTorch and measures it there, on the same device and with as many threads.
    /// </summary>
    /// <exception cref="UsageException">There is no PyTorch, or it cannot build this net.</exception>
    public static PyTorchPeer Measure(Graph graph, int batch, int rounds)
    {
        RequireTorch();
        using var process = Begin("peer_pytorch.py");
        JsonSerializer.Serialize(process.StandardInput.BaseStream, Describe(graph, batch, rounds));
        process.StandardInput.Close();
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0) throw new UsageException($"--peer pytorch: {errors.Result.Trim().Split('\n')[^1]}");
        return JsonSerializer.Deserialize<PyTorchPeer>(output, JsonSerializerOptions.Web)!;
    }

    /// <summary>
    /// Trains a batch under <c>checkpoint_sequential</c> for three steps and evaluates, inside a memory.
    /// </summary>
    /// <returns>How the process ended, with a <see cref="CapacityTrial.Result"/> as its output.</returns>
    public static (int Exit, string Out, string Error) Train(Graph graph, int batch, int segments, MemoryGroup inside)
    {
        var process = Process.Start(inside.Enter(Python.Value!, "-c", Script("peer_pytorch.py")))!;
        try { JsonSerializer.Serialize(process.StandardInput.BaseStream, Describe(graph, batch, 0, segments)); }
        catch (IOException) { } // it may have been killed before it has read all
        return MemoryGroup.End(process);
    }

    /// <summary>Fails with the command that installs what is missing; asked before long work.</summary>
    public static void RequireTorch()
    {
        if (Python.Value is null) throw new UsageException(Missing);
    }

    private static bool HasTorch(string python)
    {
        try
        {
            using var probe = Start(python, "import torch");
            probe.StandardInput.Close();
            probe.StandardError.ReadToEnd();
            probe.WaitForExit();
            return probe.ExitCode == 0;
        }
        catch (System.ComponentModel.Win32Exception) { return false; } // no such program
    }

    /// <summary>The net as its scripts take it.</summary>
    public static object Describe(Graph graph, int batch, int rounds, int segments = 0)
    {
        var tokens = graph.Input.Type == torch.ScalarType.Int64;
        var output = graph.Output.Shape.ToArray();
        return new
        {
            nodes = graph.Nodes.Select(node => new
            {
                kind = node.Op.Kind,
                attributes = node.Op.Attributes,
                inputs = node.Inputs.Select(v => v.Id),
                shape = node.Output.Shape.ToArray()
            }),
            input = graph.Input.Shape.ToArray(),
            tokens = tokens ? output[^1] : 0,
            classes = tokens ? output[^1] : output[0],
            target = tokens ? output[..1] : output[1..],
            batch,
            threads = torch.get_num_threads(),
            rounds,
            segments,
            // of shapes alone: on none
            device = graph.parameters().Any(p => p.device_type == DeviceType.META) ? "cpu"
                : Devices.Of(graph).ToString(),
        };
    }

    /// <summary>
    /// Starts a script behind the one that builds nets, under the allocator that serves it best: with malloc a step's big
    /// tensors are mapped and faulted in anew each time.
    /// </summary>
    public static Process Begin(string script) => Start(Python.Value!, Script(script), Array.Find(Allocators, File.Exists));

    private static readonly string[] Allocators = [.. new[] { "libtcmalloc_minimal.so.4", "libjemalloc.so.2" }
        .Select(name => $"/usr/lib/{RuntimeInformation.OSArchitecture switch { Architecture.Arm64 => "aarch64", _ => "x86_64" }}-linux-gnu/{name}")];

    private static string Script(string name) => Text("peer_net.py") + Text(name);

    private static string Text(string name)
    {
        using var stream = typeof(PyTorchPeer).Assembly.GetManifestResourceStream(name)!;
        return new StreamReader(stream).ReadToEnd();
    }

    private static Process Start(string python, string script, string? allocator = null)
    {
        var start = new ProcessStartInfo(python, ["-c", script])
        {
            RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true,
        };
        if (allocator is not null)
        {
            start.Environment["LD_PRELOAD"] = allocator;
            start.Environment["TCMALLOC_RELEASE_RATE"] = "0"; // it keeps what it has
        }
        return Process.Start(start)!;
    }
}
