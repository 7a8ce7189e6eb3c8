using System.CommandLine;
using Interactive.Data;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive data pack SOURCE OUT --format mds|wds|parquet</c></summary>
internal static class DataPackCommand
{
    public static Command Create()
    {
        var source = DataCommand.Source();
        var output = new Argument<string>("OUT") { Description = "a new folder" };
        var format = new Option<string>("--format")
        {
            Description = string.Join(", ", ShardFormat.All),
            DefaultValueFactory = _ => "mds",
        };
        var shard = new Option<string>("--shard")
        {
            Description = "bytes of a shard, or of a row group",
            DefaultValueFactory = _ => "64MiB",
        };
        var rows = new Option<bool>("--rows")
        {
            Description = "let a crop decode its rows of a JPEG alone: the same pixels by other bytes; needs jpegtran of libjpeg-turbo-progs",
        };
        var command = new Command("pack", "Packs pictures into shards, byte for byte: many small files become few large ones.") { source, output, format, shard, rows };
        command.SetAction(parsed =>
        {
            var into = ShardFormat.Parse(parsed.GetValue(format)!);
            var data = Dataset.FromImages(parsed.GetValue(source)!);
            if (parsed.GetValue(rows)) data = data.Map(picture => picture with { File = RowJpeg.Of(picture.File) });
            var folder = parsed.GetValue(output)!;
            ImagePacker.Pack(data, folder, into, ByteSize.Parse(parsed.GetValue(shard)!));
            Console.WriteLine($"{data.Count} pictures in {Directory.EnumerateFiles(folder).Count(f => f.EndsWith(".mds") || f.EndsWith(".tar") || f.EndsWith(".parquet"))} files: {folder}");
            return 0;
        });
        return command;
    }
}
