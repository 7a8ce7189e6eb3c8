namespace Interactive.Extensions.Display;

/// <summary>An exception: what it says first, where it came from below.</summary>
internal static class ExceptionFormat
{
    private const int MostCharacters = 20_000;

    public static MimeBundle Format(Exception exception)
    {
        var text = Text(exception);
        return new(new Dictionary<string, object>
        {
            [Mime.Html] = $"<details><summary><b>{Table.Encode(exception.GetType().Name)}</b>: {Table.Encode(Message(exception))}</summary><pre>{Table.Encode(text)}</pre></details>",
            [Mime.Text] = text,
        });
    }

    /// <summary>What an exception says; a type of a script's own may itself throw there.</summary>
    public static string Message(Exception exception)
    {
        try { return exception.Message ?? ""; }
        catch (Exception e) when (!DisplayHost.IsInterrupted()) { return $"(its Message threw {e.GetType().Name})"; }
    }

    private static string Text(Exception exception)
    {
        try
        {
            return exception.ToString() is { } text && text.Length > MostCharacters ? text[..MostCharacters] + "…"
            : exception.ToString() ?? "";
        }
        catch (Exception) when (!DisplayHost.IsInterrupted()) { return $"{exception.GetType()}: {Message(exception)}"; }
    }
}
