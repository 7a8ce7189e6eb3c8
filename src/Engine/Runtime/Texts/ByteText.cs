using System.Globalization;

namespace Interactive.Runtime;

/// <summary>Numbers of bytes for people.</summary>
internal static class ByteText
{
    /// <summary>Bytes as <c>1.5 GiB</c>, <c>900.0 MiB</c>, <c>12.5 KiB</c> or <c>448 bytes</c>.</summary>
    public static string Of(long bytes)
    {
        var (size, unit) = bytes switch
        {
            >= 1L << 30 => (1L << 30, "GiB"),
            >= 1L << 20 => (1L << 20, "MiB"),
            >= 1L << 10 => (1L << 10, "KiB"),
            _ => (1L, "bytes"),
        };
        return string.Create(CultureInfo.InvariantCulture, $"{(size == 1 ? $"{bytes}" : $"{bytes / (double)size:F1}")} {unit}");
    }
}
