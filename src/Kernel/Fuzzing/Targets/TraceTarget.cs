using Interactive.Extensions.Plots;

namespace Interactive.Kernel.Fuzzing.Targets;

/// <summary>A rank's timeline.</summary>
internal sealed class TraceTarget : IFuzzTarget
{
    public string Name => "trace";

    public string Write(string folder)
    {
        var path = Path.Combine(folder, "trace-rank0.json");
        File.WriteAllText(path, """
            [{"name":"thread_name","ph":"M","pid":0,"tid":1,"args":{"name":"compute"}},
            {"name":"forward","cat":"compute","ph":"X","ts":1.5,"dur":20,"pid":0,"tid":1},
            {"name":"allreduce","cat":"communication","ph":"X","ts":22,"dur":5,"pid":0,"tid":2,"args":{"bytes":4096}},
            {"name":"forward","cat":"compute","ph":"X","ts":40,"dur":20,"pid":0,"tid":1}]

            """);
        return path;
    }

    public void Read(string path)
        => TimelineFigures.Communication(Path.GetDirectoryName(path)!, firstStep: 0, steps: 1);
}
