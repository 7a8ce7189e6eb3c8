using System.CommandLine;
using System.Text.Json;
using TorchSharp;

namespace Interactive.Kernel.Hosting.Commands;

/// <summary>The options of every benchmark of training steps: rounds, threads, JSON for tools.</summary>
internal sealed class RoundsArguments
{
    private readonly Option<int> rounds;
    private readonly Option<int?> threads = new("--threads")
    {
        Description = "threads of libtorch; default: all cores",
    };
    private readonly Option<bool> json = new("--json") { Description = "one JSON object on the last line of stdout" };

    public RoundsArguments(Command command, int rounds)
    {
        this.rounds =
            new("--rounds")
            {
                Description = "measured rounds; every contestant runs once a round",
                DefaultValueFactory = _ => rounds,
            };
        command.Add(this.rounds);
        command.Add(threads);
        command.Add(json);
    }

    /// <summary>Sets the threads; to be called before any step.</summary>
    public int Apply(ParseResult parsed)
    {
        if (parsed.GetValue(rounds) is var count and < 1)
            throw new UsageException($"--rounds must be at least 1, got {count}");
        if (parsed.GetValue(threads) is { } number)
            torch.set_num_threads(number >= 1 ? number
            : throw new UsageException($"--threads must be at least 1, got {number}"));
        return parsed.GetValue(rounds);
    }

    /// <summary>Writes the result for tools, when it is asked for.</summary>
    public void Write(ParseResult parsed, object result)
    {
        if (parsed.GetValue(json)) Console.WriteLine(JsonSerializer.Serialize(result, JsonSerializerOptions.Web));
    }
}
