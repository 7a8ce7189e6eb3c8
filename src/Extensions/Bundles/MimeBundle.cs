using Interactive.Extensions.DotnetInteractive;

namespace Interactive.Extensions.Display;

/// <summary>One value in several forms, of which a client shows the richest that it knows.</summary>
/// <param name="Data">
/// Content by MIME type: a string (images as base64), or for JSON types an object that is written as JSON. Always has
/// <c>text/plain</c>.
/// </param>
[TypeFormatterSource(typeof(PolyglotFormatterSource))]
public sealed record MimeBundle(IReadOnlyDictionary<string, object> Data)
{
    /// <summary>A bundle of plain text alone.</summary>
    public static MimeBundle Plain(string text) => new(new Dictionary<string, object> { ["text/plain"] = text });

    /// <summary>The plain text, or the empty string.</summary>
    public string Text => Data.TryGetValue("text/plain", out var text) ? text.ToString() ?? "" : "";
}
