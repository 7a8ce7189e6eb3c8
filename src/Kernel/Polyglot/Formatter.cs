using Interactive.Extensions.Display;

namespace Microsoft.DotNet.Interactive.Formatting;

/// <summary>Writes a value in one form; false where it has none in this form.</summary>
public delegate bool FormatDelegate<in T>(T value, FormatContext context);

/// <summary>Where a form is written.</summary>
/// <param name="Writer">Takes the text.</param>
public sealed record FormatContext(TextWriter Writer);

/// <summary>
/// How values are shown, by the names that notebooks of .NET Interactive call it. The form of a type is also that of
/// what derives from it or implements it; the nearest counts, and of two for one type the later.
/// </summary>
public static class Formatter
{
    private const string Plain = Mime.Text;
    private static readonly Lock gate = new();
    private static readonly List<(Type Type, string Mime, Func<object, string?> Write)> forms = [];
    private static readonly List<(Type Type, string[] Mimes)> preferred = [];

    /// <summary>Writes values of a type in one form.</summary>
    public static void Register<T>(Action<T, TextWriter> formatter, string mimeType = Plain)
        => Register(typeof(T), (object value, TextWriter writer) => formatter((T)value, writer), mimeType);

    /// <summary>Writes values of a type in one form.</summary>
    public static void Register<T>(Func<T, string> formatter, string mimeType = Plain)
        => Add(typeof(T), mimeType, value => formatter((T)value));

    /// <summary>Writes values of a type in one form, where they have it.</summary>
    public static void Register<T>(FormatDelegate<T> formatter, string mimeType = Plain)
        => Register(typeof(T), (object value, FormatContext context) => formatter((T)value, context), mimeType);

    /// <summary>
    /// Writes values of a type, which may be an open generic one such as <c>List&lt;&gt;</c>, in one form.
    /// </summary>
    public static void Register(Type type, Action<object, TextWriter> formatter, string mimeType = Plain)
        => Add(type, mimeType, value =>
    {
        var writer = new StringWriter();
        formatter(value, writer);
        return writer.ToString();
    });

    /// <summary>Writes values of a type, which may be an open generic one, in one form, where they have it.</summary>
    public static void Register(Type type, FormatDelegate<object> formatter, string mimeType = Plain)
        => Add(type, mimeType, value =>
    {
        var writer = new StringWriter();
        return formatter(value, new(writer)) ? writer.ToString() : null;
    });

    /// <summary>Shows values of a type in these forms only, and as plain text.</summary>
    public static void SetPreferredMimeTypesFor(Type type, params string[] preferredMimeTypes)
    {
        lock (gate) preferred.Add((type, preferredMimeTypes));
        Formatters.Adapt = Adapt;
    }

    /// <summary><see cref="SetPreferredMimeTypesFor"/> with one form, as it was called before.</summary>
    public static void SetPreferredMimeTypeFor(Type type, string preferredMimeType)
        => SetPreferredMimeTypesFor(type, preferredMimeType);

    /// <summary>Forgets all that has been registered.</summary>
    public static void ResetToDefault()
    {
        lock (gate)
        {
            forms.Clear();
            preferred.Clear();
        }
    }

    /// <summary>A value in one form; as plain text where it has no such form.</summary>
    public static string ToDisplayString(this object? value, string mimeType = Plain) =>
        Formatters.Format(value) is var bundle && bundle.Data.TryGetValue(mimeType, out var text)
            ? text.ToString() ?? "" : bundle.Text;

    private static void Add(Type type, string mime, Func<object, string?> write)
    {
        lock (gate) forms.Add((type, mime, write));
        Formatters.Adapt = Adapt;
    }

    private static MimeBundle Adapt(object value, Func<MimeBundle> usual)
    {
        List<(string Mime, Func<object, string?> Write)> own;
        string[]? wanted;
        lock (gate)
        {
            // Sorting keeps the order of what is equally near.
            own =
                [.. forms.AsEnumerable().Reverse()
                .Select(f => (f.Mime, f.Write, Steps: Distance(value.GetType(), f.Type))).Where(f
                => f.Steps is not null).OrderBy(f => f.Steps).DistinctBy(f => f.Mime).Select(f => (f.Mime, f.Write))];
            wanted =
                preferred.AsEnumerable().Reverse().Select(p => (p.Mimes, Steps: Distance(value.GetType(), p.Type)))
                .Where(p => p.Steps is not null).OrderBy(p => p.Steps).FirstOrDefault().Mimes;
        }
        if (own.Count == 0 && wanted is null) return usual();
        var data = usual().Data.ToDictionary();
        foreach (var (mime, write) in own)
            if (write(value) is { } text) data[mime] = text;
        return new(wanted is null ? data
            : data.Where(form => form.Key == Plain || wanted.Contains(form.Key)).ToDictionary());
    }

    // How far above a value's type one stands; null where it does not.
    private static int? Distance(Type of, Type type)
    {
        const int Interface = 1000, Root = 2000;
        if (type == typeof(object)) return Root;
        var steps = 0;
        for (var each = of; each is not null; each = each.BaseType, steps++)
            if (Is(each, type)) return steps;
        return of.GetInterfaces().Any(i => Is(i, type)) ? Interface : null;
    }

    private static bool Is(Type each, Type type)
        => each == type
        || type.IsGenericTypeDefinition && each.IsGenericType && each.GetGenericTypeDefinition() == type;
}
