using Interactive.Extensions.Display;

namespace Interactive.Extensions.DotnetInteractive;

/// <summary>The formatters of the types that bear a <see cref="TypeFormatterSourceAttribute"/>: one a form.</summary>
internal sealed class PolyglotFormatterSource
{
    /// <summary>What .NET Interactive calls, by this name.</summary>
    public IEnumerable<object> CreateTypeFormatters() => new[] { Mime.Html, Mime.Plotly, Mime.Text }.Select(mimeType => new OneForm(mimeType));

    private sealed class OneForm(string mimeType)
    {
        public string MimeType { get; } = mimeType;

        public bool Format(object value, TextWriter writer)
        {
            var text = Polyglot.Format(value, MimeType);
            writer.Write(text);
            return text is not null;
        }
    }
}
