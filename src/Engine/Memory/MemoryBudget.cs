using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Interactive.Memory;

/// <summary>
/// How many bytes activations, their gradients and workspace may take: a share of what a step that recomputes nothing
/// needs (<c>50%</c>), or bytes (<c>600MiB</c>). Parameters, their gradients, optimiser state and the batch do not
/// count. One of neither, as <c>default</c>, is none: everything is kept.
/// </summary>
/// <param name="Share">0 to 1 and above, or null.</param>
/// <param name="Bytes">Bytes, or null.</param>
[JsonConverter(typeof(Json))]
public readonly record struct MemoryBudget(double? Share, long? Bytes)
{
    private const string Accepted = "give a share such as 50% or a size such as 600MiB or 2GiB";

    /// <summary>True where everything is kept.</summary>
    public bool IsNone => Share is null && Bytes is null;

    /// <summary>As <see cref="Parse"/> reads it; an empty text is none.</summary>
    public static implicit operator MemoryBudget(string text) => string.IsNullOrEmpty(text) ? default : Parse(text);

    /// <summary>Reads <c>50%</c>, <c>600MiB</c>, <c>1.5G</c> or a number of bytes, a million at least.</summary>
    /// <exception cref="UsageException">The text is no budget, has no unit, or is not more than nothing.</exception>
    public static MemoryBudget Parse(string text)
    {
        var trimmed = text.Trim().ToUpperInvariant();
        if (trimmed.EndsWith(" BYTES")) trimmed = trimmed[..^" BYTES".Length];
        if (double.TryParse(trimmed, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var bare)
            && bare is >= 1 and < 1 << 20)
            throw new UsageException($"a memory budget of \"{text}\" bytes holds nothing: say {text}% (of plain autograd's peak) or {text}MiB");
        if (trimmed.EndsWith('%')) return new(Number(trimmed[..^1], text) / 100, null);
        if (trimmed.EndsWith("IB")) trimmed = trimmed[..^2];
        else if (trimmed.EndsWith('B')) trimmed = trimmed[..^1];
        var power = trimmed.Length == 0 ? 0 : "KMGT".IndexOf(trimmed[^1]) + 1;
        var bytes = Number(power > 0 ? trimmed[..^1] : trimmed, text) * Math.Pow(1024, power);
        return bytes < 1 ? throw Refused(text) : new(null, (long)Math.Min(bytes, 1L << 60));
    }

    private static double Number(string digits, string text)
        => double.TryParse(digits, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number)
        && number > 0 ? number : throw Refused(text);

    private static UsageException Refused(string text) => new($"a memory budget cannot be \"{text}\": {Accepted}");

    /// <summary>
    /// The budget in bytes. Of both, what is more: where layers are freed in a run a share grows with what plain takes,
    /// and where layers are frozen it stays.
    /// </summary>
    /// <param name="plainPeakBytes">What a share is a share of.</param>
    public long Of(long plainPeakBytes) => Math.Max(Bytes ?? 0, (long)Math.Min((Share ?? 0) * plainPeakBytes, 1L << 60));

    /// <summary>As it is written on a command line; empty for none.</summary>
    public override string ToString()
        => Share is { } share ? string.Create(CultureInfo.InvariantCulture, $"{share * 100:0.##}%")
        : Bytes is not { } bytes ? ""
        : bytes > 0 && bytes % (1 << 20) == 0 ? $"{bytes >> 20}MiB" : $"{bytes} bytes";

    // In a run's config.json as on the command line.
    private sealed class Json : JsonConverter<MemoryBudget>
    {
        public override MemoryBudget Read(ref Utf8JsonReader reader, Type type, JsonSerializerOptions options)
            => reader.GetString() ?? "";

        public override void Write(Utf8JsonWriter writer, MemoryBudget value, JsonSerializerOptions options)
            => writer.WriteStringValue(value.ToString());
    }
}
