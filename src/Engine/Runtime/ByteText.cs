using System.Globalization;

namespace Interactive.Runtime;

/// <summary>Numbers of bytes for people.</summary>
internal static class ByteText
{
    /// <summary>Bytes as <c>1.5 GiB</c> or <c>900.0 MiB</c>.</summary>
    public static string Of(long bytes)
        => string.Create(CultureInfo.InvariantCulture, $"{(bytes >= 1L << 30 ? bytes / (double)(1L << 30) : bytes / 1048576.0):F1} {(bytes >= 1L << 30 ? "GiB" : "MiB")}");
}
