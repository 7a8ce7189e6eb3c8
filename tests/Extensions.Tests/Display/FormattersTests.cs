using System.Text.Json.Nodes;
using Interactive.Extensions.Display;
using Interactive.Extensions.Plots;
using Interactive.Graphs;
using Interactive.Memory;
using Interactive.Models;
using TorchSharp;

namespace Interactive.Extensions.Tests.Display;

public sealed class FormattersTests
{
    private static readonly byte[] pngSignature = [0x89, 0x50, 0x4E, 0x47];

    private static Figure AFigure() => Figure.Lines("A </script> & title", "x", "y",
        Figure.Line("first", [1, 2, 3], [3, 1, double.NaN], "#3b82f6"),
            Figure.Line("second", [1, 2], [1, 2], "rgba(1,2,3,0.5)", markers: true));

    private static byte[] Png(MimeBundle bundle) => Convert.FromBase64String((string)bundle.Data[Mime.Png]);

    [Fact]
    public void A_figure_has_four_forms_and_its_library_once()
    {
        NotebookPage.Reset();
        var (first, second) = (Formatters.Format(AFigure()), Formatters.Format(AFigure()));
        Assert.Equal(pngSignature, Png(first)[..4]);
        Assert.Equal("Figure: A </script> & title (first, second)", first.Text);
        Assert.Equal("first", ((JsonNode)first.Data[Mime.Plotly])["data"]![0]!["name"]!.GetValue<string>());
        var (html, later) = ((string)first.Data[Mime.Html], (string)second.Data[Mime.Html]);
        Assert.Contains(Plotly.ScriptElement, html);
        Assert.True(later.Length < 200_000);
        // A page that does not trust scripts shows the picture; nothing is asked of a network.
        Assert.Contains("src=\"data:image/png;base64,", later);
        Assert.DoesNotContain("http", later);
        Assert.DoesNotContain("A </script>", later);
    }

    [Fact]
    public void A_process_that_draws_for_another_page_tells_whether_it_has_the_library()
    {
        NotebookPage.Reset();
        var bundle = Formatters.Format(AFigure());
        NotebookPage.Reset();
        NotebookPage.Note(MimeBundle.Plain("x"));
        Assert.False(NotebookPage.HasLibrary);
        NotebookPage.Note(bundle);
        Assert.True(NotebookPage.HasLibrary);
    }

    [Fact]
    public void A_module_shows_its_layers()
    {
        using var net = torch.nn.Sequential(("a", torch.nn.Linear(2, 3)), ("r", torch.nn.ReLU()), ("b", torch.nn.Linear(3, 1, hasBias: false)));
        net.parameters().First().requires_grad = false;
        var bundle = Formatters.Format(net);
        Assert.Equal("""
            Sequential: 12 parameters (6 trained)
            name  layer   of shape                   parameters
            a     Linear  weight 3x2 frozen, bias 3           9
            r     ReLU
            b     Linear  weight 1x3                          3
            """, Lines(bundle.Text));
        Assert.Contains(">weight 1x3</td>", (string)bundle.Data[Mime.Html]);
        using var one = torch.nn.Linear(2, 3);
        one.eval();
        Assert.StartsWith("Linear: 9 parameters, in evaluation mode\n", Formatters.Format(one).Text);
    }

    private static string Lines(string text) => string.Join('\n', text.Split('\n').Select(line => line.TrimEnd()));

    [Fact]
    public void A_small_tensor_shows_its_values()
    {
        using var tensor = torch.tensor(new float[] { 1, 2, 3, 4 }).reshape(2, 2);
        var bundle = Formatters.Format(tensor);
        Assert.Equal("Tensor 2x2  Float32  cpu  min 1  max 4  mean 2.5  std 1.291\n1  2\n3  4", bundle.Text);
        Assert.False(bundle.Data.ContainsKey(Mime.Png));
    }

