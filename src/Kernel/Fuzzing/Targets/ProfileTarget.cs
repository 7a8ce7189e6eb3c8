using System.Text.Json;
using Interactive.Execution;
using Interactive.Graphs;
using Interactive.Memory;

namespace Interactive.Kernel.Fuzzing.Targets;

/// <summary>Kept profiles; one that is damaged counts as none.</summary>
internal sealed class ProfileTarget : IFuzzTarget
{
    public string Name => "profile";

    public string Write(string folder)
    {
        var path = Path.Combine(folder, "profile.json");
        var way = new BackwardWay(1, 0.001, 4096);
        NodeProfile Node(string name)
            => new()
            {
                Name = name,
                OutputBytes = 1024,
                Forward = 0.001,
                Recompute = 0.001,
                Backward = 0.002,
                ParameterWays = [way],
                InputWays = [way],
            };
        File.WriteAllText(path,
            JsonSerializer.Serialize(new Profile
            {
                Source = "measured", Batch = 4, Nodes = [Node("conv"),
            Node("relu")], PlainPeakBytes = 4096
            }));
        return path;
    }

    public void Read(string path) => _ = ProfileCache.Read(path)?.StepSeconds;
}
