using Interactive.Extensions.Display;

namespace Interactive.Extensions.DotnetInteractive;

/// <summary>The formatters of the types that bear a <see cref="TypeFormatterSourceAttribute"/>: one a form.</summary>
internal sealed class PolyglotFormatterSource
{
    /// <summary>What .NET Interactive calls, by this name.</summary>
    public IEnumerable<object> CreateTypeFormatters()
        => new[] { Mime.Html, Mime.Plotly, Mime.Text }.Select(mimeType => new OneForm(mimeType));

    /// <summary>Makes the forms: given by the folder above, which knows the types.</summary>
    internal static Func<object, MimeBundle> Formatter { get; set; } = value
        => MimeBundle.Plain(value.ToString() ?? "");

    private sealed class OneForm(string mimeType)
    {
        public string MimeType { get; } = mimeType;

        public bool Format(object value, TextWriter writer)
        {
            var text = Formatter(value).Data.TryGetValue(MimeType, out var form) ? form.ToString() : null;
            writer.Write(text);
            return text is not null;
        }
    }
}
