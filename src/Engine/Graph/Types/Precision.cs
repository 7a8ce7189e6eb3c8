using System.Text.Json.Serialization;
using Interactive.Runtime;
using Interactive.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Interactive.Graphs;

/// <summary>
/// The element type in which a graph multiplies. Parameters, their gradients, the optimiser, running statistics and the
/// loss are fp32 in either; with <see cref="BFloat16"/> products and what lies between them are not
/// (<see cref="PrecisionRules"/>).
/// </summary>
[JsonConverter(typeof(TextJson<Precision>))]
public sealed record Precision : IWrittenAsText<Precision>
{
    private Precision(string name, ScalarType products) => (Name, Products) = (name, products);

    /// <summary>Everything as the graph says: fp32 throughout.</summary>
    public static Precision Float32 { get; } = new("fp32", ScalarType.Float32);
    /// <summary>Mixed precision with bfloat16, which has fp32's range and needs no loss scale.</summary>
    public static Precision BFloat16 { get; } = new("bf16", ScalarType.BFloat16);

    /// <summary>As it is written on a command line: <c>fp32</c> or <c>bf16</c>.</summary>
    public string Name { get; }
    /// <summary>Element type of convolutions' and matrix products' inputs and results.</summary>
    internal ScalarType Products { get; }
    /// <summary>Whether some values have another type than the graph says.</summary>
    internal bool IsMixed => Products != ScalarType.Float32;

    /// <summary>
    /// One line where it costs time on the CPU instead of gaining some, else null. A product in each precision is
    /// measured for that, once in a process, where the processor has units for this one.
    /// </summary>
    public string? Caution(Device device)
    {
        if (!IsMixed || device.type != DeviceType.CPU) return null;
        if (!Processor.HasBFloat16)
            return $"precision {Name} saves memory here but no time: this processor has no units for bfloat16 (avx512_bf16 or amx_bf16)";
        var speed = ProductSpeed.OfBFloat16;
        return speed >= 1 ? null : FormattableString.Invariant(
            $"precision {Name} saves memory here but no time: a product in it runs at {speed:F2} of the speed of fp32 (measured)");
    }

    /// <summary>Reads a flag's text.</summary>
    /// <exception cref="UsageException">Something else than <c>fp32</c> or <c>bf16</c>.</exception>
    public static Precision Parse(string text) => text switch
    {
        "fp32" => Float32,
        "bf16" => BFloat16,
        _ => throw new UsageException($"unknown precision '{text}': choose fp32 or bf16"),
    };

    /// <summary>As <see cref="Parse"/> reads it.</summary>
    public override string ToString() => Name;
}
