using System.Globalization;

namespace Interactive.Runtime;

/// <summary>Owns a native value for as long as somebody holds this.</summary>
internal sealed class KeptValue
{
    private NativeValue value;

    /// <summary>One more owner of what the caller holds.</summary>
    public KeptValue(NativeValue seen) => value = seen.Share();

    /// <summary>The value with an owner more.</summary>
    public NativeValue Share() => value.Share();

    /// <summary>The value without an owner more: for a look at it while this is held.</summary>
    public NativeValue Value => value;

    /// <summary>The elements of a list, as they lie.</summary>
    public Span<NativeValue> Elements => value.Elements;

    /// <summary>Frees it.</summary>
    ~KeptValue() => value.Release();

    /// <inheritdoc/>
    public override string ToString() => value.Tag switch
    {
        ValueTag.Double => value.Number.ToString("R", CultureInfo.InvariantCulture),
        ValueTag.Bool => value.Flag ? "true" : "false",
        ValueTag.String => value.Text,
        ValueTag.None => "none",
        var tag => tag.ToString(),
    };
}
