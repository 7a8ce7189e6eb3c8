using System.Text.Json;
using Interactive.Runtime;
using Interactive.Runtime.Kernels;
using static TorchSharp.torch;

namespace Interactive.Kernel.Hosting.Tables;

/// <summary>The engine's kernels beside libtorch's operators as a table, measured on this machine.</summary>
internal static class KernelTable
{
    public static int Print(bool json)
    {
        var timings = KernelTimings.Measure().ToArray();
        if (json)
        {
            Console.WriteLine(JsonSerializer.Serialize(new
            {
                processor = Processor.Name,
                threads = get_num_threads(),
                kernels = timings.Select(t => new
                {
                    name = t.Name,
                    shape = t.Shape,
                    way = t.Way,
                    seconds = Number(t.Seconds),
                    other = t.Other,
                    otherSeconds = Number(t.OtherSeconds),
                    speed = Number(t.Speed),
                    taken = t.Taken,
                })
            }, JsonSerializerOptions.Web));
            return 0;
        }
        Console.WriteLine($"{Processor.Name}, {get_num_threads()} threads; medians in turn, ms");
        foreach (var t in timings)
            Console.WriteLine(FormattableString.Invariant(
                $"{t.Name,-25} {t.Shape,-45} {t.Way,-13} {t.Seconds * 1e3,8:F3}  {t.Other,-14} {t.OtherSeconds * 1e3,8:F3}  {t.Speed,5:F2}x  taken: {t.Taken}"));
        return 0;

        // What was not measured is null: JSON has no word for a number that is none.
        static double? Number(double value) => double.IsFinite(value) ? value : null;
    }
}
