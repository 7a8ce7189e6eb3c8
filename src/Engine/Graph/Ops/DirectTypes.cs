using static TorchSharp.torch;

namespace Interactive.Graphs.Ops;

/// <summary>Element types in which pooling runs backward by itself; others are left to autograd.</summary>
internal static class DirectTypes
{
    /// <summary>True for fp32 and bfloat16.</summary>
    public static bool Has(ScalarType type) => type is ScalarType.Float32 or ScalarType.BFloat16;
}
