using System.Formats.Tar;
using Interactive.Data;

namespace Interactive.Kernel.Fuzzing.Targets;

/// <summary>
/// Files of samples: one of the files of an MDS, a WebDataset or a Megatron data set, named by its ending.
/// </summary>
internal sealed class SamplesTarget(string name) : IFuzzTarget
{
    public string Name => name;

    public string Write(string folder)
    {
        switch (name)
        {
            case "tar" or "tar-index":
                var archive = Path.Combine(folder, "shard.tar");
                using (var tar = new TarWriter(File.Create(archive), TarEntryFormat.Gnu))
                    foreach (var sample in (string[])["a", "b", new string('c', 120)])
                    {
                        tar.WriteEntry(new GnuTarEntry(TarEntryType.RegularFile,
                            sample + ".cls")
                        { DataStream = new MemoryStream("1"u8.ToArray()) });
                        tar.WriteEntry(new GnuTarEntry(TarEntryType.RegularFile,
                            sample + ".txt")
                        { DataStream = new MemoryStream("whale"u8.ToArray()) });
                    }
                if (name == "tar") return archive;
                _ = Dataset.FromWebDataset(archive).Count; // writes the index
                return archive + ".index";
            case "megatron":
                MegatronFile.Write(Path.Combine(folder, "tokens"), [[1, 2, 3], [4, 5], [6]], 100);
                return Path.Combine(folder, "tokens.idx");
            default:
                folder = Path.Combine(folder, "mds");
                using (var to = new MdsWriter(folder,
                    new Dictionary<string, string> { ["text"] = "str", ["label"] = "int" }))
                {
                    foreach (var text in (string[])["whale", "ship", ""])
                        to.Write(new DataRecord(new Dictionary<string, object> { ["text"] = text, ["label"] = 7L }));
                    to.Finish();
                }
                File.WriteAllText(Path.Combine(folder, "classes.json"), """["cat", "dog"]""");
                return Path.Combine(folder,
                    name switch
                    {
                        "mds-index" => "index.json",
                        "mds-classes" => "classes.json",
                        _ => "shard.00000.mds"
                    });
        }
    }

    public void Read(string path)
    {
        var folder = Path.GetDirectoryName(path)!;
        switch (name)
        {
            case "tar" or "tar-index": Records(Dataset.FromWebDataset(Path.Combine(folder, "shard.tar"))); break;
            case "megatron":
                var tokens = Dataset.FromTokens(path);
                for (var i = 0; i < tokens.Count; i++) _ = tokens[i];
                break;
            default: Records(Dataset.FromMds(folder)); break;
        }
    }

    private static void Records(IDataset<DataRecord> records)
    {
        using (records as IDisposable)
            for (var i = 0; i < records.Count; i++) _ = records[i];
    }
}