    [Fact]
    public void Tensors_of_any_kind_are_shown()
    {
        using var scope = torch.NewDisposeScope();
        Assert.Contains("scalar", Formatters.Format(torch.tensor(3)).Text);
        Assert.Contains("0x3", Formatters.Format(torch.zeros(0, 3)).Text);
        Assert.Contains("NaN 1", Formatters.Format(torch.tensor(new[] { 1f, float.NaN })).Text);
        Assert.Contains("Bool", Formatters.Format(torch.ones(2, dtype: torch.ScalarType.Bool)).Text);
        Assert.Contains("ComplexFloat32",
            Formatters.Format(torch.zeros(2, dtype: torch.ScalarType.ComplexFloat32)).Text);
        Assert.Contains("meta", Formatters.Format(torch.zeros(2, device: torch.META)).Text);
        Assert.Contains("gradient required", Formatters.Format(torch.ones(2, requires_grad: true)).Text);
        Assert.Contains("BFloat16", Formatters.Format(torch.ones(2, dtype: torch.ScalarType.BFloat16)).Text);
        var gone = torch.ones(1);
        gone.Dispose();
        Assert.Equal("a disposed tensor", Formatters.Format(gone).Text);
    }

    [Theory]
    [InlineData(new long[] { 1, 28, 28 }, 84, 84)] // one image, enlarged three times
    [InlineData(new long[] { 3, 200, 100 }, 100, 200)]
    [InlineData(new long[] { 20, 3, 96, 96 }, 8 * 98 - 2, 3 * 98 - 2)] // three lines of eight
    public void An_image_tensor_is_a_picture_of_its_size(long[] shape, int width, int height)
    {
        using var tensor = torch.rand(shape);
        using var bitmap = SkiaSharp.SKBitmap.Decode(Png(Formatters.Format(tensor)));
        Assert.Equal((width, height), (bitmap.Width, bitmap.Height));
    }

    [Fact]
    public void A_picture_has_the_tensors_colours()
    {
        using var tensor = torch.zeros(3, 100, 100);
        tensor[0] = torch.ones(100, 100);
        tensor[2].fill_(0.2);
        using var bitmap = SkiaSharp.SKBitmap.Decode(Png(Formatters.Format(tensor)));
        Assert.Equal(new SkiaSharp.SKColor(255, 0, 51), bitmap.GetPixel(50, 50));
    }

    [Theory]
    [InlineData("lenet5")]
    [InlineData("resnet152")]
    [InlineData("inceptionv4")]
    public void A_graph_is_a_diagram_and_a_table(string model)
    {
        using var graph = Zoo.Create(model, new ModelOptions { ShapesOnly = true });
        var bundle = Formatters.Format(graph);
        Assert.StartsWith($"{graph.Name}: ", bundle.Text);
        foreach (var node in graph.Nodes) Assert.Contains(node.Name, bundle.Text);
        Assert.Equal(pngSignature, Png(bundle)[..4]);
        Assert.InRange(new GraphDiagram(graph).Count, 2, 120);
    }

    [Fact]
    public void A_schedule_tells_what_runs_again()
    {
        var schedule = new Schedule("made",
            [new(StepKind.Forward, 0), new(StepKind.Forward, 1), new(StepKind.Free, 1), new(StepKind.Backward, 1),
            new(StepKind.Forward, 0), new(StepKind.Backward, 0)]);
        var bundle = Formatters.Format(schedule);
        Assert.Equal("made: 2 nodes, 1 run again, 1 values freed early, 6 steps", bundle.Text);
        Assert.Contains("run again", bundle.Data[Mime.Plotly].ToString());
    }

    [Fact]
    public void A_plan_and_its_report_say_what_is_promised()
    {
        var fused =
            Fusion.Fuse(Zoo.Create("resnet18", new ModelOptions { Image = new Shape(3, 64, 64), ShapesOnly = true }));
        var report = PlanReport.Make(new PlanningGraph(fused, AnalyticProfile.Of(fused, 4)), MemoryBudget.Parse("60%"),
            new Memory.Planners.CheapDropPlanner());
        var plan = Formatters.Format(report.Plan);
        Assert.StartsWith(FormattableString.Invariant($"cheap-drop: {report.Plan.Prediction.PeakBytes / 1048576.0:F1} MiB at most, {report.Plan.Prediction.Recomputes} nodes run again"), plan.Text);
        Assert.All([Mime.Png, Mime.Plotly, Mime.Html], mime => Assert.True(plan.Data.ContainsKey(mime), mime));
        Assert.Matches("\nplain autograd +[0-9.]+ +100.0 *\n(.*\n)*budget +[0-9.]+ +60.0",
            Formatters.Format(report).Text);
    }

    [Fact]
    public void Several_models_make_a_table()
        => Assert.Matches("^model +input +output +nodes +parameters +GFLOP\nlenet5 +1x28x28 +10 +12 +61,706 +[0-9.]+$",
        Formatters.Format(new[] { "lenet5" }.Select(n => Zoo.Create(n, new ModelOptions { ShapesOnly = true }))).Text);

