using Interactive.Extensions.Display;

namespace Microsoft.DotNet.Interactive;

/// <summary>What cells call to show things, by the names that notebooks of .NET Interactive call it.</summary>
public static class Kernel
{
    /// <summary>Shows a value, in one form or in all that it has.</summary>
    public static DisplayedValue display(object? value, string? mimeType = null)
        => mimeType is null ? DisplayExtensions.Display(value) : value.Display([mimeType]);

    /// <summary>HTML to show.</summary>
    public static MimeBundle HTML(string content) => Form(Mime.Html, content, content);

    /// <summary>A style sheet to apply to the page.</summary>
    public static MimeBundle CSS(string content) => Form(Mime.Html, $"<style>{content}</style>", content);

    /// <summary>JavaScript to run in the page.</summary>
    public static MimeBundle Javascript(string content)
        => Form(Mime.Html,
        $"<script>{content.Replace("</script", "<\\/script", StringComparison.OrdinalIgnoreCase)}</script>", content);

    internal static MimeBundle Form(string mime, string content, string text)
        => new(new Dictionary<string, object> { [mime] = content, [Mime.Text] = text });
}

/// <summary>Showing values from code, by the names that notebooks of .NET Interactive call it.</summary>
public static class KernelExtensions
{
    /// <summary>
    /// Shows a value in these forms, or in all that it has; a text without such a form is taken to be in it.
    /// </summary>
    public static DisplayedValue Display(this object? value, params string[] mimeTypes)
    {
        var bundle = Formatters.Format(value);
        if (mimeTypes.Length == 0) return DisplayExtensions.Display(bundle);
        var data = bundle.Data.Where(form => form.Key == Mime.Text || mimeTypes.Contains(form.Key)).ToDictionary();
        foreach (var mime in mimeTypes)
            if (value is string text) data.TryAdd(mime, text);
        return DisplayExtensions.Display(new MimeBundle(data));
    }

    /// <summary>Shows a text as what it is: <c>"&lt;b&gt;x&lt;/b&gt;".DisplayAs("text/html")</c>.</summary>
    public static DisplayedValue DisplayAs(this string value, string mimeType)
        => DisplayExtensions.Display(Kernel.Form(mimeType, value, value));
}
