using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Interactive.Kernel.Tests.Jupyter;
using Interactive.Kernel.Tests.Scripting;

namespace Interactive.Kernel.Tests.Browser;

/// <summary>Jupyter Notebook as a user sees it, in a headless Chromium.</summary>
[Collection(ProcessWide.Name)]
[Trait("Speed", "slow")]
public sealed class NotebookTests
{
    private static readonly string[] cells =
    [
        "using Interactive.Data;\nusing Interactive.Extensions.Plots;\nusing Interactive.Graphs;\nusing Interactive.Memory;\nusing Interactive.Memory.Planners;\nusing Interactive.Models;\nusing Interactive.Training;\nusing TorchSharp;",
        """
        var data = new SyntheticData(2048, new Shape(1, 28, 28), 10);
        var options = new TrainerOptions { Name = "live", Epochs = 40, BatchSize = 16, LearningRate = 0.05, Out = "runs" };
        var result = new Trainer(Zoo.Create("lenet5", new ModelOptions { Image = data.Shape, Classes = data.Classes }), data, data, options).Run();
        """,
        """
        var net = Fusion.Fuse(Zoo.Create("resnet18", new ModelOptions { Image = new Shape(3, 64, 64), ShapesOnly = true }));
        var facts = new PlanningGraph(net, AnalyticProfile.Of(net, 4));
        MemoryFigures.Timeline(facts, PlanReport.Make(facts, MemoryBudget.Parse("60%"), PlannerList.Find("cheap-drop")).Plan)
        """,
    ];

    [SkippableFact]
    public async Task TrainingCell_UpdatesLiveAndKeepsItsPictures()
    {
        JupyterClient.Require("notebook", "jupyter-notebook");
        Skip.IfNot(File.Exists("/usr/bin/chromium"), "/usr/bin/chromium is not there: apt-get install chromium");
        var scripts = Path.Combine(JupyterClient.Tests, "browser");
        Skip.IfNot(Directory.Exists(Path.Combine(scripts, "node_modules", "playwright-core")),
            $"playwright-core is not there: npm ci --prefix {scripts}");

        using var client = new JupyterClient();
        using var folder = new TemporaryFolder();
        folder.Write("training.ipynb", Notebook().ToJsonString());
        var port = FreePort();
        using var server = client.Start(JupyterClient.Python, folder.Path, "-m", "notebook", "--allow-root",
            "--no-browser", "--ip=127.0.0.1", $"--port={port}",
            "--port-retries=0", "--NotebookApp.token=test", $"--notebook-dir={folder.Path}");
        try
        {
            await Answers(port, server);
            var (exit,
                output) = await client.Run("node", scripts, "notebook.mjs", $"http://127.0.0.1:{port}/?token=test",
                folder.Path, Path.Combine(JupyterClient.Tests, "..", "artifacts", "tests", "browser"));
            Assert.True(exit == 0, output);
        }
        finally { server.Kill(entireProcessTree: true); }
    }

    private static JsonObject Notebook() => new()
    {
        ["cells"] = new JsonArray([.. cells.Select(code => (JsonNode)new JsonObject
        {
            ["cell_type"] = "code", ["execution_count"] = null, ["metadata"] = new JsonObject(), ["outputs"] =
                new JsonArray(), ["source"] = code,
        })]),
        ["metadata"] =
            new JsonObject
            {
                ["kernelspec"] =
            new JsonObject { ["name"] = "interactive", ["display_name"] = "C# (Interactive)", ["language"] = "C#" }
            },
        ["nbformat"] = 4, ["nbformat_minor"] = 4,
    };

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    private static async Task Answers(int port, Process server)
    {
        for (var tries = 0; tries < 300 && !server.HasExited; tries++)
        {
            using var socket = new TcpClient();
            try { await socket.ConnectAsync(IPAddress.Loopback, port); return; }
            catch (SocketException) { await Task.Delay(200); }
        }
        Assert.Fail("Jupyter Notebook did not start");
    }
}
