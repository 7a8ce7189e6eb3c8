namespace Interactive.Kernel.Tests.House;

[Trait("Speed", "slow")]
public class CircleTests
{
    [Fact]
    // a trace is checked by running it
    public void Folders_of_the_engine_form_no_circle()
        => HasNone("Engine", ("Graph", "Graph/Ops"), ("Graph", "Graph/Tracing"),
        ("Training", "Training/Hooks"), ("Training", "Training/LearningRates"));

    [Fact]
    public void Folders_of_the_extensions_form_no_circle() => HasNone("Extensions");

    [Fact]
    public void Folders_of_the_kernel_form_no_circle() => HasNone("Kernel");

    private static void HasNone(string project, params (string, string)[] allowed)
    {
        var graph = FolderGraph.Of(project);
        Assert.True(graph.Count > 5, "the project was not read");
        Assert.True(graph.Circles(allowed) is { Count: 0 }, string.Join("\n", graph.Circles(allowed)));
    }
}
