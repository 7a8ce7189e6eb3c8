using System.Globalization;

namespace Interactive.Kernel.Hosting;

/// <summary>Sizes as people write them: 4096, 64K, 1M, 16MiB, 1G (powers of 1,024).</summary>
internal static class ByteSize
{
    /// <exception cref="UsageException">Not a size.</exception>
    public static long Parse(string text)
    {
        var trimmed = text.Trim().ToUpperInvariant();
        if (trimmed.EndsWith("IB")) trimmed = trimmed[..^2];
        else if (trimmed.EndsWith('B')) trimmed = trimmed[..^1];
        int power = trimmed.Length == 0 ? 0 : "KMG".IndexOf(trimmed[^1]) + 1;
        if (power > 0) trimmed = trimmed[..^1];
        return double.TryParse(trimmed, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number > 0
            && number * Math.Pow(1024, power) is < 1L << 50 and var bytes
            ? (long)bytes
            : throw new UsageException($"\"{text}\" is no size: write 4096, 64K, 1M or 2G");
    }

    /// <summary>What an option gives as memory of a process or a machine: a bare 10 was meant otherwise.</summary>
    /// <exception cref="UsageException">Not a size, or less than a mebibyte.</exception>
    public static long ParseMemory(string option, string text)
    {
        const long Least = 1 << 20;
        var bytes = Parse(text);
        return bytes >= Least ? bytes
            : throw new UsageException($"{option} {text} is {bytes} bytes, which hold nothing: at least 1MiB, such as 512MiB or 4GiB");
    }
}
