using System.Text.Json;
using Interactive.Graphs;
using Interactive.Runtime;

namespace Interactive.Kernel.Hosting.Tables;

/// <summary>The rules of mixed precision as a table, and whether this processor gains by it.</summary>
internal static class PrecisionTable
{
    private static readonly (PrecisionRule Rule, string Text)[] Rules =
    [
        (PrecisionRule.Low, "in bf16; fp32 inputs and weights are rounded first"),
        (PrecisionRule.Follow, "in the type of the inputs; fp32 where one of them is"),
        (PrecisionRule.Full, "in fp32"),
    ];

    public static int Print(bool json)
    {
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                processor = Processor.Name,
                bfloat16Units = Processor.HasBFloat16,
                rules = PrecisionRules.All.ToDictionary(r => r.Kind, r => r.Rule.ToString().ToLowerInvariant())
            }, JsonSerializerOptions.Web));
            return 0;
        }
        foreach (var (rule, text) in Rules)
            Console.WriteLine($"{rule.ToString().ToLowerInvariant(),-7} {text}:\n        {string.Join(", ", PrecisionRules.All.Where(r => r.Rule == rule).Select(r => r.Kind))}");
        Console.WriteLine("        and every op that is not listed; parameters, their gradients, the optimiser, statistics and the loss");
        Console.WriteLine(Precision.BFloat16.Caution(TorchSharp.torch.CPU)
            ?? $"{Processor.Name} has units for bfloat16");
        return 0;
    }
}
