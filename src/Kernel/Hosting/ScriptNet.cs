using Interactive.Graphs;
using Interactive.Kernel.Scripting;
using static TorchSharp.torch;

namespace Interactive.Kernel.Hosting;

/// <summary>A net that a script describes: the value of the script's last line, a graph or a module.</summary>
internal static class ScriptNet
{
    /// <summary>Runs the script and takes its value.</summary>
    /// <param name="path">The script; its last line is an expression without a semicolon.</param>
    /// <param name="image">One sample, which a module needs.</param>
    /// <exception cref="UsageException">There is no such script, it fails, or its value is no net.</exception>
    public static Graph Read(string path, Shape? image) => Value(ScriptFile.Open(path), path) switch
    {
        Graph graph when image is null || image.Equals(graph.Input.Shape) => graph,
        Graph graph => throw new UsageException($"--image {image}: the net of {path} takes {graph.Input.Shape}"),
        nn.Module<Tensor, Tensor> module when image is not null => Graph.Capture(module, image),
        nn.Module<Tensor, Tensor>
            => throw new UsageException($"{path} ends with a module: --image CxHxW says what it takes"),
        var other => throw new UsageException($"{path} must end with a net, a Graph or a Module<Tensor, Tensor> on a last line without a semicolon; it ends with {other?.GetType().Name ?? "nothing"}"),
    };

    private static object? Value(ScriptFile script, string path)
    {
        CompiledScript compiled;
        try { compiled = script.Compile(); }
        catch (ScriptCompileException e) { throw new UsageException($"{path} does not compile: {e.Message.Split('\n')[0]}"); }
        var context = new SubmissionContext();
        foreach (var assembly in compiled.Assemblies) context.AddAssembly(assembly);
        foreach (var library in compiled.Native) context.AddNative(library);
        try { return compiled.Submission.Load(context)([new ScriptGlobals(), null]).GetAwaiter().GetResult(); }
        catch (Exception e) when (!CommandLine.IsUsage(e)) { throw new UsageException($"{path} threw {ScriptTrace.Line(e)}"); }
    }
}
