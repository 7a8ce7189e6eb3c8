using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Interactive.Graphs;

namespace Interactive.Kernel.Hosting.Bench;

/// <summary>
/// PyTorch's whole steps of the same net, in each of its settings, made when asked: a process that waits for its turns.
/// </summary>
internal sealed class PyTorchSteps : IDisposable
{
    private readonly Process process;
    private readonly Task<string> errors;

    /// <summary>What it says of itself.</summary>
    public sealed record About(string Version, int Threads, string Blas, string Allocator, bool OneDnn, IReadOnlyList<string> Settings);

    public PyTorchSteps(Graph graph, int batch, string optimizer)
    {
        PyTorchPeer.RequireTorch();
        process = PyTorchPeer.Begin("peer_steps.py");
        errors = process.StandardError.ReadToEndAsync();
        process.StandardInput.WriteLine(JsonSerializer.Serialize(new
        {
            net = PyTorchPeer.Describe(graph, batch,
            rounds: 0),
            optimizer,
            learningRate = WholeStep.LearningRate,
            weightDecay = WholeStep.WeightDecay,
            largestNorm = WholeStep.LargestNorm
        }));
        Is = JsonSerializer.Deserialize<About>(Answer(), JsonSerializerOptions.Web)!;
    }

    /// <summary>What it is.</summary>
    public About Is { get; }

    /// <summary>Makes steps in one of the settings; their seconds, and those of all threads in them.</summary>
    public (double Seconds, double Cpu) Run(int setting, int steps)
    {
        process.StandardInput.WriteLine($"{setting} {steps}");
        var words = Answer().Split(' ');
        return (double.Parse(words[0], CultureInfo.InvariantCulture),
            double.Parse(words[1], CultureInfo.InvariantCulture));
    }

    private string Answer()
    {
        process.StandardInput.Flush();
        return process.StandardOutput.ReadLine()
            ?? throw new UsageException($"--peer pytorch: {errors.Result.Trim().Split('\n')[^1]}");
    }

    public void Dispose()
    {
        process.StandardInput.Close();
        process.WaitForExit();
        process.Dispose();
    }
}
