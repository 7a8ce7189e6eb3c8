using System.CommandLine;
using Interactive.Data;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary><c>interactive data …</c>: what one wants to know of pictures before training, and packing them.</summary>
internal static class DataCommand
{
    private const string Steps = "random-resized-crop=224,flip";

    public static Command Create()
        => new("data",
        "Looks at, checks, measures and packs pictures: a folder of class folders, MDS shards, tar archives, Parquet files.")
    {
        DataInfoCommand.Create(),
        DataShowCommand.Create(),
        DataVerifyCommand.Create(),
        DataBenchCommand.Create(),
        DataPackCommand.Create(),
    };

    public static Argument<string> Source() => new("SOURCE")
    {
        Description = "a folder of class folders, of MDS shards, tar archives or Parquet files, files such as 'train-*.tar', or an address (http, https, s3)",
    };

    public static Option<string> StepsOption() => new("--steps")
    {
        Description = $"what is done to each picture: parts of {string.Join(",", ImageSteps.Names)}",
        DefaultValueFactory = _ => Steps,
    };
}