    [Fact]
    public void Several_runs_make_a_table()
    {
        var root = Directory.CreateTempSubdirectory("interactive-runs-").FullName;
        try
        {
            Directory.CreateDirectory(Path.Combine(root, "not-a-run"));
            var run = Monitoring.RunDirectory.Create(root, "first");
            run.WriteConfig(new { model = "net", parameters = 1234, ranks = 2 });
            File.WriteAllText(run.Metrics, """{"kind":"eval","epoch":0,"loss":0.5,"accuracy":0.75}""" + "\n");
            run.Finish();
            Assert.Matches("run +model +parameters +ranks +final accuracy +best accuracy +finished\n.*first\\S* +net +1,234 +2 +75.00 % +75.00 % +yes", Formatters.Format(Monitoring.RunDirectory.All(root)).Text);
            Assert.Empty(Monitoring.RunDirectory.All(Path.Combine(root, "nowhere")));
        }
        finally { Directory.Delete(root, recursive: true); }
    }

    private sealed record Row(string Name, double Seconds);

    [Fact]
    public void Records_make_a_table()
    {
        var bundle = Formatters.Format(new[] { new Row("<a>", 0.5), new Row("b", 12) });
        Assert.Equal("Name  Seconds\n<a>       0.5\nb          12", bundle.Text);
        Assert.Contains("<td style=\"text-align:left\">&lt;a&gt;</td>", (string)bundle.Data[Mime.Html]);
    }

    [Fact]
    public void An_endless_sequence_is_cut()
    {
        static IEnumerable<Row> Endless() { for (var i = 0; ; i++) yield return new($"{i}", i); }
        Assert.Contains("the first 50 rows", Formatters.Format(Endless()).Text);
        Assert.Equal("[1, 2, 3]", Formatters.Format(new[] { 1, 2, 3 }).Text);
        Assert.Equal("[[1], [2, 3]]", Formatters.Format(new int[][] { [1], [2, 3] }).Text);
    }

    [Fact]
    public void Plain_values_are_plain()
    {
        Assert.Equal("null", Formatters.Format(null).Text);
        Assert.Equal("a\nb", Formatters.Format("a\nb").Text);
        Assert.Equal("1.5", Formatters.Format(1.5).Text);
        Assert.Equal("(1, b)", Formatters.Format((1, "b")).Text);
        Assert.Contains("key  value\na        1", Formatters.Format(new Dictionary<string, int> { ["a"] = 1 }).Text);
    }

    [Fact]
    public void An_exception_says_what_and_where()
    {
        var bundle = Formatters.Format(new InvalidOperationException("a < b"));
        Assert.StartsWith("System.InvalidOperationException: a < b", bundle.Text);
        Assert.Contains("a &lt; b", (string)bundle.Data[Mime.Html]);
    }

    private sealed class Broken
    {
        public override string ToString() => throw new InvalidOperationException("lost");
    }

    [Fact]
    public void What_cannot_be_shown_says_so()
        => Assert.Equal("Broken could not be shown: InvalidOperationException: lost",
        Formatters.Format(new Broken()).Text);

    private sealed record Special(int X);

    [Fact]
    public void A_registered_format_counts_most()
    {
        Formatters.Register<Special>(s => MimeBundle.Plain($"special {s.X}"));
        Assert.Equal("special 3", Formatters.Format(new Special(3)).Text);
    }

    // As a library would carry it that refers neither to this project nor to .NET Interactive.
    [AttributeUsage(AttributeTargets.Class)]
    private sealed class TypeFormatterSourceAttribute(Type source) : Attribute
    {
        public Type FormatterSourceType => source;
    }

    private sealed class Source
    {
        public IEnumerable<object> CreateTypeFormatters() => [new Html()];
    }

    private sealed class Html
    {
        public string MimeType => Mime.Html;
        public bool Format(object value, TextWriter writer)
        {
            writer.Write($"<b>{value}</b>");
            return true;
        }
    }

    [TypeFormatterSource(typeof(Source))]
    private sealed class Foreign
    {
        public override string ToString() => "foreign";
    }

    [Fact]
    public void The_convention_attribute_is_honoured()
    {
        var bundle = Formatters.Format(new Foreign());
        Assert.Equal(("<b>foreign</b>", "foreign"), ((string)bundle.Data[Mime.Html], bundle.Text));
    }
}
