using Interactive.Data;

namespace Interactive.Kernel.Fuzzing.Targets;

/// <summary>Tables.</summary>
internal sealed class CsvTarget : IFuzzTarget
{
    public string Name => "csv";

    public string Write(string folder)
    {
        var path = Path.Combine(folder, "table.csv");
        File.WriteAllText(path, "length,island,kind\n39.1,Torgersen,Adelie\n46.5,\"Dream, west\",Chinstrap\n47.6,Biscoe,Gentoo\n38.9,Biscoe,Adelie\n");
        return path;
    }

    public void Read(string path) => _ = TableDataset.FromCsv(path, target: "kind", skipMissing: true).Count;
}
