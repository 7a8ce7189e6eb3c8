using System.CommandLine;
using System.Globalization;
using Interactive.Kernel.Hosting.Boxes;

namespace Interactive.Kernel.Hosting.Commands.Boxes;

/// <summary>What all commands that make a box accept.</summary>
/// <param name="image">The name of the option that asks for one.</param>
internal sealed class BoxOptions(string image)
{
    public readonly Option<string?> Image = new(image)
    {
        Description = "a folder with a root file system, or a squashfs file (.sqfs), whose files the box has",
    };

    private readonly Option<string?> cpus = new("--cpus")
    {
        Description = "cores' worth of time that the box may take, such as 1.5",
    };
    private readonly Option<string?> memory = new("--memory") { Description = "all that it may hold, such as 4GiB" };
    private readonly Option<string[]> binds = new("--bind")
    {
        Description = "A:B, a folder A of this machine that is B in the box; A alone for the same path, A:B:ro to read only",
    };

    /// <summary>All of them.</summary>
    public IReadOnlyList<Option> All => [Image, cpus, memory, binds];

    public void AddTo(Command command)
    {
        foreach (var option in All) command.Add(option);
    }

    /// <summary>These options as they were given, for a command that takes the same.</summary>
    public IReadOnlyList<string> Words(ParseResult parsed)
        => [.. All.Where(option => parsed.GetResult(option) is { Implicit: false })
            .SelectMany(option => parsed.GetResult(option)!.Tokens.SelectMany(token => new[] { option.Name, token.Value }))];

    /// <summary>The box; null where none is asked for.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="more">What it needs to see besides.</param>
    /// <exception cref="UsageException">Limits without a box, or what is none.</exception>
    public Box? Read(ParseResult parsed, params IEnumerable<Bind> more)
    {
        double? limit = null;
        if (parsed.GetValue(cpus) is { } text)
            limit = double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var cores) && cores is >= 0.01 and < 1e5
                ? cores : throw new UsageException($"--cpus {text}: a number of cores is needed, such as 1.5");
        long? bytes = parsed.GetValue(memory) is { } size ? ByteSize.ParseMemory(memory.Name, size) : null;
        Bind[] own = [.. (parsed.GetValue(binds) ?? []).Select(Bind.Parse)];
        if (parsed.GetValue(Image) is { } file) return new(file, limit, bytes, [.. more, .. own]);
        return limit is null && bytes is null && own.Length == 0 ? null
            : throw new UsageException($"--cpus, --memory and --bind are of a box: {Image.Name} is needed");
    }
}
