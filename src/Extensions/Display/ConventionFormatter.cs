using System.Collections;
using System.Collections.Concurrent;
using System.Reflection;

namespace Interactive.Extensions.Display;

/// <summary>
/// Honours .NET Interactive's convention, so that a library's types show alike there and here and need no reference to
/// either: an attribute <em>named</em> TypeFormatterSourceAttribute tells the type (<c>FormatterSourceType</c>) whose
/// <c>CreateTypeFormatters()</c> returns objects with <c>MimeType</c> and <c>bool Format(object, TextWriter)</c>.
/// </summary>
internal static class ConventionFormatter
{
    private sealed record Source(string MimeType, Func<object, TextWriter, bool> Format);

    private static readonly ConcurrentDictionary<Type, Source[]> known = [];

    /// <summary>The forms that the value's type offers, or null when it offers none.</summary>
    public static MimeBundle? Format(object value)
    {
        var data = new Dictionary<string, object>();
        foreach (var source in known.GetOrAdd(value.GetType(), Sources))
        {
            var writer = new StringWriter();
            if (source.Format(value, writer)) data.TryAdd(source.MimeType, writer.ToString());
        }
        if (data.Count == 0) return null;
        data.TryAdd(Mime.Text, value.ToString() ?? "");
        return new(data);
    }

    private static Source[] Sources(Type type)
    {
        var attribute = type.GetCustomAttributes(inherit: true)
            .FirstOrDefault(a => a.GetType().Name == "TypeFormatterSourceAttribute");
        if (attribute?.GetType().GetProperty("FormatterSourceType")?.GetValue(attribute) is not Type sourceType)
            return [];
        var source = Activator.CreateInstance(sourceType, nonPublic: true)!;
        var create = sourceType.GetMethod("CreateTypeFormatters",
            BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic);
        return create?.Invoke(source, null) is IEnumerable formatters
            ? [.. formatters.Cast<object>().Select(Read).OfType<Source>()] : [];
    }

    private static Source? Read(object formatter)
    {
        var type = formatter.GetType();
        var format = type.GetMethod("Format", [typeof(object), typeof(TextWriter)]);
        return format?.ReturnType == typeof(bool) && type.GetProperty("MimeType")?.GetValue(formatter) is string mime
            ? new(mime, format.CreateDelegate<Func<object, TextWriter, bool>>(formatter)) : null;
    }
}
