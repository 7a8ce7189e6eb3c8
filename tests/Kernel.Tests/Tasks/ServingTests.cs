using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.RegularExpressions;
using Interactive.Graphs;
using Interactive.Kernel.Tests.Hosting;
using Interactive.Kernel.Tests.Scripting;
using Interactive.Onnx;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Kernel.Tests.Tasks;

/// <summary>The script of notebooks/ that serves an exported net over HTTP.</summary>
[Trait("Speed", "slow")]
public sealed partial class ServingTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [SkippableFact]
    public async Task A_web_address_gives_the_numbers_that_the_net_gives_here()
    {
        Skip.IfNot(Directory.Exists(Path.Combine(Environment.GetEnvironmentVariable("DOTNET_ROOT") ?? "/usr/share/dotnet", "shared", "Microsoft.AspNetCore.App")), "needs ASP.NET Core beside the runtime");
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        manual_seed(1);
        var net = new GraphBuilder("served", new Shape(3, 12, 12));
        var graph = net.Build(net.Input.Conv(8, 3).BatchNorm().Relu().MaxPool(2).Flatten().Linear(5).Softmax());
        graph.eval();
        var file = Path.Combine(folder.Path, "net.onnx");
        graph.ToOnnx(file);
        var samples = rand(4, 3, 12, 12);

        var script = Path.Combine(ProjectFolder.Root, "notebooks", "serve.csx");
        Assert.InRange(File.ReadLines(script).Count(line => line.Length > 0 && !line.StartsWith("//", StringComparison.Ordinal)), 10, 20);
        using var server = InteractiveProcess.Start("run", script, "--", file, "0");
        try
        {
            using var client = new HttpClient { BaseAddress = await Address(server) };
            var answer = await client.PostAsJsonAsync("/predict", samples.flatten(1).data<float>().ToArray().Chunk(3 * 12 * 12));
            answer.EnsureSuccessStatusCode();
            var theirs = (await answer.Content.ReadFromJsonAsync<float[][]>())!;
            var ours = graph.call(samples).data<float>().ToArray().Chunk(5).ToArray();
            Assert.Equal(4, theirs.Length);
            for (var i = 0; i < 4; i++)
                for (var k = 0; k < 5; k++) Assert.Equal(ours[i][k], theirs[i][k], 1e-5f * ours[i].Max());
        }
        finally { server.Kill(entireProcessTree: true); }
    }

    // A port of 0 is whichever is free: the server says which.
    private static async Task<Uri> Address(Process server)
    {
        var read = "";
        while (await server.StandardOutput.ReadLineAsync().WaitAsync(TimeSpan.FromMinutes(5)) is { } line)
        {
            read += line + "\n";
            if (Listening().Match(line) is { Success: true } found) return new Uri(found.Value);
        }
        throw new InvalidOperationException($"the server ended: {read}{await server.StandardError.ReadToEndAsync()}");
    }

    [GeneratedRegex(@"http://127\.0\.0\.1:[1-9][0-9]*")]
    private static partial Regex Listening();
}
